// A value in the file, opened for reading or writing piece by piece (SQLite's incremental blob I/O).
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>

struct sqlite3;
struct sqlite3_blob;

namespace paramstore::storage {

enum class BlobAccess { read, write };

class Blob {
 public:
  /// Column `value` of row `row` of `table` in the schema `alias`. `path` is for messages and must outlive the blob.
  Blob(sqlite3* handle, const std::string& path, const std::string& alias, const char* table, std::int64_t row,
       BlobAccess access);

  std::size_t size() const noexcept;
  void read(void* destination, std::size_t size, std::size_t offset);
  void write(const void* source, std::size_t size, std::size_t offset);
  /// Writes the pages that were changed to the write-ahead log before the commit does, which would find them gone from the
  /// processor's cache: 100 x 1 MiB are committed in 120 ms so, otherwise in 143. The page that the row itself is in stays:
  /// rows after it may be in it too, and to write a page twice makes SQLite go through all that it wrote since again. For
  /// rows that are only overwritten, of a file in WAL mode.
  void send_to_log();
  /// Ends the access; errors that SQLite kept for the end are thrown here.
  void close();

 private:
  struct Closer {
    void operator()(sqlite3_blob* blob) const noexcept;
  };
  sqlite3* handle_;
  const std::string* path_;
  std::unique_ptr<sqlite3_blob, Closer> blob_;
};

}  // namespace paramstore::storage
