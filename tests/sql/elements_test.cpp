// Shapes and single elements: tensor_numel, tensor_at, tensor_json, and the numbers they make of bytes.
#include <doctest/doctest.h>

#include <algorithm>
#include <sstream>

#include "lib/numeric/elements.h"
#include "lib/numeric/float16.h"
#include "sql/connection.h"
#include "sql/numbers.h"

using namespace paramstore;
using namespace paramstore::sql::testing;
using storage::Dtype;

namespace {

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

bool same(double a, double b) { return std::isnan(a) ? std::isnan(b) : a == b && std::signbit(a) == std::signbit(b); }

std::size_t significant_digits(const std::string& number) {
  std::string digits;
  for (const char c : number.substr(0, number.find('e'))) {
    if (c >= '0' && c <= '9' && (c != '0' || !digits.empty())) digits += c;
  }
  return digits.find_last_not_of('0') + 1;
}

std::string all_patterns() {
  std::vector<std::uint16_t> patterns(65536);
  for (std::size_t i = 0; i < patterns.size(); ++i) patterns[i] = static_cast<std::uint16_t>(i);
  return bytes_of(patterns);
}

}  // namespace

TEST_CASE("every float16 and every bfloat16 is read as IEEE 754 defines it, at any address") {
  const std::string unaligned = "x" + all_patterns();
  const auto* bytes = reinterpret_cast<const unsigned char*>(unaligned.data()) + 1;
  std::vector<float> chosen(65536);
  std::vector<float> portable(65536);
  numeric::decode_float16(bytes, 65535, chosen.data());  // an odd number, so that the vectors leave a rest
  numeric::decode_float16_portably(bytes, 65535, portable.data());
  std::vector<float> brain(65536);
  numeric::decode(Dtype::bfloat16, bytes, 65536, brain.data(), nullptr);
  int wrong = 0;
  for (std::uint32_t i = 0; i < 65535; ++i) {
    const double half = from_bits(i, 5, 10);
    wrong += same(chosen[i], half) && same(portable[i], half) && same(brain[i], from_bits(i, 8, 7)) ? 0 : 1;
  }
  CHECK(wrong == 0);
}

TEST_CASE("tensor_numel multiplies the sizes") {
  Connection sql;
  CHECK(sql.text("SELECT tensor_numel('[]')") == "1");
  CHECK(sql.text("SELECT tensor_numel('[2, 3]')") == "6");
  CHECK(sql.text("SELECT tensor_numel('[2,0,3]')") == "0");
  CHECK(sql.text("SELECT tensor_numel('[4611686018427387903]')") == "4611686018427387903");
  CHECK(sql.cell("SELECT tensor_numel(NULL)").is_null());
  CHECK(contains(sql.error("SELECT tensor_numel('[4611686018427387904]')"), "too large"));
  CHECK(contains(sql.error("SELECT tensor_numel('[0,4611686018427387904]')"), "too large"));
  CHECK(contains(sql.error("SELECT tensor_numel('[2,-1]')"), "tensor_numel: '[2,-1]' is not a shape"));
  CHECK(contains(sql.error("SELECT tensor_numel('2')"), "is not a shape"));
  CHECK(contains(sql.error("SELECT tensor_numel(2)"), "shape must be TEXT, but is an INTEGER"));
}

