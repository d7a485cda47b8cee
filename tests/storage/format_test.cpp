// schema/FORMAT.md, taken at its word: its examples run as they stand there.
#include <doctest/doctest.h>

#include <cstdio>
#include <cstdlib>
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

void make_store(const TemporaryFolder& folder) {
  const float weight[] = {0.0F, 0.5F, 1.0F, 1.5F, 2.0F, 2.5F};
  ParamRecord record;
  record.name = "weight";
  record.constraint_tag = "real";
  record.shape = {2, 3};
  record.checksum = value_checksum({weight, sizeof weight});
  Database database(folder / "model.params.db");
  WriteTransaction transaction(database.main());
  transaction.insert(record, {weight, sizeof weight});
  transaction.commit();
}

}  // namespace

TEST_CASE("FORMAT.md: both Python examples read a parameter") {
  const TemporaryFolder folder;
  make_store(folder);
  const auto blocks = code_blocks("python");
  REQUIRE(blocks.size() == 2);
  int status = 0;
  output_of("python3 -c 'import sqlite3'", status);
  if (status != 0) {
    MESSAGE("not run: there is no python3 with sqlite3 here");
    return;
  }
  const auto run = [&](const std::string& code) {
    write_file(folder / "example.py", code);
    const std::string output = output_of("cd '" + folder.path().string() + "' && python3 example.py", status);
    CHECK(status == 0);
    return output;
  };
  CHECK(run(blocks[1]) == "[2,3] [0.0, 0.5, 1.0, 1.5, 2.0, 2.5]\n");
  output_of("python3 -c 'import numpy'", status);
  if (status != 0) {
    MESSAGE("the NumPy example was not run: python3 has no numpy here");
    return;
  }
  CHECK(run(blocks[0]) == "[[0.  0.5 1. ]\n [1.5 2.  2.5]]\n");
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
