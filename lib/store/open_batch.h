// A batch while it is open.
#pragma once

#include <memory>

#include "lib/store/reversal.h"
#include "lib/store/scope_state.h"
#include "paramstore/storage/database.h"

namespace paramstore {

/// Owns the transaction on its scope's file, and what it takes to undo the batch in memory.
struct OpenBatch {
  explicit OpenBatch(ScopeState& target) PARAMSTORE_REQUIRES(store_mutex)
      : scope(target.shared_from_this()), rows(*target.file) {}
  const std::shared_ptr<ScopeState> scope;
  storage::WriteTransaction rows;
  Reversal reversal;
};

}  // namespace paramstore
