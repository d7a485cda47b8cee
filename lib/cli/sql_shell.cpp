#include "lib/cli/sql_shell.h"

#include <SQLiteCpp/Column.h>
#include <SQLiteCpp/Statement.h>
#include <sqlite3.h>

#include <algorithm>
#include <ios>
#include <iostream>

#include "lib/cli/commit_message.h"
#include "lib/cli/exit_status.h"
#include "lib/cli/suggestion.h"
#include "lib/cli/terminal/escape.h"
#include "lib/cli/terminal/interrupt.h"
#include "lib/cli/terminal/line_editor.h"
#include "lib/cli/terminal/line_history.h"
#include "lib/cli/terminal/readable_numbers.h"
#include "lib/text/sql_identifier.h"

namespace paramstore::cli {
namespace {

// Without SQLite's own, and without the modules behind table-valued functions, which are virtual tables of `main` once
// they have been used. The virtual tables of `temp` are param_stats and param_values.
constexpr const char* all_tables =
    "SELECT schema, name, type FROM pragma_table_list "
    "WHERE (type IN ('table', 'view') OR (schema = 'temp' AND type = 'virtual')) AND name NOT GLOB 'sqlite_*' "
    "ORDER BY schema <> 'main', schema <> 'temp', schema, name";

std::string_view trimmed(std::string_view text) {
  constexpr std::string_view space = " \t\r\n";
  const std::size_t begin = std::min(text.find_first_not_of(space), text.size());
  return text.substr(begin, text.find_last_not_of(space) + 1 - begin);
}

// SQLite says of BEGIN IMMEDIATE that it changes a file.
bool begins_transaction(std::string_view sql) {
  constexpr std::string_view word = "BEGIN";
  const std::string_view text = trimmed(sql);
  return text.size() > word.size() && sqlite3_strnicmp(text.data(), word.data(), static_cast<int>(word.size())) == 0;
}

void print_lines_escaped(std::string_view text) {
  while (true) {
    const std::size_t end = text.find('\n');
    std::cout << escaped(text.substr(0, end)) << '\n';
    if (end == std::string_view::npos) return;
    text.remove_prefix(end + 1);
  }
}

void print_error(const std::string& message) {
  std::cout.flush();
  std::cerr << "error: " << escaped(message) << std::endl;
}

// Runs `work`. An error is printed, unless the session cannot go on after it.
template <class Work>
void attempt(Work&& work) {
  try {
    work();
  } catch (const std::ios_base::failure&) {
    throw;
  } catch (const Interrupted&) {
    if (!InterruptGuard::forget_ctrl_c()) throw;
    print_error("interrupted");
  } catch (const std::exception& error) {
    print_error(error.what());
  }
}

}  // namespace

struct SqlShell::Command {
  const char* name;
  const char* argument;  // for .help; empty if it takes none
  const char* description;
  void (SqlShell::*run)(const std::string& argument);
};

const std::vector<SqlShell::Command>& SqlShell::commands() {
  static const std::vector<Command> all{
      {".tables", "", "list the tables and views of all attached stores", &SqlShell::tables},
      {".schema", "[NAME]", "print the SQL that makes all tables, or one", &SqlShell::schema},
      {".mode", "[FORMAT]", "print results as table, markdown, csv or json", &SqlShell::mode},
      {".help", "", "list these commands", &SqlShell::help},
      {".quit", "", "end the session, as Ctrl-D does", &SqlShell::quit},
  };
  return all;
}

void SqlShell::run() {
  std::cout << shown_name(connection_.name())
            << (connection_.only_reads() ? ", read only (--write allows changes)" : "")
            << ". Statements end with a semicolon; .help lists commands.\n";
  // A history that cannot be read is reported, and left as it is.
  std::unique_ptr<LineHistory> past;
  attempt([&] { past = std::make_unique<LineHistory>(history_path("sql_history")); });
  if (!past) past = std::make_unique<LineHistory>(std::filesystem::path());
  LineEditor editor(*past, [this](std::string_view, bool is_first) { return candidates(is_first); });
  while (!done_) {
    std::cout.flush();
    if (!InterruptGuard::forget_ctrl_c()) throw Interrupted();  // one that came too late for the last statement
    std::optional<std::string> line;
    try {
      line = editor.read(prompt());
    } catch (const Interrupted&) {
      if (!InterruptGuard::forget_ctrl_c()) throw;
      typed_.clear();
      continue;
    }
    if (!line) break;
    const bool is_command = typed_.empty() && !trimmed(*line).empty() && trimmed(*line).front() == '.';
    if (typed_.empty() && trimmed(*line).empty()) continue;
    typed_ += *line + '\n';
    if (!is_command && sqlite3_complete(typed_.c_str()) == 0) continue;
    const std::string all(trimmed(typed_));
    typed_.clear();
    attempt([&] { past->add(all); });
    attempt([&] { is_command ? run_command(all) : run_statements(all); });
  }
  if (!trimmed(typed_).empty()) print_error("the last statement did not end with a semicolon, and was not run");
  if (!connection_.in_transaction()) return;
  connection_.roll_back();
  if (!connection_.only_reads()) print_error("the open transaction has been rolled back");
}

std::string SqlShell::prompt() const {
  if (!typed_.empty()) return " ...> ";
  return connection_.in_transaction() ? "sql*> " : "sql> ";
}

void SqlShell::run_command(const std::string& line) {
  const std::size_t space = std::min(line.find_first_of(" \t"), line.size());
  const std::string name = line.substr(0, space);
  std::string argument(trimmed(std::string_view(line).substr(space)));
  if (!argument.empty() && argument.back() == ';') argument.pop_back();
  std::vector<std::string> names;
  for (const Command& command : commands()) {
    if (command.name != name && name != std::string(command.name) + ";") {
      names.emplace_back(command.name);
      continue;
    }
    if (!argument.empty() && *command.argument == '\0') throw UsageError(name + " takes no argument");
    return connection_.in_our_words([&] { (this->*command.run)(argument); });
  }
  throw UsageError("there is no command " + name + did_you_mean(name, names, ".help lists the commands"));
}

void SqlShell::run_statements(const std::string& sql) {
  connection_.in_our_words([&] {
    const char* rest = sql.c_str();
    while (*rest != '\0') {
      connection_.load_extension_for(rest);
      const auto [exists, only_reads, end] = connection_.first_statement(rest);
      const std::string one(rest, end);
      rest = end;
      if (!exists) continue;  // a comment, or nothing
      connection_.run_in_session(only_reads || begins_transaction(one),
                                 commit_message("sql", {std::string(trimmed(one))}), [&] { print_rows(one); });
    }
  });
}

void SqlShell::print_rows(const std::string& sql) {
  SQLite::Statement statement(connection_.database(), sql);
  const int parameters = statement.getBindParameterCount();
  if (parameters > 0) {
    throw UsageError("the SQL has " + counted(static_cast<std::uint64_t>(parameters), "parameter") +
                     ", but a session has no values for them; write the values in the SQL");
  }
  format_->print(std::cout, statement);
}

std::vector<std::string> SqlShell::schemas() {
  std::vector<std::string> names;
  SQLite::Statement rows(connection_.database(), "SELECT name FROM pragma_database_list ORDER BY seq");
  while (rows.executeStep()) names.push_back(rows.getColumn(0).getString());
  return names;
}

// Of the attached stores the tables are written with the schema in front, as a statement needs them.
std::vector<std::string> SqlShell::candidates(bool is_first) {
  std::vector<std::string> names;
  for (const Command& command : commands()) {
    if (is_first) names.emplace_back(command.name);
  }
  // Any word of a statement may be a table's name.
  SQLite::Statement rows(connection_.database(), all_tables);
  while (rows.executeStep()) {
    const std::string schema = rows.getColumn(0).getString();
    const std::string name = rows.getColumn(1).getString();
    const std::string full = schema == "main" || schema == "temp" ? name : sql_identifier(schema) + "." + name;
    if (escaped(full) == full) names.push_back(full);  // else it could not be typed
  }
  return names;
}

void SqlShell::tables(const std::string&) { print_rows(all_tables); }

void SqlShell::schema(const std::string& name) {
  bool any = false;
  for (const std::string& schema : schemas()) {
    SQLite::Statement rows(connection_.database(), "SELECT sql FROM " + sql_identifier(schema) +
                                                       ".sqlite_schema WHERE sql IS NOT NULL AND (?1 = '' OR name = ?1 "
                                                       "COLLATE NOCASE OR tbl_name = ?1 COLLATE NOCASE)");
    rows.bind(1, name);
    for (bool first = true; rows.executeStep(); first = false) {
      if (first) std::cout << "-- in " << shown_name(schema) << '\n';
      print_lines_escaped(rows.getColumn(0).getString() + ";");
      any = true;
    }
  }
  if (any || name.empty()) return;
  std::vector<std::string> names;
  SQLite::Statement rows(connection_.database(), all_tables);
  while (rows.executeStep()) names.push_back(rows.getColumn(1).getString());
  throw NoSuch("there is no table or view " + shown_name(name) + did_you_mean(name, names, ".tables lists them"));
}

void SqlShell::mode(const std::string& name) {
  if (name.empty()) {
    std::cout << format_->name << '\n';
  } else if (const ResultFormat* const format = find_result_format(name)) {
    format_ = format;
  } else {
    std::string names;
    for (const ResultFormat& each : result_formats) names += (names.empty() ? "" : ", ") + std::string(each.name);
    throw UsageError("there is no format " + shown_name(name) + "; the formats are " + names);
  }
}

void SqlShell::help(const std::string&) {
  for (const Command& command : commands()) {
    std::string usage = std::string(command.name) + " " + command.argument;
    usage.resize(18, ' ');
    std::cout << usage << command.description << '\n';
  }
}

void SqlShell::quit(const std::string&) { done_ = true; }

}  // namespace paramstore::cli
