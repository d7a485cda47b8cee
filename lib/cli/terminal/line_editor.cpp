#include "lib/cli/terminal/line_editor.h"

#include <histedit.h>

#include <algorithm>
#include <cstdio>
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
  el_set(editor_.get(), EL_HIST, ::history, past.handle());
  el_set(editor_.get(), EL_ADDFN, "paramstore-complete", "Complete the word", complete);
  el_set(editor_.get(), EL_BIND, "^I", "paramstore-complete", nullptr);
  el_set(editor_.get(), EL_BIND, "^R", "em-inc-search-prev", nullptr);
  el_source(editor_.get(), nullptr);
}

LineEditor::~LineEditor() = default;

std::optional<std::string> LineEditor::read(const std::string& prompt) {
  prompt_ = prompt;
  int length = 0;
  const char* const line = el_gets(editor_.get(), &length);
  if (line == nullptr || length <= 0) {
    std::fputc('\n', stdout);
    std::fflush(stdout);
    InterruptGuard::check();
    return std::nullopt;
  }
  InterruptGuard::check();  // of a signal that came before the terminal was read
  std::string_view text(line, static_cast<std::size_t>(length));
  if (text.back() == '\n') text.remove_suffix(1);
  return std::string(text);
}

// Inserts what all candidates continue with; if that is nothing, lists them.
unsigned char LineEditor::complete(editline* editor, int) {
  void* self = nullptr;
  el_get(editor, EL_CLIENTDATA, &self);
  const LineInfo* const line = el_line(editor);
  const std::string_view before(line->buffer, static_cast<std::size_t>(line->cursor - line->buffer));
  std::size_t begin = before.size();
  while (begin > 0 && !ends_word(before[begin - 1])) --begin;
  const std::string word(before.substr(begin));
  std::vector<std::string> words = static_cast<LineEditor*>(self)->candidates_(word, begin == 0);
  words.erase(std::remove_if(words.begin(), words.end(),
                             [&](const std::string& each) { return each.compare(0, word.size(), word) != 0; }),
              words.end());
  if (words.empty()) return CC_ERROR;
  std::string more(common_beginning(words).substr(word.size()));
  if (words.size() == 1) more += ' ';
  if (!more.empty()) return el_insertstr(editor, more.c_str()) == 0 ? CC_REFRESH : CC_ERROR;
  std::fputc('\n', stdout);
  for (const std::string& each : words) std::fprintf(stdout, "%s\n", escaped(each).c_str());
  return CC_REDISPLAY;
}

}  // namespace paramstore::cli
