#include "lib/cli/values/result_output.h"

#include <SQLiteCpp/Column.h>
#include <sqlite3.h>

#include <algorithm>
#include <ostream>
#include <set>
#include <utility>

#include "lib/cli/exit_status.h"
#include "lib/cli/terminal/escape.h"
#include "lib/cli/terminal/json.h"
#include "lib/cli/terminal/table.h"
#include "lib/cli/terminal/terminal.h"

namespace paramstore::cli {
namespace {

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

std::string size_of_blob(const SQLite::Column& value) { return "<" + std::to_string(value.getBytes()) + " bytes>"; }

std::string title(const SQLite::Statement& statement, int column) { return statement.getColumnName(column); }

// One line of the output: cell_of(column) for each column.
template <class CellOf>
void print_line(std::ostream& out, int columns, const char* begin, const char* separator, const char* end,
                CellOf&& cell_of) {
  out << begin;
  for (int i = 0; i < columns; ++i) out << (i > 0 ? separator : "") << cell_of(i);
  out << end;
}

std::string table_cell(const SQLite::Column& value) {
  constexpr std::size_t widest = 100;
  if (value.isBlob()) return size_of_blob(value);
  return cut_to_width(escaped(text_of(value).substr(0, 8 * widest)), widest);
}

void print_table(std::ostream& out, SQLite::Statement& statement) {
  const int count = statement.getColumnCount();
  std::vector<Column> columns;
  columns.reserve(static_cast<std::size_t>(count));
  std::vector<std::vector<std::string>> rows;
  for (int i = 0; i < count; ++i) columns.push_back({escaped(title(statement, i)), Align::right});
  while (statement.executeStep()) {
    std::vector<std::string> cells;
    for (int i = 0; i < count; ++i) {
      const int type = statement.getColumn(i).getType();  // reading the column as text would change its type
      if (type == SQLITE_TEXT || type == SQLITE_BLOB) columns[static_cast<std::size_t>(i)].align = Align::left;
      cells.push_back(table_cell(statement.getColumn(i)));
    }
    rows.push_back(std::move(cells));
  }
  Table table(std::move(columns));
  for (auto& row : rows) table.add(std::move(row));
  table.print(out);
}

bool is_word(char c) {
  return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || (c >= '0' && c <= '9') ||
         (static_cast<unsigned char>(c) & 0x80) != 0;
}

// What would be markup is shown as the characters that it is. An underscore inside a word is no markup: encoder_weight.
std::string markdown_text(const std::string& text) {
  constexpr std::string_view markup = "\\|`*<[~&";
  const std::string plain = escaped(text);
  std::string out;
  for (std::size_t i = 0; i < plain.size(); ++i) {
    const bool inside = i > 0 && i + 1 < plain.size() && is_word(plain[i - 1]) && is_word(plain[i + 1]);
    if (markup.find(plain[i]) != std::string_view::npos || (plain[i] == '_' && !inside)) out += '\\';
    out += plain[i];
  }
  return out;
}

void print_markdown(std::ostream& out, SQLite::Statement& statement) {
  const int columns = statement.getColumnCount();
  const auto print = [&](auto&& cell_of) { print_line(out, columns, "| ", " | ", " |\n", cell_of); };
  print([&](int i) { return markdown_text(title(statement, i)); });
  bool any = statement.executeStep();
  // The first row tells which columns hold numbers.
  print([&](int i) {
    const int type = any ? statement.getColumn(i).getType() : SQLITE_NULL;
    return type == SQLITE_INTEGER || type == SQLITE_FLOAT ? "---:" : "---";
  });
  for (; any; any = statement.executeStep()) {
    print([&](int i) {
      const SQLite::Column value = statement.getColumn(i);
      return markdown_text(value.isBlob() ? size_of_blob(value) : text_of(value));
    });
  }
}

std::string csv_field(const std::string& text) {
  if (text.find_first_of("\",\r\n") == std::string::npos) return text;
  std::string quoted = "\"";
  for (const char c : text) {
    if (c == '"') quoted += '"';
    quoted += c;
  }
  return quoted + "\"";
}

void print_csv(std::ostream& out, SQLite::Statement& statement) {
  const bool to_terminal = Terminal::output().is_terminal;
  const auto field = [&](const std::string& text) { return csv_field(to_terminal ? escaped(text) : text); };
  const auto print = [&](auto&& cell_of) { print_line(out, statement.getColumnCount(), "", ",", "\r\n", cell_of); };
  print([&](int i) { return field(title(statement, i)); });
  while (statement.executeStep()) {
    print([&](int i) {
      const SQLite::Column value = statement.getColumn(i);
      return field(value.isBlob() ? hexadecimal(value) : text_of(value));
    });
  }
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

// On a terminal what it might obey becomes \uNNNN, which JSON has for every character.
std::string json_text(const Json& object) {
  constexpr auto replace = Json::error_handler_t::replace;
  std::string text = object.dump(-1, ' ', false, replace);
  if (Terminal::output().is_terminal && escaped(text) != text) text = object.dump(-1, ' ', true, replace);
  return text;
}

void refuse_equal_titles(const SQLite::Statement& statement) {
  std::set<std::string> titles;
  for (int i = 0; i < statement.getColumnCount(); ++i) {
    if (titles.insert(title(statement, i)).second) continue;
    throw UsageError("the SQL returns several columns called " + title(statement, i) +
                     ", but a JSON object can hold only one; rename them with AS");
  }
}

void print_json_rows(std::ostream& out, SQLite::Statement& statement) {
  refuse_equal_titles(statement);
  out << '[';
  for (bool first = true; statement.executeStep(); first = false) {
    Json object = Json::object();
    for (int i = 0; i < statement.getColumnCount(); ++i) object[title(statement, i)] = json_of(statement.getColumn(i));
    out << (first ? "\n  " : ",\n  ") << json_text(object);
  }
  out << "\n]\n";
}

// A statement without columns is run, in every format, and prints nothing.
template <void (*print)(std::ostream&, SQLite::Statement&)>
void run(std::ostream& out, SQLite::Statement& statement) {
  if (statement.getColumnCount() > 0) {
    print(out, statement);
  } else {
    statement.executeStep();
  }
}

}  // namespace

const std::array<ResultFormat, 4> result_formats{{
    {"table", "Print a table with aligned columns (the default)", run<print_table>},
    {"markdown", "Print a Markdown table", run<print_markdown>},
    {"csv", "Print comma-separated values", run<print_csv>},
    {"json", "Print JSON", run<print_json_rows>},
}};

const ResultFormat* find_result_format(std::string_view name) noexcept {
  const auto found = std::find_if(result_formats.begin(), result_formats.end(),
                                  [&](const ResultFormat& format) { return format.name == name; });
  return found == result_formats.end() ? nullptr : &*found;
}

}  // namespace paramstore::cli
