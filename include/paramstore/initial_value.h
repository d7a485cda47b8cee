// The `init` argument of `setdefault` and `get_param`.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <type_traits>

namespace paramstore {

/// A tensor, or a callable that returns one, called only if the name is new. Borrows its argument: use it only as a
/// call's argument.
class InitialValue {
 public:
  InitialValue(const at::Tensor& value) noexcept : tensor_(&value) {}

  template <
      class F,
      std::enable_if_t<!std::is_convertible_v<F&, const at::Tensor&> && std::is_invocable_r_v<at::Tensor, F&>, int> = 0>
  InitialValue(F&& function) : function_(std::ref(function)) {}

  /// The tensor; runs the callable.
  at::Tensor operator()() const { return tensor_ ? *tensor_ : function_(); }

  /// The tensor if one was given, null for a callable.
  const at::Tensor* tensor() const noexcept { return tensor_; }

 private:
  const at::Tensor* tensor_ = nullptr;
  std::function<at::Tensor()> function_;
};

}  // namespace paramstore
