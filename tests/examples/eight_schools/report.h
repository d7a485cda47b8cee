// What a trained store has to say.
#pragma once

#include <string>

namespace eight_schools {

/// The posterior of each school's effect, from samples of the guide.
void report_posterior(const std::string& path);

/// Answers of the file itself to questions in SQL.
void report_sql(const std::string& path);

}  // namespace eight_schools
