#include "lib/storage/connection.h"

namespace paramstore::storage {

ReadTransaction::ReadTransaction(StoreFile& file) : file_(file) {
  file.impl_->ready();  // attaches the file, which is impossible later
  Connection& connection = *file.impl_->connection;
  if (connection.in_transaction()) return;
  connection.begin();
  owns_ = true;
}

ReadTransaction::~ReadTransaction() {
  // The connection may be closed already, and the transaction with it, or be the parent's of this process. Nothing was
  // written, so rolling back loses nothing.
  if (owns_ && file_.impl_->opened_in.is_this() && file_.impl_->connection != nullptr)
    file_.impl_->connection->roll_back();
}

}  // namespace paramstore::storage
