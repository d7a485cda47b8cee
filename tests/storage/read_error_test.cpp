// A disk that cannot be read is not a damaged store, although SQLite reports both in the same way.
#include <doctest/doctest.h>
#include <unistd.h>

#include <atomic>
#include <cerrno>
#include <fstream>

#include "support.h"

using namespace paramstore;
using namespace paramstore::storage;
using namespace paramstore::storage::testing;

namespace {

constexpr off_t page = 65536;

// While it lives, the system call by which SQLite reads fails behind the first page of every file.
class FailingReads {
 public:
  FailingReads() {
    for (const char* name : names) replace(name, reinterpret_cast<sqlite3_syscall_ptr>(fail));
  }
  ~FailingReads() {
    for (const char* name : names) replace(name, nullptr);
  }
  FailingReads(const FailingReads&) = delete;
  FailingReads& operator=(const FailingReads&) = delete;

  static inline std::atomic<int> failures{0};

 private:
  static constexpr const char* names[] = {"pread", "pread64"};

  static ssize_t fail(int file, void* data, size_t size, off_t offset) {
    if (offset < page) return ::pread(file, data, size, offset);
    ++failures;
    errno = EIO;
    return -1;
  }

  static void replace(const char* name, sqlite3_syscall_ptr call) {
    sqlite3_vfs* const vfs = sqlite3_vfs_find("unix");
    if (vfs->xGetSystemCall(vfs, name) != nullptr) REQUIRE(vfs->xSetSystemCall(vfs, name, call) == SQLITE_OK);
  }
};

// One page of tables, several of rows.
void make_store(const std::filesystem::path& path) {
  Database database(path);
  WriteTransaction transaction(database.main());
  for (int i = 0; i < 300; ++i) {
    const auto value = some_bytes(1000, static_cast<std::uint64_t>(i));
    transaction.insert(float_record(std::to_string(i), value), bytes_of(value));
  }
  transaction.commit();
}

template <class Action>
void check_says_disk(Action&& action) {
  FailingReads::failures = 0;
  try {
    action();
    FAIL_CHECK("nothing was thrown");
  } catch (const StorageError& error) {
    INFO(error.what());
    CHECK((error.code() & 0xff) == SQLITE_IOERR);
    CHECK(contains(error.what(), "a.db"));
    CHECK(contains(error.what(), "cannot be read: Input/output error"));
    CHECK_FALSE(contains(error.what(), "from a copy"));
  }
  CHECK(FailingReads::failures > 0);
}

}  // namespace

TEST_CASE("what a disk that fails to read does is said, and is not called damage") {
  const TemporaryFolder folder;
  make_store(folder / "a.db");
  OpenOptions read_only;
  read_only.read_only = true;
  for (const OpenOptions& options : {OpenOptions(), read_only}) {
    {
      const FailingReads failing;
      check_says_disk([&] { Database database(folder / "a.db", options); });
    }
    Database database(folder / "a.db", options);
    StoreFile& file = database.main();
    {
      const FailingReads failing;
      check_says_disk([&] { file.list(); });
      check_says_disk([&] { file.find("7"); });
      check_says_disk([&] { file.names("", 10); });
      check_says_disk([&] { file.copy_to(folder / "copy.db", nullptr); });
      if (!options.read_only) check_says_disk([&] { file.compact(); });
      FailingReads::failures = 0;
      const Verification found = file.verify();
      CHECK(FailingReads::failures > 0);
      CHECK_FALSE(found.damage.empty());
      for (const Damage& damage : found.damage) {
        INFO(damage.what);
        CHECK(contains(damage.what, "cannot be read: Input/output error"));
      }
    }
    CHECK(file.list().size() == 300);
    CHECK(value_of(file, "7") == some_bytes(1000, 7));
    CHECK(file.verify().damage.empty());
  }
}

TEST_CASE("damage that is found after the disk has failed once is still called damage") {
  const TemporaryFolder folder;
  make_store(folder / "a.db");
  Database database(folder / "a.db");
  {
    const FailingReads failing;
    check_says_disk([&] { database.main().list(); });
  }
  std::string contents = read_file(folder / "a.db");
  for (std::size_t at = page; at < contents.size(); at += page) contents.replace(at, 64, 64, '\xff');
  std::fstream(folder / "a.db", std::ios::in | std::ios::out | std::ios::binary) << contents;
  CHECK(contains(message_of<CorruptStore>([&] { database.main().list(); }), "is damaged"));
}
