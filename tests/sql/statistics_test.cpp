// tensor_min, tensor_max, tensor_mean, tensor_std, tensor_norm, tensor_nan_count, tensor_l2_distance,
// tensor_max_abs_diff against the textbook's formulas.
#include <doctest/doctest.h>

#include <algorithm>
#include <random>

#include "lib/numeric/half_sums.h"
#include "lib/numeric/statistics.h"
#include "sql/connection.h"
#include "sql/numbers.h"

using namespace paramstore;
using namespace paramstore::sql::testing;
using storage::Dtype;

namespace {

using Numbers = std::vector<std::complex<double>>;

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

/// Numbers that every dtype holds.
Numbers some_numbers(std::size_t count, bool complex) {
  std::mt19937 random(static_cast<unsigned>(count));
  std::uniform_int_distribution<int> digit(-100, 100);
  Numbers numbers;
  for (std::size_t i = 0; i < count; ++i)
    numbers.emplace_back(digit(random) / 8.0, complex ? digit(random) / 8.0 : 0.0);
  return numbers;
}

std::string call(const char* function, Dtype dtype) {
  return std::string("SELECT tensor_") + function + "(?1, " + quoted(dtype) + ")";
}

double norm_of(const Numbers& numbers) {
  long double squares = 0;
  for (const auto& number : numbers) squares += std::norm(std::complex<long double>(number));
  return static_cast<double>(std::sqrt(squares));
}

double std_of(const Numbers& numbers) {
  std::complex<long double> sum = 0;
  for (const auto& number : numbers) sum += number;
  const std::complex<long double> mean = sum / static_cast<long double>(numbers.size());
  long double squares = 0;
  for (const auto& number : numbers) squares += std::norm(std::complex<long double>(number) - mean);
  return static_cast<double>(std::sqrt(squares / static_cast<long double>(numbers.size() - 1)));
}

double mean_of(const Numbers& numbers) {
  long double sum = 0;
  for (const auto& number : numbers) sum += number.real();
  return static_cast<double>(sum / static_cast<long double>(numbers.size()));
}

}  // namespace

TEST_CASE("statistics of every dtype and many lengths match the textbook formulas") {
  Connection sql;
  for (const Dtype dtype : all_dtypes) {
    for (const std::size_t count : {2U, 3U, 15U, 16U, 17U, 33U, 1023U, 1024U, 1025U, 3000U}) {
      const Numbers numbers = some_numbers(count, complex_dtype(dtype));
      const std::string value = encode(dtype, numbers);
      INFO(quoted(dtype) << " " << count);
      CHECK(sql.number(call("norm", dtype), {value}) == doctest::Approx(norm_of(numbers)).epsilon(1e-14));
      CHECK(sql.number(call("std", dtype), {value}) == doctest::Approx(std_of(numbers)).epsilon(1e-12));
      CHECK(sql.text(call("nan_count", dtype), {value}) == "0");
      if (complex_dtype(dtype)) continue;
      const auto less = [](const auto& a, const auto& b) { return a.real() < b.real(); };
      CHECK(sql.number(call("min", dtype), {value}) == std::min_element(numbers.begin(), numbers.end(), less)->real());
      CHECK(sql.number(call("max", dtype), {value}) == std::max_element(numbers.begin(), numbers.end(), less)->real());
      CHECK(sql.number(call("mean", dtype), {value}) == doctest::Approx(mean_of(numbers)).epsilon(1e-13));
    }
  }
}

TEST_CASE("the extreme is found wherever it stands") {
  Connection sql;
  for (std::size_t at = 0; at < 1100; at += 7) {
    std::vector<float> numbers(1100, 1.0F);
    numbers[at] = -2.0F;
    CHECK(sql.number("SELECT tensor_min(?1, 'float32')", {bytes_of(numbers)}) == -2.0);
    numbers[at] = 3.0F;
    CHECK(sql.number("SELECT tensor_max(?1, 'float32')", {bytes_of(numbers)}) == 3.0);
    numbers[at] = std::numeric_limits<float>::quiet_NaN();
    CHECK(sql.text("SELECT tensor_nan_count(?1, 'float32')", {bytes_of(numbers)}) == "1");
    CHECK(sql.cell("SELECT tensor_min(?1, 'float32')", {bytes_of(numbers)}).is_null());
  }
}

