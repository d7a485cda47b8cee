// A pattern of Python's re: it is refused, or it matches names within the limits. Also the reverse of what is meant: a text
// that is not UTF-8.
#include <string>

#include "fuzz/target.h"
#include "lib/text/python_regex.h"
#include "paramstore/error.h"

using namespace paramstore;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string pattern(fuzz::text_of(data, size));
  try {
    const PythonRegex regex(pattern);
    for (const std::string_view name : {"", "encoder$$$layer.weight", "aaaaaaaaaaaaaaaa", "\xc3\xa9\xe2\x82\xac"}) {
      const bool at_start = regex.match(name);
      const bool anywhere = regex.search(name);
      fuzz::require(anywhere || !at_start, "what matches at the start is found anywhere");
    }
    regex.search("\xff");
  } catch (const Error& error) {
    fuzz::require(error.what()[0] != '\0', "an error says why");
  }
  return 0;
}
