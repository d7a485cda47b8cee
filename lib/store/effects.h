// The effects of a change on a scope's memory: collected while its rows are written, applied once they are in the file.
#pragma once

#include <ATen/core/Tensor.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <vector>

#include "lib/store/scope_state.h"

namespace paramstore {

/// Replaces a parameter's entry by another of the same name. Either may be null: then it is added, or removed.
struct Replacement {
  EntryPtr before;
  EntryPtr after;
  at::Tensor contents;         // for the leaf that both share; undefined if the leaf changes
  at::Tensor contents_before;  // in a batch: its old contents,
  bool was_clean = false;      // and whether those were the row's, by the version counter
};

/// A leaf whose contents were written over its row's value.
struct Stamp {
  EntryPtr entry;
  std::uint64_t checksum;
  std::int64_t version;  // of the leaf when it was written
};

/// An entry whose row another connection has moved to this id, or removed.
struct Move {
  EntryPtr entry;
  std::optional<std::int64_t> id;
};

/// Gives an entry, of this scope or another, another leaf with the same contents.
struct LeafExchange {
  std::shared_ptr<ScopeState> scope;
  EntryPtr entry;
  at::Tensor leaf;         // the new one
  bool adopted;            // it is a module's tensor and takes over the old leaf's storage
  at::Tensor leaf_before;  // of the entry
  at::Tensor data_before;  // of the new leaf
  std::int64_t stored_version_before;
};

/// Applied in this order.
struct Effects {
  bool clear = false;  // every entry goes
  std::vector<Move> moves;
  std::vector<Replacement> replacements;
  std::vector<Stamp> stamps;
  Revision revision = 0;  // of the stamps
  std::vector<LeafExchange> exchanges;
};

}  // namespace paramstore
