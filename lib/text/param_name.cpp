#include "paramstore/param_name.h"

#include <cstddef>

#include "lib/text/utf8.h"
#include "paramstore/error.h"

namespace paramstore {
namespace {

constexpr std::size_t max_name_bytes = 1024;
constexpr std::string_view divider = "$$$";

void validate(std::string_view name, const char* owner) {
  // Made only for an error: it takes longer than all the checks.
  const auto start = [&] { return "the " + std::string(owner) + " name "; };
  if (name.empty())
    throw InvalidName("a " + std::string(owner) + "'s name is empty; it needs 1 to 1024 bytes of UTF-8");
  if (name.size() > max_name_bytes) {
    throw InvalidName(start() + in_quotes(name, 60) + " has " + std::to_string(name.size()) +
                      " bytes; at most 1024 are allowed");
  }
  if (const auto nul = name.find('\0'); nul != std::string_view::npos) {
    throw InvalidName(start() + in_quotes(name) + " holds a NUL at byte " + std::to_string(nul));
  }
  if (const auto bad = first_invalid_utf8(name)) {
    throw InvalidName(start() + in_quotes(name) + " is not valid UTF-8 from byte " + std::to_string(*bad) + " on");
  }
}

}  // namespace

void validate_param_name(std::string_view name) { validate(name, "parameter"); }

void validate_scope_name(std::string_view name) { validate(name, "scope"); }

std::string param_with_module_name(std::string_view module_name, std::string_view param_name) {
  std::string result;
  result.reserve(module_name.size() + divider.size() + param_name.size());
  result.append(module_name).append(divider).append(param_name);
  return result;
}

std::string module_from_param_with_module_name(std::string_view param_name) {
  return std::string(param_name.substr(0, param_name.find(divider)));
}

std::string user_param_name(std::string_view param_name) {
  const auto first = param_name.find(divider);
  if (first == std::string_view::npos) return std::string(param_name);
  const auto rest = param_name.substr(first + divider.size());
  return std::string(rest.substr(0, rest.find(divider)));
}

std::string normalize_param_name(std::string_view param_name) {
  std::string result;
  for (;;) {
    const auto at = param_name.find(divider);
    result += param_name.substr(0, at);
    if (at == std::string_view::npos) return result;
    result += '.';
    param_name.remove_prefix(at + divider.size());
  }
}

}  // namespace paramstore
