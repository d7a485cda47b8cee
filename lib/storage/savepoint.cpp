#include "paramstore/storage/savepoint.h"

#include "lib/storage/connection.h"
#include "paramstore/error.h"

namespace paramstore::storage {

Savepoint::Savepoint(WriteTransaction& transaction) : transaction_(transaction) {
  StoreFile& file = transaction_.file();
  file.impl_->ready();
  if (transaction_.finished_ || transaction_.broken_)
    throw Error(file.path() + ": this transaction is over, or one of its changes failed");
  file.impl_->connection->begin_part();
  ++transaction_.savepoints_;
}

Savepoint::~Savepoint() {
  if (!open_ || !transaction_.file().impl_->opened_in.is_this()) return;
  --transaction_.savepoints_;
  Connection* const connection = transaction_.file().impl_->connection;
  // After some errors (a full disk) SQLite has rolled back the whole transaction, and with it the savepoint;
  // its commit then fails.
  if (transaction_.finished_ || connection == nullptr || !connection->in_transaction()) return;
  transaction_.broken_ = !connection->undo_part();  // undoing it undid any partial change
}

void Savepoint::release() {
  transaction_.file().impl_->ready();
  transaction_.file().impl_->connection->end_part();
  open_ = false;
  --transaction_.savepoints_;
}

}  // namespace paramstore::storage
