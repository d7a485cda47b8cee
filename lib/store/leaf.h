// Between LibTorch's tensors and the bytes of a row.
#pragma once

#include <ATen/core/Tensor.h>
#include <c10/util/MaybeOwned.h>

#include <cstdint>
#include <memory>
#include <string>
#include <string_view>

#include "paramstore/storage/param_record.h"

namespace paramstore {

/// Throws UnsupportedTensor unless the tensor can be a parameter: defined, strided, with data, of a dtype that can
/// require gradients.
void require_supported(const at::Tensor& tensor, std::string_view name, const std::string& path);

/// Throws UnsupportedTensor where the tensor was made under inference mode: it has no version counter and no gradient.
void require_not_inference(const at::Tensor& tensor, std::string_view name, const std::string& path);

/// Throws UnsupportedTensor unless the tensor itself, not only a copy of it, can be a parameter's leaf.
void require_adoptable(const at::Tensor& tensor, std::string_view name, const std::string& path);

/// LibTorch's name of a row's dtype.
at::ScalarType torch_dtype(storage::Dtype dtype);

/// dtype, shape and device of a tensor, as a row has them. Everything else of the record, which has its name, is as
/// given. Throws UnsupportedTensor as `require_supported` does: a leaf can be given other data.
void describe(const at::Tensor& tensor, storage::ParamRecord& record, const std::string& path);

/// Whether the row and the tensor agree in dtype and shape.
bool same_shape(const storage::ParamRecord& record, const at::Tensor& tensor);

/// Whether they agree in dtype, shape and device.
bool same_kind(const storage::ParamRecord& record, const at::Tensor& tensor);

/// Whether `value` can go into `leaf`: they agree in dtype, shape and device, and no two of the leaf's elements lie in
/// the same memory.
bool can_take(const at::Tensor& leaf, const at::Tensor& value);

/// The tensor's contents in the CPU's memory, contiguous: its own where they are that already, and then the tensor must
/// outlive this; else a copy that this keeps.
class HostValue {
 public:
  explicit HostValue(const at::Tensor& tensor);
  storage::ValueBytes bytes() const;
  /// What keeps the bytes there: null for the tensor's own, which its owner does.
  std::shared_ptr<const void> owner() const;

 private:
  c10::MaybeOwned<at::Tensor> tensor_;
};

/// An uninitialised contiguous CPU tensor for a row's value.
at::Tensor empty_value(const storage::ParamRecord& record);

/// Where its bytes go: never null, which `StoreFile::read_all` would take for "leave it unread", though a tensor
/// without elements may have no memory.
void* destination_of(const at::Tensor& value);

/// A tensor of its own with the same contents: contiguous, detached, on the same device.
at::Tensor copy_of(const at::Tensor& tensor);

/// Makes `value`, a plain tensor that nobody else has, a leaf that requires gradients.
at::Tensor as_leaf(at::Tensor value);

/// Whether the tensor itself can serve as a leaf: it requires gradients, is no result of an operation and is
/// contiguous.
bool can_be_leaf(const at::Tensor& tensor);

/// LibTorch's counter of in-place changes.
std::int64_t version_of(const at::Tensor& leaf);

/// Copies `value` into `leaf`, which can take it, behind autograd's back; the version counter moves on.
void overwrite_contents(const at::Tensor& leaf, const at::Tensor& value);

/// `value`, which is on the CPU, on the device named in its row; on the CPU where that name is no device of this
/// machine (LibTorch's warning handler is told, once a device name). Throws CorruptStore where it is no device's name
/// at all.
at::Tensor to_row_device(at::Tensor value, const storage::ParamRecord& record, const std::string& path);

/// Whether this machine has the device.
bool device_available(at::Device device);

/// " of 'model.params.db'": ends the sentences of messages.
std::string of_file(const std::string& path);

}  // namespace paramstore
