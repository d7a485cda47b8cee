#include "paramstore/storage/shape.h"

#include <algorithm>
#include <charconv>
#include <limits>

namespace paramstore::storage {
namespace {

constexpr std::size_t max_dimensions = 64;

void skip_whitespace(std::string_view& text) {
  text.remove_prefix(std::min(text.find_first_not_of(" \t\r\n"), text.size()));
}

bool take(std::string_view& text, char expected) {
  skip_whitespace(text);
  if (text.empty() || text.front() != expected) return false;
  text.remove_prefix(1);
  return true;
}

// JSON's integers without a sign: no leading zeros.
std::optional<std::int64_t> take_integer(std::string_view& text) {
  skip_whitespace(text);
  if (text.empty() || text.front() < '0' || text.front() > '9') return std::nullopt;
  if (text.size() > 1 && text[0] == '0' && text[1] >= '0' && text[1] <= '9') return std::nullopt;
  std::int64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc()) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return value;
}

}  // namespace

std::string shape_to_json(const std::vector<std::int64_t>& shape) {
  std::string json = "[";
  for (const std::int64_t size : shape) {
    if (json.size() > 1) json += ',';
    json += std::to_string(size);
  }
  return json + "]";
}

std::optional<std::vector<std::int64_t>> parse_shape(std::string_view json) {
  std::vector<std::int64_t> shape;
  if (!take(json, '[')) return std::nullopt;
  if (!take(json, ']')) {
    do {
      const auto size = take_integer(json);
      if (!size || shape.size() == max_dimensions) return std::nullopt;
      shape.push_back(*size);
    } while (take(json, ','));
    if (!take(json, ']')) return std::nullopt;
  }
  skip_whitespace(json);
  if (!json.empty()) return std::nullopt;
  return shape;
}

std::optional<std::uint64_t> value_size(const std::vector<std::int64_t>& shape, Dtype dtype) noexcept {
  constexpr auto limit = static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max());
  std::uint64_t bytes = dtype_size(dtype);
  bool empty = false;
  for (const std::int64_t size : shape) {
    if (size < 0) return std::nullopt;
    empty = empty || size == 0;
    // A zero does not excuse the others: strides are their product, and would overflow.
    const auto factor = static_cast<std::uint64_t>(std::max<std::int64_t>(size, 1));
    if (bytes > limit / factor) return std::nullopt;
    bytes *= factor;
  }
  return empty ? 0 : bytes;
}

}  // namespace paramstore::storage
