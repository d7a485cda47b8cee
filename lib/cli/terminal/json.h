// The command's JSON output.
#pragma once

#include <iosfwd>
#include <nlohmann/json.hpp>

#include "paramstore/storage/database.h"

namespace paramstore::cli {

using Json = nlohmann::ordered_json;

/// A record with all its columns; the checksum in hexadecimal, since JSON's readers take large numbers for doubles.
Json to_json(const storage::ParamRecord& record);

Json to_json(const storage::CommitRecord& commit);

/// A number as it is, or "nan", "inf", "-inf" as text, for which JSON has no numbers.
Json to_json(double number);

/// `value` on one line; of an array, each element on a line of its own. Text that is not UTF-8 becomes U+FFFD.
void print_json(std::ostream& out, const Json& value);

}  // namespace paramstore::cli
