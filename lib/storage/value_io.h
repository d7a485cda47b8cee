// Reads and writes the values of rows: each byte is copied once, and hashed while it is in the processor's cache.
#pragma once

#include <cstdint>
#include <string>

#include "lib/storage/checksum.h"
#include "lib/storage/file_statements.h"
#include "paramstore/storage/param_record.h"

struct sqlite3;

namespace paramstore::storage {

/// Where a file's values are read and written: a connection, and the file's schema name on it.
struct ValuePlace {
  sqlite3* handle;
  const std::string& path;
  const std::string& alias;
  FileStatements& statements;
};

/// Reads the value of row `id`, `size` bytes in the row itself, and returns its checksum.
std::uint64_t read_whole(const ValuePlace& place, std::int64_t id, void* destination, std::uint64_t size);

/// The same for a value in chunks.
std::uint64_t read_chunked(const ValuePlace& place, std::int64_t id, void* destination, std::uint64_t size);

/// Copies a value that is in memory and returns its checksum.
std::uint64_t copy_value(ValueBytes value, void* destination) noexcept;

/// Where the pages of a written value stay until the commit: see Blob::send_to_log.
enum class Pages { stay_in_memory, go_to_log };

/// Fills the value of row `id`, which already has this size.
void write_whole(const ValuePlace& place, std::int64_t id, ValueBytes value, Pages pages);

/// Fills the chunks of row `id`, however they divide the value. Returns false, and writes nothing, if their total size
/// is not this size.
bool overwrite_chunked(const ValuePlace& place, std::int64_t id, ValueBytes value, Pages pages);

/// Adds chunks to row `id`, which has none.
void insert_chunked(const ValuePlace& place, std::int64_t id, ValueBytes value, std::size_t chunk_size);

}  // namespace paramstore::storage
