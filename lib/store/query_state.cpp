#include "lib/store/query_state.h"

#include <SQLiteCpp/Column.h>

#include <algorithm>
#include <iterator>
#include <new>
#include <utility>

#include "lib/sql/functions.h"
#include "lib/sql/sqlite_api.h"
#include "lib/storage/bind_in_place.h"
#include "lib/storage/first_statement.h"
#include "lib/storage/location.h"
#include "lib/storage/open_connection.h"
#include "lib/storage/sqlite_error.h"
#include "lib/text/sql_identifier.h"

namespace paramstore {
namespace {

// PRAGMAs that only report: those allowed without a value, and those whose value names a subject.
constexpr std::string_view pragmas_without_value[] = {
    "application_id", "collation_list", "compile_options", "data_version", "database_list", "encoding",
    "freelist_count", "function_list",  "journal_mode",    "module_list",  "page_count",    "page_size",
    "pragma_list",    "schema_version", "table_list",      "user_version"};
constexpr std::string_view pragmas_about[] = {"index_info",  "index_list", "index_xinfo", "integrity_check",
                                              "quick_check", "table_info", "table_list",  "table_xinfo"};

template <std::size_t count>
bool holds(const std::string_view (&list)[count], const char* name) {
  const auto same = [name](std::string_view each) { return sqlite3_stricmp(name, each.data()) == 0; };
  return std::any_of(std::begin(list), std::end(list), same);
}

bool only_reads(int action, const char* first, const char* second) {
  switch (action) {
    case SQLITE_SELECT:
    case SQLITE_READ:
    case SQLITE_FUNCTION:
    case SQLITE_RECURSIVE:
      return true;
    case SQLITE_PRAGMA:
      return second == nullptr ? holds(pragmas_without_value, first) || holds(pragmas_about, first)
                               : holds(pragmas_about, first);
    case SQLITE_UPDATE:
      // SQLite requests this when it connects to a table-valued function. A real UPDATE is refused by the other
      // safeguards against writing.
      return sqlite3_stricmp(first, "sqlite_master") == 0;
    default:
      return false;
  }
}

constexpr int steps_between_looks = 5000;  // of SQLite's virtual machine: some ten microseconds
constexpr std::size_t most_sql_shown = 1000;

}  // namespace

QueryState::QueryState(std::string path, std::string_view sql, const std::vector<VisibleFile>& files,
                       std::chrono::milliseconds busy_timeout, std::vector<QueryArgument> arguments)
    : path_(std::move(path)), sql_(sql), arguments_(std::move(arguments)) {
  try {
    open(files, busy_timeout);
    prepare();
    bind();
  } catch (const SQLite::Exception& error) {
    fail(error);
  }
}

QueryState::~QueryState() = default;

void QueryState::open(const std::vector<VisibleFile>& files, std::chrono::milliseconds busy_timeout) {
  storage::ConnectionOptions options;
  options.sql = storage::SqlOf::person;
  options.read_only = true;
  options.busy_timeout = std::max(busy_timeout, storage::least_opening_timeout);
  database_ = storage::open_connection(files.front().uri, path_, options);
  database_->check(register_sql_functions(database_->getHandle()));
  database_->check(create_sql_views(database_->getHandle()));
  for (auto file = files.begin() + 1; file != files.end(); ++file) {
    SQLite::Statement attach(*database_, "ATTACH ?1 AS " + sql_identifier(file->schema));
    attach.bind(1, file->uri);
    attach.exec();
  }
  database_->exec("PRAGMA query_only = ON; BEGIN");
  // A transaction takes its snapshot of a file at the first read.
  for (const VisibleFile& file : files) {
    database_->exec("SELECT 1 FROM " + sql_identifier(file.schema) + ".params LIMIT 1");
  }
  // SQLiteCpp has neither of these two.
  sqlite3_progress_handler(database_->getHandle(), steps_between_looks, look_whether_stopped, this);
  database_->check(sqlite3_set_authorizer(database_->getHandle(), authorize, this));
}

void QueryState::prepare() {
  if (sql_.find('\0') != std::string::npos) throw Error(path_ + ": the query's SQL contains a NUL: " + shown_sql());
  const storage::FirstStatement first = storage::first_statement(*database_, sql_.c_str());
  if (!first.exists) throw Error(path_ + ": the query has no SQL in it: " + shown_sql());
  if (!first.only_reads) refuse();
  refuse_second_statement(first.end);
  statement_.emplace(*database_, std::string(sql_.c_str(), first.end));
  auto names = std::make_shared<QueryRow::Names>();
  for (int i = 0; i < statement_->getColumnCount(); ++i) {
    const char* name = statement_->getColumnName(i);
    if (name == nullptr) throw std::bad_alloc();
    names->emplace_back(name);
  }
  names_ = std::move(names);
}

// Comments may follow a statement. A second one is refused, whatever it does and even if it is invalid.
void QueryState::refuse_second_statement(const char* rest) const {
  const SQLite::Database& database = *database_;
  const auto holds_statement = [&] {
    try {
      const storage::FirstStatement next = storage::first_statement(database, rest);
      rest = next.end;
      return next.exists;
    } catch (const SQLite::Exception&) {
      return true;
    }
  };
  while (*rest != '\0') {
    if (holds_statement()) throw Error(path_ + ": a query must be one statement, found several: " + shown_sql());
  }
}

void QueryState::bind() {
  const auto wanted = static_cast<std::size_t>(statement_->getBindParameterCount());
  if (wanted != arguments_.size()) {
    throw Error(path_ + ": the query has " + std::to_string(wanted) + " places for arguments (?), but " +
                std::to_string(arguments_.size()) + " were given: " + shown_sql());
  }
  for (std::size_t i = 0; i < arguments_.size(); ++i) bind(static_cast<int>(i) + 1, arguments_[i].value());
}

void QueryState::bind(int place, const QueryValue& argument) {
  if (const auto* integer = std::get_if<std::int64_t>(&argument)) {
    statement_->bind(place, *integer);
  } else if (const auto* real = std::get_if<double>(&argument)) {
    statement_->bind(place, *real);
  } else if (const auto* text = std::get_if<std::string>(&argument)) {
    storage::bind_in_place(*statement_, place, *text);
  } else if (const auto* blob = std::get_if<std::vector<std::byte>>(&argument)) {
    storage::bind_in_place(*statement_, place, storage::ValueBytes{blob->data(), blob->size()});
  }
}

std::shared_ptr<const QueryRow> QueryState::next() {
  const MutexLock lock(mutex_);
  if (stop_ != Stop::no) {
    let_go();
    collected_.clear();
    throw_if_stopped();
  }
  if (!collected_.empty()) {
    auto row = std::move(collected_.front());
    collected_.pop_front();
    return row;
  }
  return step();
}

void QueryState::collect() {
  const MutexLock lock(mutex_);
  while (auto row = step()) collected_.push_back(std::move(row));
}

std::shared_ptr<const QueryRow> QueryState::step() {
  if (!statement_) return nullptr;
  try {
    if (!statement_->executeStep()) {
      let_go();
      return nullptr;
    }
    std::vector<QueryValue> values;
    values.reserve(names_->size());
    for (std::size_t i = 0; i < names_->size(); ++i) values.push_back(value(static_cast<int>(i)));
    return std::shared_ptr<const QueryRow>(new QueryRow(names_, std::move(values)));
  } catch (const SQLite::Exception& error) {
    let_go();
    fail(error);
  } catch (...) {
    let_go();
    throw;
  }
}

QueryValue QueryState::value(int column) {
  const SQLite::Column value = statement_->getColumn(column);
  switch (value.getType()) {
    case SQLITE_INTEGER:
      return value.getInt64();
    case SQLITE_FLOAT:
      return value.getDouble();
    case SQLITE_TEXT: {
      const char* const text = value.getText(nullptr);
      if (text == nullptr) throw std::bad_alloc();
      return std::string(text, static_cast<std::size_t>(value.getBytes()));
    }
    case SQLITE_BLOB: {
      const auto* const bytes = static_cast<const std::byte*>(value.getBlob());
      const auto size = static_cast<std::size_t>(value.getBytes());
      if (bytes == nullptr && database_->getErrorCode() == SQLITE_NOMEM) throw std::bad_alloc();
      return bytes == nullptr ? std::vector<std::byte>() : std::vector<std::byte>(bytes, bytes + size);
    }
    default:
      return std::monostate();
  }
}

void QueryState::stop(Stop why) noexcept {
  Stop before = Stop::no;
  stop_.compare_exchange_strong(before, why);
}

void QueryState::close() noexcept {
  stop(Stop::closed);
  const MutexLock lock(mutex_);  // waits for the running call, which ends soon
  let_go();
}

void QueryState::let_go() noexcept {
  statement_.reset();
  database_.reset();
}

std::string QueryState::shown_sql() const {
  if (sql_.size() <= most_sql_shown) return sql_;
  std::size_t end = most_sql_shown;
  while (end > 0 && (static_cast<unsigned char>(sql_[end]) & 0xc0) == 0x80) --end;  // not in the middle of a character
  return sql_.substr(0, end) + "...";
}

void QueryState::refuse() const {
  throw Error(
      path_ +
      ": the query would do more than read, and query() only reads; change the store with its own functions, or "
      "with a connection of your own: " +
      shown_sql());
}

void QueryState::throw_if_stopped() const {
  if (stop_ == Stop::closed) {
    throw Error(path_ + ": the store was closed before all rows of a query were read; read them first: " + shown_sql());
  }
  if (stop_ == Stop::interrupted) throw Error(path_ + ": the query was interrupted: " + shown_sql());
}

void QueryState::fail(const SQLite::Exception& error) const {
  throw_if_stopped();
  if (refused_) refuse();
  storage::throw_sqlite_error(database_ ? database_->getHandle() : nullptr, error, path_,
                              "run the query " + shown_sql());
}

int QueryState::authorize(void* state, int action, const char* first, const char* second, const char*,
                          const char*) noexcept {
  if (only_reads(action, first, second)) return SQLITE_OK;
  static_cast<QueryState*>(state)->refused_ = true;
  return SQLITE_DENY;
}

int QueryState::look_whether_stopped(void* state) noexcept {
  return static_cast<const QueryState*>(state)->stop_ == Stop::no ? 0 : 1;
}

}  // namespace paramstore
