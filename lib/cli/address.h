// STORE on the command line: a file, or FILE//SCOPE for one of its scopes.
#pragma once

#include <filesystem>
#include <memory>
#include <optional>
#include <string>

#include "paramstore/storage/database.h"

namespace paramstore::cli {

struct Address {
  std::filesystem::path path;
  std::optional<std::string> scope;
};

/// Splits at the first "//" that stands behind an existing file; no file can have another below it, so a path with "//"
/// in its folders stays a path. A scope's name may hold slashes. Throws UsageError where it is empty.
Address parse_address(const std::string& text);

/// The same where the store may be missing too, as it is about to be made: then splits at the first "//" behind what
/// could be a file, in a folder that is there.
Address parse_new_address(const std::string& text);

/// The one file that the address means, by its absolute path without symbolic links; it need not be there.
std::filesystem::path file_of(const Address& address);

/// Whether both mean one file.
bool same_file(const Address& a, const Address& b);

/// A store file that is open for reading. Leaves the folder as it was: SQLite makes a -wal and a -shm beside a file
/// that it only reads, and leaves them there; these go again.
class StoreReader {
 public:
  /// Throws NoSuch where the scope does not exist, and what Database throws.
  explicit StoreReader(const Address& address);
  ~StoreReader();
  StoreReader(StoreReader&&) noexcept;
  StoreReader& operator=(StoreReader&&) noexcept;

  storage::StoreFile& file() noexcept;
  storage::Database& database() noexcept;

 private:
  struct Opened;
  std::unique_ptr<Opened> opened_;
};

/// A store file that is open for writing.
class StoreWriter {
 public:
  enum class Missing { refuse, create };
  /// `refuse` throws NoSuch where the scope does not exist, StorageError where the file does not.
  StoreWriter(const Address& address, Missing missing);

  storage::StoreFile& file() noexcept { return scope_ ? *scope_ : database_.main(); }
  storage::Database& database() noexcept { return database_; }

 private:
  storage::Database database_;
  std::shared_ptr<storage::StoreFile> scope_;
};

}  // namespace paramstore::cli
