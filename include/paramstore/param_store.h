// A persistent parameter store: Pyro's ParamStoreDict, kept in a file.
//
//   #include <paramstore/param_store.h>
//   #include <torch/torch.h>
//
//   int main() {
//     paramstore::ParamStore store("model.params.db");              // opens, or creates
//     auto loc = store.setdefault("loc", torch::zeros({}));         // in the file before this returns
//     store.setdefault("scale", torch::ones({}), paramstore::constraints::positive);
//     torch::optim::Adam optimizer(store.parameters(), 0.05);
//     for (int step = 0; step < 1000; ++step) {
//       optimizer.zero_grad();
//       auto scale = store["scale"];                                // positive, with a graph back to its leaf
//       auto loss = ((loc - 3) / scale).square() + 2 * scale.log();
//       loss.backward();
//       optimizer.step();                                           // moves the leaves, in memory
//       if (step % 100 == 99) store.commit();                       // writes what moved
//     }
//   }
//
// A parameter has a name, a constraint and two tensors: the constrained value that users see, and the unconstrained
// leaf that optimizers move. The file holds one row for each, with the leaf's contents. Calls that change the store
// (`set`, `setdefault` of a new name, `erase`, ...) write it in one transaction before they return, and change
// neither file nor memory when they throw. Memory changes only after the file's commit, so no thread sees a value that
// is rolled back. (If a committed change cannot be applied to memory, for example because memory ran out, LibTorch's
// warning handler is told and the parameter is read from the file again.) What an optimizer changes in place is written
// by `commit`.
//
// Opening reads no values; each is read, and checked against its checksum, when it is first asked for. Other
// processes may use the file at the same time: `refresh` picks up what they commit, and so does any call that has to
// read the file anyway. A store therefore always shows one committed state of its file plus its own changes.
//
// All members may be called from several threads at once, also by user code that the store runs: initialisers, and the
// functions of registered constraints, run without the store's lock. The tensors are LibTorch's: a thread that writes into a
// leaf while another commits is a data race. Names are 1 to 1024 bytes of UTF-8 without NUL; any other name throws
// InvalidName.
#pragma once

#include <ATen/core/Tensor.h>
#include <torch/ordered_dict.h>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "paramstore/batch.h"
#include "paramstore/constraint.h"
#include "paramstore/export.h"
#include "paramstore/initial_value.h"
#include "paramstore/map_location.h"
#include "paramstore/param.h"
#include "paramstore/param_range.h"
#include "paramstore/query.h"
#include "paramstore/scope.h"
#include "paramstore/state_dict.h"
#include "paramstore/storage/param_record.h"
#include "paramstore/store_options.h"

namespace torch::nn {
class Module;
template <typename Contained>
class ModuleHolder;
}  // namespace torch::nn

namespace torch::optim {
class Optimizer;
}  // namespace torch::optim

namespace paramstore {

/// What `refresh` picked up: each name appears once, with its net change since the last refresh. (SQLite may reuse the
/// id of a removed parameter. A new name under such an id can appear in `changed` if this store had seen neither
/// parameter.)
struct RefreshResult {
  std::vector<std::string> added;
  std::vector<std::string> changed;
  std::vector<std::string> removed;
  bool empty() const noexcept { return added.empty() && changed.empty() && removed.empty(); }
};

class PARAMSTORE_EXPORT ParamStore {
 public:
  /// Opens the store at `path`, or creates one. Throws NotAStore, SchemaTooNew, CorruptStore, StoreBusy, or
  /// StorageError if the path is a directory, is not writable, or lies in a folder that does not exist.
  explicit ParamStore(const std::filesystem::path& path, const StoreOptions& options = {});

  /// A store in memory, private to this process.
  static ParamStore in_memory(const StoreOptions& options = {});

  /// Closes. Unless an exception is unwinding, commits what is pending, scope by scope. If a scope's commit fails,
  /// warns through LibTorch's warning handler, and the scope's file stays at its last commit. Call `close` to get the
  /// exception.
  ~ParamStore();
  ParamStore(ParamStore&&) noexcept;
  ParamStore& operator=(ParamStore&&) noexcept;

