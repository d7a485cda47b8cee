// The built-in constraints, by family: each function returns the entries of one file.
#pragma once

#include <vector>

#include "lib/constraint/kind.h"

namespace paramstore {

std::vector<ConstraintKind> half_lines();    // half_lines.cpp: real, positive, greater_than
std::vector<ConstraintKind> intervals();     // intervals.cpp: unit_interval, interval
std::vector<ConstraintKind> vectors();       // vectors.cpp: simplex
std::vector<ConstraintKind> matrices();      // matrices.cpp: lower_cholesky
std::vector<ConstraintKind> compositions();  // compositions.cpp: independent

}  // namespace paramstore
