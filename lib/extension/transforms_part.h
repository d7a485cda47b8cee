// The library's transforms, from the module that links LibTorch. It is loaded by the first call, from the extension's folder.
#pragma once

#include "lib/sql/constrain.h"

namespace paramstore::sql {

/// From a stored value to the one that programs see. Throws Error if the tag is unknown, has no transform or does not fit the shape; if the
/// module is not installed or cannot be loaded; and if this process has another LibTorch mapped already: the symbols of the two have the
/// same names, and loading ours would end the process.
ConstrainedValue constrain(storage::ValueBytes value, storage::Dtype dtype, const Shape& shape,
                           std::string_view constraint_tag);

/// The inverse: dtype, shape and `value` are those of the constrained tensor. Also throws Error if it does not meet the constraint.
ConstrainedValue unconstrain(storage::ValueBytes value, storage::Dtype dtype, const Shape& shape,
                             std::string_view constraint_tag);

}  // namespace paramstore::sql
