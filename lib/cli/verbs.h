// The verbs of the command. Each has one function, in the file named after the verb, that adds it to the command line.
#pragma once

#include <functional>

#include "lib/cli/exit_status.h"

namespace CLI {
class App;
}

namespace paramstore::cli {

/// What to do once the command line has been read.
using Action = std::function<ExitStatus()>;

/// Adds the verb to `command`; if the command line names it, `action` becomes what it does.
void add_ls(CLI::App& command, Action& action);
void add_info(CLI::App& command, Action& action);
void add_show(CLI::App& command, Action& action);
void add_get(CLI::App& command, Action& action);
void add_set(CLI::App& command, Action& action);
void add_rm(CLI::App& command, Action& action);
void add_mv(CLI::App& command, Action& action);
void add_cp(CLI::App& command, Action& action);
void add_diff(CLI::App& command, Action& action);
void add_sql(CLI::App& command, Action& action);
void add_scopes(CLI::App& command, Action& action);
void add_log(CLI::App& command, Action& action);
void add_watch(CLI::App& command, Action& action);
void add_verify(CLI::App& command, Action& action);
void add_backup(CLI::App& command, Action& action);
void add_compact(CLI::App& command, Action& action);
void add_help(CLI::App& command, Action& action);
void add_complete(CLI::App& command, Action& action);

/// The headings under which --help lists the verbs.
inline constexpr const char* reading_verbs = "Verbs that read";
inline constexpr const char* changing_verbs = "Verbs that change parameters";
inline constexpr const char* keeping_verbs = "Verbs that maintain files";
inline constexpr const char* other_verbs = "Other verbs";
/// For programs: --help does not list them.
inline constexpr const char* hidden_verbs = "";

}  // namespace paramstore::cli