  // ---- Parameters by name ------------------------------------------------------------------------

  /// The parameter `name`. Throws ParamNotFound.
  Param get_param(std::string_view name);

  /// As `setdefault`. `event_dim` is for plates and is ignored here, as it is in Pyro's store.
  Param get_param(std::string_view name, const InitialValue& init,
                  const std::optional<Constraint>& constraint = std::nullopt,
                  std::optional<std::int64_t> event_dim = std::nullopt);

  /// The parameter `name`. If it does not exist, makes it from `init` (a constrained value or a callable that returns
  /// one) under `constraint` (default: `real`). The value is copied: the new leaf is the store's own. `init` is ignored
  /// for an existing name; if its shape or dtype, or an explicit constraint, disagrees with what is stored, the user is
  /// warned once (`StoreOptions::on_mismatch`). Throws ConstraintViolation for a value outside the constraint,
  /// UnsupportedTensor, and what `init` throws.
  Param setdefault(std::string_view name, const InitialValue& init,
                   const std::optional<Constraint>& constraint = std::nullopt);

  /// The parameter `name`, under the caller's grad mode. Throws ParamNotFound.
  Param operator[](std::string_view name) const;

  /// Gives an existing parameter a new constrained value, under its constraint, or makes a new one under `real`. A
  /// leaf of the same shape, dtype and device stays and gets the new contents, so an optimizer that holds it keeps
  /// working; otherwise there is a new leaf. Throws ConstraintViolation, UnsupportedTensor, and StaleParam if another
  /// process has changed the parameter since it was read.
  void set(std::string_view name, const at::Tensor& constrained_value);

  /// Removes the parameter; false if it does not exist. Tensors handed out stay valid. Throws StaleParam as `set` does.
  bool erase(std::string_view name);

  /// Removes every parameter of the active scope, including those that other processes have added.
  void clear();

  bool contains(std::string_view name) const;

  /// The leaf: what an optimizer takes. Throws ParamNotFound. Works for a parameter whose constraint this process
  /// does not know.
  at::Tensor unconstrained(std::string_view name) const;

  /// Throws ParamNotFound.
  Constraint constraint(std::string_view name) const;

  /// The name of the parameter whose leaf this tensor is (the same tensor, not an equal one); nullopt for any other
  /// tensor.
  std::optional<std::string> param_name(const at::Tensor& leaf) const;

  // ---- All of them, in insertion order ----------------------------------------------------------

  std::size_t size() const;
  bool empty() const;

  /// for (auto [name, value] : store.items()): names and constrained values, each looked up when it is reached.
  ItemRange items() const;
  KeyRange keys() const;
  ValueRange values() const;

  /// Names and leaves, as torch::nn::Module::named_parameters gives them. Reads whatever has not been read yet, on
  /// several threads.
  torch::OrderedDict<std::string, at::Tensor> named_parameters() const;

  /// The leaves, for an optimizer's constructor.
  std::vector<at::Tensor> parameters() const;

  /// Adds the leaves that are in none of the optimizer's parameter groups to its last group, or to group number `group`
  /// (from 0), whose options then hold for them. Returns their names. Call it after `setdefault`, `set`, `module` or
  /// `load` made parameters or gave them new leaves. An old leaf stays in the optimizer, without new gradients. (After
  /// `module` with `update_module_params` the old leaf shares the new one's storage, so weight decay or momentum may
  /// still move it: make that call before the optimizer.) Throws Error if the group does not exist, or if an LBFGS that
  /// has begun would get new parameters.
  std::vector<std::string> add_new_to(torch::optim::Optimizer& optimizer,
                                      std::optional<std::size_t> group = std::nullopt) const;

  /// The parameters whose name matches `pattern` from its start, like Python's re.match (it need not match to the end).
  /// Throws Error if the pattern does not compile (saying where) or exceeds the match limit.
  torch::OrderedDict<std::string, Param> match(std::string_view pattern) const;

  [[deprecated("use keys()")]] std::vector<std::string> get_all_param_names() const;
  /// Throws Error unless `old_param` is a Param of `name` that this store gave.
  [[deprecated("use set()")]] void replace_param(std::string_view name, const at::Tensor& new_param,
                                                 const Param& old_param);

