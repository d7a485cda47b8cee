#include "lib/cli/values/tensor_text.h"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdio>
#include <limits>

#include "lib/numeric/elements.h"

namespace paramstore::cli {
namespace {

using storage::Dtype;
using Shape = std::vector<std::int64_t>;

// torch.set_printoptions' defaults.
constexpr int precision = 4;
constexpr std::uint64_t threshold = 1000;
constexpr std::int64_t edge_items = 3;
constexpr std::size_t line_width = 80;

std::string print(const char* format, double value) {
  std::array<char, 400> text{};
  std::snprintf(text.data(), text.size(), format, precision, value);
  std::string result = text.data();
  return std::isnan(value) ? "nan" : result;  // printf may add a sign
}

// The format of a tensor's numbers: the same for all, and as wide as the widest.
class NumberFormat {
 public:
  void look_at(double value) {
    if (!std::isfinite(value) || value == 0) return;
    any_ = true;
    const double magnitude = std::abs(value);
    least_ = std::min(least_, magnitude);
    most_ = std::max(most_, magnitude);
    if (value != std::ceil(value)) whole_ = false;
  }

  void decide() {
    const bool wide = any_ && (most_ / least_ > 1000 || most_ > 1e8);
    scientific_ = wide || (any_ && !whole_ && least_ < 1e-4);
  }

  void widen(double value) {
    if (std::isfinite(value) && value != 0) width_ = std::max(width_, bare(value).size());
  }

  std::size_t width() const { return width_; }

  std::string text(double value) const {
    const std::string result = bare(value);
    return result.size() < width_ ? std::string(width_ - result.size(), ' ') + result : result;
  }

 private:
  std::string bare(double value) const {
    if (scientific_) return print("%.*e", value);
    if (!whole_) return print("%.*f", value);
    // A trailing point distinguishes whole floating-point numbers from integers; NaN and infinity need none.
    std::array<char, 400> text{};
    std::snprintf(text.data(), text.size(), "%.0f", value);
    if (std::isnan(value)) return "nan";
    return std::isinf(value) ? std::string(text.data()) : std::string(text.data()) + ".";
  }

  bool any_ = false;
  bool whole_ = true;
  bool scientific_ = false;
  double least_ = std::numeric_limits<double>::infinity();
  double most_ = 0;
  std::size_t width_ = 1;
};

class TensorPrinter {
 public:
  TensorPrinter(Dtype dtype, const Shape& shape, const void* value, bool abbreviated)
      : dtype_(dtype), shape_(shape), value_(value), abbreviated_(abbreviated) {
    for (std::size_t i = shape.size(); i-- > 0;) {
      strides_.insert(strides_.begin(), strides_.empty() ? 1 : strides_.front() * shape[i + 1]);
    }
    // Three passes over the elements that are shown: choose the format, then the width, then write the text.
    each_shown(0, 0, [&](const numeric::Element& element) {
      real_.look_at(element.real);
      imag_.look_at(element.imag);
    });
    real_.decide();
    imag_.decide();
    each_shown(0, 0, [&](const numeric::Element& element) {
      real_.widen(element.real);
      imag_.widen(element.imag);
    });
  }

  std::string print_from(std::size_t dimension, std::int64_t offset, std::size_t indent) const {
    if (dimension == shape_.size()) return element_text(offset);
    const std::vector<std::int64_t> indices = shown_indices(shape_[dimension]);
    std::vector<std::string> parts;
    for (const std::int64_t index : indices) {
      const bool last = dimension + 1 == shape_.size();
      if (index < 0) {
        parts.emplace_back(last ? " ..." : "...");
      } else {
        parts.push_back(print_from(dimension + 1, offset + index * strides_[dimension], indent + 1));
      }
    }
    const std::size_t depth_below = shape_.size() - dimension - 1;
    return depth_below == 0 ? join_line(parts, indent) : join_blocks(parts, indent, depth_below);
  }

 private:
  bool is_complex() const { return numeric::is_complex(dtype_); }

