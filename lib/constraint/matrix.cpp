#include "lib/constraint/matrix.h"

#include <ATen/ops/linalg_vector_norm.h>
#include <c10/util/Exception.h>

namespace paramstore {

const at::Tensor& square(const at::Tensor& matrix) {
  TORCH_CHECK(matrix.size(-1) == matrix.size(-2), "expected square matrices in the last two dimensions");
  return matrix;
}

at::Tensor row_lengths(const at::Tensor& matrix) { return at::linalg_vector_norm(matrix, 2, at::IntArrayRef{-1}); }

at::Tensor lower_cholesky(const at::Tensor& unconstrained) {
  return square(unconstrained).tril(-1).add(diagonal_of(unconstrained).exp().diag_embed());
}

at::Tensor lower_cholesky_inverse(const at::Tensor& lower) {
  return square(lower).tril(-1).add(diagonal_of(lower).log().diag_embed());
}

}  // namespace paramstore
