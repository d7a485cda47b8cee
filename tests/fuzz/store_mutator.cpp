// How libFuzzer changes a store file. Bytes that are inserted or removed move every page behind them, which SQLite sees at once; so
// most changes keep the places.
#include <algorithm>
#include <cstring>
#include <random>

#include "fuzz/target.h"

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t most);

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t most, unsigned seed) {
  std::minstd_rand random(seed);
  if (size < 1024 || random() % 16 == 0) return LLVMFuzzerMutate(data, size, most);
  static constexpr std::uint8_t boundaries[] = {0, 1, 2, 5, 10, 13, 0x7f, 0x80, 0x81, 0xff};
  for (auto changes = 1 + random() % 4; changes > 0; --changes) {
    std::size_t at = random() % size;
    // Most of a page is empty: search for something that means something.
    for (int tries = 0; tries < 20 && data[at] == 0; ++tries) at = random() % size;
    switch (random() % 5) {
      case 0:
        data[at] = static_cast<std::uint8_t>(random());
        break;
      case 1:
        data[at] = static_cast<std::uint8_t>(data[at] ^ 1u << random() % 8);
        break;
      case 2:
        data[at] = static_cast<std::uint8_t>(data[at] + (random() % 2 == 0 ? 1 : 255));
        break;
      case 3:
        data[at] = boundaries[random() % sizeof boundaries];
        break;
      default: {  // a piece of another place
        const std::size_t length = std::min<std::size_t>(1 + random() % 16, size - at);
        std::memmove(data + at, data + random() % (size - length + 1), length);
      }
    }
  }
  return size;
}
