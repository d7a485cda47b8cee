#include "paramstore/param.h"

#include <atomic>
#include <sstream>

#include "lib/store/leaf.h"
#include "lib/store/warning.h"

namespace paramstore {
namespace {

std::atomic<bool> warned{false};

}  // namespace

Param::Param(at::Tensor constrained, at::Tensor leaf) : at::Tensor(std::move(constrained)), leaf_(std::move(leaf)) {
  // An inference tensor counts no changes, and those of a view of the leaf are the leaf's.
  if (defined() && leaf_.defined() && !is_inference() && !is_alias_of(leaf_)) version_ = version_of(*this);
}

void Param::warn_if_changed() const noexcept {
  if (version_ < 0 || !defined() || version_of(*this) == version_ || warned.exchange(true)) return;
  try {
    std::ostringstream message;
    message << "a parameter's constrained value, of shape " << sizes()
            << ", was changed in place, and the parameter stays as it is. Use store.set(name, value) to change it, or "
               "clone() the value before you compute in place";
    warn(message.str());
  } catch (...) {
    // No memory, or the failure of the user's handler of warnings. A destructor warns, so it can be passed on to nobody.
  }
}

}  // namespace paramstore
