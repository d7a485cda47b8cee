// The characters of a text: is it UTF-8, and how is it shown when it may be anything?
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace paramstore {

struct Character {
  char32_t code;
  std::size_t length;  ///< in bytes
};

/// The character at the front of a text that is not empty. Both members are 0 if no well-formed UTF-8 stands there.
Character first_character(std::string_view text) noexcept;

/// The first byte at which `text` stops being well-formed UTF-8 (Unicode 15, table 3-7), or nothing.
std::optional<std::size_t> first_invalid_utf8(std::string_view text) noexcept;

/// `text` in quotes for a message: control characters and bytes that are not UTF-8 as \xNN, cut off after
/// `limit` bytes.
std::string in_quotes(std::string_view text, std::size_t limit = 200);

}  // namespace paramstore
