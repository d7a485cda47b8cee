#include "paramstore/constraint.h"

#include <ATen/core/grad_mode.h>
#include <c10/util/Exception.h>

#include <algorithm>
#include <mutex>
#include <utility>

#include "lib/constraint/bound.h"
#include "lib/constraint/describe.h"
#include "lib/constraint/kind.h"
#include "lib/constraint/node.h"
#include "lib/constraint/reasons.h"
#include "lib/constraint/registry.h"
#include "lib/constraint/tag_parser.h"
#include "lib/constraint/tag_writer.h"
#include "lib/text/tag.h"
#include "lib/text/tag_limits.h"
#include "paramstore/error.h"

namespace paramstore {
namespace {

using NodePointer = std::shared_ptr<const Constraint::Node>;

// The node to work with. Throws, saying what to do, if it is unknown.
const NodePointer& known(const NodePointer& node) {
  const NodePointer& found = resolve(node);
  if (found == nullptr) {
    throw_unknown(node->tag, "can store it but not compute with it");
  }
  return found;
}

void limit_size(const std::string& tag) {
  if (tag.size() > max_tag_bytes) {
    throw Error("the constraint's tag would be " + std::to_string(tag.size()) + " bytes long, " +
                std::to_string(max_tag_bytes) + " is the most");
  }
  if (tag_depth(tag) > max_tag_depth) {
    throw Error("the constraint would be nested deeper than " + std::to_string(max_tag_depth) + " levels");
  }
}

// Normalizes bounds and resolves nested constraints. False if this process does not know one.
class Normalize {
 public:
  explicit Normalize(std::string_view parameter) : parameter_(parameter) {}

  bool operator()(Bound& bound) const {
    bound = normalized(bound, parameter_);
    return true;
  }
  bool operator()(Constraint& constraint) const {
    const NodePointer found = resolve(node_of(constraint));
    if (found == nullptr) {
      return false;
    }
    constraint = Constraint(found);
    return true;
  }
  bool operator()(std::vector<Constraint>& constraints) const {
    bool all = true;
    for (Constraint& constraint : constraints) {
      all = (*this)(constraint) && all;
    }
    return all;
  }
  bool operator()(std::int64_t& /*integer*/) const { return true; }
  bool operator()(std::vector<std::int64_t>& /*integers*/) const { return true; }

 private:
  std::string_view parameter_;
};

// The first kind without a transform in a constraint's arguments: the composition then has none either.
const ConstraintKind* nested_without_transform(const Arguments& arguments) {
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    std::vector<Constraint> nested;
    if (const auto* one = std::get_if<Constraint>(&arguments[i])) {
      nested = {*one};
    } else if (const auto* several = std::get_if<std::vector<Constraint>>(&arguments[i])) {
      nested = *several;
    }
    for (const Constraint& constraint : nested) {
      if (const ConstraintKind* kind = node_of(constraint)->without_transform) {
        return kind;
      }
    }
  }
  return nullptr;
}

}  // namespace

Constraint::Constraint(std::shared_ptr<const Node> node) noexcept : node_(std::move(node)) {}

const std::shared_ptr<const Constraint::Node>& node_of(const Constraint& constraint) noexcept {
  return constraint.node_;
}

Constraint Constraint::parse(std::string_view tag) { return parse_tag(tag); }

const std::string& Constraint::tag() const noexcept { return node_->tag; }

bool Constraint::is_known() const noexcept {
  try {
    return resolve(node_) != nullptr;
  } catch (...) {  // out of memory while looking
    return false;
  }
}

std::int64_t Constraint::event_dim() const {
  const NodePointer& node = known(node_);
  if (!node->event_dim) {
    throw Error(the_constraint(node->tag) + " does not say how many dimensions make an event");
  }
  return *node->event_dim;
}

