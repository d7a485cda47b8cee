#include "faults/figures.h"

#include <cstdio>
#include <cstdlib>

namespace faults {
namespace {

std::string json_text(const std::string& text) {
  std::string json = "\"";
  for (const char each : text) {
    const auto byte = static_cast<unsigned char>(each);
    if (each == '"' || each == '\\') {
      json += '\\';
      json += each;
    } else if (byte < 0x20 || byte >= 0x7f) {
      char escaped[8];
      std::snprintf(escaped, sizeof(escaped), "\\u%04x", static_cast<unsigned>(byte));
      json += escaped;
    } else {
      json += each;
    }
  }
  return json + "\"";
}

}  // namespace

Options parse_options(int argc, char** argv) {
  Options options;
  for (int i = 1; i < argc; ++i) {
    const std::string argument = argv[i];
    if (argument == "--short") {
      options.brief = true;
    } else if (argument == "--only" && i + 1 < argc) {
      options.only = argv[++i];
    } else if (argument.rfind("--", 0) == 0) {
      std::fprintf(stderr, "%s: unknown option %s; there are --short and --only TEXT\n", argv[0], argument.c_str());
      std::exit(2);
    } else {
      options.words.push_back(argument);
    }
  }
  return options;
}

void Figures::lost(const std::string& what, const std::string& reproduce) {
  losses_.push_back({what, reproduce});
  std::fprintf(stderr, "LOST (%s): %s\n  %s\n", name_.c_str(), what.c_str(), reproduce.c_str());
}

int Figures::finish() const {
  std::string losses;
  for (const Loss& loss : losses_) {
    losses += (losses.empty() ? "" : ", ");
    losses += "{\"what\": " + json_text(loss.what) + ", \"reproduce\": " + json_text(loss.reproduce) + "}";
  }
  std::printf("{\"class\": %s, \"tried\": %llu, \"held\": %llu, \"lost\": %zu, \"losses\": [%s]}\n",
              json_text(name_).c_str(), static_cast<unsigned long long>(held_ + unguarded_ + losses_.size()),
              static_cast<unsigned long long>(held_), losses_.size(), losses.c_str());
  std::fflush(stdout);
  return losses_.empty() ? 0 : 1;
}

}  // namespace faults
