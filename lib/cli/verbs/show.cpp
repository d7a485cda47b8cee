#include <SQLiteCpp/Column.h>
#include <SQLiteCpp/Statement.h>

#include <array>
#include <cmath>
#include <cstdio>
#include <iostream>
#include <limits>

#include "lib/cli/address.h"
#include "lib/cli/selection.h"
#include "lib/cli/sql_connection.h"
#include "lib/cli/terminal/escape.h"
#include "lib/cli/terminal/json.h"
#include "lib/cli/terminal/readable_numbers.h"
#include "lib/cli/terminal/terminal.h"
#include "lib/cli/values/histogram.h"
#include "lib/cli/values/stored_value.h"
#include "lib/cli/values/tensor_text.h"
#include "lib/cli/verb.h"
#include "lib/numeric/statistics.h"
#include "lib/storage/bind_in_place.h"

namespace paramstore::cli {
namespace {

using storage::Dtype;
using storage::ParamRecord;

struct Options {
  std::string store;
  std::vector<std::string> patterns;
  bool constrained = false;
  bool json = false;
};

// The summary of a parameter's stored or constrained value.
struct Value {
  Dtype dtype;
  std::vector<std::int64_t> shape;
  std::vector<char> bytes;
  std::uint64_t numel() const { return bytes.size() / dtype_size(dtype); }
};

struct Summary {
  explicit Summary(const Value& value)
      : real(!numeric::is_complex(value.dtype)),
        numel(value.numel()),
        spread(histogram(value.dtype, value.bytes.data(), numel, 10)),
        statistics(value.dtype, real
                                    ? numeric::all_statistics
                                    : numeric::statistic_std | numeric::statistic_norm | numeric::statistic_nan_count) {
    statistics.add(value.bytes.data(), value.bytes.size());
    std::uint64_t finite = 0;
    for (const std::uint64_t count : spread.counts) finite += count;
    infinite = numel - finite - statistics.nan_count();
  }

  bool real;
  std::uint64_t numel;
  Histogram spread;
  numeric::Statistics statistics;
  std::uint64_t infinite = 0;
};

// LibTorch's transform, called through the loadable extension.
class Constrainer {
 public:
  Constrainer() : connection_(":memory:", ":memory:", SqlConnection::Access::write) {
    connection_.load_extension(extension_path());
  }

  Value constrain(const ParamRecord& record, const std::vector<char>& bytes) {
    const std::string dtype(dtype_name(record.dtype));
    const std::string shape = storage::shape_to_json(record.shape);
    Value value{record.dtype, {}, {}};
    std::string new_shape;
    connection_.in_our_words([&] {
      SQLite::Statement row(connection_.database(),
                            "SELECT constrained(?1, ?2, ?3, ?4), constrained_shape(?1, ?2, ?3, ?4)");
      storage::bind_in_place(row, 1, storage::ValueBytes{bytes.data(), bytes.size()});
      int at = 2;
      for (const std::string* text : {&dtype, &shape, &record.constraint_tag}) row.bindNoCopy(at++, *text);
      try {
        row.executeStep();
      } catch (const SQLite::Exception& error) {
        throw NoSuch("the parameter " + shown_name(record.name) + " has no constrained value: " + error.what());
      }
      const SQLite::Column constrained = row.getColumn(0);
      const auto* const data = static_cast<const char*>(constrained.getBlob());
      value.bytes.assign(data, data + constrained.getBytes());
      new_shape = row.getColumn(1).getString();
    });
    const auto parsed = storage::parse_shape(new_shape);
    if (!parsed || storage::value_size(*parsed, record.dtype) != value.bytes.size())
      throw FileError("the extension and this command come from different versions of paramstore; reinstall both");
    value.shape = *parsed;
    return value;
  }

