#include "crash/child.h"

#include <doctest/doctest.h>
#include <fcntl.h>
#include <poll.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <iterator>

namespace {

std::ptrdiff_t threads_of_this_process() {
  return std::distance(std::filesystem::directory_iterator("/proc/self/task"), std::filesystem::directory_iterator());
}

struct Pipe {
  Pipe() { REQUIRE(pipe2(ends, O_CLOEXEC) == 0); }
  int ends[2];
};

}  // namespace

void Reporter::operator()(std::int32_t counter, std::int32_t value) const {
  const Done done{counter, value};
  if (write(pipe_, &done, sizeof done) != sizeof done) _exit(4);
}

Child::Child(const Work& work) {
  REQUIRE(threads_of_this_process() == 1);
  const Pipe pipe;
  pid_ = fork();
  REQUIRE(pid_ >= 0);
  if (pid_ == 0) {
    close(pipe.ends[0]);
    try {
      work(Reporter(pipe.ends[1]));
      std::fprintf(stderr, "the child has come to an end\n");
    } catch (const std::exception& error) {
      std::fprintf(stderr, "the child failed: %s\n", error.what());
    }
    _exit(3);  // without the parent's destructors
  }
  close(pipe.ends[1]);
  pipe_ = pipe.ends[0];
}

Child::Child(const std::vector<std::string>& arguments, const char* pipe_variable) {
  const Pipe pipe;
  std::vector<char*> pointers;
  for (const std::string& argument : arguments) pointers.push_back(const_cast<char*>(argument.c_str()));
  pointers.push_back(nullptr);
  pid_ = fork();
  REQUIRE(pid_ >= 0);
  if (pid_ == 0) {
    fcntl(pipe.ends[1], F_SETFD, 0);
    setenv(pipe_variable, std::to_string(pipe.ends[1]).c_str(), 1);
    setenv("TMPDIR", std::filesystem::current_path().c_str(), 1);  // what it leaves behind goes with this test's folder
    execv("/proc/self/exe", pointers.data());
    _exit(5);
  }
  close(pipe.ends[1]);
  pipe_ = pipe.ends[0];
}

Child::~Child() {
  if (pid_ > 0) kill();
  close(pipe_);
}

bool Child::read_reports() {
  Done reports[64];
  const ssize_t size = read(pipe_, reports, sizeof reports);
  if (size <= 0) return false;
  done_.insert(done_.end(), reports, reports + static_cast<std::size_t>(size) / sizeof(Done));
  return true;
}

void Child::listen(std::size_t reports, std::chrono::microseconds limit) {
  const auto end = std::chrono::steady_clock::now() + limit;
  while (done_.size() < reports) {
    const auto left =
        std::chrono::duration_cast<std::chrono::microseconds>(end - std::chrono::steady_clock::now()).count();
    if (left <= 0) return;
    pollfd ready{pipe_, POLLIN, 0};
    const timespec timeout{left / 1000000, left % 1000000 * 1000};
    if (ppoll(&ready, 1, &timeout, nullptr) > 0 && !read_reports()) return;
  }
}

std::string Child::kill() {
  ::kill(pid_, SIGKILL);
  int status = 0;
  while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  while (read_reports()) {
  }
  if (WIFSIGNALED(status) && WTERMSIG(status) == SIGKILL) return {};
  return "the child ended by itself, with status " + std::to_string(status);
}
