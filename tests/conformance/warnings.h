// What LibTorch's warning handler is told while this object lives.
#pragma once

#include <c10/util/Exception.h>
#include <torch/version.h>

#include <cstddef>
#include <string>
#include <vector>

class Warnings {
 public:
  Warnings() : guard_(&handler_) {}

  std::size_t count() const { return handler_.messages.size(); }
  /// How many of them contain `text`.
  std::size_t count(const std::string& text) const {
    std::size_t found = 0;
    for (const auto& message : handler_.messages) found += message.find(text) != std::string::npos;
    return found;
  }

 private:
#if TORCH_VERSION_MAJOR < 2
  struct Handler : c10::WarningHandler {
    void process(const c10::SourceLocation&, const std::string& message, bool) override { messages.push_back(message); }
    std::vector<std::string> messages;
  };
  using Guard = c10::Warning::WarningHandlerGuard;
#else
  struct Handler : c10::WarningHandler {
    void process(const c10::Warning& warning) override { messages.push_back(warning.msg()); }
    std::vector<std::string> messages;
  };
  using Guard = c10::WarningUtils::WarningHandlerGuard;
#endif
  Handler handler_;
  Guard guard_;
};
