// The list of names and arguments that the command knows is the table of constraints that the library knows. (A constraint
// that the list lacks stops every program: see registry.cpp.)
#include "lib/text/constraint_signatures.h"

#include <string>

#include "paramstore/constraint.h"
#include "paramstore/error.h"

#include <doctest/doctest.h>  // last: the glog that Debian's LibTorch includes has a CHECK of its own

using namespace paramstore;

namespace {

const char* example_of(ArgumentType type) {
  switch (type) {
    case ArgumentType::bound:
      return "1.0";
    case ArgumentType::integer:
      return "0";
    case ArgumentType::constraint:
      return "real";
    case ArgumentType::constraints:
      return "[real, positive]";
    case ArgumentType::integers:
      return "[2, 1]";
  }
  return "";
}

std::string tag_of(const ConstraintSignature& signature) {
  std::string tag(signature.name);
  for (const Parameter& parameter : signature.parameters) {
    tag += (tag.size() == signature.name.size() ? "(" : ", ") + std::string(example_of(parameter.type));
  }
  return signature.parameters.empty() ? tag : tag + ")";
}

std::string error_of(const std::string& tag) {
  try {
    Constraint::parse(tag);
  } catch (const UnknownConstraint& error) {
    return error.what();
  }
  return "";
}

}  // namespace

TEST_CASE("every signature is a constraint, with these arguments and no others") {
  REQUIRE(own_signatures().size() > 30);
  for (const ConstraintSignature& signature : own_signatures()) {
    const std::string tag = tag_of(signature);
    CAPTURE(tag);
    CHECK(Constraint::parse(tag).is_known());
    CHECK_FALSE(tag_problem(tag));
    const std::string wrong = signature.parameters.empty() ? tag + "(1.0)" : std::string(signature.name);
    CHECK(error_of(wrong).find(signature.takes()) != std::string::npos);
    REQUIRE(tag_problem(wrong));
    CHECK(tag_problem(wrong)->what.find(signature.takes()) == 0);
    CHECK_THROWS_AS(register_constraint(signature.name, {}), Error);
  }
}

TEST_CASE("the signatures are sorted, as the look-up expects, and each is found") {
  std::string_view before;
  for (const ConstraintSignature& signature : own_signatures()) {
    CHECK(before < signature.name);
    CHECK(find_signature(signature.name) == &signature);
    before = signature.name;
  }
}
