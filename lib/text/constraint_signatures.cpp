#include "lib/text/constraint_signatures.h"

#include <algorithm>

#include "lib/text/nearest_name.h"
#include "lib/text/utf8.h"

namespace paramstore {
namespace {

void require_argument(const TagNode& argument, ArgumentType type) {
  using Kind = TagNode::Kind;
  const auto require = [](const TagNode& node, Kind kind, const char* what) {
    if (node.kind != kind) throw TagError(node.place, std::string("expected ") + what);
  };
  switch (type) {
    case ArgumentType::bound:
      if (argument.kind == Kind::tensor) return;
      require(argument, Kind::number, "a number, or a tensor such as float32[0.5,1.0]");
      tag_real(argument);
      return;
    case ArgumentType::integer:
      require(argument, Kind::number, "an integer");
      tag_integer(argument);
      return;
    case ArgumentType::constraint:
      return require(argument, Kind::name, "the name of a constraint");
    case ArgumentType::constraints:
      require(argument, Kind::list, "a list of constraints: '['");
      for (const TagNode& item : argument.children) require(item, Kind::name, "the name of a constraint");
      return;
    case ArgumentType::integers:
      require(argument, Kind::list, "a list of integers: '['");
      for (const TagNode& item : argument.children) require_argument(item, ArgumentType::integer);
      return;
  }
}

// The first name, from left to right, that is not one of ours. Throws TagError if one of ours has the wrong arguments.
const TagNode* first_unknown(const TagNode& node) {
  const TagNode* unknown = nullptr;
  if (node.kind == TagNode::Kind::name) {
    if (const ConstraintSignature* signature = find_signature(node.text)) {
      require_arguments(node, *signature);
    } else {
      unknown = &node;
    }
  }
  for (const TagNode& child : node.children) {
    const TagNode* below = first_unknown(child);
    if (unknown == nullptr) unknown = below;
  }
  return unknown;
}

}  // namespace

const std::vector<ConstraintSignature>& own_signatures() {
  using Type = ArgumentType;
  // Sorted by name, never destroyed: constraints may be globals.
  static const auto& all = *new const std::vector<ConstraintSignature>{
      {"MixtureSameFamilyConstraint", {{"base", Type::constraint}}},
      {"boolean", {}},
      {"cat", {{"constraints", Type::constraints}, {"dim", Type::integer}, {"lengths", Type::integers}}},
      {"corr_cholesky", {}},
      {"corr_matrix", {}},
      {"dependent", {}},
      {"greater_than", {{"lower_bound", Type::bound}}},
      {"greater_than_eq", {{"lower_bound", Type::bound}}},
      {"half_open_interval", {{"lower_bound", Type::bound}, {"upper_bound", Type::bound}}},
      {"independent", {{"base", Type::constraint}, {"reinterpreted_batch_ndims", Type::integer}}},
      {"integer", {}},
      {"integer_interval", {{"lower_bound", Type::bound}, {"upper_bound", Type::bound}}},
      {"interval", {{"lower_bound", Type::bound}, {"upper_bound", Type::bound}}},
      {"less_than", {{"upper_bound", Type::bound}}},
      {"lower_cholesky", {}},
      {"lower_triangular", {}},
      {"multinomial", {{"upper_bound", Type::bound}}},
      {"nonnegative", {}},
      {"nonnegative_integer", {}},
      {"one_hot", {}},
      {"ordered_vector", {}},
      {"positive", {}},
      {"positive_definite", {}},
      {"positive_integer", {}},
      {"positive_ordered_vector", {}},
      {"positive_semidefinite", {}},
      {"real", {}},
      {"real_vector", {}},
      {"simplex", {}},
      {"softplus_lower_cholesky", {}},
      {"softplus_positive", {}},
      {"sphere", {}},
      {"square", {}},
      {"stack", {{"constraints", Type::constraints}, {"dim", Type::integer}}},
      {"symmetric", {}},
      {"unit_interval", {}},
      {"unit_lower_cholesky", {}},
  };
  return all;
}

std::string ConstraintSignature::text() const {
  std::string text(name);
  for (std::size_t i = 0; i < parameters.size(); ++i) text.append(i == 0 ? "(" : ", ").append(parameters[i].name);
  return parameters.empty() ? text : text + ")";
}

std::string ConstraintSignature::takes(std::string_view documentation) const {
  const std::size_t count = parameters.size();
  std::string what = text() + " takes ";
  what += count == 0 ? "no arguments" : std::to_string(count) + (count == 1 ? " argument" : " arguments");
  if (!documentation.empty()) what.append(" (").append(documentation).append(")");
  return what;
}

const ConstraintSignature* find_signature(std::string_view name) {
  const auto& all = own_signatures();
  const auto found = std::lower_bound(all.begin(), all.end(), name,
                                      [](const ConstraintSignature& a, std::string_view b) { return a.name < b; });
  return found != all.end() && found->name == name ? &*found : nullptr;
}

std::optional<std::string> nearest_constraint(std::string_view name) {
  std::vector<std::string> names;
  for (const ConstraintSignature& signature : own_signatures()) names.emplace_back(signature.name);
  return nearest(name, names);
}

void require_arguments(const TagNode& node, const ConstraintSignature& signature, std::string_view documentation) {
  const std::size_t expected = signature.parameters.size();
  const std::size_t found = node.children.size();
  if (found != expected) {
    const std::size_t place =
        expected == 0 || found == 0 ? node.after_name : node.children[std::min(found, expected) - 1].end;
    throw TagError(place, signature.takes(documentation));
  }
  for (std::size_t i = 0; i < expected; ++i) require_argument(node.children[i], signature.parameters[i].type);
}

std::optional<TagProblem> tag_problem(std::string_view tag) {
  try {
    const TagNode tree = parse_tag_tree(tag, [](std::string_view name) {
      const ConstraintSignature* signature = find_signature(name);
      return signature == nullptr ? std::string() : signature->takes();
    });
    const TagNode* unknown = first_unknown(tree);
    if (unknown == nullptr) return std::nullopt;
    std::string what = in_quotes(unknown->text) + " is not one of paramstore's constraints";
    if (const auto near = nearest_constraint(unknown->text)) what += "; did you mean '" + *near + "'?";
    return TagProblem{TagProblem::Kind::unknown_name, std::move(what)};
  } catch (const TagError& error) {
    return TagProblem{TagProblem::Kind::invalid,
                      std::string(error.what()) + " at character " + std::to_string(error.place() + 1)};
  }
}

}  // namespace paramstore