TEST_CASE("one NaN makes all but nan_count NULL") {
  Connection sql;
  for (const Dtype dtype : all_dtypes) {
    const std::string value = encode(dtype, {{1, 0}, {not_a_number, 2}, {3, 0}, {not_a_number, not_a_number}});
    CHECK(sql.text(call("nan_count", dtype), {value}) == "2");
    for (const char* function : {"std", "norm"}) CHECK(sql.cell(call(function, dtype), {value}).is_null());
    if (complex_dtype(dtype)) continue;
    for (const char* function : {"min", "max", "mean"}) CHECK(sql.cell(call(function, dtype), {value}).is_null());
  }
  // A complex number is NaN where one of its parts is.
  CHECK(sql.text("SELECT tensor_nan_count(?1, 'complex64')",
                 {encode(Dtype::complex64, {{1, not_a_number}, {not_a_number, 1}, {1, 1}})}) == "2");
}

TEST_CASE("infinities count as numbers: extremes, means and norms include them") {
  Connection sql;
  for (const Dtype dtype : {Dtype::float16, Dtype::bfloat16, Dtype::float32, Dtype::float64}) {
    const std::string value = encode(dtype, {1, -infinity, 2});
    CHECK(sql.number(call("min", dtype), {value}) == -infinity);
    CHECK(sql.number(call("max", dtype), {value}) == 2);
    CHECK(sql.number(call("mean", dtype), {value}) == -infinity);
    CHECK(sql.number(call("norm", dtype), {value}) == infinity);
    CHECK(sql.cell(call("std", dtype), {value}).is_null());
    CHECK(sql.text(call("nan_count", dtype), {value}) == "0");
    CHECK(sql.cell(call("mean", dtype), {encode(dtype, {infinity, -infinity})}).is_null());
  }
}

TEST_CASE("subnormal numbers count") {
  Connection sql;
  CHECK(sql.number("SELECT tensor_max(?1, 'float16')", {encode(Dtype::float16, {0x1p-24, 0})}) == 0x1p-24);
  CHECK(sql.number("SELECT tensor_norm(?1, 'bfloat16')", {encode(Dtype::bfloat16, {0x1p-133, 0})}) == 0x1p-133);
  CHECK(sql.number("SELECT tensor_norm(?1, 'float32')", {bytes_of(std::vector<float>{1e-45F})}) ==
        static_cast<double>(1e-45F));
  CHECK(sql.number("SELECT tensor_min(?1, 'float64')", {bytes_of(std::vector<double>{5e-324, 1.0})}) == 5e-324);
}

TEST_CASE("a small deviation around a large mean is not lost") {
  Connection sql;
  Numbers numbers;
  for (int i = 0; i < 5000; ++i) numbers.emplace_back(1e9 + (i % 2 == 0 ? 1.0 : -1.0));
  CHECK(sql.number("SELECT tensor_std(?1, 'float64')", {encode(Dtype::float64, numbers)}) ==
        doctest::Approx(std_of(numbers)).epsilon(1e-12));
  // And blocks whose means lie far apart.
  for (int i = 0; i < 5000; ++i) numbers[static_cast<std::size_t>(i)] = i < 2500 ? 1e6 : -1e-3 * i;
  CHECK(sql.number("SELECT tensor_std(?1, 'float64')", {encode(Dtype::float64, numbers)}) ==
        doctest::Approx(std_of(numbers)).epsilon(1e-12));
  CHECK(sql.number("SELECT tensor_std(?1, 'float32')", {bytes_of(std::vector<float>(3000, 0.1F))}) == 0.0);
}

TEST_CASE("the standard deviation of many equal 16-bit numbers and one neighbour is exact") {
  Connection sql;
  for (const std::size_t count : {2047U, 2048U, 2049U, 3001U}) {
    for (const Dtype dtype : {Dtype::float16, Dtype::bfloat16}) {
      const double mean = dtype == Dtype::float16 ? 30'000 : 0x1p100;
      const double next = dtype == Dtype::float16 ? 30'016 : 0x1.02p100;  // the number after it
      Numbers numbers(count, mean);
      CHECK(sql.number(call("std", dtype), {encode(dtype, numbers)}) == 0.0);
      numbers[count / 3] = next;
      INFO(quoted(dtype) << " " << count);
      CHECK(sql.number(call("std", dtype), {encode(dtype, numbers)}) ==
            doctest::Approx(std_of(numbers)).epsilon(1e-13));
    }
  }
}

