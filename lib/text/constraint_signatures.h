// What paramstore's own constraints are called and which arguments they take. lib/constraint gives them their meaning.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "lib/text/tag.h"

namespace paramstore {

/// What a parameter of a constraint takes, and how its argument is written in a tag.
enum class ArgumentType {
  bound,        ///< 0.5 or float32[0.5,1.0]
  integer,      ///< 1
  constraint,   ///< positive
  constraints,  ///< [real, positive]
  integers,     ///< [3, 1]
};

/// One parameter of a constraint's signature. The name is for messages only: tags hold arguments by position.
struct Parameter {
  std::string_view name;
  ArgumentType type;
};

struct ConstraintSignature {
  std::string_view name;
  std::vector<Parameter> parameters;

  /// "interval(lower_bound, upper_bound)"
  std::string text() const;

  /// "interval(lower_bound, upper_bound) takes 2 arguments", with the documentation in parentheses.
  std::string takes(std::string_view documentation = {}) const;
};

/// The signature of one of paramstore's own constraints, or null.
const ConstraintSignature* find_signature(std::string_view name);

/// All of them, sorted by name.
const std::vector<ConstraintSignature>& own_signatures();

/// The own constraint that `name` most likely misspells, if any.
std::optional<std::string> nearest_constraint(std::string_view name);

/// Throws TagError unless the arguments of `node`, a name, are those of the signature. Does not look into them.
void require_arguments(const TagNode& node, const ConstraintSignature& signature, std::string_view documentation = {});

/// What is wrong with a tag, as far as the names and signatures of our own constraints tell.
struct TagProblem {
  enum class Kind {
    invalid,       ///< does not follow the grammar, or one of our names has the wrong arguments
    unknown_name,  ///< a name that is not ours: some program may have registered it
  };
  Kind kind;
  std::string what;  ///< "expected ',' or ')' at character 14"
};

/// Nothing for a tag of our own constraints only, with arguments of the right number and types.
std::optional<TagProblem> tag_problem(std::string_view tag);

}  // namespace paramstore
