#include "lib/cli/terminal/line_editor.h"

#include <histedit.h>

#include <algorithm>
#include <cstdio>
#include <exception>
#include <new>
#include <utility>

#include "lib/cli/terminal/escape.h"
#include "lib/cli/terminal/interrupt.h"

namespace paramstore::cli {
namespace {

// Tables and commands have these in their names; everything else separates words.
bool ends_word(char c) { return std::string_view(" \t\n(),;=<>").find(c) != std::string_view::npos; }

std::string_view common_beginning(const std::vector<std::string>& words) {
  std::string_view common = words.front();
  for (const std::string& word : words) {
    const auto differs = std::mismatch(common.begin(), common.end(), word.begin(), word.end()).first;
    common = common.substr(0, static_cast<std::size_t>(differs - common.begin()));
  }
  return common;
}

}  // namespace

void LineEditor::End::operator()(editline* editor) const noexcept { el_end(editor); }

LineEditor::LineEditor(LineHistory& past, Candidates candidates)
    : editor_(el_init("paramstore", stdin, stdout, stderr)), candidates_(std::move(candidates)) {
  if (!editor_) throw std::bad_alloc();
  using Prompt = char* (*)(EditLine*);
  const Prompt prompt = [](EditLine* editor) {
    void* self = nullptr;
    el_get(editor, EL_CLIENTDATA, &self);
    return static_cast<LineEditor*>(self)->prompt_.data();
  };
  el_set(editor_.get(), EL_CLIENTDATA, static_cast<void*>(this));
  el_set(editor_.get(), EL_PROMPT, prompt);
  el_set(editor_.get(), EL_EDITOR, "emacs");
  el_set(editor_.get(), EL_SIGNAL, 1);  // gives the terminal back before InterruptGuard's handler or a Ctrl-Z
  // While a line is edited, Ctrl-C is a key: libedit would miss a signal that comes just before it waits for a key.
  el_set(editor_.get(), EL_SETTY, "-d", "-intr", "intr=", nullptr);
  el_set(editor_.get(), EL_HIST, ::history, past.handle());
  el_wset(editor_.get(), EL_ADDFN, L"paramstore-complete", L"Complete the word", complete);  // el_set leaks both texts
  el_wset(editor_.get(), EL_ADDFN, L"paramstore-drop-line", L"Drop the line", drop_line);
  el_set(editor_.get(), EL_BIND, "^I", "paramstore-complete", nullptr);
  el_set(editor_.get(), EL_BIND, "^C", "paramstore-drop-line", nullptr);
  el_set(editor_.get(), EL_BIND, "^R", "em-inc-search-prev", nullptr);
  el_source(editor_.get(), nullptr);
}

LineEditor::~LineEditor() = default;

std::optional<std::string> LineEditor::read(const std::string& prompt) {
  prompt_ = prompt;
  dropped_ = false;
  int length = 0;
  const char* const line = el_gets(editor_.get(), &length);
  if (line == nullptr || length <= 0) {
    std::fputc('\n', stdout);
    std::fflush(stdout);
    InterruptGuard::check();
    if (dropped_) throw Interrupted();
    return std::nullopt;
  }
  InterruptGuard::check();  // of a signal that came before the terminal was read
  std::string_view text(line, static_cast<std::size_t>(length));
  if (text.back() == '\n') text.remove_suffix(1);
  return std::string(text);
}

unsigned char LineEditor::drop_line(editline* editor, std::wint_t) noexcept {
  void* self = nullptr;
  el_get(editor, EL_CLIENTDATA, &self);
  static_cast<LineEditor*>(self)->dropped_ = true;
  return CC_EOF;
}

// Inserts what all candidates continue with; if that is nothing, lists them.
unsigned char LineEditor::complete(editline* editor, std::wint_t) noexcept {
  void* self = nullptr;
  el_get(editor, EL_CLIENTDATA, &self);
  const LineInfo* const line = el_line(editor);
  const std::string_view before(line->buffer, static_cast<std::size_t>(line->cursor - line->buffer));
  const unsigned char action = static_cast<LineEditor*>(self)->complete_word(before);
  // A signal that came meanwhile ends the reading: libedit would wait for a key first.
  return InterruptGuard::interrupted() ? CC_EOF : action;
}

unsigned char LineEditor::complete_word(std::string_view before) noexcept {
  try {
    std::size_t begin = before.size();
    while (begin > 0 && !ends_word(before[begin - 1])) --begin;
    const std::string word(before.substr(begin));
    std::vector<std::string> words = candidates_(word, begin == 0);
    words.erase(std::remove_if(words.begin(), words.end(),
                               [&](const std::string& each) { return each.compare(0, word.size(), word) != 0; }),
                words.end());
    if (words.empty()) return CC_ERROR;
    std::string more(common_beginning(words).substr(word.size()));
    if (words.size() == 1) more += ' ';
    if (!more.empty()) return el_insertstr(editor_.get(), more.c_str()) == 0 ? CC_REFRESH : CC_ERROR;
    std::fputc('\n', stdout);
    for (const std::string& each : words) std::fprintf(stdout, "%s\n", escaped(each).c_str());
    return CC_REDISPLAY;
  } catch (const std::exception&) {
    return CC_ERROR;  // beeps: what fails here fails again, with a message, when the line is run
  }
}

}  // namespace paramstore::cli
