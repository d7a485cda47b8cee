// Another process of this program, which plays a part in a test.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <string>

/// This program, executed anew, with only the test case "child", which finds its part and the test's folder in the
/// environment: part_of_child(). (Executed, not only forked: LibTorch has threads, which a fork does not copy.)
class Process {
 public:
  Process(const std::string& part, const std::filesystem::path& folder);
  ~Process();  // kills it, if it has not ended
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;
  Process(Process&& other) noexcept;
  Process& operator=(Process&&) = delete;

  /// Waits for its end. Empty where all went well; it has said on the standard error what went wrong.
  std::string wait();

 private:
  std::string part_;
  pid_t pid_ = -1;
};

struct PartOfChild {
  std::string name;  // empty: this process is no child
  std::filesystem::path folder;
};
PartOfChild part_of_child();

/// A file in the test's folder that one process makes and others wait for.
void raise_flag(const std::filesystem::path& folder, const std::string& name);
bool flag_is_up(const std::filesystem::path& folder, const std::string& name);
/// Throws std::runtime_error after a minute.
void wait_for_flag(const std::filesystem::path& folder, const std::string& name);
