#include "test_vfs.h"

#include <algorithm>
#include <cstring>

#include "support.h"

namespace paramstore::storage::testing {
namespace {

using Operation = TestVfs::Operation;

sqlite3_vfs* real_vfs = nullptr;
TestVfs* current = nullptr;

// What SQLite sees as a file: the real one follows it in memory.
struct TestFile {
  sqlite3_file base;
  const char* path;  // null: a temporary file
  sqlite3_file* real() { return reinterpret_cast<sqlite3_file*>(this + 1); }
};

TestFile* self(sqlite3_file* file) { return reinterpret_cast<TestFile*>(file); }
sqlite3_file* real(sqlite3_file* file) { return self(file)->real(); }

void apply(std::string& contents, const TestVfs::Change& change) {
  const auto offset = static_cast<std::size_t>(change.offset);
  if (change.truncation) {
    contents.resize(std::min(offset, contents.size()));
    return;
  }
  if (contents.size() < offset + change.data.size()) contents.resize(offset + change.data.size());
  contents.replace(offset, change.data.size(), change.data);
}

int x_close(sqlite3_file* file) { return real(file)->pMethods->xClose(real(file)); }

int x_read(sqlite3_file* file, void* data, int size, sqlite3_int64 offset) {
  if (const int code = current->allow(Operation::read)) return code;
  return real(file)->pMethods->xRead(real(file), data, size, offset);
}

int x_write(sqlite3_file* file, const void* data, int size, sqlite3_int64 offset) {
  if (const int code = current->allow(Operation::write)) return code;
  if (self(file)->path != nullptr) {
    current->files[self(file)->path].pending.push_back(
        {offset, std::string(static_cast<const char*>(data), static_cast<std::size_t>(size)), false});
  }
  return real(file)->pMethods->xWrite(real(file), data, size, offset);
}

int x_truncate(sqlite3_file* file, sqlite3_int64 size) {
  if (const int code = current->allow(Operation::truncate)) return code;
  if (self(file)->path != nullptr) current->files[self(file)->path].pending.push_back({size, {}, true});
  return real(file)->pMethods->xTruncate(real(file), size);
}

int x_sync(sqlite3_file* file, int flags) {
  if (const int code = current->allow(Operation::sync)) return code;
  if (self(file)->path != nullptr) {
    TestVfs::Disk& disk = current->files[self(file)->path];
    for (const auto& change : disk.pending) apply(disk.synced, change);
    disk.pending.clear();
  }
  return current->really_sync ? real(file)->pMethods->xSync(real(file), flags) : SQLITE_OK;
}

int x_file_size(sqlite3_file* file, sqlite3_int64* size) { return real(file)->pMethods->xFileSize(real(file), size); }
int x_lock(sqlite3_file* file, int level) {
  if (const int code = current->allow(Operation::lock)) return code;
  return real(file)->pMethods->xLock(real(file), level);
}
int x_unlock(sqlite3_file* file, int level) { return real(file)->pMethods->xUnlock(real(file), level); }
int x_check_reserved_lock(sqlite3_file* file, int* result) {
  return real(file)->pMethods->xCheckReservedLock(real(file), result);
}
int x_file_control(sqlite3_file* file, int operation, void* argument) {
  return real(file)->pMethods->xFileControl(real(file), operation, argument);
}
int x_sector_size(sqlite3_file* file) { return real(file)->pMethods->xSectorSize(real(file)); }
int x_device_characteristics(sqlite3_file* file) { return real(file)->pMethods->xDeviceCharacteristics(real(file)); }
int x_shm_map(sqlite3_file* file, int page, int size, int extend, void volatile** where) {
  return real(file)->pMethods->xShmMap(real(file), page, size, extend, where);
}
int x_shm_lock(sqlite3_file* file, int offset, int count, int flags) {
  if ((flags & SQLITE_SHM_LOCK) != 0) {
    if (const int code = current->allow(Operation::lock)) return code;
  }
  return real(file)->pMethods->xShmLock(real(file), offset, count, flags);
}
void x_shm_barrier(sqlite3_file* file) { real(file)->pMethods->xShmBarrier(real(file)); }
int x_shm_unmap(sqlite3_file* file, int remove) { return real(file)->pMethods->xShmUnmap(real(file), remove); }

// Version 2: with a shared index for WAL, without memory maps, which would go past us.
constexpr sqlite3_io_methods methods = {2,
                                        x_close,
                                        x_read,
                                        x_write,
                                        x_truncate,
                                        x_sync,
                                        x_file_size,
                                        x_lock,
                                        x_unlock,
                                        x_check_reserved_lock,
                                        x_file_control,
                                        x_sector_size,
                                        x_device_characteristics,
                                        x_shm_map,
                                        x_shm_lock,
                                        x_shm_barrier,
                                        x_shm_unmap,
                                        nullptr,
                                        nullptr};

int x_open(sqlite3_vfs*, const char* path, sqlite3_file* file, int flags, int* out_flags) {
  TestFile* test_file = self(file);
  test_file->base.pMethods = nullptr;
  test_file->path = path;  // SQLite keeps it as long as the file
  if (const int code = current->allow(Operation::open)) return code;
  const int code = real_vfs->xOpen(real_vfs, path, test_file->real(), flags, out_flags);
  if (test_file->real()->pMethods != nullptr) test_file->base.pMethods = &methods;
  return code;
}

int x_delete(sqlite3_vfs*, const char* path, int sync_folder) {
  if (const int code = current->allow(Operation::remove)) return code;
  current->files.erase(path);
  return real_vfs->xDelete(real_vfs, path, sync_folder);
}

}  // namespace

TestVfs::TestVfs() {
  real_vfs = sqlite3_vfs_find(nullptr);
  vfs_ = *real_vfs;
  vfs_.zName = name();
  vfs_.pNext = nullptr;
  vfs_.szOsFile = static_cast<int>(sizeof(TestFile)) + real_vfs->szOsFile;
  vfs_.xOpen = x_open;
  vfs_.xDelete = x_delete;
  current = this;
  sqlite3_vfs_register(&vfs_, 0);
}

TestVfs::~TestVfs() {
  sqlite3_vfs_unregister(&vfs_);
  current = nullptr;
}

void TestVfs::power_loss(const std::filesystem::path& folder, const std::function<bool()>& survives) const {
  constexpr std::size_t piece = 4096;
  for (const auto& [path, disk] : files) {
    std::string contents = disk.synced;
    for (const Change& change : disk.pending) {
      if (change.truncation) {
        if (survives()) apply(contents, change);
        continue;
      }
      for (std::size_t at = 0; at < change.data.size(); at += piece) {
        if (survives())
          apply(contents, {change.offset + static_cast<std::int64_t>(at), change.data.substr(at, piece), false});
      }
    }
    write_file(folder / std::filesystem::path(path).filename(), contents);
  }
}

}  // namespace paramstore::storage::testing
