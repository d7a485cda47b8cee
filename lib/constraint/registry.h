// The table of constraints: paramstore's own and those that users registered.
#pragma once

#include <atomic>
#include <cstdint>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <shared_mutex>
#include <string>
#include <string_view>

#include "lib/constraint/kind.h"
#include "paramstore/constraint.h"

namespace paramstore {

/// Safe to use from several threads. Entries are never removed, so pointers into it stay valid.
class Registry {
 public:
  /// Created on first use, possibly while another file's globals are initialized, and never destroyed, because global
  /// constraints point into it.
  static Registry& instance();

  /// The entry of that name, or null.
  const ConstraintKind* find(std::string_view name) const;

  /// The constraint of that name if it takes no arguments, or null. All users share one object.
  const Constraint* find_constraint(std::string_view name) const;

  /// Returns the constraint. The entry takes no arguments. Throws Error if the name is taken.
  Constraint add(ConstraintKind kind);

  /// Changes whenever an entry was added.
  std::uint64_t generation() const noexcept { return generation_.load(std::memory_order_acquire); }

 private:
  struct Entry {
    std::unique_ptr<const ConstraintKind> kind;
    std::optional<Constraint> constraint;
    bool is_built_in;
  };

  Registry();
  const Entry& insert(ConstraintKind kind, bool is_built_in);

  mutable std::shared_mutex mutex_;
  std::map<std::string, Entry, std::less<>> entries_;
  std::atomic<std::uint64_t> generation_{1};
};

}  // namespace paramstore
