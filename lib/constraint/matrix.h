// What the constraints on matrices share. A matrix is the last two dimensions of a tensor.
#pragma once

#include <ATen/core/Tensor.h>

namespace paramstore {

inline at::Tensor diagonal_of(const at::Tensor& matrix) { return matrix.diagonal(0, -2, -1); }

/// Returns the tensor. Throws c10::Error if its matrices are not square: sums of matrices and diagonals would silently
/// broadcast a column into a matrix.
const at::Tensor& square(const at::Tensor& matrix);

/// The Euclidean length of each row.
at::Tensor row_lengths(const at::Tensor& matrix);

/// The strictly lower triangle of a square matrix with another diagonal. Throws as `square` does.
at::Tensor with_diagonal(const at::Tensor& matrix, const at::Tensor& diagonal);

/// torch.distributions.transforms.LowerCholeskyTransform: u below the diagonal, exp(u) on it.
at::Tensor lower_cholesky(const at::Tensor& unconstrained);
at::Tensor lower_cholesky_inverse(const at::Tensor& lower);

}  // namespace paramstore
