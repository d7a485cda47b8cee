#include "lib/sql/regexp.h"

#include <memory>
#include <new>
#include <string>
#include <string_view>

#include "lib/sql/arguments.h"
#include "lib/sql/function_table.h"
#include "lib/text/python_regex.h"

namespace paramstore::sql {
namespace {

/// The pattern, compiled once per statement if it is constant.
const PythonRegex& compiled(const Call& call, std::unique_ptr<PythonRegex>& own) {
  if (const void* kept = sqlite3_get_auxdata(call.context, 0); kept != nullptr) {
    return *static_cast<const PythonRegex*>(kept);
  }
  own = std::make_unique<PythonRegex>(std::string(text_argument(call.values[0], "the pattern")));
  return *own;
}

/// A number is matched as SQLite writes it.
std::string_view text_to_match(sqlite3_value* argument) {
  const int type = sqlite3_value_type(argument);
  if (type == SQLITE_INTEGER || type == SQLITE_FLOAT) {
    const auto* text = reinterpret_cast<const char*>(sqlite3_value_text(argument));
    if (text == nullptr) throw std::bad_alloc();
    return {text, static_cast<std::size_t>(sqlite3_value_bytes(argument))};
  }
  return text_argument(argument, "the text");
}

/// `text REGEXP pattern` comes as regexp(pattern, text).
void regexp(const Call& call) {
  std::unique_ptr<PythonRegex> own;
  const PythonRegex& regex = compiled(call, own);
  sqlite3_result_int(call.context, regex.search(text_to_match(call.values[1])) ? 1 : 0);
  if (own) {
    // Last, since SQLite may delete it in this call.
    sqlite3_set_auxdata(call.context, 0, own.release(),
                        [](void* regex_kept) { delete static_cast<PythonRegex*>(regex_kept); });
  }
}

constexpr Function functions[] = {{"regexp", 2, regexp}};

}  // namespace

int register_regexp(sqlite3* db) noexcept {
  const int code = register_functions(db, functions);
  // While a statement runs, such as SELECT load_extension(...), a REGEXP that is there cannot be replaced: it stays.
  return code == SQLITE_BUSY ? SQLITE_OK : code;
}

}  // namespace paramstore::sql
