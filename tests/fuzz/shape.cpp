// A shape as text: it is refused, or it is a shape that survives being written and read.
#include "paramstore/storage/shape.h"

#include "fuzz/target.h"
#include "paramstore/storage/dtype.h"

using namespace paramstore::storage;
using paramstore::fuzz::require;

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const auto shape = parse_shape(paramstore::fuzz::text_of(data, size));
  if (!shape) return 0;
  require(shape->size() <= 64, "a shape has at most 64 sizes");
  for (const std::int64_t extent : *shape) require(extent >= 0, "no size is negative");
  require(parse_shape(shape_to_json(*shape)) == shape, "a shape that is written reads back");
  for (const Dtype dtype : {Dtype::float16, Dtype::float32, Dtype::complex128}) {
    const auto bytes = value_size(*shape, dtype);
    require(!bytes || *bytes % dtype_size(dtype) == 0, "a value is a whole number of elements");
    require(!bytes || *bytes >> 63 == 0, "a value has fewer than 2^63 bytes");
  }
  return 0;
}