TEST_CASE("sums of 16-bit numbers are the same with and without the processor's instructions") {
  for (const Dtype dtype : {Dtype::float16, Dtype::bfloat16}) {
    for (const std::size_t count : {0U, 1U, 31U, 32U, 33U, 64U, 1000U, 5000U}) {
      const Numbers numbers = some_numbers(count, false);
      const std::string value = " " + encode(dtype, numbers);  // at an odd address
      const auto* bytes = reinterpret_cast<const unsigned char*>(value.data()) + 1;
      double sum = 0.0;
      double squares = 0.0;  // of eighths: both are exact
      for (const auto& number : numbers) sum += number.real(), squares += std::norm(number);
      for (const unsigned wanted : {1U, 2U, 3U}) {
        for (auto* const sums : {numeric::power_sums_of_halves, numeric::power_sums_of_halves_portably}) {
          const numeric::PowerSums result = sums(dtype, wanted, bytes, count);
          INFO(quoted(dtype) << " " << count << " " << wanted);
          CHECK(result.first == ((wanted & numeric::power_sum_first) != 0 ? sum : 0.0));
          CHECK(result.second == ((wanted & numeric::power_sum_second) != 0 ? squares : 0.0));
        }
      }
    }
  }
}

TEST_CASE("the standard deviation of large and of tiny numbers neither overflows nor vanishes") {
  Connection sql;
  Numbers one(2048, 0.0);
  one[7] = 4e152;
  CHECK(sql.number("SELECT tensor_std(?1, 'float64')", {encode(Dtype::float64, one)}) ==
        doctest::Approx(std_of(one)).epsilon(1e-12));
  CHECK(sql.number("SELECT tensor_std(?1, 'float64')", {encode(Dtype::float64, {0.0, 1.2e154})}) ==
        doctest::Approx(1.2e154 / std::sqrt(2.0)).epsilon(1e-12));
  CHECK(sql.number("SELECT tensor_std(?1, 'float64')", {encode(Dtype::float64, {1e-160, 3e-160})}) > 0.0);
  CHECK(sql.number("SELECT tensor_std(?1, 'bfloat16')", {encode(Dtype::bfloat16, {0x1p127, -0x1p127})}) ==
        doctest::Approx(0x1p127 * std::sqrt(2.0)).epsilon(1e-12));
}

TEST_CASE("one element has no standard deviation, and an empty value no statistics at all") {
  Connection sql;
  for (const Dtype dtype : all_dtypes) {
    CHECK(sql.cell(call("std", dtype), {encode(dtype, {{2, 0}})}).is_null());
    CHECK(sql.number(call("norm", dtype), {encode(dtype, {{-2, 0}})}) == 2.0);
    for (const char* function : {"std", "norm", "nan_count"}) CHECK(sql.cell(call(function, dtype), {""}).is_null());
  }
}

TEST_CASE("complex numbers have no min, max and mean") {
  Connection sql;
  for (const char* function : {"min", "max", "mean"}) {
    const std::string message = sql.error(call(function, Dtype::complex64), {std::string(8, '\0')});
    CHECK(contains(message, std::string("tensor_") + function + ": complex numbers have no"));
  }
}

TEST_CASE("statistics refuse arguments that are not tensors, and return NULL for NULL") {
  Connection sql;
  for (const char* function : {"min", "max", "mean", "std", "norm", "nan_count"}) {
    const std::string name = std::string("tensor_") + function;
    CHECK(contains(sql.error("SELECT " + name + "(x'010203', 'float32')"),
                   name + ": value has 3 bytes, which is not a whole number of float32 elements of 4"));
    CHECK(contains(sql.error("SELECT " + name + "('abcd', 'float32')"), "value must be a BLOB, but is TEXT"));
    CHECK(contains(sql.error("SELECT " + name + "(x'', 'float')"), "there is no dtype 'float'"));
    CHECK(sql.cell("SELECT " + name + "(NULL, 'float32')").is_null());
    CHECK(sql.cell("SELECT " + name + "(x'00', NULL)").is_null());
  }
}

