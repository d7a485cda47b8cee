// Numbers as they stand in tags, in any locale.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace paramstore {

/// The shortest text that reads back to the same number, laid out as Python's repr does: "0.0", "0.1", "1e-300", "inf".
std::string real_text(double value);
/// The same with the digits that a float needs: "0.1", where the double of that value has 17.
std::string real_text(float value);

/// How many characters at the front of `text` are a JSON number; 0 where none are.
std::size_t number_length(std::string_view text);

/// Reads what `number_length` measured. Nothing where it lies outside what the type can tell from infinity or zero.
std::optional<double> parse_double(std::string_view number);
std::optional<float> parse_float(std::string_view number);
/// Nothing also where the number has a point or an exponent.
std::optional<std::int64_t> parse_integer(std::string_view number);

}  // namespace paramstore
