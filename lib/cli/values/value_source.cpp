#include "lib/cli/values/value_source.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iostream>

#include "lib/cli/exit_status.h"
#include "lib/cli/terminal/readable_numbers.h"
#include "lib/cli/values/npy.h"
#include "lib/cli/values/shape_text.h"
#include "paramstore/storage/dtype.h"
#include "paramstore/storage/shape.h"

namespace paramstore::cli {
namespace {

using Shape = std::vector<std::int64_t>;

std::uint64_t count_of(const Shape& shape) {
  const auto bytes = storage::value_size(shape, storage::Dtype::float16);
  if (!bytes) throw UsageError("the shape " + shape_text(shape) + " is too large for any value");
  return *bytes / dtype_size(storage::Dtype::float16);
}

class Source {
 public:
  Source(std::istream& in, const std::string& name) : in_(in), name_(name) {}

  std::string& contents() noexcept { return contents_; }

  /// Reads on until `contents` has so many bytes, or to the end. Memory grows with what was read, not with `size`, which may
  /// be only a file's claim.
  void read_to(std::uint64_t size) {
    constexpr std::uint64_t piece = 1 << 20;
    while (contents_.size() < size && in_) {
      const std::size_t before = contents_.size();
      contents_.resize(before + static_cast<std::size_t>(std::min(piece, size - before)));
      in_.read(contents_.data() + before, static_cast<std::streamsize>(contents_.size() - before));
      contents_.resize(before + static_cast<std::size_t>(in_.gcount()));
    }
    if (in_.bad()) throw FileError(name_ + ": cannot be read");
  }

  bool has_more() { return in_ && in_.peek() != std::istream::traits_type::eof(); }

 private:
  std::istream& in_;
  const std::string& name_;
  std::string contents_;
};

void read_npy(Source& from, const std::string& source, const std::optional<Shape>& shape) {
  from.read_to(npy_header_size(from.contents(), source));
  const NpyArray array = npy_array(from.contents(), source);
  const std::string what =
      source + ": shape " + shape_text(array.shape) + " and dtype " + std::string(dtype_name(array.dtype));
  if (shape && count_of(array.shape) > count_of(*shape)) {
    throw UsageError(what + " make " + std::to_string(array.size) + " bytes; expected " +
                     std::to_string(count_of(*shape) * dtype_size(array.dtype)) + " bytes, for shape " +
                     shape_text(*shape) + "; choose another shape with --shape");
  }
  from.read_to(array.header_size + array.size);
  if (from.has_more()) {
    throw UsageError(what + " need " + std::to_string(array.size) + " bytes, the file has more");
  }
}

void read_text(Source& from, const std::string& source, const std::optional<Shape>& shape, bool complex) {
  const std::uint64_t each = complex ? 2 * text_bytes_a_number : text_bytes_a_number;
  const std::uint64_t most =
      shape ? text_bytes_beside + std::min(count_of(*shape), (UINT64_MAX >> 1) / each) * each : most_text_bytes;
  if (!shape) {
    // What is not text at all should not be read so far.
    from.read_to(text_bytes_beside);
    if (from.contents().find('\0') != std::string::npos)
      throw UsageError(source + ": has a NUL byte, so it is not text; a value is numbers, JSON, or a .npy file");
  }
  from.read_to(most);
  if (!from.has_more()) return;
  throw UsageError(source + ": has more than the " + std::to_string(most) + " bytes expected" +
                   (shape ? " of text for shape " + shape_text(*shape) + ", " + counted(count_of(*shape), "number")
                          : "; give --shape for more"));
}

}  // namespace

std::string read_value_text(std::istream& in, const std::string& source, const std::optional<Shape>& shape,
                            bool complex) {
  Source from(in, source);
  from.read_to(npy_start);
  if (is_npy(from.contents())) {
    read_npy(from, source, shape);
  } else {
    read_text(from, source, shape, complex);
  }
  return std::move(from.contents());
}

std::string read_value_source(const std::string& name, const std::optional<Shape>& shape, bool complex) {
  if (name == "-") return read_value_text(std::cin, source_name(name), shape, complex);
  std::error_code error;
  if (std::filesystem::is_directory(name, error))
    throw FileError(name + ": is a directory; name a file that contains the value");
  std::ifstream file(name, std::ios::binary);
  if (!file) throw FileError(name + ": cannot be read; does it exist?");
  return read_value_text(file, name, shape, complex);
}

std::string source_name(const std::string& name) { return name == "-" ? "the standard input" : name; }

}  // namespace paramstore::cli
