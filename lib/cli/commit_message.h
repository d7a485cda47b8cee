// The message of a commit that the command makes.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace paramstore::cli {

/// "paramstore VERB WORD ...", with the words escaped as names are, so that the message is always printable UTF-8. Cut
/// between characters if it is longer than 1000 bytes.
std::string commit_message(std::string_view verb, const std::vector<std::string>& words);

}  // namespace paramstore::cli
