#include "faults/storage_operations.h"

#include <algorithm>
#include <atomic>
#include <random>
#include <stdexcept>

#include "faults/attack.h"
#include "faults/version_1.h"
#include "paramstore/error.h"
#include "paramstore/storage/savepoint.h"

namespace faults {

namespace fs = std::filesystem;
using namespace paramstore;
using namespace paramstore::storage;

namespace {

constexpr std::size_t small_size = 256;
constexpr std::size_t large_size = 150'000;    // three pages, too long to travel with its row
constexpr std::size_t chunked_size = 100'000;  // in three chunks, by storage_options
constexpr int run_length = 12;

std::vector<char> some_bytes(std::size_t size, std::uint64_t seed) {
  std::vector<char> bytes(size);
  std::mt19937_64 random(seed);
  for (std::size_t i = 0; i < size; i += 8) {
    const std::uint64_t word = random();
    for (std::size_t j = i; j < std::min(i + 8, size); ++j) bytes[j] = static_cast<char>(word >> (8 * (j - i)));
  }
  return bytes;
}

ValueBytes bytes_of(const std::vector<char>& value) { return {value.data(), value.size()}; }

ParamRecord record_of(const std::string& name, const std::vector<char>& value) {
  ParamRecord record;
  record.name = name;
  record.constraint_tag = "real";
  record.shape = {static_cast<std::int64_t>(value.size() / 4)};
  record.checksum = value_checksum(bytes_of(value));
  return record;
}

void insert(WriteTransaction& transaction, const std::string& name, const std::vector<char>& value) {
  transaction.insert(record_of(name, value), bytes_of(value));
}

void add(StoreFile& file, const std::string& name, std::size_t size, std::uint64_t seed) {
  WriteTransaction transaction(file);
  insert(transaction, name, some_bytes(size, seed));
  transaction.commit();
}

std::int64_t id_of(StoreFile& file, const std::string& name) {
  const auto record = file.find(name);
  if (!record) throw WrongValue{"the parameter " + name + " was not found"};
  return record->id;
}

void update(StoreFile& file, const std::string& name, std::size_t size, std::uint64_t seed) {
  const std::vector<char> value = some_bytes(size, seed);
  WriteTransaction transaction(file);
  require(transaction.update_value(id_of(file, name), std::nullopt, bytes_of(value), value_checksum(bytes_of(value))),
          "an update without a condition was not made");
  transaction.commit();
}

std::string run_name(int i) { return "run-" + std::to_string(i); }

void update_run(StoreFile& file, WriteTransaction& transaction, std::uint64_t seed) {
  std::vector<std::vector<char>> values;
  std::vector<ValueUpdate> updates;
  for (int i = 0; i < run_length; ++i) {
    values.push_back(some_bytes(small_size, seed + static_cast<std::uint64_t>(i)));
    const ValueBytes value = bytes_of(values.back());
    updates.push_back({id_of(file, run_name(i)), std::nullopt, value, value_checksum(value)});
  }
  update_values(transaction, updates);
  for (const ValueUpdate& each : updates) require(each.written, "a value of a run was not written");
}

void open_store(Bench& bench) { bench.database.emplace(open_database(bench / "model.params.db", storage_options())); }

// So that what it does first is not part of what follows.
void open_and_read(Bench& bench) {
  open_store(bench);
  static_cast<void>(rows_of(bench.main()));
}

void nothing(Bench&) {}

void others_change(Bench& bench) {
  open_and_read(bench);
  bench.other.emplace(open_database(bench / "model.params.db", storage_options()));
  update(bench.other->main(), "small", small_size, 90);
  update(bench.other->main(), "chunked", chunked_size, 91);
  WriteTransaction transaction(bench.other->main());
  transaction.erase(id_of(bench.other->main(), "gone"), std::nullopt);
  insert(transaction, "theirs", some_bytes(small_size, 92));
  transaction.commit();
}

// Reads all that there is to read, in every way.
void read_everything(Bench& bench) {
  StoreFile& file = bench.main();
  const ReadTransaction snapshot(file);
  const std::vector<ParamRecord> list = file.list();
  require(list.size() == file.count(), "the count is not that of the list");
  require(stamps(file).size() == list.size(), "the stamps are not as many as the rows");
  require(file.last_id() == list.back().id, "the last id is not that of the last row");
  require(!file.commits(5).empty(), "there are no commits");
  require(file.names("run-", 3).size() == 3, "the names are not there");
  require(file.facts().schema_version > 0, "there are no facts");
  require(file.revision() > 0 && file.change_counter() != 0, "there is no revision");
  std::map<std::string, std::vector<char>> values;
  const auto loaded = file.read_all([&](const ParamRecord& record) -> void* {
    values[record.name].resize(static_cast<std::size_t>(*value_size(record.shape, record.dtype)));
    return values[record.name].data();
  });
  require(loaded.size() == list.size(), "not all rows were read");
  for (const ParamRecord& record : list) {
    std::vector<char> value(static_cast<std::size_t>(*value_size(record.shape, record.dtype)));
    file.read_value(record, value.data());
    require(values[record.name] == value, "a value was read in two ways");
    require(value_checksum(bytes_of(value)) == record.checksum, "a value was read with another checksum");
  }
}

// A part of the file that cannot be read is reported, and is no damage of what can be.
void verify(StoreFile& file) {
  for (const Damage& each : file.verify().damage) {
    for (const char* failing :
         {"input/output", "Input/output", "could not be opened", "cannot be read", "locking protocol"}) {
      if (each.what.find(failing) != std::string::npos) throw StorageError("verify: " + each.what, 0);
    }
    throw WrongValue{"a sound store is damaged: " + each.what};
  }
}

void copy(Bench& bench) { bench.main().copy_to(bench / "copy.db", nullptr); }

void open_another(Bench& bench) {
  open_and_read(bench);
  bench.other.emplace(open_database(bench / "model.params.db", storage_options()));
  update(bench.main(), "small", small_size, 60);
}

}  // namespace

const std::vector<StorageOperation> storage_operations = {
    {"open",
     {},
     nothing,
     [](Bench& bench) {
       open_store(bench);
       static_cast<void>(rows_of(bench.main()));
     }},
    {"open to read",
     {},
     nothing,
     [](Bench& bench) {
       InternalOptions options = storage_options();
       options.read_only = true;
       bench.database.emplace(open_database(bench / "model.params.db", options));
       static_cast<void>(rows_of(bench.main()));
     }},
    {"create",
     {},
     nothing,
     [](Bench& bench) { bench.database.emplace(open_database(bench / "new.db", storage_options())); }},
    {"migrate",
     {"old.db"},
     nothing,
     [](Bench& bench) { bench.database.emplace(open_database(bench / "old.db", storage_options())); }},
    {"read", {}, open_store, read_everything},
    {"read many rows",
     {"many.db"},
     [](Bench& bench) { bench.database.emplace(open_database(bench / "many.db", storage_options())); },
     [](Bench& bench) {
       static_cast<void>(stamps(bench.main()));
       std::vector<char> values(1 << 20);
       std::atomic<std::size_t> used = 0;
       const auto checksums =
           read_parts(bench.main(), [&](ParamRecord&&, std::size_t) -> void* { return values.data() + 8 * used++; });
       require(checksums.size() == used && used > 4096, "not all of the many rows were read");
     }},
    {"read what others changed", {}, others_change, read_everything},
    {"insert a small value", {}, open_store, [](Bench& bench) { add(bench.main(), "new", small_size, 10); }},
    {"insert a large value",
     {},
     open_store,
     [](Bench& bench) {
       // In chunks too, as all that is longer than these options allow in a row.
       add(bench.main(), "new", large_size, 11);
     }},
    {"insert under a name that may be taken",
     {},
     open_store,
     [](Bench& bench) {
       WriteTransaction transaction(bench.main());
       const std::vector<char> value = some_bytes(small_size, 12);
       require(transaction.try_insert(record_of("new", value), bytes_of(value)).has_value(),
               "a new name was said to be taken");
       require(!transaction.try_insert(record_of("small", value), bytes_of(value)).has_value(),
               "a name was inserted twice");
       transaction.commit();
     }},
    {"update a small value", {}, open_store, [](Bench& bench) { update(bench.main(), "small", small_size, 20); }},
    {"update a large value", {}, open_store, [](Bench& bench) { update(bench.main(), "large", large_size, 21); }},
    {"update a chunked value", {}, open_store, [](Bench& bench) { update(bench.main(), "chunked", chunked_size, 22); }},
    {"update a run",
     {},
     open_store,
     [](Bench& bench) {
       WriteTransaction transaction(bench.main(), {7, "a run"});
       update_run(bench.main(), transaction, 100);
       transaction.commit();
     }},
    {"replace by another shape",
     {},
     open_store,
     [](Bench& bench) {
       WriteTransaction transaction(bench.main());
       const std::vector<char> value = some_bytes(small_size, 23);
       require(transaction.replace(id_of(bench.main(), "chunked"), std::nullopt, record_of("chunked", value),
                                   bytes_of(value)),
               "a row was not replaced");
       const std::vector<char> longer = some_bytes(chunked_size, 24);
       require(transaction.replace(id_of(bench.main(), "small"), std::nullopt, record_of("small", longer),
                                   bytes_of(longer)),
               "a row was not replaced");
       transaction.commit();
     }},
    {"rename",
     {},
     open_store,
     [](Bench& bench) {
       WriteTransaction transaction(bench.main());
       require(transaction.rename(id_of(bench.main(), "small"), std::nullopt, "renamed"), "a row was not renamed");
       transaction.annotate({3, "renamed"});
       transaction.commit();
     }},
    {"erase",
     {},
     open_store,
     [](Bench& bench) {
       WriteTransaction transaction(bench.main());
       require(transaction.erase(id_of(bench.main(), "chunked"), std::nullopt), "a row was not erased");
       transaction.commit();
     }},
    {"clear",
     {},
     open_store,
     [](Bench& bench) {
       WriteTransaction transaction(bench.main());
       transaction.clear();
       transaction.commit();
     }},
    {"savepoints",
     {},
     open_store,
     [](Bench& bench) {
       StoreFile& file = bench.main();
       WriteTransaction transaction(file);
       {
         Savepoint kept(transaction);
         update_run(file, transaction, 300);
         kept.release();
       }
       {
         const Savepoint undone(transaction);
         insert(transaction, "undone", some_bytes(large_size, 30));
         transaction.erase(id_of(file, "large"), std::nullopt);
       }
       insert(transaction, "new", some_bytes(small_size, 31));
       transaction.commit();
     }},
    {"a long transaction",
     {},
     open_store,
     [](Bench& bench) {
       StoreFile& file = bench.main();
       WriteTransaction transaction(file, {1, "everything"});
       update_run(file, transaction, 400);
       insert(transaction, "new", some_bytes(large_size, 40));
       transaction.erase(id_of(file, "gone"), std::nullopt);
       const std::vector<char> value = some_bytes(large_size, 41);
       transaction.update_value(id_of(file, "large"), std::nullopt, bytes_of(value), value_checksum(bytes_of(value)));
       transaction.commit();
     }},
    {"a transaction that is dropped",
     {},
     open_store,
     [](Bench& bench) {
       WriteTransaction transaction(bench.main());
       transaction.clear();
       insert(transaction, "new", some_bytes(large_size, 42));
     }},
    {"make a scope", {}, open_store, [](Bench& bench) { bench.database->scope("fold-2"); }},
    {"change in a scope",
     {},
     open_store,
     [](Bench& bench) {
       const auto scope = bench.database->scope("fold-1");
       update(*scope, "w", small_size, 50);
     }},
    {"a scope in memory",
     {},
     open_store,
     [](Bench& bench) {
       const auto scope = bench.database->anonymous_scope();
       add(*scope, "w", small_size, 51);
       require(rows_of(*scope).size() == 1, "a scope in memory does not hold its row");
     }},
    {"drop a scope",
     {},
     [](Bench& bench) {
       open_store(bench);
       update(*bench.database->scope("fold-1"), "w", small_size, 52);
     },
     [](Bench& bench) { require(bench.database->drop_scope("fold-1"), "a scope was said not to exist"); }},
    {"names of scopes",
     {},
     open_store,
     [](Bench& bench) {
       require(bench.database->scope_names() == std::vector<std::string>{"fold-1"}, "the scopes have other names");
     }},
    {"verify", {}, open_store, [](Bench& bench) { verify(bench.main()); }},
    {"compact",
     {},
     [](Bench& bench) {
       open_store(bench);
       WriteTransaction transaction(bench.main());
       transaction.erase(id_of(bench.main(), "large"), std::nullopt);
       transaction.commit();
     },
     [](Bench& bench) { bench.main().compact(); }},
    {"copy", {}, open_store, copy},
    {"copy over another store", {"copy.db"}, open_store, copy},
    {"copy and amend",
     {"copy.db"},
     open_store,
     [](Bench& bench) {
       bench.main().copy_to(bench / "copy.db", [](WriteTransaction& transaction) {
         insert(transaction, "amended", some_bytes(large_size, 53));
       });
     }},
    {"copy what is in memory",
     {},
     [](Bench& bench) {
       bench.database.emplace(open_in_memory(storage_options()));
       add(bench.main(), "m", large_size, 54);
     },
     copy},
    {"close",
     {},
     [](Bench& bench) {
       open_store(bench);
       update(*bench.database->scope("fold-1"), "w", small_size, 55);
       update(bench.main(), "chunked", chunked_size, 56);
     },
     [](Bench& bench) { bench.database.reset(); }},
    {"close beside another", {}, open_another, [](Bench& bench) { bench.database.reset(); }},
};

void make_storage_start(const fs::path& folder) {
  const auto fill = [](StoreFile& file) {
    WriteTransaction transaction(file);
    insert(transaction, "small", some_bytes(small_size, 1));
    insert(transaction, "chunked", some_bytes(chunked_size, 2));
    for (int i = 0; i < run_length; ++i)
      insert(transaction, run_name(i), some_bytes(small_size, static_cast<std::uint64_t>(200 + i)));
    insert(transaction, "gone", some_bytes(small_size, 3));
    transaction.commit();
  };
  {
    Database database = open_database(folder / "model.params.db", storage_options());
    fill(database.main());
    add(*database.scope("fold-1"), "w", small_size, 5);
    InternalOptions in_one_row = storage_options();
    in_one_row.max_value_length = InternalOptions().max_value_length;
    Database another = open_database(folder / "model.params.db", in_one_row);
    add(another.main(), "large", large_size, 4);
  }
  {
    Database database = open_database(folder / "copy.db", storage_options());
    add(database.main(), "other", small_size, 6);
  }
  {
    Database database = open_database(folder / "many.db", storage_options());
    WriteTransaction transaction(database.main());
    const std::vector<char> value = some_bytes(8, 7);
    for (int i = 0; i < 5000; ++i) insert(transaction, "p" + std::to_string(i), value);
    transaction.commit();
  }
  make_version_1(folder / "old.db");
}

}  // namespace faults
