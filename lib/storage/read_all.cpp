// Loading a whole file. Small values come along with their rows. Large ones are noted on the way, and then
// read by several threads, since one cannot keep up with the memory: each with a connection of its own, on
// the same commit.
#include <sqlite3.h>

#include <algorithm>
#include <atomic>
#include <exception>
#include <functional>
#include <mutex>
#include <system_error>
#include <thread>
#include <utility>

#include "connection.h"
#include "paramstore/error.h"
#include "record.h"
#include "value_io.h"

namespace paramstore::storage {
namespace {

// Opening another connection costs about as much as reading this many bytes.
constexpr std::uint64_t worth_a_thread = 8 << 20;
constexpr std::size_t most_threads = 8;

constexpr const char* wrong_checksum = "its value does not have the checksum it was written with: the file is damaged";

struct LargeValue {
  LoadedRecord* loaded;
  void* destination;
  std::uint64_t size;
  bool chunked;
};

// What is still to be read; threads take from it one by one, the largest first.
class Work {
 public:
  explicit Work(std::vector<LargeValue> values) : values_(std::move(values)) {
    std::stable_sort(values_.begin(), values_.end(),
                     [](const LargeValue& a, const LargeValue& b) { return a.size > b.size; });
  }

  void read_from(const ValuePlace& place) {
    try {
      for (;;) {
        const std::size_t next = next_.fetch_add(1);
        if (next >= values_.size()) return;
        const LargeValue& value = values_[next];
        ParamRecord& record = value.loaded->record;
        const std::uint64_t checksum =
            (value.chunked ? read_chunked : read_whole)(place, record.id, value.destination, value.size);
        if (record.checksum && *record.checksum != checksum)
          RecordReader(place.statements, place.path).fail(record.name, wrong_checksum);
        value.loaded->checksum = checksum;
      }
    } catch (...) {
      next_ = values_.size();
      const std::lock_guard<std::mutex> lock(mutex_);
      if (!error_) error_ = std::current_exception();
    }
  }

  void rethrow() const {
    if (error_) std::rethrow_exception(error_);
  }

 private:
  std::vector<LargeValue> values_;
  std::atomic<std::size_t> next_{0};
  std::mutex mutex_;
  std::exception_ptr error_;
};

// Reads through a map of the file, as long as this lives, which saves a copy into SQLite's cache and the memory for it. Not
// for ever: pages read through a map are not kept, and looking up a single row takes five times as long.
class MappedReads {
 public:
  MappedReads(sqlite3* handle, const std::string& alias)
      : handle_(handle), pragma_("PRAGMA " + quote_identifier(alias)) {
    set(2'147'418'112);  // the most that SQLite takes
  }
  ~MappedReads() { set(0); }
  MappedReads(const MappedReads&) = delete;
  MappedReads& operator=(const MappedReads&) = delete;

 private:
  void set(std::int64_t bytes) noexcept {
    // Where this fails, reading goes on as before.
    sqlite3_exec(handle_, (pragma_ + ".mmap_size = " + std::to_string(bytes)).c_str(), nullptr, nullptr, nullptr);
  }

  sqlite3* handle_;
  std::string pragma_;
};

// Helps with the work if it can see the same commit. If not, or if there is no further connection to be had,
// it leaves all of it to the thread that began.
void help(Work& work, const std::string& uri, const std::string& path, Revision revision) {
  const std::string alias = "main";
  std::unique_ptr<SQLite::Database> database;
  std::optional<FileStatements> statements;
  std::optional<MappedReads> mapped;
  try {
    database = open_handle(uri, path, std::chrono::milliseconds(0));
    statements.emplace(database->getHandle(), alias, path);
    mapped.emplace(database->getHandle(), alias);
    execute(database->getHandle(), "BEGIN", path, "begin a transaction");
    const StatementUse newest((*statements)[Query::revision]);
    if (!newest->step() || newest->integer(0) != revision) return;
  } catch (const std::exception&) {
    return;
  }
  work.read_from({database->getHandle(), path, alias, *statements});
}

}  // namespace

std::vector<LoadedRecord> StoreFile::read_all(const std::function<void*(const ParamRecord&)>& allocate) {
  const ReadTransaction snapshot(*this);
  FileStatements& queries = statements();
  sqlite3* const handle = impl_->connection->handle();
  const MappedReads mapped(handle, impl_->alias);
  RecordReader reader(queries, impl_->path);

  std::vector<LoadedRecord> result;
  result.reserve(count());
  std::vector<std::pair<std::size_t, void*>> large;  // index into result, destination
  std::uint64_t large_bytes = 0;
  {
    const StatementUse row(queries[Query::load]);
    while (row->step()) {
      result.push_back({reader.read(*row), 0});
      LoadedRecord& loaded = result.back();
      void* const destination = allocate(loaded.record);
      if (destination == nullptr) continue;
      const std::uint64_t size = *value_size(loaded.record.shape, loaded.record.dtype);
      const ValueBytes value = row->blob(9);
      if (value.size != size) {
        large.emplace_back(result.size() - 1, destination);
        large_bytes += size;
        continue;
      }
      loaded.checksum = copy_value(value, destination);
      if (loaded.record.checksum && *loaded.record.checksum != loaded.checksum)
        reader.fail(loaded.record.name, wrong_checksum);
    }
  }
  if (large.empty()) return result;

  std::vector<LargeValue> values;
  values.reserve(large.size());
  for (const auto& [index, destination] : large) {
    const ParamRecord& record = result[index].record;
    const StatementUse state(queries[Query::state]);
    state->bind(1, record.id);
    const bool chunked = state->step() && state->integer(1) == 0;
    values.push_back({&result[index], destination, *value_size(record.shape, record.dtype), chunked});
  }
  Work work(std::move(values));

  std::vector<std::thread> helpers;
  const bool own_changes = sqlite3_txn_state(handle, impl_->alias.c_str()) == SQLITE_TXN_WRITE;
  if (large_bytes >= worth_a_thread && large.size() > 1 && !impl_->in_memory() && !impl_->immutable && !own_changes) {
    const std::size_t wanted =
        std::min({most_threads, large.size(), std::size_t{std::max(1U, std::thread::hardware_concurrency())}});
    const std::string uri = file_uri(impl_->resolved, OpenMode::read_only, impl_->connection->options().vfs);
    const Revision newest = revision();
    helpers.reserve(wanted);
    try {
      while (helpers.size() + 1 < wanted)
        helpers.emplace_back(help, std::ref(work), uri, std::cref(impl_->path), newest);
    } catch (const std::system_error&) {
      // The system has no more threads; those that began, and this one, do.
    }
  }
  work.read_from({handle, impl_->path, impl_->alias, queries});
  for (std::thread& helper : helpers) helper.join();
  work.rethrow();
  return result;
}

}  // namespace paramstore::storage
