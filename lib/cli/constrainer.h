// LibTorch's transforms, for verbs that show or take constrained values.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "lib/cli/sql_connection.h"
#include "paramstore/storage/param_record.h"

namespace paramstore::cli {

/// Calls them through the loadable extension, so that the command itself links no LibTorch.
class Constrainer {
 public:
  /// A tensor of the dtype of the record that it was made for.
  struct Tensor {
    std::vector<std::int64_t> shape;
    std::vector<char> bytes;
  };

  /// Loads the extension and LibTorch. Throws FileError if either cannot be loaded.
  Constrainer();

  /// From the stored value to the one that programs see. Throws NoSuch if the constraint is unknown or has no transform.
  Tensor constrain(const storage::ParamRecord& record, const std::vector<char>& bytes);

  /// The inverse: `record.shape` and `bytes` are those of the constrained value. Throws UsageError if it does not meet the constraint.
  Tensor unconstrain(const storage::ParamRecord& record, const std::vector<char>& bytes);

 private:
  Tensor ask(const std::string& function, const storage::ParamRecord& record, const std::vector<char>& bytes);
  SqlConnection connection_;
};

}  // namespace paramstore::cli