bool Constraint::is_discrete() const {
  const NodePointer& node = known(node_);
  if (!node->is_discrete) {
    throw Error(the_constraint(node->tag) + " does not say whether its values are isolated points");
  }
  return *node->is_discrete;
}

bool surely_inside(const Constraint& constraint, const at::Tensor& value) {
  constexpr std::int64_t most_elements = 4096;  // above, LibTorch's own code is as fast or faster
  const NodePointer& node = resolve(node_of(constraint));
  if (node == nullptr || node->kind->all_pass() == nullptr || value.numel() > most_elements) return false;
  const bool plain = value.device().is_cpu() && value.is_contiguous() && !value.is_neg() && !value._is_zerotensor();
  return plain &&
         node->kind->all_pass()(value.scalar_type(), value.data_ptr(), static_cast<std::size_t>(value.numel()));
}

at::Tensor Constraint::check(const at::Tensor& value) const {
  const NodePointer& node = known(node_);
  const at::NoGradGuard no_grad;
  try {
    return paramstore::check(*node, value);
  } catch (const c10::Error& error) {
    throw Error("cannot check " + describe(value) + " against " + the_constraint(node->tag) + ": " +
                error.what_without_backtrace());
  }
}

at::Tensor check(const Transform::Node& node, const at::Tensor& value) {
  if (!value.defined()) {
    throw UnsupportedTensor("cannot check an undefined tensor against " + the_constraint(node.tag));
  }
  if (node.event_dim && value.dim() < *node.event_dim) {
    throw Error("a value of " + the_constraint(node.tag) + " has at least " + counted(*node.event_dim, "dimension") +
                ", but this is " + describe(value));
  }
  return node.kind->check()(node.arguments, value);
}

std::string explain(const Constraint& constraint, const at::Tensor& value, const Index& index) {
  const at::NoGradGuard no_grad;
  try {
    return explain(*known(node_of(constraint)), value.detach().cpu(), index);
  } catch (const c10::Error&) {
    // Eigenvalues that do not converge, say. The caller reports the violation itself, which must not give way to this.
    return {};
  }
}

std::string explain(const Transform::Node& node, const at::Tensor& value, const Index& index) {
  if (node.kind->explain_at()) return node.kind->explain_at()(node.arguments, value, index);
  const at::Tensor event = at_index(value, index);
  if (!node.kind->explain() || event.dim() == 0) return {};
  return or_else(which_has(event, event.ne(event)), [&] { return node.kind->explain()(node.arguments, event); });
}

Constraint make_constraint(const ConstraintKind& kind, std::vector<Argument> values) {
  Arguments arguments(std::move(values));
  bool all_known = true;
  for (std::size_t i = 0; i < arguments.size(); ++i) {
    all_known = std::visit(Normalize(kind.parameters()[i].name), arguments[i]) && all_known;
  }
  std::string tag = write_tag(kind.name(), arguments);
  limit_size(tag);
  if (!all_known) {
    return make_unknown(std::move(tag));
  }
  if (kind.prepare()) {
    try {
      kind.prepare()(arguments);
    } catch (const c10::Error& error) {
      throw Error("cannot make " + the_constraint(tag) + ": " + error.what_without_backtrace());
    }
  }
  auto node = std::make_shared<Constraint::Node>();
  node->tag = std::move(tag);
  node->kind = &kind;
  node->event_dim = kind.event_dim()(arguments);
  node->unconstrained_event_dim = kind.unconstrained_event_dim()(arguments);
  node->is_discrete = kind.is_discrete()(arguments);
  node->is_identity = kind.is_identity()(arguments);
  node->without_transform = kind.forward() ? nested_without_transform(arguments) : &kind;
  node->arguments = std::move(arguments);
  return Constraint(std::move(node));
}

Constraint make_constraint(std::string_view name, std::vector<Argument> arguments) {
  return make_constraint(*Registry::instance().find(name), std::move(arguments));
}

