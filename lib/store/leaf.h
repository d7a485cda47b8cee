// Between LibTorch's tensors and the bytes of a row.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/core/Allocator.h>
#include <c10/util/MaybeOwned.h>

#include <cstddef>
#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "paramstore/storage/param_record.h"

namespace paramstore {

/// Throws UnsupportedTensor unless the tensor can be a parameter: defined, strided, with data, of a dtype that can
/// require gradients.
void require_supported(const at::Tensor& tensor, std::string_view name, const std::string& path);

/// Throws UnsupportedTensor if the tensor was made under inference mode: it has no version counter and no gradient.
void require_not_inference(const at::Tensor& tensor, std::string_view name, const std::string& path);

/// Throws UnsupportedTensor unless the tensor itself, not only a copy of it, can be a parameter's leaf.
void require_adoptable(const at::Tensor& tensor, std::string_view name, const std::string& path);

/// LibTorch's name of a row's dtype.
at::ScalarType torch_dtype(storage::Dtype dtype);

/// Sets the record's dtype, shape and device from a tensor; the rest of the record stays as given. Throws
/// UnsupportedTensor as `require_supported` does: the user may have given a leaf other data.
void describe(const at::Tensor& tensor, storage::ParamRecord& record, const std::string& path);

/// Whether the row and the tensor agree in dtype and shape.
bool same_shape(const storage::ParamRecord& record, const at::Tensor& tensor);

/// Whether they agree in dtype, shape and device.
bool same_kind(const storage::ParamRecord& record, const at::Tensor& tensor);

/// Whether `value` can be copied into `leaf`: they agree in dtype, shape and device, and the leaf's elements share no
/// memory.
bool can_take(const at::Tensor& leaf, const at::Tensor& value);

/// The tensor's contents, contiguous, in CPU memory. Borrows the tensor's memory if it is that already (the tensor must
/// then outlive this), otherwise owns a copy.
class HostValue {
 public:
  explicit HostValue(const at::Tensor& tensor);
  storage::ValueBytes bytes() const;
  /// Keeps the bytes alive; null if they are the tensor's own.
  std::shared_ptr<const void> owner() const;

 private:
  c10::MaybeOwned<at::Tensor> tensor_;
};

/// An uninitialised contiguous CPU tensor for a row's value.
at::Tensor empty_value(const storage::ParamRecord& record);

/// The destination of its bytes. Never null, not even for an empty tensor: `StoreFile::read_all` leaves a null
/// destination unread.
void* destination_of(const at::Tensor& value);

/// A contiguous CPU tensor of that many bytes at `memory`, with a version counter. Made without at::empty, which takes
/// longer to dispatch than to allocate a small tensor.
at::Tensor tensor_at(c10::DataPtr memory, std::size_t bytes, at::IntArrayRef sizes, at::ScalarType dtype);

/// Whether the tensor is contiguous, in CPU memory and so small that calling LibTorch takes longer than the work.
bool is_small_and_plain(const at::Tensor& tensor);

/// An independent tensor with the same contents: contiguous, detached, on the same device.
at::Tensor copy_of(const at::Tensor& tensor);

/// Makes `value`, a plain tensor with no other owner, a leaf that requires gradients.
at::Tensor as_leaf(at::Tensor value);

/// Whether the tensor itself can serve as a leaf: it requires gradients, is not the result of an operation, and is
/// contiguous.
bool can_be_leaf(const at::Tensor& tensor);

/// LibTorch's counter of in-place changes.
std::int64_t version_of(const at::Tensor& leaf);

/// Copies `value` into `leaf`, which must fit, without recording it in autograd; the version counter moves on.
void overwrite_contents(const at::Tensor& leaf, const at::Tensor& value);

/// `value`, which is on the CPU, on the device named in its row, or on the CPU if this machine lacks that device (warns
/// once per device name). Throws CorruptStore if the name is not a device.
at::Tensor to_row_device(at::Tensor value, const storage::ParamRecord& record, const std::string& path);

/// Whether the device exists on this machine.
bool device_available(at::Device device);

/// " of 'model.params.db'": ends the sentences of messages.
std::string of_file(const std::string& path);

}  // namespace paramstore
