// Is this text UTF-8, and how is it shown when it may be anything?
#pragma once

#include <cstddef>
#include <optional>
#include <string>
#include <string_view>

namespace paramstore {

/// The first byte at which `text` stops being well-formed UTF-8 (Unicode 15, table 3-7), or nothing.
std::optional<std::size_t> first_invalid_utf8(std::string_view text) noexcept;

/// `text` in quotes for a message: control characters and bytes that are not UTF-8 as \xNN, cut off after
/// `limit` bytes.
std::string in_quotes(std::string_view text, std::size_t limit = 200);

}  // namespace paramstore
