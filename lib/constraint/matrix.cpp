#include "lib/constraint/matrix.h"

#include <ATen/ops/linalg_vector_norm.h>
#include <c10/util/Exception.h>

namespace paramstore {

const at::Tensor& square(const at::Tensor& matrix) {
  TORCH_CHECK(matrix.size(-1) == matrix.size(-2), "expected square matrices in the last two dimensions");
  return matrix;
}

at::Tensor row_lengths(const at::Tensor& matrix) { return at::linalg_vector_norm(matrix, 2, at::IntArrayRef{-1}); }

at::Tensor with_diagonal(const at::Tensor& matrix, const at::Tensor& diagonal) {
  // In place, because new memory of this size costs as much as the sum. Not into the triangle, which may be of integers.
  return diagonal.diag_embed().add_(square(matrix).tril(-1));
}

at::Tensor lower_cholesky(const at::Tensor& unconstrained) {
  return with_diagonal(unconstrained, diagonal_of(unconstrained).exp());
}

at::Tensor lower_cholesky_inverse(const at::Tensor& lower) { return with_diagonal(lower, diagonal_of(lower).log()); }

}  // namespace paramstore
