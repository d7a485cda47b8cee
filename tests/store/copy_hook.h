// Runs a function before LibTorch copies into a tensor on the CPU, on the thread that copies.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <stdexcept>
#include <utility>

/// One at a time.
class CopyHook {
 public:
  using Function = std::function<void(const at::Tensor& destination)>;

  explicit CopyHook(Function before);
  ~CopyHook();
  CopyHook(const CopyHook&) = delete;
  CopyHook& operator=(const CopyHook&) = delete;

 private:
  const Function before_;
};

/// While it lives, nothing can be copied into the tensor's memory.
struct Unwritable : CopyHook {
  explicit Unwritable(const at::Tensor& tensor)
      : CopyHook([memory = tensor.data_ptr()](const at::Tensor& destination) {
          if (destination.data_ptr() == memory) throw std::runtime_error("it is set in stone");
        }) {}
};
