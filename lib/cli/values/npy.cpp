#include "lib/cli/values/npy.h"

#include <algorithm>
#include <array>
#include <charconv>
#include <cstring>

#include "lib/cli/exit_status.h"
#include "lib/cli/terminal/escape.h"
#include "lib/cli/values/shape_text.h"

namespace paramstore::cli {
namespace {

using storage::Dtype;
using Shape = std::vector<std::int64_t>;

constexpr std::string_view magic("\x93NUMPY", 6);
constexpr std::size_t longest_header = 1 << 20;  // of 64 dimensions NumPy makes less than 2 KiB

struct NpyDtype {
  std::string_view name;  // after the byte order
  Dtype dtype;
};
constexpr std::array npy_dtypes{NpyDtype{"f2", Dtype::float16}, NpyDtype{"f4", Dtype::float32},
                                NpyDtype{"f8", Dtype::float64}, NpyDtype{"c8", Dtype::complex64},
                                NpyDtype{"c16", Dtype::complex128}};

struct Header {
  std::string descr;
  bool fortran_order = false;
  Shape shape;
};

// The header is a Python dictionary with three entries, in any order. Nothing else is accepted.
class HeaderReader {
 public:
  HeaderReader(std::string_view text, const std::string& source) : text_(text), source_(source) {}

  Header read() {
    expect('{');
    bool seen[3] = {};
    while (!take('}')) {
      const std::string key = read_string();
      expect(':');
      std::size_t which = 0;
      if (key == "descr") {
        if (!text_.empty() && text_.front() == '[')
          throw UsageError(source_ + ": is a NumPy array with named fields; save one of its fields instead");
        header_.descr = read_string();
      } else if (key == "fortran_order") {
        which = 1;
        header_.fortran_order = read_bool();
      } else if (key == "shape") {
        which = 2;
        header_.shape = read_shape();
      } else {
        fail("an entry " + shown_name(key));
      }
      if (seen[which]) fail("a second " + key);
      seen[which] = true;
      if (!take(',')) {
        expect('}');
        break;
      }
    }
    if (!std::all_of(std::begin(seen), std::end(seen), [](bool each) { return each; })) fail("an entry is missing");
    skip_spaces();
    if (!text_.empty()) fail("something after the closing brace");
    return std::move(header_);
  }

 private:
  [[noreturn]] void fail(const std::string& what) const {
    throw UsageError(source_ + ": its .npy header is not as NumPy writes it: " + what);
  }

  void skip_spaces() {
    while (!text_.empty() && (text_.front() == ' ' || text_.front() == '\n')) text_.remove_prefix(1);
  }
  bool take(char c) {
    skip_spaces();
    if (text_.empty() || text_.front() != c) return false;
    text_.remove_prefix(1);
    skip_spaces();
    return true;
  }
  void expect(char c) {
    if (!take(c)) fail(std::string("no ") + c + " where one is expected");
  }
  std::string read_string() {
    skip_spaces();
    if (text_.empty() || (text_.front() != '\'' && text_.front() != '"')) fail("no string where one is expected");
    const char quote = text_.front();
    const std::size_t end = text_.find(quote, 1);
    if (end == std::string_view::npos) fail("an unterminated string");
    std::string result(text_.substr(1, end - 1));
    text_.remove_prefix(end + 1);
    return result;
  }
  bool read_bool() {
    for (const bool value : {true, false}) {
      const std::string_view word = value ? "True" : "False";
      if (text_.substr(0, word.size()) != word) continue;
      text_.remove_prefix(word.size());
      return value;
    }
    fail("fortran_order is neither True nor False");
  }
  Shape read_shape() {
    Shape shape;
    expect('(');
    while (!take(')')) {
      std::int64_t size = 0;
      const auto [end, error] = std::from_chars(text_.data(), text_.data() + text_.size(), size);
      if (error != std::errc() || size < 0) fail("an invalid size");
      text_.remove_prefix(static_cast<std::size_t>(end - text_.data()));
      shape.push_back(size);
      if (shape.size() > 64) fail("more than 64 dimensions");
      if (!take(',')) {
        expect(')');
        break;
      }
    }
    return shape;
  }

