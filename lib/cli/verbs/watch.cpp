#include <poll.h>
#include <sys/stat.h>

#include <algorithm>
#include <chrono>
#include <cmath>
#include <iostream>
#include <unordered_map>

#include "lib/cli/address.h"
#include "lib/cli/scopes_hint.h"
#include "lib/cli/selection.h"
#include "lib/cli/terminal/escape.h"
#include "lib/cli/terminal/interrupt.h"
#include "lib/cli/terminal/json.h"
#include "lib/cli/terminal/readable_numbers.h"
#include "lib/cli/terminal/terminal.h"
#include "lib/cli/values/difference.h"
#include "lib/cli/values/stored_value.h"
#include "lib/cli/verb.h"
#include "paramstore/error.h"

namespace paramstore::cli {
namespace {

using storage::ParamRecord;
using storage::StoreFile;

struct Options {
  std::string store;
  std::vector<std::string> patterns;
  double interval = 1;
  std::uint64_t count = 0;
  std::size_t top = 10;
  bool json = false;
};

struct Seen {
  ParamRecord record;
  std::vector<char> value;
};

struct Moved {
  std::string name;
  std::optional<Distance> distance;  // null if the number of elements changed
};

// What happened between two checks.
struct Report {
  bool replaced = false;  // another file has taken the path; its revisions are unrelated
  Revision from = 0;
  storage::CommitRecord newest;
  std::vector<std::string> added;
  std::vector<std::string> removed;
  std::vector<Moved> moved;  // the farthest first
  std::size_t params = 0;
};

// Identifies the file behind a path, which may be replaced by another file.
struct Identity {
  dev_t device = 0;
  ino_t inode = 0;

  bool operator==(const Identity& other) const { return device == other.device && inode == other.inode; }
};

std::optional<Identity> identity_of(const Address& address) {
  struct stat status {};
  if (::stat(file_of(address).c_str(), &status) != 0) return std::nullopt;
  return Identity{status.st_dev, status.st_ino};
}

bool equal(const Seen& a, const Seen& b) {
  return a.record.dtype == b.record.dtype && a.record.shape == b.record.shape &&
         a.record.constraint_tag == b.record.constraint_tag && a.value == b.value;
}

class Watcher {
 public:
  /// Notes what the file holds. If it does not exist yet, the first look that finds it reports everything.
  explicit Watcher(const Options& options) : options_(options), address_(parse_new_address(options.store)) {
    if (!identity_of(address_)) return;
    open();
    const storage::ReadTransaction snapshot(file());
    counter_ = file().change_counter();
    revision_ = file().revision();
    seen_identity_ = identity_;
    show_scopes_hint(file(), options_.store);
    for (ParamRecord& record : file().list()) {
      if (wanted(record.name)) seen_.emplace(record.name, read(record));
    }
  }

  /// Whether it has never found a file.
  bool waits() const noexcept { return !seen_identity_; }

  // Null if nobody has committed since the last check. If it throws, the next call reports what this one would have.
  std::optional<Report> look() {
    const std::optional<Identity> identity = identity_of(address_);
    if (!identity) {
      if (waits()) return std::nullopt;
      throw FileError(options_.store + ": no longer exists");
    }
    if (!store_ || !(identity == identity_)) {
      open();
    } else if (file().change_counter() == counter_) {
      return std::nullopt;
    }
    const storage::ReadTransaction snapshot(file());
    const std::int64_t counter = file().change_counter();
    Report report;
    const bool is_first = waits();
    report.replaced = !is_first && !(identity_ == seen_identity_);
    report.from = revision_;
    report.newest.revision = file().revision();
    const bool is_new = report.replaced || report.newest.revision != revision_;
    if (is_new) {
      if (auto commits = file().commits(1); !commits.empty()) report.newest = std::move(commits.front());
      take_in(report);
    }
    counter_ = counter;
    revision_ = report.newest.revision;
    seen_identity_ = identity_;
    if (!is_new) return std::nullopt;
    report.params = seen_.size();
    return report;
  }

 private:
  void open() {
    store_.reset();  // first, because two connections to files of one path would share the -wal and the -shm
    identity_ = identity_of(address_);
    store_.emplace(address_);
  }

  StoreFile& file() noexcept { return store_->file(); }

  bool wanted(const std::string& name) const {
    return options_.patterns.empty() || matches_any(name, options_.patterns);
  }

  Seen read(const ParamRecord& record) { return {record, read_value(file(), record)}; }

