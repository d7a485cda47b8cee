// An .npy file: it is refused, or it has as many numbers as its shape says.
#include "fuzz/target.h"
#include "lib/cli/exit_status.h"
#include "lib/cli/values/npy.h"
#include "paramstore/storage/shape.h"

using namespace paramstore;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  try {
    const std::string_view contents = fuzz::text_of(data, size);
    if (!cli::is_npy(contents)) return 0;
    const cli::GivenValue value = cli::parse_npy(contents, "fuzz.npy");
    fuzz::require(value.shape && value.dtype, "an .npy file has a shape and a dtype");
    const auto bytes = storage::value_size(*value.shape, *value.dtype);
    fuzz::require(bytes && *bytes == value.numbers.size() * storage::dtype_size(*value.dtype),
                  "there are as many numbers as the shape says");
  } catch (const cli::UsageError& error) {
    fuzz::require(error.what()[0] != '\0', "an error says why");
  }
  return 0;
}