 private:
  SqlConnection connection_;
};

std::string checksum_text(const ParamRecord& record) {
  if (!record.checksum) return "none; another tool wrote the value";
  std::array<char, 17> text{};
  std::snprintf(text.data(), text.size(), "%016llx", static_cast<unsigned long long>(*record.checksum));
  return std::string(text.data()) + ", matches the value";
}

std::string commit_text(const storage::CommitRecord& commit) {
  std::string text = cut_to_width(escaped(commit.time), 40);
  if (commit.step) text += ", step " + std::to_string(*commit.step);
  if (commit.message) text += ", " + escaped(*commit.message);
  return text;
}

void print_statistics(const Summary& summary) {
  const auto line = [](const char* name, double value) {
    std::cout << "    " << name << std::string(6 - std::string_view(name).size(), ' ') << rounded(value) << '\n';
  };
  if (summary.real) {
    line("min", summary.statistics.min());
    line("max", summary.statistics.max());
    line("mean", summary.statistics.mean());
  }
  if (summary.numel > 1) line("std", summary.statistics.std());
  line("norm", summary.statistics.norm());
  if (summary.statistics.nan_count() > 0)
    std::cout << "    " << coloured(Terminal::output(), Colour::red, counted(summary.statistics.nan_count(), "NaN"))
              << '\n';
  if (summary.infinite > 0)
    std::cout << "    " << coloured(Terminal::output(), Colour::red, std::to_string(summary.infinite) + " infinite")
              << '\n';
}

void print_value(const Value& value) {
  const Terminal& terminal = Terminal::output();
  const Summary summary(value);
  if (summary.numel > 0) print_statistics(summary);
  if (summary.numel > 1) {
    std::cout << (summary.real ? "" : "    magnitudes\n");
    for (const std::string& line :
         draw(summary.spread, std::min<std::size_t>(terminal.width, 100) - 4, terminal.unicode))
      std::cout << "    " << line << '\n';
  }
  std::string text = tensor_text(value.dtype, value.shape, value.bytes.data());
  for (std::size_t at = 0; (at = text.find('\n', at)) != std::string::npos; at += 5) text.insert(at + 1, "    ");
  std::cout << "    " << text << '\n';
}

void print(const ParamRecord& record, const std::optional<storage::CommitRecord>& commit, const Value& value,
           bool constrained) {
  std::cout << coloured(Terminal::output(), Colour::bold, shown_name(record.name)) << '\n';
  const auto line = [](const char* name, const std::string& text) {
    std::cout << "  " << name << std::string(13 - std::string_view(name).size(), ' ') << text << '\n';
  };
  line("constraint", escaped(record.constraint_tag));
  line("dtype", std::string(dtype_name(record.dtype)));
  line("shape", shape_text(record.shape) + ", " + counted(element_count(record), "element") + ", " +
                    byte_count(byte_size(record)));
  line("device", escaped(record.device));
  line("revision", std::to_string(record.revision) + (commit ? " (" + commit_text(*commit) + ")" : ""));
  line("row", std::to_string(record.id));
  line("checksum", checksum_text(record));
  std::cout << (constrained                       ? "  constrained value\n"
                : record.constraint_tag == "real" ? "  value\n"
                                                  : "  unconstrained value\n");
  print_value(value);
}

Json describe(const ParamRecord& record, const std::optional<storage::CommitRecord>& commit, const Value& value,
              bool constrained) {
  const Summary summary(value);
  Json json = to_json(record);
  json["commit"] = commit ? to_json(*commit) : Json();
  Json statistics = Json::object();
  if (summary.real) {
    statistics["min"] = to_json(summary.statistics.min());
    statistics["max"] = to_json(summary.statistics.max());
    statistics["mean"] = to_json(summary.statistics.mean());
  }
  statistics["std"] = to_json(summary.statistics.std());
  statistics["norm"] = to_json(summary.statistics.norm());
  statistics["nan_count"] = summary.statistics.nan_count();
  statistics["infinite_count"] = summary.infinite;
  json["of"] = constrained ? "constrained" : "unconstrained";
  json["statistics"] = std::move(statistics);
  json["histogram"] = nullptr;
  if (!summary.spread.counts.empty())
    json["histogram"] = {
        {"least", summary.spread.least}, {"most", summary.spread.most}, {"counts", summary.spread.counts}};
  return json;
}

std::optional<storage::CommitRecord> commit_of(storage::StoreFile& file, Revision revision) {
  auto newest = revision == std::numeric_limits<Revision>::max() ? std::vector<storage::CommitRecord>()
                                                                 : file.commits(1, revision + 1);
  if (newest.empty() || newest.front().revision != revision) return std::nullopt;  // old ones may be deleted
  return std::move(newest.front());
}

ExitStatus run(const Options& options) {
  StoreReader store(parse_address(options.store));
  const storage::ReadTransaction snapshot(store.file());
  std::optional<Constrainer> constrainer;
  Json list = Json::array();
  bool first = true;
  for (const ParamRecord& record : select(store.file(), options.patterns)) {
    Value value{record.dtype, record.shape, read_value(store.file(), record)};
    if (options.constrained) {
      if (!constrainer) constrainer.emplace();
      value = constrainer->constrain(record, value.bytes);
    }
    const auto commit = commit_of(store.file(), record.revision);
    if (options.json) {
      list.push_back(describe(record, commit, value, options.constrained));
    } else {
      if (!first) std::cout << '\n';
      print(record, commit, value, options.constrained);
    }
    first = false;
  }
  if (options.json) print_json(std::cout, list);
  return ExitStatus::done;
}

}  // namespace

void add_show(CLI::App& command, Action& action) {
  const auto options = std::make_shared<Options>();
  Verb verb(command, action, "show", reading_verbs, "Show everything about a parameter, and its statistics", run,
            options);
  verb.add_store(options->store);
  verb.add_patterns(options->patterns, "NAME").required();
  verb.add_flag("-c,--constrained", options->constrained, "Show the value as programs see it; loads LibTorch");
  verb.add_json(options->json);
  verb.footer(
      "Shows the unconstrained value, abbreviated as PyTorch prints tensors.\n"
      "`paramstore get` writes all of it.");
}

}  // namespace paramstore::cli
