#include <SQLiteCpp/Column.h>
#include <SQLiteCpp/Statement.h>
#include <sqlite3.h>

#include <algorithm>
#include <charconv>
#include <iostream>
#include <iterator>
#include <set>
#include <utility>

#include "lib/cli/address.h"
#include "lib/cli/commit_message.h"
#include "lib/cli/sql_connection.h"
#include "lib/cli/terminal/escape.h"
#include "lib/cli/terminal/json.h"
#include "lib/cli/terminal/readable_numbers.h"
#include "lib/cli/terminal/table.h"
#include "lib/cli/verb.h"
#include "lib/storage/first_statement.h"

namespace paramstore::cli {
namespace {

enum class Form { table, csv, json };

struct Options {
  std::string store;
  std::string sql;
  std::vector<std::string> values;
  std::vector<std::string> attach;
  bool csv = false;
  bool json = false;
  bool write = false;
  bool extension = false;
};

std::string hexadecimal(const SQLite::Column& value) {
  constexpr std::string_view digits = "0123456789abcdef";
  const auto* bytes = static_cast<const unsigned char*>(value.getBlob());
  const int size = value.getBytes();
  std::string text;
  text.reserve(2 * static_cast<std::size_t>(size));
  for (int i = 0; i < size; ++i) {
    text += digits[bytes[i] >> 4];
    text += digits[bytes[i] & 15];
  }
  return text;
}

std::string text_of(const SQLite::Column& value) {
  const char* const text = value.getText();
  return std::string(text, static_cast<std::size_t>(value.getBytes()));
}

Json json_of(const SQLite::Column& value) {
  switch (value.getType()) {
    case SQLITE_NULL:
      return nullptr;
    case SQLITE_INTEGER:
      return value.getInt64();
    case SQLITE_FLOAT:
      return to_json(value.getDouble());
    case SQLITE_BLOB:
      return hexadecimal(value);
    default:
      return text_of(value);
  }
}

std::string csv_of(const SQLite::Column& value) { return value.isBlob() ? hexadecimal(value) : text_of(value); }

std::string csv_field(const std::string& text) {
  if (text.find_first_of("\",\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + "\"";
}

std::string cell_of(const SQLite::Column& value) {
  constexpr std::size_t widest = 100;
  if (value.isBlob()) return "<" + std::to_string(value.getBytes()) + " bytes>";
  return cut_to_width(escaped(text_of(value).substr(0, 8 * widest)), widest);
}

// Runs one statement and prints its rows.
class StatementRun {
 public:
  StatementRun(SQLite::Statement& statement, Form form)
      : row_(statement), columns_(statement.getColumnCount()), form_(form) {}

  void run() {
    if (columns_ == 0) {
      step();
    } else if (form_ == Form::table) {
      print_table();
    } else if (form_ == Form::csv) {
      print_csv();
    } else {
      print_json_rows();
    }
  }

 private:
  bool step() { return row_.executeStep(); }

  std::string title(int column) const { return row_.getColumnName(column); }

  void print_table() {
    std::vector<Column> columns;
    columns.reserve(static_cast<std::size_t>(columns_));
    std::vector<std::vector<std::string>> rows;
    for (int i = 0; i < columns_; ++i) columns.push_back({escaped(title(i)), Align::right});
    while (step()) {
      std::vector<std::string> cells;
      for (int i = 0; i < columns_; ++i) {
        const int type = row_.getColumn(i).getType();  // reading the column as text would change its type
        if (type == SQLITE_TEXT || type == SQLITE_BLOB) columns[static_cast<std::size_t>(i)].align = Align::left;
        cells.push_back(cell_of(row_.getColumn(i)));
      }
      rows.push_back(std::move(cells));
    }
    Table table(std::move(columns));
    for (auto& row : rows) table.add(std::move(row));
    table.print(std::cout);
  }

  void print_csv() {
    for (int i = 0; i < columns_; ++i) std::cout << (i > 0 ? "," : "") << csv_field(title(i));
    std::cout << "\r\n";
    while (step()) {
      for (int i = 0; i < columns_; ++i) std::cout << (i > 0 ? "," : "") << csv_field(csv_of(row_.getColumn(i)));
      std::cout << "\r\n";
    }
  }

  void refuse_equal_titles() const {
    std::set<std::string> titles;
    for (int i = 0; i < columns_; ++i) {
      if (titles.insert(title(i)).second) continue;
      throw UsageError("the SQL returns several columns called " + title(i) +
                       ", but a JSON object can hold only one; rename them with AS");
    }
  }

  void print_json_rows() {
    refuse_equal_titles();
    std::cout << '[';
    for (bool first = true; step(); first = false) {
      Json object = Json::object();
      for (int i = 0; i < columns_; ++i) object[title(i)] = json_of(row_.getColumn(i));
      std::cout << (first ? "\n  " : ",\n  ") << object.dump(-1, ' ', false, Json::error_handler_t::replace);
    }
    std::cout << "\n]\n";
  }

  SQLite::Statement& row_;
  int columns_;
  Form form_;
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

void run_statements(SQLite::Database& database, const std::string& sql, const Options& options) {
  const Form form = options.json ? Form::json : options.csv ? Form::csv : Form::table;
  const char* rest = sql.c_str();
  const std::size_t values = options.values.size();
  std::size_t used = 0;  // how many of the values
  while (*rest != '\0') {
    const char* const begin = rest;
    const auto [exists, only_reads, end] = storage::first_statement(database, begin);
    rest = end;
    if (!exists) continue;  // a comment, or nothing
    if (!options.write && !only_reads) throw UsageError("this SQL would change the store; add --write to allow that");
    SQLite::Statement statement(database, std::string(begin, end));
    const auto parameters = static_cast<std::size_t>(statement.getBindParameterCount());
    used = std::max(used, parameters);
    // Reports excess values before the last statement runs, which is usually the only one.
    if (used > values || (used < values && holds_no_statement(database, rest))) refuse_values(used, values);
    bind(statement, options.values);
    StatementRun(statement, form).run();
  }
  if (used < values) refuse_values(used, values);  // the SQL has no statement
}

void run_all(SqlConnection& connection, const std::string& sql, const Options& options) {
  connection.in_our_words([&] { run_statements(connection.database(), sql, options); });
}

std::vector<Address> attached(const Address& address, const Options& options) {
  std::vector<Address> addresses;
  for (const std::string& scope : options.attach) addresses.push_back({address.path, scope});
  return addresses;
}

void ask(const Address& address, const std::string& sql, const Options& options) {
  // These check that each file is a sound store. They stay open, so that the connection finds the same files.
  StoreReader store(address);
  std::vector<StoreReader> scopes;
  for (const Address& each : attached(address, options)) scopes.emplace_back(each);

  SqlConnection connection(store.file().uri(), store.file().path(), SqlConnection::Access::read);
  if (options.extension) connection.load_extension(extension_path());
  for (std::size_t i = 0; i < scopes.size(); ++i) connection.attach(scopes[i].file().uri(), options.attach[i]);
  run_all(connection, sql, options);
}

void change(const Address& address, const std::string& sql, const Options& options) {
  // The same check, and that it is writable. Closed again: the last connection to close tidies up, and that should be ours.
  const auto look_at = [](const Address& each) {
    StoreWriter store(each, StoreWriter::Missing::refuse);
    return std::pair(store.file().uri(), store.file().path());
  };
  const auto [uri, path] = look_at(address);
  SqlConnection connection(uri, path, SqlConnection::Access::write);
  if (options.extension) connection.load_extension(extension_path());
  for (const Address& each : attached(address, options)) connection.attach(look_at(each).first, *each.scope);
  connection.begin();
  run_all(connection, sql, options);
  connection.commit(commit_message("sql", {sql}));
}

ExitStatus run(const Options& options) {
  std::string sql = options.sql;
  if (sql == "-") sql.assign(std::istreambuf_iterator<char>(std::cin), std::istreambuf_iterator<char>());
  const Address address = parse_address(options.store);
  if (options.write) {
    change(address, sql, options);
  } else {
    ask(address, sql, options);
  }
  return ExitStatus::done;
}

}  // namespace

void add_sql(CLI::App& command, Action& action) {
  const auto options = std::make_shared<Options>();
  Verb verb(command, action, "sql", reading_verbs, "Query or change a store in SQL", run, options);
  verb.add_store(options->store);
  verb.add_argument("SQL", options->sql, "One or more statements; - for the standard input").required();
  verb.add_argument("VALUE", options->values, "Values for ?1, ?2, ... in the SQL");
  Option csv = verb.add_flag("--csv", options->csv, "Print comma-separated values");
  verb.add_json(options->json).excludes(csv);
  verb.add_flag("--write", options->write, "Allow changes, all in one transaction");
  verb.add_option("-a,--attach", options->attach, "SCOPE", "Attach a scope as a schema; may be repeated").repeatable();
  verb.add_flag("--extension", options->extension, "Load the extension, which adds constrained()");
  verb.footer(
      "Tables: params, param_list (no values), param_stats, param_values, commits.\n"
      "Functions: tensor_norm(value, dtype) and others, REGEXP; see paramstore(1).\n"
      "Example: paramstore sql model.params.db \\\n"
      "           \"SELECT name, norm FROM param_stats WHERE nan_count > ?\" 0");
}

}  // namespace paramstore::cli
