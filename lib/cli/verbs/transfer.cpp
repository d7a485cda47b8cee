#include "lib/cli/verbs/transfer.h"

#include "lib/cli/exit_status.h"
#include "lib/cli/terminal/escape.h"
#include "lib/cli/terminal/progress.h"
#include "lib/cli/values/stored_value.h"

namespace paramstore::cli {

void transfer(storage::StoreFile& source, const std::vector<storage::ParamRecord>& records,
              storage::WriteTransaction& transaction, const std::optional<std::string>& new_name, bool force) {
  std::uint64_t total = 0;
  for (const auto& record : records) total += byte_size(record);
  std::uint64_t done = 0;
  ProgressLine progress("copying");
  std::vector<char> value;
  for (const auto& record : records) {
    storage::ParamRecord copy = record;
    if (new_name) copy.name = *new_name;
    const auto existing = transaction.file().find(copy.name);
    if (existing && !force) {
      throw NoSuch(transaction.file().path() + ": has a parameter " + shown_name(copy.name) +
                   " already; --force replaces it");
    }
    value.resize(byte_size(record));
    copy.checksum = source.read_value(record, value.data());
    const storage::ValueBytes bytes{value.data(), value.size()};
    if (existing) {
      transaction.replace(existing->id, std::nullopt, copy, bytes);
    } else {
      transaction.insert(copy, bytes);
    }
    done += value.size();
    progress.update(done, total);
  }
}

}  // namespace paramstore::cli