TEST_CASE("tensor_at gives the element of every dtype, counting negative indices from the end") {
  Connection sql;
  for (const Dtype dtype : all_dtypes) {
    const std::string value = encode(dtype, {{0, 1}, {-1, 2}, {2.5, 3}, {-3, 4}, {infinity, 5}, {5, -6}});
    const std::string at = "SELECT tensor_at(?1, " + quoted(dtype) + ", '[2,3]', ";
    INFO(at);
    const auto expect = [&](const std::string& indices, const std::string& real, const std::string& complex) {
      CHECK(sql.text(at + indices + ")", {value}) == (complex_dtype(dtype) ? complex : real));
    };
    expect("0, 2", "2.5", "[2.5,3.0]");
    expect("1, 0", "-3.0", "[-3.0,4.0]");
    expect("-1, -1", "5.0", "[5.0,-6.0]");
    expect("-2, -3", "0.0", "[0.0,1.0]");
    expect("1, 1", "Inf", "[9e999,5.0]");
    CHECK(contains(sql.error(at + "2, 0)", {value}), "index 2 is out of range for dimension 0 of shape [2,3]"));
    CHECK(contains(sql.error(at + "0, -4)", {value}), "index -4 is out of range for dimension 1"));
    CHECK(contains(sql.error(at + "0)", {value}), "needs 2 indices, but there are 1"));
    CHECK(contains(sql.error(at + "0, 0, 0)", {value}), "needs 2 indices"));
    CHECK(contains(sql.error(at + "0, 1.0)", {value}), "an index must be an INTEGER, but is a REAL"));
    CHECK(contains(sql.error(at + "0, 9223372036854775807)", {value}), "out of range"));
    CHECK(contains(sql.error(at + "0, -9223372036854775808)", {value}), "out of range"));
    CHECK(sql.cell(at + "0, NULL)", {value}).is_null());
  }
  CHECK(sql.text("SELECT tensor_at(x'0000803f', 'float32', '[]')") == "1.0");
  CHECK(sql.cell("SELECT tensor_at(x'0000c07f', 'float32', '[]')").is_null());
  CHECK(contains(sql.error("SELECT tensor_at(x'', 'float32', '[0]', 0)"), "out of range"));
  CHECK(contains(sql.error("SELECT tensor_at(x'00')"), "expected value, dtype and shape"));
  CHECK(contains(sql.error("SELECT tensor_at()"), "expected value, dtype and shape"));
}

TEST_CASE("a value that dtype and shape do not fit is an error that says what is wrong") {
  Connection sql;
  CHECK(contains(sql.error("SELECT tensor_json(x'000000', 'float32', '[]')"),
                 "value has 3 bytes, but shape [] of float32 has 4"));
  CHECK(contains(sql.error("SELECT tensor_json(x'00000000', 'float16', '[]')"), "value has 4 bytes"));
  CHECK(contains(sql.error("SELECT tensor_json('abcd', 'float32', '[]')"), "value must be a BLOB, but is TEXT"));
  CHECK(contains(sql.error("SELECT tensor_json(1.5, 'float32', '[]')"), "value must be a BLOB, but is a REAL"));
  CHECK(contains(sql.error("SELECT tensor_json(x'00000000', 'int32', '[]')"), "there is no dtype 'int32'"));
  CHECK(contains(sql.error("SELECT tensor_json(x'00000000', x'00', '[]')"), "dtype must be TEXT"));
  CHECK(contains(sql.error("SELECT tensor_json(x'00000000', 'float32', '[1')"), "is not a shape"));
  CHECK(contains(sql.error("SELECT tensor_json(x'00000000', 'float32', '[9223372036854775807]')"), "more than 2^63"));
  CHECK(contains(sql.error("SELECT tensor_json(x'', 'float32', '[5]')"), "param_values reads it"));
  CHECK(contains(sql.error("SELECT tensor_json(x'00000000', 'float32')"), "wrong number of arguments"));
  for (const char* arguments : {"NULL, 'float32', '[]'", "x'00000000', NULL, '[]'", "x'00000000', 'float32', NULL"}) {
    CHECK(sql.cell(std::string("SELECT tensor_json(") + arguments + ")").is_null());
  }
}

TEST_CASE("tensor_json nests as the shape says") {
  Connection sql;
  const std::string six = bytes_of(std::vector<float>{0, 1, 2, 3, 4, 5});
  CHECK(sql.text("SELECT tensor_json(?1, 'float32', '[2,3]')", {six}) == "[[0.0,1.0,2.0],[3.0,4.0,5.0]]");
  CHECK(sql.text("SELECT tensor_json(?1, 'float32', '[3,1,2]')", {six}) == "[[[0.0,1.0]],[[2.0,3.0]],[[4.0,5.0]]]");
  CHECK(sql.text("SELECT tensor_json(?1, 'complex64', '[3]')", {six}) == "[[0.0,1.0],[2.0,3.0],[4.0,5.0]]");
  CHECK(sql.text("SELECT tensor_json(x'0000803f', 'float32', '[]')") == "1.0");
  CHECK(sql.text("SELECT tensor_json(x'', 'float32', '[0]')") == "[]");
  CHECK(sql.text("SELECT tensor_json(x'', 'float32', '[2,0,3]')") == "[[],[]]");
  CHECK(sql.text("SELECT json_extract(tensor_json(?1, 'float32', '[2,3]'), '$[1][2]')", {six}) == "5.0");
  // It is JSON to SQLite's functions, not a string.
  CHECK(sql.text("SELECT json_array(tensor_json(x'0000803f', 'float32', '[1]'))") == "[[1.0]]");
}

