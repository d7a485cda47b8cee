// Trains the eight schools into a store, kills the training half way, starts it again, and asks the store what it knows.
//
//   eight_schools [model.params.db]
//
// This process only watches. The training is a process of its own (this program again, with --train), and everything that
// the two know of each other is in the file: the watcher reads it with plain SQL while the other one writes.
#include <fcntl.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <cstdio>
#include <exception>
#include <iostream>
#include <stdexcept>
#include <string>
#include <thread>

#include "report.h"
#include "sql.h"
#include "training.h"

namespace {

using namespace eight_schools;

pid_t start_training(const std::string& path) {
  const pid_t process = fork();
  if (process < 0) throw std::runtime_error("no process could be started");
  if (process == 0) {
    execl("/proc/self/exe", "eight_schools", "--train", path.c_str(), nullptr);
    _exit(127);
  }
  return process;
}

/// One line that changes on a terminal, a line for each tenth elsewhere.
void show_progress(std::int64_t step) {
  static std::int64_t shown = 0;
  const bool terminal = isatty(STDOUT_FILENO) != 0;
  if (step == shown || (!terminal && step * 10 / total_steps == shown * 10 / total_steps)) return;
  shown = step;
  const auto done = static_cast<std::size_t>(step * 40 / total_steps);
  std::cout << (terminal ? "\r" : "") << "  [" << std::string(done, '#') << std::string(40 - done, '.') << "] step "
            << step << " of " << total_steps << (terminal && step < total_steps ? "" : "\n") << std::flush;
}

/// Waits until the training has committed `step`, or has ended. Returns whether it has ended, and how.
bool watch(pid_t process, const std::string& path, std::int64_t step, int& status) {
  while (true) {
    const bool ended = waitpid(process, &status, WNOHANG) == process;
    const std::int64_t committed = committed_step(path);
    show_progress(committed);
    if (ended) return true;
    if (committed >= step) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds(50));
  }
}

void finish_training(pid_t process, const std::string& path) {
  int status = 0;
  while (!watch(process, path, total_steps + 1, status)) {
  }
  if (!WIFEXITED(status) || WEXITSTATUS(status) != 0) throw std::runtime_error("the training ended before its time");
}

void kill_half_way(const std::string& path) {
  const pid_t process = start_training(path);
  int status = 0;
  if (watch(process, path, total_steps / 2, status)) throw std::runtime_error("the training ended before its time");
  kill(process, SIGKILL);
  waitpid(process, &status, 0);
  if (!WIFSIGNALED(status) || WTERMSIG(status) != SIGKILL) throw std::runtime_error("the training could not be killed");
  std::cout << (isatty(STDOUT_FILENO) ? "\n" : "") << "  process " << process
            << " was killed by SIGKILL; the file's last commit is step " << committed_step(path) << "\n\n";
}

void demonstrate(const std::string& path) {
  const std::int64_t before = committed_step(path);
  if (before >= total_steps) {
    std::cout << path << " is trained already (" << before << " steps). To start anew: rm " << path << "*\n";
  } else {
    std::cout << "Training the eight schools into " << path << std::endl;
    if (before < total_steps / 2) {
      kill_half_way(path);
      std::cout << "Starting it again. (It finds all parameters; Adam's running means are not in the file yet.)"
                << std::endl;
    }
    finish_training(start_training(path), path);
  }
  std::cout << "\nThe posterior, from 100000 samples of the guide in the store:\n";
  report_posterior(path);
  std::cout << "\nAnd what the file says to anyone who has SQLite:\n";
  report_sql(path);
}

}  // namespace

int main(int argc, char** argv) {
  try {
    if (argc == 3 && std::string(argv[1]) == "--train") {
      train(argv[2]);
    } else {
      demonstrate(argc > 1 ? argv[1] : "eight_schools.params.db");
    }
  } catch (const std::exception& error) {
    std::cerr << "eight_schools: " << error.what() << "\n";
    return 1;
  }
}
