#include "lib/storage/value_io.h"

#include <sqlite3.h>

#include <algorithm>
#include <cstring>
#include <vector>

#include "lib/storage/blob.h"
#include "lib/text/utf8.h"
#include "paramstore/error.h"

namespace paramstore::storage {
namespace {

// Small enough to stay in the second-level cache between reading and hashing, large enough that calls cost little.
constexpr std::size_t piece_size = 256 * 1024;

struct Chunk {
  std::int64_t id;
  std::uint64_t size;
};

[[noreturn]] void fail(const ValuePlace& place, std::int64_t id, const std::string& what) {
  std::string name;
  {
    const StatementUse row(place.statements[StatementId::find_by_id]);
    row->bind(1, id);
    if (row->step()) name = row->text(1);
  }
  throw CorruptStore(place.path + ": the parameter " + in_quotes(name) + ": its value " + what);
}

void read_blob(const ValuePlace& place, const char* table, std::int64_t id, char* destination, std::uint64_t size,
               Hasher& hasher) {
  Blob blob(place.handle, place.path, place.alias, table, id, BlobAccess::read);
  if (blob.size() != size) fail(place, id, "does not have the length that its row says");
  for (std::size_t offset = 0; offset < size;) {
    const std::size_t count = std::min<std::size_t>(piece_size, size - offset);
    blob.read(destination + offset, count, offset);
    hasher.update(destination + offset, count);
    offset += count;
  }
}

void write_blob(const ValuePlace& place, const char* table, std::int64_t id, const char* source, std::uint64_t size,
                Pages pages) {
  Blob blob(place.handle, place.path, place.alias, table, id, BlobAccess::write);
  blob.write(source, size, 0);
  if (pages == Pages::go_to_log) blob.send_to_log();
  blob.close();
}

std::vector<Chunk> chunks_of(const ValuePlace& place, std::int64_t id) {
  std::vector<Chunk> result;
  StatementUse chunks(place.statements[StatementId::chunks]);
  chunks->bind(1, id);
  while (chunks->step()) {
    if (chunks->integer(1) != static_cast<std::int64_t>(result.size())) {
      fail(place, id, "lacks the chunk " + std::to_string(result.size()));
    }
    if (chunks->integer(2) < 0) fail(place, id, "has a chunk that is not a blob: the file is damaged");
    result.push_back({chunks->integer(0), static_cast<std::uint64_t>(chunks->integer(2))});
  }
  return result;
}

std::uint64_t sum_of(const std::vector<Chunk>& chunks) {
  std::uint64_t sum = 0;
  for (const Chunk& chunk : chunks) sum += chunk.size;
  return sum;
}

}  // namespace

std::uint64_t read_whole(const ValuePlace& place, std::int64_t id, void* destination, std::uint64_t size) {
  Hasher hasher;
  read_blob(place, "params", id, static_cast<char*>(destination), size, hasher);
  return hasher.digest();
}

std::uint64_t read_chunked(const ValuePlace& place, std::int64_t id, void* destination, std::uint64_t size) {
  const std::vector<Chunk> chunks = chunks_of(place, id);
  if (sum_of(chunks) != size) {
    fail(
        place, id,
        "has " + std::to_string(sum_of(chunks)) + " bytes in its chunks; shape and dtype make " + std::to_string(size));
  }
  Hasher hasher;
  char* next = static_cast<char*>(destination);
  for (const Chunk& chunk : chunks) {
    read_blob(place, "chunks", chunk.id, next, chunk.size, hasher);
    next += chunk.size;
  }
  return hasher.digest();
}

std::uint64_t copy_value(ValueBytes value, void* destination) noexcept {
  if (value.size != 0) std::memcpy(destination, value.data, value.size);
  return value_checksum({destination, value.size});
}

void write_whole(const ValuePlace& place, std::int64_t id, ValueBytes value, Pages pages) {
  write_blob(place, "params", id, static_cast<const char*>(value.data), value.size, pages);
}

bool overwrite_chunked(const ValuePlace& place, std::int64_t id, ValueBytes value, Pages pages) {
  const std::vector<Chunk> chunks = chunks_of(place, id);
  if (sum_of(chunks) != value.size) return false;
  const char* next = static_cast<const char*>(value.data);
  for (const Chunk& chunk : chunks) {
    write_blob(place, "chunks", chunk.id, next, chunk.size, pages);
    next += chunk.size;
  }
  return true;
}

void insert_chunked(const ValuePlace& place, std::int64_t id, ValueBytes value, std::size_t chunk_size) {
  const char* data = static_cast<const char*>(value.data);
  std::int64_t sequence = 0;
  for (std::size_t offset = 0; offset < value.size; offset += chunk_size, ++sequence) {
    const std::size_t size = std::min(chunk_size, value.size - offset);
    {
      StatementUse insert(place.statements[StatementId::insert_chunk]);
      insert->bind(1, id).bind(2, sequence).bind_zeros(3, size);
      insert->step();
    }
    write_blob(place, "chunks", sqlite3_last_insert_rowid(place.handle), data + offset, size, Pages::stay_in_memory);
  }
}

}  // namespace paramstore::storage
