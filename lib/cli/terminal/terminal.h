// What the standard input, output and error are connected to: a person's terminal, or a pipe or file.
#pragma once

#include <string>
#include <string_view>

namespace paramstore::cli {

struct Terminal {
  bool is_terminal = false;
  bool colour = false;   // a terminal that has colours, and NO_COLOR (no-color.org) is not set
  bool unicode = false;  // the locale's characters are UTF-8
  std::size_t width = 80;

  static const Terminal& output();
  static const Terminal& error();

  /// Whether the standard input and output are both terminals: a person types here and reads the answers.
  static bool is_interactive();
};

enum class Colour { bold, dim, red, green, yellow };

/// `text` in that colour, if the terminal has colours.
std::string coloured(const Terminal& terminal, Colour colour, std::string_view text);

}  // namespace paramstore::cli