  void take_in(Report& report) {
    // Reads everything first, so that an error leaves the state unchanged.
    std::vector<std::string> names;
    std::unordered_map<std::string, Seen> fresh;
    for (const ParamRecord& record : file().list()) {
      if (!wanted(record.name)) continue;
      names.push_back(record.name);
      const auto then = seen_.find(record.name);
      const bool same_row = then != seen_.end() && !report.replaced && then->second.record.id == record.id &&
                            then->second.record.revision == record.revision;
      if (!same_row) fresh.emplace(record.name, read(record));
    }

    std::unordered_map<std::string, Seen> before;
    before.swap(seen_);
    for (const std::string& name : names) {
      auto then = before.extract(name);
      auto now = fresh.extract(name);
      if (now.empty()) {
        seen_.insert(std::move(then));
        continue;
      }
      if (then.empty()) {
        report.added.push_back(name);
      } else if (!report.replaced || !equal(then.mapped(), now.mapped())) {
        const Seen& a = then.mapped();
        const Seen& b = now.mapped();
        Moved moved{name, std::nullopt};
        if (element_count(a.record) == element_count(b.record))
          moved.distance = distance(a.record, a.value, b.record, b.value);
        report.moved.push_back(std::move(moved));
      }
      seen_.insert(std::move(now));
    }
    for (const auto& [name, gone] : before) report.removed.push_back(name);
    std::sort(report.removed.begin(), report.removed.end());
    // NaN is the worst news, so it comes first.
    const auto how_far = [](const Moved& moved) {
      if (!moved.distance || std::isnan(moved.distance->l2)) return std::numeric_limits<double>::infinity();
      return moved.distance->l2;
    };
    std::stable_sort(report.moved.begin(), report.moved.end(),
                     [&](const Moved& a, const Moved& b) { return how_far(a) > how_far(b); });
  }

  const Options& options_;
  Address address_;
  std::optional<Identity> identity_;  // of the file that is open
  std::optional<StoreReader> store_;
  std::optional<Identity> seen_identity_;  // of the file that the members below describe
  std::int64_t counter_ = 0;
  Revision revision_ = 0;
  std::unordered_map<std::string, Seen> seen_;  // by name
};

std::string total_text(const Report& report) {
  double squares = 0;
  double most = 0;
  for (const Moved& moved : report.moved) {
    if (!moved.distance) continue;
    squares += moved.distance->l2 * moved.distance->l2;
    most = std::isnan(moved.distance->max_abs) ? moved.distance->max_abs : std::max(most, moved.distance->max_abs);
  }
  return "l2 " + rounded(std::sqrt(squares), 4) + "  max " + rounded(most, 4);
}

std::string head_line(const Report& report) {
  const Revision first = report.from + 1;
  const bool several = !report.replaced && first < report.newest.revision;
  std::string text =
      "revision " + (several ? std::to_string(first) + "-" : std::string()) + std::to_string(report.newest.revision);
  if (report.replaced) text += " of another file";
  if (!report.newest.time.empty()) text += "  " + cut_to_width(escaped(report.newest.time), 40);
  if (report.newest.step) text += "  step " + std::to_string(*report.newest.step);
  if (report.newest.message) text += "  " + cut_to_width(escaped(*report.newest.message), 60);
  return text;
}

void print_for_person(const Report& report, std::size_t top) {
  const Terminal& terminal = Terminal::output();
  std::cout << coloured(terminal, Colour::bold, head_line(report)) << '\n';
  for (const std::string& name : report.added)
    std::cout << "  " << coloured(terminal, Colour::green, "+ " + shown_name(name)) << '\n';
  for (const std::string& name : report.removed)
    std::cout << "  " << coloured(terminal, Colour::red, "- " + shown_name(name)) << '\n';
  std::size_t width = 0;
  const std::size_t shown = std::min(top, report.moved.size());
  for (std::size_t i = 0; i < shown; ++i) width = std::max(width, display_width(shown_name(report.moved[i].name)));
  for (std::size_t i = 0; i < shown; ++i) {
    const Moved& moved = report.moved[i];
    const std::string name = shown_name(moved.name);
    std::cout << "  " << name << std::string(width - display_width(name), ' ') << "  "
              << (moved.distance ? text(*moved.distance) : "has a new shape") << '\n';
  }
  if (shown < report.moved.size()) std::cout << "  and " << report.moved.size() - shown << " more\n";
  std::cout << "  " << report.moved.size() << " of " << report.params << " moved  " << total_text(report) << '\n';
}

void print_line(const Report& report) {
  std::cout << head_line(report) << "  " << report.moved.size() << " of " << report.params << " moved  "
            << total_text(report);
  if (!report.added.empty()) std::cout << "  added " << report.added.size();
  if (!report.removed.empty()) std::cout << "  removed " << report.removed.size();
  if (!report.moved.empty()) std::cout << "  most " << shown_name(report.moved.front().name);
  std::cout << '\n';
}

Json to_json(const Report& report) {
  Json json = cli::to_json(report.newest);
  json["since"] = report.from;
  json["replaced"] = report.replaced;
  json["params"] = report.params;
  json["added"] = report.added;
  json["removed"] = report.removed;
  Json moved = Json::array();
  for (const Moved& each : report.moved) {
    Json entry{{"name", each.name}};
    if (each.distance) {
      entry["l2"] = cli::to_json(each.distance->l2);
      entry["max_abs"] = cli::to_json(each.distance->max_abs);
      entry["relative"] = cli::to_json(each.distance->relative);
    }
    moved.push_back(std::move(entry));
  }
  json["moved"] = std::move(moved);
  return json;
}

// Waits until the next check, a signal, or until nobody reads the output any more.
void wait(double seconds) {
  pollfd output{1, 0, 0};
  const int milliseconds = static_cast<int>(std::min(seconds, 86400.0) * 1000);
  poll(&output, 1, std::max(milliseconds, 1));
  // For a pipe that nobody reads this is POLLERR, for a socket POLLHUP.
  if ((output.revents & (POLLERR | POLLHUP | POLLNVAL)) != 0) throw Interrupted();
}

// Others may open, close or replace the file at this moment, and a reader cannot make them wait. So one check may fail and
// the next one succeed.
class Patience {
 public:
  explicit Patience(double interval) : limit_(std::max(5.0, 3 * interval)) {}

