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
// neither file nor memory when they throw. What an optimizer changes in place is written by `commit`.
//
// Opening reads no values; each is read, and checked against its checksum, when it is first asked for. Other
// processes may use the file at the same time: what they commit is taken in by `refresh`, and by a call that has to
// read the file anyway, so that what a store shows is always one committed state of its file plus its own changes.
//
// All members may be called from several threads at once. The tensors are LibTorch's: a thread that writes into a
// leaf while another commits is a data race. Names are 1 to 1024 bytes of UTF-8 without NUL; others throw
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

namespace paramstore {

/// What `refresh` took in: each name once, with what became of it in all since the last refresh. (A new name that came
/// under the id of a removed parameter, which SQLite gives again to the next one, can be in `changed` where this store
/// had come across neither.)
struct RefreshResult {
  std::vector<std::string> added;
  std::vector<std::string> changed;
  std::vector<std::string> removed;
  bool empty() const noexcept { return added.empty() && changed.empty() && removed.empty(); }
};

class PARAMSTORE_EXPORT ParamStore {
 public:
  /// Opens the store at `path`, or creates one. Throws NotAStore, SchemaTooNew, CorruptStore, StoreBusy, or
  /// StorageError where the path is a directory, may not be written, or lies in a folder that is not there.
  explicit ParamStore(const std::filesystem::path& path, const StoreOptions& options = {});

  /// A store of this process only, gone with it.
  static ParamStore in_memory(const StoreOptions& options = {});

  /// Closes. Unless an exception is unwinding, what is pending is committed, in each scope for itself; where that fails
  /// LibTorch's warning handler is told, and the scope's file stays at its last commit. Call `close` to have the
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

  /// The parameter `name`; where there is none, makes it from `init`, a constrained value or a callable that gives
  /// one, under `constraint` (`real` where none is given). The value is copied: the new leaf is the store's own. An
  /// `init` for an existing name is ignored; where its shape, or a constraint given explicitly, disagrees with what
  /// is stored, the user is warned once (`StoreOptions::on_mismatch`). Throws ConstraintViolation for a value outside
  /// the constraint, UnsupportedTensor, and what `init` throws.
  Param setdefault(std::string_view name, const InitialValue& init,
                   const std::optional<Constraint>& constraint = std::nullopt);

  /// The parameter `name`, under the caller's grad mode. Throws ParamNotFound.
  Param operator[](std::string_view name) const;

  /// Gives an existing parameter a new constrained value, under its constraint, or makes a new one under `real`. A
  /// leaf of the same shape, dtype and device stays and gets the new contents, so that an optimizer that holds it
  /// goes on working; otherwise there is a new leaf. Throws ConstraintViolation, UnsupportedTensor, and StaleParam
  /// where another process has changed the parameter since it was read.
  void set(std::string_view name, const at::Tensor& constrained_value);

  /// Removes the parameter; false where there is none. Tensors handed out stay valid. Throws StaleParam as `set` does.
  bool erase(std::string_view name);

  /// Removes every parameter of the active scope, also those that other processes have added.
  void clear();

  bool contains(std::string_view name) const;

  /// The leaf: what an optimizer takes. Throws ParamNotFound. Works for a parameter whose constraint this process
  /// does not know.
  at::Tensor unconstrained(std::string_view name) const;

  /// Throws ParamNotFound.
  Constraint constraint(std::string_view name) const;

  /// The name of the parameter whose leaf this tensor is (the same tensor, not an equal one); nothing for any other
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

  /// The parameters whose name matches `pattern` from its start, as Python's re.match takes it (it need not match to
  /// the end). Throws Error where the pattern does not compile (saying where) or costs more than the match limit.
  torch::OrderedDict<std::string, Param> match(std::string_view pattern) const;

  [[deprecated("use keys()")]] std::vector<std::string> get_all_param_names() const;
  /// Throws Error unless `old_param` is a Param of `name` that this store gave.
  [[deprecated("use set()")]] void replace_param(std::string_view name, const at::Tensor& new_param,
                                                 const Param& old_param);

  /// Registers the parameters of `nn_module` that require gradients, nested modules' too, as `name` + "$$$" + their
  /// path, under `real`. A new name takes the module's own tensor as its leaf. For a name that exists the store's
  /// value stays; with `update_module_params` the module then gets it: the module's tensor takes over the leaf's
  /// storage and becomes the leaf. (The leaf before keeps sharing that storage, so an optimizer that holds it still
  /// moves the parameter.) Where the module's tensor is the leaf of other parameters already, in whatever scope of this
  /// store, those keep their values and get a leaf of their own: one net may go from scope to scope. Parameters that
  /// require no gradient are left out; while the module is in training mode the user is told. A tensor that has several
  /// names (tied weights) is registered under the first. One transaction.
  /// Throws Error where `name` contains "$$$", UnsupportedTensor for a tensor that cannot be a leaf: one made under
  /// inference mode, or a new one whose elements share memory (`expand`).
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

  /// Adds and replaces parameters, removes none. A new name takes the tensor itself as its leaf where that can be one
  /// (it is a leaf, requires gradients, is contiguous), else a copy; an existing leaf of the same shape, dtype and
  /// device stays and gets the contents. The values may be the store's own leaves, in any order. Throws Error where the
  /// two dictionaries do not have the same names.
  void set_state(const StateDict& state);

