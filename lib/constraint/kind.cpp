#include "lib/constraint/kind.h"

namespace paramstore {

std::string ConstraintKind::signature() const {
  std::string text = name_;
  for (std::size_t i = 0; i < parameters_.size(); ++i) {
    text += i == 0 ? "(" : ", ";
    text += parameters_[i].name;
  }
  return parameters_.empty() ? text : text + ")";
}

}  // namespace paramstore
