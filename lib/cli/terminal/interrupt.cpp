#include "lib/cli/terminal/interrupt.h"

#include <signal.h>

#include <array>

namespace paramstore::cli {
namespace {

constexpr std::array signals{SIGINT, SIGTERM, SIGHUP};
volatile sig_atomic_t received = 0;  // SIGINT does not hide another one
std::array<struct sigaction, signals.size()> former;

}  // namespace

InterruptGuard::InterruptGuard() {
  struct sigaction action {};
  action.sa_handler = [](int signal) {
    if (received == 0 || received == SIGINT) received = signal;
  };
  sigemptyset(&action.sa_mask);
  for (std::size_t i = 0; i < signals.size(); ++i) {
    sigaction(signals[i], nullptr, &former[i]);
    if (former[i].sa_handler != SIG_IGN) sigaction(signals[i], &action, nullptr);  // nohup stays nohup
  }
}

InterruptGuard::~InterruptGuard() {
  for (std::size_t i = 0; i < signals.size(); ++i) sigaction(signals[i], &former[i], nullptr);
}

bool InterruptGuard::interrupted() noexcept { return received != 0; }

void InterruptGuard::check() {
  if (received != 0) throw Interrupted();
}

bool InterruptGuard::forget_ctrl_c() noexcept {
  if (received == SIGINT) received = 0;
  return received == 0;
}

}  // namespace paramstore::cli
