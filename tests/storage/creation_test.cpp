#include <doctest/doctest.h>

#include <memory>

#include "process.h"
#include "support.h"

using namespace paramstore;
using namespace paramstore::storage;
using namespace paramstore::storage::testing;

TEST_CASE("eight processes that make the same store at once all get it") {
  for (int round = 0; round < 8; ++round) {
    const TemporaryFolder folder;
    const auto path = folder / "a.params.db";
    if (round % 2 == 1) write_file(path, "");
    std::vector<std::unique_ptr<ChildProcess>> children;
    for (int i = 0; i < 8; ++i) {
      children.push_back(std::make_unique<ChildProcess>([&path, i] {
        OpenOptions patient;
        patient.busy_timeout = std::chrono::seconds(60);
        Database database(path, patient);
        add(database.main(), std::to_string(i), some_bytes(8));
        add(*database.scope("shared"), std::to_string(i), some_bytes(8));
        return std::string("done");
      }));
    }
    for (auto& child : children) CHECK(child->wait() == "done");
    Database database(path);
    CHECK(database.main().count() == 8);
    CHECK(database.scope("shared")->count() == 8);
    CHECK(PlainSqlite(path).get("SELECT count(*) FROM meta") == "3");
    CHECK(PlainSqlite(path).get("PRAGMA integrity_check") == "ok");
  }
}
