// What the tests of lib/storage share: a folder that goes away, values to write, a plain SQLite connection.
#pragma once

#include <sqlite3.h>

#include <cstdint>
#include <filesystem>
#include <memory>
#include <string>
#include <vector>

#include "paramstore/error.h"
#include "paramstore/storage/database.h"

namespace paramstore::storage::testing {

/// A new folder, removed with all that is in it.
class TemporaryFolder {
 public:
  TemporaryFolder();
  ~TemporaryFolder();
  TemporaryFolder(const TemporaryFolder&) = delete;
  TemporaryFolder& operator=(const TemporaryFolder&) = delete;
  const std::filesystem::path& path() const noexcept { return path_; }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

/// `size` bytes that follow from `seed`.
std::vector<char> some_bytes(std::size_t size, std::uint64_t seed = 1);

/// A float32 parameter of one dimension, and with it the bytes it has: `size` must be a multiple of 4.
ParamRecord float_record(const std::string& name, const std::vector<char>& value);

inline ValueBytes bytes_of(const std::vector<char>& value) { return {value.data(), value.size()}; }

/// Adds a parameter in a transaction of its own.
std::int64_t add(StoreFile& file, const std::string& name, const std::vector<char>& value);

/// Finds and reads one value; throws what read_value throws.
std::vector<char> value_of(StoreFile& file, const std::string& name);

/// The options of a reader.
OpenOptions read_only();

/// A store in a folder of its own, with the parameter "a", and the parameter "b" in its scope "s".
struct StoreWithScope {
  StoreWithScope();
  TemporaryFolder folder;
  std::filesystem::path path = folder / "m.params.db";
};

/// A connection as any tool would open it: default settings, triggers on.
class PlainSqlite {
 public:
  explicit PlainSqlite(const std::filesystem::path& path);
  /// Runs SQL. The error message, or "" if it succeeded.
  std::string run(const std::string& sql);
  /// The first column of the first row as text, "NULL" for NULL, "" for no row. Fails the test on an error.
  std::string get(const std::string& sql);
  sqlite3* handle() const noexcept { return handle_.get(); }

 private:
  struct Closer {
    void operator()(sqlite3* handle) const noexcept { sqlite3_close_v2(handle); }
  };
  std::unique_ptr<sqlite3, Closer> handle_;
};

/// One that can write what the schema forbids: no trigger runs, no CHECK counts.
struct Forger : PlainSqlite {
  explicit Forger(const std::filesystem::path& path);
};

std::string read_file(const std::filesystem::path& path);
void write_file(const std::filesystem::path& path, const std::string& contents);

/// The message of what `action` throws, which must be an E; fails the test otherwise.
template <class E, class Action>
std::string message_of(Action&& action);

void fail_test(const std::string& why);

template <class E, class Action>
std::string message_of(Action&& action) {
  try {
    action();
  } catch (const E& error) {
    return error.what();
  } catch (const std::exception& error) {
    fail_test(std::string("another kind of error: ") + error.what());
    return {};
  }
  fail_test("no error");
  return {};
}

inline bool contains(const std::string& text, const std::string& part) { return text.find(part) != std::string::npos; }

}  // namespace paramstore::storage::testing
