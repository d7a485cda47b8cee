// A session of SQL at a terminal.
#pragma once

#include <string>
#include <vector>

#include "lib/cli/sql_connection.h"
#include "lib/cli/values/result_output.h"

namespace paramstore::cli {

/// Reads statements and dot commands until Ctrl-D or `.quit`. An error is printed and the session goes on; Ctrl-C drops
/// what has been typed, or stops the statement that runs. On a connection that writes, each statement is a transaction,
/// unless the user begins one.
class SqlShell {
 public:
  SqlShell(SqlConnection& connection, const ResultFormat& format) : connection_(connection), format_(&format) {}

  /// Needs an InterruptGuard. Throws Interrupted after SIGTERM and SIGHUP, and std::ios_base::failure if the output
  /// cannot be written.
  void run();

 private:
  struct Command;
  static const std::vector<Command>& commands();

  std::string prompt() const;
  void take(const std::string& line);
  void run_command(const std::string& line);
  void run_statements(const std::string& sql);
  void print_rows(const std::string& sql);
  std::vector<std::string> schemas();
  std::vector<std::string> candidates(bool is_first);

  void tables(const std::string& unused);
  void schema(const std::string& name);
  void mode(const std::string& name);
  void help(const std::string& unused);
  void quit(const std::string& unused);

  SqlConnection& connection_;
  const ResultFormat* format_;
  std::string typed_;  // of a statement that does not end yet
  bool done_ = false;
};

}  // namespace paramstore::cli
