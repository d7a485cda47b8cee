#include "lib/storage/reader_traces.h"

#include <exception>
#include <system_error>

#include "lib/storage/location.h"
#include "lib/storage/open_connection.h"
#include "lib/storage/sqlite_error.h"

namespace paramstore::storage {
namespace {

void remove_traces(const std::filesystem::path& file, const std::string& vfs) {
  std::error_code error;
  const auto size = std::filesystem::file_size(beside(file, "-wal"), error);
  if (error || size != 0 || !may_be_written(file)) return;
  const std::string path = file.string();
  const auto last = open_connection(file_uri(file, OpenMode::read_write, vfs), path, {});
  execute(*last, "SELECT 1 FROM sqlite_schema LIMIT 1", path,
          "read the store");  // opens the log, which closing removes
}

}  // namespace

ReaderTraces::~ReaderTraces() {
  for (const std::filesystem::path& file : files_) {
    try {
      remove_traces(file, vfs_);
    } catch (const std::exception&) {
      // The two files do no harm: whoever opens the store next uses them.
    }
  }
}

}  // namespace paramstore::storage
