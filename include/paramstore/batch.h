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

/// While it is open, every change that its thread makes to the store belongs to it, and the store's reads see these
/// changes. A change that throws is undone alone; the batch goes on. Destroyed without `commit`, it undoes all of
/// them, in the file, the cache and the leaves.
///
/// It changes the scope that was active when it was made; a change to another scope throws Error. It holds the file's
/// write lock: other threads and processes wait with their changes. One at a time a thread; to be ended on the thread
/// that made it, before the store is moved or ends.
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
  /// message are the commit's; where none is given here, those that a `commit` of the store inside the batch was given
  /// last. `conflict` has no say: nobody else can have changed what the batch has written.
  Revision commit(const CommitOptions& options = {});

 private:
  friend class ParamStore;
  explicit Batch(ParamStore& store) noexcept;
  ParamStore& store() const;
  ParamStore* store_;  // null once ended
};

}  // namespace paramstore
