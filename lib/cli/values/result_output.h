// How the rows of a statement of SQL are printed.
#pragma once

#include <SQLiteCpp/Statement.h>

#include <array>
#include <iosfwd>
#include <string_view>

namespace paramstore::cli {

struct ResultFormat {
  const char* name;         // of the option --NAME and in `.mode NAME`
  const char* description;  // for --help
  /// Runs the statement and prints what it returns, if it returns columns: every row as soon as it is there, save in a
  /// table, whose columns line up. Text from the file is escaped where it could reach a terminal. Throws UsageError if
  /// the format cannot hold the result, before any row has been computed.
  void (*print)(std::ostream& out, SQLite::Statement& statement);
};

/// All formats; the first is the default.
extern const std::array<ResultFormat, 4> result_formats;

/// The format of that name, or null.
const ResultFormat* find_result_format(std::string_view name) noexcept;

}  // namespace paramstore::cli
