// What the command's exit status says, for scripts. paramstore.1 has the same table.
#pragma once

#include <exception>
#include <stdexcept>

namespace paramstore::cli {

enum class ExitStatus {
  done = 0,
  found = 1,    // diff: they differ; verify: something is wrong
  usage = 2,    // the command line makes no sense
  no_such = 3,  // no such parameter or scope, or the name is taken
  file = 4,     // a file cannot be opened, read or written
  damaged = 5,  // the file is not a store, is damaged, or was made by a newer paramstore
  busy = 6,     // somebody else held the store, or changed what was to be changed
  interrupted = 130,
};

/// A command line that the parser takes and that still makes no sense; a value that cannot be read.
class UsageError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// What was asked for is not there, or is there already.
class NoSuch : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// A file other than a store that cannot be read or written.
class FileError : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

/// The status for an exception that ended a verb.
ExitStatus status_of(const std::exception& error) noexcept;

}  // namespace paramstore::cli
