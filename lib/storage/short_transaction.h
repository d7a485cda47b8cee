// A transaction on a connection that serves for nothing else.
#pragma once

#include <SQLiteCpp/Database.h>

namespace paramstore::storage {

/// Destroyed without `commit`, it rolls back; if even that fails, closing the connection does it. Not SQLite::Transaction:
/// if its destructor has no memory to say that ROLLBACK failed, the process ends.
class ShortTransaction {
 public:
  explicit ShortTransaction(SQLite::Database& database) : database_(database) { database_.exec("BEGIN IMMEDIATE"); }
  ~ShortTransaction() {
    if (!committed_) database_.tryExec("ROLLBACK");
  }
  ShortTransaction(const ShortTransaction&) = delete;
  ShortTransaction& operator=(const ShortTransaction&) = delete;

  void commit() {
    database_.exec("COMMIT");
    committed_ = true;
  }

 private:
  SQLite::Database& database_;
  bool committed_ = false;
};

}  // namespace paramstore::storage
