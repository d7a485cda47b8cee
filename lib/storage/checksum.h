// XXH3-64 of a value that comes in pieces: the same number as value_checksum of the whole.
#pragma once

#include <cstddef>
#include <cstdint>

struct XXH3_state_s;

namespace paramstore::storage {

class Hasher {
 public:
  Hasher();
  ~Hasher();
  Hasher(const Hasher&) = delete;
  Hasher& operator=(const Hasher&) = delete;

  void reset() noexcept;
  void update(const void* data, std::size_t size) noexcept;
  std::uint64_t digest() const noexcept;

 private:
  XXH3_state_s* state_;
};

}  // namespace paramstore::storage
