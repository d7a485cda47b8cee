#include "lib/store/value_memory.h"

#include <atomic>
#include <new>

#include "lib/store/leaf.h"

namespace paramstore {
namespace {

constexpr std::size_t alignment = 64;         // LibTorch's own, so that its vectorised kernels find what they expect
constexpr std::size_t block_size = 64 << 10;  // the most that one surviving tensor keeps alive
constexpr std::size_t small_size = 4 << 10;   // above this, allocation no longer dominates
static_assert(block_size >= 4 * small_size);

}  // namespace

// Counts its tensors, and itself while tensors are handed out from it. The memory follows.
struct alignas(alignment) ValueMemory::Block {
  std::atomic<std::size_t> users{1};

  static Block* make() { return new (::operator new(block_size, std::align_val_t(alignment))) Block; }
  std::byte* memory() { return reinterpret_cast<std::byte*>(this + 1); }
  static constexpr std::size_t capacity() { return block_size - sizeof(Block); }

  static void release(void* block) noexcept {
    auto* self = static_cast<Block*>(block);
    if (self->users.fetch_sub(1, std::memory_order_acq_rel) != 1) return;
    self->~Block();
    ::operator delete(block, std::align_val_t(alignment));
  }
};

ValueMemory::~ValueMemory() {
  if (block_ != nullptr) Block::release(block_);
}

at::Tensor ValueMemory::empty_value(const storage::ParamRecord& record) {
  const std::size_t size = *storage::value_size(record.shape, record.dtype);
  if (size == 0 || size > small_size) return paramstore::empty_value(record);
  const std::size_t taken = (size + alignment - 1) / alignment * alignment;
  if (block_ == nullptr || used_ + taken > Block::capacity()) {
    Block* const fresh = Block::make();
    if (block_ != nullptr) Block::release(block_);
    block_ = fresh;
    used_ = 0;
  }
  std::byte* const data = block_->memory() + used_;
  block_->users.fetch_add(1, std::memory_order_relaxed);
  at::Tensor value =
      tensor_at({data, block_, &Block::release, c10::Device(c10::kCPU)}, size, record.shape, torch_dtype(record.dtype));
  used_ += taken;
  return value;
}

}  // namespace paramstore
