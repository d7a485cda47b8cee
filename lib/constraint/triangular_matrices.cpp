// Constraints on lower triangular matrices: the last two dimensions are one value.
#include <ATen/ops/eye.h>

#include "lib/constraint/correlation_cholesky.h"
#include "lib/constraint/families.h"
#include "lib/constraint/float_limits.h"
#include "lib/constraint/matrix.h"
#include "lib/constraint/reasons.h"
#include "lib/constraint/softplus.h"

namespace paramstore {
namespace {

// torch.distributions flattens by view(batch + (-1,)), which fails for empty matrices. These reduce over both
// dimensions: the same result, and an empty batch passes.
at::Tensor is_lower_triangular(const at::Tensor& matrix) { return matrix.tril().eq(matrix).flatten(-2).all(-1); }

at::Tensor is_lower_cholesky(const at::Tensor& matrix) {
  return is_lower_triangular(matrix).logical_and(diagonal_of(matrix).gt(0).all(-1));
}

std::string why_not_lower_cholesky(const Arguments&, const at::Tensor& event) {
  return or_else(which_has_above_diagonal(event),
                 [&] { return which_has_on_diagonal(event, diagonal_of(event).le(0)); });
}

// Whether torch.distributions takes each row for one of length 1.
at::Tensor is_of_length_1(const at::Tensor& matrix) {
  const double tolerance = float_limits(matrix.scalar_type()).eps * static_cast<double>(matrix.size(-1)) * 10;
  return row_lengths(matrix).sub(1).abs().le(tolerance);
}

}  // namespace

std::vector<ConstraintKind> triangular_matrices() {
  return {
      // torch.distributions.constraints._LowerTriangular.
      ConstraintKind("lower_triangular")
          .documentation("lower triangular")
          .event_dim(2)
          .check([](const Arguments&, const at::Tensor& value) { return is_lower_triangular(value); })
          .explain([](const Arguments&, const at::Tensor& event) { return which_has_above_diagonal(event); }),

      // torch.distributions.constraints._LowerCholesky. LowerCholeskyTransform: what lies below the diagonal as it is,
      // the diagonal's exponential, zero above.
      ConstraintKind("lower_cholesky")
          .documentation("lower triangular with a positive diagonal; tril(u, -1) + diag(exp(diagonal(u)))")
          .event_dim(2)
          .check([](const Arguments&, const at::Tensor& value) { return is_lower_cholesky(value); })
          .explain(why_not_lower_cholesky)
          .transform([](const Arguments&, const at::Tensor& u) { return lower_cholesky(u); },
                     [](const Arguments&, const at::Tensor& y) { return lower_cholesky_inverse(y); }),

      // pyro.distributions.constraints._SoftplusLowerCholesky: lower_cholesky, by another map. Pyro's
      // SoftplusLowerCholeskyTransform.
      ConstraintKind("softplus_lower_cholesky")
          .documentation("lower triangular with a positive diagonal; tril(u, -1) + diag(softplus(diagonal(u)))")
          .event_dim(2)
          .check([](const Arguments&, const at::Tensor& value) { return is_lower_cholesky(value); })
          .explain(why_not_lower_cholesky)
          .transform(
              [](const Arguments&, const at::Tensor& u) { return with_diagonal(u, softplus(diagonal_of(u))); },
              [](const Arguments&, const at::Tensor& y) { return with_diagonal(y, softplus_inverse(diagonal_of(y))); }),

      // pyro.distributions.constraints._UnitLowerCholesky. Pyro's UnitLowerCholeskyTransform, whose inverse leaves a
      // matrix as it is.
      ConstraintKind("unit_lower_cholesky")
          .documentation("lower triangular with ones on the diagonal; tril(u, -1) + I")
          .event_dim(2)
          .check([](const Arguments&, const at::Tensor& value) {
            return is_lower_triangular(value).logical_and(diagonal_of(value).eq(1).all(-1));
          })
          .explain([](const Arguments&, const at::Tensor& event) {
            return or_else(which_has_above_diagonal(event),
                           [&] { return which_has_on_diagonal(event, diagonal_of(event).ne(1)); });
          })
          .transform([](const Arguments&,
                        const at::Tensor& u) { return square(u).tril(-1).add_(at::eye(u.size(-1), u.options())); },
                     [](const Arguments&, const at::Tensor& y) { return square(y); }),

      // torch.distributions.constraints._CorrCholesky, not with the 1e-4 that Pyro puts in place of its tolerance.
      // CorrCholeskyTransform: correlation_cholesky.h has the formula.
      ConstraintKind("corr_cholesky")
          .documentation(
              "lower triangular with a positive diagonal and rows of length 1; from vectors of n (n - 1) / 2, "
              "tanh(u) broken off row by row, by length")
          .event_dim(2)
          .unconstrained_event_dim(1)
          .check([](const Arguments&, const at::Tensor& value) {
            return is_lower_cholesky(value).logical_and(is_of_length_1(value).all(-1));
          })
          .explain([](const Arguments& arguments, const at::Tensor& event) {
            return or_else(why_not_lower_cholesky(arguments, event), [&]() -> std::string {
              const auto row = first_where(is_of_length_1(event).logical_not());
              if (!row) return {};
              return "whose row " + std::to_string(row->front()) + " has length " +
                     element_text(at_index(row_lengths(event), *row));
            });
          })
          .transform([](const Arguments&, const at::Tensor& u) { return correlation_cholesky(u); },
                     [](const Arguments&, const at::Tensor& y) { return correlation_cholesky_inverse(square(y)); }),
  };
}

}  // namespace paramstore
