// A value that a person or another program gives to `set`.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/numeric/elements.h"
#include "paramstore/storage/dtype.h"

namespace paramstore::cli {

/// Numbers in row-major order, and what their source said about them.
struct GivenValue {
  std::vector<numeric::Element> numbers;
  std::optional<std::vector<std::int64_t>> shape;  // plain text has none
  std::optional<storage::Dtype> dtype;             // only .npy has one
};

/// Reads a value in any of these formats; `source` is its name in messages. Throws UsageError if it has none of them.
///   .npy   NumPy's file format, if it begins with its magic bytes
///   JSON   if it begins with a bracket: numbers in nested arrays of equal lengths. Also null and NaN, Infinity and
///          9e999; if `complex` is set, a number is an array [re,im]
///   text   otherwise: numbers separated by spaces, commas or line ends, as NumPy's savetxt writes them; # begins a
///          comment; a complex number is 1+2j
GivenValue parse_value(std::string_view contents, const std::string& source, bool complex);

/// The readers of the three formats.
GivenValue parse_json_value(std::string_view json, const std::string& source, bool complex);
GivenValue parse_text_value(std::string_view text, const std::string& source);

}  // namespace paramstore::cli
