// A running query: its own read-only SQLite connection, and one statement.
#pragma once

#include <atomic>
#include <chrono>
#include <deque>
#include <memory>
#include <mutex>
#include <string>
#include <string_view>
#include <vector>

#include "paramstore/query.h"

struct sqlite3;
struct sqlite3_stmt;

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
  std::shared_ptr<const QueryRow> next();

  /// Reads all rows now, and closes the files.
  void collect();

  /// From now on `next` throws Error, including a running call.
  void interrupt() noexcept { stop(Stop::interrupted); }

  /// The same, and closes the files, because the store closes.
  void close() noexcept;

  /// For messages.
  const std::string& path() const noexcept { return path_; }
  std::string shown_sql() const;

 private:
  enum class Stop { no, interrupted, closed };
  struct Closer {
    void operator()(sqlite3* handle) const noexcept;
  };
  struct Finalizer {
    void operator()(sqlite3_stmt* statement) const noexcept;
  };
  using Statement = std::unique_ptr<sqlite3_stmt, Finalizer>;

  void open(const std::vector<VisibleFile>& files, std::chrono::milliseconds busy_timeout);
  void prepare();
  void bind();
  Statement prepare_one(const char* sql, const char** rest);
  void execute(const std::string& sql);
  std::shared_ptr<const QueryRow> step();
  QueryValue value(int column);
  void stop(Stop why) noexcept;
  void let_go() noexcept;
  void check(int code);
  [[noreturn]] void refuse() const;

  static int authorize(void* state, int action, const char* first, const char* second, const char* schema,
                       const char* trigger) noexcept;
  static int look_whether_stopped(void* state) noexcept;

  const std::string path_;
  const std::string sql_;
  const std::vector<QueryArgument> arguments_;  // bound, not copied, by the statement
  std::atomic<Stop> stop_{Stop::no};

  std::mutex mutex_;  // of what follows
  std::unique_ptr<sqlite3, Closer> handle_;
  Statement statement_;
  std::shared_ptr<const QueryRow::Names> names_;
  std::deque<std::shared_ptr<const QueryRow>> collected_;
  bool refused_ = false;  // the statement asked for more than reading
};

}  // namespace paramstore
