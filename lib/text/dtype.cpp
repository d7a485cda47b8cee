#include "paramstore/storage/dtype.h"

#include <iterator>

namespace paramstore::storage {
namespace {

struct DtypeEntry {
  std::string_view name;
  std::size_t size;
};

// In the order of the enumeration.
constexpr DtypeEntry dtypes[] = {
    {"float16", 2}, {"bfloat16", 2}, {"float32", 4}, {"float64", 8}, {"complex64", 8}, {"complex128", 16},
};

}  // namespace

std::string_view dtype_name(Dtype dtype) noexcept { return dtypes[static_cast<std::size_t>(dtype)].name; }

std::size_t dtype_size(Dtype dtype) noexcept { return dtypes[static_cast<std::size_t>(dtype)].size; }

std::optional<Dtype> parse_dtype(std::string_view name) noexcept {
  for (std::size_t i = 0; i < std::size(dtypes); ++i) {
    if (dtypes[i].name == name) return static_cast<Dtype>(i);
  }
  return std::nullopt;
}

}  // namespace paramstore::storage
