#include "lib/extension/constrained.h"

#include <ATen/core/Tensor.h>
#include <ATen/ops/empty.h>
#include <c10/core/InferenceMode.h>
#include <c10/util/Exception.h>

#include <array>
#include <cstring>
#include <string>

#include "lib/sql/function_table.h"
#include "paramstore/constraint.h"
#include "paramstore/error.h"
#include "paramstore/transform.h"

namespace paramstore::sql {
namespace {

at::ScalarType scalar_type(storage::Dtype dtype) {
  // In the order of the enumeration.
  constexpr std::array<at::ScalarType, 6> types{at::kHalf,   at::kBFloat16,     at::kFloat,
                                                at::kDouble, at::kComplexFloat, at::kComplexDouble};
  return types[static_cast<std::size_t>(dtype)];
}

at::Tensor tensor_of(storage::ValueBytes value, storage::Dtype dtype, const Shape& shape) {
  at::Tensor tensor = at::empty(shape, at::TensorOptions().dtype(scalar_type(dtype)));
  if (value.size > 0) std::memcpy(tensor.data_ptr(), value.data, value.size);
  return tensor;
}

}  // namespace

ConstrainedValue constrain(storage::ValueBytes value, storage::Dtype dtype, const Shape& shape,
                           std::string_view constraint_tag) {
  const c10::InferenceMode no_gradients;
  const auto transform = transform_to(Constraint::parse(constraint_tag));
  try {
    const at::Tensor result =
        transform(tensor_of(value, dtype, shape)).to(scalar_type(dtype)).resolve_conj().resolve_neg().contiguous();
    ConstrainedValue constrained{std::vector<char>(result.nbytes()), result.sizes().vec()};
    if (!constrained.bytes.empty()) std::memcpy(constrained.bytes.data(), result.data_ptr(), constrained.bytes.size());
    return constrained;
  } catch (const c10::Error& error) {
    throw Error(error.what_without_backtrace());
  }
}

namespace {

ConstrainedValue constrain_arguments(const Call& call) {
  const StoredTensor tensor = tensor_argument(call.values);
  return constrain(tensor.value, tensor.dtype, tensor.shape, text_argument(call.values[3], "constraint_tag"));
}

void constrained(const Call& call) {
  const ConstrainedValue result = constrain_arguments(call);
  if (result.bytes.empty()) return sqlite3_result_zeroblob(call.context, 0);  // a null pointer would be NULL
  sqlite3_result_blob64(call.context, result.bytes.data(), result.bytes.size(), SQLITE_TRANSIENT);
}

void constrained_shape(const Call& call) {
  const std::string json = storage::shape_to_json(constrain_arguments(call).shape);
  sqlite3_result_text64(call.context, json.data(), json.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
}

constexpr Function functions[] = {{"constrained", 4, constrained}, {"constrained_shape", 4, constrained_shape}};

}  // namespace

int register_constrained(sqlite3* db) noexcept { return register_functions(db, functions); }

}  // namespace paramstore::sql
