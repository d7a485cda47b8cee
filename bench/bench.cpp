#include "bench.h"

namespace bench {

std::vector<Work> all_works() {
  std::vector<Work> all;
  for (auto works :
       {get_works(), constraint_works(), set_works(), insert_works(), commit_works(), load_works(), sql_works()}) {
    all.insert(all.end(), works.begin(), works.end());
  }
  return all;
}

}  // namespace bench