  std::string_view text_;
  const std::string& source_;
  Header header_;
};

std::uint32_t little_endian(std::string_view bytes) {
  std::uint32_t number = 0;
  for (std::size_t i = bytes.size(); i-- > 0;) number = number << 8 | static_cast<unsigned char>(bytes[i]);
  return number;
}

// Converts a position in Fortran's element order to C's.
std::size_t position_in_c_order(std::size_t position, const Shape& shape) {
  std::size_t result = 0;
  std::size_t stride = 1;
  for (const std::int64_t size : shape) stride *= static_cast<std::size_t>(size);
  for (const std::int64_t size : shape) {
    stride /= static_cast<std::size_t>(size);
    result += position % static_cast<std::size_t>(size) * stride;
    position /= static_cast<std::size_t>(size);
  }
  return result;
}

UsageError cut_short(const std::string& source) { return UsageError(source + ": is a .npy file that ends too early"); }

}  // namespace

bool is_npy(std::string_view contents) { return contents.substr(0, magic.size()) == magic; }

std::size_t npy_header_size(std::string_view start, const std::string& source) {
  if (start.size() < npy_start) throw cut_short(source);
  const auto version = static_cast<unsigned char>(start[6]);
  if (version < 1 || version > 3)
    throw UsageError(source + ": is a .npy file of version " + std::to_string(version) +
                     "; versions 1 to 3 can be read");
  const std::size_t length_bytes = version == 1 ? 2 : 4;
  const std::size_t length = little_endian(start.substr(8, length_bytes));
  if (length > longest_header) {
    throw UsageError(source + ": its .npy header has " + std::to_string(length) + " bytes; expected at most " +
                     std::to_string(longest_header));
  }
  return 8 + length_bytes + length;
}

NpyArray npy_array(std::string_view contents, const std::string& source) {
  NpyArray array;
  array.header_size = npy_header_size(contents, source);
  if (contents.size() < array.header_size) throw cut_short(source);
  const std::size_t header_start = contents[6] == 1 ? 10 : 12;
  const Header header = HeaderReader(contents.substr(header_start, array.header_size - header_start), source).read();
  const auto known = std::find_if(npy_dtypes.begin(), npy_dtypes.end(), [&](const NpyDtype& each) {
    return !header.descr.empty() && header.descr.substr(1) == each.name;
  });
  const char order = header.descr.empty() ? ' ' : header.descr.front();
  if (known == npy_dtypes.end() || (order != '<' && order != '>' && order != '=')) {
    throw UsageError(source + ": its dtype is " + shown_name(header.descr) +
                     "; parameters are floating-point: convert it with .astype('float32')");
  }
  const auto size = value_size(header.shape, known->dtype);
  if (!size)
    throw UsageError(source + ": shape " + shape_text(header.shape) + " and dtype " +
                     std::string(dtype_name(known->dtype)) + " need more bytes than any value can have");
  array.dtype = known->dtype;
  array.shape = header.shape;
  array.size = *size;
  array.big_endian = order == '>';
  array.fortran_order = header.fortran_order;
  return array;
}

GivenValue parse_npy(std::string_view contents, const std::string& source) {
  const NpyArray array = npy_array(contents, source);
  const Dtype dtype = array.dtype;
  const std::string_view data = contents.substr(array.header_size);
  if (data.size() != array.size) {
    throw UsageError(source + ": shape " + shape_text(array.shape) + " and dtype " + std::string(dtype_name(dtype)) +
                     " need " + std::to_string(array.size) + " bytes, the file has " + std::to_string(data.size()));
  }

  GivenValue value;
  value.dtype = dtype;
  value.shape = array.shape;
  const std::size_t item = dtype_size(dtype);
  value.numbers.resize(data.size() / item);
  const std::size_t part = numeric::is_complex(dtype) ? item / 2 : item;
  std::array<char, 16> element{};
  for (std::size_t i = 0; i < value.numbers.size(); ++i) {
    std::memcpy(element.data(), data.data() + i * item, item);
    if (array.big_endian) {
      for (std::size_t at = 0; at < item; at += part) std::reverse(element.data() + at, element.data() + at + part);
    }
    value.numbers[array.fortran_order ? position_in_c_order(i, array.shape) : i] =
        numeric::element_at(dtype, element.data(), 0);
  }
  return value;
}

Dtype npy_dtype(Dtype dtype) { return dtype == Dtype::bfloat16 ? Dtype::float32 : dtype; }

std::string npy_header(Dtype dtype, const Shape& shape) {
  const auto known = std::find_if(npy_dtypes.begin(), npy_dtypes.end(),
                                  [&](const NpyDtype& each) { return each.dtype == npy_dtype(dtype); });
  std::string tuple = "(";
  for (const std::int64_t size : shape) tuple += std::to_string(size) + (shape.size() == 1 ? "," : ", ");
  if (shape.size() > 1) tuple.erase(tuple.size() - 2);
  std::string text =
      "{'descr': '<" + std::string(known->name) + "', 'fortran_order': False, 'shape': " + tuple + "), }";
  // Padded with spaces and a line end, so that the data begins at a multiple of 64 bytes.
  constexpr std::size_t before = 10;
  text.append(63 - (before + text.size()) % 64, ' ').append("\n");
  std::string header(magic);
  header += '\x01';
  header += '\x00';
  header += static_cast<char>(text.size() & 0xff);
  header += static_cast<char>(text.size() >> 8 & 0xff);
  return header + text;
}

}  // namespace paramstore::cli
