// ParamStore::match.
#include "lookup.h"
#include "paramstore/param_store.h"
#include "python_regex.h"

namespace paramstore {

torch::OrderedDict<std::string, Param> ParamStore::match(const std::string& pattern) const {
  const PythonRegex regex(pattern);
  StoreCore& store = core();
  ScopeState& scope = store.enter();
  torch::OrderedDict<std::string, Param> found;
  for (const std::string& name : keys()) {
    if (!regex.match(name)) continue;
    // Another thread may have erased it since.
    if (auto param = find(store, scope, name)) found.insert(name, constrained(param->leaf, param->constraint));
  }
  return found;
}

}  // namespace paramstore
