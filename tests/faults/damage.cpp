// Flipped bits and cut files. Whatever happened to the bytes of a store, opening, reading and verifying it gives an error or what
// was written; never a crash, a hang, or a wrong value without a word.
//
//   damage bits      every bit of a store's values, and of the rest of its rows
//   damage random    bits of the file and of its -wal, at random
//   damage lengths   the file and its -wal, cut at every 512 bytes
#include <sqlite3.h>
#include <stdlib.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <optional>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "faults/children.h"
#include "faults/figures.h"
#include "faults/file_bytes.h"
#include "faults/picture.h"
#include "faults/sample_store.h"
#include "faults/surroundings.h"
#include "lib/storage/store_internals.h"
#include "paramstore/error.h"
#include "paramstore/storage/database.h"

namespace fs = std::filesystem;
using namespace faults;
using namespace paramstore;
using namespace paramstore::storage;

namespace {

// The first schema with a checksum of whole rows.
constexpr std::int64_t schema_with_row_checksums = 3;
constexpr const char* without_row_checksum = "bits of a row that no checksum covers before schema 3";

struct Damaging {
  std::string label;
  std::size_t file;  // which file of the store
  std::size_t at;    // the byte, or the length that is left
  unsigned bit = 0;  // of it
  bool cut = false;
};

std::string apply(std::string bytes, const Damaging& damaging) {
  if (damaging.cut) return bytes.substr(0, damaging.at);
  bytes[damaging.at] = static_cast<char>(bytes[damaging.at] ^ 1 << damaging.bit);
  return bytes;
}

// The same rows with the same values, whatever else is in them.
bool same_values(const Picture& a, const Picture& b) {
  return std::equal(a.begin(), a.end(), b.begin(), b.end(),
                    [](const Row& x, const Row& y) { return x.value == y.value; });
}

class Attack {
 public:
  Attack(const SampleStore& store, const Workplace& folder) : store_(store), folder_(folder) {}

  Finding operator()(const Damaging& damaging, bool writable) const {
    for (std::size_t i = 0; i < store_.files.size(); ++i) {
      const SampleFile& file = store_.files[i];
      write_file(folder_.path() / file.name, i == damaging.file ? apply(file.bytes, damaging) : file.bytes);
    }
    Finding finding = look(true, damaging.cut);
    if (finding.outcome != Outcome::lost && writable) {
      const Finding second = look(false, damaging.cut);
      if (second.outcome == Outcome::lost) finding = second;
    }
    empty_folder(folder_.path());
    return finding;
  }

 private:
  Finding look(bool read_only, bool cut) const {
    std::optional<Picture> picture;
    bool noticed = false;
    bool checks_rows = false;
    std::string said;
    const auto attempt = [&](const auto& action) {
      try {
        action();
      } catch (const Error& error) {
        noticed = true;
        said = error.what();
      }
    };
    attempt([&] {
      OpenOptions options;
      options.read_only = read_only;
      options.survive_power_loss = false;
      Database database(folder_.path() / store_.files.front().name, options);
      StoreFile& file = database.main();
      attempt([&] { checks_rows = file.facts().schema_version >= schema_with_row_checksums; });
      attempt([&] { picture = picture_of(file); });
      attempt([&] {
        const Verification found = file.verify();
        if (!found.damage.empty() || !found.notes.empty()) noticed = true;
      });
      if (!read_only) {
        attempt([&] {
          WriteTransaction transaction(file);
          transaction.clear();
          transaction.commit();
        });
      }
    });
    if (!picture || *picture == store_.commits.back()) return {};
    // Of a log that is damaged, or ends early, SQLite takes what is behind for a commit that was never finished. Of the newest commit
    // nobody can tell; behind any other there is one that verify finds.
    const auto earlier = std::find(store_.commits.begin(), store_.commits.end(), *picture);
    if (earlier != store_.commits.end()) {
      if (noticed || cut) return {};
      if (store_.commits.end() - earlier == 2) return {Outcome::unguarded, "the newest commit is gone"};
      return {Outcome::lost, "commits are gone, and verify calls the file sound"};
    }
    for (const Picture& commit : store_.commits) {
      if (!same_values(*picture, commit)) continue;
      if (noticed) return {};
      return {checks_rows ? Outcome::lost : Outcome::unguarded,
              "a row is not what was written, and verify calls the file sound"};
    }
    return {Outcome::lost, noticed ? "a value is wrong and was read without an error; noticed only by: " + said
                                   : "a value is wrong, and verify calls the file sound"};
  }

