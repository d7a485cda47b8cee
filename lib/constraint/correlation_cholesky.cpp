#include "lib/constraint/correlation_cholesky.h"

#include <ATen/ops/constant_pad_nd.h>
#include <ATen/ops/empty.h>
#include <ATen/ops/eye.h>
#include <ATen/ops/rsub.h>
#include <ATen/ops/tril_indices.h>
#include <ATen/ops/zeros.h>
#include <c10/core/GradMode.h>
#include <c10/util/Exception.h>
#include <c10/util/SmallVector.h>
#include <torch/csrc/autograd/autograd.h>
#include <torch/csrc/autograd/custom_function.h>

#include <cmath>
#include <cstdint>

#include "lib/constraint/correlation_cholesky_rows.h"
#include "lib/constraint/float_limits.h"

namespace paramstore {
namespace {

using torch::autograd::AutogradContext;
using torch::autograd::variable_list;

// The n with n (n - 1) / 2 == count.
std::int64_t order_of(std::int64_t count) {
  const std::int64_t n = std::llround(0.5 + std::sqrt(0.25 + 2.0 * static_cast<double>(count)));
  TORCH_CHECK(n * (n - 1) / 2 == count,
              "expected n (n - 1) / 2 elements in the last dimension, for some n: 0, 1, 3, 6, 10, ..., not ", count);
  return n;
}

std::int64_t order_of_matrix(const at::Tensor& matrix) {
  TORCH_CHECK(matrix.size(-1) > 0, "expected matrices of at least one row");
  return matrix.size(-1);
}

using Shape = c10::SmallVector<std::int64_t, 5>;

Shape shape_with(at::IntArrayRef batch, std::initializer_list<std::int64_t> event) {
  Shape shape(batch.begin(), batch.end());
  shape.append(event);
  return shape;
}

at::IntArrayRef batch_of(const at::Tensor& tensor, std::int64_t event_dim) {
  return tensor.sizes().slice(0, static_cast<std::size_t>(tensor.dim() - event_dim));
}

// Where the strictly lower elements of an n x n matrix lie, row by row.
at::Tensor below_diagonal(std::int64_t n, const at::Tensor& beside) {
  const at::Tensor indices = at::tril_indices(n, n, -1, beside.options().dtype(at::kLong));
  return indices[0].mul(n).add(indices[1]);
}

// The formula by LibTorch's operations: for any device and dtype, and differentiable as often as one likes.
at::Tensor composed(const at::Tensor& u) {
  const std::int64_t n = order_of(u.size(-1));
  const double eps = float_limits(u.scalar_type()).eps;
  const at::Tensor tanh = u.tanh().clamp(-1 + eps, 1 - eps);
  const at::Tensor lower = at::zeros(shape_with(batch_of(u, 1), {n * n}), u.options())
                               .index_copy(-1, below_diagonal(n, u), tanh)
                               .view(shape_with(batch_of(u, 1), {n, n}));
  const at::Tensor left = at::rsub(lower.mul(lower), 1).sqrt().cumprod(-1);
  const at::Tensor left_before = at::constant_pad_nd(left.slice(-1, 0, -1), {1, 0}, 1);
  return lower.add(at::eye(n, u.options())).mul(left_before);
}

// What tanh gave: each element over what the ones before it in its row left. Of it atanh, as the original computes it.
at::Tensor composed_inverse(const at::Tensor& y) {
  const std::int64_t n = order_of_matrix(y);
  const at::Tensor left = at::rsub(y.mul(y).cumsum(-1), 1);
  const at::Tensor left_before = at::constant_pad_nd(left.slice(-1, 0, -1), {1, 0}, 1);
  const at::Tensor below = below_diagonal(n, y);
  const at::Tensor tanh =
      y.flatten(-2).index_select(-1, below).div(left_before.flatten(-2).index_select(-1, below).sqrt());
  return tanh.log1p().sub(tanh.neg().log1p()).div(2);
}

// About twenty LibTorch operations on few numbers are mostly overhead. On the CPU one loop does them all.
bool has_loop(const at::Tensor& tensor) {
  return tensor.is_cpu() && tensor.has_storage() && tensor.layout() == at::kStrided && !tensor.is_neg() &&
         (tensor.scalar_type() == at::kFloat || tensor.scalar_type() == at::kDouble);
}

bool with_gradient(const at::Tensor& tensor) { return c10::GradMode::is_enabled() && tensor.requires_grad(); }

template <typename Loop>
void for_each_matrix(at::ScalarType dtype, std::int64_t count, const Loop& loop) {
  for (std::int64_t i = 0; i < count; ++i) {
    dtype == at::kFloat ? loop(i, float{}) : loop(i, double{});
  }
}

at::Tensor from_tanh(const at::Tensor& tanh) {
  const std::int64_t n = order_of(tanh.size(-1));
  const at::Tensor input = tanh.contiguous();
  at::Tensor factor = at::empty(shape_with(batch_of(tanh, 1), {n, n}), input.options());
  for_each_matrix(input.scalar_type(), factor.numel() / (n * n), [&](std::int64_t i, auto zero) {
    using Float = decltype(zero);
    factor_rows(n, input.data_ptr<Float>() + i * n * (n - 1) / 2, factor.data_ptr<Float>() + i * n * n);
  });
  return factor;
}

at::Tensor to_tanh(const at::Tensor& factor) {
  const std::int64_t n = order_of_matrix(factor);
  const at::Tensor input = factor.contiguous();
  at::Tensor tanh = at::empty(shape_with(batch_of(factor, 2), {n * (n - 1) / 2}), input.options());
  for_each_matrix(input.scalar_type(), input.numel() / (n * n), [&](std::int64_t i, auto zero) {
    using Float = decltype(zero);
    tanh_of_rows(n, input.data_ptr<Float>() + i * n * n, tanh.data_ptr<Float>() + i * n * (n - 1) / 2);
  });
  return tanh;
}

at::Tensor atanh_of(const at::Tensor& tanh) {
  at::Tensor result = at::empty(tanh.sizes(), tanh.options());
  const auto with_logarithm = [&](auto zero) {
    using Float = decltype(zero);
    atanh_before_logarithm(tanh.numel(), tanh.data_ptr<Float>(), result.data_ptr<Float>());
    result.log1p_();
    atanh_after_logarithm(tanh.numel(), tanh.data_ptr<Float>(), result.data_ptr<Float>());
  };
  tanh.scalar_type() == at::kFloat ? with_logarithm(float{}) : with_logarithm(double{});
  return result;
}

// The second derivative goes through LibTorch's operations.
template <typename Map>
at::Tensor differentiable_gradient(const Map& map, const at::Tensor& input, const at::Tensor& gradient) {
  return torch::autograd::grad({map(input)}, {input}, {gradient}, true, true)[0];
}

struct FactorFunction : torch::autograd::Function<FactorFunction> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& u) {
    context->save_for_backward({u});  // not its tanh: recomputing is faster than keeping it
    return from_tanh(u.tanh());
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const at::Tensor u = context->get_saved_variables()[0];
    if (c10::GradMode::is_enabled()) {
      return {differentiable_gradient(composed, u, gradients[0])};
    }
    const at::Tensor tanh = u.tanh().contiguous();
    const at::Tensor gradient = gradients[0].resolve_neg().contiguous();
    const std::int64_t n = gradient.size(-1);
    at::Tensor result = at::empty(tanh.sizes(), tanh.options());
    for_each_matrix(tanh.scalar_type(), gradient.numel() / (n * n), [&](std::int64_t i, auto zero) {
      using Float = decltype(zero);
      const std::int64_t first = i * n * (n - 1) / 2;
      factor_rows_backward(n, tanh.data_ptr<Float>() + first, gradient.data_ptr<Float>() + i * n * n,
                           result.data_ptr<Float>() + first);
    });
    return {result};
  }
};

