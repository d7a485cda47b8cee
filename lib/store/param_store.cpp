// ParamStore's dict interface: parameters by name, and all of them.
#include "paramstore/param_store.h"

#include <c10/util/Exception.h>

#include <exception>
#include <sstream>
#include <utility>

#include "lib/store/commit.h"
#include "lib/store/leaf.h"
#include "lib/store/lookup.h"
#include "lib/store/mismatch.h"
#include "lib/store/refresh.h"
#include "lib/store/store_core.h"
#include "lib/store/to_unconstrained.h"
#include "lib/store/write_through.h"
#include "lib/text/python_regex.h"
#include "paramstore/error.h"
#include "paramstore/param_name.h"

namespace paramstore {
namespace {

storage::OpenOptions open_options(const StoreOptions& options) {
  storage::OpenOptions open;
  open.read_only = options.read_only();
  open.create = !options.read_only();
  open.busy_timeout = options.busy_timeout();
  open.survive_power_loss = options.durability() == Durability::power_loss;
  return open;
}

/// Adds a new parameter in a change of its own. Returns false and changes nothing if the name is taken.
bool add_param(StoreCore& store, ScopeState& scope, const NewEntry& added) PARAMSTORE_REQUIRES(store_mutex) {
  const std::string& name = added.entry->record.name;
  if (scope.cache().peek(name) != nullptr) return false;
  const bool small = added.row.bytes().size <= storage::WriteTransaction::small_insert;
  Change change(store, scope, {}, small ? Change::Extent::one_small_insert : Change::Extent::any);
  if (!try_insert_param(change, added)) {
    // With the write lock held, what takes the name must be there. Otherwise callers would look for it for ever.
    if (!scope.file->find(name)) {
      throw CorruptStore(scope.path + ": the index of names has the parameter '" + name +
                         "', but no row does: the file is damaged; `paramstore verify` lists what is");
    }
    scope.complete = false;
    return false;
  }
  change.commit();
  return true;
}

}  // namespace

ParamStore::ParamStore(std::shared_ptr<StoreCore> core) noexcept : core_(std::move(core)) {}

ParamStore::ParamStore(const std::filesystem::path& path, const StoreOptions& options)
    : core_(std::make_shared<StoreCore>(storage::Database(path, open_options(options)), options)) {}

ParamStore ParamStore::in_memory(const StoreOptions& options) {
  return ParamStore(std::make_shared<StoreCore>(storage::Database::in_memory(open_options(options)), options));
}

ParamStore::ParamStore(ParamStore&&) noexcept = default;

ParamStore& ParamStore::operator=(ParamStore&& other) noexcept {
  ParamStore ended(std::move(core_));
  core_ = std::move(other.core_);
  return *this;
}

ParamStore::~ParamStore() {
  if (core_) core_->end();
}

StoreCore& ParamStore::core() const {
  if (!core_) throw Error("this ParamStore has been moved from; use the one it was moved to");
  return *core_;
}

void ParamStore::close() { core().close(); }

Param ParamStore::operator[](std::string_view name) const {
  StoreCore& store = core();
  return get(store, store.enter(), name);
}

Param ParamStore::get_param(std::string_view name) { return (*this)[name]; }

Param ParamStore::get_param(std::string_view name, const InitialValue& init,
                            const std::optional<Constraint>& constraint, std::optional<std::int64_t>) {
  return setdefault(name, init, constraint);
}

Param ParamStore::setdefault(std::string_view name, const InitialValue& init,
                             const std::optional<Constraint>& constraint) {
  StoreCore& store = core();
  ScopeState& scope = store.enter();
  if (auto found = find_to_add(store, scope, name)) {
    Param value = constrained(scope, name, found->leaf, found->constraint);
    check_mismatch(store, scope, name, {value.sizes(), value.scalar_type(), found->constraint}, init, constraint);
    return value;
  }

  // User code: may take long and may call this store.
  const at::Tensor value = init();
  const Constraint& under = constraint ? *constraint : constraints::real;
  const at::Tensor leaf = as_leaf(to_unconstrained(store, scope, name, under, value));
  Param made = constrained(scope, name, leaf, under);
  const NewEntry added(row_of(name, under.tag(), leaf, scope.path), under, leaf);
  for (;;) {
    {
      const StoreLock locked(store, scope);
      if (add_param(store, scope, added)) return made;
    }
    // Another thread or process has created it meanwhile, and then theirs counts, unless it has been erased again.
    if (auto found = find(store, scope, name))
      return constrained(scope, name, std::move(found->leaf), found->constraint);
  }
}

void ParamStore::set(std::string_view name, const at::Tensor& constrained_value) {
  StoreCore& store = core();
  ScopeState& scope = store.enter();
  for (;;) {
    std::optional<Constraint> constraint;  // none for a new parameter
    {
      const StoreLock locked(store, scope);
      store.require_writable(scope);
      if (const EntryPtr entry = find_entry(scope, name)) constraint = entry->constraint;
    }
    // Checks and transforms may be user code: run them without the mutex, then look again.
    const Constraint& under = constraint ? *constraint : constraints::real;
    const at::Tensor value = to_unconstrained(store, scope, name, under, constrained_value);

    const StoreLock locked(store, scope);
    const EntryPtr entry = constraint ? find_entry(scope, name) : scope.cache().find(name);
    if (!constraint) {
      if (entry) continue;  // another thread has created it meanwhile
      const at::Tensor leaf = as_leaf(value);
      if (add_param(store, scope, NewEntry(row_of(name, under.tag(), leaf, scope.path), under, leaf))) return;
    } else if (entry && entry->constraint == under) {
      Change change(store, scope);
      overwrite_param(change, entry, under, value, Adopt::yes);
      change.commit();
      return;
    }
  }
}

bool ParamStore::erase(std::string_view name) {
  StoreCore& store = core();
  ScopeState& scope = store.enter();
  const StoreLock locked(store, scope);
  store.require_writable(scope);
  const EntryPtr entry = find_entry(scope, name);
  if (!entry) return false;
  Change change(store, scope);
  erase_param(change, entry);
  change.commit();
  return true;
}

void ParamStore::clear() {
  StoreCore& store = core();
  ScopeState& scope = store.enter();
  const StoreLock locked(store, scope);
  Change change(store, scope);
  clear_params(change);
  change.commit();
}

bool ParamStore::contains(std::string_view name) const {
  StoreCore& store = core();
  return paramstore::contains(store, store.enter(), name);
}

at::Tensor ParamStore::unconstrained(std::string_view name) const {
  StoreCore& store = core();
  return get_leaf(store, store.enter(), name);
}

Constraint ParamStore::constraint(std::string_view name) const {
  StoreCore& store = core();
  ScopeState& scope = store.enter();
  const StoreLock locked(store, scope);
  return require_entry(scope, name)->constraint;
}

std::optional<std::string> ParamStore::param_name(const at::Tensor& leaf) const {
  StoreCore& store = core();
  ScopeState& scope = store.enter();
  MutexLock cache_lock(scope.cache_mutex);
  const EntryPtr entry = scope.find_leaf(leaf);
  return entry ? std::optional(entry->record.name) : std::nullopt;
}

std::size_t ParamStore::size() const {
  StoreCore& store = core();
  ScopeState& scope = store.enter();
  const StoreLock locked(store, scope);
  const storage::ReadTransaction snapshot(*scope.file);
  take_in_changes(scope, Pending::keep);
  if (scope.held_back) list_all(scope);  // some parameters may have no row
  return scope.complete ? scope.cache().in_order().size() : scope.file->count();
}

bool ParamStore::empty() const { return size() == 0; }

torch::OrderedDict<std::string, at::Tensor> ParamStore::named_parameters() const {
  StoreCore& store = core();
  ScopeState& scope = store.enter();
  const StoreLock locked(store, scope);
  load_all(scope);
  torch::OrderedDict<std::string, at::Tensor> leaves;
  leaves.reserve(scope.cache().in_order().size());
  for (const auto& [id, entry] : scope.cache().in_order()) leaves.insert(entry->record.name, entry->leaf);
  return leaves;
}

std::vector<at::Tensor> ParamStore::parameters() const {
  StoreCore& store = core();
  ScopeState& scope = store.enter();
  const StoreLock locked(store, scope);
  load_all(scope);
  std::vector<at::Tensor> leaves;
  leaves.reserve(scope.cache().in_order().size());
  for (const auto& [id, entry] : scope.cache().in_order()) leaves.push_back(entry->leaf);
  return leaves;
}

torch::OrderedDict<std::string, Param> ParamStore::match(std::string_view pattern) const {
  const PythonRegex regex{std::string(pattern)};
  StoreCore& store = core();
  ScopeState& scope = store.enter();
  torch::OrderedDict<std::string, Param> found;
  for (const std::string& name : keys()) {
    // Another thread may have erased it and added it again, at the end.
    if (!regex.match(name) || found.contains(name)) continue;
    // Or erased it since.
    if (auto param = find(store, scope, name))
      found.insert(name, constrained(scope, name, param->leaf, param->constraint));
  }
  return found;
}

std::vector<std::string> ParamStore::get_all_param_names() const {
  const KeyRange names = keys();
  return {names.begin(), names.end()};
}

void ParamStore::replace_param(std::string_view name, const at::Tensor& new_param, const Param& old_param) {
  if (!old_param.unconstrained().is_same(unconstrained(name))) {
    throw Error("replace_param: the old parameter given is not '" + std::string(name) + "'" +
                of_file(core().main().path) + "; give the Param that the store returned for that name");
  }
  set(name, new_param);
}

Revision ParamStore::commit(const CommitOptions& options) {
  StoreCore& store = core();
  ScopeState& scope = store.active();
  const StoreLock locked(store, scope);
  return commit_changes(store, scope, options);
}

RefreshResult ParamStore::refresh() {
  StoreCore& store = core();
  ScopeState& scope = store.active();
  const StoreLock locked(store, scope);
  if (!store.open_batch()) {  // inside a batch nobody else can have committed
    storage::ReadTransaction snapshot(*scope.file);
    take_in_changes(scope, Pending::discard);
  }
  return std::exchange(scope.unreported, {});
}

Revision ParamStore::revision() const { return core().active().revision; }

}  // namespace paramstore
