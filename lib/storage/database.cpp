#include "paramstore/storage/database.h"

#include <utility>

#include "lib/storage/connection.h"

namespace paramstore::storage {

Database::Database(const std::filesystem::path& path, const OpenOptions& options)
    : connection_(std::make_unique<Connection>(path, InternalOptions(options))) {}

Database::Database(std::unique_ptr<Connection> connection) : connection_(std::move(connection)) {}

Database::~Database() {
  if (connection_ && !connection_->is_ours()) connection_.release()->leave();
}

Database::Database(Database&&) noexcept = default;

Database& Database::operator=(Database&& other) noexcept {
  Database closed(std::move(*this));
  connection_ = std::move(other.connection_);
  return *this;
}

Database Database::in_memory(const OpenOptions& options) { return open_in_memory(InternalOptions(options)); }

Database open_database(const std::filesystem::path& path, const InternalOptions& options) {
  return Internals::database(std::make_unique<Connection>(path, options));
}

Database open_in_memory(const InternalOptions& options) {
  return Internals::database(std::make_unique<Connection>(options));
}

StoreFile& Database::main() noexcept { return connection_->main(); }

std::shared_ptr<StoreFile> Database::scope(std::string_view name) { return connection_->scope(name); }

std::shared_ptr<StoreFile> Database::anonymous_scope() { return connection_->anonymous_scope(); }

std::vector<std::string> Database::scope_names() { return connection_->scope_names(); }

bool Database::drop_scope(std::string_view name) { return connection_->drop_scope(name); }

}  // namespace paramstore::storage
