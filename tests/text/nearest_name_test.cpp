// Which name was meant by a misspelled one.
#include "lib/text/nearest_name.h"

#include <doctest/doctest.h>

using paramstore::nearest;

TEST_CASE("the nearest name is found, whatever the slip") {
  const std::vector<std::string> names = {"real", "positive", "nonnegative", "positive_integer", "simplex", "interval"};
  CHECK(nearest("postive", names) == "positive");    // dropped
  CHECK(nearest("possitive", names) == "positive");  // doubled
  CHECK(nearest("poistive", names) == "positive");   // swapped
  CHECK(nearest("positiwe", names) == "positive");   // replaced
  CHECK(nearest("Positive", names) == "positive");   // another case
  CHECK(nearest("POSITIVE", names) == "positive");   // no edit at all
  CHECK(nearest("real", {"rael"}) == "rael");        // a swap is one edit, not two
  CHECK(nearest("positive_interger", names) == "positive_integer");
  CHECK(nearest("intevral", names) == "interval");
}

TEST_CASE("a name that resembles nothing has no nearest") {
  const std::vector<std::string> names = {"real", "positive", "simplex"};
  CHECK_FALSE(nearest("mystery", names));
  CHECK_FALSE(nearest("", names));
  CHECK_FALSE(nearest("real", {"real"}));  // it is the name
  CHECK_FALSE(nearest("ab", {"ac"}));      // too short to be a slip
  CHECK_FALSE(nearest("loc", {"scale"}));
  CHECK_FALSE(nearest("x", {}));
  CHECK_FALSE(nearest("real", {""}));
}

TEST_CASE("the closest wins, then the first") {
  CHECK(nearest("weight_1", {"weight_12", "weight", "weight_2"}) == "weight_12");
  CHECK(nearest("weigth_1", {"weight_12", "weight_1"}) == "weight_1");
  CHECK(nearest("Scale", {"scala", "scale"}) == "scale");
  CHECK(nearest("encoder.weight", {"decoder.weight", "encoder.weights"}) == "encoder.weights");
}
