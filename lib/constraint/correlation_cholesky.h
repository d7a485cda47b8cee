// Between vectors of n (n - 1) / 2 numbers and the Cholesky factors of n x n correlation matrices: lower triangular, with
// a positive diagonal and rows of length 1. torch.distributions.transforms.CorrCholeskyTransform; the construction is
// that of Stan's reference manual, "Cholesky factors of correlation matrices".
//
// The vector fills the strictly lower triangle row by row. With t = tanh(u), clamped to [-1 + eps, 1 - eps] of the dtype,
//   y[i][j] = t[i][j] * sqrt((1 - t[i][0]^2) ... (1 - t[i][j - 1]^2))   for j < i, and y[i][i] with 1 in place of t.
// Each number takes a signed share of the row's length that the ones before it left.
#pragma once

#include <ATen/core/Tensor.h>

namespace paramstore {

/// (..., n (n - 1) / 2) to (..., n, n). Throws c10::Error if the last dimension is not such a number.
at::Tensor correlation_cholesky(const at::Tensor& unconstrained);

/// (..., n, n) to (..., n (n - 1) / 2). Takes square matrices with n > 0, and throws c10::Error for others.
at::Tensor correlation_cholesky_inverse(const at::Tensor& factor);

}  // namespace paramstore
