#include "faults/attack.h"

#include <cstdio>
#include <cstdlib>
#include <new>

#include "paramstore/error.h"

namespace faults {

using namespace paramstore;

Attack attack_of(const Options& options, const std::filesystem::path& folder) {
  const std::string which = options.words.size() == 1 ? options.words.front() : "";
  Attack attack;
  if (which == "system-calls") {
    attack.name = "system calls";
    attack.picks = options.brief ? 1 : 0;
    attack.share = options.brief ? 3 : 1;
    attack.faults = system_call_faults();
  } else if (which == "memory") {
    attack.name = "memory";
    // Opening a store alone allocates thousands of times, mostly in SQLite's parser.
    attack.picks = options.brief ? 5 : 200;
    attack.memory = true;
    attack.faults = memory_faults();
  } else if (which == "disk-full") {
    attack.name = "disk full";
    attack.picks = options.brief ? 3 : 0;
    attack.faults = full_disk_faults();
    if (mount_small_disk(folder)) {
      for (auto& each : small_disk_faults(folder)) attack.faults.push_back(std::move(each));
    } else {
      std::fprintf(stderr, "This user may not mount a small disk: only writes are refused\n");
    }
  } else {
    std::fprintf(stderr, "usage: system-calls | memory | disk-full [--short] [--only TEXT]\n");
    std::exit(2);
  }
  return attack;
}

void require(bool condition, const char* what) {
  if (!condition) throw WrongValue{what};
}

bool says_done(const Call& call) {
  return call.error.find("is complete") != std::string::npos || call.error.find("is dropped, but") != std::string::npos;
}

Call call_of(const std::function<void()>& run, bool memory) {
  Call call;
  try {
    run();
  } catch (const WrongValue& wrong) {
    call.wrong = wrong.what;
  } catch (const CorruptStore& error) {
    call.failed = true;
    call.error = error.what();
    if (memory || call.error.find("or the disk failed to read it") == std::string::npos)
      call.wrong = "a failing call is reported as damage: " + call.error;
  } catch (const NotAStore& error) {
    call.wrong = std::string("a failing call is reported as another kind of file: ") + error.what();
  } catch (const Error& error) {
    call.failed = true;
    call.error = error.what();
  } catch (const std::bad_alloc& error) {
    call.failed = true;
    call.error = error.what();
    if (!memory) call.wrong = "std::bad_alloc without a failing allocation";
  } catch (const std::exception& error) {
    call.failed = true;
    call.error = error.what();
    if (!memory) call.wrong = std::string("an exception that is no Error: ") + error.what();
  }
  return call;
}

}  // namespace faults
