// What a commit says of the command that made it.
#pragma once

#include <string>
#include <string_view>
#include <vector>

namespace paramstore::cli {

/// "paramstore VERB WORD ...": the words as names are shown, so that it is UTF-8 and plain text whatever they hold, and
/// cut at a character where it takes more than 1000 bytes.
std::string commit_message(std::string_view verb, const std::vector<std::string>& words);

}  // namespace paramstore::cli
