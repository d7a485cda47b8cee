#include "lib/constraint/reasons.h"

#include <c10/core/ScalarType.h>

#include <sstream>
#include <string_view>
#include <utility>

#include "lib/text/number_text.h"

namespace paramstore {
namespace {

std::string without_point_zero(const std::string& number) {
  constexpr std::string_view end = ".0";
  const bool whole = number.size() > end.size() && number.compare(number.size() - end.size(), end.size(), end) == 0;
  return whole ? number.substr(0, number.size() - end.size()) : number;
}

}  // namespace

std::optional<Index> first_where(const at::Tensor& mask) {
  if (mask.numel() == 0) return std::nullopt;
  // nonzero() would list all of them, and take eight bytes for each dimension of each.
  const at::Tensor flat = mask.reshape(-1).to(at::kByte);
  std::int64_t rest = flat.argmax().item().toLong();
  if (!flat[rest].item().toBool()) return std::nullopt;
  Index index(static_cast<std::size_t>(mask.dim()));
  for (std::size_t dim = index.size(); dim-- > 0;) {
    const std::int64_t size = mask.sizes()[dim];
    index[dim] = rest % size;
    rest /= size;
  }
  return index;
}

at::Tensor at_index(at::Tensor tensor, const Index& index) {
  for (const std::int64_t i : index) tensor = tensor[i];
  return tensor;
}

std::string at_index_text(const Index& index) {
  std::string text = "at index [";
  for (std::size_t i = 0; i < index.size(); ++i) text.append(i == 0 ? "" : ", ").append(std::to_string(index[i]));
  return text + "]";
}

std::string element_text(const at::Tensor& element) {
  if (element.is_complex()) {
    std::ostringstream text;
    text.precision(9);
    text << element.to(at::kComplexDouble).item().toComplexDouble();
    return text.str();
  }
  if (element.scalar_type() == at::kDouble) return without_point_zero(real_text(element.item().toDouble()));
  if (element.is_floating_point()) return without_point_zero(real_text(element.to(at::kFloat).item().toFloat()));
  return std::to_string(element.to(at::kLong).item().toLong());
}

std::string which_has(const at::Tensor& event, const at::Tensor& where) {
  const auto index = first_where(where);
  return index ? "which has " + element_text(at_index(event, *index)) + " " + at_index_text(*index) : std::string();
}

std::string which_has_above_diagonal(const at::Tensor& matrix) {
  const auto index = first_where(matrix.tril().ne(matrix));
  if (!index) return {};
  return "which has " + element_text(at_index(matrix, *index)) + " above the diagonal, " + at_index_text(*index);
}

std::string which_has_on_diagonal(const at::Tensor& matrix, const at::Tensor& where) {
  const auto place = first_where(where);
  if (!place) return {};
  const Index index{place->front(), place->front()};
  return "which has " + element_text(at_index(matrix, index)) + " on the diagonal, " + at_index_text(index);
}

std::string which_sums(const at::Tensor& vector) { return "which sums to " + element_text(vector.sum()); }

std::string which_does_not_increase(const at::Tensor& vector) {
  const auto first = first_where(vector.slice(-1, 1).le(vector.slice(-1, 0, -1)));
  if (!first) return {};
  const Index next{first->front() + 1};
  return "which does not increase from " + element_text(at_index(vector, *first)) + " " + at_index_text(*first) +
         " to " + element_text(at_index(vector, next)) + " " + at_index_text(next);
}

}  // namespace paramstore
