#include "lib/cli/exit_status.h"

#include <sqlite3.h>

#include "lib/cli/terminal/interrupt.h"
#include "paramstore/error.h"

namespace paramstore::cli {
namespace {

template <class E>
bool is(const std::exception& error) noexcept {
  return dynamic_cast<const E*>(&error) != nullptr;
}

}  // namespace

ExitStatus status_of(const std::exception& error) noexcept {
  if (is<Interrupted>(error)) return ExitStatus::interrupted;
  if (is<UsageError>(error) || is<InvalidName>(error)) return ExitStatus::usage;
  if (is<NoSuch>(error) || is<ParamNotFound>(error)) return ExitStatus::no_such;
  if (is<StoreBusy>(error) || is<StaleParam>(error)) return ExitStatus::busy;
  if (is<NotAStore>(error) || is<CorruptStore>(error) || is<SchemaTooNew>(error)) return ExitStatus::damaged;
  if (const auto* storage = dynamic_cast<const StorageError*>(&error)) {
    return storage->code() == SQLITE_CONSTRAINT_UNIQUE ? ExitStatus::no_such : ExitStatus::file;
  }
  return ExitStatus::file;
}

}  // namespace paramstore::cli
