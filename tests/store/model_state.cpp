// States, saved files and scopes.
#include <ATen/ATen.h>
#include <torch/nn/module.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#include <string>
#include <utility>
#include <vector>

#include "paramstore/paramstore.h"
#include "store/model_operations.h"

namespace model {
namespace {

using namespace paramstore;

const std::vector<std::string> scope_names{"fold-1", "fold-2", "../strange name"};

std::vector<Param> new_state(World& world, Random& random) {
  std::vector<Param> state;
  const auto add = [&](const std::string& name, const std::string& tag, const at::Tensor& value) {
    for (const Param& param : state) {
      if (param.name() == name) return;
    }
    state.push_back({{0, 0, name, tag, value}, value});
  };
  for (const Param& param : world.here().view.params) {
    const bool keep_shape = random.one_in(2);
    if (random.one_in(2))
      add(param.name(), param.base.tag,
          keep_shape ? contents(random, param.value.sizes(), param.value.scalar_type()) : param.value);
  }
  for (int i = random.below(3); i > 0; --i) {
    const Sample more = sample(random);
    add(random.of(names), more.tag, more.unconstrained);
  }
  if (random.one_in(4))
    add("mystery", "of_another_process(1.0, cat([simplex, real], -1, [3, 1]))", contents(random, {3}, at::kFloat));
  return state;
}

/// What set_state and load do.
template <class Call>
void put_all(World& world, const std::vector<Param>& params, const std::vector<at::Tensor>& adopted, Call&& call) {
  if (params.empty()) return call();
  bool stale = false;
  for (const Param& param : params) world.look_up(param.name());
  for (const Param& param : params) {
    const Param* there = world.look_up(param.name());
    stale = stale || (there && world.moved_on(*there));
  }
  if (!world.may_change()) return refused<Error>("a state outside the batch", call);
  if (stale) return refused<StaleParam>("a state over what others changed", call);
  call();
  for (std::size_t i = 0; i < params.size(); ++i) {
    const bool is_new = !world.look_up(params[i].name());
    world.put(params[i].name(), params[i].base.tag, params[i].value);
    if (is_new && i < adopted.size()) world.look_up(params[i].name())->leaf = adopted[i];
  }
}

void set_state(World& world, Random& random) {
  const auto params = new_state(world, random);
  StateDict state = world.state(params);
  if (random.one_in(6)) {
    state.constraints.insert("of nobody", constraints::real);
    return refused<Error>("a state of two kinds of names", [&] { world.store->set_state(state); });
  }
  std::vector<at::Tensor> adopted;
  for (const auto& item : state.params) adopted.push_back(item.value());
  put_all(world, params, adopted, [&] { world.store->set_state(state); });
}

/// The state back, or each parameter with the leaf and the constraint of another.
void get_and_set_state(World& world, Random& random) {
  StateDict state = world.store->get_state();
  Place& place = world.here();
  place.view.take_in(place.file, false);
  place.listed = true;
  auto params = place.view.params;
  require(state.params.size() == params.size(), "get_state has another size");
  for (std::size_t i = 0; i < params.size(); ++i) {
    require(state.params[i].key() == params[i].name(), "get_state has another order");
    require(same(state.params[i].value(), params[i].value), "get_state has other values");
    require(state.constraints[params[i].name()].tag() == params[i].base.tag, "get_state has other constraints");
  }
  if (params.size() > 1 && random.one_in(2)) {
    StateDict rotated;
    const auto own = params;
    const auto shift = static_cast<std::size_t>(1 + random.below(static_cast<int>(own.size()) - 1));
    for (std::size_t i = 0; i < own.size(); ++i) {
      const Param& from = own[(i + shift) % own.size()];
      const auto& name = own[i].name();
      params[i] = {{0, 0, name, from.base.tag, from.value}, from.value};
      rotated.params.insert(name, state.params[from.name()]);
      rotated.constraints.insert(name, state.constraints[from.name()]);
    }
    state = rotated;
  }
  put_all(world, params, {}, [&] { world.store->set_state(state); });
}

/// Gives a net the parameter of one name, or registers a new one. It may be the parameter of another name, or scope.
void module_with_update(World& world, Random& random) {
  if (world.batch) return;
  struct Net : torch::nn::Module {
    explicit Net(const at::Tensor& tensor) { register_parameter("w", tensor); }
  };
  Place& place = world.here();
  for (int i = 1 + random.below(3); i > 0; --i) {
    const std::string module_name = random.one_in(2) ? "net" : "other net";
    const std::string name = module_name + "$$$w";
    place.view.take_in(place.file, false);
    const bool is_new = !place.view.named(name);
    if (is_new || world.nets.empty()) world.nets.push_back(contents(random, {3}, at::kFloat).requires_grad_(true));
    const at::Tensor tensor = is_new ? world.nets.back() : random.of(world.nets);
    const at::Tensor value = tensor.detach().clone();
    Net net(tensor);
    world.store->module(module_name, net, /*update_module_params=*/true);
    if (is_new) world.put(name, "real", value);
    for (auto& [key, each] : world.places) {
      for (Param& param : each.view.params) {
        if (param.leaf.defined() && param.leaf.is_same(tensor)) param.leaf = at::Tensor();
      }
    }
    place.view.named(name)->leaf = tensor;
  }
}

void save(World& world, Random& random) {
  const auto i = static_cast<std::size_t>(random.below(2));
  const auto path = world.saved_path(i);
  if (world.batch) return refused<Error>("save in a batch", [&] { world.store->save(path); });
  world.store->save(path);
  Place& place = world.here();
  place.view.take_in(place.file, false);
  world.saved[i] = place.view.params;
  for (Param& param : world.saved[i]) param.leaf = at::Tensor();
  ParamStore copy(path, StoreOptions().read_only(true));
  World::compare(copy, world.saved[i], "the saved file");
  for (Param& param : world.saved[i]) param.leaf = at::Tensor();
}

void load(World& world, Random& random) {
  const auto i = static_cast<std::size_t>(random.below(2));
  const auto path = world.saved_path(i);
  if (!std::filesystem::exists(path)) {
    return refused<Error>("a file that is not there", [&] { world.store->load(path); });
  }
  put_all(world, world.saved[i], {}, [&] { world.store->load(path); });
}

void enter(World& world, Random& random) {
  if (world.entered.size() >= 4) return;
  ParamStore& store = *world.store;
  const auto push = [&](ScopeGuard guard, std::string key, std::unique_ptr<StateDict> state = nullptr) {
    world.handles.emplace_back(guard.scope(), key);
    world.places[key];
    world.entered.push_back({std::move(key), std::move(state), std::make_unique<ScopeGuard>(std::move(guard))});
  };
  const int how = random.below(4);
  // SQLite attaches nothing while a transaction is open.
  if (world.batch && how != 3) return;
  switch (how) {
    case 0:
      return push(store.scope(), "anonymous:" + std::to_string(world.anonymous_scopes++));
    case 1: {
      const std::string name = random.of(scope_names);
      return push(store.scope(name), "named:" + name);
    }
    case 2: {
      const auto params = new_state(world, random);
      auto state = std::make_unique<StateDict>(world.state(params));
      std::vector<at::Tensor> adopted;
      for (const auto& item : state->params) adopted.push_back(item.value());
      ScopeGuard guard = store.scope(*state);
      push(std::move(guard), "anonymous:" + std::to_string(world.anonymous_scopes++), std::move(state));
      for (std::size_t i = 0; i < params.size(); ++i) {
        world.here().view.put(world.here().file, params[i].name(), params[i].base.tag, params[i].value);
        world.here().view.named(params[i].name())->leaf = adopted[i];
      }
      return;
    }
    default:
      if (world.handles.empty()) return;
      const auto& [scope, key] = random.of(world.handles);
      if (world.batch) return;
      auto guard = store.scope(scope);
      return push(std::move(guard), key);
  }
}

void leave(World& world, Random& random) {
  if (world.entered.empty()) return;
  // Mostly the innermost; a guard may end before one that was made after it, too.
  auto which = random.one_in(4) ? static_cast<std::size_t>(random.below(static_cast<int>(world.entered.size())))
                                : world.entered.size() - 1;
  if (world.entered[which].state && world.batch && world.batch_key == world.entered[which].key) return;
  Entered ending = std::move(world.entered[which]);
  world.entered.erase(world.entered.begin() + static_cast<std::ptrdiff_t>(which));
  ending.guard.reset();
  if (!ending.state) return;
  auto& params = world.places[ending.key].view.params;
  require(ending.state->params.size() == params.size(), "a scope's state has another size");
  for (std::size_t i = 0; i < params.size(); ++i) {
    const auto& item = ending.state->params[i];
    require(item.key() == params[i].name() && same(item.value(), params[i].value), "a scope's state is another");
    if (params[i].leaf.defined()) require(item.value().is_same(params[i].leaf), "a scope's state has other leaves");
  }
}

void drop_scope(World& world, Random& random) {
  const std::string name = random.of(scope_names);
  const std::string key = "named:" + name;
  world.other.reset();
  const auto call = [&] { return world.store->drop_scope(name); };
  bool inside = world.batch.has_value();
  for (const Entered& entered : world.entered) inside = inside || entered.key == key;
  if (inside) return refused<Error>("a scope in use, or a batch, and drop_scope", call);
  require(call() == (world.places.count(key) == 1), "drop_scope says the wrong thing");
  world.places.erase(key);
  for (auto handle = world.handles.begin(); handle != world.handles.end();) {
    if (handle->second == key) {
      refused<Error>("entering a dropped scope", [&] { static_cast<void>(world.store->scope(handle->first)); });
      handle = world.handles.erase(handle);
    } else {
      ++handle;
    }
  }
}

void list_scopes(World& world, Random&) {
  std::vector<std::string> expected;
  for (const auto& [key, place] : world.places) {
    if (key.rfind("named:", 0) == 0) expected.push_back(key.substr(6));
  }
  std::sort(expected.begin(), expected.end());
  require(world.store->scopes() == expected, "scopes() lists others");
}

}  // namespace

std::vector<Operation> state_operations() {
  return {
      {"set_state", 3, set_state},
      {"get_state and set_state", 3, get_and_set_state},
      {"module with update", 6, module_with_update},
      {"save", 1, save},
      {"load", 2, load},
      {"enter a scope", 6, enter},
      {"leave a scope", 6, leave},
      {"drop_scope", 1, drop_scope},
      {"scopes", 1, list_scopes},
  };
}

}  // namespace model
