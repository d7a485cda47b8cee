#include "faults/children.h"

#include <poll.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <csignal>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <exception>

namespace faults {
namespace {

// Small enough for a pipe to take it whole.
struct Message {
  std::size_t attempt;
  Outcome outcome;
  char what[400];
};

[[noreturn]] void fail(const char* what) {
  std::perror(what);
  std::exit(2);
}

[[noreturn]] void work(int pipe, std::size_t first, std::size_t count,
                       const std::function<Finding(std::size_t)>& attempt) {
  for (std::size_t i = first; i < count; ++i) {
    Finding finding;
    try {
      finding = attempt(i);
    } catch (const std::exception& error) {
      finding = {Outcome::lost, std::string("an exception that is not the library's: ") + error.what()};
    }
    Message message{};
    message.attempt = i;
    message.outcome = finding.outcome;
    finding.what.copy(message.what, sizeof message.what - 1);
    if (write(pipe, &message, sizeof message) != static_cast<ssize_t>(sizeof message)) _exit(2);
  }
  _exit(0);
}

enum class Read { message, end, late };

Read read_message(int pipe, unsigned seconds, Message& message) {
  pollfd waiting{pipe, POLLIN, 0};
  int ready = 0;
  while ((ready = poll(&waiting, 1, static_cast<int>(seconds) * 1000)) < 0) {
    if (errno != EINTR) fail("poll");
  }
  if (ready == 0) return Read::late;
  const ssize_t size = read(pipe, &message, sizeof message);
  if (size < 0) fail("read");
  return size == static_cast<ssize_t>(sizeof message) ? Read::message : Read::end;
}

}  // namespace

void attempt_in_children(std::size_t count, unsigned seconds, const std::function<Finding(std::size_t)>& attempt,
                         const std::function<void(std::size_t, const Finding&)>& receive) {
  for (std::size_t next = 0; next < count;) {
    int ends[2];
    if (pipe(ends) != 0) fail("pipe");
    std::fflush(nullptr);
    const pid_t child = fork();
    if (child < 0) fail("fork");
    if (child == 0) {
      close(ends[0]);
      work(ends[1], next, count, attempt);
    }
    close(ends[1]);
    Message message{};
    Read read = Read::message;
    while (next < count && (read = read_message(ends[0], seconds, message)) == Read::message) {
      receive(message.attempt, {message.outcome, message.what});
      next = message.attempt + 1;
    }
    if (read == Read::late) kill(child, SIGKILL);
    close(ends[0]);
    int status = 0;
    while (waitpid(child, &status, 0) < 0) {
      if (errno != EINTR) fail("waitpid");
    }
    if (next == count) break;
    const std::string end = read == Read::late    ? "hung"
                            : WIFSIGNALED(status) ? std::string("crashed: ") + strsignal(WTERMSIG(status))
                                                  : "ended with status " + std::to_string(WEXITSTATUS(status));
    receive(next++, {Outcome::lost, "the process " + end});
  }
}

}  // namespace faults
