#include "lib/sql/function_table.h"

#include <exception>
#include <new>

namespace paramstore::sql {
namespace {

void report(sqlite3_context* context, const char* name, const char* what) noexcept {
  char* message = sqlite3_mprintf("%s: %s", name, what);
  if (message == nullptr) {
    sqlite3_result_error_nomem(context);
    return;
  }
  sqlite3_result_error(context, message, -1);
  sqlite3_free(message);
}

void call(sqlite3_context* context, int count, sqlite3_value** values) noexcept {
  for (int i = 0; i < count; ++i) {
    if (sqlite3_value_type(values[i]) == SQLITE_NULL) return;  // the result is NULL unless set
  }
  const auto& function = *static_cast<const Function*>(sqlite3_user_data(context));
  try {
    function.run({context, count, values});
  } catch (const std::bad_alloc&) {
    sqlite3_result_error_nomem(context);
  } catch (const std::exception& error) {
    report(context, function.name, error.what());
  } catch (...) {
    report(context, function.name, "an exception of an unknown kind");
  }
}

}  // namespace

int register_functions(sqlite3* db, const Function* functions, std::size_t count) noexcept {
  int flags = SQLITE_UTF8 | SQLITE_DETERMINISTIC | SQLITE_INNOCUOUS;
#ifdef SQLITE_RESULT_SUBTYPE  // SQLite 3.45 and newer want to know: some results are marked as JSON
  flags |= SQLITE_RESULT_SUBTYPE;
#endif
  for (std::size_t i = 0; i < count; ++i) {
    const int code = sqlite3_create_function_v2(db, functions[i].name, functions[i].argument_count, flags,
                                                const_cast<Function*>(&functions[i]), call, nullptr, nullptr, nullptr);
    if (code != SQLITE_OK) return code;
  }
  return SQLITE_OK;
}

}  // namespace paramstore::sql
