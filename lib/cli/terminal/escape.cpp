#include "lib/cli/terminal/escape.h"

#include <wchar.h>

#include <algorithm>
#include <cstdint>

#include "lib/text/utf8.h"

namespace paramstore::cli {
namespace {

// Characters that must not reach a terminal: C1 controls, line and paragraph separators, and marks that are invisible or
// change the reading direction.
bool is_deceptive(char32_t code) {
  return (code >= 0x80 && code < 0xa0) || code == 0xad || code == 0x61c || (code >= 0x200b && code <= 0x200f) ||
         (code >= 0x2028 && code <= 0x202e) || (code >= 0x2060 && code <= 0x206f) || code == 0xfeff ||
         (code >= 0xfff9 && code <= 0xfffb) || (code >= 0xe0000 && code <= 0xe007f);
}

void append_hex(std::string& out, std::uint32_t number, int least_digits) {
  constexpr std::string_view digits = "0123456789abcdef";
  std::string text;
  for (; number != 0 || static_cast<int>(text.size()) < least_digits; number >>= 4)
    text.insert(text.begin(), digits[number & 15]);
  out += text;
}

// Appends the character at the front of `text`, escaped if necessary. Returns its length in bytes.
std::size_t append_escaped(std::string& out, std::string_view text) {
  const Character character = first_character(text);
  if (character.length == 0) {
    out += "\\x";
    append_hex(out, static_cast<unsigned char>(text[0]), 2);
    return 1;
  }
  if (character.code == '\n') {
    out += "\\n";
  } else if (character.code == '\t') {
    out += "\\t";
  } else if (character.code == '\r') {
    out += "\\r";
  } else if (character.code < 0x20 || character.code == 0x7f) {
    out += "\\x";
    append_hex(out, character.code, 2);
  } else if (is_deceptive(character.code)) {
    out += "\\u{";
    append_hex(out, character.code, 1);
    out += '}';
  } else {
    out += text.substr(0, character.length);
  }
  return character.length;
}

}  // namespace

std::string escaped(std::string_view text) {
  const bool is_ascii_text = std::all_of(text.begin(), text.end(), [](char c) { return c >= ' ' && c <= '~'; });
  if (is_ascii_text) return std::string(text);  // nearly always
  std::string out;
  while (!text.empty()) text.remove_prefix(append_escaped(out, text));
  return out;
}

std::string json_escaped(std::string_view json) {
  std::string out;
  const auto append = [&](char32_t unit) {
    out += "\\u";
    append_hex(out, unit, 4);
  };
  while (!json.empty()) {
    const Character character = first_character(json);
    const std::size_t length = std::max<std::size_t>(character.length, 1);
    if (character.code != 0x7f && !is_deceptive(character.code)) {
      out += json.substr(0, length);
    } else if (character.code < 0x10000) {
      append(character.code);
    } else {  // a pair of UTF-16 surrogates
      append(0xd800 + ((character.code - 0x10000) >> 10));
      append(0xdc00 + ((character.code - 0x10000) & 0x3ff));
    }
    json.remove_prefix(length);
  }
  return out;
}

std::string shown_name(std::string_view name) {
  std::string plain = escaped(name);
  const bool has_edges = !name.empty() && (name.front() == ' ' || name.back() == ' ');
  if (plain == name && !name.empty() && name.front() != '"' && !has_edges) return plain;
  std::string out = "\"";
  while (!name.empty()) {
    if (name.front() == '"' || name.front() == '\\') out += '\\';
    name.remove_prefix(append_escaped(out, name));
  }
  return out + "\"";
}

std::size_t display_width(std::string_view text) {
  std::size_t width = 0;
  while (!text.empty()) {
    const Character character = first_character(text);
    // wcwidth is negative for a character that the locale does not know: one column is the best guess.
    const int columns = character.length == 0 ? 1 : wcwidth(static_cast<wchar_t>(character.code));
    width += columns < 0 ? 1 : static_cast<std::size_t>(columns);
    text.remove_prefix(character.length == 0 ? 1 : character.length);
  }
  return width;
}

std::string cut_to_width(const std::string& text, std::size_t most) {
  if (display_width(text) <= most) return text;
  constexpr std::string_view ellipsis = "...";
  std::size_t end = 0;
  while (end < text.size()) {
    const std::size_t length = first_character(std::string_view(text).substr(end)).length;
    const std::size_t next = end + (length == 0 ? 1 : length);
    if (display_width(std::string_view(text).substr(0, next)) + ellipsis.size() > most) break;
    end = next;
  }
  return text.substr(0, end).append(ellipsis);
}

}  // namespace paramstore::cli
