// Power loss, at the level of system calls: everything that storage does is recorded once, then the power goes at any call. What
// the disk may then hold is opened and must be a state that was committed; with survive_power_loss, the newest that was.
//
//   power_loss durable|fast    with survive_power_loss, without
#include <sqlite3.h>

#include <algorithm>
#include <cstdio>
#include <functional>
#include <map>
#include <memory>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "faults/children.h"
#include "faults/disk_model.h"
#include "faults/figures.h"
#include "faults/file_bytes.h"
#include "faults/picture.h"
#include "faults/surroundings.h"
#include "lib/storage/store_internals.h"
#include "paramstore/error.h"
#include "paramstore/storage/database.h"

namespace fs = std::filesystem;
using namespace faults;
using namespace paramstore;
using namespace paramstore::storage;

namespace {

/// What a file held from a call on; nullopt: there was no store. While `begin` <= calls < `end`, the change was being made.
struct State {
  std::size_t begin;
  std::size_t end;
  std::optional<Picture> picture;
};

/// Everything that happened to the files of a folder.
struct Story {
  std::map<std::string, std::string> first_files;
  std::vector<DiskCall> calls;
  std::map<std::string, std::vector<State>> states;  // by file
};

// Does it all and writes down what happened.
class Teller {
 public:
  explicit Teller(bool survive_power_loss) {
    options_.survive_power_loss = survive_power_loss;
    options_.max_value_length = 150'000;
  }

  Story tell() {
    make_old_store("old.db");
    story_.first_files["old.db"] = read_file(folder_.path() / "old.db");
    {
      const Database old = open("old.db", true);  // as it is
      story_.states["old.db"] = {{0, 0, picture_of(const_cast<Database&>(old).main())}};
    }
    for (const auto& entry : fs::directory_iterator(folder_.path())) {
      if (entry.path().filename() != "old.db") throw std::logic_error("a reader left a file behind");
    }
    for (const char* file : {"a.db", "copy.db", "a.scopes/one.params.db", "a.scopes/two.params.db"})
      story_.states[file] = {{0, 0, std::nullopt}};

    Recorder recorder(folder_.path());
    recorder_ = &recorder;
    {
      const Observation observation(folder_.path().string(), recorder);
      live();
    }
    if (!recorder.failure.empty()) throw std::logic_error(recorder.failure);
    story_.calls = std::move(recorder.calls);
    return std::move(story_);
  }

 private:
  Database open(const std::string& file, bool read_only = false) {
    InternalOptions options = options_;
    options.read_only = read_only;
    return open_database(folder_.path() / file, options);
  }

  // A store of schema version 1.
  void make_old_store(const std::string& file) {
    sqlite3* handle = nullptr;
    sqlite3_open((folder_.path() / file).c_str(), &handle);
    const std::unique_ptr<sqlite3, int (*)(sqlite3*)> closer(handle, sqlite3_close);
    const std::string sql =
        "PRAGMA page_size = 4096;" + read_file(fs::path(PARAMSTORE_SOURCE_DIR) / "schema" / "0001-initial.sql") +
        "PRAGMA application_id = 1347571027; PRAGMA user_version = 1; PRAGMA journal_mode = WAL;"
        "INSERT INTO meta VALUES ('store_id', lower(hex(randomblob(16)))), ('created', '2024-02-29'),"
        "('library_version', '0.1.0');"
        "INSERT INTO params (name, dtype, shape, value) VALUES ('small', 'float32', '[2]', randomblob(8))";
    if (sqlite3_exec(handle, sql.c_str(), nullptr, nullptr, nullptr) != SQLITE_OK)
      throw std::runtime_error(sqlite3_errmsg(handle));
  }

  // Does `action`, which changes `file`; `after` says what it then holds.
  void change(const std::string& file, const std::function<void()>& action,
              const std::function<std::optional<Picture>()>& after) {
    const std::size_t begin = recorder_->calls.size();
    action();
    const std::size_t end = recorder_->calls.size();
    story_.states[file].push_back({begin, end, after()});
  }

