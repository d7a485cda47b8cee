#include "process.h"

#include <doctest/doctest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <exception>

namespace paramstore::storage::testing {

ChildProcess::ChildProcess(const std::function<std::string()>& action) {
  int ends[2];
  REQUIRE(pipe(ends) == 0);
  pid_ = fork();
  REQUIRE(pid_ >= 0);
  if (pid_ == 0) {
    close(ends[0]);
    std::string result;
    try {
      result = action();
    } catch (const std::exception& error) {
      result = std::string("exception: ") + error.what();
    }
    const ssize_t written = write(ends[1], result.data(), result.size());
    _exit(written == static_cast<ssize_t>(result.size()) ? 0 : 1);
  }
  close(ends[1]);
  output_ = ends[0];
}

ChildProcess::~ChildProcess() {
  if (pid_ != 0) wait();
}

std::string ChildProcess::wait() {
  std::string result;
  char buffer[4096];
  for (ssize_t size; (size = read(output_, buffer, sizeof buffer)) > 0;)
    result.append(buffer, static_cast<std::size_t>(size));
  close(output_);
  int status = 0;
  waitpid(pid_, &status, 0);
  pid_ = 0;
  return WIFEXITED(status) && WEXITSTATUS(status) == 0 ? result : "died";
}

std::string as_ordinary_user(const std::function<std::string()>& action) {
  return ChildProcess([&]() -> std::string {
           constexpr id_t nobody = 65534;
           if (geteuid() == 0 && (setgid(nobody) != 0 || setuid(nobody) != 0)) return "cannot become another user";
           return action();
         })
      .wait();
}

}  // namespace paramstore::storage::testing
