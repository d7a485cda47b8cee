// A store with a bit of everything, as bytes, and what each of its commits held.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "faults/picture.h"

namespace faults {

struct SampleFile {
  std::string name;
  std::string bytes;
};

/// Bytes of the first file.
struct Place {
  std::size_t begin;
  std::size_t end;
};

struct SampleStore {
  std::string label;
  std::vector<SampleFile> files;    // the store, and its -wal if it has one
  std::vector<Picture> commits;     // oldest first; one that a -wal holds may be the last that is left
  std::vector<Place> values;        // where the values are, those in `chunks` too
  std::vector<Place> rest_of_rows;  // the other columns of `params`, and the header of each row
};

/// With pages of that many bytes. `with_log`: the newest commits are in a -wal, as of a program that was killed.
SampleStore sample_store(const std::string& label, std::size_t page_size, bool with_log);

}  // namespace faults
