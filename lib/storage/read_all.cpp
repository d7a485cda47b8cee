// Loading a whole file. The rows are divided into parts by their ids. Small values are read with their rows. Large
// ones are noted, and read when no part is left. If there is enough work, several threads share it, each with its own
// connection, on the same commit.
#include <sqlite3.h>

#include <algorithm>
#include <exception>
#include <functional>
#include <limits>
#include <thread>
#include <utility>

#include "lib/storage/connection.h"
#include "lib/storage/open_connection.h"
#include "lib/storage/reading.h"
#include "lib/storage/record.h"
#include "lib/storage/sqlite_error.h"
#include "paramstore/error.h"

namespace paramstore::storage {
namespace {

// Reading this much takes about as long as opening another connection.
constexpr std::uint64_t bytes_worth_a_thread = 8 << 20;
constexpr std::uint64_t rows_worth_a_thread = 2048;
constexpr std::uint64_t rows_of_a_part = 512;
constexpr std::uint64_t most_threads = 8;

// The smallest and the largest id of the rows; 0 and -1 if there are no rows.
IdRange ids_in(FileStatements& queries) {
  const StatementUse ids(queries[StatementId::id_range]);
  if (!ids->step() || ids->is_null(0)) return {0, -1};
  const auto possible = [&](int column) { return std::clamp<std::int64_t>(ids->integer(column), 0, max_id); };
  const std::int64_t first = possible(0);
  return {first, std::max(first, possible(1))};
}

// Equal shares of the ids; the first and the last are open-ended.
std::vector<IdRange> divide(const IdRange& ids, std::uint64_t rows, std::uint64_t parts_wanted) {
  constexpr auto first = std::numeric_limits<std::int64_t>::min();
  constexpr auto last = std::numeric_limits<std::int64_t>::max();
  const auto count = static_cast<std::int64_t>(std::clamp<std::uint64_t>(rows / rows_of_a_part, 1, parts_wanted));
  if (count == 1) return {{first, last}};
  const std::int64_t lowest = ids.first;
  const std::int64_t share = std::max<std::int64_t>((ids.last - lowest) / count, 1);
  std::vector<IdRange> parts;
  for (std::int64_t part = 0; part < count; ++part) {
    const std::int64_t begin = lowest + part * share;
    parts.push_back({part == 0 ? first : begin, part + 1 == count ? last : begin + share - 1});
  }
  return parts;
}

// Helps to read if it sees the same commit. If not, or if no other connection can be opened, it leaves all the work to
// the first thread.
void help(Reading& reading, const std::string& uri, const std::string& path, Revision revision) {
  const std::string alias = "main";
  std::unique_ptr<SQLite::Database> database;
  std::optional<FileStatements> statements;
  try {
    database = open_connection(uri, path, {});
    statements.emplace(database->getHandle(), alias, path);
    execute(*database, "BEGIN", path, "begin a transaction");
    const StatementUse newest((*statements)[StatementId::revision]);
    if (!newest->step() || newest->integer(0) != revision) return;
  } catch (const std::exception&) {
    return;
  }
  reading.work({database->getHandle(), path, alias, *statements});
}

std::vector<std::uint64_t> read_in_parts(StoreFile& file, const PartReceiver& receive, std::size_t parts_wanted) {
  const ReadTransaction snapshot(file);
  auto& impl = Internals::impl(file);
  FileStatements& queries = impl.ready();
  sqlite3* const handle = impl.connection->handle();
  // The most rows that their ids and the file's size allow: counting them would read every page of a file of small
  // values.
  const IdRange ids = ids_in(queries);
  const std::uint64_t rows =
      std::min(static_cast<std::uint64_t>(ids.last - ids.first) + 1, file_size(queries) / least_row_size);
  Reading reading(divide(ids, rows, parts_wanted), rows, receive, !impl.immutable);

  std::vector<std::thread> helpers;
  const bool own_changes = sqlite3_txn_state(handle, impl.alias.c_str()) == SQLITE_TXN_WRITE;
  if (rows > 1 && !impl.in_memory() && !impl.immutable && !own_changes) {
    const std::uint64_t worth =
        std::max(rows / rows_worth_a_thread, std::min(rows, file_size(queries) / bytes_worth_a_thread));
    const std::uint64_t processors = std::max(1U, std::thread::hardware_concurrency());
    const std::uint64_t wanted = std::min({most_threads, processors, worth});
    const std::string uri = file_uri(impl.resolved, OpenMode::read_only, impl.connection->options().vfs);
    const Revision newest = file.revision();
    try {
      while (helpers.size() + 1 < wanted)
        helpers.emplace_back(help, std::ref(reading), uri, std::cref(impl.path), newest);
    } catch (const std::exception&) {
      // No more threads, or no memory for them; this one and those already started are enough, and must be joined.
    }
  }
  reading.work({handle, impl.path, impl.alias, queries});
  for (std::thread& helper : helpers) helper.join();
  try {
    return reading.finish();
  } catch (const CorruptStore&) {
    impl.refuse_outdated();
    throw;
  }
}

}  // namespace

std::vector<std::uint64_t> read_parts(StoreFile& file, const PartReceiver& receive) {
  return read_in_parts(file, receive, most_parts);
}

std::vector<LoadedRecord> StoreFile::read_all(const std::function<void*(const ParamRecord&)>& allocate) {
  std::vector<LoadedRecord> rows;
  const auto checksums = read_in_parts(
      *this,
      [&](ParamRecord&& record, std::size_t) {
        void* const destination = allocate(record);
        rows.push_back({std::move(record), 0});
        return destination;
      },
      1);
  for (std::size_t i = 0; i < rows.size(); ++i) rows[i].checksum = checksums[i];
  return rows;
}

}  // namespace paramstore::storage
