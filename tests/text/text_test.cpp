// Shapes, dtypes, names: text in and out, no file.
#include <doctest/doctest.h>

#include <limits>

#include "lib/text/sql_identifier.h"
#include "paramstore/error.h"
#include "paramstore/param_name.h"
#include "paramstore/storage/shape.h"

using namespace paramstore;
using namespace paramstore::storage;

TEST_CASE("shapes are written as JSON and read back") {
  using Shape = std::vector<std::int64_t>;
  for (const Shape& shape :
       {Shape{}, Shape{0}, Shape{2, 3}, Shape{std::numeric_limits<std::int64_t>::max()}, Shape(64, 1)}) {
    CHECK(parse_shape(shape_to_json(shape)) == shape);
  }
  CHECK(shape_to_json({2, 3}) == "[2,3]");
  CHECK(shape_to_json({}) == "[]");
  CHECK(parse_shape(" [ 2 ,\t3\r\n] ") == Shape{2, 3});
}

TEST_CASE("text that is not a shape is refused") {
  for (const char* text : {"",       "[",     "]",       "[1",   "[1,]",
                           "[,1]",   "[1 2]", "1",       "[-1]", "[-0]",
                           "[+1]",   "[1.0]", "[1e2]",   "[01]", "[9223372036854775808]",
                           "[[1]]",  "[1]x",  "[\"1\"]", "null", "{}",
                           "[1],[2]"}) {
    INFO(text);
    CHECK_FALSE(parse_shape(text));
  }
  CHECK_FALSE(parse_shape(std::string_view("[1]\0", 4)));
  CHECK_FALSE(parse_shape(shape_to_json(std::vector<std::int64_t>(65, 1))));
}

TEST_CASE("the size of a value is exact, or nothing where it overflows") {
  CHECK(value_size({}, Dtype::complex128) == 16);
  CHECK(value_size({2, 3}, Dtype::bfloat16) == 12);
  CHECK(value_size({2, 0, 3}, Dtype::float64) == 0);
  CHECK(value_size({std::int64_t{1} << 61}, Dtype::float16) == std::uint64_t{1} << 62);
  CHECK_FALSE(value_size({std::int64_t{1} << 62}, Dtype::float16));
  CHECK_FALSE(value_size({0, std::int64_t{1} << 40, std::int64_t{1} << 40}, Dtype::float16));
  CHECK_FALSE(value_size({-1}, Dtype::float32));
}

TEST_CASE("dtypes have LibTorch's names") {
  for (const Dtype dtype :
       {Dtype::float16, Dtype::bfloat16, Dtype::float32, Dtype::float64, Dtype::complex64, Dtype::complex128}) {
    CHECK(parse_dtype(dtype_name(dtype)) == dtype);
  }
  CHECK(dtype_name(Dtype::bfloat16) == "bfloat16");
  CHECK(dtype_size(Dtype::complex64) == 8);
  CHECK_FALSE(parse_dtype("int64"));
  CHECK_FALSE(parse_dtype(""));
}

TEST_CASE("a name is 1 to 1024 bytes of UTF-8 without NUL") {
  for (const std::string& name :
       {std::string("a"), std::string(1024, 'x'), std::string("ß€𝄞"), std::string(" \n'\"%")}) {
    CHECK_NOTHROW(validate_param_name(name));
  }
  // Overlong forms, surrogates, what lies beyond Unicode, and characters cut short.
  for (const char* name : {"\x80", "\xc0\x80", "\xc1\xbf", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xf0\x8f\xbf\xbf",
                           "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "a\xe2\x82", "\xff", "\xe2\x28\xa1"}) {
    INFO(name);
    CHECK_THROWS_AS(validate_param_name(name), InvalidName);
  }
  try {
    validate_param_name("ab\xff");
  } catch (const InvalidName& error) {
    CHECK(std::string(error.what()).find("from byte 2 on") != std::string::npos);
  }
}

TEST_CASE("module names are composed as in Pyro") {
  CHECK(param_with_module_name("encoder", "layer.weight") == "encoder$$$layer.weight");
  CHECK(module_from_param_with_module_name("encoder$$$layer.weight") == "encoder");
  CHECK(module_from_param_with_module_name("plain") == "plain");
  CHECK(user_param_name("encoder$$$layer.weight") == "layer.weight");
  CHECK(user_param_name("a$$$b$$$c") == "b");
  CHECK(user_param_name("plain") == "plain");
  CHECK(normalize_param_name("a$$$b$$$c") == "a.b.c");
  CHECK(normalize_param_name("plain") == "plain");
}

TEST_CASE("any name becomes one SQL identifier") {
  CHECK(sql_identifier("params") == "\"params\"");
  CHECK(sql_identifier("") == "\"\"");
  CHECK(sql_identifier("a b; DROP TABLE params; --") == "\"a b; DROP TABLE params; --\"");
  CHECK(sql_identifier("a\"b\"") == "\"a\"\"b\"\"\"");
  CHECK(sql_identifier("'") == "\"'\"");
}
