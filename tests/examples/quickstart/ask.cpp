#include <paramstore/paramstore.h>

#include <iostream>

int main() {
  const paramstore::ParamStore store("model.params.db");
  for (const auto& row : store.query("SELECT name, round(norm, 1) AS norm FROM param_stats WHERE norm < ?", 1.0)) {
    std::cout << row.get<std::string>("name") << " " << row.get<double>("norm") << "\n";
  }
}
