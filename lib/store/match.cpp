// ParamStore::match.
#include "lib/store/lookup.h"
#include "lib/text/python_regex.h"
#include "paramstore/param_store.h"

namespace paramstore {

torch::OrderedDict<std::string, Param> ParamStore::match(std::string_view pattern) const {
  const PythonRegex regex{std::string(pattern)};
  StoreCore& store = core();
  ScopeState& scope = store.enter();
  torch::OrderedDict<std::string, Param> found;
  for (const std::string& name : keys()) {
    // Another thread may have erased it and added it again, at the end.
    if (!regex.match(name) || found.contains(name)) continue;
    // Or erased it since.
    if (auto param = find(store, scope, name))
      found.insert(name, constrained(scope, name, param->leaf, param->constraint));
  }
  return found;
}

}  // namespace paramstore