  void commit(const std::string& name, StoreFile& file, const std::function<void(WriteTransaction&)>& action) {
    change(
        name,
        [&] {
          WriteTransaction transaction(file);
          action(transaction);
          transaction.commit();
        },
        [&] { return picture_of(file); });
  }

  const std::vector<char>& bytes(std::size_t size) {
    bytes_.resize(size);
    for (char& byte : bytes_) byte = static_cast<char>(random_());
    return bytes_;
  }

  void insert(WriteTransaction& transaction, const std::string& name, std::size_t size) {
    const auto& value = bytes(size);
    ParamRecord record;
    record.name = name;
    record.constraint_tag = "real";
    record.shape = {static_cast<std::int64_t>(size / 4)};
    record.checksum = value_checksum({value.data(), value.size()});
    transaction.insert(record, {value.data(), value.size()});
  }

  void overwrite(WriteTransaction& transaction, const std::string& name) {
    const auto record = transaction.file().find(name);
    const auto& value = bytes(static_cast<std::size_t>(*value_size(record->shape, record->dtype)));
    transaction.update_value(record->id, std::nullopt, {value.data(), value.size()},
                             value_checksum({value.data(), value.size()}));
  }

  // All values of a run of small rows, by one statement.
  void overwrite_run(WriteTransaction& transaction) {
    std::vector<std::vector<char>> values;
    std::vector<ValueUpdate> updates;
    for (const ParamRecord& record : transaction.file().list()) {
      if (record.name.compare(0, 4, "run.") != 0) continue;
      values.push_back(bytes(256));
      updates.push_back({record.id, std::nullopt, {}, 0});
    }
    for (std::size_t i = 0; i < values.size(); ++i) {
      updates[i].value = {values[i].data(), values[i].size()};
      updates[i].checksum = value_checksum(updates[i].value);
    }
    update_values(transaction, updates);
  }

  // As another program that has the file open would: SQLite's automatic checkpoint, or a person's.
  void checkpoint(const std::string& file, int mode) {
    sqlite3* handle = nullptr;
    sqlite3_open((folder_.path() / file).c_str(), &handle);
    const std::unique_ptr<sqlite3, int (*)(sqlite3*)> closer(handle, sqlite3_close);
    if (sqlite3_wal_checkpoint_v2(handle, "main", mode, nullptr, nullptr) != SQLITE_OK)
      throw std::runtime_error(sqlite3_errmsg(handle));
  }

