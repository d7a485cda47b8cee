#include "lib/cli/terminal/json.h"

#include <array>
#include <cmath>
#include <cstdio>
#include <ostream>

#include "lib/cli/terminal/escape.h"
#include "lib/cli/values/shape_text.h"

namespace paramstore::cli {

Json to_json(double number) {
  if (std::isnan(number)) return "nan";
  if (std::isinf(number)) return number > 0 ? "inf" : "-inf";
  return number;
}

Json to_json(const storage::ParamRecord& record) {
  Json checksum = nullptr;
  if (record.checksum) {
    std::array<char, 17> text{};
    std::snprintf(text.data(), text.size(), "%016llx", static_cast<unsigned long long>(*record.checksum));
    checksum = text.data();
  }
  return {{"id", record.id},
          {"name", record.name},
          {"constraint", record.constraint_tag},
          {"dtype", std::string(dtype_name(record.dtype))},
          {"shape", record.shape},
          {"numel", element_count(record)},
          {"nbytes", byte_size(record)},
          {"device", record.device},
          {"revision", record.revision},
          {"checksum", checksum}};
}

Json to_json(const storage::CommitRecord& commit) {
  Json json{{"revision", commit.revision}, {"time", commit.time}, {"step", nullptr}, {"message", nullptr}};
  if (commit.step) json["step"] = *commit.step;
  if (commit.message) json["message"] = *commit.message;
  return json;
}

std::string json_text(const Json& value) {
  return json_escaped(value.dump(-1, ' ', false, Json::error_handler_t::replace));
}

void print_json(std::ostream& out, const Json& value) {
  if (!value.is_array()) {
    out << json_text(value) << '\n';
    return;
  }
  out << '[';
  const char* separator = "\n  ";
  for (const Json& element : value) {
    out << separator << json_text(element);
    separator = ",\n  ";
  }
  out << "\n]\n";
}

}  // namespace paramstore::cli
