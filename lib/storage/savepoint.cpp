#include "paramstore/storage/savepoint.h"

#include <sqlite3.h>

#include "connection.h"
#include "statement.h"

namespace paramstore::storage {

Savepoint::Savepoint(WriteTransaction& transaction) : transaction_(transaction) {
  StoreFile& file = transaction_.file();
  execute(file.impl_->connection->handle(), "SAVEPOINT part", file.path(), "begin a part of a transaction");
}

Savepoint::~Savepoint() {
  if (!open_) return;
  // After some errors (a full disk) SQLite has rolled back the whole transaction, and with it the savepoint; its commit then fails.
  sqlite3* handle = transaction_.file().impl_->connection->handle();
  if (sqlite3_get_autocommit(handle) == 0) sqlite3_exec(handle, "ROLLBACK TO part; RELEASE part", nullptr, nullptr, nullptr);
}

void Savepoint::release() {
  StoreFile& file = transaction_.file();
  execute(file.impl_->connection->handle(), "RELEASE part", file.path(), "end a part of a transaction");
  open_ = false;
}

}  // namespace paramstore::storage
