#include "lib/storage/value_run.h"

#include <sqlite3.h>

#include <cstdint>

#include "lib/storage/checksum.h"
#include "lib/storage/sqlite_error.h"

namespace paramstore::storage {
namespace {

ValueRun* run_of(sqlite3_value** arguments) noexcept {
  return static_cast<ValueRun*>(sqlite3_value_pointer(arguments[0], value_run_type));
}

ValueUpdate* update_of(sqlite3_value** arguments) noexcept {
  const ValueRun* run = run_of(arguments);
  if (run == nullptr) return nullptr;
  const auto at =
      static_cast<std::uint64_t>(sqlite3_value_int64(arguments[1])) - static_cast<std::uint64_t>(run->first->id);
  return at < run->count ? run->first + at : nullptr;
}

void is_expected(sqlite3_context* context, int, sqlite3_value** arguments) noexcept {
  ValueRun* run = run_of(arguments);
  if (run == nullptr) return;
  ValueUpdate* update = update_of(arguments);
  if (update == nullptr || update < run->first + run->next) return sqlite3_result_error_code(context, SQLITE_CORRUPT);
  run->next = static_cast<std::size_t>(update - run->first) + 1;
  update->written = (!update->expected || *update->expected == sqlite3_value_int64(arguments[2])) &&
                    update->value.size == static_cast<std::uint64_t>(sqlite3_value_int64(arguments[3]));
  sqlite3_result_int(context, update->written ? 1 : 0);
}

void new_value(sqlite3_context* context, int, sqlite3_value** arguments) noexcept {
  const ValueUpdate* update = update_of(arguments);
  if (update != nullptr) sqlite3_result_blob64(context, update->value.data, update->value.size, SQLITE_STATIC);
}

void new_checksum(sqlite3_context* context, int, sqlite3_value** arguments) noexcept {
  const ValueUpdate* update = update_of(arguments);
  if (update != nullptr) sqlite3_result_int64(context, *row_checksums(update->checksum).value);
}

}  // namespace

void register_value_run(sqlite3* handle, const std::string& path) {
  const auto add = [&](const char* name, int arguments, void (*function)(sqlite3_context*, int, sqlite3_value**)) {
    check_sqlite(handle,
                 sqlite3_create_function_v2(handle, name, arguments, SQLITE_UTF8 | SQLITE_DIRECTONLY, nullptr, function,
                                            nullptr, nullptr, nullptr),
                 path, "open the store");
  };
  add("paramstore_is_expected", 4, is_expected);
  add("paramstore_new_value", 2, new_value);
  add("paramstore_new_checksum", 2, new_checksum);
}

}  // namespace paramstore::storage
