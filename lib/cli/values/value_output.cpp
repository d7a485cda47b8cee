#include "lib/cli/values/value_output.h"

#include <cmath>
#include <cstring>
#include <ostream>

#include "lib/cli/exit_status.h"
#include "lib/cli/terminal/escape.h"
#include "lib/cli/values/npy.h"
#include "lib/cli/values/shape_text.h"
#include "lib/numeric/element_text.h"

namespace paramstore::cli {
namespace {

using storage::Dtype;
using storage::ParamRecord;

std::string number_text(Dtype dtype, double number) {
  if (std::isnan(number)) return "nan";
  if (std::isinf(number)) return number < 0 ? "-inf" : "inf";
  std::string text;
  numeric::append_json(text, dtype, {number, 0});
  return text;
}

// Python's and NumPy's: "1.0+2.0j"
std::string element_text(Dtype dtype, const numeric::Element& element) {
  if (!numeric::is_complex(dtype)) return number_text(dtype, element.real);
  const Dtype part = dtype == Dtype::complex64 ? Dtype::float32 : Dtype::float64;
  const std::string imag = number_text(part, element.imag);
  return number_text(part, element.real) + (imag.front() == '-' ? "" : "+") + imag + "j";
}

void write_json_from(std::ostream& out, const ParamRecord& record, const char* value, std::size_t dimension,
                     std::size_t& position, std::string& text) {
  if (dimension == record.shape.size()) {
    text.clear();
    numeric::append_json(text, record.dtype, numeric::element_at(record.dtype, value, position++));
    out << text;
    return;
  }
  out << '[';
  for (std::int64_t i = 0; i < record.shape[dimension]; ++i) {
    if (i > 0) out << ',';
    write_json_from(out, record, value, dimension + 1, position, text);
  }
  out << ']';
}

}  // namespace

void write_text(std::ostream& out, const ParamRecord& record, const char* value) {
  const std::uint64_t numel = element_count(record);
  const std::vector<std::int64_t>& shape = record.shape;
  for (std::uint64_t i = 0; i < numel; ++i) {
    if (i > 0) {
      // A row ends if the last size divides the position, a matrix if the last two do, and so on.
      std::uint64_t block = 1;
      std::size_t ended = 0;
      for (std::size_t d = shape.size(); d-- > 0; ++ended) {
        block *= static_cast<std::uint64_t>(shape[d]);
        if (i % block != 0) break;
      }
      out << (ended == 0 ? " " : std::string(ended, '\n'));
    }
    out << element_text(record.dtype, numeric::element_at(record.dtype, value, i));
  }
  if (numel > 0) out << '\n';
}

void check_json_length(const ParamRecord& record) {
  constexpr std::int64_t most = 1'000'000;
  if (element_count(record) != 0) return;  // then the output is proportional to the value
  std::int64_t arrays = 1;
  for (const std::int64_t size : record.shape) {
    if (size == 0) return;
    if (size > most / arrays) {
      throw UsageError("the parameter " + shown_name(record.name) + " has no elements, but its shape " +
                       shape_text(record.shape) + " needs more than " + std::to_string(most) +
                       " empty arrays in JSON; write text, or use --npy");
    }
    arrays *= size;
  }
}

void write_json(std::ostream& out, const ParamRecord& record, const char* value) {
  std::size_t position = 0;
  std::string text;
  write_json_from(out, record, value, 0, position, text);
}

void write_npy(std::ostream& out, const ParamRecord& record, const char* value) {
  out << npy_header(record.dtype, record.shape);
  if (record.dtype != Dtype::bfloat16) {
    out.write(value, static_cast<std::streamsize>(byte_size(record)));
    return;
  }
  const std::uint64_t numel = element_count(record);
  for (std::uint64_t i = 0; i < numel; ++i) {
    const auto number = static_cast<float>(numeric::element_at(record.dtype, value, i).real);
    char bytes[sizeof number];
    std::memcpy(bytes, &number, sizeof number);
    out.write(bytes, sizeof bytes);
  }
}

}  // namespace paramstore::cli
