#include "concurrency/process.h"

#include <signal.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <cstdlib>
#include <fstream>
#include <stdexcept>
#include <thread>
#include <utility>

namespace {

constexpr const char* part_variable = "PARAMSTORE_CONCURRENCY_PART";
constexpr const char* folder_variable = "PARAMSTORE_CONCURRENCY_FOLDER";

}  // namespace

Process::Process(const std::string& part, const std::filesystem::path& folder) : part_(part) {
  setenv(part_variable, part.c_str(), 1);
  setenv(folder_variable, folder.c_str(), 1);
  std::string arguments[] = {"child", "--no-skip", "--test-case=child", "--minimal"};
  char* pointers[] = {arguments[0].data(), arguments[1].data(), arguments[2].data(), arguments[3].data(), nullptr};
  const int code = posix_spawn(&pid_, "/proc/self/exe", nullptr, nullptr, pointers, environ);
  unsetenv(part_variable);
  if (code != 0) throw std::runtime_error("no process could be started: error " + std::to_string(code));
}

Process::Process(Process&& other) noexcept : part_(std::move(other.part_)), pid_(std::exchange(other.pid_, -1)) {}

Process::~Process() {
  if (pid_ <= 0) return;
  kill(pid_, SIGKILL);
  wait();
}

std::string Process::wait() {
  int status = 0;
  while (waitpid(pid_, &status, 0) < 0 && errno == EINTR) {
  }
  pid_ = -1;
  if (WIFEXITED(status) && WEXITSTATUS(status) == 0) return {};
  return "the process that plays '" + part_ + "' failed with status " + std::to_string(status);
}

PartOfChild part_of_child() {
  const char* part = std::getenv(part_variable);
  const char* folder = std::getenv(folder_variable);
  if (part == nullptr || folder == nullptr) return {};
  return {part, folder};
}

void raise_flag(const std::filesystem::path& folder, const std::string& name) {
  if (!std::ofstream(folder / name)) throw std::runtime_error("no file could be made in " + folder.string());
}

bool flag_is_up(const std::filesystem::path& folder, const std::string& name) {
  return std::filesystem::exists(folder / name);
}

void wait_for_flag(const std::filesystem::path& folder, const std::string& name) {
  const auto end = std::chrono::steady_clock::now() + std::chrono::minutes(1);
  while (!flag_is_up(folder, name)) {
    if (std::chrono::steady_clock::now() > end) throw std::runtime_error("nobody has raised the flag '" + name + "'");
    std::this_thread::sleep_for(std::chrono::milliseconds(1));
  }
}
