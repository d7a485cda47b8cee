// What the extension calls in the part that needs LibTorch, a module of its own. The two may be built by different compilers, so this is C:
// no exception crosses it, and every length is explicit.
#pragma once

#include <cstdint>

extern "C" {

/// A contiguous tensor on the CPU.
struct TransformTensor {
  const void* bytes;  // null if empty
  std::uint64_t byte_count;
  std::int32_t dtype;  // of paramstore::storage::Dtype
  const std::int64_t* sizes;
  std::uint64_t dimensions;
};

/// What receives the result of a call, during the call. Exactly one of the two functions is called, once.
struct TransformReceiver {
  void* state;
  /// Gives a tensor that lives until this returns.
  void (*take)(void* state, const TransformTensor* result);
  /// Gives a message, which no zero byte ends.
  void (*fail)(void* state, const char* message, std::uint64_t length);
};

/// Maps `value` between the unconstrained numbers and the set of the constraint.
using TransformMap = void (*)(const TransformTensor* value, const char* constraint_tag, std::uint64_t tag_length,
                              const TransformReceiver* receiver);

struct Transforms {
  TransformMap constrain;
  /// Fails if `value` is not in the set.
  TransformMap unconstrain;
};

/// The module's only symbol. Its name carries the version of all this.
using TransformsEntry = const Transforms* (*)();
}

#define PARAMSTORE_TRANSFORMS_ENTRY paramstore_transforms_1
