#include "lib/cli/commit_message.h"

#include "lib/cli/terminal/escape.h"

namespace paramstore::cli {

std::string commit_message(std::string_view verb, const std::vector<std::string>& words) {
  constexpr std::size_t most = 1000;
  std::string message = "paramstore ";
  message += verb;
  for (const std::string& word : words) {
    if (message.size() > most) break;
    message += ' ';
    message += shown_name(word);
  }
  if (message.size() <= most) return message;
  std::size_t end = most;
  while ((static_cast<unsigned char>(message[end]) & 0xc0) == 0x80) --end;  // inside a character
  return message.substr(0, end) + "...";
}

}  // namespace paramstore::cli
