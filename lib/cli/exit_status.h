// The exit statuses of the command, for scripts. paramstore.1 has the same table.
#pragma once

#include <exception>
#include <stdexcept>

namespace paramstore::cli {

enum class ExitStatus {
  done = 0,
  found = 1,    // diff: they differ; verify: something is wrong
  usage = 2,    // the command line is invalid
  no_such = 3,  // a parameter or scope does not exist, or the new name is taken
  file = 4,     // a file cannot be opened, read or written
  damaged = 5,  // the file is not a store, is damaged, or was made by a newer paramstore
  busy = 6,     // another process locked the store, or changed the same parameter
  interrupted = 130,
};

/// A command line that parses but is invalid, or a value that cannot be parsed.
class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A thing does not exist, or already exists.
class NoSuch : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A file that is not a store cannot be read or written.
class FileError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The exit status for an exception that ended a verb.
ExitStatus status_of(const std::exception& error) noexcept;

}  // namespace paramstore::cli
