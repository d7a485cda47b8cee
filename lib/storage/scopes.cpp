// Scopes: files beside the main one (or in memory), each found by its name.
#include <SQLiteCpp/Statement.h>
#include <sqlite3.h>

#include <algorithm>
#include <optional>

#include "lib/storage/connection.h"
#include "lib/storage/folder.h"
#include "lib/storage/open_connection.h"
#include "lib/storage/sole_use.h"
#include "lib/storage/sqlite_error.h"
#include "lib/storage/sync.h"
#include "lib/text/utf8.h"
#include "paramstore/error.h"
#include "paramstore/param_name.h"

namespace paramstore::storage {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view suffix = ".params.db";
// A file name has at most 255 bytes, including our suffix and SQLite's (-journal).
constexpr std::size_t most_encoded_bytes = 200;

bool stays_as_it_is(char c) {
  return (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z') || (c >= '0' && c <= '9') || c == '_' || c == '-' || c == '.';
}

std::string encode(std::string_view name) {
  static constexpr char digits[] = "0123456789ABCDEF";
  std::string result;
  for (const char c : name) {
    // A leading dot would hide the file, or name the folder above.
    if (stays_as_it_is(c) && !(c == '.' && result.empty())) {
      result += c;
    } else {
      const auto byte = static_cast<unsigned char>(c);
      result += '%';
      result += digits[byte >> 4];
      result += digits[byte & 15];
    }
  }
  return result;
}

// The scope's name for a file name; nothing if the file is not a scope's.
std::optional<std::string> decode(const std::string& file_name) {
  if (file_name.size() <= suffix.size() || file_name.substr(file_name.size() - suffix.size()) != suffix)
    return std::nullopt;
  const std::string encoded = file_name.substr(0, file_name.size() - suffix.size());
  std::string name;
  for (std::size_t i = 0; i < encoded.size(); ++i) {
    if (encoded[i] != '%' || i + 2 >= encoded.size()) {
      name += encoded[i];
    } else {
      name += static_cast<char>(std::strtol(encoded.substr(i + 1, 2).c_str(), nullptr, 16));
      i += 2;
    }
  }
  // If the name does not encode to the same file name, we did not make the file.
  if (name.find('\0') != std::string::npos || first_invalid_utf8(name) || encode(name) != encoded) return std::nullopt;
  return name;
}

fs::path scopes_folder(const fs::path& store) {
  fs::path folder = store;
  if (folder.extension() == ".db") folder.replace_extension();
  folder += ".scopes";
  return folder;
}

// So that nobody commits to a deleted file. A file that is not a sound store takes no commits.
std::optional<SoleUse> take_alone(const fs::path& path, const InternalOptions& options) {
  try {
    const FileKind kind = file_kind(path, options.vfs);
    if (kind == FileKind::store || kind == FileKind::unfinished) return SoleUse(path, options);
  } catch (const CorruptStore&) {
    // Damage that SQLite finds when it opens the file.
  } catch (const NotAStore&) {
  }
  return std::nullopt;
}

}  // namespace

fs::path scope_path(const fs::path& store_path, std::string_view name) {
  validate_scope_name(name);
  const std::string encoded = encode(name);
  if (encoded.size() > most_encoded_bytes) {
    throw InvalidName("the scope name " + in_quotes(name, 60) + " is too long for a file name: " +
                      std::to_string(encoded.size()) + " bytes when encoded, at most 200 are possible");
  }
  return scopes_folder(store_path) / (encoded + std::string(suffix));
}

std::vector<std::string> scope_names(const fs::path& store_path) {
  std::vector<std::string> names;
  const fs::path folder = scopes_folder(resolve(store_path));
  std::error_code error;
  for (const std::string& file_name : names_in(folder, error)) {
    if (auto name = decode(file_name)) names.push_back(std::move(*name));
  }
  if (error && error != std::errc::no_such_file_or_directory) {
    throw StorageError(folder.string() + ": the folder of the scopes cannot be read: " + error.message(),
                       SQLITE_CANTOPEN);
  }
  std::sort(names.begin(), names.end());
  return names;
}

std::shared_ptr<StoreFile> Connection::scope(std::string_view name) {
  require_ours();
  if (const auto at = scopes_.find(name); at != scopes_.end()) {
    if (auto file = at->second.lock()) return file;
  }
  validate_scope_name(name);
  if (main_->impl_->in_memory()) {
    std::shared_ptr<StoreFile> file = memory_file(":memory: scope " + in_quotes(name), name);
    scopes_.insert_or_assign(std::string(name), file);
    memory_scopes_.insert_or_assign(std::string(name), file);
    return file;
  }
  const fs::path path = scope_path(main_->impl_->resolved, name);
  std::error_code error;
  const bool exists = fs::exists(path, error);
  if (error) throw StorageError(path.string() + ": cannot be examined: " + error.message(), SQLITE_CANTOPEN);
  if (!exists) {
    if (options_.read_only) {
      throw StorageError(
          main_->path() + ": has no scope " + in_quotes(name) + ", and was opened read-only, so none is made",
          SQLITE_CANTOPEN);
    }
    fs::create_directories(path.parent_path(), error);
    if (error)
      throw StorageError(path.parent_path().string() + ": the folder of the scopes cannot be made: " + error.message(),
                         SQLITE_CANTOPEN);
  }
  // SQLite syncs the file's entry in the folder, but nobody syncs the folder's own. Not only if we have made it:
  // another process may have, without waiting for the disk.
  if (options_.survive_power_loss && !options_.read_only) sync(path.parent_path().parent_path(), options_);
  InternalOptions options = options_;
  options.create = true;
  inspect_path(path, options);
  const OpenMode mode = options_.read_only ? OpenMode::read_only : OpenMode::create;
  std::shared_ptr<StoreFile> file =
      make_file(path.string(), free_alias(name), file_uri(path, mode, options_.vfs), path);
  use(*file);
  if (!options_.read_only) record_scope(name, path);
  scopes_.insert_or_assign(std::string(name), file);
  return file;
}

std::shared_ptr<StoreFile> Connection::memory_file(std::string path, std::string_view alias) {
  const std::string uri = new_memory_uri();
  auto keeper = open_connection(uri, path, {});
  std::shared_ptr<StoreFile> file = make_file(std::move(path), free_alias(alias), uri, {});
  file->impl_->keeper = std::move(keeper);
  use(*file);
  return file;
}

std::shared_ptr<StoreFile> Connection::anonymous_scope() { return memory_file(":memory: scope", "scope"); }

// The row in `scopes` is for people to read; scopes are not found through it.
void Connection::record_scope(std::string_view name, const fs::path& file) {
  const std::string shown = (file.parent_path().filename() / file.filename()).string();
  const bool known = in_our_words(database(), main_->path(), "look up a scope", [&] {
    SQLite::Statement row(database(), "SELECT 1 FROM main.scopes WHERE name = ?1 AND file = ?2");
    row.bind(1, std::string(name));
    row.bind(2, shown);
    return row.executeStep();
  });
  if (known) return;
  WriteTransaction transaction(*main_, {std::nullopt, "new scope " + in_quotes(name)});
  in_our_words(database(), main_->path(), "note a scope", [&] {
    SQLite::Statement insert(database(), "INSERT OR REPLACE INTO main.scopes (name, file) VALUES (?1, ?2)");
    insert.bind(1, std::string(name));
    insert.bind(2, shown);
    insert.exec();
  });
  transaction.commit();
}

bool Connection::forget_scope(std::string_view name) {
  const bool known = in_our_words(database(), main_->path(), "look up a scope", [&] {
    SQLite::Statement row(database(), "SELECT 1 FROM main.scopes WHERE name = ?1");
    row.bind(1, std::string(name));
    return row.executeStep();
  });
  if (!known) return false;
  WriteTransaction transaction(*main_, {std::nullopt, "dropped scope " + in_quotes(name)});
  in_our_words(database(), main_->path(), "drop a scope", [&] {
    SQLite::Statement erase(database(), "DELETE FROM main.scopes WHERE name = ?1");
    erase.bind(1, std::string(name));
    erase.exec();
  });
  transaction.commit();
  return true;
}

std::vector<std::string> Connection::scope_names() {
  require_ours();
  if (!main_->impl_->in_memory()) return storage::scope_names(main_->impl_->resolved);
  std::vector<std::string> names;
  for (const auto& [name, file] : memory_scopes_) names.push_back(name);
  return names;
}

bool Connection::drop_scope(std::string_view name) {
  require_ours();
  validate_scope_name(name);
  if (options_.read_only) throw Error(main_->path() + ": was opened read-only; its scopes cannot be dropped");
  if (in_transaction()) throw Error(main_->path() + ": a scope cannot be dropped while a transaction is open");
  const auto memory = memory_scopes_.find(name);
  const auto held = scopes_.find(name);
  const long own_handles = memory == memory_scopes_.end() ? 0 : 1;
  if (held != scopes_.end() && held->second.use_count() > own_handles) {
    throw Error(main_->path() + ": the scope " + in_quotes(name) +
                " is in use and cannot be dropped; release it first");
  }
  if (held != scopes_.end()) scopes_.erase(held);
  if (main_->impl_->in_memory()) {
    if (memory == memory_scopes_.end()) return false;
    memory_scopes_.erase(memory);
    return true;
  }
  const fs::path path = scope_path(main_->impl_->resolved, name);
  make_room();  // detaches it if it is still attached
  std::error_code error;
  const bool exists = fs::exists(path, error);
  if (error) throw StorageError(path.string() + ": cannot be examined: " + error.message(), SQLITE_CANTOPEN);
  if (!exists) return forget_scope(name);  // whoever removed the file did not take it off the list
  require_regular_files_beside(path, path.string());
  const std::optional<SoleUse> alone = take_alone(path, options_);
  // First, because the file could not be restored if this failed. If removing the file fails instead, nothing is lost:
  // a scope exists if its file does.
  forget_scope(name);
  // All that needs memory, because the scope is gone once its file is.
  const std::vector<fs::path> beside_it = {beside(path, "-wal"), beside(path, "-shm"), beside(path, "-journal")};
  const fs::path folder = path.parent_path();
  const fs::path above = folder.parent_path();
  const std::string done = path.string() + ": the scope " + in_quotes(name) + " is dropped";
  fs::remove(path, error);
  if (error) throw StorageError(path.string() + ": cannot be removed: " + error.message(), SQLITE_IOERR_DELETE);
  for (const fs::path& each : beside_it) fs::remove(each, error);
  const bool last = fs::remove(folder, error);  // fails while the folder has other files
  if (options_.survive_power_loss) sync_names(last ? above : folder, options_, done);
  return true;
}

}  // namespace paramstore::storage
