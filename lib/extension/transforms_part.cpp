#include "lib/extension/transforms_part.h"

#include <dlfcn.h>

#include <exception>
#include <filesystem>
#include <string>
#include <utility>

#include "lib/extension/mapped_libtorch.h"
#include "lib/extension/transforms.h"
#include "paramstore/error.h"

#define PARAMSTORE_NAME_OF(symbol) PARAMSTORE_TEXT_OF(symbol)
#define PARAMSTORE_TEXT_OF(symbol) #symbol

namespace paramstore::sql {
namespace {

namespace fs = std::filesystem;

/// Beside the library that this function is in.
fs::path path_of_part() {
  Dl_info own{};
  if (dladdr(reinterpret_cast<const void*>(&path_of_part), &own) == 0 || own.dli_fname == nullptr)
    throw Error("the folder of the extension cannot be found");
  return fs::absolute(own.dli_fname).parent_path() / "paramstore_transforms.so";
}

std::string loader_error() {
  const char* const message = dlerror();
  return message == nullptr ? "unknown error" : message;
}

/// It stays loaded: LibTorch has threads.
const Transforms& load() {
  const fs::path path = path_of_part();
  std::error_code error;
  if (!fs::exists(path, error)) {
    throw Error(
        path.string() +
        ": does not exist; constrained values need this part of the extension, which paramstore installs if it is "
        "built with LibTorch");
  }
  if (const auto other = other_mapped_libtorch()) {
    throw Error("this process already uses another LibTorch, " + *other + ", but the extension was built with " +
                built_with_libtorch() + "; ask for constrained values in a process without the other one");
  }
  void* const module = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (module == nullptr) throw Error(path.string() + ": cannot be loaded: " + loader_error());
  const auto entry = reinterpret_cast<TransformsEntry>(dlsym(module, PARAMSTORE_NAME_OF(PARAMSTORE_TRANSFORMS_ENTRY)));
  if (entry == nullptr)
    throw Error(path.string() + ": comes from a different version of paramstore than the extension; reinstall both");
  return *entry();
}

const Transforms& transforms() {
  static const Transforms& loaded = load();  // tried again if it throws
  return loaded;
}

/// The result of a call, or what it throws once the call is over.
struct Received {
  ConstrainedValue value;
  std::string message;
  std::exception_ptr own_error;
  bool failed = false;
};

void take(void* state, const TransformTensor* result) noexcept {
  auto& received = *static_cast<Received*>(state);
  try {
    const auto* const bytes = static_cast<const char*>(result->bytes);
    received.value.bytes.assign(bytes, bytes + result->byte_count);
    received.value.shape.assign(result->sizes, result->sizes + result->dimensions);
  } catch (...) {
    received.own_error = std::current_exception();
  }
}

void fail(void* state, const char* message, std::uint64_t length) noexcept {
  auto& received = *static_cast<Received*>(state);
  received.failed = true;
  try {
    received.message.assign(message, static_cast<std::size_t>(length));
  } catch (...) {
    received.own_error = std::current_exception();
  }
}

ConstrainedValue call(TransformMap map, storage::ValueBytes value, storage::Dtype dtype, const Shape& shape,
                      std::string_view constraint_tag) {
  Received received;
  const TransformTensor tensor{value.data, value.size, static_cast<std::int32_t>(dtype), shape.data(), shape.size()};
  const TransformReceiver receiver{&received, take, fail};
  map(&tensor, constraint_tag.data(), constraint_tag.size(), &receiver);
  if (received.own_error) std::rethrow_exception(received.own_error);
  if (received.failed) throw Error(received.message);
  return std::move(received.value);
}

}  // namespace

ConstrainedValue constrain(storage::ValueBytes value, storage::Dtype dtype, const Shape& shape,
                           std::string_view constraint_tag) {
  return call(transforms().constrain, value, dtype, shape, constraint_tag);
}

ConstrainedValue unconstrain(storage::ValueBytes value, storage::Dtype dtype, const Shape& shape,
                             std::string_view constraint_tag) {
  return call(transforms().unconstrain, value, dtype, shape, constraint_tag);
}

}  // namespace paramstore::sql
