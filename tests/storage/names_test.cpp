// StoreFile::names: a part of the index of names, in the order of their bytes.
#include <doctest/doctest.h>

#include <limits>

#include "support.h"

using namespace paramstore;
using namespace paramstore::storage;
using namespace paramstore::storage::testing;

namespace {

constexpr std::size_t all = std::numeric_limits<std::size_t>::max();

using Names = std::vector<std::string>;

}  // namespace

TEST_CASE("names come in the order of their bytes, from a beginning on, and at most as many as asked for") {
  const TemporaryFolder folder;
  Database database(folder / "m.params.db");
  StoreFile& file = database.main();
  CHECK(file.names("", all).empty());
  for (const char* name : {"b", "a.2", "\xc3\xa4", "B", "a", "a.10"}) add(file, name, some_bytes(8));
  CHECK(file.names("", all) == Names{"B", "a", "a.10", "a.2", "b", "\xc3\xa4"});
  CHECK(file.names("a", all) == Names{"a", "a.10", "a.2", "b", "\xc3\xa4"});
  CHECK(file.names("a.", 2) == Names{"a.10", "a.2"});
  CHECK(file.names("a.100", 1) == Names{"a.2"});
  CHECK(file.names("", 0).empty());
  CHECK(file.names("\xff", all).empty());
}

TEST_CASE("names are those of the scope, and of the transaction that asks") {
  const StoreWithScope store;
  Database database(store.path);
  const auto scope = database.scope("s");
  CHECK(scope->names("", all) == Names{"b"});
  {
    WriteTransaction transaction(*scope);
    const auto value = some_bytes(8);
    transaction.insert(float_record("c", value), bytes_of(value));
    transaction.erase(scope->find("b")->id, std::nullopt);
    CHECK(scope->names("", all) == Names{"c"});
  }
  CHECK(scope->names("", all) == Names{"b"});
  CHECK(database.main().names("", all) == Names{"a"});
}