void throw_unknown(const std::string& tag, std::string_view consequence) {
  try {
    parse_tag(tag);
  } catch (const UnknownConstraint& error) {  // a tag that a file holds: no registration mends it
    throw UnknownConstraint(
        the_constraint(tag) +
            " cannot be computed with, because its tag is invalid; correct the tag in SQL, or erase() "
            "the parameter and add it again: " +
            error.what(),
        tag);
  }
  const std::optional<std::string> near = nearest_constraint(tag);
  throw UnknownConstraint(the_constraint(tag) + " is not known to this process, which " + std::string(consequence) +
                              ": register its name with paramstore::register_constraint" +
                              (near ? "; did you mean '" + *near + "'?" : std::string()),
                          tag);
}

Constraint make_unknown(std::string tag) {
  auto node = std::make_shared<Constraint::Node>();
  node->tag = std::move(tag);
  return Constraint(std::move(node));
}

const std::shared_ptr<const Constraint::Node>& resolve(const std::shared_ptr<const Constraint::Node>& node) {
  static const NodePointer none;
  if (node->kind != nullptr) {
    return node;
  }
  if (node->late.load(std::memory_order_acquire) != nullptr) {
    return node->late_owner;
  }
  const std::uint64_t generation = Registry::instance().generation();
  if (node->looked_in_generation.load(std::memory_order_relaxed) == generation) {
    return none;
  }
  NodePointer found;
  try {
    found = node_of(parse_tag(node->tag));
  } catch (const UnknownConstraint&) {
    // The name has been registered since, but with other arguments than these.
  }
  if (found == nullptr || found->kind == nullptr) {
    node->looked_in_generation.store(generation, std::memory_order_relaxed);
    return none;
  }
  static std::mutex one_writer;
  const std::lock_guard lock(one_writer);
  if (node->late.load(std::memory_order_relaxed) == nullptr) {
    node->late_owner = std::move(found);
    node->late.store(node->late_owner.get(), std::memory_order_release);
  }
  return node->late_owner;
}

Constraint register_constraint(std::string_view name, ConstraintDefinition definition) {
  const auto refuse = [&](const std::string& why) {
    throw Error("cannot register the constraint '" + std::string(name) + "': " + why);
  };
  if (!is_constraint_name(name)) {
    refuse(
        "a name is a letter or underscore followed by letters, digits and underscores, and neither inf, nan nor a "
        "dtype");
  }
  if (name.size() > max_tag_bytes) {
    refuse("the name is longer than a tag may be");
  }
  if (!definition.check) {
    refuse("its definition has no check");
  }
  if (static_cast<bool>(definition.forward) != static_cast<bool>(definition.inverse)) {
    refuse(definition.forward ? "its definition has forward but no inverse"
                              : "its definition has inverse but no forward");
  }
  if (definition.event_dim < 0) {
    refuse("its event_dim is " + std::to_string(definition.event_dim));
  }
  const std::int64_t unconstrained_event_dim = definition.unconstrained_event_dim.value_or(definition.event_dim);
  if (unconstrained_event_dim < 0) {
    refuse("its unconstrained_event_dim is " + std::to_string(unconstrained_event_dim));
  }
  using Function = std::function<at::Tensor(const at::Tensor&)>;
  const auto without_arguments = [](Function function) {
    return [function = std::move(function)](const Arguments&, const at::Tensor& tensor) { return function(tensor); };
  };
  ConstraintKind kind{std::string(name)};
  kind.documentation("registered by the program")
      .event_dim(definition.event_dim)
      .unconstrained_event_dim(unconstrained_event_dim)
      .is_discrete([discrete = definition.is_discrete](const Arguments&) { return discrete; })
      .check(without_arguments(std::move(definition.check)))
      .no_transform("it was registered without forward and inverse");
  if (definition.forward) {
    kind.transform(without_arguments(std::move(definition.forward)), without_arguments(std::move(definition.inverse)));
  }
  return Registry::instance().add(std::move(kind));
}

}  // namespace paramstore
