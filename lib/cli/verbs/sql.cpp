#include <SQLiteCpp/Statement.h>

#include <algorithm>
#include <array>
#include <charconv>
#include <functional>
#include <iostream>
#include <iterator>
#include <optional>
#include <utility>

#include "lib/cli/address.h"
#include "lib/cli/commit_message.h"
#include "lib/cli/sql_connection.h"
#include "lib/cli/sql_shell.h"
#include "lib/cli/terminal/interrupt.h"
#include "lib/cli/terminal/readable_numbers.h"
#include "lib/cli/terminal/terminal.h"
#include "lib/cli/values/result_output.h"
#include "lib/cli/verb.h"
#include "lib/storage/first_statement.h"

namespace paramstore::cli {
namespace {

struct Options {
  std::string store;
  std::optional<std::string> sql;
  std::vector<std::string> values;
  std::vector<std::string> attach;
  std::array<bool, result_formats.size()> formats{};  // which of them the command line names
  bool write = false;
  bool extension = false;
};

[[noreturn]] void refuse_values(std::size_t parameters, std::size_t values) {
  throw UsageError("the SQL has " + counted(parameters, "parameter") + ", but " + counted(values, "value") +
                   " came after it");
}

// Binds the values of the command line: what looks like a number as a number, else as text.
void bind(SQLite::Statement& statement, const std::vector<std::string>& values) {
  const int parameters = statement.getBindParameterCount();
  for (int i = 1; i <= parameters; ++i) {
    const std::string& text = values[static_cast<std::size_t>(i - 1)];
    const char* const end = text.data() + text.size();
    std::int64_t integer = 0;
    double real = 0;
    if (const auto read = std::from_chars(text.data(), end, integer); read.ec == std::errc() && read.ptr == end) {
      statement.bind(i, integer);
    } else if (const auto real_read = std::from_chars(text.data(), end, real);
               real_read.ec == std::errc() && real_read.ptr == end && real == real) {
      statement.bind(i, real);
    } else {
      statement.bindNoCopy(i, text);
    }
  }
}

// Whether only comments are left. A statement that cannot be prepared now may be valid once those before it have run.
bool holds_no_statement(const SQLite::Database& database, const char* rest) try {
  while (*rest != '\0') {
    const auto [exists, only_reads, end] = storage::first_statement(database, rest);
    if (exists) return false;
    rest = end;
  }
  return true;
} catch (const SQLite::Exception&) {
  return false;
}

const ResultFormat& chosen_format(const Options& options) {
  const auto named = std::find(options.formats.begin(), options.formats.end(), true);
  return result_formats[named == options.formats.end() ? 0 : static_cast<std::size_t>(named - options.formats.begin())];
}

void run_statements(SqlConnection& connection, const std::string& sql, const Options& options) {
  SQLite::Database& database = connection.database();
  const ResultFormat& format = chosen_format(options);
  const char* rest = sql.c_str();
  const std::size_t values = options.values.size();
  std::size_t used = 0;  // how many of the values
  while (*rest != '\0') {
    const char* const begin = rest;
    const auto [exists, only_reads, end] = connection.first_statement(begin);
    rest = end;
    if (!exists) continue;  // a comment, or nothing
    SQLite::Statement statement(database, std::string(begin, end));
    const auto parameters = static_cast<std::size_t>(statement.getBindParameterCount());
    used = std::max(used, parameters);
    // Reports excess values before the last statement runs, which is usually the only one.
    if (used > values || (used < values && holds_no_statement(database, rest))) refuse_values(used, values);
    bind(statement, options.values);
    format.print(std::cout, statement);
  }
  if (used < values) refuse_values(used, values);  // the SQL has no statement
}

std::vector<Address> attached(const Address& address, const Options& options) {
  std::vector<Address> addresses;
  for (const std::string& scope : options.attach) addresses.push_back({address.path, scope});
  return addresses;
}

// What is run once the files are open: the SQL of the command line or of the standard input, or a session.
using Work = std::function<void(SqlConnection&)>;

void ask(const Address& address, const Options& options, const Work& work) {
  // These check that each file is a sound store. They stay open, so that the connection finds the same files.
  StoreReader store(address);
  std::vector<StoreReader> scopes;
  for (const Address& each : attached(address, options)) scopes.emplace_back(each);

  SqlConnection connection(store.file().uri(), store.file().path(), SqlConnection::Access::read);
  if (options.extension) connection.load_extension(extension_path());
  for (std::size_t i = 0; i < scopes.size(); ++i) connection.attach(scopes[i].file().uri(), options.attach[i]);
  work(connection);
}

void change(const Address& address, const Options& options, const Work& work) {
  // The same check, and that it is writable. Closed again: the last connection to close tidies up, and that should be ours.
  const auto look_at = [](const Address& each) {
    StoreWriter store(each, StoreWriter::Missing::refuse);
    return std::pair(store.file().uri(), store.file().path());
  };
  const auto [uri, path] = look_at(address);
  SqlConnection connection(uri, path, SqlConnection::Access::write);
  if (options.extension) connection.load_extension(extension_path());
  for (const Address& each : attached(address, options)) connection.attach(look_at(each).first, *each.scope);
  work(connection);
}

void run_all(SqlConnection& connection, const std::string& sql, const Options& options) {
  connection.load_extension_for(sql);
  if (options.write) connection.begin();
  connection.in_our_words([&] { run_statements(connection, sql, options); });
  if (options.write) connection.commit(commit_message("sql", {sql}));
}

ExitStatus run(const Options& options) {
  const bool session = !options.sql && Terminal::is_interactive();
  std::string sql = options.sql.value_or("-");
  if (sql == "-" && !session) sql.assign(std::istreambuf_iterator<char>(std::cin), std::istreambuf_iterator<char>());
  const InterruptGuard interrupts;  // not while the input is read: Ctrl-C ends that
  const auto work = [&](SqlConnection& connection) {
    if (session) {
      SqlShell(connection, chosen_format(options)).run();
    } else {
      run_all(connection, sql, options);
    }
  };
  (options.write ? change : ask)(parse_address(options.store), options, work);
  return ExitStatus::done;
}

}  // namespace

void add_sql(CLI::App& command, Action& action) {
  const auto options = std::make_shared<Options>();
  Verb verb(command, action, "sql", reading_verbs, "Query or change a store in SQL", run, options);
  verb.add_store(options->store);
  verb.add_argument("SQL", options->sql, "Statements; - for the standard input; none: a session");
  verb.add_argument("VALUE", options->values, "Values for ?1, ?2, ... in the SQL");
  std::vector<Option> formats;
  for (std::size_t i = 0; i < result_formats.size(); ++i) {
    const std::string name = std::string("--") + result_formats[i].name;
    formats.push_back(verb.add_flag(name.c_str(), options->formats[i], result_formats[i].description));
    for (std::size_t other = 0; other < i; ++other) formats[i].excludes(formats[other]);
  }
  verb.add_flag("--write", options->write, "Allow changes, all in one transaction");
  verb.add_option("-a,--attach", options->attach, "SCOPE", "Attach a scope as a schema; may be repeated").repeatable();
  verb.add_flag("--extension", options->extension, "Load the extension even if the SQL does not ask for it");
  verb.footer(
      "Tables: params, param_list (no values), param_stats, param_values, commits.\n"
      "Functions: tensor_norm(value, dtype) and others, REGEXP; see paramstore(1).\n"
      "Example: paramstore sql model.params.db \\\n"
      "           \"SELECT name, norm FROM param_stats WHERE nan_count > ?\" 0");
}

}  // namespace paramstore::cli
