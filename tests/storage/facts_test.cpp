// StoreFile::facts: which store a file is, and how large.
#include <doctest/doctest.h>

#include "support.h"

using namespace paramstore;
using namespace paramstore::storage;
using namespace paramstore::storage::testing;

TEST_CASE("facts are what the file's meta table and its size say") {
  const StoreWithScope store;
  FileFacts facts;
  FileFacts of_scope;
  {
    Database database(store.path, read_only());
    facts = database.main().facts();
    of_scope = database.scope("s")->facts();
  }
  CHECK(facts.bytes == std::filesystem::file_size(store.path));
  CHECK(facts.free_bytes == 0);
  PlainSqlite sql(store.path);
  CHECK(facts.store_id == sql.get("SELECT value FROM meta WHERE key = 'store_id'"));
  CHECK(facts.created == sql.get("SELECT value FROM meta WHERE key = 'created'"));
  CHECK(facts.library_version == sql.get("SELECT value FROM meta WHERE key = 'library_version'"));
  CHECK(std::to_string(facts.schema_version) == sql.get("PRAGMA user_version"));
  CHECK_FALSE(facts.store_id.empty());
  CHECK_FALSE(of_scope.store_id.empty());
  CHECK(of_scope.store_id != facts.store_id);
}

TEST_CASE("what an erased value leaves behind is free until the file is compacted") {
  const TemporaryFolder folder;
  Database database(folder / "m.params.db");
  StoreFile& file = database.main();
  const std::size_t size = 4 << 20;
  const auto id = add(file, "large", some_bytes(size));
  const FileFacts before = file.facts();
  CHECK(before.bytes > size);
  CHECK(before.free_bytes < size / 2);
  {
    WriteTransaction transaction(file);
    transaction.erase(id, std::nullopt);
    CHECK(file.facts().free_bytes > size / 2);  // as the transaction sees it
    transaction.commit();
  }
  const FileFacts erased = file.facts();
  CHECK(erased.bytes == before.bytes);
  CHECK(erased.free_bytes > size / 2);
  CHECK(erased.store_id == before.store_id);
  file.compact();
  CHECK(file.facts().bytes < size / 2);
  CHECK(file.facts().free_bytes == 0);
}

TEST_CASE("a file that does not say which store it is has empty facts") {
  const TemporaryFolder folder;
  const auto path = folder / "m.params.db";
  { Database database(path); }
  CHECK(Forger(path).run("DELETE FROM meta") == "");
  const FileFacts facts = Database(path, read_only()).main().facts();
  CHECK(facts.store_id.empty());
  CHECK(facts.created.empty());
  CHECK(facts.library_version.empty());
  CHECK(facts.bytes > 0);
}
