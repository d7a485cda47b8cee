// What a class of faults prints: one line of JSON, which tests/faults/report.py adds to the table.
//
//   {"class": "memory", "tried": 812, "held": 811, "lost": 1,
//    "losses": [{"what": "...", "reproduce": "storage_faults memory --only erase/once/14"}]}
//
// Programs that share a class each print their own line; the report adds them up.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

namespace faults {

/// The options that every program of this folder takes.
struct Options {
  /// The form that `./run test` runs: some of the attempts, in a minute of one core at most.
  bool brief = false;
  /// --only TEXT: the attempts whose label holds this text; empty for all.
  std::string only;
  /// What is not an option, in order.
  std::vector<std::string> words;
};

/// Ends the process with status 2 and a message if an argument is unknown.
Options parse_options(int argc, char** argv);

class Figures {
 public:
  explicit Figures(std::string name) : name_(std::move(name)) {}

  void held(std::uint64_t attempts = 1) { held_ += attempts; }
  /// Also says so on stderr at once. `reproduce` is a command line, without folders.
  void lost(const std::string& what, const std::string& reproduce);
  /// What the file format does not promise to notice yet. Counted as tried, neither as held nor as lost.
  void unguarded(std::uint64_t attempts = 1) { unguarded_ += attempts; }
  std::uint64_t lost_count() const noexcept { return losses_.size(); }

  /// Prints the line on stdout. Returns the exit status: 0 if nothing was lost, else 1.
  int finish() const;

 private:
  struct Loss {
    std::string what;
    std::string reproduce;
  };
  std::string name_;
  std::uint64_t held_ = 0;
  std::uint64_t unguarded_ = 0;
  std::vector<Loss> losses_;
};

}  // namespace faults
