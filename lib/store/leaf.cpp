#include "lib/store/leaf.h"

#include <ATen/MemoryOverlap.h>
#include <ATen/ops/empty.h>
#include <c10/core/CPUAllocator.h>
#include <c10/core/GradMode.h>
#include <c10/core/InferenceMode.h>
#include <c10/core/Storage.h>
#include <c10/core/TensorImpl.h>
#include <c10/core/impl/DeviceGuardImplInterface.h>
#include <c10/util/Exception.h>
#include <sys/mman.h>
#include <unistd.h>

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <set>
#include <utility>

#include "lib/store/mutex.h"
#include "lib/store/warning.h"
#include "paramstore/error.h"

namespace paramstore {
namespace {

struct DtypePair {
  at::ScalarType torch;
  storage::Dtype stored;
};

constexpr std::array<DtypePair, 6> dtypes{{
    {at::kHalf, storage::Dtype::float16},
    {at::kBFloat16, storage::Dtype::bfloat16},
    {at::kFloat, storage::Dtype::float32},
    {at::kDouble, storage::Dtype::float64},
    {at::kComplexFloat, storage::Dtype::complex64},
    {at::kComplexDouble, storage::Dtype::complex128},
}};

std::optional<storage::Dtype> stored_dtype(at::ScalarType type) {
  for (const auto& pair : dtypes) {
    if (pair.torch == type) return pair.stored;
  }
  return std::nullopt;
}

/// copy_ refuses to write into such a tensor.
bool elements_overlap(const at::Tensor& tensor) { return at::has_internal_overlap(tensor) == at::MemOverlap::Yes; }

[[noreturn]] void refuse(std::string_view name, const std::string& path, const std::string& found,
                         const std::string& advice) {
  throw UnsupportedTensor("parameter '" + std::string(name) + "'" + of_file(path) + ": " + found +
                          " cannot be stored; " + advice);
}

/// Asks for huge pages: most of the time to load a large value goes into page faults on fresh memory.
void ask_for_huge_pages([[maybe_unused]] void* data, [[maybe_unused]] std::size_t size) noexcept {
#ifdef MADV_HUGEPAGE
  constexpr std::size_t worth_it = 4 << 20;  // large enough to contain a whole huge page (2 MiB on most machines)
  if (size < worth_it) return;
  const auto page = static_cast<std::uintptr_t>(::sysconf(_SC_PAGESIZE));
  const auto begin = (reinterpret_cast<std::uintptr_t>(data) + page - 1) / page * page;
  const auto end = (reinterpret_cast<std::uintptr_t>(data) + size) / page * page;
  // A hint: a kernel that ignores it gives pages of the usual size.
  ::madvise(reinterpret_cast<void*>(begin), end - begin, MADV_HUGEPAGE);
#endif
}

}  // namespace

at::ScalarType torch_dtype(storage::Dtype dtype) {
  for (const auto& pair : dtypes) {
    if (pair.stored == dtype) return pair.torch;
  }
  throw Error("a dtype without a LibTorch counterpart");
}

std::string of_file(const std::string& path) { return " of '" + path + "'"; }

void require_supported(const at::Tensor& tensor, std::string_view name, const std::string& path) {
  if (!tensor.defined()) refuse(name, path, "an undefined tensor", "give a tensor with a value");
  if (tensor.is_quantized()) refuse(name, path, "a quantized tensor", "give tensor.dequantize()");
  if (tensor.layout() != at::kStrided) {
    refuse(name, path, std::string("a tensor of layout ") + (tensor.is_sparse() ? "sparse" : "other than strided"),
           "give tensor.to_dense()");
  }
  if (tensor.is_meta()) refuse(name, path, "a meta tensor, which has no values,", "materialise it first");
  if (!stored_dtype(tensor.scalar_type())) {
    refuse(name, path,
           std::string("dtype ") + c10::toString(tensor.scalar_type()) + ", which cannot require gradients,",
           "convert it to float16, bfloat16, float32, float64, complex64 or complex128");
  }
}

void require_not_inference(const at::Tensor& tensor, std::string_view name, const std::string& path) {
  if (!tensor.is_inference()) return;
  refuse(name, path, "an inference tensor, as a leaf,", "make it outside of c10::InferenceMode, or clone it there");
}

void require_adoptable(const at::Tensor& tensor, std::string_view name, const std::string& path) {
  require_supported(tensor, name, path);
  require_not_inference(tensor, name, path);
  if (elements_overlap(tensor)) {
    refuse(name, path, "a tensor whose elements share memory, such as an expanded one,", "give tensor.clone()");
  }
}

void describe(const at::Tensor& tensor, storage::ParamRecord& record, const std::string& path) {
  require_supported(tensor, record.name, path);
  record.dtype = *stored_dtype(tensor.scalar_type());
  record.shape.assign(tensor.sizes().begin(), tensor.sizes().end());
  record.device = tensor.device().is_cpu() ? "cpu" : tensor.device().str();
}

bool same_shape(const storage::ParamRecord& record, const at::Tensor& tensor) {
  return stored_dtype(tensor.scalar_type()) == record.dtype && tensor.sizes() == record.shape;
}

bool same_kind(const storage::ParamRecord& record, const at::Tensor& tensor) {
  return same_shape(record, tensor) &&
         (tensor.device().is_cpu() ? record.device == "cpu" : tensor.device().str() == record.device);
}

bool can_take(const at::Tensor& leaf, const at::Tensor& value) {
  return leaf.scalar_type() == value.scalar_type() && leaf.sizes() == value.sizes() &&
         leaf.device() == value.device() && !elements_overlap(leaf);
}

HostValue::HostValue(const at::Tensor& tensor) {
  const bool plain = tensor.is_contiguous() && tensor.device().is_cpu() && !tensor.is_conj() && !tensor.is_neg();
  using Contents = c10::MaybeOwned<at::Tensor>;
  tensor_ = plain ? Contents::borrowed(tensor)
                  : Contents::owned(tensor.detach().resolve_conj().resolve_neg().cpu().contiguous());
}

storage::ValueBytes HostValue::bytes() const { return {tensor_->data_ptr(), tensor_->nbytes()}; }

std::shared_ptr<const void> HostValue::owner() const {
  return tensor_.unsafeIsBorrowed() ? nullptr : std::make_shared<at::Tensor>(*tensor_);
}

at::Tensor empty_value(const storage::ParamRecord& record) {
  c10::InferenceMode ordinary(false);  // a leaf needs a version counter, which inference tensors lack
  at::Tensor value = at::empty(record.shape, at::TensorOptions().dtype(torch_dtype(record.dtype)));
  ask_for_huge_pages(value.data_ptr(), value.nbytes());
  return value;
}

void* destination_of(const at::Tensor& value) {
  static char nothing = 0;
  return value.nbytes() == 0 ? &nothing : value.data_ptr();
}

at::Tensor tensor_at(c10::DataPtr memory, std::size_t bytes, at::IntArrayRef sizes, at::ScalarType dtype) {
  // Inference tensors lack a version counter. Leave that mode only if needed: leaving it is not free.
  std::optional<c10::InferenceMode> ordinary;
  if (c10::InferenceMode::is_enabled()) ordinary.emplace(false);
  c10::Storage storage(c10::Storage::use_byte_size_t(), bytes, std::move(memory), c10::GetCPUAllocator(), true);
  at::Tensor tensor = at::detail::make_tensor<c10::TensorImpl>(
      std::move(storage), c10::DispatchKeySet(c10::DispatchKey::CPU), c10::scalarTypeToTypeMeta(dtype));
  tensor.unsafeGetTensorImpl()->set_sizes_contiguous(sizes);
  return tensor;
}

bool is_small_and_plain(const at::Tensor& tensor) {
  return tensor.nbytes() <= 4096 && tensor.is_contiguous() && tensor.device().is_cpu() && !tensor.is_conj() &&
         !tensor.is_neg() && !tensor._is_zerotensor();
}

at::Tensor copy_of(const at::Tensor& tensor) {
  if (is_small_and_plain(tensor)) {
    const std::size_t bytes = tensor.nbytes();
    at::Tensor copy = tensor_at(c10::GetCPUAllocator()->allocate(bytes), bytes, tensor.sizes(), tensor.scalar_type());
    if (bytes != 0) std::memcpy(copy.data_ptr(), tensor.data_ptr(), bytes);
    return copy;
  }
  c10::InferenceMode ordinary(false);
  c10::AutoGradMode no_grad(false);
  return tensor.detach().resolve_conj().resolve_neg().clone(at::MemoryFormat::Contiguous);
}

at::Tensor as_leaf(at::Tensor value) {
  value.set_requires_grad(true);
  return value;
}

bool can_be_leaf(const at::Tensor& tensor) {
  return tensor.defined() && tensor.requires_grad() && tensor.is_leaf() && tensor.is_contiguous() &&
         !tensor.is_inference();
}

std::int64_t version_of(const at::Tensor& leaf) {
  return leaf.unsafeGetTensorImpl()->version_counter().current_version();
}

void overwrite_contents(const at::Tensor& leaf, const at::Tensor& value) {
  c10::InferenceMode ordinary(false);
  c10::AutoGradMode no_grad(false);
  leaf.copy_(value);
}

bool device_available(at::Device device) {
  if (device.is_cpu()) return true;
  if (device.type() == at::kMeta || !c10::impl::hasDeviceGuardImpl(device.type())) return false;
  return device.index() < c10::impl::getDeviceGuardImpl(device.type())->deviceCount();
}

at::Tensor to_row_device(at::Tensor value, const storage::ParamRecord& record, const std::string& path) {
  if (record.device == "cpu") return value;
  std::optional<at::Device> device;
  try {
    device.emplace(record.device);
  } catch (const c10::Error&) {
    throw CorruptStore("parameter '" + record.name + "'" + of_file(path) + ": '" + record.device +
                       "' is not a device; expected a name like 'cpu' or 'cuda:0' in the row's device column");
  }
  if (!device_available(*device)) {
    static Mutex mutex;
    static std::set<std::string> told;
    const bool first = [&] {
      const MutexLock lock(mutex);
      return told.insert(record.device).second;
    }();
    if (first) {  // without the mutex: the user's handler of warnings may come back here
      warn("parameter '" + record.name + "'" + of_file(path) + " lived on " + record.device +
           ", which this machine does not have; all parameters from that device go to the CPU");
    }
    return value;
  }
  return value.to(*device);
}

}  // namespace paramstore
