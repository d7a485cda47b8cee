// Rounding to each dtype, by the definition of rounding.
#include "lib/numeric/number_encoding.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <cmath>
#include <cstring>

#include "paramstore/error.h"

using namespace paramstore::numeric;
using paramstore::Error;
using paramstore::storage::Dtype;

namespace {

double rounded_to(Dtype dtype, double number) { return element_at(dtype, encode(dtype, {{number, 0}}).data(), 0).real; }

double from_bits(Dtype dtype, unsigned bits) {
  const auto short_bits = static_cast<std::uint16_t>(bits);
  char bytes[2];
  std::memcpy(bytes, &short_bits, 2);
  return element_at(dtype, bytes, 0).real;
}

}  // namespace

TEST_CASE("every number of 16 bits keeps its bits") {
  for (const Dtype dtype : {Dtype::float16, Dtype::bfloat16}) {
    for (unsigned bits = 0; bits < 65536; ++bits) {
      const double number = from_bits(dtype, bits);
      if (std::isnan(number)) {
        CHECK(std::isnan(rounded_to(dtype, number)));
        continue;
      }
      const std::vector<char> bytes = encode(dtype, {{number, 0}});
      std::uint16_t again = 0;
      std::memcpy(&again, bytes.data(), 2);
      REQUIRE(again == bits);
    }
  }
}

TEST_CASE("numbers are rounded to the nearer neighbour, and in the middle to the even one") {
  for (const Dtype dtype : {Dtype::float16, Dtype::bfloat16}) {
    const unsigned largest = dtype == Dtype::float16 ? 0x7bff : 0x7f7f;
    for (unsigned bits = 0; bits < largest; ++bits) {
      const double low = from_bits(dtype, bits);
      const double high = from_bits(dtype, bits + 1);
      const double middle = low + (high - low) / 2;
      REQUIRE(rounded_to(dtype, middle) == (bits % 2 == 0 ? low : high));
      REQUIRE(rounded_to(dtype, std::nextafter(middle, low)) == low);
      REQUIRE(rounded_to(dtype, -std::nextafter(middle, high)) == -high);
    }
  }
}

TEST_CASE("a value that would overflow to infinity is refused, an infinity stays") {
  CHECK(rounded_to(Dtype::float16, 65519.9) == 65504);
  CHECK_THROWS_AS(encode(Dtype::float16, {{65520, 0}}), Error);
  CHECK_THROWS_AS(encode(Dtype::bfloat16, {{-3.4e38, 0}}), Error);
  CHECK_THROWS_AS(encode(Dtype::float32, {{1e39, 0}}), Error);
  CHECK_THROWS_AS(encode(Dtype::complex64, {{0, 1e39}}), Error);
  CHECK_THROWS_WITH(encode(Dtype::float32, {{-1e39, 0}}), "-1e+39 is too large for float32");
  CHECK(rounded_to(Dtype::float64, 1e300) == 1e300);
  for (const Dtype dtype : {Dtype::float16, Dtype::bfloat16, Dtype::float32, Dtype::float64, Dtype::complex64})
    CHECK(rounded_to(dtype, -INFINITY) == -INFINITY);
  CHECK(std::signbit(rounded_to(Dtype::float16, -0.0)));
}

TEST_CASE("complex numbers need a complex dtype") {
  CHECK_THROWS_AS(encode(Dtype::float32, {{1, 2}}), Error);
  CHECK(element_at(Dtype::complex128, encode(Dtype::complex128, {{1, -2}}).data(), 0).imag == -2);
}
