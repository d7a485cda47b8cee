#include "paramstore/map_location.h"

#include <c10/util/Exception.h>

#include "paramstore/error.h"

namespace paramstore {

std::optional<at::Device> MapLocation::as_device(const std::string& device) {
  try {
    return at::Device(device);
  } catch (const c10::Error&) {
    throw Error("'" + device + "' is not a device; expected a name like 'cpu' or 'cuda:0'");
  }
}

std::optional<at::Device> MapLocation::operator()(const at::Tensor& value, const std::string& location) const {
  if (const auto* device = std::get_if<at::Device>(&target_)) return *device;
  if (const auto* name = std::get_if<std::string>(&target_)) return as_device(*name);
  if (const auto* locations = std::get_if<Map>(&target_)) {
    const auto found = locations->find(location);
    return found == locations->end() ? std::nullopt : as_device(found->second);
  }
  if (const auto* function = std::get_if<Function>(&target_)) return (*function)(value, location);
  return std::nullopt;
}

}  // namespace paramstore
