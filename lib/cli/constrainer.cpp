#include "lib/cli/constrainer.h"

#include <SQLiteCpp/Column.h>
#include <SQLiteCpp/Statement.h>

#include "lib/cli/exit_status.h"
#include "lib/cli/terminal/escape.h"
#include "lib/storage/bind_in_place.h"

namespace paramstore::cli {

Constrainer::Constrainer() : connection_(":memory:", ":memory:", SqlConnection::Access::write) {
  connection_.load_extension(extension_path());
  storage::ParamRecord scalar;
  scalar.constraint_tag = "real";
  scalar.dtype = storage::Dtype::float32;
  try {
    ask("constrained", scalar, std::vector<char>(4));
  } catch (const SQLite::Exception& error) {
    throw FileError(std::string("LibTorch cannot be loaded: ") + error.what());
  }
}

Constrainer::Tensor Constrainer::constrain(const storage::ParamRecord& record, const std::vector<char>& bytes) {
  try {
    return ask("constrained", record, bytes);
  } catch (const SQLite::Exception& error) {
    throw NoSuch("the parameter " + shown_name(record.name) + " has no constrained value: " + error.what());
  }
}

Constrainer::Tensor Constrainer::unconstrain(const storage::ParamRecord& record, const std::vector<char>& bytes) {
  try {
    return ask("unconstrained", record, bytes);
  } catch (const SQLite::Exception& error) {
    throw UsageError("the value cannot be stored as the constrained value of " + shown_name(record.name) + ": " +
                     error.what());
  }
}

Constrainer::Tensor Constrainer::ask(const std::string& function, const storage::ParamRecord& record,
                                     const std::vector<char>& bytes) {
  const std::string dtype(storage::dtype_name(record.dtype));
  const std::string shape = storage::shape_to_json(record.shape);
  SQLite::Statement row(connection_.database(),
                        "SELECT " + function + "(?1, ?2, ?3, ?4), " + function + "_shape(?1, ?2, ?3, ?4)");
  storage::bind_in_place(row, 1, storage::ValueBytes{bytes.data(), bytes.size()});
  int at = 2;
  for (const std::string* text : {&dtype, &shape, &record.constraint_tag}) storage::bind_in_place(row, at++, *text);
  row.executeStep();
  const SQLite::Column value = row.getColumn(0);
  const auto* const data = static_cast<const char*>(value.getBlob());
  Tensor tensor{{}, {data, data + value.getBytes()}};
  const auto new_shape = storage::parse_shape(row.getColumn(1).getString());
  if (!new_shape || storage::value_size(*new_shape, record.dtype) != tensor.bytes.size())
    throw FileError("the extension and this command come from different versions of paramstore; reinstall both");
  tensor.shape = *new_shape;
  return tensor;
}

}  // namespace paramstore::cli
