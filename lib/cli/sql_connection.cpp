#include "lib/cli/sql_connection.h"

#include <SQLiteCpp/Column.h>
#include <SQLiteCpp/Statement.h>
#include <sqlite3.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <string_view>
#include <utility>

#include "lib/cli/exit_status.h"
#include "lib/cli/terminal/escape.h"
#include "lib/cli/terminal/interrupt.h"
#include "lib/sql/functions.h"
#include "lib/storage/open_connection.h"
#include "lib/storage/sqlite_error.h"
#include "lib/text/constraint_signatures.h"
#include "lib/text/sql_identifier.h"
#include "paramstore/error.h"

namespace paramstore::cli {
namespace {

namespace fs = std::filesystem;

// Statements after a COMMIT by the user would be outside our transaction.
int leave_transaction_alone(void*, int action, const char*, const char*, const char*, const char*) {
  return action == SQLITE_TRANSACTION ? SQLITE_DENY : SQLITE_OK;
}

// Whether the SQL, or a message about it, names one of the functions and columns that only the extension has.
bool names_constrained(std::string_view text) {
  constexpr std::string_view word = "constrained";
  const auto same_letter = [](char a, char b) { return (a >= 'A' && a <= 'Z' ? a + ('a' - 'A') : a) == b; };
  return std::search(text.begin(), text.end(), word.begin(), word.end(), same_letter) != text.end();
}

bool is_there(const fs::path& path) {
  std::error_code unreadable;
  return fs::exists(path, unreadable);
}

int stop_if_interrupted(void*) { return InterruptGuard::interrupted() ? 1 : 0; }

std::unique_ptr<SQLite::Database> open(const std::string& uri, const std::string& name, SqlConnection::Access access) {
  storage::ConnectionOptions options;
  options.sql = storage::SqlOf::person;
  options.read_only = access == SqlConnection::Access::read;
  options.busy_timeout = std::chrono::seconds(5);
  return storage::open_connection(uri, name, options);
}

}  // namespace

SqlConnection::SqlConnection(const std::string& uri, std::string name, Access access)
    : name_(std::move(name)), access_(access), database_(open(uri, name_, access)), schemas_{{"main", uri, 0}} {
  constexpr int often = 10000;  // instructions of SQLite's machine: well under a millisecond
  sqlite3_progress_handler(database_->getHandle(), often, stop_if_interrupted, nullptr);
  in_our_words([&] {
    database_->check(register_sql_functions(database_->getHandle()));
    database_->check(create_sql_views(database_->getHandle()));
  });
}

void SqlConnection::load_extension(const fs::path& path) {
  sqlite3_db_config(database_->getHandle(), SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 1, nullptr);
  // SQLiteCpp would leave loading allowed, and keeps SQLite's message to itself.
  char* message = nullptr;
  // SQLite tries the name and then the name with .so, and keeps the second error.
  const fs::path name = path.extension() == ".so" ? fs::path(path).replace_extension() : path;
  const int code = sqlite3_load_extension(database_->getHandle(), name.c_str(), nullptr, &message);
  const std::string why = message == nullptr ? "" : message;
  sqlite3_free(message);
  sqlite3_db_config(database_->getHandle(), SQLITE_DBCONFIG_ENABLE_LOAD_EXTENSION, 0, nullptr);
  if (code != SQLITE_OK) {
    throw FileError(path.string() + ": the extension cannot be loaded: " + why +
                    "; set PARAMSTORE_EXTENSION in the environment to its path");
  }
  has_extension_ = true;
}

void SqlConnection::load_extension_for(std::string_view sql) {
  if (has_extension_ || !names_constrained(sql)) return;
  if (const fs::path path = extension_path(); is_there(path)) load_extension(path);
}

void SqlConnection::attach(const std::string& uri, const std::string& name) {
  in_our_words([&] {
    SQLite::Statement attach(*database_, "ATTACH ?1 AS " + sql_identifier(name));
    attach.bind(1, uri);
    attach.exec();
  });
  schemas_.push_back({name, uri, 0});
}

void SqlConnection::begin() {
  // Not SQLite::Transaction, which could not commit with the authorizer in its way; closing rolls back.
  in_our_words([&] { database_->exec("BEGIN IMMEDIATE"); });
  note_revisions();
  let_only_us_end_transactions(true);
}

void SqlConnection::commit(const std::string& message) {
  let_only_us_end_transactions(false);
  add_message(message);
  in_our_words([&] { database_->exec("COMMIT"); });
}

void SqlConnection::roll_back() {
  let_only_us_end_transactions(false);
  if (!in_transaction()) return;  // SQLite rolls back by itself after some errors
  in_our_words([&] { database_->exec("ROLLBACK"); });
}

bool SqlConnection::in_transaction() const noexcept { return sqlite3_get_autocommit(database_->getHandle()) == 0; }

storage::FirstStatement SqlConnection::first_statement(const char* sql) const {
  const storage::FirstStatement first = storage::first_statement(*database_, sql);
  if (only_reads() && !first.only_reads) throw UsageError("this SQL would change the store; add --write to allow that");
  return first;
}

void SqlConnection::let_only_us_end_transactions(bool yes) {
  in_our_words([&] {
    database_->check(sqlite3_set_authorizer(database_->getHandle(), yes ? leave_transaction_alone : nullptr, nullptr));
  });
}

void SqlConnection::note_revisions() {
  in_our_words([&] {
    for (Schema& schema : schemas_) schema.revision = newest_revision(schema.name);
  });
}

void SqlConnection::add_message(const std::string& message) {
  in_our_words([&] {
    for (const Schema& schema : schemas_) {
      const std::int64_t newest = newest_revision(schema.name);
      if (newest <= schema.revision) continue;
      require_valid_tags(schema);
      SQLite::Statement note(*database_, "UPDATE " + sql_identifier(schema.name) +
                                             ".commits SET message = ?1 WHERE revision = ?2 AND message IS NULL");
      note.bind(1, message);
      note.bind(2, newest);
      note.exec();
    }
  });
}

void SqlConnection::require_valid_tags(const Schema& schema) const {
  std::unique_ptr<SQLite::Database> committed;  // opened when the first invalid tag is met
  SQLite::Statement changed(*database_, "SELECT id, name, constraint_tag FROM " + sql_identifier(schema.name) +
                                            ".params WHERE revision > ?1");
  changed.bind(1, schema.revision);
  while (changed.executeStep()) {
    const std::string tag = changed.getColumn(2).getString();
    const auto problem = tag_problem(tag);
    if (!problem || problem->kind != TagProblem::Kind::invalid) continue;
    if (!committed) committed = open(schema.uri, name_, Access::write);  // as the URI says; it only reads
    SQLite::Statement before(*committed, "SELECT constraint_tag FROM params WHERE id = ?1");
    before.bind(1, changed.getColumn(0).getInt64());
    if (before.executeStep() && before.getColumn(0).getString() == tag) continue;
    throw UsageError("parameter " + shown_name(changed.getColumn(1).getString()) + ": the constraint tag " +
                     shown_name(tag.substr(0, 80)) + " is invalid: " + problem->what + "; nothing was changed");
  }
}

std::int64_t SqlConnection::newest_revision(const std::string& schema) const {
  return database_->execAndGet("SELECT max(revision) FROM " + sql_identifier(schema) + ".commits").getInt64();
}

bool SqlConnection::has_schema(const std::string& name) const {
  SQLite::Statement schemas(*database_, "SELECT 1 FROM pragma_database_list WHERE name = ?1");
  schemas.bind(1, name);
  return schemas.executeStep();
}

std::string SqlConnection::advice(const std::string& error) const {
  constexpr std::string_view no_table = "no such table: ";
  constexpr std::string_view no_schema = "unknown database ";
  std::string schema;
  if (error.rfind(no_table, 0) == 0) {
    const std::size_t dot = error.rfind('.');  // no table of a store has one in its name, a scope may
    if (dot == std::string::npos) return "";
    schema = error.substr(no_table.size(), dot - no_table.size());
  } else if (error.rfind(no_schema, 0) == 0) {
    schema = error.substr(no_schema.size());
    if (schema.size() >= 2 && schema.front() == '"') schema = schema.substr(1, schema.size() - 2);
  } else if (names_constrained(error) && !has_extension_) {
    const fs::path path = extension_path();
    return is_there(path) ? "; --extension adds it"
                          : "; constrained values need the extension, but " + path.string() +
                                " does not exist; set PARAMSTORE_EXTENSION to its path";
  }
  if (schema.empty() || has_schema(schema)) return "";
  return "; if " + shown_name(schema) + " is a scope of the store, attach it with -a " + shown_name(schema);
}

void SqlConnection::fail(const SQLite::Exception& error) const {
  switch (error.getErrorCode() & 0xff) {
    case SQLITE_BUSY:
    case SQLITE_LOCKED:
    case SQLITE_CORRUPT:
    case SQLITE_NOTADB:
    case SQLITE_READONLY:
    case SQLITE_PERM:
    case SQLITE_FULL:
    case SQLITE_IOERR:
    case SQLITE_CANTOPEN:
    case SQLITE_NOMEM:
      storage::throw_sqlite_error(database_->getHandle(), error, name_, "run the SQL");
    case SQLITE_AUTH:  // leave_transaction_alone
      throw UsageError("--write makes one transaction of everything: leave out BEGIN, COMMIT and ROLLBACK");
    case SQLITE_INTERRUPT:  // stop_if_interrupted
      throw Interrupted();
    default:
      throw UsageError(error.what() + advice(error.what()));
  }
}

fs::path extension_path() {
  if (const char* said = std::getenv("PARAMSTORE_EXTENSION"); said != nullptr && *said != '\0') return said;
  std::error_code error;
  const fs::path program = fs::read_symlink("/proc/self/exe", error);
  fs::path installed = (program.parent_path() / PARAMSTORE_EXTENSION_FROM_BIN).lexically_normal();
  if (!error && fs::exists(installed, error)) return installed;
  const fs::path built = program.parent_path() / "../extension/paramstore.so";
  return fs::exists(built, error) ? built.lexically_normal() : installed;
}

}  // namespace paramstore::cli
