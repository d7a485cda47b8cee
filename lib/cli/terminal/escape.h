// Text from a file, made safe to show on a terminal.
#pragma once

#include <string>
#include <string_view>

namespace paramstore::cli {

/// `text` with everything that is not plain text as an escape: control characters and bytes that are not UTF-8 as \n,
/// \t or \xNN, characters that reorder text or are line ends to some programs as \u{NNNN}. What a terminal would obey
/// is seen instead.
std::string escaped(std::string_view text);

/// A name as it is listed: as it is where it is plain text, else escaped and in double quotes, as git does with paths.
/// Two names never look the same: one that begins with a double quote is quoted too.
std::string shown_name(std::string_view name);

/// How many columns of a terminal `text` takes.
std::size_t display_width(std::string_view text);

/// `text`, cut off with an ellipsis where it takes more columns than `most`.
std::string cut_to_width(const std::string& text, std::size_t most);

}  // namespace paramstore::cli
