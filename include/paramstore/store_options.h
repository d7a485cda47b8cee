// How a store is opened, and how a commit is made.
#pragma once

#include <torch/arg.h>

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <type_traits>
#include <utility>

#include "paramstore/export.h"

namespace paramstore {

/// What a commit survives.
enum class Durability {
  /// The death of the process, by SIGKILL too. Loss of power may roll back the last commits; it never corrupts the
  /// file.
  process_crash,
  /// Loss of power: a commit that returned is on the disk. One fsync a commit.
  power_loss,
};

/// How `commit` finds the leaves that changed in place.
enum class Detect {
  /// Compares each leaf's contents with the checksum of what is stored. Finds every change; reads every leaf.
  content,
  /// Compares LibTorch's version counters. Reads nothing; does not see writes through `tensor.data()`, `set_data`, a
  /// raw pointer, or another tensor on the same storage.
  version_counter,
};

/// What to do if the init (its shape or dtype) or the constraint given to `setdefault` disagrees with what is stored, or
/// if a module does (shape, dtype, or contents that `module` leaves different).
enum class Mismatch { ignore, warn, error };

/// What `commit` does with a parameter whose row another connection has changed since this store read it.
enum class Conflict {
  /// Throws StaleParam with the names, and writes nothing.
  error,
  /// Writes this store's value over theirs.
  overwrite,
};

/// Options of a store, each set fluently: StoreOptions().read_only(true).busy_timeout(std::chrono::seconds(1)). Most
/// programs need none.
struct StoreOptions {
  /// Never writes: a call that would write throws Error, and in-place changes stay in memory. Also works if the file or
  /// folder is not writable; a call that collides with a writer then throws StoreBusy. (If they are writable, opening
  /// rolls back an interrupted write.) Default: false.
  TORCH_ARG(bool, read_only) = false;

  /// Default: power_loss. With process_crash a commit does not wait for the disk; loss of power may then roll back
  /// the last commits.
  TORCH_ARG(Durability, durability) = Durability::power_loss;

  /// Default: content. With version_counter, unchanged leaves cost nothing in a commit, but changes that the version
  /// counter does not show are not written.
  TORCH_ARG(Detect, detect) = Detect::content;

  /// Default: warn, once per name of a parameter or module, through LibTorch's warning handler.
  TORCH_ARG(Mismatch, on_mismatch) = Mismatch::warn;

  /// Whether values are checked against their constraint before they are stored. Default: true. If false, a value
  /// outside is stored as whatever the inverse transform returns, often NaN, as in Pyro.
  TORCH_ARG(bool, validate) = true;

  /// How long a change waits for another process's before StoreBusy. Default: 5 seconds.
  TORCH_ARG(std::chrono::milliseconds, busy_timeout) = std::chrono::seconds(5);

  /// How long in-place changes may wait: if the last commit is older than this, the next call on the store commits
  /// first. Applies to the active scope only, and not while a batch is open. Nothing happens between calls, so no
  /// commit interrupts an optimizer's step as long as all calls come from the optimizer's thread. Any call may commit,
  /// even `contains` on another thread: if several threads use the store, leave this off and call `commit`. Default:
  /// zero, which is off.
  TORCH_ARG(std::chrono::nanoseconds, commit_every) = std::chrono::nanoseconds(0);
};

/// Options of one commit: commit(100) (the step), commit("warm-up done") (the message), commit(Conflict::overwrite), or
/// several: commit(CommitOptions().step(100).message("warm-up done")).
struct CommitOptions {
  CommitOptions() = default;
  // NOLINTBEGIN: meant to convert
  CommitOptions(Conflict conflict) : conflict_(conflict) {}
  template <class Integer, std::enable_if_t<std::is_integral_v<Integer> && !std::is_same_v<Integer, bool>, int> = 0>
  CommitOptions(Integer step) : step_(static_cast<std::int64_t>(step)) {}
  CommitOptions(const char* message) : message_(message) {}
  CommitOptions(std::string message) : message_(std::move(message)) {}
  // NOLINTEND

  /// The training step, for the `commits` table. Default: none.
  TORCH_ARG(std::optional<std::int64_t>, step) = std::nullopt;
  /// A note for the `commits` table. Must be UTF-8, or the commit throws Error. Default: none.
  TORCH_ARG(std::optional<std::string>, message) = std::nullopt;
  /// Default: error.
  TORCH_ARG(Conflict, conflict) = Conflict::error;
};

}  // namespace paramstore
