// Closing and opening a store, and other programs that use its file.
#include <ATen/ATen.h>
#include <sqlite3.h>

#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "paramstore/paramstore.h"
#include "paramstore/storage/database.h"
#include "store/model_operations.h"

namespace model {
namespace {

using namespace paramstore;

void reopen(World& world, Random& random) { world.reopen(random); }

void move_store(World& world, Random&) {
  if (world.batch) return;
  ParamStore moved(std::move(*world.store));
  world.store.emplace(std::move(moved));
}

/// What a tool that knows only SQL does.
void run_sql(const std::filesystem::path& path, const std::string& sql) {
  sqlite3* handle = nullptr;
  const bool opened = sqlite3_open(path.c_str(), &handle) == SQLITE_OK;
  sqlite3_busy_timeout(handle, 200);
  const bool done = opened && sqlite3_exec(handle, sql.c_str(), nullptr, nullptr, nullptr) == SQLITE_OK;
  const std::string message = sqlite3_errmsg(handle);
  sqlite3_close(handle);
  require(done, sql + ": " + message);
}

std::string hex(const at::Tensor& value) {
  const at::Tensor plain = value.contiguous();
  const auto* bytes = static_cast<const unsigned char*>(plain.data_ptr());
  std::string text;
  for (std::size_t i = 0; i < plain.nbytes(); ++i) {
    text += "0123456789abcdef"[bytes[i] >> 4];
    text += "0123456789abcdef"[bytes[i] & 15];
  }
  return "x'" + text + "'";
}

void others_write(World& world, Random& random) {
  if (!world.here_on_disk() || world.batch) return;
  const std::string key = world.here_key();
  world.look();  // from here on the store knows every row
  Place& place = world.here();
  File& file = place.file;
  if (!world.other) {
    StoreOptions options;
    world.other.emplace(world.folder.path(),
                        options.durability(Durability::process_crash).on_mismatch(Mismatch::ignore));
  }
  ParamStore& other = *world.other;
  std::optional<ScopeGuard> guard;
  std::string path = world.folder.path().string();
  if (!key.empty()) {
    guard.emplace(other.scope(key.substr(6)));
    path = storage::scope_path(world.folder.path(), key.substr(6)).string();
  }
  other.refresh();
  for (int i = 1 + random.below(3); i > 0; --i) {
    const std::string name = file.rows.empty() || random.one_in(3) ? random.of(names) : random.of(file.rows).name;
    Row* row = file.named(name);
    ++file.others;
    switch (random.below(7)) {
      case 0:
      case 1: {  // as this library does
        if (row && !known(row->tag)) break;
        const std::string tag = row ? row->tag : "real";
        const at::Tensor value = constrained_value(random, tag, row && random.one_in(2) ? &row->value : nullptr);
        other.set(name, value);
        const at::Tensor unconstrained = transform_to(Constraint::parse(tag)).inv(value).clone();
        if (row) {
          file.change(*row, name, tag, unconstrained);
        } else {
          file.add(name, tag, unconstrained);
        }
        break;
      }
      case 2:
        require(other.erase(name) == (row != nullptr), "the other's erase");
        if (row) file.erase(name);
        break;
      case 3: {  // gone, and there again
        if (!row || !known(row->tag)) break;
        other.erase(name);
        file.erase(name);
        const at::Tensor value = contents(random, {3}, at::kFloat);
        other.set(name, value);
        file.add(name, "real", value);
        break;
      }
      case 4: {
        if (!row || row->value.numel() > 1000) break;
        const at::Tensor value = contents(random, row->value.sizes(), row->value.scalar_type());
        run_sql(path, "UPDATE params SET value = " + hex(value) + " WHERE name = '" + name + "'");
        file.change(*row, name, row->tag, value);
        other.refresh();
        break;
      }
      case 5: {
        if (!row || file.named("renamed")) break;
        run_sql(path, "UPDATE params SET name = 'renamed' WHERE name = '" + name + "'");
        file.change(*row, "renamed", row->tag, row->value);
        other.refresh();
        break;
      }
      default: {
        if (row) break;
        const at::Tensor value = contents(random, {2}, at::kDouble);
        run_sql(path, "INSERT INTO params (name, constraint_tag, dtype, shape, value) VALUES ('" + name +
                          "', 'positive', 'float64', '[2]', " + hex(value) + ")");
        file.add(name, "positive", value);
        other.refresh();
      }
    }
  }
  std::vector<Param> expected;
  for (const Row& row : file.rows) expected.push_back({row, row.value});
  World::compare(other, expected, "the other store");
}

void others_look(World& world, Random&) {
  if (!world.here_on_disk() || !world.here_key().empty()) return;
  ParamStore reader(world.folder.path(), StoreOptions().read_only(true));
  std::vector<Param> expected;
  for (const Row& row : world.batch&& world.batch_key.empty() ? world.before_batch.file.rows : world.here().file.rows)
    expected.push_back({row, row.value});
  World::compare(reader, expected, "a reader");
}

}  // namespace

std::vector<Operation> file_operations() {
  return {
      {"reopen", 3, reopen},
      {"move the store", 1, move_store},
      {"others write", 7, others_write},
      {"others look", 1, others_look},
  };
}

}  // namespace model
