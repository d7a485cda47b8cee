// Random sequences of everything a store can do, against a model that is plain to see through.
//
//   RC_PARAMS="max_success=100000" store_model_tests      a long run
//   RC_PARAMS="seed=17" store_model_tests                 other sequences
//   RC_PARAMS="reproduce=..." store_model_tests           one again, as a failure prints it
#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <cstdint>
#include <cstdlib>
#include <memory>
#include <ostream>
#include <sstream>
#include <stdexcept>
#include <string>
#include <tuple>
#include <vector>

#include "paramstore/paramstore.h"
#include "store/model_operations.h"
#include "store/warnings.h"

namespace model {
namespace {

using namespace paramstore;

struct Step {
  const Operation* operation;
  std::uint32_t seed;
  int look;  // afterwards: 0 not at all, 1 at the names, else at everything
};

std::ostream& operator<<(std::ostream& out, const Step& step) {
  return out << step.operation->name << " (" << step.seed
             << (step.look == 0   ? ", unseen)"
                 : step.look == 1 ? ", names)"
                                  : ")");
}

std::vector<Operation> all_operations() {
  std::vector<Operation> all;
  for (const auto& some : {parameter_operations(), state_operations(), file_operations()}) {
    all.insert(all.end(), some.begin(), some.end());
  }
  return all;
}

rc::Gen<Step> any_step() {
  static const std::vector<Operation> operations = all_operations();
  int weights = 0;
  for (const Operation& operation : operations) weights += operation.weight;
  // Only whole steps are taken away when a failure is made smaller, as a step with another seed is another step; and
  // the first sequences, which are short, are to draw from all operations too.
  const auto draw =
      rc::gen::tuple(rc::gen::inRange(0, weights), rc::gen::inRange<std::uint32_t>(0, 1000000), rc::gen::inRange(0, 6));
  return rc::gen::noShrink(rc::gen::resize(rc::kNominalSize, rc::gen::map(draw, [](const auto& drawn) {
                                             int place = std::get<0>(drawn);
                                             const Operation* operation = operations.data();
                                             while (place >= operation->weight) place -= operation++->weight;
                                             return Step{operation, std::get<1>(drawn), std::get<2>(drawn)};
                                           })));
}

void run(const std::vector<Step>& steps, bool in_memory, bool counters) {
  World world(in_memory, counters);
  std::size_t done = 0;
  try {
    for (const Step& step : steps) {
      Random random(step.seed);
      step.operation->run(world, random);
      if (step.look == 1) world.look_at_names();
      if (step.look > 1) world.look();
      ++done;
    }
    if (world.batch) world.drop_batch();
    world.look();
    Random last(7);
    world.reopen(last);
    world.look();
    for (const auto& [key, place] : world.places) {
      if (in_memory || key.empty()) continue;
      world.entered.push_back({key, nullptr, std::make_unique<ScopeGuard>(world.store->scope(key.substr(6)))});
      world.look();
      world.entered.pop_back();
    }
  } catch (const std::exception& error) {
    std::string what = "after step " + std::to_string(done) + ": " + error.what() + "\n";
    for (const Step& step : steps) {
      std::ostringstream text;
      text << step;
      what += "  " + text.str() + "\n";
    }
    throw std::logic_error(what);
  }
}

TEST_CASE("random sequences of operations have the same effect on a store as on the model") {
  const CapturedWarnings silence;
  setenv("RC_PARAMS", "seed=1 max_success=400 max_size=60", 0);
  CHECK(rc::check("a store in a file, detecting by content",
                  [] { run(*rc::gen::container<std::vector<Step>>(any_step()), false, false); }));
  CHECK(rc::check("a store in a file, detecting by version counter",
                  [] { run(*rc::gen::container<std::vector<Step>>(any_step()), false, true); }));
  CHECK(rc::check("a store in memory", [] { run(*rc::gen::container<std::vector<Step>>(any_step()), true, false); }));
}

}  // namespace
}  // namespace model
