// The device for loaded parameters: PyTorch's `map_location`.
#pragma once

#include <ATen/core/Tensor.h>

#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <variant>

#include "paramstore/export.h"

namespace paramstore {

/// One of the four forms that torch.load takes. Default: each parameter goes to the device it was saved from, or to
/// the CPU, with one warning, if this machine has no such device.
///
///   store.load(path, torch::kCPU);                                       // a device
///   store.load(path, "cpu");                                             // its name
///   store.load(path, MapLocation::Map{{"cuda:1", "cuda:0"}});            // from name to name; others stay
///   store.load(path, [](const std::string& saved) { return "cpu"; });    // a function of the saved location
///
/// A function may take the saved location, or the value (on the CPU) and the location, and may return a device, a
/// device's name, or nothing (std::nullopt) for "as saved".
class PARAMSTORE_EXPORT MapLocation {
 public:
  using Map = std::map<std::string, std::string>;
  using Function = std::function<std::optional<at::Device>(const at::Tensor& value, const std::string& location)>;

  MapLocation() = default;
  MapLocation(at::Device device) : target_(device) {}
  MapLocation(at::DeviceType type) : target_(at::Device(type)) {}
  MapLocation(std::string_view device) : target_(std::string(device)) {}
  MapLocation(const std::string& device) : target_(device) {}
  MapLocation(const char* device) : target_(std::string(device)) {}
  MapLocation(Map locations) : target_(std::move(locations)) {}

  template <class F, std::enable_if_t<std::is_invocable_v<F&, const at::Tensor&, const std::string&>, int> = 0>
  MapLocation(F function)
      : target_(Function([function](const at::Tensor& value, const std::string& location) mutable {
          return as_device(function(value, location));
        })) {}

  template <class F, std::enable_if_t<std::is_invocable_v<F&, const std::string&> &&
                                          !std::is_invocable_v<F&, const at::Tensor&, const std::string&>,
                                      int> = 0>
  MapLocation(F function)
      : target_(Function([function](const at::Tensor&, const std::string& location) mutable {
          return as_device(function(location));
        })) {}

  /// The device asked for, for a value saved from `location`; nothing for "as saved". Throws Error if a name is not a
  /// device, and what the function throws.
  std::optional<at::Device> operator()(const at::Tensor& value, const std::string& location) const;

 private:
  static std::optional<at::Device> as_device(std::nullopt_t) { return std::nullopt; }
  static std::optional<at::Device> as_device(at::Device device) { return device; }
  static std::optional<at::Device> as_device(at::DeviceType type) { return at::Device(type); }
  static std::optional<at::Device> as_device(const std::string& device);
  static std::optional<at::Device> as_device(const std::optional<at::Device>& device) { return device; }
  static std::optional<at::Device> as_device(const at::Tensor& moved) { return moved.device(); }

  std::variant<std::monostate, at::Device, std::string, Map, Function> target_;
};

}  // namespace paramstore
