#include "lib/storage/blob.h"

#include <sqlite3.h>

#include "lib/storage/sqlite_error.h"

namespace paramstore::storage {

void Blob::Closer::operator()(sqlite3_blob* blob) const noexcept { sqlite3_blob_close(blob); }

Blob::Blob(sqlite3* handle, const std::string& path, const std::string& alias, const char* table, std::int64_t row,
           BlobAccess access)
    : handle_(handle), path_(&path) {
  sqlite3_blob* blob = nullptr;
  const int code =
      sqlite3_blob_open(handle, alias.c_str(), table, "value", row, access == BlobAccess::write ? 1 : 0, &blob);
  blob_.reset(blob);
  check_sqlite(handle, code, path, "open a value");
}

std::size_t Blob::size() const noexcept { return static_cast<std::size_t>(sqlite3_blob_bytes(blob_.get())); }

void Blob::read(void* destination, std::size_t size, std::size_t offset) {
  const int code = sqlite3_blob_read(blob_.get(), destination, static_cast<int>(size), static_cast<int>(offset));
  check_sqlite(handle_, code, *path_, "read a value");
}

void Blob::write(const void* source, std::size_t size, std::size_t offset) {
  const int code = sqlite3_blob_write(blob_.get(), source, static_cast<int>(size), static_cast<int>(offset));
  check_sqlite(handle_, code, *path_, "write a value");
}

void Blob::send_to_log() {
  const int code = sqlite3_db_cacheflush(handle_);
  // SQLite sets no message here. If it lacks a lock (BUSY), the commit writes the pages.
  if (code != SQLITE_OK && code != SQLITE_BUSY) throw_sqlite_error(nullptr, code, *path_, "write a value");
}

void Blob::close() { check_sqlite(handle_, sqlite3_blob_close(blob_.release()), *path_, "write a value"); }

}  // namespace paramstore::storage