  void live() {
    std::optional<Database> a;
    change(
        "a.db", [&] { a.emplace(open("a.db")); }, [&] { return picture_of(a->main()); });
    StoreFile* main = &a->main();
    commit("a.db", *main, [&](WriteTransaction& t) { insert(t, "small", 64); });
    commit("a.db", *main, [&](WriteTransaction& t) {
      for (int i = 0; i < 20; ++i) insert(t, "run." + std::to_string(i), 256);
    });
    commit("a.db", *main, [&](WriteTransaction& t) { overwrite_run(t); });
    commit("a.db", *main, [&](WriteTransaction& t) { insert(t, "large", 120'000); });
    commit("a.db", *main, [&](WriteTransaction& t) { insert(t, "chunked", 320'000); });
    for (int i = 0; i < 3; ++i) commit("a.db", *main, [&](WriteTransaction& t) { overwrite(t, "small"); });
    commit("a.db", *main, [&](WriteTransaction& t) { overwrite(t, "large"); });

    live_in_scopes(*a);

    checkpoint("a.db", SQLITE_CHECKPOINT_PASSIVE);  // the next commit begins the log anew
    commit("a.db", *main, [&](WriteTransaction& t) { overwrite(t, "chunked"); });
    commit("a.db", *main, [&](WriteTransaction& t) {
      t.erase(t.file().find("large")->id, std::nullopt);
      t.rename(t.file().find("small")->id, std::nullopt, "tiny");
    });
    change(
        "copy.db", [&] { main->copy_to(folder_.path() / "copy.db", nullptr); }, [&] { return picture_of(*main); });
    commit("a.db", *main, [&](WriteTransaction& t) { overwrite_run(t); });
    change(
        "copy.db",
        [&] {
          main->copy_to(folder_.path() / "copy.db",
                        [&](WriteTransaction& t) { t.erase(t.file().find("chunked")->id, std::nullopt); });
        },
        [&] {
          Picture picture = picture_of(*main);
          picture.erase(
              std::find_if(picture.begin(), picture.end(), [](const Row& row) { return row.name == "chunked"; }));
          return picture;
        });
    main->compact();
    commit("a.db", *main, [&](WriteTransaction& t) { insert(t, "large", 100'000); });
    checkpoint("a.db", SQLITE_CHECKPOINT_TRUNCATE);
    commit("a.db", *main, [&](WriteTransaction& t) { overwrite(t, "tiny"); });
    a.reset();
    a.emplace(open("a.db"));
    commit("a.db", a->main(), [&](WriteTransaction& t) { overwrite(t, "large"); });
    commit("a.db", a->main(), [&](WriteTransaction& t) {
      t.clear();
      insert(t, "last", 64);
    });
    a.reset();

    Database old = open("old.db");  // migrates it
    commit("old.db", old.main(), [&](WriteTransaction& t) { insert(t, "new", 64); });
  }

  void live_in_scopes(Database& a) {
    for (const int round : {0, 1}) {
      for (const char* name : {"one", "two"}) {
        const std::string file = std::string("a.scopes/") + name + ".params.db";
        std::shared_ptr<StoreFile> scope;
        change(
            file, [&] { scope = a.scope(name); }, [&] { return picture_of(*scope); });
        for (int i = 0; i < 2; ++i)
          commit(file, *scope, [&](WriteTransaction& t) { insert(t, "w" + std::to_string(t.revision()), 1000); });
      }
      change(
          "a.scopes/one.params.db", [&] { a.drop_scope("one"); }, [] { return std::nullopt; });
      if (round == 0)
        change(
            "a.scopes/two.params.db", [&] { a.drop_scope("two"); }, [] { return std::nullopt; });
    }
  }

  InternalOptions options_;
  Workplace folder_;
  Recorder* recorder_ = nullptr;
  Story story_;
  std::mt19937_64 random_{1};
  std::vector<char> bytes_;
};

/// One loss of power: after so many calls.
struct Loss {
  std::size_t calls;
  unsigned seed;
};

// Half of them anywhere, half soon after names have changed or something was synced.
std::vector<Loss> losses_of(const Story& story, std::size_t count) {
  std::vector<std::size_t> events;
  for (std::size_t i = 0; i < story.calls.size(); ++i) {
    const auto kind = story.calls[i].kind;
    if (kind != DiskCall::Kind::write && kind != DiskCall::Kind::truncate) events.push_back(i);
  }
  std::mt19937_64 random(2);
  std::vector<Loss> losses;
  for (unsigned i = 0; i < count; ++i) {
    std::size_t at = random() % (story.calls.size() + 1);
    if (i % 2 == 0) at = std::min(events[random() % events.size()] + random() % 6, story.calls.size());
    losses.push_back({at, i});
  }
  std::sort(losses.begin(), losses.end(), [](const Loss& a, const Loss& b) { return a.calls < b.calls; });
  return losses;
}

class Aftermath {
 public:
  Aftermath(const Story& story, bool durable, const Workplace& folder)
      : story_(story), durable_(durable), disk_(story.first_files), folder_(folder) {}

  /// Losses in the order of their calls.
  Finding operator()(const Loss& loss) {
    for (; applied_ < loss.calls; ++applied_) disk_.apply(story_.calls[applied_]);
    empty_folder(folder_.path());
    std::mt19937_64 random(loss.seed);
    disk_.power_loss(folder_.path(), random);
    for (const auto& [file, states] : story_.states) {
      std::string problem;
      if (loss.seed % 2 == 0) problem = look(file, states, loss.calls, true);
      if (problem.empty()) problem = look(file, states, loss.calls, false);
      if (!problem.empty()) return {Outcome::lost, file + ": " + problem};
    }
    return {};
  }

 private:
  std::string look(const std::string& name, const std::vector<State>& states, std::size_t calls, bool read_only) const {
    const fs::path path = folder_.path() / name;
    std::optional<Picture> found;
    std::error_code none;
    // A file that is only begun has no bytes, and becomes a store when it is opened for writing.
    const bool begun = !fs::exists(path) || (fs::file_size(path, none) == 0 && !fs::exists(path.string() + "-journal"));
    try {
      if (!begun || (!read_only && fs::exists(path))) {
        OpenOptions options;
        options.read_only = read_only;
        Database database(path, options);
        StoreFile& file = database.main();
        found = picture_of(file);
        const Verification verification = file.verify();
        for (const Damage& damage : verification.damage) {
          // Without waiting for the disk a commit can be torn and the next one whole. Both are gone, as is promised; verify can only
          // tell that the log is not what was written.
          if (durable_ || damage.what.find("-wal: the log is damaged") == std::string::npos)
            return "verify: " + damage.what;
        }
        if (durable_ && !verification.missing.empty())
          return "the scope " + verification.missing.front() + " is on the list and has no file";
        if (!read_only) {
          {
            WriteTransaction transaction(file);
            transaction.clear();
            transaction.commit();
          }
          if (!picture_of(file).empty() || !file.verify().damage.empty()) return "cannot be used any more";
        }
      }
    } catch (const NotAStore& error) {
      // A store that was only begun, to a reader.
      if (!read_only) return error.what();
    } catch (const Error& error) {
      return error.what();
    }
    return judge(states, calls, found, begun);
  }

  std::string judge(const std::vector<State>& states, std::size_t calls, const std::optional<Picture>& found,
                    bool begun) const {
    std::size_t newest = 0;  // that was committed
    std::size_t last = 0;    // that had begun
    for (std::size_t i = 0; i < states.size(); ++i) {
      if (states[i].end <= calls) newest = i;
      if (states[i].begin < calls || states[i].end <= calls) last = i;
    }
    for (std::size_t i = durable_ ? newest : 0; i <= last; ++i) {
      if (states[i].picture == found) return {};
      // Opening has just made an empty store of it.
      if (begun && !states[i].picture && found && found->empty()) return {};
    }
    for (std::size_t i = 0; i < states.size(); ++i) {
      if (states[i].picture == found)
        return "is as of state " + std::to_string(i) + "; committed was " + std::to_string(newest) + ", begun " +
               std::to_string(last);
    }
    return "holds what was never committed: " + (found ? std::to_string(found->size()) + " rows" : "no store");
  }

  const Story& story_;
  const bool durable_;
  DiskModel disk_;
  std::size_t applied_ = 0;
  const Workplace& folder_;
};

std::string label_of(const Loss& loss) {
  return "call " + std::to_string(loss.calls) + ", seed " + std::to_string(loss.seed);
}

}  // namespace

int main(int argc, char** argv) {
  const Options options = parse_options(argc, argv);
  const std::string word = options.words.size() == 1 ? options.words.front() : "";
  const bool durable = word == "durable";
  if (!durable && word != "fast") {
    std::fprintf(stderr, "usage: power_loss durable|fast [--short] [--only LABEL]\n");
    return 2;
  }
  const Story story = Teller(durable).tell();
  std::fprintf(stderr, "%zu calls\n", story.calls.size());
  std::vector<Loss> losses = losses_of(story, options.brief ? 600 : 5'000);
  losses.erase(
      std::remove_if(losses.begin(), losses.end(),
                     [&](const Loss& loss) { return !options.only.empty() && label_of(loss) != options.only; }),
      losses.end());
  Figures figures(durable ? "power loss" : "power loss without waiting for the disk");
  const Workplace folder;
  std::optional<Aftermath> aftermath;
  attempt_in_children(
      losses.size(), 60,
      [&](std::size_t i) {
        if (!aftermath) aftermath.emplace(story, durable, folder);  // in the child
        return (*aftermath)(losses[i]);
      },
      [&](std::size_t i, const Finding& finding) {
        const std::string label = label_of(losses[i]);
        if (finding.outcome == Outcome::held) {
          figures.held();
        } else {
          figures.lost(label + ": " + finding.what, "power_loss " + word + " --only '" + label + "'");
        }
      });
  return figures.finish();
}
