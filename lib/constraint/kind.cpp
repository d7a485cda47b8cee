#include "lib/constraint/kind.h"

#include "lib/text/constraint_signatures.h"

namespace paramstore {

ConstraintKind::ConstraintKind(std::string name) : name_(std::move(name)) {
  if (const ConstraintSignature* own = find_signature(name_)) {
    parameters_ = own->parameters;
  }
}

}  // namespace paramstore
