#include "lib/constraint/registry.h"

#include <mutex>
#include <utility>

#include "lib/constraint/families.h"
#include "lib/text/constraint_signatures.h"
#include "paramstore/error.h"

namespace paramstore {

Registry& Registry::instance() {
  static auto* const registry = new Registry;
  return *registry;
}

Registry::Registry() {
  for (const auto& family :
       {half_lines, intervals, discrete, vectors, triangular_matrices, symmetric_matrices, compositions}) {
    for (ConstraintKind& kind : family()) {
      // Without a signature it would take no arguments, and the command would call its name unknown.
      if (find_signature(kind.name()) == nullptr) {
        throw Error("lib/text/constraint_signatures.cpp does not list the constraint '" + kind.name() + "'");
      }
      insert(std::move(kind), true);
    }
  }
}

const Registry::Entry& Registry::insert(ConstraintKind kind, bool is_built_in) {
  Entry entry{std::make_unique<const ConstraintKind>(std::move(kind)), std::nullopt, is_built_in};
  if (entry.kind->parameters().empty()) {
    entry.constraint = make_constraint(*entry.kind, {});
  }
  std::string name = entry.kind->name();
  return entries_.emplace(std::move(name), std::move(entry)).first->second;
}

const ConstraintKind* Registry::find(std::string_view name) const {
  const std::shared_lock lock(mutex_);
  const auto found = entries_.find(name);
  return found != entries_.end() ? found->second.kind.get() : nullptr;
}

const Constraint* Registry::find_constraint(std::string_view name) const {
  const std::shared_lock lock(mutex_);
  const auto found = entries_.find(name);
  return found != entries_.end() && found->second.constraint ? &*found->second.constraint : nullptr;
}

Constraint Registry::add(ConstraintKind kind) {
  const std::unique_lock lock(mutex_);
  if (const auto found = entries_.find(kind.name()); found != entries_.end()) {
    throw Error("cannot register the constraint '" + kind.name() + "': " +
                (found->second.is_built_in ? "paramstore has one of that name; choose another"
                                           : "it is registered already, and stays so until the process ends"));
  }
  Constraint constraint = *insert(std::move(kind), false).constraint;
  generation_.fetch_add(1, std::memory_order_release);
  return constraint;
}

}  // namespace paramstore