  // -1 stands for the elements left out.
  std::vector<std::int64_t> shown_indices(std::int64_t size) const {
    std::vector<std::int64_t> indices;
    const bool cut = abbreviated_ && size > 2 * edge_items;
    for (std::int64_t i = 0; i < size; ++i) {
      if (cut && i == edge_items) {
        indices.push_back(-1);
        i = size - edge_items;
      }
      indices.push_back(i);
    }
    return indices;
  }

  template <class Look>
  void each_shown(std::size_t dimension, std::int64_t offset, const Look& look) const {
    if (dimension == shape_.size()) return look(element(offset));
    for (const std::int64_t index : shown_indices(shape_[dimension])) {
      if (index >= 0) each_shown(dimension + 1, offset + index * strides_[dimension], look);
    }
  }

  numeric::Element element(std::int64_t offset) const {
    return numeric::element_at(dtype_, value_, static_cast<std::size_t>(offset));
  }

  std::string element_text(std::int64_t offset) const {
    const numeric::Element number = element(offset);
    if (!is_complex()) return real_.text(number.real);
    std::string imag = imag_.text(number.imag) + "j";
    imag.erase(0, imag.find_first_not_of(' '));
    const bool has_sign = imag.front() == '-' || imag.front() == '+';
    return real_.text(number.real) + (has_sign ? "" : "+") + imag;
  }

  std::string join_line(const std::vector<std::string>& parts, std::size_t indent) const {
    const std::size_t element_length = real_.width() + 2 + (is_complex() ? imag_.width() + 1 : 0);
    const std::size_t room = line_width > indent ? line_width - indent : 0;
    const std::size_t per_line = std::max<std::size_t>(1, room / element_length);
    std::string text = "[";
    for (std::size_t i = 0; i < parts.size(); ++i) {
      if (i > 0) text += i % per_line == 0 ? ",\n" + std::string(indent + 1, ' ') : ", ";
      text += parts[i];
    }
    return text + "]";
  }

  static std::string join_blocks(const std::vector<std::string>& parts, std::size_t indent, std::size_t depth_below) {
    const std::string between = "," + std::string(depth_below, '\n') + std::string(indent + 1, ' ');
    std::string text = "[";
    for (std::size_t i = 0; i < parts.size(); ++i) text += (i > 0 ? between : "") + parts[i];
    return text + "]";
  }

  Dtype dtype_;
  const Shape& shape_;
  const void* value_;
  bool abbreviated_;
  Shape strides_;
  NumberFormat real_;
  NumberFormat imag_;
};

std::string size_suffix(const Shape& shape) {
  std::string text = "size=(";
  for (std::size_t i = 0; i < shape.size(); ++i) text += (i > 0 ? ", " : "") + std::to_string(shape[i]);
  return text + ")";
}

}  // namespace

std::string tensor_text(Dtype dtype, const Shape& shape, const void* value) {
  const std::string start = "tensor(";
  const std::uint64_t numel = value_size(shape, dtype).value_or(0) / dtype_size(dtype);
  std::vector<std::string> suffixes;
  std::string text = start;
  if (numel == 0) {
    text += "[]";
    if (shape.size() != 1) suffixes.push_back(size_suffix(shape));
  } else {
    text += TensorPrinter(dtype, shape, value, numel > threshold).print_from(0, 0, start.size());
  }
  if (dtype != Dtype::float32 && dtype != Dtype::complex64)
    suffixes.push_back("dtype=torch." + std::string(dtype_name(dtype)));

  const std::size_t last_line = text.rfind('\n');
  std::size_t used = last_line == std::string::npos ? text.size() + 2 : text.size() - last_line + 1;
  for (const std::string& suffix : suffixes) {
    if (used + suffix.size() + 2 > line_width) {
      text += ",\n" + std::string(start.size(), ' ') + suffix;
      used = start.size() + suffix.size();
    } else {
      text += ", " + suffix;
      used += suffix.size() + 2;
    }
  }
  return text + ")";
}

}  // namespace paramstore::cli