  const SampleStore& store_;
  const Workplace& folder_;
};

// Runs all of them; `share` of them (one in so many) also open the file for writing.
void run(const SampleStore& store, const std::vector<Damaging>& all, std::size_t share, const Options& options,
         const std::string& word, Figures& figures, Figures& unguarded) {
  std::vector<Damaging> chosen;
  for (const Damaging& each : all) {
    if (options.only.empty() || each.label == options.only) chosen.push_back(each);
  }
  const Workplace folder;
  const Attack attack(store, folder);
  attempt_in_children(
      chosen.size(), 60, [&](std::size_t i) { return attack(chosen[i], i % share == 0); },
      [&](std::size_t i, const Finding& finding) {
        if (finding.outcome == Outcome::held) {
          figures.held();
        } else if (finding.outcome == Outcome::unguarded) {
          unguarded.unguarded();
          if (!options.only.empty())
            std::fprintf(stderr, "%s: unguarded: %s\n", chosen[i].label.c_str(), finding.what.c_str());
        } else {
          figures.lost(chosen[i].label + ": " + finding.what, "damage " + word + " --only " + chosen[i].label);
        }
      });
}

std::string label(const SampleStore& store, const std::string& place, std::size_t at, unsigned bit) {
  return store.label + "/" + place + "/" + std::to_string(at) + "." + std::to_string(bit);
}

int bits(const Options& options) {
  Figures values("bits of values");
  Figures rows("bits of the rest of a row");
  Figures unguarded(without_row_checksum);
  const SampleStore store = sample_store("4-KiB-pages", 4096, false);
  for (const auto& [word, figures] : {std::pair{"values", &values}, std::pair{"rows", &rows}}) {
    std::vector<Damaging> all;
    for (const Place& place : word == std::string("values") ? store.values : store.rest_of_rows) {
      for (std::size_t at = place.begin; at < place.end; ++at) {
        for (unsigned bit = 0; bit < 8; ++bit) {
          // In the short form one bit of each byte, not always the same.
          if (options.brief && bit != at % 8) continue;
          all.push_back({label(store, word, at, bit), 0, at, bit, false});
        }
      }
    }
    run(store, all, 16, options, "bits", *figures, unguarded);
  }
  return values.finish() | rows.finish() | unguarded.finish();
}

int random_bits(const Options& options) {
  Figures file("random bits of a file");
  Figures rest(without_row_checksum);
  Figures log("random bits of a -wal");
  Figures earlier("random bits of a -wal, in its newest commit");
  std::mt19937_64 random(1);
  for (const std::size_t page_size : {std::size_t{4096}, std::size_t{65536}}) {
    // The file without a log, as the pages in the log would hide what was done to the file's own.
    for (const bool in_log : {false, true}) {
      const SampleStore store =
          sample_store(std::to_string(page_size / 1024) + "-KiB-pages" + (in_log ? "-log" : ""), page_size, in_log);
      const std::size_t which = store.files.size() - 1;
      const SampleFile& target = store.files[which];
      std::vector<Damaging> all;
      for (int i = options.brief ? 150 : 5000; i > 0; --i) {
        const std::size_t at = random() % target.bytes.size();
        const auto bit = static_cast<unsigned>(random() % 8);
        all.push_back({label(store, target.name, at, bit), which, at, bit, false});
      }
      run(store, all, 8, options, "random", in_log ? log : file, in_log ? earlier : rest);
    }
  }
  return file.finish() | rest.finish() | log.finish() | earlier.finish();
}

int lengths(const Options& options) {
  Figures figures("lengths of a file and its -wal");
  for (const SampleStore& store :
       {sample_store("4-KiB-pages", 4096, true), sample_store("64-KiB-pages", 65536, true)}) {
    for (std::size_t which = 0; which < store.files.size(); ++which) {
      const SampleFile& target = store.files[which];
      std::vector<Damaging> all;
      const std::size_t step = options.brief ? 512 * (target.bytes.size() / 512 / 60 + 1) : 512;
      for (std::size_t size = 0; size < target.bytes.size(); size += step)
        all.push_back({store.label + "/" + target.name + "/" + std::to_string(size), which, size, 0, true});
      run(store, all, 2, options, "lengths", figures, figures);
    }
  }
  return figures.finish();
}

}  // namespace

int main(int argc, char** argv) {
  const Options options = parse_options(argc, argv);
  const std::string word = options.words.size() == 1 ? options.words.front() : "";
  if (word == "bits") return bits(options);
  if (word == "random") return random_bits(options);
  if (word == "lengths") return lengths(options);
  std::fprintf(stderr, "usage: damage bits|random|lengths [--short] [--only LABEL]\n");
  return 2;
}
