#include <cerrno>
#include <cstdint>
#include <optional>

#include "faults/fault.h"
#include "faults/system_calls.h"

namespace faults {
namespace {

using Calls = std::uint32_t;
constexpr Calls bit(SystemCall call) { return Calls{1} << static_cast<unsigned>(call); }
// Giving back a lock does not fail on Linux, and SQLite does not expect it to. Threads are no business of a disk.
constexpr Calls of_a_disk = ~(bit(SystemCall::unlock) | bit(SystemCall::thread));

enum class How { once, lasting };
enum class Whole { yes, half };  // half: the nth write is made in part, and the fault begins with the next one

class SystemCallFault final : public Fault, private SystemCallObserver {
 public:
  SystemCallFault(std::string label, Calls calls, int error, How how, Whole whole = Whole::yes)
      : label_(std::move(label)),
        calls_(calls),
        error_(error),
        lasting_(how == How::lasting),
        half_(whole == Whole::half) {}

  const std::string& label() const noexcept override { return label_; }

  bool keeps_files() const noexcept override { return (calls_ & bit(SystemCall::unlink)) != 0; }

  void arm(const std::string& folder, long n) override {
    n_ = n;
    seen_ = {};
    SystemCallObserver& observer = *this;
    observation_.emplace(folder, observer);
  }

  Seen disarm() override {
    observation_.reset();
    return seen_;
  }

 private:
  Verdict before(const CallSeen& call) override {
    if ((calls_ & bit(call.call)) == 0) return {};
    const long number = ++seen_.chances;
    if (n_ == 0 || number < n_) return {};
    Verdict verdict;
    if (half_ && number == n_) {
      seen_.happened = true;
      verdict.only = call.size / 2;
      return verdict;
    }
    if (number > (half_ ? n_ + 1 : n_) && !lasting_) return {};
    seen_.happened = true;
    verdict.error = error_;
    return verdict;
  }
  void after(const CallSeen&, std::int64_t) override {}

  const std::string label_;
  const Calls calls_;
  const int error_;
  const bool lasting_;
  const bool half_;
  long n_ = 0;
  Seen seen_;
  std::optional<Observation> observation_;
};

struct Kind {
  const char* name;
  Calls calls;
  struct Error {
    const char* name;
    int number;
  };
  std::vector<Error> once;
  std::vector<Error> lasting;
};

const Kind kinds[] = {
    {"open",
     bit(SystemCall::open),
     {{"EIO", EIO}, {"EINTR", EINTR}, {"ENOSPC", ENOSPC}},
     {{"EACCES", EACCES}, {"EMFILE", EMFILE}}},
    {"read", bit(SystemCall::read), {{"EIO", EIO}, {"EINTR", EINTR}}, {{"EIO", EIO}}},
    {"write",
     bit(SystemCall::write),
     {{"EIO", EIO}, {"ENOSPC", ENOSPC}, {"EINTR", EINTR}},
     {{"EIO", EIO}, {"ENOSPC", ENOSPC}}},
    {"sync", bit(SystemCall::sync), {{"EIO", EIO}}, {{"EIO", EIO}, {"ENOSPC", ENOSPC}}},
    {"truncate", bit(SystemCall::truncate), {{"EIO", EIO}}, {{"EIO", EIO}}},
    {"lock", bit(SystemCall::lock), {{"EIO", EIO}, {"ENOLCK", ENOLCK}}, {{"EIO", EIO}}},
    {"map", bit(SystemCall::map), {{"ENOMEM", ENOMEM}}, {{"ENOMEM", ENOMEM}}},
    {"unlink", bit(SystemCall::unlink), {{"EIO", EIO}, {"EACCES", EACCES}}, {{"EACCES", EACCES}}},
    {"rename", bit(SystemCall::rename), {{"EIO", EIO}, {"ENOSPC", ENOSPC}}, {{"EACCES", EACCES}}},
    {"mkdir", bit(SystemCall::mkdir), {{"EIO", EIO}, {"ENOSPC", ENOSPC}}, {{"EACCES", EACCES}}},
    {"stat", bit(SystemCall::stat), {{"EIO", EIO}, {"EACCES", EACCES}}, {{"EIO", EIO}}},
    {"close", bit(SystemCall::close), {{"EIO", EIO}}, {{"EIO", EIO}}},
    {"allocate", bit(SystemCall::allocate), {{"ENOSPC", ENOSPC}}, {{"ENOSPC", ENOSPC}}},
    {"thread", bit(SystemCall::thread), {{"EAGAIN", EAGAIN}}, {{"EAGAIN", EAGAIN}}},
    {"other", bit(SystemCall::other), {{"EPERM", EPERM}}, {{"EPERM", EPERM}}},
    {"all", of_a_disk, {}, {{"EIO", EIO}}},
};

}  // namespace

Faults system_call_faults() {
  Faults faults;
  for (const Kind& kind : kinds) {
    const std::string name = kind.name;
    for (const auto& error : kind.once)
      faults.push_back(
          std::make_unique<SystemCallFault>(name + " " + error.name + " once", kind.calls, error.number, How::once));
    for (const auto& error : kind.lasting)
      faults.push_back(std::make_unique<SystemCallFault>(name + " " + error.name + " lasting", kind.calls, error.number,
                                                         How::lasting));
  }
  for (const How how : {How::once, How::lasting}) {
    faults.push_back(
        std::make_unique<SystemCallFault>(std::string("half write EIO ") + (how == How::once ? "once" : "lasting"),
                                          bit(SystemCall::write), EIO, how, Whole::half));
  }
  return faults;
}

}  // namespace faults
