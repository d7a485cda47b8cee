#include "paramstore/storage/savepoint.h"

#include <sqlite3.h>

#include "lib/storage/connection.h"
#include "lib/storage/sqlite_error.h"
#include "paramstore/error.h"

namespace paramstore::storage {

Savepoint::Savepoint(WriteTransaction& transaction) : transaction_(transaction) {
  StoreFile& file = transaction_.file();
  if (transaction_.finished_ || transaction_.broken_)
    throw Error(file.path() + ": this transaction is over, or one of its changes failed");
  execute(file.impl_->connection->database(), "SAVEPOINT part", file.path(), "begin a part of a transaction");
  ++transaction_.savepoints_;
}

Savepoint::~Savepoint() {
  if (!open_) return;
  --transaction_.savepoints_;
  StoreFile& file = transaction_.file();
  // After some errors (a full disk) SQLite has rolled back the whole transaction, and with it the savepoint;
  // its commit then fails.
  if (transaction_.finished_ || file.impl_->connection == nullptr || !file.impl_->connection->in_transaction()) return;
  // Not SQLite::Savepoint, whose destructor hides a failure.
  const int code = file.impl_->connection->database().tryExec("ROLLBACK TO part; RELEASE part");
  transaction_.broken_ = code != SQLITE_OK;  // the rollback undid any partial change
}

void Savepoint::release() {
  StoreFile& file = transaction_.file();
  execute(file.impl_->connection->database(), "RELEASE part", file.path(), "end a part of a transaction");
  open_ = false;
  --transaction_.savepoints_;
}

}  // namespace paramstore::storage
