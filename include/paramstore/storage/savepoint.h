// A part of a transaction that can be undone alone.
#pragma once

#include <string>

#include "paramstore/storage/database.h"
#include "paramstore/storage/export.h"

namespace paramstore::storage {

/// Destroyed without `release`, undoes what its transaction did since it was made. Savepoints nest.
class PARAMSTORE_STORAGE_EXPORT Savepoint {
 public:
  explicit Savepoint(WriteTransaction& transaction);
  ~Savepoint();
  Savepoint(const Savepoint&) = delete;
  Savepoint& operator=(const Savepoint&) = delete;

  /// Keeps what was done since, as part of the transaction.
  void release();

 private:
  WriteTransaction& transaction_;
  bool open_ = true;
};

}  // namespace paramstore::storage
