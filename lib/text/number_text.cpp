#include "lib/text/number_text.h"

#include <array>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <system_error>

namespace paramstore {
namespace {

// to_chars gives the digits; which of its layouts is shorter differs from Python's choice and, for large numbers,
// between standard libraries, so the point is placed here.
template <typename Real>
std::string layout(Real value) {
  if (std::isnan(value)) {
    return "nan";
  }
  if (std::isinf(value)) {
    return value < 0 ? "-inf" : "inf";
  }
  std::array<char, 64> buffer{};
  const auto written =
      std::to_chars(buffer.data(), buffer.data() + buffer.size(), value, std::chars_format::scientific);
  const std::string_view scientific(buffer.data(), static_cast<std::size_t>(written.ptr - buffer.data()));

  const std::size_t e = scientific.find('e');
  std::string_view power = scientific.substr(e + 1);
  if (power.front() == '+') {
    power.remove_prefix(1);
  }
  int exponent = 0;
  std::from_chars(power.data(), power.data() + power.size(), exponent);
  if (exponent < -4 || exponent >= 16) {
    return std::string(scientific);
  }

  std::string text;
  std::string digits;
  for (const char c : scientific.substr(0, e)) {
    if (c == '-') {
      text += c;
    } else if (c != '.') {
      digits += c;
    }
  }
  if (exponent < 0) {
    text += "0." + std::string(static_cast<std::size_t>(-exponent - 1), '0') + digits;
    return text;
  }
  const std::size_t whole = static_cast<std::size_t>(exponent) + 1;
  if (digits.size() <= whole) {
    digits.append(whole - digits.size() + 1, '0');
  }
  return text + digits.substr(0, whole) + '.' + digits.substr(whole);
}

std::size_t digits_length(std::string_view text) {
  std::size_t length = 0;
  while (length < text.size() && text[length] >= '0' && text[length] <= '9') {
    ++length;
  }
  return length;
}

template <typename Number>
std::optional<Number> read(std::string_view text) {
  Number value{};
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  if (result.ec != std::errc() || result.ptr != text.data() + text.size()) {
    return std::nullopt;
  }
  return value;
}

}  // namespace

std::string real_text(double value) { return layout(value); }
std::string real_text(float value) { return layout(value); }

std::size_t number_length(std::string_view text) {
  std::size_t length = !text.empty() && text.front() == '-' ? 1 : 0;
  const std::size_t whole = digits_length(text.substr(length));
  if (whole == 0 || (whole > 1 && text[length] == '0')) {
    return 0;
  }
  length += whole;
  if (length < text.size() && text[length] == '.') {
    const std::size_t fraction = digits_length(text.substr(length + 1));
    if (fraction == 0) {
      return 0;
    }
    length += 1 + fraction;
  }
  if (length < text.size() && (text[length] == 'e' || text[length] == 'E')) {
    std::size_t start = length + 1;
    if (start < text.size() && (text[start] == '+' || text[start] == '-')) {
      ++start;
    }
    const std::size_t power = digits_length(text.substr(start));
    if (power == 0) {
      return 0;
    }
    length = start + power;
  }
  return length;
}

std::optional<double> parse_double(std::string_view number) { return read<double>(number); }
std::optional<float> parse_float(std::string_view number) { return read<float>(number); }
std::optional<std::int64_t> parse_integer(std::string_view number) { return read<std::int64_t>(number); }

}  // namespace paramstore
