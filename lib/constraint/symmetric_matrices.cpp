// Constraints on square and symmetric matrices: the last two dimensions are one value.
#include <ATen/ops/full.h>
#include <ATen/ops/linalg_cholesky.h>
#include <ATen/ops/linalg_cholesky_ex.h>
#include <ATen/ops/linalg_eigvalsh.h>

#include <tuple>

#include "lib/constraint/correlation_cholesky.h"
#include "lib/constraint/describe.h"
#include "lib/constraint/families.h"
#include "lib/constraint/matrix.h"
#include "lib/constraint/reasons.h"

namespace paramstore {
namespace {

at::Tensor is_square(const at::Tensor& matrix) {
  return at::full(matrix.sizes().slice(0, static_cast<std::size_t>(matrix.dim() - 2)),
                  matrix.size(-1) == matrix.size(-2), matrix.options().dtype(at::kBool));
}

// To torch.isclose's relative 1e-5 and an absolute 1e-6.
at::Tensor equals_its_transpose(const at::Tensor& matrix) { return matrix.isclose(matrix.mT(), 1e-5, 1e-6); }

at::Tensor is_symmetric(const at::Tensor& matrix) {
  if (matrix.size(-1) != matrix.size(-2)) {
    return is_square(matrix);
  }
  return equals_its_transpose(matrix).all(-2).all(-1);
}

// The originals decompose only if every matrix of the batch is symmetric; otherwise they return which are symmetric.
template <typename Check>
at::Tensor where_symmetric(const at::Tensor& matrix, const Check& check) {
  at::Tensor symmetric = is_symmetric(matrix);
  return symmetric.all().item<bool>() ? check(matrix) : symmetric;
}

at::Tensor is_positive_definite(const at::Tensor& matrix) {
  return where_symmetric(
      matrix, [](const at::Tensor& symmetric) { return std::get<1>(at::linalg_cholesky_ex(symmetric)).eq(0); });
}

at::Tensor is_near_1(const at::Tensor& element) { return element.sub(1).abs().lt(1e-6); }

std::string why_not_square(const Arguments&, const at::Tensor& event) {
  if (event.size(-1) == event.size(-2)) return {};
  return "which has " + counted(event.size(-2), "row") + " and " + counted(event.size(-1), "column");
}

std::string why_not_symmetric(const Arguments& arguments, const at::Tensor& event) {
  return or_else(why_not_square(arguments, event), [&]() -> std::string {
    const auto index = first_where(equals_its_transpose(event).logical_not());
    if (!index) return {};
    const Index mirrored{index->back(), index->front()};
    return "which is not symmetric: " + element_text(at_index(event, *index)) + " " + at_index_text(*index) + ", " +
           element_text(at_index(event, mirrored)) + " " + at_index_text(mirrored);
  });
}

std::string why_not_definite(const Arguments& arguments, const at::Tensor& event) {
  return or_else(why_not_symmetric(arguments, event),
                 [&] { return "whose smallest eigenvalue is " + element_text(at::linalg_eigvalsh(event).min()); });
}

at::Tensor times_its_transpose(const at::Tensor& lower) { return lower.matmul(lower.mT()); }

// PositiveDefiniteTransform, which positive_definite and positive_semidefinite share: L L^T of lower_cholesky's L.
at::Tensor positive_definite(const at::Tensor& u) { return times_its_transpose(lower_cholesky(u)); }

at::Tensor positive_definite_inverse(const at::Tensor& y) {
  return lower_cholesky_inverse(at::linalg_cholesky(square(y)));
}

}  // namespace

std::vector<ConstraintKind> symmetric_matrices() {
  return {
      // torch.distributions.constraints._Square.
      ConstraintKind("square")
          .documentation("as many rows as columns")
          .event_dim(2)
          .check([](const Arguments&, const at::Tensor& value) { return is_square(value); })
          .explain(why_not_square),

      // torch.distributions.constraints._Symmetric.
      ConstraintKind("symmetric")
          .documentation("x equal to its transpose within 1e-6 + 1e-5 |x|")
          .event_dim(2)
          .check([](const Arguments&, const at::Tensor& value) { return is_symmetric(value); })
          .explain(why_not_symmetric),

      // torch.distributions.constraints._PositiveSemidefinite. PositiveDefiniteTransform, which gives positive definite
      // matrices only, and whose inverse fails for others.
      ConstraintKind("positive_semidefinite")
          .documentation("symmetric, no eigenvalue below 0; L L^T, where L is lower_cholesky's")
          .event_dim(2)
          .check([](const Arguments&, const at::Tensor& value) {
            return where_symmetric(
                value, [](const at::Tensor& symmetric) { return at::linalg_eigvalsh(symmetric).ge(0).all(-1); });
          })
          .explain(why_not_definite)
          .transform([](const Arguments&, const at::Tensor& u) { return positive_definite(u); },
                     [](const Arguments&, const at::Tensor& y) { return positive_definite_inverse(y); }),

      // torch.distributions.constraints._PositiveDefinite. PositiveDefiniteTransform; Pyro registers
      // LowerCholeskyTransform, then the inverse of its CholeskyTransform, which is the same.
      ConstraintKind("positive_definite")
          .documentation("symmetric with a Cholesky factor; L L^T, where L is lower_cholesky's")
          .event_dim(2)
          .check([](const Arguments&, const at::Tensor& value) { return is_positive_definite(value); })
          .explain(why_not_definite)
          .transform([](const Arguments&, const at::Tensor& u) { return positive_definite(u); },
                     [](const Arguments&, const at::Tensor& y) { return positive_definite_inverse(y); }),

      // pyro.distributions.constraints._CorrMatrix. CorrCholeskyTransform, then the inverse of Pyro's
      // CorrMatrixCholeskyTransform.
      ConstraintKind("corr_matrix")
          .documentation("positive_definite with a diagonal of ones within 1e-6; L L^T, where L is corr_cholesky's")
          .event_dim(2)
          .unconstrained_event_dim(1)
          .check([](const Arguments&, const at::Tensor& value) {
            return is_positive_definite(value).logical_and(is_near_1(diagonal_of(value)).all(-1));
          })
          .explain([](const Arguments& arguments, const at::Tensor& event) {
            return or_else(why_not_symmetric(arguments, event), [&] {
              return or_else(which_has_on_diagonal(event, is_near_1(diagonal_of(event)).logical_not()),
                             [&] { return why_not_definite(arguments, event); });
            });
          })
          .transform([](const Arguments&, const at::Tensor& u) { return times_its_transpose(correlation_cholesky(u)); },
                     [](const Arguments&, const at::Tensor& y) {
                       return correlation_cholesky_inverse(at::linalg_cholesky(square(y)));
                     }),
  };
}

}  // namespace paramstore
