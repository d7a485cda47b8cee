// Several changes in one transaction.
//
//   auto batch = store.batch();
//   store.set("loc", loc);             // or batch.set(...): the same
//   store.set("scale", scale);
//   batch.commit();                    // both, or none
#pragma once

#include <optional>
#include <string_view>

#include "paramstore/constraint.h"
#include "paramstore/export.h"
#include "paramstore/initial_value.h"
#include "paramstore/param.h"
#include "paramstore/storage/param_record.h"
#include "paramstore/store_options.h"

namespace paramstore {

class ParamStore;

/// While it is open, every change that its thread makes to the store is part of it, and the store's reads see these
/// changes. If a change throws, only that change is undone; the batch continues. (If an error such as a full disk ends
/// the transaction, every later change and `commit` throw: drop the batch.) Destroyed without `commit`, the batch undoes
/// all of them, in the file, the cache and the leaves.
///
/// It changes the scope that was active when it began; a change to another scope throws Error. It holds the file's
/// write lock: writes from other threads and processes wait. Other threads of this store also wait if they ask for a
/// parameter that the batch has changed, or for anything that is not in memory; so user code that the batch runs (an
/// initialiser, a registered constraint) must not wait for a thread that does. A leaf that such a thread already has
/// shows the batch's contents at once. At most one per thread. End it on the thread that began it, before the store is
/// moved or destroyed.
class PARAMSTORE_EXPORT Batch {
 public:
  Batch(Batch&&) noexcept;
  Batch& operator=(Batch&&) = delete;
  Batch(const Batch&) = delete;
  Batch& operator=(const Batch&) = delete;
  ~Batch();

  /// As ParamStore's.
  void set(std::string_view name, const at::Tensor& constrained_value);
  Param setdefault(std::string_view name, const InitialValue& init,
                   const std::optional<Constraint>& constraint = std::nullopt);
  bool erase(std::string_view name);

  /// Writes everything and ends the batch. Returns the file's revision. If it throws, everything is undone. Step and
  /// message default to those of the last `commit` of the store inside the batch. `conflict` is ignored: nobody else
  /// can have changed what the batch has written.
  Revision commit(const CommitOptions& options = {});

 private:
  friend class ParamStore;
  explicit Batch(ParamStore& store) noexcept;
  ParamStore& store() const;
  ParamStore* store_;  // null once ended
};

}  // namespace paramstore
