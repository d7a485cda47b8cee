#include "paramstore/map_location.h"

namespace paramstore {

std::optional<at::Device> MapLocation::operator()(const at::Tensor& value, const std::string& location) const {
  if (const auto* device = std::get_if<at::Device>(&target_)) return *device;
  if (const auto* locations = std::get_if<Map>(&target_)) {
    const auto found = locations->find(location);
    return found == locations->end() ? std::nullopt : std::optional(at::Device(found->second));
  }
  if (const auto* function = std::get_if<Function>(&target_)) return (*function)(value, location);
  return std::nullopt;
}

}  // namespace paramstore