  std::optional<Report> look(Watcher& watcher) {
    const auto now = std::chrono::steady_clock::now();
    try {
      auto report = watcher.look();
      last_success_ = now;
      return report;
    } catch (const StorageError&) {
      if (now - last_success_ > limit_) throw;
      return std::nullopt;
    } catch (const NotAStore&) {
      // A file that was waited for may be there before its tables are.
      if (!watcher.waits() || now - last_success_ > limit_) throw;
      return std::nullopt;
    }
  }

 private:
  const std::chrono::duration<double> limit_;
  std::chrono::steady_clock::time_point last_success_ = std::chrono::steady_clock::now();
};

ExitStatus run(const Options& options) {
  const InterruptGuard interrupts;
  Watcher watcher(options);
  if (watcher.waits()) {
    std::cerr << "waiting for " << shown_name(options.store) << ", which does not exist yet; Ctrl-C ends it"
              << std::endl;
  } else if (Terminal::error().is_terminal) {
    std::cerr << "watching " << shown_name(options.store) << "; Ctrl-C ends it\n";
  }
  std::uint64_t reports = 0;
  Patience patience(options.interval);
  try {
    while (!InterruptGuard::interrupted()) {
      wait(options.interval);
      const auto report = patience.look(watcher);
      if (!report) continue;
      if (options.json) {
        print_json(std::cout, to_json(*report));
      } else if (Terminal::output().is_terminal) {
        print_for_person(*report, options.top);
      } else {
        print_line(*report);
      }
      if (!std::cout.flush()) throw FileError("the output cannot be written");
      if (++reports == options.count) break;
    }
  } catch (const Interrupted&) {
    // How watching ends.
  }
  return ExitStatus::done;
}

}  // namespace

void add_watch(CLI::App& command, Action& action) {
  const auto options = std::make_shared<Options>();
  Verb verb(command, action, "watch", reading_verbs, "Follow a running program: what moved, and how far", run, options);
  verb.add_store(options->store);
  verb.add_patterns(options->patterns);
  verb.add_option("-i,--interval", options->interval, "SECONDS", "How often to check; 1 is the default")
      .between(0.001, 86400.0);
  verb.add_option("-n,--count", options->count, "NUMBER", "End after this many reports");
  verb.add_option("--top", options->top, "NUMBER", "On a terminal: list this many that moved; default 10");
  verb.add_flag("--json", options->json, "Print JSON, one object per report");
  verb.footer(
      "Reports what moved from commit to commit: the 2-norm of the difference, and its\n"
      "largest magnitude. Commits between two checks are reported together. Keeps the\n"
      "watched values in memory. Ctrl-C ends it, with exit status 0.");
}

}  // namespace paramstore::cli
