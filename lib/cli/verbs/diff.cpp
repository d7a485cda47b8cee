#include <iostream>
#include <unordered_map>

#include "lib/cli/address.h"
#include "lib/cli/scopes_hint.h"
#include "lib/cli/selection.h"
#include "lib/cli/terminal/escape.h"
#include "lib/cli/terminal/json.h"
#include "lib/cli/terminal/progress.h"
#include "lib/cli/terminal/terminal.h"
#include "lib/cli/values/difference.h"
#include "lib/cli/values/shape_text.h"
#include "lib/cli/values/stored_value.h"
#include "lib/cli/verb.h"

namespace paramstore::cli {
namespace {

using storage::ParamRecord;
using storage::StoreFile;

struct Options {
  std::string a;
  std::string b;
  std::vector<std::string> patterns;
  double tolerance = 0;
  bool json = false;
  bool quiet = false;
};

struct Change {
  std::string field;
  std::string from;
  std::string to;
};

// How a parameter that both stores have differs.
struct Difference {
  std::vector<Change> changes;       // everything but the value
  std::optional<Distance> distance;  // if the values differ and have the same number of elements
  bool values_differ = false;
};

Difference compare(StoreFile& a_file, const ParamRecord& a, StoreFile& b_file, const ParamRecord& b, double tolerance) {
  Difference difference;
  const auto compare_field = [&](const char* field, const std::string& from, const std::string& to) {
    if (from != to) difference.changes.push_back({field, from, to});
  };
  compare_field("constraint", a.constraint_tag, b.constraint_tag);
  compare_field("dtype", std::string(dtype_name(a.dtype)), std::string(dtype_name(b.dtype)));
  compare_field("shape", shape_text(a.shape), shape_text(b.shape));
  if (element_count(a) != element_count(b)) {
    difference.values_differ = true;
    return difference;
  }
  const bool same_kind = a.dtype == b.dtype;
  if (same_kind && a.checksum && a.checksum == b.checksum) return difference;
  const std::vector<char> from = read_value(a_file, a);
  const std::vector<char> to = read_value(b_file, b);
  if (same_kind && from == to) return difference;
  const Distance moved = distance(a, from, b, to);
  if (moved.max_abs <= tolerance && (tolerance > 0 || !same_kind)) return difference;
  difference.values_differ = true;
  difference.distance = moved;
  return difference;
}

class Printer {
 public:
  explicit Printer(const Options& options) : options_(options) {}

  void only_in(const char* where, const ParamRecord& record) {
    found_ = true;
    const bool in_a = *where == 'a';
    if (options_.json) {
      list_.push_back({{"name", record.name}, {"only_in", where}});
    } else {
      line(in_a ? Colour::red : Colour::green, in_a ? '-' : '+', record,
           escaped(record.constraint_tag) + " " + std::string(dtype_name(record.dtype)) + " " +
               shape_text(record.shape));
    }
  }

  void differ(const ParamRecord& a, const Difference& difference) {
    if (difference.changes.empty() && !difference.values_differ) return;
    found_ = true;
    Json json{{"name", a.name}};
    std::string text;
    const auto add = [&](const std::string& part) { text += (text.empty() ? "" : "; ") + part; };
    for (const Change& change : difference.changes) {
      json[change.field] = {change.from, change.to};
      add(change.field + " " + escaped(change.from) + " -> " + escaped(change.to));
    }
    if (difference.distance) {
      json["l2"] = to_json(difference.distance->l2);
      json["max_abs"] = to_json(difference.distance->max_abs);
      json["relative"] = to_json(difference.distance->relative);
      add(cli::text(*difference.distance));
    }
    if (options_.json) {
      list_.push_back(std::move(json));
    } else {
      line(Colour::yellow, '~', a, text);
    }
  }

  bool finish() const {
    if (options_.json && !options_.quiet) print_json(std::cout, list_);
    return found_;
  }

  bool found() const { return found_; }

 private:
  void line(Colour colour, char mark, const ParamRecord& record, const std::string& text) const {
    if (options_.quiet) return;
    std::cout << coloured(Terminal::output(), colour, std::string(1, mark) + " " + shown_name(record.name)) << "  "
              << text << '\n';
  }

  const Options& options_;
  bool found_ = false;
  Json list_ = Json::array();
};

// The parameters of one side. A pattern may match on one side only.
std::vector<ParamRecord> select_matching(StoreFile& file, const std::vector<std::string>& patterns) {
  std::vector<ParamRecord> records = file.list();
  if (patterns.empty()) return records;
  std::vector<ParamRecord> result;
  for (ParamRecord& record : records) {
    if (matches_any(record.name, patterns)) result.push_back(std::move(record));
  }
  return result;
}

ExitStatus run(const Options& options) {
  StoreReader a(parse_address(options.a));
  StoreReader b(parse_address(options.b));
  const storage::ReadTransaction a_snapshot(a.file());
  const storage::ReadTransaction b_snapshot(b.file());
  const auto a_records = select_matching(a.file(), options.patterns);
  const auto b_records = select_matching(b.file(), options.patterns);
  if (!options.patterns.empty() && a_records.empty() && b_records.empty())
    throw NoSuch("no parameter of either store matches; `paramstore ls` lists the parameters");
  std::unordered_map<std::string, const ParamRecord*> in_b;
  for (const ParamRecord& record : b_records) in_b.emplace(record.name, &record);

  show_scopes_hint(a.file(), options.a);
  show_scopes_hint(b.file(), options.b);
  Printer printer(options);
  std::uint64_t total = 0;
  for (const ParamRecord& record : a_records) total += byte_size(record);
  std::uint64_t done = 0;
  {
    ProgressLine progress("comparing");
    for (const ParamRecord& record : a_records) {
      const auto other = in_b.find(record.name);
      if (other == in_b.end()) {
        printer.only_in("a", record);
      } else {
        printer.differ(record, compare(a.file(), record, b.file(), *other->second, options.tolerance));
        in_b.erase(other);
      }
      if (options.quiet && printer.found()) return ExitStatus::found;
      done += byte_size(record);
      progress.update(done, total);
    }
  }
  for (const ParamRecord& record : b_records) {
    if (in_b.count(record.name) > 0) printer.only_in("b", record);
  }
  return printer.finish() ? ExitStatus::found : ExitStatus::done;
}

}  // namespace

void add_diff(CLI::App& command, Action& action) {
  const auto options = std::make_shared<Options>();
  Verb verb(command, action, "diff", reading_verbs, "Compare two stores: names, constraints, shapes, values", run,
            options);
  verb.add_argument("A", options->a, "A store file, or FILE//SCOPE").required();
  verb.add_argument("B", options->b, "The store to compare it with").required();
  verb.add_patterns(options->patterns);
  verb.add_option("-t,--tolerance", options->tolerance, "NUMBER", "Treat elements this close as equal").not_negative();
  verb.add_json(options->json);
  verb.add_flag("-q,--quiet", options->quiet, "Print nothing; only set the exit status");
  verb.footer(
      "- name is only in A, + name only in B. ~ name differs in its constraint, dtype\n"
      "or shape, or its unconstrained value moved. The distance from A to B is the\n"
      "2-norm of the difference, its largest magnitude, and the 2-norm as a percentage\n"
      "of A's norm.\n"
      "The exit status is 0 if nothing differs, 1 if something does.");
}

}  // namespace paramstore::cli
