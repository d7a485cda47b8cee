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

/// Splits at the first "//" that follows an existing file. No file can contain another, so a "//" between folders stays
/// part of the path. A scope's name may contain slashes. Throws UsageError if it is empty.
Address parse_address(const std::string& text);

/// The same for a store that may not exist yet: then splits at the first "//" that follows what could be a file in an
/// existing folder.
Address parse_new_address(const std::string& text);

/// The file that the address names, as an absolute path without symbolic links. It need not exist.
std::filesystem::path file_of(const Address& address);

/// Whether both name the same file.
bool same_file(const Address& a, const Address& b);

/// A store file that is open for reading.
class StoreReader {
 public:
  /// Throws NoSuch if the scope does not exist, and what Database throws.
  explicit StoreReader(const Address& address);

  storage::StoreFile& file() noexcept { return scope_ ? *scope_ : database_.main(); }
  storage::Database& database() noexcept { return database_; }

 private:
  storage::Database database_;
  std::shared_ptr<storage::StoreFile> scope_;
};

/// A store file that is open for writing.
class StoreWriter {
 public:
  enum class Missing { refuse, create };
  /// With `refuse`, throws NoSuch if the scope does not exist and StorageError if the file does not.
  StoreWriter(const Address& address, Missing missing);

  storage::StoreFile& file() noexcept { return scope_ ? *scope_ : database_.main(); }
  storage::Database& database() noexcept { return database_; }

 private:
  storage::Database database_;
  std::shared_ptr<storage::StoreFile> scope_;
};

}  // namespace paramstore::cli
