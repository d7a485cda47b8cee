// A running query: its own read-only SQLite connection, and one statement.
#pragma once

#include <SQLiteCpp/Database.h>
#include <SQLiteCpp/Statement.h>

#include <atomic>
#include <chrono>
#include <deque>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/store/mutex.h"
#include "paramstore/query.h"

namespace paramstore {

/// A store file that a query sees, and under which name.
struct VisibleFile {
  std::string schema;
  std::string uri;
};

/// Safe to call from several threads.
class QueryState {
 public:
  /// Opens `files`, the first of which is `main`, begins a snapshot of each, and prepares the statement. Throws what
  /// ParamStore::query throws. `path` is for messages.
  QueryState(std::string path, std::string_view sql, const std::vector<VisibleFile>& files,
             std::chrono::milliseconds busy_timeout, std::vector<QueryArgument> arguments);
  ~QueryState();
  QueryState(const QueryState&) = delete;
  QueryState& operator=(const QueryState&) = delete;

  /// The next row; null at the end. At the end, and after an error, it has closed the files.
  std::shared_ptr<const QueryRow> next() PARAMSTORE_EXCLUDES(mutex_);

  /// Reads all rows now, and closes the files.
  void collect() PARAMSTORE_EXCLUDES(mutex_);

  /// From now on `next` throws Error, including a running call.
  void interrupt() noexcept { stop(Stop::interrupted); }

  /// The same, and closes the files, because the store closes.
  void close() noexcept PARAMSTORE_EXCLUDES(mutex_);

  /// For messages.
  const std::string& path() const noexcept { return path_; }
  std::string shown_sql() const;

 private:
  enum class Stop { no, interrupted, closed };
  void open(const std::vector<VisibleFile>& files, std::chrono::milliseconds busy_timeout) PARAMSTORE_REQUIRES(mutex_);
  void prepare() PARAMSTORE_REQUIRES(mutex_);
  void refuse_second_statement(const char* rest) const PARAMSTORE_REQUIRES(mutex_);
  void bind() PARAMSTORE_REQUIRES(mutex_);
  void bind(int place, const QueryValue& argument) PARAMSTORE_REQUIRES(mutex_);
  std::shared_ptr<const QueryRow> step() PARAMSTORE_REQUIRES(mutex_);
  QueryValue value(int column) PARAMSTORE_REQUIRES(mutex_);
  void stop(Stop why) noexcept;
  void let_go() noexcept PARAMSTORE_REQUIRES(mutex_);
  void throw_if_stopped() const;
  [[noreturn]] void fail(const SQLite::Exception& error) const PARAMSTORE_REQUIRES(mutex_);
  [[noreturn]] void refuse() const;

  static int authorize(void* state, int action, const char* first, const char* second, const char* schema,
                       const char* trigger) noexcept;
  static int look_whether_stopped(void* state) noexcept;

  const std::string path_;
  const std::string sql_;
  const std::vector<QueryArgument> arguments_;  // bound, not copied, by the statement
  std::atomic<Stop> stop_{Stop::no};

  Mutex mutex_;
  std::unique_ptr<SQLite::Database> database_ PARAMSTORE_GUARDED_BY(mutex_);
  std::optional<SQLite::Statement> statement_ PARAMSTORE_GUARDED_BY(mutex_);
  std::shared_ptr<const QueryRow::Names> names_ PARAMSTORE_GUARDED_BY(mutex_);
  std::deque<std::shared_ptr<const QueryRow>> collected_ PARAMSTORE_GUARDED_BY(mutex_);
  // The statement asked for more than reading. SQLite says so while it prepares it, in the thread that has the mutex.
  bool refused_ = false;
};

}  // namespace paramstore