  /// Registers the parameters of `nn_module` that require gradients, including those of nested modules, as `name` +
  /// "$$$" + their path, under `real`. A new name takes the module's own tensor as its leaf. If the name exists, the
  /// store's value stays, and the module keeps its own; if they differ, the user is warned once per module name
  /// (`StoreOptions::on_mismatch`), because training the store's leaves would not train the module. Pass true for
  /// `update_module_params` when a program resumes: the module then gets the stored value: its tensor takes over the leaf's
  /// storage and becomes the leaf. (The previous leaf keeps sharing that storage, so an optimizer that holds it still
  /// moves the parameter.) If the module's tensor is already the leaf of other parameters, in any scope of this store,
  /// those keep their values and get a leaf of their own: one net may move from scope to scope. Parameters that require
  /// no gradient are skipped, with a warning if the module is in training mode. A tensor that has several names (tied
  /// weights) is registered under the first. One transaction. Throws Error if `name` contains "$$$", UnsupportedTensor
  /// for a tensor that cannot be a leaf: one made under inference mode, or a new one whose elements share memory
  /// (`expand`).
  void module(std::string_view name, torch::nn::Module& nn_module, bool update_module_params = false);
  template <class Contained>
  void module(std::string_view name, const torch::nn::ModuleHolder<Contained>& nn_module,
              bool update_module_params = false) {
    module(name, static_cast<torch::nn::Module&>(*nn_module.ptr()), update_module_params);
  }
  template <class M>
  void module(std::string_view name, const std::shared_ptr<M>& nn_module, bool update_module_params = false) {
    module(name, static_cast<torch::nn::Module&>(*nn_module), update_module_params);
  }

  // ---- State -----------------------------------------------------------------------------------------

  /// The active scope's leaves and constraints. The tensors are the leaves themselves, as in Pyro: clone them to keep
  /// what they hold now.
  StateDict get_state() const;

  /// Adds and replaces parameters, removes none. A new name takes the tensor itself as its leaf if it can be one (a
  /// leaf, requires gradients, contiguous), otherwise a copy; an existing leaf of the same shape, dtype and device
  /// stays and gets the contents. The values may be the store's own leaves, in any order. Throws Error if the two
  /// dictionaries differ in their names.
  void set_state(const StateDict& state);

  /// Writes the active scope's parameters, as they are in memory now, to a separate store file at `path`: whole or not
  /// at all. Replaces an existing store; throws StoreBusy if it is open elsewhere, NotAStore if `path` is another kind
  /// of file. Commits nothing to this store's file. After an exception `path` is what it was before, with one exception:
  /// if the copy is complete and only the disk did not confirm its name, throws StorageError with SQLITE_IOERR_DIR_FSYNC
  /// (1290), whose message says so.
  void save(const std::filesystem::path& path) const;

  /// Adds and replaces parameters from a store file, removes none; as `set_state`, in one transaction. Nothing in the
  /// file is executed, and every value is checked. Throws NotAStore, CorruptStore, SchemaTooNew.
  void load(const std::filesystem::path& path, const MapLocation& map_location = {});

  // ---- Scopes ----------------------------------------------------------------------------------------

  /// Makes a new, empty, unnamed scope the active one of this thread, until the guard ends. Throws Error while a batch
  /// is open, because SQLite cannot attach a file inside a transaction; so does the first entry into a named scope.
  [[nodiscard]] ScopeGuard scope();
  /// Enters a scope again.
  [[nodiscard]] ScopeGuard scope(const Scope& scope);
  /// Enters the scope of that name, creating it if it does not exist. It lives in its own file beside the store's and
  /// persists across processes.
  [[nodiscard]] ScopeGuard scope(std::string_view name);
  [[nodiscard]] ScopeGuard scope(const std::string& name) { return scope(std::string_view(name)); }
  [[nodiscard]] ScopeGuard scope(const char* name) { return scope(std::string_view(name)); }
  /// Enters a new scope that holds `state`. When the guard ends, `state`, which must outlive it, gets what the scope
  /// holds.
  [[nodiscard]] ScopeGuard scope(StateDict& state);

