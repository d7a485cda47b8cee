#include "lib/cli/values/shape_text.h"

namespace paramstore::cli {

std::string shape_text(const std::vector<std::int64_t>& shape) {
  std::string text = "[";
  for (const std::int64_t size : shape) {
    if (text.size() > 1) text += ", ";
    text += std::to_string(size);
  }
  return text + "]";
}

std::uint64_t byte_size(const storage::ParamRecord& record) { return value_size(record.shape, record.dtype).value(); }

std::uint64_t element_count(const storage::ParamRecord& record) { return byte_size(record) / dtype_size(record.dtype); }

}  // namespace paramstore::cli
