#include "store/copy_hook.h"

#include <ATen/ops/copy_native.h>
#include <torch/library.h>

#include <atomic>

namespace {

std::atomic<const CopyHook::Function*> active{nullptr};

at::Tensor& watched_copy(at::Tensor& self, const at::Tensor& from, bool non_blocking) {
  if (const CopyHook::Function* const before = active) (*before)(self);
  return at::native::copy_(self, from, non_blocking);
}

TORCH_LIBRARY_IMPL(aten, CPU, library) { library.impl("copy_", watched_copy); }

}  // namespace

CopyHook::CopyHook(Function before) : before_(std::move(before)) { active = &before_; }

CopyHook::~CopyHook() { active = nullptr; }
