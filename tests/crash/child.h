// A process of its own that works until it is killed, and tells its parent what it has finished.
#pragma once

#include <sys/types.h>

#include <chrono>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

/// One thing done: which of the child's counters, and how far it is.
struct Done {
  std::int32_t counter;
  std::int32_t value;
};

/// The child's end of the pipe.
class Reporter {
 public:
  explicit Reporter(int pipe) : pipe_(pipe) {}
  /// To be called when the call that did it has returned. Atomic: a message arrives whole or not at all.
  void operator()(std::int32_t counter, std::int32_t value) const;

 private:
  int pipe_;
};

using Work = std::function<void(const Reporter& report)>;

/// A copy of this process that does `work`, which is not to end. Possible only while this process has one thread,
/// which is the case before LibTorch has computed anything: a fork copies no other threads. Fails the test where
/// there are more.
///
/// A forked child is as good as one that was executed: it shares no file, no lock and no SQLite connection with its
/// parent.
class Child {
 public:
  explicit Child(const Work& work);
  /// A program executed anew, with these arguments; its pipe has the number in the environment variable
  /// `pipe_variable`.
  Child(const std::vector<std::string>& arguments, const char* pipe_variable);
  ~Child();
  Child(const Child&) = delete;
  Child& operator=(const Child&) = delete;

  /// Takes in what the child reports until there are that many reports, or the time is over.
  void listen(std::size_t reports, std::chrono::microseconds limit);

  /// SIGKILL; takes in what was reported before. Returns an empty text, or what went wrong in the child before it was
  /// killed.
  std::string kill();

  const std::vector<Done>& done() const { return done_; }

 private:
  bool read_reports();
  pid_t pid_ = -1;
  int pipe_ = -1;
  std::vector<Done> done_;
};
