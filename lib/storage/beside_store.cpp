#include "lib/storage/beside_store.h"

#include <algorithm>
#include <fstream>
#include <optional>
#include <string_view>
#include <system_error>

#include "lib/storage/folder.h"
#include "lib/storage/location.h"
#include "lib/text/utf8.h"
#include "paramstore/error.h"

namespace paramstore::storage {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view log_suffix = "-wal";
constexpr std::string_view scopes_suffix = ".scopes";

bool is_there(const fs::path& path) {
  std::error_code error;
  return fs::exists(path, error);
}

// `name` without `suffix`, if it ends so and has more than that.
std::optional<std::string> before(std::string_view suffix, const std::string& name) {
  if (name.size() <= suffix.size() || name.compare(name.size() - suffix.size(), suffix.size(), suffix) != 0)
    return std::nullopt;
  return name.substr(0, name.size() - suffix.size());
}

// Whether a file is a log of SQLite's that holds commits of a database with pages of this size.
bool is_log(const fs::path& path, std::uint64_t page_size) {
  constexpr std::size_t header_size = 32;
  std::error_code error;
  if (!fs::is_regular_file(path, error)) return false;  // opening a pipe would wait for somebody to write into it
  unsigned char header[header_size + 1];                // and a byte more: a header alone holds no commit
  std::ifstream file(path, std::ios::binary);
  if (!file.read(reinterpret_cast<char*>(header), sizeof header)) return false;
  const auto number = [&](std::size_t at) {
    return std::uint32_t{header[at]} << 24 | std::uint32_t{header[at + 1]} << 16 | std::uint32_t{header[at + 2]} << 8 |
           std::uint32_t{header[at + 3]};
  };
  constexpr std::uint32_t magic = 0x377f0682;  // its last bit says in which order bytes are added up
  return (number(0) & ~1U) == magic && number(8) == page_size;
}

// The entries of a folder; none if it cannot be read: what lies beside a store is only looked at for a hint.
std::vector<fs::path> entries_of(const fs::path& folder) {
  std::vector<fs::path> entries;
  std::error_code error;
  for (const std::string& name : names_in(folder, error)) entries.push_back(folder / name);
  std::sort(entries.begin(), entries.end());
  return entries;
}

class Neighbours {
 public:
  explicit Neighbours(const fs::path& store) : store_(store), entries_(entries_of(store.parent_path())) {}

  // Logs whose database does not exist.
  std::vector<fs::path> logs_without_store(std::uint64_t page_size) const {
    std::vector<fs::path> logs;
    for (const fs::path& entry : entries_) {
      const auto base = before(log_suffix, entry.filename().string());
      if (base && !is_there(store_.parent_path() / *base) && is_log(entry, page_size)) logs.push_back(entry);
    }
    return logs;
  }

  // A folder of scopes whose store does not exist, and which has a file of this name.
  std::optional<fs::path> scopes_without_store(const fs::path& file_name) const {
    for (const fs::path& entry : entries_) {
      const auto base = before(scopes_suffix, entry.filename().string());
      if (!base || is_there(store_.parent_path() / *base) || is_there(store_.parent_path() / (*base + ".db"))) continue;
      if (is_there(entry / file_name)) return entry;
    }
    return std::nullopt;
  }

 private:
  const fs::path& store_;
  std::vector<fs::path> entries_;
};

}  // namespace

void look_beside(const fs::path& store, const FileSays& says, std::vector<std::string>& missing,
                 std::vector<std::string>& notes) {
  const Neighbours neighbours(store);
  for (const std::string& name : says.scopes) {
    fs::path file;
    try {
      file = scope_path(store, name);
    } catch (const InvalidName&) {
      notes.push_back("the table scopes lists " + in_quotes(name) + ", which no scope can be called");
      continue;
    }
    if (is_there(file)) continue;
    std::string what = "the scope " + in_quotes(name) + ": " + file.string() + " does not exist; ";
    if (const auto other = neighbours.scopes_without_store(file.filename())) {
      what += "if " + other->string() + " was copied along with this store, rename it to " +
              file.parent_path().filename().string();
    } else {
      what += "copy the folder " + file.parent_path().filename().string() +
              " along with the store, or drop the scope if it is gone for good";
    }
    missing.push_back(std::move(what));
  }

  std::error_code error;
  const auto own_log = fs::file_size(beside(store, log_suffix), error);
  if (error || own_log == 0) {
    for (const fs::path& log : neighbours.logs_without_store(says.page_size)) {
      const std::string original = log.string().substr(0, log.string().size() - log_suffix.size());
      notes.push_back(log.string() + " is the log of a store that does not exist: if this store is a copy of " +
                      fs::path(original).filename().string() +
                      ", it lacks the commits in that log; copy both files again, and give both the new name");
    }
    if (says.revision == 0) {
      if (const auto scopes = scope_names(store); !scopes.empty()) {
        notes.push_back("has no commit, but has scopes, such as " + in_quotes(scopes.front()) +
                        ": if it is a copy, its original's newest commits are in a file that was not copied, whose "
                        "name ends with -wal");
      }
    }
  }
}

}  // namespace paramstore::storage
