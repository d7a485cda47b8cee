// Where `set --from` reads a value: a file or the standard input, and no more of it than the parameter can take.
#pragma once

#include <cstdint>
#include <istream>
#include <optional>
#include <string>
#include <vector>

namespace paramstore::cli {

/// The most bytes of text for a value: for so many numbers, and for comments and line ends. NumPy's savetxt writes 25 bytes
/// a number, 54 if it is complex.
constexpr std::uint64_t text_bytes_a_number = 64;
constexpr std::uint64_t text_bytes_beside = 64 << 10;
/// The same if neither the parameter nor the user says how many numbers there are.
constexpr std::uint64_t most_text_bytes = 1 << 30;

/// Reads a value for a parameter of this shape (nothing if it is not known), complex or not, to the end of `in`. Throws
/// UsageError, and reads no further, if a .npy file has more elements or bytes than fit, or a text more bytes than so many
/// numbers need; and FileError if reading fails. `source` is the name for messages.
std::string read_value_text(std::istream& in, const std::string& source,
                            const std::optional<std::vector<std::int64_t>>& shape, bool complex);

/// The same for a file, or for the standard input if `name` is "-".
std::string read_value_source(const std::string& name, const std::optional<std::vector<std::int64_t>>& shape,
                              bool complex);

/// "the standard input", or the file's name.
std::string source_name(const std::string& name);

}  // namespace paramstore::cli
