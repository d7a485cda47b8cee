// What a store hands out: a tensor that knows where it comes from.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <utility>

#include "paramstore/export.h"

namespace paramstore {

/// The constrained value of a parameter. It is a torch::Tensor that also knows its leaf, the unconstrained tensor that
/// optimizers move. Under grad mode it carries the graph back to the leaf, so a loss computed from it gives the leaf
/// its gradient.
///
/// A Param is a snapshot: after an optimizer's step, ask the store again. For the constraint `real` it is the leaf
/// itself, and so always up to date.
///
/// Changing a Param does not change the parameter; store.set(name, value) does. So assigning to a temporary one
/// (store["a"] = b, store["a"] += 1) does not compile. If a value that is not the leaf was changed in place (add_,
/// fill_, +=), the end of its Param warns, once per process; a change made through a torch::Tensor copied from it, after
/// the Param has ended, is not noticed. To compute in place on a value, clone() it first.
class PARAMSTORE_EXPORT Param : public at::Tensor {
 public:
  Param() = default;
  /// A parameter under `real`: value and leaf are one tensor.
  explicit Param(at::Tensor leaf) : at::Tensor(std::move(leaf)) {}
  Param(at::Tensor constrained, at::Tensor leaf);

  Param(const Param&) = default;
  Param(Param&&) noexcept = default;
  /// Makes a named Param another one; the parameters stay as they are.
  Param& operator=(Param other) & noexcept {
    swap(other);
    return *this;
  }
  ~Param() {
    if (leaf_.defined()) warn_if_changed();
  }

  /// The leaf. Pyro keeps a weak reference here; this one keeps the tensor alive.
  const at::Tensor& unconstrained() const& noexcept { return leaf_.defined() ? leaf_ : *this; }
  /// The same for a temporary Param: store["scale"].unconstrained().
  at::Tensor unconstrained() const&& noexcept { return leaf_.defined() ? leaf_ : *this; }

  // As at::Tensor's, but not for temporaries: write store.set(name, value).
  template <class T>
  Param& operator+=(const T& other) & {
    at::Tensor::operator+=(other);
    return *this;
  }
  template <class T>
  Param& operator-=(const T& other) & {
    at::Tensor::operator-=(other);
    return *this;
  }
  template <class T>
  Param& operator*=(const T& other) & {
    at::Tensor::operator*=(other);
    return *this;
  }
  template <class T>
  Param& operator/=(const T& other) & {
    at::Tensor::operator/=(other);
    return *this;
  }
  template <class T>
  Param& operator=(const T& other) && = delete;
  template <class T>
  Param& operator+=(const T& other) && = delete;
  template <class T>
  Param& operator-=(const T& other) && = delete;
  template <class T>
  Param& operator*=(const T& other) && = delete;
  template <class T>
  Param& operator/=(const T& other) && = delete;

 private:
  void swap(Param& other) noexcept {
    std::swap(static_cast<at::Tensor&>(*this), static_cast<at::Tensor&>(other));
    std::swap(leaf_, other.leaf_);
    std::swap(version_, other.version_);
  }
  void warn_if_changed() const noexcept;

  at::Tensor leaf_;            // undefined if this tensor is the leaf
  std::int64_t version_ = -1;  // of a value that is not the leaf, when it was made; -1 if unknown
};

}  // namespace paramstore
