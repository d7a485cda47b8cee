// Constraints on matrices: the last two dimensions are one value.
#include <c10/util/Exception.h>

#include "lib/constraint/families.h"

namespace paramstore {
namespace {

// Where torch.distributions flattens by view(batch + (-1,)), which fails for matrices without elements, these reduce
// over both dimensions: the result is the same, and a batch of no matrices passes.
at::Tensor is_lower_triangular(const at::Tensor& matrix) { return matrix.tril().eq(matrix).flatten(-2).all(-1); }

at::Tensor diagonal_of(const at::Tensor& matrix) { return matrix.diagonal(0, -2, -1); }

// Sums of matrices and diagonals broadcast a column into a matrix without a word.
const at::Tensor& square(const at::Tensor& matrix) {
  TORCH_CHECK(matrix.size(-1) == matrix.size(-2), "expected square matrices in the last two dimensions");
  return matrix;
}

}  // namespace

std::vector<ConstraintKind> matrices() {
  return {
      // torch.distributions.constraints._LowerCholesky. LowerCholeskyTransform: what lies below the diagonal as it is,
      // the diagonal's exponential, zero above.
      ConstraintKind("lower_cholesky")
          .documentation("lower triangular with a positive diagonal; tril(u, -1) + diag(exp(diagonal(u)))")
          .event_dim(2)
          .check([](const Arguments&, const at::Tensor& value) {
            return is_lower_triangular(value).logical_and(diagonal_of(value).gt(0).all(-1));
          })
          .transform([](const Arguments&,
                        const at::Tensor& u) { return square(u).tril(-1).add(diagonal_of(u).exp().diag_embed()); },
                     [](const Arguments&, const at::Tensor& y) {
                       return square(y).tril(-1).add(diagonal_of(y).log().diag_embed());
                     }),
  };
}

}  // namespace paramstore
