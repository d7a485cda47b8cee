// What a parameter may be called, and how Pyro composes the names of a module's parameters.
//
// This header needs no LibTorch.
#pragma once

#include <string>
#include <string_view>

#include "paramstore/storage/export.h"

namespace paramstore {

/// Throws InvalidName unless `name` is 1 to 1024 bytes of valid UTF-8 without NUL. The message says
/// which of these failed, and at which byte.
PARAMSTORE_STORAGE_EXPORT void validate_param_name(std::string_view name);

/// The same for the name of a scope; a name that makes too long a file name is refused elsewhere.
PARAMSTORE_STORAGE_EXPORT void validate_scope_name(std::string_view name);

/// "encoder", "layer.weight" -> "encoder$$$layer.weight": the name under which `module()` registers a
/// module's parameter.
PARAMSTORE_STORAGE_EXPORT std::string param_with_module_name(std::string_view module_name, std::string_view param_name);

/// "encoder$$$layer.weight" -> "encoder"; a name without "$$$" is returned whole.
PARAMSTORE_STORAGE_EXPORT std::string module_from_param_with_module_name(std::string_view param_name);

/// "encoder$$$layer.weight" -> "layer.weight"; a name without "$$$" is returned whole. As in Pyro, of
/// "a$$$b$$$c" the part between the first two dividers, "b".
PARAMSTORE_STORAGE_EXPORT std::string user_param_name(std::string_view param_name);

/// "encoder$$$layer.weight" -> "encoder.layer.weight": every "$$$" becomes a dot.
PARAMSTORE_STORAGE_EXPORT std::string normalize_param_name(std::string_view param_name);

}  // namespace paramstore
