#include "lib/cli/terminal/terminal.h"

#include <langinfo.h>
#include <sys/ioctl.h>
#include <unistd.h>

#include <cstdlib>

namespace paramstore::cli {
namespace {

bool is_set(const char* variable) {
  const char* value = std::getenv(variable);
  return value != nullptr && *value != '\0';
}

Terminal look_at(int descriptor) {
  Terminal terminal;
  terminal.unicode = std::string_view(nl_langinfo(CODESET)) == "UTF-8";
  terminal.is_terminal = isatty(descriptor) == 1;
  if (!terminal.is_terminal) return terminal;
  const char* type = std::getenv("TERM");
  terminal.colour = !is_set("NO_COLOR") && type != nullptr && std::string_view(type) != "dumb";
  winsize size{};
  if (ioctl(descriptor, TIOCGWINSZ, &size) == 0 && size.ws_col > 0) terminal.width = size.ws_col;
  return terminal;
}

}  // namespace

const Terminal& Terminal::output() {
  static const Terminal terminal = look_at(STDOUT_FILENO);
  return terminal;
}

const Terminal& Terminal::error() {
  static const Terminal terminal = look_at(STDERR_FILENO);
  return terminal;
}

bool Terminal::is_interactive() { return output().is_terminal && isatty(STDIN_FILENO) == 1; }

std::string coloured(const Terminal& terminal, Colour colour, std::string_view text) {
  if (!terminal.colour) return std::string(text);
  constexpr const char* codes[] = {"1", "2", "31", "32", "33"};
  return std::string("\x1b[") + codes[static_cast<int>(colour)] + "m" + std::string(text) + "\x1b[0m";
}

}  // namespace paramstore::cli
