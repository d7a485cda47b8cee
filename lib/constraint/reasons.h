// Why an event is outside a constraint: clauses for messages, after "the event of shape [3] at index [1], ". Each is empty
// if it does not apply.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

namespace paramstore {

using Index = std::vector<std::int64_t>;

/// The first element of a mask that is true, if any.
std::optional<Index> first_where(const at::Tensor& mask);

/// The tensor's slice, or element, at this index of its leftmost dimensions.
at::Tensor at_index(at::Tensor tensor, const Index& index);

/// "at index [0, 1]"
std::string at_index_text(const Index& index);

/// A tensor of one element: the shortest text that its dtype reads back.
std::string element_text(const at::Tensor& element);

/// "which has -0.5 at index [1]": the first element where the mask is true.
std::string which_has(const at::Tensor& event, const at::Tensor& where);

/// "which has 3 above the diagonal, at index [0, 1]": the first that is not zero.
std::string which_has_above_diagonal(const at::Tensor& matrix);

/// "which has -1 on the diagonal, at index [0, 0]": the first where the mask over the diagonal is true.
std::string which_has_on_diagonal(const at::Tensor& matrix, const at::Tensor& where);

/// "which sums to 1.2"
std::string which_sums(const at::Tensor& vector);

/// "which does not increase from 2 at index [0] to 1 at index [1]"
std::string which_does_not_increase(const at::Tensor& vector);

/// The first of two reasons that applies; `otherwise()` gives the second.
template <typename Otherwise>
std::string or_else(std::string reason, const Otherwise& otherwise) {
  return reason.empty() ? otherwise() : reason;
}

}  // namespace paramstore
