// Parameters by name and in place, commits and batches.
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>

#include <algorithm>
#include <cmath>
#include <cstring>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "paramstore/paramstore.h"
#include "store/model_operations.h"

namespace model {
namespace {

using namespace paramstore;

std::string name_there(World& world, Random& random) {
  auto& params = world.here().view.params;
  return params.empty() || random.one_in(8) ? random.of(names) : random.of(params).name();
}

Param* param_there(World& world, Random& random) {
  auto& params = world.here().view.params;
  if (params.empty()) return nullptr;
  return &params[static_cast<std::size_t>(random.below(static_cast<int>(params.size())))];
}

void setdefault(World& world, Random& random) {
  const std::string name = random.one_in(3) ? name_there(world, random) : random.of(names);
  const Sample given = sample(random);
  const Param* there = world.look_up(name);
  const auto call = [&]() -> ::paramstore::Param {
    const std::optional<Constraint> constraint =
        given.tag == "real" && random.one_in(2) ? std::nullopt : std::optional(given.constraint());
    if (random.one_in(2))
      return world.store->get_param(
          name, [&] { return given.constrained; }, constraint);
    return world.store->setdefault(name, given.constrained, constraint);
  };
  if (there && !known(there->base.tag)) return refused<UnknownConstraint>("setdefault", call);
  if (!there && !world.may_change()) return refused<Error>("setdefault outside the batch", call);
  const auto value = call();
  if (!there) world.put(name, given.tag, given.unconstrained);
  const Param& now = *world.look_up(name);
  require(same(value, transform_to(Constraint::parse(now.base.tag))(now.value)),
          "setdefault gives another value than is stored");
  require(!value.is_same(given.constrained), "setdefault keeps the caller's own tensor");
}

void set(World& world, Random& random) {
  const std::string name = name_there(world, random);
  const Param* there = world.look_up(name);
  const std::string tag = there ? there->base.tag : "real";
  const bool same_shape = there && known(tag) && !random.one_in(3);
  const at::Tensor value =
      known(tag) ? constrained_value(random, tag, same_shape ? &there->value : nullptr) : at::zeros({1});
  const auto call = [&] {
    if (world.batch && random.one_in(2)) return world.batch->set(name, value);
    world.store->set(name, value);
  };
  if (!known(tag)) return refused<UnknownConstraint>("set", call);
  if (!world.may_change()) return refused<Error>("set outside the batch", call);
  if (there && world.moved_on(*there)) return refused<StaleParam>("set", call);
  call();
  world.put(name, tag, transform_to(Constraint::parse(tag)).inv(value).clone());
}

void erase(World& world, Random& random) {
  const std::string name = name_there(world, random);
  const Param* there = world.look_up(name);
  const auto call = [&] {
    return world.batch && random.one_in(2) ? world.batch->erase(name) : world.store->erase(name);
  };
  if (there && !world.may_change()) return refused<Error>("erase outside the batch", call);
  if (there && world.moved_on(*there)) return refused<StaleParam>("erase", call);
  require(call() == (there != nullptr), "erase says the wrong thing");
  if (there) world.erase(name);
}

void clear(World& world, Random&) {
  if (!world.may_change()) return refused<Error>("clear outside the batch", [&] { world.store->clear(); });
  world.store->clear();
  world.clear();
}

void fail_to_change(World& world, Random& random) {
  ParamStore& store = *world.store;
  const std::string name = random.of(names);
  const Param* there = world.look_up(name);
  const at::Tensor one = at::ones({1});
  switch (random.below(9)) {
    case 0:
      return refused<InvalidName>("an empty name", [&] { store.setdefault("", one); });
    case 1:
      return refused<InvalidName>("a long name", [&] { store.set(std::string(1025, 'x'), one); });
    case 2:
      return refused<InvalidName>("a NUL", [&] { store.erase(std::string_view("a\0b", 3)); });
    case 3:
      return refused<InvalidName>("no UTF-8", [&] { store.setdefault("\xff", one); });
    case 4:
      return refused<ParamNotFound>("a name that is not there", [&] { static_cast<void>(store["never there"]); });
    case 5:
      if (there) return;
      return refused<Error>("an initialiser that throws",
                            [&] { store.setdefault(name, [&]() -> at::Tensor { throw Error("no value today"); }); });
    case 6:
      if (there) return;
      return refused<UnsupportedTensor>("an undefined initial value",
                                        [&] { store.setdefault(name, [] { return at::Tensor(); }); });
    case 7:
      if (there && !known(there->base.tag)) return;
      return refused<UnsupportedTensor>("an integer tensor", [&] { store.set(name, at::ones({2}, at::kLong)); });
    default:
      if (there && (!known(there->base.tag) || there->base.tag == "lower_cholesky" || there->base.tag == "simplex"))
        return;
      return refused<ConstraintViolation>("not a number", [&] { store.set(name, at::full({2}, std::nan(""))); });
  }
}

void change_in_place(World& world, Random& random) {
  Param* param = param_there(world, random);
  if (!param) return;
  const at::Tensor leaf = world.store->unconstrained(param->name());
  if (param->leaf.defined()) require(leaf.is_same(param->leaf), "the leaf is another");
  const at::Tensor value = random.one_in(6) ? param->base.value : contents(random, leaf.sizes(), leaf.scalar_type());
  const bool fits = same_kind(value, leaf);
  at::NoGradGuard no_grad;
  switch (random.below(5)) {
    case 0:  // as an optimizer does
      if (!fits) return;
      leaf.copy_(value);
      return world.changed_in_place(*param, value, true);
    case 1:
      if (!fits) return;
      leaf.data().copy_(value);
      return world.changed_in_place(*param, value, false);
    case 2: {
      if (!fits) return;
      const at::Tensor source = value.contiguous();
      if (source.nbytes() > 0) std::memcpy(leaf.data_ptr(), source.data_ptr(), source.nbytes());
      return world.changed_in_place(*param, value, false);
    }
    case 3: {  // a leaf of another shape
      if (param->base.tag != "real" && param->base.tag != "positive") return;
      const at::Tensor other = contents(random, at::IntArrayRef({3, random.below(4)}), leaf.scalar_type());
      leaf.set_data(other.clone());
      return world.changed_in_place(*param, other, false);
    }
    default:  // counted, and nothing changed
      leaf.add_(0);
      return world.changed_in_place(*param, leaf.detach().clone(), true);
  }
}

void commit(World& world, Random& random) {
  Place& place = world.here();
  const bool overwrite = random.one_in(3);
  const bool annotated = random.one_in(4);
  CommitOptions options;
  if (overwrite) options.conflict(Conflict::overwrite);
  if (annotated) options.step(7).message("seven");
  const auto call = [&] { return world.store->commit(options); };
  const std::vector<std::string> dirty = place.view.dirty(world.counters);
  if (!world.may_change()) {
    if (dirty.empty() && !annotated) return;
    return refused<Error>("commit outside the batch", call);
  }
  std::vector<std::string> stale;
  for (const auto& name : dirty) {
    if (world.moved_on(*place.view.named(name))) stale.push_back(name);
  }
  if (!stale.empty() && !overwrite) {
    try {
      call();
      fail("commit over what others changed");
    } catch (const StaleParam& error) {
      auto told = error.names();
      std::sort(told.begin(), told.end());
      std::sort(stale.begin(), stale.end());
      require(told == stale, "StaleParam has other names");
    }
    return;
  }
  const Revision before = world.store->revision();
  const Revision revision = call();
  if (!world.batch && stale.empty()) {
    require(revision == world.store->revision(), "commit returns another revision than the store shows");
    require((revision > before) == (!dirty.empty() || annotated), "a commit of nothing, or none of something");
  }
  place.view.commit(place.file, dirty);
}

void refresh(World& world, Random&) {
  Place& place = world.here();
  const bool listed = place.listed;
  const RefreshResult result = world.store->refresh();
  if (!world.batch) place.view.take_in(place.file, true);
  const Report expected = std::exchange(place.view.report, {});
  if (!listed) return;
  const auto check = [](std::vector<std::string> told, std::vector<std::string> there, const std::string& what) {
    std::sort(told.begin(), told.end());
    std::sort(there.begin(), there.end());
    require(told == there, "refresh reports other names as " + what);
  };
  check(result.added, expected.added, "added");
  check(result.changed, expected.changed, "changed");
  check(result.removed, expected.removed, "removed");
}

void batch(World& world, Random& random) {
  if (!world.batch) return world.begin_batch();
  switch (random.below(4)) {
    case 0:
      return refused<Error>("a second batch", [&] { static_cast<void>(world.store->batch()); });
    case 1:
      return world.drop_batch();
    default:
      return world.commit_batch();
  }
}

}  // namespace

std::vector<Operation> parameter_operations() {
  return {
      {"setdefault", 14, setdefault},
      {"set", 12, set},
      {"erase", 6, erase},
      {"clear", 1, clear},
      {"fail to change", 6, fail_to_change},
      {"change in place", 16, change_in_place},
      {"commit", 10, commit},
      {"refresh", 5, refresh},
      {"batch", 8, batch},
  };
}

}  // namespace model
