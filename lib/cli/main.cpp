// The command `paramstore`.
#include <CLI/CLI.hpp>
#include <clocale>
#include <cstdio>
#include <iostream>
#include <string>

#include "lib/cli/command_line.h"
#include "lib/cli/exit_status.h"
#include "lib/cli/terminal/broken_pipe.h"
#include "lib/cli/terminal/escape.h"
#include "lib/cli/verb.h"
#include "lib/cli/verbs.h"

namespace paramstore::cli {
namespace {

using AddVerb = void (*)(CLI::App&, Action&);
constexpr AddVerb verbs[] = {add_ls,  add_show, add_get, add_diff, add_log,    add_scopes, add_watch,  add_sql,
                             add_set, add_rm,   add_mv,  add_cp,   add_verify, add_backup, add_compact};

constexpr const char* description =
    "Reads, compares and changes parameter stores: SQLite files in which the\n"
    "paramstore library keeps the parameters of a model. STORE is a file, or\n"
    "FILE//SCOPE for one of its scopes. Patterns are globs: 'encoder.*'.\n";

constexpr const char* footer =
    "Put -- before a name or a value that begins with a dash.\n"
    "`paramstore VERB --help` explains a verb; `man paramstore` is the manual.";

// As long as it lives, output that cannot be written ends the verb: a full disk, or `| head -1`.
class ThrowingOutput {
 public:
  ThrowingOutput() { std::cout.exceptions(std::ios::badbit); }
  ~ThrowingOutput() { std::cout.exceptions(std::ios::goodbit); }
  ThrowingOutput(const ThrowingOutput&) = delete;
  ThrowingOutput& operator=(const ThrowingOutput&) = delete;
};

// Always one line, even if the message has line ends.
ExitStatus fail(const CLI::App& command, const std::string& message, ExitStatus status) {
  if (BrokenPipeGuard::broken()) return status;  // nobody wants to read it
  std::string name = "paramstore";
  for (const CLI::App* verb : command.get_subcommands()) name += " " + verb->get_name();
  std::cerr << name << ": " << escaped(message) << std::endl;
  return status;
}

ExitStatus run(int argc, char** argv) {
  CLI::App command(description, "paramstore");
  command.footer(footer);
  command.set_version_flag("--version", "paramstore " PARAMSTORE_VERSION, "Print the version and exit");
  command.require_subcommand(1);
  style_help(command);
  Action action;
  for (const AddVerb add : verbs) add(command, action);
  try {
    parse(command, argc, argv);
  } catch (const CLI::Success& success) {  // --help, --version
    command.exit(success);
    return ExitStatus::done;
  } catch (const CLI::ParseError& error) {
    std::string help = "paramstore";
    for (const CLI::App* verb : command.get_subcommands()) help += " " + verb->get_name();
    return fail(command, without_marks(error.what()) + " (see " + help + " --help)", ExitStatus::usage);
  } catch (const std::exception& error) {  // from a verb's own checks of its arguments
    return fail(command, error.what(), status_of(error));
  }
  constexpr const char* no_output = "the output cannot be written";
  ExitStatus status = ExitStatus::done;
  try {
    const ThrowingOutput output;
    status = action();
  } catch (const std::bad_alloc&) {
    return fail(command, "out of memory", ExitStatus::file);
  } catch (const std::ios_base::failure&) {
    return fail(command, no_output, ExitStatus::file);
  } catch (const std::exception& error) {
    std::cout.flush();
    return fail(command, error.what(), status_of(error));
  }
  // A full disk is noticed here at the latest.
  if (!std::cout.flush()) return fail(command, no_output, ExitStatus::file);
  return status;
}

}  // namespace
}  // namespace paramstore::cli

int main(int argc, char** argv) {
  const paramstore::cli::BrokenPipeGuard pipe;
  std::setlocale(LC_CTYPE, "");  // for the width of characters; numbers are written as in C
  std::ios::sync_with_stdio(false);
  return static_cast<int>(paramstore::cli::run(argc, argv));
}
