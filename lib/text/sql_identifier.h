// A name inside SQL text.
#pragma once

#include <string>
#include <string_view>

namespace paramstore {

/// `name` as an SQL identifier: in double quotes, each quote in it doubled. The one way this project quotes one; below
/// SQLite, as the loadable extension needs it too.
std::string sql_identifier(std::string_view name);

}  // namespace paramstore