TEST_CASE("Statistics accepts a value in pieces of any length") {
  for (const Dtype dtype : all_dtypes) {
    const Numbers numbers = some_numbers(2100, complex_dtype(dtype));
    const std::string value = encode(dtype, numbers);
    for (const std::size_t piece : {1U, 3U, 7U, 16U, 17U, 1000U, 4099U, 100'000U}) {
      numeric::Statistics statistics(dtype, numeric::all_statistics);
      for (std::size_t at = 0; at < value.size(); at += piece) {
        statistics.add(value.data() + at, std::min(piece, value.size() - at));
      }
      INFO(quoted(dtype) << " " << piece);
      CHECK(statistics.numel() == 2100);
      CHECK(statistics.norm() == doctest::Approx(norm_of(numbers)).epsilon(1e-14));
      CHECK(statistics.std() == doctest::Approx(std_of(numbers)).epsilon(1e-12));
    }
  }
}

TEST_CASE("distances of every pair of dtypes match the textbook formulas") {
  Connection sql;
  for (const Dtype a : all_dtypes) {
    for (const Dtype b : all_dtypes) {
      Numbers left = some_numbers(1500, complex_dtype(a));
      Numbers right = some_numbers(1501, complex_dtype(b));
      right.pop_back();
      Numbers difference;
      double largest = 0;
      for (std::size_t i = 0; i < left.size(); ++i) {
        difference.push_back(left[i] - right[i]);
        largest = std::max(largest, std::abs(difference.back()));
      }
      const std::vector<std::string> blobs = {encode(a, left), encode(b, right)};
      const std::string arguments = "(?1, " + quoted(a) + ", ?2, " + quoted(b) + ")";
      INFO(arguments);
      CHECK(sql.number("SELECT tensor_l2_distance" + arguments, blobs) ==
            doctest::Approx(norm_of(difference)).epsilon(1e-13));
      CHECK(sql.number("SELECT tensor_max_abs_diff" + arguments, blobs) == doctest::Approx(largest).epsilon(1e-15));
      if (a != b) continue;
      const std::string same = "(?1, ?2, " + quoted(a) + ")";
      CHECK(sql.number("SELECT tensor_l2_distance" + same, blobs) ==
            doctest::Approx(norm_of(difference)).epsilon(1e-13));
      CHECK(sql.number("SELECT tensor_max_abs_diff(?1, ?1, " + quoted(a) + ")", {blobs[0]}) == 0.0);
    }
  }
}

TEST_CASE("distances: NaN gives NULL, different numbers of elements an error") {
  Connection sql;
  const std::string a = bytes_of(std::vector<float>{1, 2});
  const std::string b = bytes_of(std::vector<float>{1, std::numeric_limits<float>::quiet_NaN()});
  for (const std::string name : {"tensor_l2_distance", "tensor_max_abs_diff"}) {
    CHECK(sql.cell("SELECT " + name + "(?1, ?2, 'float32')", {a, b}).is_null());
    CHECK(sql.cell("SELECT " + name + "(?1, NULL, 'float32')", {a}).is_null());
    CHECK(sql.cell("SELECT " + name + "(x'', x'', 'float32')").is_null());
    CHECK(contains(sql.error("SELECT " + name + "(?1, x'00000000', 'float32')", {a}), "a has 2 elements and b has 1"));
    CHECK(contains(sql.error("SELECT " + name + "(?1, x'', 'float32')", {a}), "a has 2 elements and b has 0"));
    CHECK(
        contains(sql.error("SELECT " + name + "(?1, 'float32', ?1, 'float64')", {a}), "a has 2 elements and b has 1"));
    CHECK(contains(sql.error("SELECT " + name + "(?1, x'000000', 'float32')", {a}), "b has 3 bytes"));
    CHECK(contains(sql.error("SELECT " + name + "(?1, 7, 'float32')", {a}), "b must be a BLOB, but is an INTEGER"));
  }
}
