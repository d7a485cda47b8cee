// What a file says reaches a terminal as text only.
#include "lib/cli/terminal/escape.h"

#include <doctest/doctest.h>
#include <rapidcheck.h>

#include <clocale>
#include <map>

using namespace paramstore::cli;

TEST_CASE("plain text stays as it is, in any language") {
  for (const char* text : {"encoder.weight", "net$$$0.weight", "grüße", "权重", "a b", "back\\slash", "it's"}) {
    CHECK(shown_name(text) == text);
    CHECK(escaped(text) == text);
  }
}

TEST_CASE("what a terminal would interpret is escaped") {
  CHECK(shown_name("line\nbreak") == R"("line\nbreak")");
  CHECK(shown_name("\x1b[31mred") == R"("\x1b[31mred")");
  CHECK(shown_name("tab\tcr\r\x7f") == R"("tab\tcr\r\x7f")");
  CHECK(shown_name("c1 \xc2\x9b"
                   "31m") == R"("c1 \u{9b}31m")");
  CHECK(shown_name("turn \xe2\x80\xae"
                   "around") == R"("turn \u{202e}around")");
  CHECK(shown_name("nothing \xe2\x80\x8b"
                   "seen") == R"("nothing \u{200b}seen")");
  CHECK(shown_name("not utf-8 \xff\xc3") == R"("not utf-8 \xff\xc3")");
  CHECK(shown_name("overlong \xc0\xaf") == R"("overlong \xc0\xaf")");
  CHECK(shown_name("") == R"("")");
  CHECK(shown_name(" edge") == R"(" edge")");
}

TEST_CASE("different names are never shown alike") {
  CHECK(shown_name("\"a\"") == R"("\"a\"")");
  CHECK(shown_name("\\n\n") == R"("\\n\n")");
  const bool passed = rc::check("distinct", [](const std::vector<std::string>& names) {
    std::map<std::string, std::string> shown;
    for (const std::string& name : names) {
      const auto [at, is_new] = shown.emplace(shown_name(name), name);
      RC_ASSERT(is_new || at->second == name);
    }
  });
  CHECK(passed);
}

TEST_CASE("nothing that is shown has a control character") {
  const bool passed = rc::check("no controls", [](const std::string& text) {
    for (const std::string& shown : {escaped(text), shown_name(text)}) {
      for (const char c : shown) RC_ASSERT(static_cast<unsigned char>(c) >= 0x20 && c != 0x7f);
    }
  });
  CHECK(passed);
}

TEST_CASE("text is cut off between characters") {
  std::setlocale(LC_CTYPE, "C.UTF-8");
  CHECK(display_width("grüße") == 5);
  CHECK(display_width("权重") == 4);
  CHECK(cut_to_width("abcdef", 6) == "abcdef");
  CHECK(cut_to_width("abcdefg", 6) == "abc...");
  CHECK(cut_to_width("ääääääää", 5) == "ää...");
}
