#include "lib/cli/file_summary.h"

#include "paramstore/error.h"

namespace paramstore::cli {

FileSummary summarize(const Address& address) {
  FileSummary summary;
  summary.scope = address.scope;
  try {
    StoreReader store(address);
    const storage::ReadTransaction snapshot(store.file());
    summary.params = store.file().count();
    summary.bytes = std::filesystem::file_size(store.file().path());
    if (auto newest = store.file().commits(1); !newest.empty()) summary.newest = std::move(newest.front());
  } catch (const Error& error) {
    if (!address.scope) throw;
    summary.error = error.what();
  }
  return summary;
}

}  // namespace paramstore::cli
