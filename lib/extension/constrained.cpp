#include "lib/extension/constrained.h"

#include <string>

#include "lib/extension/transforms_part.h"
#include "lib/sql/function_table.h"

namespace paramstore::sql {
namespace {

ConstrainedValue map_arguments(const Call& call, Constrain map) {
  const StoredTensor tensor = tensor_argument(call.values);
  return map(tensor.value, tensor.dtype, tensor.shape, text_argument(call.values[3], "constraint_tag"));
}

template <Constrain map>
void value(const Call& call) {
  const ConstrainedValue result = map_arguments(call, map);
  if (result.bytes.empty()) return sqlite3_result_zeroblob(call.context, 0);  // a null pointer would be NULL
  sqlite3_result_blob64(call.context, result.bytes.data(), result.bytes.size(), SQLITE_TRANSIENT);
}

template <Constrain map>
void shape(const Call& call) {
  const std::string json = storage::shape_to_json(map_arguments(call, map).shape);
  sqlite3_result_text64(call.context, json.data(), json.size(), SQLITE_TRANSIENT, SQLITE_UTF8);
}

constexpr Function functions[] = {{"constrained", 4, value<constrain>},
                                  {"constrained_shape", 4, shape<constrain>},
                                  {"unconstrained", 4, value<unconstrain>},
                                  {"unconstrained_shape", 4, shape<unconstrain>}};

}  // namespace

int register_constrained(sqlite3* db) noexcept { return register_functions(db, functions); }

}  // namespace paramstore::sql
