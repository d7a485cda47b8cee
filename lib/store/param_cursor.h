// Where an iteration over parameters stands.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>

#include "lib/store/store_core.h"
#include "paramstore/param.h"

namespace paramstore {

/// The position of an iteration. It survives changes to the store: parameters erased meanwhile are skipped, and it ends
/// at what was the last parameter when it began, so a loop may erase and add. (A parameter that reuses the id of an
/// erased one may be reached.)
class ParamCursor {
 public:
  ParamCursor(std::shared_ptr<StoreCore> store, std::shared_ptr<ScopeState> scope);

  /// Moves to the next parameter in insertion order. False at the end.
  bool advance();
  /// The same, and computes its constrained value.
  bool advance_to_value();
  const std::string& name() const noexcept { return name_; }
  const Param& value() const noexcept { return value_; }

 private:
  std::shared_ptr<StoreCore> store_;
  std::shared_ptr<ScopeState> scope_;
  std::int64_t id_ = 0;                  // of the row it stands on
  std::optional<std::int64_t> last_id_;  // of the rows there were when it began
  std::string name_;
  Param value_;
};

}  // namespace paramstore
