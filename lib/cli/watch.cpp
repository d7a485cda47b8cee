#include <poll.h>

#include <algorithm>
#include <cmath>
#include <iostream>
#include <unordered_map>

#include "lib/cli/address.h"
#include "lib/cli/difference.h"
#include "lib/cli/escape.h"
#include "lib/cli/interrupt.h"
#include "lib/cli/json.h"
#include "lib/cli/number_text.h"
#include "lib/cli/selection.h"
#include "lib/cli/stored_value.h"
#include "lib/cli/terminal.h"
#include "lib/cli/verb.h"

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
  std::optional<Distance> distance;  // none where it has another number of elements now
};

// What happened from one look to the next.
struct Report {
  Revision from = 0;
  storage::CommitRecord newest;
  std::vector<std::string> added;
  std::vector<std::string> removed;
  std::vector<Moved> moved;  // the farthest first
  std::size_t params = 0;
};

class Watcher {
 public:
  Watcher(StoreFile& file, const Options& options) : file_(file), options_(options) {
    const storage::ReadTransaction snapshot(file_);
    counter_ = file_.change_counter();
    revision_ = file_.revision();
    for (ParamRecord& record : file_.list()) {
      if (wanted(record.name)) keep(std::move(record));
    }
  }

  // Nothing where nobody has committed since the last look.
  std::optional<Report> look() {
    if (file_.change_counter() == counter_) return std::nullopt;
    const storage::ReadTransaction snapshot(file_);
    counter_ = file_.change_counter();
    const Revision revision = file_.revision();
    if (revision == revision_) return std::nullopt;
    Report report;
    report.from = revision_;
    report.newest.revision = revision;
    if (auto commits = file_.commits(1); !commits.empty()) report.newest = std::move(commits.front());
    take_in(report);
    report.params = seen_.size();
    revision_ = revision;
    return report;
  }

 private:
  bool wanted(const std::string& name) const {
    return options_.patterns.empty() || matches_any(name, options_.patterns);
  }

  void keep(ParamRecord record) {
    std::vector<char> value = read_value(file_, record);
    const std::int64_t id = record.id;
    seen_.insert_or_assign(id, Seen{std::move(record), std::move(value)});
  }

  void take_in(Report& report) {
    std::unordered_map<std::int64_t, Seen> before;
    before.swap(seen_);
    for (ParamRecord& record : file_.list()) {
      if (!wanted(record.name)) continue;
      const auto at = before.find(record.id);
      if (at != before.end() && at->second.record.revision == record.revision) {
        seen_.insert(before.extract(at));
        continue;
      }
      const std::string name = record.name;
      const std::int64_t id = record.id;
      keep(std::move(record));
      if (at == before.end() || at->second.record.name != name) {
        report.added.push_back(name);
        continue;
      }
      const Seen& now = seen_.at(id);
      const Seen& then = at->second;
      Moved moved{name, std::nullopt};
      if (element_count(then.record) == element_count(now.record))
        moved.distance = distance(then.record, then.value, now.record, now.value);
      report.moved.push_back(std::move(moved));
      before.erase(at);
    }
    for (const auto& [id, gone] : before) report.removed.push_back(gone.record.name);
    std::sort(report.removed.begin(), report.removed.end());
    // NaN is the worst news, so it comes first.
    const auto how_far = [](const Moved& moved) {
      if (!moved.distance || std::isnan(moved.distance->l2)) return std::numeric_limits<double>::infinity();
      return moved.distance->l2;
    };
    std::stable_sort(report.moved.begin(), report.moved.end(),
                     [&](const Moved& a, const Moved& b) { return how_far(a) > how_far(b); });
  }

  StoreFile& file_;
  const Options& options_;
  std::int64_t counter_ = 0;
  Revision revision_ = 0;
  std::unordered_map<std::int64_t, Seen> seen_;  // by row
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
  std::string text = "revision " + (first < report.newest.revision ? std::to_string(first) + "-" : std::string()) +
                     std::to_string(report.newest.revision);
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
              << (moved.distance ? text(*moved.distance) : "has another shape now") << '\n';
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

// Until the next look, a signal, or until nobody reads the output any more.
void wait(double seconds) {
  pollfd output{1, 0, 0};
  const int milliseconds = static_cast<int>(std::min(seconds, 86400.0) * 1000);
  poll(&output, 1, std::max(milliseconds, 1));
  // Of a pipe that nobody reads it is POLLERR, of a socket POLLHUP.
  if ((output.revents & (POLLERR | POLLHUP | POLLNVAL)) != 0) throw Interrupted();
}

ExitStatus run(const Options& options) {
  const InterruptGuard interrupts;
  StoreReader store(parse_address(options.store));
  Watcher watcher(store.file(), options);
  if (Terminal::error().is_terminal) std::cerr << "watching " << shown_name(options.store) << "; Ctrl-C ends it\n";
  std::uint64_t reports = 0;
  try {
    while (!InterruptGuard::interrupted()) {
      wait(options.interval);
      std::error_code error;
      if (!std::filesystem::exists(store.file().path(), error))
        throw FileError(store.file().path() + ": is not there any more");
      const auto report = watcher.look();
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
  verb.add_option("-i,--interval", options->interval, "SECONDS", "Look every so often; 1 is the default")
      .between(0.001, 86400.0);
  verb.add_option("-n,--count", options->count, "NUMBER", "End after so many reports");
  verb.add_option("--top", options->top, "NUMBER", "On a terminal: name so many that moved farthest; 10");
  verb.add_flag("--json", options->json, "Print JSON, one object a report with all that moved");
  verb.footer(
      "Reports what moved from commit to commit: the 2-norm of the difference, and its\n"
      "largest magnitude. Commits between two looks are one report. Keeps the watched\n"
      "values in memory. Ctrl-C ends it, with exit status 0.");
}

}  // namespace paramstore::cli
