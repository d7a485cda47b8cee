// A store file of any bytes: it is refused, or read and changed like any other. What `verify` calls sound can be read whole, and is
// still sound after a change.
#include <stdlib.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>
#include <vector>

#include "fuzz/target.h"
#include "lib/storage/store_internals.h"
#include "paramstore/error.h"
#include "paramstore/storage/database.h"

namespace fs = std::filesystem;
using namespace paramstore;
using namespace paramstore::storage;
using fuzz::require;

namespace {

// A value stands in the file, so it is not much larger; SQLite's damaged pages may be read twice.
constexpr std::size_t largest_value = std::size_t{1} << 26;

// In memory where the system has such a folder: there is one file per input.
class Folder {
 public:
  Folder() {
    const fs::path memory = "/dev/shm";
    std::string pattern =
        ((fs::is_directory(memory) ? memory : fs::temp_directory_path()) / "store-fuzz-XXXXXX").string();
    require(mkdtemp(pattern.data()) != nullptr, "a temporary folder can be made");
    path_ = pattern;
  }
  ~Folder() {
    std::error_code ignored;
    fs::remove_all(path_, ignored);
  }
  Folder(const Folder&) = delete;
  Folder& operator=(const Folder&) = delete;
  const fs::path& path() const { return path_; }

 private:
  fs::path path_;
};

template <class Action>
bool works(const Action& action) {
  try {
    action();
    return true;
  } catch (const Error& error) {
    require(error.what()[0] != '\0', "an error says why");
    return false;
  }
}

std::vector<LoadedRecord> read_all(StoreFile& file) {
  std::vector<std::vector<char>> values;
  return file.read_all([&](const ParamRecord& record) -> void* {
    const auto size = value_size(record.shape, record.dtype);
    require(size && *size <= largest_value, "no more memory is asked for than the file can fill");
    return values.emplace_back(static_cast<std::size_t>(*size) + 1).data();
  });
}

bool sound(StoreFile& file) {
  Verification found;
  return works([&] { found = file.verify(); }) && found.damage.empty();
}

void look(const fs::path& path) {
  works([&] {
    OpenOptions options;
    options.read_only = true;
    Database database(path, options);
    StoreFile& file = database.main();
    const bool is_sound = sound(file);
    const bool readable = works([&] { read_all(file); });
    require(readable || !is_sound, "what verify calls sound can be read");
    works([&] { file.facts(); });
    works([&] { file.commits(10); });
    works([&] { file.names("", 10); });
    works([&] {
      for (const ParamRecord& record : file.list()) works([&] { file.find(record.name); });
    });
  });
}

void change(const fs::path& path) {
  works([&] {
    OpenOptions options;
    options.survive_power_loss = false;
    Database database(path, options);
    StoreFile& file = database.main();
    const bool was_sound = sound(file);
    const bool changed = works([&] {
      const std::vector<char> value(64, 'x');
      const ValueBytes bytes{value.data(), value.size()};
      ParamRecord record;
      record.name = "new";
      record.constraint_tag = "real";
      record.shape = {16};
      record.checksum = value_checksum(bytes);
      WriteTransaction transaction(file, {7, "a change"});
      transaction.try_insert(record, bytes);
      const auto rows = stamps(file);
      if (!rows.empty()) transaction.replace(rows.back().id, std::nullopt, record, bytes);
      if (rows.size() > 1) transaction.erase(rows.front().id, rows.front().revision);
      transaction.commit();
    });
    if (was_sound && changed) require(sound(file), "a change leaves a sound file sound");
    works([&] { file.compact(); });
    if (was_sound && changed) require(sound(file), "compacting leaves a sound file sound");
    works([&] { file.copy_to(path.string() + ".copy", nullptr); });
  });
}

}  // namespace

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const Folder folder;
  const fs::path path = folder.path() / "fuzz.db";
  {
    std::ofstream file(path, std::ios::binary | std::ios::trunc);
    file << fuzz::text_of(data, size);
    require(file.flush().good(), "the input can be written");
  }
  look(path);
  change(path);
  for (const auto& entry : fs::directory_iterator(folder.path())) fs::remove_all(entry.path());
  return 0;
}
