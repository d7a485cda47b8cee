// ParamStore::match.
#include "lookup.h"
#include "paramstore/param_store.h"
#include "python_regex.h"

namespace paramstore {

torch::OrderedDict<std::string, Param> ParamStore::match(const std::string& pattern) const {
  const PythonRegex regex(pattern);
  torch::OrderedDict<std::string, Param> found;
  for (const std::string& name : keys()) {
    if (regex.match(name)) found.insert(name, (*this)[name]);
  }
  return found;
}

}  // namespace paramstore
