#include <filesystem>
#include <iostream>

#include "lib/cli/address.h"
#include "lib/cli/commit_message.h"
#include "lib/cli/constrainer.h"
#include "lib/cli/selection.h"
#include "lib/cli/terminal/escape.h"
#include "lib/cli/terminal/readable_numbers.h"
#include "lib/cli/values/given_value.h"
#include "lib/cli/values/shape_text.h"
#include "lib/cli/values/value_source.h"
#include "lib/cli/verb.h"
#include "lib/numeric/number_encoding.h"
#include "lib/text/constraint_signatures.h"
#include "paramstore/error.h"
#include "paramstore/param_name.h"

namespace paramstore::cli {
namespace {

using storage::Dtype;
using storage::ParamRecord;
using Shape = std::vector<std::int64_t>;

struct Options {
  std::string store;
  std::string name;
  std::string value;
  std::string from;
  std::string dtype;
  std::string shape;
  std::string constraint;
  bool create = false;
  bool constrained = false;
};

std::optional<Dtype> given_dtype(const Options& options) {
  if (options.dtype.empty()) return std::nullopt;
  const auto dtype = storage::parse_dtype(options.dtype);
  if (!dtype)
    throw UsageError("--dtype " + options.dtype +
                     " is not a dtype; use float16, bfloat16, float32, float64, complex64 or complex128");
  return dtype;
}

std::optional<Shape> given_shape(const Options& options) {
  if (options.shape.empty()) return std::nullopt;
  auto shape = storage::parse_shape(options.shape);
  if (!shape) throw UsageError("--shape " + options.shape + " is not a shape; write [2,3], or [] for a scalar");
  return shape;
}

// Fills in the new row from the options; else from the old row; else from the value's source.
void settle_dtype(ParamRecord& record, bool is_new, const Options& options, const GivenValue& value) {
  if (const auto dtype = given_dtype(options)) {
    record.dtype = *dtype;
  } else if (is_new) {
    record.dtype = value.dtype.value_or(Dtype::float32);
  } else if (value.dtype && *value.dtype != record.dtype) {
    throw UsageError("the value is " + std::string(dtype_name(*value.dtype)) + ", the parameter " +
                     std::string(dtype_name(record.dtype)) + "; choose one with --dtype");
  }
}

void settle_shape(ParamRecord& record, bool is_new, const Options& options, const GivenValue& value) {
  const auto count = static_cast<std::uint64_t>(value.numbers.size());
  const std::string numbers = counted(count, "number");
  if (const auto shape = given_shape(options)) {
    record.shape = *shape;
  } else if (is_new) {
    const bool scalar = count == 1;
    record.shape = value.shape.value_or(scalar ? Shape{} : Shape{static_cast<std::int64_t>(count)});
  } else if (value.shape && *value.shape != record.shape && !(count == 0 && element_count(record) == 0)) {
    throw UsageError("the value's shape is " + shape_text(*value.shape) + ", the parameter's " +
                     shape_text(record.shape) + "; choose one with --shape");
  }
  const auto size = value_size(record.shape, record.dtype);
  if (!size || *size / dtype_size(record.dtype) != count)
    throw UsageError("the value has " + numbers + ", which do not fill shape " + shape_text(record.shape));
}

void require_valid_tag(const std::string& tag) {
  const auto problem = tag_problem(tag);
  if (problem && problem->kind == TagProblem::Kind::invalid) {
    throw UsageError("the constraint tag " + shown_name(tag.substr(0, 80)) + " is invalid: " + problem->what);
  }
}

// After the row is stored: a program may have registered the name.
void warn_of_unknown_name(const std::string& tag) {
  if (const auto problem = tag_problem(tag)) {
    std::cerr << "paramstore: warning: the constraint tag " << shown_name(tag.substr(0, 80))
              << " is stored as given: " << escaped(problem->what) << '\n';
  }
}

struct Row {
  ParamRecord record;
  std::vector<char> bytes;
};

// The shape of the constrained value of what is stored.
Shape constrained_shape(Constrainer& constrainer, const ParamRecord& record) {
  return constrainer.constrain(record, std::vector<char>(byte_size(record))).shape;
}

void unconstrain(Constrainer& constrainer, Row& row, const std::optional<ParamRecord>& found, const Options& options) {
  auto [shape, bytes] = constrainer.unconstrain(row.record, row.bytes);
  if (found && options.shape.empty() && shape != found->shape)
    throw UsageError("the value would be stored with shape " + shape_text(shape) + ", but the parameter has " +
                     shape_text(found->shape) + "; --shape changes it");
  row.record.shape = std::move(shape);
  row.bytes = std::move(bytes);
}

// The new parameter, from the command line and the existing parameter, if any. `constrainer` is null unless the value is a
// constrained one.
Row make_row(const std::optional<ParamRecord>& found, const Options& options, const std::string& contents,
             Constrainer* constrainer) {
  Row row;
  ParamRecord& record = row.record;
  if (found) {
    record = *found;
  } else {
    validate_param_name(options.name);
    record.name = options.name;
    record.constraint_tag = "real";
  }
  if (!options.constraint.empty()) {
    require_valid_tag(options.constraint);
    record.constraint_tag = options.constraint;
  }
  const std::string source = options.from.empty() ? "VALUE" : source_name(options.from);
  const auto asked = storage::parse_dtype(options.dtype);
  const GivenValue value = parse_value(contents, source, numeric::is_complex(asked.value_or(record.dtype)));
  settle_dtype(record, !found, options, value);
  if (constrainer != nullptr && found && options.shape.empty()) record.shape = constrained_shape(*constrainer, record);
  settle_shape(record, !found, options, value);
  try {
    row.bytes = numeric::encode(record.dtype, value.numbers);
  } catch (const Error& error) {
    throw UsageError(error.what());
  }
  if (constrainer != nullptr) unconstrain(*constrainer, row, found, options);
  record.checksum = storage::value_checksum({row.bytes.data(), row.bytes.size()});
  return row;
}

// The parameter as it is; nothing if it is to be created.
std::optional<ParamRecord> look_up(storage::StoreFile& file, const Options& options) {
  if (auto found = file.find(options.name)) return found;
  if (options.create) return std::nullopt;
  try {
    find(file, options.name);
  } catch (const ParamNotFound& missing) {
    throw NoSuch(std::string(missing.what()) + " (--create adds it)");
  }
  return std::nullopt;
}

// The same before the store is opened for writing.
std::optional<ParamRecord> look_up(const Address& address, const Options& options) {
  std::error_code error;
  // An empty file becomes a store when it is opened for writing.
  if (options.create &&
      (!std::filesystem::exists(file_of(address), error) || std::filesystem::is_empty(file_of(address), error)))
    return std::nullopt;
  return look_up(StoreReader(address).file(), options);
}

// Reads the value from where --from says, and no more than can be the parameter's.
std::string read_source(const Address& address, const Options& options, Constrainer* constrainer) {
  std::optional<ParamRecord> found = look_up(address, options);
  std::optional<Shape> shape = given_shape(options);
  if (found && !options.constraint.empty()) {
    require_valid_tag(options.constraint);
    found->constraint_tag = options.constraint;
  }
  if (found && !shape) shape = constrainer == nullptr ? found->shape : constrained_shape(*constrainer, *found);
  const Dtype dtype = given_dtype(options).value_or(found ? found->dtype : Dtype::float32);
  return read_value_source(options.from, shape, numeric::is_complex(dtype));
}

ExitStatus run(const Options& options) {
  if (options.value.empty() == options.from.empty())
    throw UsageError("give a VALUE, or a file with --from (and not both)");
  std::optional<Constrainer> loaded;
  if (options.constrained) loaded.emplace();
  Constrainer* const constrainer = loaded ? &*loaded : nullptr;

  const Address address = options.create ? parse_new_address(options.store) : parse_address(options.store);
  // Reads everything first, so that the store is not locked meanwhile.
  const std::string contents = options.from.empty() ? options.value : read_source(address, options, constrainer);

  std::optional<Row> row;
  std::error_code error;
  // Before the file is created, so that an invalid command line leaves no file behind.
  if (options.create && !std::filesystem::exists(file_of(address), error))
    row = make_row(std::nullopt, options, contents, constrainer);
  StoreWriter store(address, options.create ? StoreWriter::Missing::create : StoreWriter::Missing::refuse);
  storage::WriteTransaction transaction(store.file(), {std::nullopt, commit_message("set", {options.name})});
  const auto found = look_up(store.file(), options);
  if (found || !row) row = make_row(found, options, contents, constrainer);
  const storage::ValueBytes value{row->bytes.data(), row->bytes.size()};
  if (found) {
    transaction.replace(found->id, std::nullopt, row->record, value);
  } else {
    transaction.insert(row->record, value);
  }
  transaction.commit();
  if (!options.constraint.empty()) warn_of_unknown_name(options.constraint);
  return ExitStatus::done;
}

}  // namespace

void add_set(CLI::App& command, Action& action) {
  const auto options = std::make_shared<Options>();
  Verb verb(command, action, "set", changing_verbs, "Give a parameter a new value", run, options);
  verb.add_store(options->store);
  verb.add_argument("NAME", options->name, "A parameter's name").required();
  verb.add_argument("VALUE", options->value, "A number, or JSON: 0.5 or '[[1, 2], [3, 4]]'");
  verb.add_option("-f,--from", options->from, "FILE", "Read the value from text, JSON or .npy; - is stdin");
  verb.add_option("--dtype", options->dtype, "DTYPE", "Store it as this dtype; default: keep the dtype");
  verb.add_option("--shape", options->shape, "SHAPE", "Store it as '[2,3]'; default: keep the shape");
  verb.add_option("--constraint", options->constraint, "TAG", "Change the constraint's tag; default: keep it");
  verb.add_flag("-c,--constrained", options->constrained, "The value is the one that programs see; loads LibTorch");
  verb.add_flag("--create", options->create, "Create the parameter, and the store, if missing");
  verb.footer(
      "The value is stored as given: it is the unconstrained value. For the constraint\n"
      "real, programs see that value; for positive, its exponential. --constrained\n"
      "takes the value that programs see, and refuses one outside the constraint.\n"
      "Examples: paramstore set model.params.db scale 0.5\n"
      "          paramstore set model.params.db weight --from weight.npy");
}

}  // namespace paramstore::cli
