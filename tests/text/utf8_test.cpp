// Characters out of UTF-8.
#include "lib/text/utf8.h"

#include <doctest/doctest.h>

#include <string>

using namespace paramstore;

TEST_CASE("the first character of a text has its code and its length") {
  struct Case {
    std::string text;
    char32_t code;
    std::size_t length;
  };
  for (const Case& each : {Case{"ab", U'a', 1},
                           {std::string(1, '\0'), 0, 1},
                           {"\x7f", 0x7f, 1},
                           {"\xc2\x80x", 0x80, 2},
                           {"\xdf\xbf", 0x7ff, 2},
                           {"\xe0\xa0\x80", 0x800, 3},
                           {"\xed\x9f\xbf", 0xd7ff, 3},
                           {"\xef\xbf\xbf", 0xffff, 3},
                           {"\xf0\x90\x80\x80", 0x10000, 4},
                           {"\xf4\x8f\xbf\xbf", 0x10ffff, 4}}) {
    CAPTURE(each.code);
    CHECK(first_character(each.text).code == each.code);
    CHECK(first_character(each.text).length == each.length);
    CHECK_FALSE(first_invalid_utf8(each.text));
  }
}

TEST_CASE("bytes that are not well-formed have neither") {
  for (const std::string text : {"\x80", "\xc0\xaf", "\xc2", "\xc2x", "\xe0\x9f\xbf", "\xed\xa0\x80", "\xe1\x80",
                                 "\xe1\x80x", "\xf0\x8f\xbf\xbf", "\xf4\x90\x80\x80", "\xf5\x80\x80\x80", "\xff"}) {
    CAPTURE(text.size());
    CHECK(first_character(text).length == 0);
    CHECK(first_character(text).code == 0);
    CHECK(first_invalid_utf8("a" + text) == std::size_t{1});
  }
}
