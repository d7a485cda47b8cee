#include "faults/sample_store.h"

#include <sqlite3.h>

#include <memory>
#include <random>
#include <stdexcept>

#include "faults/file_bytes.h"
#include "faults/surroundings.h"
#include "lib/storage/store_internals.h"
#include "paramstore/storage/database.h"

namespace faults {

using namespace paramstore::storage;

namespace {

struct Sample {
  const char* name;
  const char* tag;
  Dtype dtype;
  std::vector<std::int64_t> shape;
};

const std::vector<Sample>& samples() {
  static const std::vector<Sample> all{
      {"weight", "real", Dtype::float32, {4, 3}},
      {"scale", "positive", Dtype::float64, {}},
      {"encoder$$$loc", "interval(0.0, 1.0)", Dtype::float32, {5}},
      {"half", "unit_interval", Dtype::bfloat16, {2, 8}},
      {"empty", "real", Dtype::float32, {0}},
      {"wave", "independent(real, 1)", Dtype::complex64, {2, 3}},
      {"long", "greater_than(float32[0.5,1.0])", Dtype::float32, {100}},  // in chunks
  };
  return all;
}

constexpr std::size_t longest_in_one_row = 300;

std::vector<char> value_of(std::size_t number, unsigned version) {
  const Sample& sample = samples()[number];
  std::mt19937_64 random(version * 1000 + number);
  std::vector<char> bytes(static_cast<std::size_t>(*value_size(sample.shape, sample.dtype)));
  for (char& byte : bytes) byte = static_cast<char>(random());
  return bytes;
}

ParamRecord record_of(const Sample& sample, const std::vector<char>& value) {
  ParamRecord record;
  record.name = sample.name;
  record.constraint_tag = sample.tag;
  record.dtype = sample.dtype;
  record.shape = sample.shape;
  record.checksum = value_checksum({value.data(), value.size()});
  return record;
}

// Gives a store another page size, which the library does not.
void repage(const std::filesystem::path& path, std::size_t page_size) {
  sqlite3* handle = nullptr;
  const int opened = sqlite3_open(path.c_str(), &handle);
  const std::unique_ptr<sqlite3, int (*)(sqlite3*)> closer(handle, sqlite3_close);
  const std::string sql = "PRAGMA journal_mode = DELETE; PRAGMA page_size = " + std::to_string(page_size) +
                          "; VACUUM; PRAGMA journal_mode = WAL";
  if (opened != SQLITE_OK || sqlite3_exec(handle, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
    throw std::runtime_error(path.string() + ": " + sqlite3_errmsg(handle));
}

// Where the bytes are; throws unless they are there exactly once.
std::size_t only_place(const std::string& file, const std::string& bytes) {
  const std::size_t at = file.find(bytes);
  if (at == std::string::npos || file.find(bytes, at + 1) != std::string::npos)
    throw std::runtime_error("a row of the sample store is not in one place");
  return at;
}

void find_places(SampleStore& store) {
  const std::string& file = store.files.front().bytes;
  for (const Row& row : store.commits.back()) {
    const std::string value(row.value.begin(), row.value.end());
    // The row: its name, its tag, and what follows up to the value, behind a header of 9 serial types, its size and the id.
    const std::size_t name = only_place(file, row.name + row.constraint_tag);
    constexpr std::size_t header = 14;
    constexpr std::size_t longest_middle = 64;
    std::size_t end = name + row.name.size() + row.constraint_tag.size() + longest_middle;
    if (!value.empty() && value.size() <= longest_in_one_row) {
      const std::size_t at = only_place(file, value);
      store.values.push_back({at, at + value.size()});
      end = at;
    } else {
      for (std::size_t done = 0; done < value.size(); done += longest_in_one_row) {
        const std::string piece = value.substr(done, longest_in_one_row);
        const std::size_t at = only_place(file, piece);
        store.values.push_back({at, at + piece.size()});
      }
    }
    store.rest_of_rows.push_back({name - header, end});
  }
}

}  // namespace

SampleStore sample_store(const std::string& label, std::size_t page_size, bool with_log) {
  SampleStore store;
  store.label = label;
  const Workplace folder;
  const auto path = folder.path() / "a.db";
  InternalOptions options;
  options.max_value_length = longest_in_one_row;
  const auto change = [&](StoreFile& file, unsigned version) {
    WriteTransaction transaction(file, {version, "commit " + std::to_string(version)});
    for (std::size_t i = 0; i < samples().size(); ++i) {
      const auto value = value_of(i, version);
      const auto record = record_of(samples()[i], value);
      if (version == 0) {
        transaction.insert(record, {value.data(), value.size()});
      } else if (i % 3 != version % 3) {
        transaction.replace(static_cast<std::int64_t>(i) + 1, std::nullopt, record, {value.data(), value.size()});
      }
    }
    transaction.commit();
    store.commits.push_back(picture_of(file));
  };
  {
    Database database = open_database(path, options);
    change(database.main(), 0);
  }
  repage(path, page_size);
  {
    Database database = open_database(path, options);
    if (with_log) {
      for (unsigned version = 1; version <= 5; ++version) change(database.main(), version);
      // While it is open: nothing has been written back.
      store.files = {{"a.db", read_file(path)}, {"a.db-wal", read_file(folder.path() / "a.db-wal")}};
    }
  }
  if (!with_log) store.files = {{"a.db", read_file(path)}};
  if (!with_log) find_places(store);
  return store;
}

}  // namespace faults
