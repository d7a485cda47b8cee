#include "lib/store/query_state.h"

#include <algorithm>
#include <iterator>
#include <new>
#include <utility>

#include "lib/sql/functions.h"
#include "lib/sql/inner_query.h"
#include "lib/sql/sqlite_api.h"
#include "lib/storage/location.h"

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

void QueryState::Closer::operator()(sqlite3* handle) const noexcept { sqlite3_close_v2(handle); }
void QueryState::Finalizer::operator()(sqlite3_stmt* statement) const noexcept { sqlite3_finalize(statement); }

QueryState::QueryState(std::string path, std::string_view sql, const std::vector<VisibleFile>& files,
                       std::chrono::milliseconds busy_timeout, std::vector<QueryArgument> arguments)
    : path_(std::move(path)), sql_(sql), arguments_(std::move(arguments)) {
  open(files, busy_timeout);
  prepare();
  bind();
}

QueryState::~QueryState() = default;

void QueryState::open(const std::vector<VisibleFile>& files, std::chrono::milliseconds busy_timeout) {
  sqlite3* opened = nullptr;
  const int code = sqlite3_open_v2(files.front().uri.c_str(), &opened,
                                   SQLITE_OPEN_READONLY | SQLITE_OPEN_URI | SQLITE_OPEN_NOMUTEX, nullptr);
  handle_.reset(opened);
  check(code);
  sqlite3_extended_result_codes(opened, 1);
  busy_timeout = std::max(busy_timeout, storage::least_opening_timeout);
  sqlite3_busy_timeout(opened,
                       static_cast<int>(std::min<std::chrono::milliseconds::rep>(busy_timeout.count(), 1'000'000'000)));
  const auto set = [&](int option, int value) { check(sqlite3_db_config(opened, option, value, nullptr)); };
  set(SQLITE_DBCONFIG_DEFENSIVE, 1);
  set(SQLITE_DBCONFIG_TRUSTED_SCHEMA, 0);
  set(SQLITE_DBCONFIG_ENABLE_TRIGGER, 0);
  set(SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0);
  set(SQLITE_DBCONFIG_DQS_DML, 0);  // "x" is a column, never a text
  set(SQLITE_DBCONFIG_DQS_DDL, 0);
  execute("PRAGMA temp_store = MEMORY; PRAGMA cell_size_check = ON");
  check(register_sql_functions(opened));
  check(create_sql_views(opened));
  for (auto file = files.begin() + 1; file != files.end(); ++file) {
    const Statement attach = prepare_one(("ATTACH ?1 AS " + sql::quoted_identifier(file->schema)).c_str(), nullptr);
    check(sqlite3_bind_text(attach.get(), 1, file->uri.c_str(), -1, SQLITE_STATIC));
    if (const int attached = sqlite3_step(attach.get()); attached != SQLITE_DONE) check(attached);
  }
  execute("PRAGMA query_only = ON; BEGIN");
  // A transaction takes its snapshot of a file at the first read.
  for (const VisibleFile& file : files) {
    execute("SELECT 1 FROM " + sql::quoted_identifier(file.schema) + ".params LIMIT 1");
  }
  sqlite3_progress_handler(opened, steps_between_looks, look_whether_stopped, this);
  check(sqlite3_set_authorizer(opened, authorize, this));
}

void QueryState::prepare() {
  if (sql_.find('\0') != std::string::npos) throw Error(path_ + ": the query's SQL contains a NUL: " + shown_sql());
  const char* rest = nullptr;
  statement_ = prepare_one(sql_.c_str(), &rest);
  if (!statement_) throw Error(path_ + ": the query has no SQL in it: " + shown_sql());
  if (sqlite3_stmt_readonly(statement_.get()) == 0) refuse();
  while (*rest != '\0') {
    // Comments may follow. A second statement is refused, whatever it does and even if it is invalid.
    sqlite3_stmt* second = nullptr;
    const int code = sqlite3_prepare_v2(handle_.get(), rest, -1, &second, &rest);
    const Statement finalized(second);
    if (code != SQLITE_OK || second != nullptr) {
      throw Error(path_ + ": a query must be one statement, found several: " + shown_sql());
    }
  }
  auto names = std::make_shared<QueryRow::Names>();
  for (int i = 0; i < sqlite3_column_count(statement_.get()); ++i) {
    const char* name = sqlite3_column_name(statement_.get(), i);
    if (name == nullptr) throw std::bad_alloc();
    names->emplace_back(name);
  }
  names_ = std::move(names);
}

void QueryState::bind() {
  const auto wanted = static_cast<std::size_t>(sqlite3_bind_parameter_count(statement_.get()));
  if (wanted != arguments_.size()) {
    throw Error(path_ + ": the query has " + std::to_string(wanted) + " places for arguments (?), but " +
                std::to_string(arguments_.size()) + " were given: " + shown_sql());
  }
  for (std::size_t i = 0; i < arguments_.size(); ++i) {
    sqlite3_stmt* const statement = statement_.get();
    const int place = static_cast<int>(i) + 1;
    const QueryValue& argument = arguments_[i].value();
    if (const auto* integer = std::get_if<std::int64_t>(&argument)) {
      check(sqlite3_bind_int64(statement, place, *integer));
    } else if (const auto* real = std::get_if<double>(&argument)) {
      check(sqlite3_bind_double(statement, place, *real));
    } else if (const auto* text = std::get_if<std::string>(&argument)) {
      check(sqlite3_bind_text64(statement, place, text->c_str(), text->size(), SQLITE_STATIC, SQLITE_UTF8));
    } else if (const auto* blob = std::get_if<std::vector<std::byte>>(&argument)) {
      // A null pointer would bind NULL, not an empty blob.
      const void* const data = blob->empty() ? static_cast<const void*>("") : blob->data();
      check(sqlite3_bind_blob64(statement, place, data, blob->size(), SQLITE_STATIC));
    }
  }
}

QueryState::Statement QueryState::prepare_one(const char* sql, const char** rest) {
  sqlite3_stmt* made = nullptr;
  const int code = sqlite3_prepare_v2(handle_.get(), sql, -1, &made, rest);
  Statement statement(made);
  check(code);
  return statement;
}

void QueryState::execute(const std::string& sql) {
  check(sqlite3_exec(handle_.get(), sql.c_str(), nullptr, nullptr, nullptr));
}

std::shared_ptr<const QueryRow> QueryState::next() {
  const std::lock_guard lock(mutex_);
  if (stop_ != Stop::no) {
    let_go();
    collected_.clear();
    check(SQLITE_INTERRUPT);
  }
  if (!collected_.empty()) {
    auto row = std::move(collected_.front());
    collected_.pop_front();
    return row;
  }
  return step();
}

void QueryState::collect() {
  const std::lock_guard lock(mutex_);
  while (auto row = step()) collected_.push_back(std::move(row));
}

std::shared_ptr<const QueryRow> QueryState::step() {
  if (!statement_) return nullptr;
  try {
    const int code = sqlite3_step(statement_.get());
    if (code == SQLITE_DONE) {
      let_go();
      return nullptr;
    }
    if (code != SQLITE_ROW) check(code);
    std::vector<QueryValue> values;
    values.reserve(names_->size());
    for (std::size_t i = 0; i < names_->size(); ++i) values.push_back(value(static_cast<int>(i)));
    return std::shared_ptr<const QueryRow>(new QueryRow(names_, std::move(values)));
  } catch (...) {
    let_go();
    throw;
  }
}

QueryValue QueryState::value(int column) {
  sqlite3_stmt* const row = statement_.get();
  switch (sqlite3_column_type(row, column)) {
    case SQLITE_INTEGER:
      return std::int64_t{sqlite3_column_int64(row, column)};
    case SQLITE_FLOAT:
      return sqlite3_column_double(row, column);
    case SQLITE_TEXT: {
      const auto* text = reinterpret_cast<const char*>(sqlite3_column_text(row, column));
      if (text == nullptr) throw std::bad_alloc();
      return std::string(text, static_cast<std::size_t>(sqlite3_column_bytes(row, column)));
    }
    case SQLITE_BLOB: {
      const auto* bytes = static_cast<const std::byte*>(sqlite3_column_blob(row, column));
      const auto size = static_cast<std::size_t>(sqlite3_column_bytes(row, column));
      if (bytes == nullptr && sqlite3_errcode(handle_.get()) == SQLITE_NOMEM) throw std::bad_alloc();
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
  const std::lock_guard lock(mutex_);  // waits for the running call, which ends soon
  let_go();
}

void QueryState::let_go() noexcept {
  statement_.reset();
  handle_.reset();
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

void QueryState::check(int code) {
  if (code == SQLITE_OK) return;
  if (stop_ == Stop::closed) {
    throw Error(path_ + ": the store was closed before all rows of a query were read; read them first: " + shown_sql());
  }
  if (stop_ == Stop::interrupted) throw Error(path_ + ": the query was interrupted: " + shown_sql());
  if (refused_) refuse();
  const std::string words = handle_ ? sqlite3_errmsg(handle_.get()) : sqlite3_errstr(code);
  const std::string end = " (SQLite: " + words + ", code " + std::to_string(code) + "): " + shown_sql();
  switch (code & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
      throw StoreBusy(
          path_ + ": the query cannot read the file, because another connection has locked it; try again" + end, code);
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
      throw CorruptStore(path_ + ": the query found the file damaged; `paramstore verify` says where" + end);
    default:
      throw StorageError(path_ + ": the query failed" + end, code);
  }
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