  /// The names of all named scopes, sorted.
  std::vector<std::string> scopes() const;
  /// Deletes a scope and its file; false if it does not exist. Throws Error while a thread is in it, and StoreBusy
  /// while another store, in this or another process, has it open. If the disk does not confirm that the scope stays
  /// dropped after a power loss, throws StorageError with SQLITE_IOERR_DIR_FSYNC (1290), whose message says that it is
  /// dropped.
  bool drop_scope(std::string_view name);

  // ---- Questions in SQL ------------------------------------------------------------------------------

  /// Runs one read-only SQL statement, with `arguments` for its `?`s, and returns its rows, each read when it is
  /// reached (query.h):
  ///
  ///   for (const auto& row : store.query("SELECT name FROM param_stats WHERE norm > ?", 3)) ...
  ///
  /// It sees what is committed in the file at the time of the call, whatever is committed while rows are read. It does
  /// not see uncommitted in-place changes, nor what an open batch has written.
  ///
  /// The store is `main`, also inside a scope. Each named scope is a schema of that name: main.params JOIN
  /// "fold-1".params USING (name). (SQLite's schema names ignore case, and `main` and `temp` are taken: of scopes whose
  /// names collide, only one is visible.) This thread's unnamed scope, if any, is `scope`. Only scopes named in the
  /// statement or an argument are opened, at most ten in one statement. The files of one statement are not read at one
  /// common commit.
  ///
  /// The tables, views and functions are those of schema/FORMAT.md and lib/sql/functions.h: params, param_list,
  /// commits, param_stats, param_values, tensor_each, tensor_norm, REGEXP and so on, with stored values, not
  /// constrained ones.
  ///
  /// Each query opens its own SQLite connection, so several threads may query at once, and queries and writers never
  /// wait for each other. Until its last row is read, a query pins its snapshot, and the file's -wal grows with what is
  /// committed meanwhile. Rows from memory (a store in memory, an unnamed scope) are all read before this returns.
  /// `close` ends queries that still have unread rows.
  ///
  /// Throws Error if the statement would do anything but read (write, ATTACH, BEGIN, set a PRAGMA), if there are
  /// several statements, if the number of arguments differs from the number of `?`s, or if a batch is open on something
  /// in memory that it reads; StorageError, with SQLite's message and the SQL, if SQLite rejects it; CorruptStore.
  template <class... Arguments>
  QueryRows query(std::string_view sql, const Arguments&... arguments) const {
    return run_query(sql, {QueryArgument(arguments)...});
  }

  // ---- Transactions ----------------------------------------------------------------------------------

  /// Writes every leaf of the active scope that changed in place since it was read or written, in one transaction,
  /// and returns the file's revision. Writes nothing if nothing changed (and neither step nor message is given). Throws
  /// StaleParam if another process has changed such a parameter, or StoreBusy; then nothing is written and everything
  /// stays pending. No other thread may change a leaf's contents meanwhile.
  Revision commit(const CommitOptions& options = {});

  /// Begins a batch: the changes of this thread until its `commit` are one transaction.
  [[nodiscard]] Batch batch();

  /// Picks up what other connections have committed, into the existing leaves. Cheap if nothing was committed. A
  /// parameter that was changed in place here and committed elsewhere gets the committed value; one that only changed
  /// here stays pending. Returns what was picked up since the last refresh; a removed parameter is listed only if this
  /// store had seen it. If it throws, nothing has been picked up.
  RefreshResult refresh();

  /// The file revision that this store shows: that of its own last commit, or of the last one it picked up. 0 for a new
  /// file.
  Revision revision() const;

  /// Commits what is pending in every scope and closes the files. If a scope cannot be committed, commits the others,
  /// then throws the first failure and stays open. Once closed, other calls throw Error, tensors stay valid, and a
  /// second `close` does nothing.
  void close();

 private:
  friend class Batch;
  explicit ParamStore(std::shared_ptr<StoreCore> core) noexcept;
  StoreCore& core() const;
  QueryRows run_query(std::string_view sql, const std::vector<QueryArgument>& arguments) const;
  std::shared_ptr<StoreCore> core_;
};

}  // namespace paramstore
