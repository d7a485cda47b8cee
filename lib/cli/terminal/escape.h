// Makes text from a file safe to show on a terminal.
#pragma once

#include <string>
#include <string_view>

namespace paramstore::cli {

/// `text` with everything that is not plain text escaped: control characters and bytes that are not UTF-8 as \n, \t or
/// \xNN, characters that reorder text or that some programs treat as line ends as \u{NNNN}. A terminal shows such
/// characters instead of obeying them.
std::string escaped(std::string_view text);

/// JSON with the same characters as \uNNNN, which is how JSON escapes them.
std::string json_escaped(std::string_view json);

/// A name for display: unchanged if it is plain text, else escaped and in double quotes, as git shows paths. Two names
/// never look the same, because one that begins with a double quote is quoted too.
std::string shown_name(std::string_view name);

/// The number of terminal columns that `text` takes.
std::size_t display_width(std::string_view text);

/// `text`, cut off with an ellipsis if it takes more columns than `most`.
std::string cut_to_width(const std::string& text, std::size_t most);

}  // namespace paramstore::cli
