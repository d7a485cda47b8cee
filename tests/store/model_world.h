// A store under test beside its model, a second store on the same file, and what there is to compare.
#pragma once

#include <ATen/ATen.h>

#include <map>
#include <memory>
#include <optional>
#include <random>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "paramstore/error.h"
#include "paramstore/param_store.h"
#include "store/model.h"
#include "store/temporary_store.h"

namespace model {

/// What a step draws from: its own generator, so that a sequence can lose steps without changing the others.
class Random {
 public:
  explicit Random(std::uint32_t seed) : engine_(seed % 2147483646 + 1) { engine_.discard(3); }
  int below(int n) { return static_cast<int>(engine_() / 7 % static_cast<std::uint32_t>(n)); }
  bool one_in(int n) { return below(n) == 0; }
  template <class T>
  const T& of(const std::vector<T>& list) {
    return list.at(static_cast<std::size_t>(below(static_cast<int>(list.size()))));
  }

 private:
  std::minstd_rand engine_;
};

[[noreturn]] inline void fail(const std::string& what) { throw std::logic_error(what); }
inline void require(bool holds, const std::string& what) {
  if (!holds) fail(what);
}

/// Requires that `call` throws an E.
template <class E, class F>
void refused(const std::string& what, F&& call) {
  try {
    call();
  } catch (const E&) {
    return;
  } catch (const std::exception& error) {
    fail(what + ": another exception than expected: " + error.what());
  }
  fail(what + ": no exception");
}

/// A value as a parameter may have it.
struct Sample {
  std::string tag;
  at::Tensor unconstrained;
  at::Tensor constrained;
  paramstore::Constraint constraint() const { return paramstore::Constraint::parse(tag); }
};
Sample sample(Random& random);
/// A constrained value of the tag, of a shape of its own unless `like` says otherwise.
at::Tensor constrained_value(Random& random, const std::string& tag, const at::Tensor* like = nullptr);
/// An unconstrained tensor of that shape and dtype.
at::Tensor contents(Random& random, at::IntArrayRef shape, at::ScalarType dtype);
bool known(const std::string& tag);

/// A scope, the store itself being the one whose key is empty.
struct Place {
  File file;
  View view;
  bool listed = false;                // every row has been asked for, so that refresh can tell what was removed
  paramstore::Revision revision = 0;  // the last one seen
};

struct Entered {
  std::string key;
  std::unique_ptr<paramstore::StateDict> state;  // of a scope made with one, and to outlive its guard
  std::unique_ptr<paramstore::ScopeGuard> guard;
};

class World {
 public:
  World(bool in_memory, bool counters);
  ~World();

  const bool in_memory;
  const bool counters;  // Detect::version_counter
  TemporaryStore folder;
  std::optional<paramstore::ParamStore> store;
  std::optional<paramstore::ParamStore> other;

  std::map<std::string, Place> places;  // by "", "named:fold-1", "anonymous:3"
  std::vector<Entered> entered;         // innermost last
  std::vector<std::pair<paramstore::Scope, std::string>> handles;
  int anonymous_scopes = 0;
  std::vector<std::vector<Param>> saved;  // what lies in saved_path(i)
  std::vector<at::Tensor> nets;           // of modules that go from name to name and from scope to scope

  std::optional<paramstore::Batch> batch;
  std::string batch_key;
  Place before_batch;
  std::set<std::string> written_in_batch;

  Place& here() { return places[entered.empty() ? "" : entered.back().key]; }
  std::string here_key() const { return entered.empty() ? "" : entered.back().key; }
  bool here_on_disk() const { return !in_memory && here_key().rfind("anonymous:", 0) != 0; }
  std::filesystem::path saved_path(std::size_t i) const {
    return folder.folder() / ("saved-" + std::to_string(i) + ".db");
  }

  /// Whether a change here would join the open batch, or there is none.
  bool may_change() const { return !batch || batch_key == here_key(); }

  /// What the store knows of the name before it changes it.
  Param* look_up(const std::string& name);
  bool moved_on(const Param& param) { return View::moved_on(here().file, param); }
  /// Writes through, in the model.
  void put(const std::string& name, const std::string& tag, const at::Tensor& value);
  void erase(const std::string& name);
  void clear();

  void begin_batch();
  void commit_batch();
  void drop_batch();
  /// The leaf of `param` now holds `value`.
  void changed_in_place(Param& param, const at::Tensor& value, bool counted);

  void open();
  /// Closes, in one of several ways, and opens again.
  void reopen(Random& random);
  paramstore::StateDict state(const std::vector<Param>& params);

  /// Compares all that can be seen of the active scope.
  void look();
  /// Only the names.
  void look_at_names();
  /// Compares a store with what should be in it.
  static void compare(paramstore::ParamStore& seen, std::vector<Param>& expected, const std::string& who);

 private:
  void sync_names(Place& place);
};

}  // namespace model
