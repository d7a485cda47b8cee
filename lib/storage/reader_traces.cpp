#include "lib/storage/reader_traces.h"

#include <exception>
#include <system_error>

#include "lib/storage/location.h"
#include "lib/storage/open_connection.h"
#include "lib/storage/sqlite_error.h"

namespace paramstore::storage {

void remove_reader_traces(const std::filesystem::path& file, const std::string& vfs) noexcept {
  try {
    std::error_code error;
    const std::filesystem::path log = beside(file, "-wal");
    if (std::filesystem::file_size(log, error) != 0 || error || !may_be_written(file)) return;
    const std::string path = file.string();
    const auto last = open_connection(file_uri(file, OpenMode::read_write, vfs), path, {});
    execute(*last, "SELECT 1 FROM sqlite_schema LIMIT 1", path,
            "read the store");  // takes the log, to give it up as it closes
  } catch (const std::exception&) {
    // The two files harm nobody: whoever opens the store next uses them.
  }
}

}  // namespace paramstore::storage
