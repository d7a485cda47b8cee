#include "store/model_world.h"

#include <utility>

namespace model {
namespace {

using namespace paramstore;

struct Kind {
  const char* tag;
  std::size_t dims;  // at least
  bool square;
};

const std::vector<Kind> kinds{
    {"real", 0, false},
    {"positive", 0, false},
    {"greater_than(0.5)", 0, false},
    {"interval(-1.0, 2.0)", 0, false},
    {"unit_interval", 0, false},
    {"simplex", 1, false},
    {"independent(positive, 1)", 1, false},
    {"lower_cholesky", 2, true},
};

// One of them is too long for a value to travel with its row.
const std::vector<std::vector<std::int64_t>> shapes{{}, {1}, {3}, {2, 2}, {0}, {2, 0, 3}, {5, 1}, {300}, {40, 1000}};

}  // namespace

bool known(const std::string& tag) { return Constraint::parse(tag).is_known(); }

at::Tensor contents(Random& random, at::IntArrayRef shape, at::ScalarType dtype) {
  at::Tensor value = at::empty(shape, at::kDouble);
  double* element = value.data_ptr<double>();
  for (std::int64_t i = 0; i < value.numel(); ++i) element[i] = (random.below(33) - 16) / 8.0;
  return value.to(dtype);
}

at::Tensor constrained_value(Random& random, const std::string& tag, const at::Tensor* like) {
  const auto kind = std::find_if(kinds.begin(), kinds.end(), [&](const Kind& each) { return tag == each.tag; });
  std::vector<std::int64_t> shape = like ? like->sizes().vec() : random.of(shapes);
  if (!like && kind != kinds.end()) {
    if (kind->square) shape = {2, 2};
    while (shape.size() < kind->dims) shape.push_back(2);
    if (tag == "simplex") shape = {3};
  }
  at::ScalarType dtype = like ? like->scalar_type() : random.one_in(3) ? at::kDouble : at::kFloat;
  if (!like && tag == "real" && random.one_in(4)) {
    dtype = random.of(std::vector<at::ScalarType>{at::kHalf, at::kBFloat16, at::kComplexFloat, at::kComplexDouble});
  }
  if (!like && tag == "simplex") dtype = at::kDouble;
  return transform_to(Constraint::parse(tag))(contents(random, shape, dtype));
}

Sample sample(Random& random) {
  Sample result;
  result.tag = random.of(kinds).tag;
  result.constrained = constrained_value(random, result.tag);
  result.unconstrained = transform_to(result.constraint()).inv(result.constrained);
  return result;
}

World::World(bool in_memory_, bool counters_) : in_memory(in_memory_), counters(counters_), saved(2) {
  places[""];
  open();
}

World::~World() {
  batch.reset();
  while (!entered.empty()) entered.pop_back();
}

void World::open() {
  StoreOptions options;
  options.durability(Durability::process_crash)
      .on_mismatch(Mismatch::ignore)
      .busy_timeout(std::chrono::milliseconds(200));
  if (counters) options.detect(Detect::version_counter);
  store.emplace(in_memory ? ParamStore::in_memory(options) : ParamStore(folder.path(), options));
}

Param* World::look_up(const std::string& name) {
  Place& place = here();
  if (Param* param = place.view.named(name)) return param;
  place.view.take_in(place.file, false);
  return place.view.named(name);
}

void World::put(const std::string& name, const std::string& tag, const at::Tensor& value) {
  here().view.put(here().file, name, tag, value);
  if (batch) written_in_batch.insert(name);
}

void World::erase(const std::string& name) {
  here().view.erase(here().file, name);
  if (batch) written_in_batch.insert(name);
}

void World::clear() {
  for (const Param& param : here().view.params) {
    if (batch) written_in_batch.insert(param.name());
  }
  here().view.clear(here().file);
}

void World::begin_batch() {
  Place& place = here();
  batch.emplace(store->batch());
  batch_key = here_key();
  place.view.take_in(place.file, false);
  before_batch = place;
  written_in_batch.clear();
}

void World::commit_batch() {
  const Revision revision = batch->commit();
  batch.reset();
  require(revision > places[batch_key].revision, "a batch's revision is not new");
}

void World::drop_batch() {
  batch.reset();
  Place& place = places[batch_key];
  const Revision revision = place.revision;
  // What was looked at meanwhile stays seen: leaves read in the batch are the parameters' still.
  for (Param& param : before_batch.view.params) {
    if (param.leaf.defined() || written_in_batch.count(param.name())) continue;
    if (const Param* now = place.view.named(param.name())) param.leaf = now->leaf;
  }
  before_batch.listed = before_batch.listed || place.listed;
  before_batch.view.report = place.view.report;  // what a refresh in the batch has told is told
  place = before_batch;
  place.revision = revision;
}

void World::changed_in_place(Param& param, const at::Tensor& value, bool counted) {
  const auto change = [&](Param& each) {
    each.value = value;
    each.counted = each.counted || counted;
  };
  // A batch that is dropped takes back what it wrote itself, not this.
  if (batch && batch_key == here_key() && !written_in_batch.count(param.name())) {
    if (Param* before = before_batch.view.named(param.name())) change(*before);
  }
  change(param);
}

StateDict World::state(const std::vector<Param>& params) {
  StateDict state;
  for (const Param& param : params) {
    state.params.insert(param.name(), param.value.clone().requires_grad_(true));
    state.constraints.insert(param.name(), Constraint::parse(param.base.tag));
  }
  return state;
}

void World::reopen(Random& random) {
  if (in_memory) return;
  if (batch) drop_batch();
  other.reset();
  const bool guards_outlive = random.one_in(4);
  if (!guards_outlive) {
    while (!entered.empty()) entered.pop_back();
  }
  // What close does, with every scope in which others have not changed the same parameters.
  bool all_committed = true;
  for (auto& [key, place] : places) {
    if (key.rfind("anonymous:", 0) == 0) continue;
    const auto dirty = place.view.dirty(counters);
    bool stale = false;
    for (const auto& name : dirty) stale = stale || View::moved_on(place.file, *place.view.named(name));
    if (!stale) place.view.commit(place.file, dirty);
    all_committed = all_committed && !stale;
  }
  if (!all_committed) {
    refused<StaleParam>("close", [&] { store->close(); });
    static_cast<void>(store->size());  // it is still open
  } else if (random.one_in(2)) {
    store->close();
    refused<Error>("size of a closed store", [&] { static_cast<void>(store->size()); });
    refused<Error>("revision of a closed store", [&] { static_cast<void>(store->revision()); });
    store->close();
  }
  store.reset();
  while (!entered.empty()) entered.pop_back();
  handles.clear();
  for (auto place = places.begin(); place != places.end();) {
    if (place->first.rfind("anonymous:", 0) == 0) {
      place = places.erase(place);
      continue;
    }
    View& view = place->second.view;
    view = View();
    view.others = place->second.file.others;
    for (const Row& row : place->second.file.rows) view.params.push_back({row, row.value});
    place->second.listed = false;
    ++place;
  }
  open();
}

void World::sync_names(Place& place) {
  place.view.take_in(place.file, false);
  place.listed = true;
}

void World::look_at_names() {
  Place& place = here();
  const KeyRange keys = store->keys();
  sync_names(place);
  const std::vector<std::string> seen(keys.begin(), keys.end());
  std::vector<std::string> expected;
  for (const Param& param : place.view.params) expected.push_back(param.name());
  const auto list = [](const std::vector<std::string>& names) {
    std::string text;
    for (const auto& name : names) text += name.substr(0, 20) + " ";
    return text;
  };
  require(seen == expected, "keys: " + list(seen) + "instead of " + list(expected));
}

void World::compare(ParamStore& seen, std::vector<Param>& expected, const std::string& who) {
  const auto leaves = seen.named_parameters();
  require(leaves.size() == expected.size(), who + ": named_parameters has " + std::to_string(leaves.size()) +
                                                " instead of " + std::to_string(expected.size()));
  for (std::size_t i = 0; i < expected.size(); ++i) {
    Param& param = expected[i];
    const std::string about = who + ": parameter " + std::to_string(i) + " '" + param.name().substr(0, 20) + "' ";
    const at::Tensor& leaf = leaves[i].value();
    require(leaves[i].key() == param.name(), about + "is called " + leaves[i].key());
    require(leaf.requires_grad() && leaf.is_leaf(), about + "has no proper leaf");
    require(same(leaf, param.value), about + "has another value");
    if (param.leaf.defined()) require(leaf.is_same(param.leaf), about + "has lost its leaf");
    require(seen.unconstrained(param.name()).is_same(leaf), about + "has two leaves");
    require(seen.param_name(leaf) == param.name(), about + "is not found by its leaf");
    require(seen.constraint(param.name()).tag() == param.base.tag,
            about + "has the tag " + seen.constraint(param.name()).tag());
    require(seen.contains(param.name()), about + "is not contained");
    param.leaf = leaf;
    if (!known(param.base.tag)) {
      refused<UnknownConstraint>(about + "value", [&] { static_cast<void>(seen[param.name()]); });
      continue;
    }
    const auto value = seen[param.name()];
    require(value.unconstrained().is_same(leaf), about + "does not know its leaf");
    require(same(value, transform_to(Constraint::parse(param.base.tag))(param.value)),
            about + "has another constrained value");
  }
}

void World::look() {
  Place& place = here();
  look_at_names();
  require(store->size() == place.view.params.size(),
          "size is " + std::to_string(store->size()) + " instead of " + std::to_string(place.view.params.size()));
  require(store->empty() == place.view.params.empty(), "empty is wrong");
  compare(*store, place.view.params, "the store");
  std::size_t count = 0;
  bool all_known = true;
  for (const Param& param : place.view.params) all_known = all_known && known(param.base.tag);
  if (all_known) {
    for (auto [name, value] : store->items()) {
      require(name == place.view.params.at(count++).name(), "items come in another order");
      require(value.defined(), "items without values");
    }
    require(count == place.view.params.size(), "items ends early");
  }
  require(!store->contains("never there"), "contains what never was there");
  const Revision revision = store->revision();
  require(revision >= place.revision,
          "the revision went from " + std::to_string(place.revision) + " to " + std::to_string(revision));
  place.revision = revision;
}

}  // namespace model
