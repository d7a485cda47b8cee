// What a person does to the file with the tools they have, the sqlite3 shell and Python's sqlite3, while a program
// runs.
#include <ATen/ATen.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <string>
#include <vector>

#include "paramstore/error.h"
#include "paramstore/param_store.h"
#include "store/temporary_store.h"
// Last: LibTorch's own CHECK must not replace this one.
#include <doctest/doctest.h>

namespace {

using namespace paramstore;

using Names = std::vector<std::string>;

Names sorted(Names names) {
  std::sort(names.begin(), names.end());
  return names;
}

/// Runs the command on a file with this text in it, as its standard input.
void run(const TemporaryStore& file, const std::string& command, const std::string& text) {
  const auto script = file.folder() / "script";
  std::ofstream(script) << text;
  INFO(text);
  REQUIRE(std::system((command + " < '" + script.string() + "'").c_str()) == 0);
}

void run_shell(const TemporaryStore& file, const std::string& sql) {
  run(file, "sqlite3 -bail '" + file.path().string() + "'", sql);
}

/// `lines` have `store`, a connection.
void run_python(const TemporaryStore& file, const std::string& lines) {
  run(file, "python3 -",
      "import array, sqlite3, struct\nstore = sqlite3.connect('" + file.path().string() + "')\n" + lines +
          "\nstore.commit()\n");
}

/// Parameters of two floats, in memory, some changed in place and not committed.
struct Program {
  explicit Program(const TemporaryStore& file)
      : store(file.path(), StoreOptions().durability(Durability::process_crash)) {
    for (const char* name : {"value", "tag", "old name", "gone", "untouched"}) store.setdefault(name, at::zeros({2}));
    value = store.unconstrained("value");
    untouched = store.unconstrained("untouched");
  }
  ~Program() {
    try {
      store.refresh();  // so that the end has nothing stale to commit
    } catch (const std::exception& error) {
      MESSAGE(error.what());
    }
  }
  ParamStore store;
  at::Tensor value;
  at::Tensor untouched;
};

void check_that_everything_came(Program& program) {
  ParamStore& store = program.store;
  const RefreshResult result = store.refresh();
  CHECK(sorted(result.changed) == Names{"tag", "value"});
  CHECK(sorted(result.removed) == Names{"gone", "old name"});
  CHECK(sorted(result.added) == Names{"new", "new name"});
  CHECK(store.unconstrained("value").is_same(program.value));
  CHECK(at::equal(program.value, at::tensor({1.5F, -2.0F})));
  CHECK(at::equal(store["tag"], at::ones({2})));  // exp(0)
  CHECK(store.constraint("tag") == constraints::positive);
  CHECK_FALSE(store.contains("gone"));
  CHECK(at::equal(store["new"], at::tensor({1.5F, -2.0F})));
  CHECK(at::equal(store["new name"], at::zeros({2})));
  CHECK(store.refresh().empty());
  CHECK(store.commit() == store.revision());  // nothing is pending
}

TEST_CASE("refresh picks up what the sqlite3 shell did, like any other change") {
  TemporaryStore file;
  Program program(file);
  run_shell(file,
            "UPDATE params SET value = x'0000c03f000000c0' WHERE name = 'value';"
            "UPDATE params SET constraint_tag = 'positive' WHERE name = 'tag';"
            "UPDATE params SET name = 'new name' WHERE name = 'old name';"
            "DELETE FROM params WHERE name = 'gone';"
            "INSERT INTO params (name, dtype, shape, value) SELECT 'new', dtype, shape, value FROM params "
            "WHERE name = 'value';");
  check_that_everything_came(program);
}

TEST_CASE("refresh picks up what Python did, like any other change") {
  TemporaryStore file;
  Program program(file);
  run_python(file,
             "store.execute('UPDATE params SET value = ? WHERE name = ?', "
             "(array.array('f', [1.5, -2.0]).tobytes(), 'value'))\n"
             "store.execute('UPDATE params SET constraint_tag = ? WHERE name = ?', ('positive', 'tag'))\n"
             "store.execute('UPDATE params SET name = ? WHERE name = ?', ('new name', 'old name'))\n"
             "store.execute('DELETE FROM params WHERE name = ?', ('gone',))\n"
             "store.execute('INSERT INTO params (name, dtype, shape, value) VALUES (?, ?, ?, ?)', "
             "('new', 'float32', '[2]', struct.pack('<2f', 1.5, -2.0)))");
  check_that_everything_came(program);
}

TEST_CASE("what a tool did to a row makes a commit of the same row StaleParam, and of no other") {
  struct Change {
    const char* name;
    const char* sql;
  };
  const Change changes[] = {
      {"value", "UPDATE params SET value = zeroblob(8) WHERE name = 'value'"},
      {"tag", "UPDATE params SET constraint_tag = 'positive' WHERE name = 'tag'"},
      {"old name", "UPDATE params SET name = 'new name' WHERE name = 'old name'"},
      {"gone", "DELETE FROM params WHERE name = 'gone'"},
      {"value", "UPDATE params SET shape = '[1,2]' WHERE name = 'value'"},
      {"value", "UPDATE params SET dtype = 'float64', shape = '[]' WHERE name = 'value'"},
      {"gone",
       "DELETE FROM params WHERE name = 'gone'; INSERT INTO params (name, dtype, shape, value) "
       "VALUES ('gone', 'float32', '[2]', zeroblob(8))"},
  };
  for (const Change& change : changes) {
    CAPTURE(change.sql);
    for (const bool with_python : {false, true}) {
      TemporaryStore file;
      Program program(file);
      ParamStore& store = program.store;
      store.unconstrained(change.name).data().add_(5);
      program.untouched.data().add_(5);
      if (with_python) {
        run_python(file, "store.executescript(\"\"\"" + std::string(change.sql) + "\"\"\")");
      } else {
        run_shell(file, std::string(change.sql) + ";");
      }
      const auto revision = ParamStore(file.path(), StoreOptions().read_only(true)).revision();
      try {
        store.commit();
        FAIL("expected StaleParam");
      } catch (const StaleParam& error) {
        CHECK(error.names() == Names{change.name});
      }
      CHECK(ParamStore(file.path(), StoreOptions().read_only(true)).revision() == revision);  // nothing was written
      store.refresh();
      CHECK_NOTHROW(store.commit());
      CHECK(at::equal(ParamStore(file.path())["untouched"], at::full({2}, 5.0)));
    }
  }
}

TEST_CASE("what a tool did may be overwritten on purpose") {
  TemporaryStore file;
  Program program(file);
  program.value.data().add_(5);
  run_shell(file, "UPDATE params SET value = x'0000c03f000000c0' WHERE name = 'value';");
  CHECK_THROWS_AS(program.store.commit(), StaleParam);
  program.store.commit(Conflict::overwrite);
  CHECK(at::equal(ParamStore(file.path())["value"], at::full({2}, 5.0)));
}

}  // namespace
