// schema/FORMAT.md, taken at its word: its examples run as they stand there.
#include <doctest/doctest.h>

#include <complex>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <iterator>
#include <sstream>

#include "support.h"

using namespace paramstore;
using namespace paramstore::storage;
using namespace paramstore::storage::testing;

namespace {

std::vector<std::string> code_blocks(const std::string& language) {
  std::istringstream text(read_file(std::filesystem::path(PARAMSTORE_SOURCE_DIR) / "schema" / "FORMAT.md"));
  std::vector<std::string> blocks;
  bool inside = false;
  for (std::string line; std::getline(text, line);) {
    if (line == "```" + language) {
      inside = true;
      blocks.emplace_back();
    } else if (line == "```") {
      inside = false;
    } else if (inside) {
      blocks.back() += line + "\n";
    }
  }
  return blocks;
}

// What a shell command prints; the exit status in `status`.
std::string output_of(const std::string& command, int& status) {
  FILE* pipe = popen((command + " 2>&1").c_str(), "r");
  REQUIRE(pipe != nullptr);
  std::string output;
  for (int c = fgetc(pipe); c != EOF; c = fgetc(pipe)) output += static_cast<char>(c);
  status = pclose(pipe);
  return output;
}

// The numbers 0, 0.5, 1, 1.5, 2, 2.5.
constexpr float numbers[] = {0.0F, 0.5F, 1.0F, 1.5F, 2.0F, 2.5F};

std::string bytes_of(Dtype dtype) {
  constexpr std::uint16_t float16[] = {0x0000, 0x3800, 0x3C00, 0x3E00, 0x4000, 0x4100};
  constexpr std::uint16_t bfloat16[] = {0x0000, 0x3F00, 0x3F80, 0x3FC0, 0x4000, 0x4020};
  std::string bytes;
  for (std::size_t i = 0; i < std::size(numbers); ++i) {
    const auto append = [&](auto number) { bytes.append(reinterpret_cast<const char*>(&number), sizeof number); };
    if (dtype == Dtype::float16) append(float16[i]);
    if (dtype == Dtype::bfloat16) append(bfloat16[i]);
    if (dtype == Dtype::float32) append(numbers[i]);
    if (dtype == Dtype::float64) append(static_cast<double>(numbers[i]));
    if (dtype == Dtype::complex64) append(std::complex<float>(numbers[i], -1.0F));
    if (dtype == Dtype::complex128) append(std::complex<double>(numbers[i], -1.0));
  }
  return bytes;
}

void make_store(const TemporaryFolder& folder, Dtype dtype = Dtype::float32) {
  const std::string value = bytes_of(dtype);
  ParamRecord record;
  record.name = "weight";
  record.constraint_tag = "real";
  record.dtype = dtype;
  record.shape = {2, 3};
  record.checksum = value_checksum({value.data(), value.size()});
  Database database(folder / "model.params.db");
  WriteTransaction transaction(database.main());
  transaction.insert(record, {value.data(), value.size()});
  transaction.commit();
}

/// A Python that has the module, this system's own if the first one found has not; "" where neither has.
std::string python_with(const std::string& module) {
  for (const char* python : {"python3", "/usr/bin/python3"}) {
    int status = 0;
    output_of(python + std::string(" -c 'import ") + module + "'", status);
    if (status == 0) return python;
  }
  return "";
}

/// What one of the examples prints of the store in `folder`.
std::string printed_by(const std::string& python, const std::string& example, const TemporaryFolder& folder) {
  write_file(folder / "example.py", example);
  int status = 0;
  const std::string output = output_of("cd '" + folder.path().string() + "' && " + python + " example.py", status);
  CHECK(status == 0);
  return output;
}

}  // namespace

TEST_CASE("FORMAT.md: Python's standard library reads a parameter") {
  const auto blocks = code_blocks("python");
  REQUIRE(blocks.size() == 3);
  const std::string python = python_with("sqlite3");
  if (python.empty()) {
    MESSAGE("not run: there is no python3 with sqlite3 here");
    return;
  }
  for (const Dtype dtype : {Dtype::float32, Dtype::float64}) {
    const TemporaryFolder folder;
    make_store(folder, dtype);
    CHECK(printed_by(python, blocks[2], folder) == "[2,3] [0.0, 0.5, 1.0, 1.5, 2.0, 2.5]\n");
  }
}

TEST_CASE("FORMAT.md: NumPy reads a parameter of every dtype") {
  const auto blocks = code_blocks("python");
  REQUIRE(blocks.size() == 3);
  const std::string python = python_with("sqlite3, numpy");
  if (python.empty()) {
    MESSAGE("not run: there is no python3 with sqlite3 and numpy here");
    return;
  }
  const auto printed = [&](Dtype dtype) {
    const TemporaryFolder folder;
    make_store(folder, dtype);
    return printed_by(python, blocks[dtype == Dtype::bfloat16 ? 1 : 0], folder);
  };
  for (const Dtype dtype : {Dtype::float16, Dtype::bfloat16, Dtype::float32, Dtype::float64}) {
    CHECK(printed(dtype) == "[[0.  0.5 1. ]\n [1.5 2.  2.5]]\n");
  }
  for (const Dtype dtype : {Dtype::complex64, Dtype::complex128}) {
    CHECK(printed(dtype) == "[[0. -1.j 0.5-1.j 1. -1.j]\n [1.5-1.j 2. -1.j 2.5-1.j]]\n");
  }
}

TEST_CASE("FORMAT.md: its SQL runs, and does what it says") {
  const TemporaryFolder folder;
  make_store(folder);
  PlainSqlite plain(folder / "model.params.db");
  const auto blocks = code_blocks("sql");
  REQUIRE(blocks.size() == 2);
  for (const std::string& block : blocks) CHECK(plain.run(block) == "");
  CHECK(plain.get("SELECT group_concat(name || nbytes || revision) FROM param_list") == "weight.old243");
  CHECK(plain.get("SELECT checksum FROM params") == "NULL");
  Database database(folder / "model.params.db");
  CHECK(value_of(database.main(), "weight.old") == std::vector<char>(24));
  CHECK(database.main().revision() == 5);
}

TEST_CASE("FORMAT.md: Python changes a value through SQL alone, and the library takes it in") {
  const TemporaryFolder folder;
  make_store(folder);
  int status = 0;
  output_of("python3 -c 'import sqlite3'", status);
  if (status != 0) {
    MESSAGE("not run: there is no python3 with sqlite3 here");
    return;
  }
  write_file(folder / "example.py",
             "import array, sqlite3\n"
             "store = sqlite3.connect('model.params.db')\n"
             "store.execute('UPDATE params SET value = ? WHERE name = ?', (array.array('f', [1, 2, 3, 4, 5, "
             "6]).tobytes(), 'weight'))\n"
             "store.commit()\n"
             "try:\n"
             "    store.execute('UPDATE params SET value = ? WHERE name = ?', (b'short', 'weight'))\n"
             "except sqlite3.IntegrityError as error:\n"
             "    print(error)\n");
  const std::string output = output_of("cd '" + folder.path().string() + "' && python3 example.py", status);
  CHECK(contains(output, "the length of value is not what shape and dtype say"));
  Database database(folder / "model.params.db");
  const auto value = value_of(database.main(), "weight");
  const float expected[] = {1, 2, 3, 4, 5, 6};
  CHECK(std::equal(value.begin(), value.end(), reinterpret_cast<const char*>(expected)));
  CHECK(database.main().find("weight")->revision == 2);
}
