// What a store file holds, to be compared: what was committed, and what a file that something happened to still has.
#pragma once

#include <string>
#include <vector>

#include "paramstore/storage/database.h"

namespace faults {

/// A row of `params`. Not its id, revision and checksum, of which a copy or a repeated commit has others.
struct Row {
  std::string name;
  std::string constraint_tag;
  std::string device;
  paramstore::storage::Dtype dtype;
  std::vector<std::int64_t> shape;
  std::vector<char> value;
};

bool operator==(const Row& a, const Row& b);

/// All rows, in insertion order.
using Picture = std::vector<Row>;

/// Reads the whole file and checks every value. Throws what reading throws, and std::length_error for a value that is larger
/// than any that the tests write: memory that a damaged file asks for.
Picture picture_of(paramstore::storage::StoreFile& file);

}  // namespace faults
