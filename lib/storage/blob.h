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
  /// Writes the changed pages to the write-ahead log now, while they are still in the processor's cache; at the commit
  /// they no longer would be. The page with the row itself stays: it may hold later rows too, and writing a page twice
  /// makes SQLite go again through all it has written since. Only for overwriting rows of a file in WAL mode.
  void send_to_log();
  /// Ends the access, and throws any error that SQLite reports only then.
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