struct InverseFunction : torch::autograd::Function<InverseFunction> {
  static at::Tensor forward(AutogradContext* context, const at::Tensor& factor) {
    const at::Tensor tanh = to_tanh(factor);
    context->save_for_backward({factor, tanh});
    return atanh_of(tanh);
  }

  static variable_list backward(AutogradContext* context, const variable_list& gradients) {
    const variable_list saved = context->get_saved_variables();
    if (c10::GradMode::is_enabled()) {
      return {differentiable_gradient(composed_inverse, saved[0], gradients[0])};
    }
    const at::Tensor factor = saved[0].contiguous();
    const at::Tensor& tanh = saved[1];
    const at::Tensor gradient = gradients[0].resolve_neg().contiguous();
    const std::int64_t n = factor.size(-1);
    at::Tensor result = at::empty(factor.sizes(), factor.options());
    for_each_matrix(factor.scalar_type(), factor.numel() / (n * n), [&](std::int64_t i, auto zero) {
      using Float = decltype(zero);
      const std::int64_t first = i * n * (n - 1) / 2;
      inverse_rows_backward(n, factor.data_ptr<Float>() + i * n * n, tanh.data_ptr<Float>() + first,
                            gradient.data_ptr<Float>() + first, result.data_ptr<Float>() + i * n * n);
    });
    return {result};
  }
};

}  // namespace

at::Tensor correlation_cholesky(const at::Tensor& unconstrained) {
  if (!has_loop(unconstrained)) {
    return composed(unconstrained);
  }
  return with_gradient(unconstrained) ? FactorFunction::apply(unconstrained) : from_tanh(unconstrained.tanh());
}

at::Tensor correlation_cholesky_inverse(const at::Tensor& factor) {
  if (!has_loop(factor)) {
    return composed_inverse(factor);
  }
  return with_gradient(factor) ? InverseFunction::apply(factor) : atanh_of(to_tanh(factor));
}

}  // namespace paramstore
