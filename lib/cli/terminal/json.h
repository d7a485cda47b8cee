// The command's JSON output.
#pragma once

#include <iosfwd>
#include <nlohmann/json.hpp>

#include "paramstore/storage/database.h"

namespace paramstore::cli {

using Json = nlohmann::ordered_json;

/// A record with all its columns. The checksum is hexadecimal text, because many JSON readers round large integers.
Json to_json(const storage::ParamRecord& record);

Json to_json(const storage::CommitRecord& commit);

/// A number, or the text "nan", "inf" or "-inf", for which JSON has no numbers.
Json to_json(double number);

/// `value` on one line. Text that is not UTF-8 becomes U+FFFD; what a terminal would obey, or would not show, is escaped.
std::string json_text(const Json& value);

/// Prints `value` on one line, or each element of an array on its own line. Bytes that are not UTF-8 become U+FFFD.
void print_json(std::ostream& out, const Json& value);

}  // namespace paramstore::cli
