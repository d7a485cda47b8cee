// NumPy's file format, and files that only look like it.
#include "lib/cli/values/npy.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <cstring>

#include "lib/cli/exit_status.h"

using namespace paramstore::cli;
using paramstore::storage::Dtype;

namespace {

std::string file_with(const std::string& header, const std::string& data, char version = 1) {
  std::string file("\x93NUMPY", 6);
  file += version;
  file += '\0';
  const std::size_t length_bytes = version == 1 ? 2 : 4;
  for (std::size_t i = 0; i < length_bytes; ++i) file += static_cast<char>(header.size() >> 8 * i & 0xff);
  return file + header + data;
}

std::string floats(const std::vector<float>& numbers) {
  std::string bytes(numbers.size() * sizeof(float), '\0');
  if (!numbers.empty()) std::memcpy(bytes.data(), numbers.data(), bytes.size());
  return bytes;
}

std::string refusal(const std::string& file) {
  try {
    parse_npy(file, "f.npy");
  } catch (const UsageError& error) {
    return error.what();
  }
  return "was taken";
}

bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

std::vector<double> real_parts(const GivenValue& value) {
  std::vector<double> result;
  for (const auto& number : value.numbers) result.push_back(number.real);
  return result;
}

}  // namespace

TEST_CASE("what NumPy writes is read") {
  const GivenValue value = parse_npy(
      file_with("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }   \n", floats({1, 2, 3, 4, 5, 6})), "f");
  CHECK(value.dtype == Dtype::float32);
  CHECK(value.shape == std::vector<std::int64_t>{2, 3});
  CHECK(real_parts(value) == std::vector<double>{1, 2, 3, 4, 5, 6});
}

TEST_CASE("Fortran's order, the other byte order, versions 2 and 3, scalars and empty arrays") {
  const std::string fortran = "{'descr': '<f4', 'fortran_order': True, 'shape': (2, 3)}";
  CHECK(real_parts(parse_npy(file_with(fortran, floats({1, 4, 2, 5, 3, 6})), "f")) ==
        std::vector<double>{1, 2, 3, 4, 5, 6});
  const std::string big = "{'shape': (1,), 'descr': '>f4', 'fortran_order': False}";
  CHECK(real_parts(parse_npy(file_with(big, std::string("\x3f\xc0\x00\x00", 4)), "f")) == std::vector<double>{1.5});
  const std::string complex = "{'descr': '>c8', 'fortran_order': False, 'shape': ()}";
  const GivenValue number = parse_npy(file_with(complex, std::string("\x3f\x80\x00\x00\xc0\x00\x00\x00", 8), 3), "f");
  CHECK(number.numbers.at(0).real == 1);
  CHECK(number.numbers.at(0).imag == -2);
  CHECK(number.shape->empty());
  CHECK(parse_npy(file_with("{'descr': '<f8', 'fortran_order': True, 'shape': (0, 3), }", "", 2), "f").numbers.empty());
}

TEST_CASE("a header's claims are checked before they are trusted") {
  const auto header = [](const std::string& shape, const std::string& descr = "'<f4'") {
    return "{'descr': " + descr + ", 'fortran_order': False, 'shape': " + shape + ", }";
  };
  CHECK(contains(refusal(file_with(header("(1000000000,)"), floats({1}))), "need 4000000000 bytes, the file has 4"));
  CHECK(contains(refusal(file_with(header("(4611686018427387904, 4)"), floats({1}))), "need more bytes"));
  CHECK(contains(refusal(file_with(header("(99999999999999999999,)"), floats({1}))), "an invalid size"));
  CHECK(contains(refusal(file_with(header("(-1,)"), floats({1}))), "an invalid size"));
  CHECK(contains(refusal(file_with(header("(1,)"), floats({1, 2}))), "need 4 bytes, the file has 8"));
  CHECK(contains(refusal(file_with(header("(1,)", "'|O'"), "pickle")), "'float32'"));
  CHECK(contains(refusal(file_with(header("(1,)", "'<i8'"), std::string(8, '\0'))), "astype('float32')"));
  CHECK(contains(refusal(file_with(header("(1,)", "[('a', '<f4')]"), floats({1}))), "named fields"));
  CHECK(contains(refusal(file_with(header("(1,)", "''"), floats({1}))), "dtype"));
  std::string deep = "(";
  for (int i = 0; i < 70; ++i) deep += "1,";
  CHECK(contains(refusal(file_with(header(deep + ")"), floats({1}))), "more than 64"));
}

TEST_CASE("a header that is not NumPy's is refused") {
  for (const char* header :
       {"", "{", "{}", "{'descr'", "{'descr': '<f4'}", "{'descr': '<f4', 'fortran_order': 1, 'shape': ()}",
        "{'descr': '<f4', 'descr': '<f4', 'fortran_order': False, 'shape': ()}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': (), 'more': 1}",
        "{'descr': '<f4', 'fortran_order': False, 'shape': ()} __import__('os')", "{'descr': '<f4"}) {
    INFO(header);
    CHECK(contains(refusal(file_with(header, floats({1}))), "f.npy: "));
  }
  CHECK(contains(refusal(std::string("\x93NUMPY\x01", 7)), "too early"));
  CHECK(contains(refusal(std::string("\x93NUMPY\x09\x00\x00\x00\x00\x00", 12)), "version 9"));
  CHECK(contains(refusal(std::string("\x93NUMPY\x01\x00\xff\xff{}{}{}", 16)), "too early"));
}

TEST_CASE("any bytes are read as a value or refused") {
  const std::string sound =
      file_with("{'descr': '<f4', 'fortran_order': False, 'shape': (2, 3), }   \n", floats({1, 2, 3, 4, 5, 6}));
  const bool passed =
      rc::check("mutations", [&](const std::vector<std::pair<std::uint8_t, char>>& changes, std::uint8_t cut) {
        std::string file = sound;
        for (const auto& [at, byte] : changes) file[at % file.size()] = byte;
        file.resize(file.size() - cut % file.size());
        try {
          if (is_npy(file)) parse_npy(file, "f");
        } catch (const UsageError&) {
        }
      });
  CHECK(passed);
}

TEST_CASE("what is written has the header that NumPy writes, and is read again") {
  CHECK(npy_header(Dtype::float32, {2, 3}).size() % 64 == 0);
  for (const std::vector<std::int64_t>& shape : {std::vector<std::int64_t>{}, {6}, {2, 3}, {1, 2, 3}}) {
    std::string data(8 * (shape.empty() ? 1U : 6U), '\0');
    const GivenValue value = parse_npy(npy_header(Dtype::float64, shape) + data, "f");
    CHECK(value.shape == shape);
    CHECK(value.dtype == Dtype::float64);
  }
  CHECK(contains(npy_header(Dtype::float32, {6}), "'shape': (6,), }"));
  CHECK(contains(npy_header(Dtype::bfloat16, {6}), "'<f4'"));
}
