#include "faults/allocations.h"
#include "faults/fault.h"
#include "faults/system_calls.h"

namespace faults {
namespace {

class MemoryFault : public Fault {
 public:
  MemoryFault(std::string label, bool lasting) : label_(std::move(label)), lasting_(lasting) {}
  const std::string& label() const noexcept override { return label_; }
  void arm(const std::string&, long n) override {
    let_nobody_sleep(true);
    fail_allocation(n, lasting_);
  }
  Seen disarm() override {
    const AllocationsSeen seen = stop_failing_allocations();
    let_nobody_sleep(false);
    return {seen.count, seen.failed};
  }

 private:
  const std::string label_;
  const bool lasting_;
};

}  // namespace

Faults memory_faults() {
  Faults faults;
  faults.push_back(std::make_unique<MemoryFault>("memory once", false));
  faults.push_back(std::make_unique<MemoryFault>("memory lasting", true));
  return faults;
}

}  // namespace faults
