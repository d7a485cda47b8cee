#include "lib/cli/scopes_hint.h"

#include <algorithm>
#include <iostream>
#include <vector>

#include "lib/cli/terminal/escape.h"
#include "lib/cli/terminal/readable_numbers.h"

namespace paramstore::cli {

std::optional<std::string> scopes_hint(storage::StoreFile& file, const std::string& store) {
  if (file.count() > 0) return std::nullopt;
  const std::vector<std::string> scopes = storage::scope_names(file.path());
  if (scopes.empty()) return std::nullopt;
  constexpr std::size_t most = 5;
  std::string list;
  for (std::size_t i = 0; i < std::min(most, scopes.size()); ++i) list += (i == 0 ? "" : ", ") + shown_name(scopes[i]);
  if (scopes.size() > most) list += " and " + std::to_string(scopes.size() - most) + " more";
  return store + " itself has no parameters, but it has " + counted(scopes.size(), "scope") + ": " + list +
         "; name one as " + store + "//" + scopes.front();
}

void show_scopes_hint(storage::StoreFile& file, const std::string& store) {
  if (const auto hint = scopes_hint(file, store)) std::cerr << "paramstore: " << escaped(*hint) << '\n';
}

}  // namespace paramstore::cli