TEST_CASE("tensor_json writes the shortest number that reads back to the same one of its dtype") {
  Connection sql;
  const auto json = [&](const std::string& bytes, const char* dtype) {
    return sql.text("SELECT tensor_json(?1, '" + std::string(dtype) + "', '[]')", {bytes});
  };
  CHECK(json(bytes_of(std::vector<float>{0.1F}), "float32") == "0.1");
  CHECK(json(bytes_of(std::vector<float>{1e-45F}), "float32") == "1e-45");
  CHECK(json(bytes_of(std::vector<double>{0.1}), "float64") == "0.1");
  CHECK(json(bytes_of(std::vector<double>{-0.0}), "float64") == "-0.0");
  CHECK(json(bytes_of(std::vector<double>{5e-324}), "float64") == "5e-324");
  CHECK(json(bytes_of(std::vector<double>{not_a_number}), "float64") == "null");
  CHECK(json(bytes_of(std::vector<double>{infinity}), "float64") == "9e999");
  CHECK(json(bytes_of(std::vector<double>{-infinity}), "float64") == "-9e999");
  CHECK(json(bytes_of(std::vector<double>{not_a_number, -0.5}), "complex128") == "[null,-0.5]");
  CHECK(json(bytes_of(std::vector<std::uint16_t>{0x2E66}), "float16") == "0.1");
  CHECK(json(bytes_of(std::vector<std::uint16_t>{0x7BFF}), "float16") == "65500.0");
  CHECK(json(bytes_of(std::vector<std::uint16_t>{0x0001}), "float16") == "6e-08");
  CHECK(json(bytes_of(std::vector<std::uint16_t>{0x3DCD}), "bfloat16") == "0.1");
  CHECK(sql.text("SELECT json_extract(tensor_json(?1, 'float64', '[1]'), '$[0]') = 9e999",
                 {bytes_of(std::vector<double>{infinity})}) == "1");
  for (const int exponent_bits : {5, 8}) {
    const char* dtype = exponent_bits == 5 ? "float16" : "bfloat16";
    const std::string json_text =
        sql.text("SELECT tensor_json(?1, '" + std::string(dtype) + "', '[65536]')", {all_patterns()});
    std::istringstream texts(json_text.substr(1, json_text.size() - 2));
    int wrong = 0;
    std::size_t most_digits = 0;
    for (std::uint32_t i = 0; i < 65536; ++i) {
      const double expected = from_bits(i, exponent_bits, 15 - exponent_bits);
      std::string text;
      std::getline(texts, text, ',');
      if (!std::isfinite(expected)) {
        wrong += text == (std::isnan(expected) ? "null" : expected > 0 ? "9e999" : "-9e999") ? 0 : 1;
        continue;
      }
      const double read = std::stod(text);
      // Nearest of all numbers of the dtype: nearer than to either neighbour.
      const double above = from_bits(i + 1, exponent_bits, 15 - exponent_bits);
      const double below = i % 32768 == 0 ? -above : from_bits(i - 1, exponent_bits, 15 - exponent_bits);
      const double distance = std::abs(read - expected);
      const bool nearest = distance == 0 || ((!std::isfinite(above) || distance < std::abs(read - above)) &&
                                             distance < std::abs(read - below));
      wrong += nearest && std::signbit(read) == std::signbit(expected) ? 0 : 1;
      // Of float16, 5 digits tell all numbers apart, of bfloat16 4.
      most_digits = std::max(most_digits, significant_digits(text));
    }
    INFO(std::string(dtype));
    CHECK(wrong == 0);
    CHECK(most_digits == (exponent_bits == 5 ? 5U : 4U));
  }
}

TEST_CASE("a shape or text of any size takes no more memory than the value justifies") {
  Connection sql;
  CHECK(contains(sql.error("SELECT tensor_json(x'', 'float32', '[1000000000000,0]')"), "too big"));
  std::string deep = "[1";
  for (int i = 0; i < 63; ++i) deep += ",1";
  const std::string json = sql.text("SELECT tensor_json(x'0000803f', 'float32', '" + deep + "]')");
  CHECK(json == std::string(64, '[') + "1.0" + std::string(64, ']'));
  sqlite3_limit(sql.handle(), SQLITE_LIMIT_LENGTH, 10'000);
  CHECK(contains(sql.error("SELECT tensor_json(zeroblob(9000), 'float16', '[4500]')"), "too big"));
}