  /// Writes the active scope's parameters, as they are in memory now, to a store file of its own at `path`: whole or
  /// not at all. Replaces a store that is there; StoreBusy where somebody has it open, NotAStore where `path` is
  /// another kind of file. Commits nothing to this store's file.
  void save(const std::filesystem::path& path) const;

  /// Adds and replaces parameters from a store file, removes none; as `set_state`, in one transaction. Nothing in the
  /// file is executed, and every value is checked. Throws NotAStore, CorruptStore, SchemaTooNew.
  void load(const std::filesystem::path& path, const MapLocation& map_location = {});

  // ---- Scopes ----------------------------------------------------------------------------------------

  /// Makes a new, empty scope without a name the active one of this thread, until the guard ends. Throws Error while a
  /// batch is open, as SQLite opens no file in a transaction; so does entering one by name that has not been entered
  /// before.
  [[nodiscard]] ScopeGuard scope();
  /// Enters a scope again.
  [[nodiscard]] ScopeGuard scope(const Scope& scope);
  /// Enters the scope of that name, making it where there is none. It lives in a file of its own beside the store's
  /// and is kept across processes.
  [[nodiscard]] ScopeGuard scope(std::string_view name);
  [[nodiscard]] ScopeGuard scope(const std::string& name) { return scope(std::string_view(name)); }
  [[nodiscard]] ScopeGuard scope(const char* name) { return scope(std::string_view(name)); }
  /// Enters a new scope that holds `state`; `state`, which must outlive the guard, gets what the scope holds when the
  /// guard ends.
  [[nodiscard]] ScopeGuard scope(StateDict& state);

  /// Names of the scopes that have one, sorted.
  std::vector<std::string> scopes() const;
  /// Deletes a scope with its file; false where there is none. Throws Error while a thread is in it, and StoreBusy
  /// while another store, here or in another process, has it open.
  bool drop_scope(std::string_view name);

  // ---- Questions in SQL ------------------------------------------------------------------------------

  /// Runs one SQL statement that only reads, with `arguments` for its `?`s, and gives its rows, each made when it is
  /// reached (query.h):
  ///
  ///   for (const auto& row : store.query("SELECT name FROM param_stats WHERE norm > ?", 3)) ...
  ///
  /// It sees what is committed in the file when this is called, whatever is committed while rows are read. What was
  /// changed in place and is not committed yet is not there, nor what an open batch has written.
  ///
  /// The store is `main`, also inside a scope. Each scope with a name is there under that name: main.params JOIN
  /// "fold-1".params USING (name). (SQLite's schema names are the same in any case, and `main` and `temp` are taken: of
  /// several such scopes only one is there.) The scope without a name that this thread is in is there as `scope`. Only
  /// those that the statement, or an argument, names are opened, at most ten in one statement; what one statement sees
  /// of two files are two commits.
  ///
  /// The tables, views and functions are those of schema/FORMAT.md and lib/sql/functions.h: params, param_list,
  /// commits, param_stats, param_values, tensor_each, tensor_norm, REGEXP and so on, with stored values, not
  /// constrained ones.
  ///
  /// Each query has an SQLite connection of its own, which takes about half a millisecond to make, so that several
  /// threads may query at once and neither waits for a writer nor keeps one waiting. While there are rows to come it
  /// holds on to the file as it was, and the file's -wal grows with what is committed meanwhile. Rows from memory (a
  /// store in memory, a scope without a name) are all read before this returns. `close` ends the queries that still
  /// have rows to come.
  ///
  /// Throws Error where the statement would do anything but read (write, ATTACH, BEGIN, set a PRAGMA), where there are
  /// several statements, more or fewer arguments than `?`s, or an open batch on what is in memory; StorageError, with
  /// SQLite's words and the SQL, where SQLite refuses it; CorruptStore.
  template <class... Arguments>
  QueryRows query(std::string_view sql, const Arguments&... arguments) const {
    return run_query(sql, {QueryArgument(arguments)...});
  }

  // ---- Transactions ----------------------------------------------------------------------------------

  /// Writes every leaf of the active scope that changed in place since it was read or written, in one transaction,
  /// and returns the file's revision. Writes nothing where nothing changed (and neither step nor message is given).
  /// Throws StaleParam where another process has changed such a parameter, StoreBusy; then nothing is written and
  /// everything is still pending. No other thread may change a leaf's contents meanwhile.
  Revision commit(const CommitOptions& options = {});

  /// Begins a batch: the changes of this thread until its `commit` are one transaction.
  [[nodiscard]] Batch batch();

  /// Takes in what other connections have committed, into the leaves that are there. One cheap look where that is
  /// nothing. A parameter that was changed in place here and committed elsewhere gets the other's value; one that only
  /// changed here stays pending. Says what it took in since the last refresh; of a parameter that was removed, only
  /// where this store had come across it. If it throws nothing has been taken in.
  RefreshResult refresh();

  /// The revision of the file that this store shows: of its own last commit, or of the last one that it took in. 0
  /// for a new file.
  Revision revision() const;

  /// Commits what is pending in every scope and closes the files. Where a scope cannot be committed the others are all
  /// the same; then throws what the first one's `commit` throws, and is still open. Other calls throw Error afterwards;
  /// tensors stay valid. A second call does nothing.
  void close();

 private:
  friend class Batch;
  explicit ParamStore(std::shared_ptr<StoreCore> core) noexcept;
  StoreCore& core() const;
  QueryRows run_query(std::string_view sql, const std::vector<QueryArgument>& arguments) const;
  std::shared_ptr<StoreCore> core_;
};

}  // namespace paramstore
