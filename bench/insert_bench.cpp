// Many small new parameters in one transaction.
#include <ATen/ATen.h>
#include <sqlite3.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <stdexcept>
#include <string>
#include <vector>

#include "bench.h"
#include "data.h"

namespace bench {
namespace {

using benchmark::State;
using paramstore::Durability;
using paramstore::ParamStore;
using paramstore::StoreOptions;

constexpr int rounds = 5;
constexpr int count = 100'000;

StoreOptions options() { return StoreOptions().durability(Durability::process_crash); }

void make_empty_store(const std::filesystem::path& path) {
  for (const char* suffix : {"", "-wal", "-shm"}) std::filesystem::remove(path.string() + suffix);
  ParamStore(path, options()).close();
}

void require(sqlite3* database, int code) {
  if (code != SQLITE_OK && code != SQLITE_DONE) throw std::runtime_error(sqlite3_errmsg(database));
}

/// A connection set up as the library's own: no triggers, no CHECKs, no checkpoints.
class Plain {
 public:
  explicit Plain(const std::filesystem::path& path) {
    const int code = sqlite3_open(path.c_str(), &database_);
    require(database_, code);
    require(database_, sqlite3_db_config(database_, SQLITE_DBCONFIG_ENABLE_TRIGGER, 0, nullptr));
    execute(
        "PRAGMA ignore_check_constraints = ON; PRAGMA synchronous = NORMAL; PRAGMA wal_autocheckpoint = 0; "
        "PRAGMA cache_size = -131072");
  }
  ~Plain() { sqlite3_close(database_); }
  Plain(const Plain&) = delete;
  Plain& operator=(const Plain&) = delete;

  void execute(const char* sql) { require(database_, sqlite3_exec(database_, sql, nullptr, nullptr, nullptr)); }

  void insert_all(const std::vector<std::string>& names, const at::Tensor& value) {
    execute("BEGIN; INSERT INTO commits (step) VALUES (NULL)");
    sqlite3_stmt* insert = nullptr;
    require(database_, sqlite3_prepare_v2(database_,
                                          "INSERT INTO params (name, constraint_tag, dtype, shape, device, revision, "
                                          "checksum, value) VALUES (?1, ?2, ?3, ?4, ?5, ?6, ?7, ?8)",
                                          -1, &insert, nullptr));
    const auto bytes = static_cast<int>(value.nbytes());
    for (const std::string& name : names) {
      sqlite3_bind_text(insert, 1, name.data(), static_cast<int>(name.size()), SQLITE_STATIC);
      sqlite3_bind_text(insert, 2, "real", 4, SQLITE_STATIC);
      sqlite3_bind_text(insert, 3, "float32", 7, SQLITE_STATIC);
      sqlite3_bind_text(insert, 4, "[4]", 3, SQLITE_STATIC);
      sqlite3_bind_text(insert, 5, "cpu", 3, SQLITE_STATIC);
      sqlite3_bind_int64(insert, 6, 1);
      sqlite3_bind_int64(insert, 7, INT64_C(0x123456789abcdef));
      sqlite3_bind_blob(insert, 8, value.data_ptr(), bytes, SQLITE_STATIC);
      require(database_, sqlite3_step(insert));
      sqlite3_reset(insert);
    }
    sqlite3_finalize(insert);
    execute("COMMIT");
  }

 private:
  sqlite3* database_ = nullptr;
};

struct Insert {
  File file{"insert.params.db"};
  File peer_file{"insert-peer.params.db"};
  std::vector<std::string> names;
  at::Tensor value = at::randn({4});

  Insert() {
    for (int i = 0; i < count; ++i) names.push_back(name_of(i));
  }
};

std::vector<Side> insert_small() {
  auto insert = std::make_shared<Insert>();
  Side ours{"ours",
            [insert](State& state) {
              std::optional<ParamStore> store;
              time_each(
                  state,
                  [&] {
                    make_empty_store(insert->file.path());
                    store.emplace(insert->file.path(), options());
                  },
                  [&] {
                    auto batch = store->batch();
                    for (const std::string& name : insert->names) batch.setdefault(name, insert->value);
                    batch.commit();
                  },
                  [&] { store.reset(); });
            },
            1};
  Side peer{"sqlite",
            [insert](State& state) {
              std::optional<Plain> database;
              time_each(
                  state,
                  [&] {
                    make_empty_store(insert->peer_file.path());
                    database.emplace(insert->peer_file.path());
                  },
                  [&] { database->insert_all(insert->names, insert->value); }, [&] { database.reset(); });
            },
            1};
  return {ours, peer};
}

}  // namespace

std::vector<Work> insert_works() { return {{"insert/100000x4", rounds, insert_small}}; }

}  // namespace bench
