// Random sequences of everything a store can do, against a model that is plain to see through.
//
//   RC_PARAMS="max_success=100000" store_model_tests      a long run
//   RC_PARAMS="seed=17" store_model_tests                 other sequences
//   RC_PARAMS="reproduce=..." store_model_tests           one again, as a failure prints it
#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <doctest/doctest.h>
#include <rapidcheck.h>
#include <sqlite3.h>

#include <cstdlib>
#include <ostream>
#include <sstream>

#include "paramstore/storage/database.h"
#include "store/model_world.h"
#include "store/warnings.h"

namespace model {
namespace {

using namespace paramstore;

const std::vector<std::string> names{
    "a",
    "b",
    "c",
    "loc",
    "encoder.layers.0.self_attention.in_proj_weight",  // longer than a string keeps in place
    "größe ✓",
    "z"};
const std::vector<std::string> scope_names{"fold-1", "fold-2", "../strange name"};

std::string name_there(World& world, Random& random) {
  auto& params = world.here().view.params;
  return params.empty() || random.one_in(8) ? random.of(names) : random.of(params).name();
}

Param* param_there(World& world, Random& random) {
  auto& params = world.here().view.params;
  if (params.empty()) return nullptr;
  return &params[static_cast<std::size_t>(random.below(static_cast<int>(params.size())))];
}

// ---- Parameters by name ----

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

// ---- In place ----

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

// ---- Transactions ----

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

// ---- State ----

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

void get_and_set_state(World& world, Random&) {
  const StateDict state = world.store->get_state();
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
  put_all(world, params, {}, [&] { world.store->set_state(state); });
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

// ---- Scopes ----

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

// ---- Files, and who else uses them ----

void reopen(World& world, Random& random) { world.reopen(random); }

void move_store(World& world, Random&) {
  if (world.batch) return;
  ParamStore moved(std::move(*world.store));
  world.store.emplace(std::move(moved));
}

/// What a tool that knows only SQL does.
void run_sql(const std::filesystem::path& path, const std::string& sql) {
  sqlite3* handle = nullptr;
  const bool opened = sqlite3_open(path.c_str(), &handle) == SQLITE_OK;
  sqlite3_busy_timeout(handle, 200);
  const bool done = opened && sqlite3_exec(handle, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK;
  const std::string message = sqlite3_errmsg(handle);
  sqlite3_close(handle);
  require(done, sql + ": " + message);
}

std::string hex(const at::Tensor& value) {
  const at::Tensor plain = value.contiguous();
  const auto* bytes = static_cast<const unsigned char*>(plain.data_ptr());
  std::string text;
  for (std::size_t i = 0; i < plain.nbytes(); ++i) {
    text += "0123456789abcdef"[bytes[i] >> 4];
    text += "0123456789abcdef"[bytes[i] & 15];
  }
  return "x'" + text + "'";
}

void others_write(World& world, Random& random) {
  if (!world.here_on_disk() || world.batch) return;
  const std::string key = world.here_key();
  world.look();  // from here on the store knows every row
  Place& place = world.here();
  File& file = place.file;
  if (!world.other) {
    StoreOptions options;
    world.other.emplace(world.folder.path(),
                        options.durability(Durability::process_crash).on_mismatch(Mismatch::ignore));
  }
  ParamStore& other = *world.other;
  std::optional<ScopeGuard> guard;
  std::string path = world.folder.path().string();
  if (!key.empty()) {
    guard.emplace(other.scope(key.substr(6)));
    path = storage::scope_path(world.folder.path(), key.substr(6)).string();
  }
  other.refresh();
  for (int i = 1 + random.below(3); i > 0; --i) {
    const std::string name = file.rows.empty() || random.one_in(3) ? random.of(names) : random.of(file.rows).name;
    Row* row = file.named(name);
    ++file.others;
    switch (random.below(7)) {
      case 0:
      case 1: {  // as this library does
        if (row && !known(row->tag)) break;
        const std::string tag = row ? row->tag : "real";
        const at::Tensor value = constrained_value(random, tag, row && random.one_in(2) ? &row->value : nullptr);
        other.set(name, value);
        const at::Tensor unconstrained = transform_to(Constraint::parse(tag)).inv(value).clone();
        if (row) {
          file.change(*row, name, tag, unconstrained);
        } else {
          file.add(name, tag, unconstrained);
        }
        break;
      }
      case 2:
        require(other.erase(name) == (row != nullptr), "the other's erase");
        if (row) file.erase(name);
        break;
      case 3: {  // gone, and there again
        if (!row || !known(row->tag)) break;
        other.erase(name);
        file.erase(name);
        const at::Tensor value = contents(random, {3}, at::kFloat);
        other.set(name, value);
        file.add(name, "real", value);
        break;
      }
      case 4: {
        if (!row || row->value.numel() > 1000) break;
        const at::Tensor value = contents(random, row->value.sizes(), row->value.scalar_type());
        run_sql(path, "UPDATE params SET value = " + hex(value) + " WHERE name = '" + name + "'");
        file.change(*row, name, row->tag, value);
        other.refresh();
        break;
      }
      case 5: {
        if (!row || file.named("renamed")) break;
        run_sql(path, "UPDATE params SET name = 'renamed' WHERE name = '" + name + "'");
        file.change(*row, "renamed", row->tag, row->value);
        other.refresh();
        break;
      }
      default: {
        if (row) break;
        const at::Tensor value = contents(random, {2}, at::kDouble);
        run_sql(path, "INSERT INTO params (name, constraint_tag, dtype, shape, value) VALUES ('" + name +
                          "', 'positive', 'float64', '[2]', " + hex(value) + ")");
        file.add(name, "positive", value);
        other.refresh();
      }
    }
  }
  std::vector<Param> expected;
  for (const Row& row : file.rows) expected.push_back({row, row.value});
  World::compare(other, expected, "the other store");
}

void others_look(World& world, Random&) {
  if (!world.here_on_disk() || !world.here_key().empty()) return;
  ParamStore reader(world.folder.path(), StoreOptions().read_only(true));
  std::vector<Param> expected;
  for (const Row& row : world.batch&& world.batch_key.empty() ? world.before_batch.file.rows : world.here().file.rows)
    expected.push_back({row, row.value});
  World::compare(reader, expected, "a reader");
}

struct Operation {
  const char* name;
  int weight;
  void (*run)(World&, Random&);
};

const Operation operations[] = {
    {"setdefault", 14, setdefault},
    {"set", 12, set},
    {"erase", 6, erase},
    {"clear", 1, clear},
    {"fail to change", 6, fail_to_change},
    {"change in place", 16, change_in_place},
    {"commit", 10, commit},
    {"refresh", 5, refresh},
    {"batch", 8, batch},
    {"set_state", 3, set_state},
    {"get_state and set_state", 2, get_and_set_state},
    {"save", 1, save},
    {"load", 2, load},
    {"enter a scope", 6, enter},
    {"leave a scope", 6, leave},
    {"drop_scope", 1, drop_scope},
    {"scopes", 1, list_scopes},
    {"reopen", 3, reopen},
    {"move the store", 1, move_store},
    {"others write", 7, others_write},
    {"others look", 1, others_look},
};

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

rc::Gen<Step> any_step() {
  int weights = 0;
  for (const Operation& operation : operations) weights += operation.weight;
  // Only whole steps are taken away when a failure is made smaller, as a step with another seed is another step; and
  // the first sequences, which are short, are to draw from all operations too.
  const auto draw =
      rc::gen::tuple(rc::gen::inRange(0, weights), rc::gen::inRange<std::uint32_t>(0, 1000000), rc::gen::inRange(0, 6));
  return rc::gen::noShrink(rc::gen::resize(rc::kNominalSize, rc::gen::map(draw, [](const auto& drawn) {
                                             int place = std::get<0>(drawn);
                                             const Operation* operation = operations;
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

TEST_CASE("random sequences of everything do to a store what they do to the model") {
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
