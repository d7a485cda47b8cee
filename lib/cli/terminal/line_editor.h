// A line typed at a terminal, with editing, history and completion by libedit. The keys are those of ~/.editrc.
#pragma once

#include <cwchar>
#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/cli/terminal/line_history.h"

struct editline;  // libedit's

namespace paramstore::cli {

class LineEditor {
 public:
  /// The words that may stand where `word` has been begun; those that do not begin with it are ignored. `is_first` says
  /// whether it begins the line.
  using Candidates = std::function<std::vector<std::string>(std::string_view word, bool is_first)>;

  /// Needs a terminal, and an InterruptGuard that lives as long. Keeps a reference to `past`, which its arrow keys show.
  LineEditor(LineHistory& past, Candidates candidates);
  ~LineEditor();
  LineEditor(const LineEditor&) = delete;
  LineEditor& operator=(const LineEditor&) = delete;

  /// The line, without its end; nothing after Ctrl-D on an empty line. Throws Interrupted after Ctrl-C.
  std::optional<std::string> read(const std::string& prompt);

 private:
  // What keys run; they return what libedit does after it.
  static unsigned char drop_line(editline* editor, std::wint_t key) noexcept;
  static unsigned char complete(editline* editor, std::wint_t key) noexcept;
  unsigned char complete_word(std::string_view before) noexcept;

  struct End {
    void operator()(editline* editor) const noexcept;
  };
  std::unique_ptr<editline, End> editor_;
  Candidates candidates_;
  std::string prompt_;
  bool dropped_ = false;  // by Ctrl-C
};

}  // namespace paramstore::cli
