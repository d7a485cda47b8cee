#include "lib/constraint/dtype_names.h"

namespace paramstore {
namespace {

struct DtypeName {
  c10::ScalarType dtype;
  std::string_view name;
};

constexpr DtypeName names[] = {
    {c10::ScalarType::Half, "float16"},   {c10::ScalarType::BFloat16, "bfloat16"}, {c10::ScalarType::Float, "float32"},
    {c10::ScalarType::Double, "float64"}, {c10::ScalarType::Char, "int8"},         {c10::ScalarType::Byte, "uint8"},
    {c10::ScalarType::Short, "int16"},    {c10::ScalarType::Int, "int32"},         {c10::ScalarType::Long, "int64"},
};

}  // namespace

std::string_view bound_dtype_name(c10::ScalarType dtype) noexcept {
  for (const DtypeName& entry : names) {
    if (entry.dtype == dtype) {
      return entry.name;
    }
  }
  return {};
}

std::optional<c10::ScalarType> bound_dtype(std::string_view name) noexcept {
  for (const DtypeName& entry : names) {
    if (entry.name == name) {
      return entry.dtype;
    }
  }
  return std::nullopt;
}

std::string bound_dtype_list() {
  std::string list;
  for (const DtypeName& entry : names) {
    list += list.empty() ? "" : ", ";
    list += entry.name;
  }
  return list;
}

}  // namespace paramstore
