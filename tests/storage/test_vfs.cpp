#include "test_vfs.h"

#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <new>
#include <utility>

#include "support.h"

namespace paramstore::storage::testing {
namespace {

using Operation = TestVfs::Operation;

sqlite3_vfs* real_vfs = nullptr;
TestVfs* current = nullptr;

// What SQLite sees as a file: the real one follows it in memory.
struct TestFile {
  sqlite3_file base;
  TestVfs::Disk* disk;  // null: a temporary file
  const char* path;
  bool syncs_names;  // as SQLite does, with the first sync of a journal or log
  int last_errno;
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

// What is left of a file whose pending changes survive in part.
std::string contents_after_loss(const TestVfs::Disk& disk, const std::function<bool()>& survives) {
  constexpr std::size_t piece = 4096;
  std::string contents = disk.synced;
  for (const TestVfs::Change& change : disk.pending) {
    if (change.truncation) {
      if (survives()) apply(contents, change);
      continue;
    }
    for (std::size_t at = 0; at < change.data.size(); at += piece) {
      if (survives())
        apply(contents, {change.offset + static_cast<std::int64_t>(at), change.data.substr(at, piece), false});
    }
  }
  return contents;
}

int x_close(sqlite3_file* file) { return real(file)->pMethods->xClose(real(file)); }

int x_read(sqlite3_file* file, void* data, int size, sqlite3_int64 offset) {
  if (const int code = current->allow(Operation::read)) {
    // What SQLite makes of EIO, and reports as a damaged file.
    if (code == SQLITE_IOERR_CORRUPTFS) self(file)->last_errno = EIO;
    return code;
  }
  const int code = real(file)->pMethods->xRead(real(file), data, size, offset);
  if (code == SQLITE_IOERR_SHORT_READ) self(file)->last_errno = 0;  // as SQLite does
  return code;
}

int x_write(sqlite3_file* file, const void* data, int size, sqlite3_int64 offset) {
  if (const int code = current->allow(Operation::write)) return code;
  if (TestVfs::Disk* const disk = self(file)->disk) {
    disk->pending.push_back(
        {offset, std::string(static_cast<const char*>(data), static_cast<std::size_t>(size)), false});
  }
  return real(file)->pMethods->xWrite(real(file), data, size, offset);
}

int x_truncate(sqlite3_file* file, sqlite3_int64 size) {
  if (const int code = current->allow(Operation::truncate)) return code;
  if (TestVfs::Disk* const disk = self(file)->disk) disk->pending.push_back({size, {}, true});
  return real(file)->pMethods->xTruncate(real(file), size);
}

int x_sync(sqlite3_file* file, int flags) {
  if (const int code = current->allow(Operation::sync)) return code;
  if (TestVfs::Disk* const disk = self(file)->disk) {
    for (const auto& change : disk->pending) apply(disk->synced, change);
    disk->pending.clear();
    if (std::exchange(self(file)->syncs_names, false))
      current->names_synced(std::filesystem::path(self(file)->path).parent_path());
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
  if (operation == SQLITE_FCNTL_LAST_ERRNO) {
    *static_cast<int*>(argument) = self(file)->last_errno;
    return SQLITE_OK;
  }
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

std::string contents_of(sqlite3_file* file) {
  sqlite3_int64 size = 0;
  std::string contents;
  if (file->pMethods->xFileSize(file, &size) == SQLITE_OK) contents.resize(static_cast<std::size_t>(size));
  if (size > 0 && file->pMethods->xRead(file, contents.data(), static_cast<int>(size), 0) != SQLITE_OK)
    fail_test("a file cannot be read");
  return contents;
}

int x_open(sqlite3_vfs*, const char* path, sqlite3_file* file, int flags, int* out_flags) {
  TestFile* test_file = new (self(file)) TestFile{};
  if (const int code = current->allow(Operation::open)) return code;
  struct stat status {};
  const bool existed = path != nullptr && stat(path, &status) == 0;
  const int code = real_vfs->xOpen(real_vfs, path, test_file->real(), flags, out_flags);
  if (test_file->real()->pMethods != nullptr) test_file->base.pMethods = &methods;
  if (code != SQLITE_OK || path == nullptr) return code;
  test_file->path = path;  // SQLite keeps it as long as the file
  test_file->disk = current->opened(path, existed, [&] { return contents_of(test_file->real()); }).get();
  constexpr int logs = SQLITE_OPEN_MAIN_JOURNAL | SQLITE_OPEN_SUPER_JOURNAL | SQLITE_OPEN_WAL;
  test_file->syncs_names = (flags & SQLITE_OPEN_CREATE) != 0 && (flags & logs) != 0;
  return code;
}

int x_delete(sqlite3_vfs*, const char* path, int sync_folder) {
  if (const int code = current->allow(Operation::remove)) return code;
  const int code = real_vfs->xDelete(real_vfs, path, current->really_sync ? sync_folder : 0);
  current->removed(path);
  if (sync_folder != 0) {
    // The file is gone, and the folder can still fail.
    if (const int sync_code = current->allow(Operation::sync)) {
      return sync_code == SQLITE_IOERR_FSYNC ? SQLITE_IOERR_DIR_FSYNC : sync_code;
    }
    current->names_synced(std::filesystem::path(path).parent_path());
  }
  return code;
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

std::function<void(const std::filesystem::path&)> TestVfs::syncing() {
  return [this](const std::filesystem::path& path) {
    if (const int code = allow(Operation::sync)) throw StorageError(path.string() + ": cannot be synced", code);
    if (std::filesystem::is_directory(path)) return names_synced(path);
    look();
    const auto at = names_.find(path.string());
    if (at == names_.end()) return fail_test(path.string() + " was not made through this file system");
    for (const Change& change : at->second->pending) apply(at->second->synced, change);
    at->second->pending.clear();
  };
}

std::shared_ptr<TestVfs::Disk> TestVfs::opened(const std::string& path, bool existed,
                                               const std::function<std::string()>& contents) {
  look();
  std::shared_ptr<Disk>& disk = names_[path];
  if (disk != nullptr) return disk;
  struct stat status {};
  stat(path.c_str(), &status);
  disk = std::make_shared<Disk>();
  disk->inode = status.st_ino;
  all_.push_back(disk);
  if (existed) {  // from before this file system
    disk->synced = contents();
    names_on_disk_[path] = disk;
  }
  return disk;
}

// What has happened to names without SQLite: files renamed and removed.
void TestVfs::look() {
  const auto inode_of = [](const std::filesystem::path& path) {
    struct stat status {};
    return stat(path.c_str(), &status) == 0 ? std::uint64_t{status.st_ino} : 0;
  };
  for (auto at = names_.begin(); at != names_.end();) {
    if (inode_of(at->first) == at->second->inode) {
      ++at;
      continue;
    }
    const std::shared_ptr<Disk> disk = at->second;
    const std::filesystem::path folder = std::filesystem::path(at->first).parent_path();
    at = names_.erase(at);
    std::error_code gone;
    for (const auto& entry : std::filesystem::directory_iterator(folder, gone)) {
      if (inode_of(entry.path()) == disk->inode) names_[entry.path().string()] = disk;
    }
  }
}

void TestVfs::names_synced(const std::filesystem::path& folder) {
  look();
  const auto inside = [&](const std::string& path) { return std::filesystem::path(path).parent_path() == folder; };
  for (auto at = names_on_disk_.begin(); at != names_on_disk_.end();)
    at = inside(at->first) ? names_on_disk_.erase(at) : std::next(at);
  for (const auto& [path, disk] : names_) {
    if (inside(path)) names_on_disk_[path] = disk;
  }
  for (auto at = folders_on_disk_.begin(); at != folders_on_disk_.end();)
    at = inside(*at) ? folders_on_disk_.erase(at) : std::next(at);
  for (const auto& entry : std::filesystem::directory_iterator(folder)) {
    if (entry.is_directory()) folders_on_disk_.insert(entry.path().string());
  }
}

void TestVfs::power_loss(const std::filesystem::path& root, const std::filesystem::path& folder,
                         const std::function<bool()>& survives) {
  look();
  std::map<std::filesystem::path, bool> folders{{root, true}};
  const std::function<bool(const std::filesystem::path&)> exists = [&](const std::filesystem::path& path) {
    if (const auto known = folders.find(path); known != folders.end()) return known->second;
    const bool now = std::filesystem::is_directory(path);
    const bool on_disk = folders_on_disk_.count(path.string()) != 0;
    return folders[path] = exists(path.parent_path()) && (now == on_disk || survives() ? now : on_disk);
  };
  std::set<std::string> paths;
  for (const Names* names : {&names_, &names_on_disk_}) {
    for (const auto& [path, disk] : *names) {
      if (path.compare(0, root.string().size() + 1, root.string() + "/") == 0) paths.insert(path);
    }
  }
  const auto entry = [](const Names& names, const std::string& path) {
    const auto at = names.find(path);
    return at == names.end() ? nullptr : at->second.get();
  };
  for (const std::string& path : paths) {
    const Disk* const now = entry(names_, path);
    const Disk* const on_disk = entry(names_on_disk_, path);
    const Disk* const disk = now == on_disk || survives() ? now : on_disk;
    if (disk == nullptr || !exists(std::filesystem::path(path).parent_path())) continue;
    const std::filesystem::path left = folder / std::filesystem::path(path).lexically_relative(root);
    std::filesystem::create_directories(left.parent_path());
    write_file(left, contents_after_loss(*disk, survives));
  }
}

}  // namespace paramstore::storage::testing
