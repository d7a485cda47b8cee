#include "lib/text/dtype.h"

#include <iterator>

#include "paramstore/storage/dtype.h"

namespace paramstore {
namespace {

struct Entry {
  std::string_view name;
  std::size_t size;
  bool in_tags;
};

// In the order of ElementType.
constexpr Entry entries[] = {
    {"bool", 1, false},   {"uint8", 1, true},   {"int8", 1, true},       {"int16", 2, true},
    {"int32", 4, true},   {"int64", 8, true},   {"float16", 2, true},    {"bfloat16", 2, true},
    {"float32", 4, true}, {"float64", 8, true}, {"complex64", 8, false}, {"complex128", 16, false},
};

const Entry& entry(ElementType type) noexcept { return entries[static_cast<std::size_t>(type)]; }

// A value's dtypes are the last of the table, in the order of storage::Dtype.
constexpr auto first_of_values = static_cast<int>(ElementType::float16);
static_assert(static_cast<int>(storage::Dtype::complex128) + first_of_values + 1 == std::size(entries));

}  // namespace

std::string_view element_type_name(ElementType type) noexcept { return entry(type).name; }

std::size_t element_type_size(ElementType type) noexcept { return entry(type).size; }

std::optional<ElementType> parse_element_type(std::string_view name) noexcept {
  for (std::size_t i = 0; i < std::size(entries); ++i) {
    if (entries[i].name == name) return static_cast<ElementType>(i);
  }
  return std::nullopt;
}

bool may_be_in_tag(ElementType type) noexcept { return entry(type).in_tags; }

std::optional<ElementType> parse_tag_element_type(std::string_view name) noexcept {
  const auto type = parse_element_type(name);
  return type && may_be_in_tag(*type) ? type : std::nullopt;
}

std::string tag_element_types() {
  std::string list;
  for (const Entry& each : entries) {
    if (each.in_tags) list.append(list.empty() ? "" : ", ").append(each.name);
  }
  return list;
}

namespace storage {
namespace {

ElementType element_type(Dtype dtype) noexcept {
  return static_cast<ElementType>(static_cast<int>(dtype) + first_of_values);
}

}  // namespace

std::string_view dtype_name(Dtype dtype) noexcept { return element_type_name(element_type(dtype)); }

std::size_t dtype_size(Dtype dtype) noexcept { return element_type_size(element_type(dtype)); }

std::optional<Dtype> parse_dtype(std::string_view name) noexcept {
  const auto type = parse_element_type(name);
  if (!type || static_cast<int>(*type) < first_of_values) return std::nullopt;
  return static_cast<Dtype>(static_cast<int>(*type) - first_of_values);
}

}  // namespace storage
}  // namespace paramstore
