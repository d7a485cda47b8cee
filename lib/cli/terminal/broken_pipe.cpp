#include "lib/cli/terminal/broken_pipe.h"

#include <signal.h>

namespace paramstore::cli {
namespace {

volatile sig_atomic_t received = 0;

}  // namespace

BrokenPipeGuard::BrokenPipeGuard() {
  struct sigaction former {};
  sigaction(SIGPIPE, nullptr, &former);
  if (former.sa_handler == SIG_IGN) return;
  struct sigaction action {};
  action.sa_handler = [](int) { received = 1; };
  sigemptyset(&action.sa_mask);
  sigaction(SIGPIPE, &action, nullptr);
}

BrokenPipeGuard::~BrokenPipeGuard() {
  if (!broken()) return;
  signal(SIGPIPE, SIG_DFL);
  raise(SIGPIPE);
}

bool BrokenPipeGuard::broken() noexcept { return received != 0; }

}  // namespace paramstore::cli
