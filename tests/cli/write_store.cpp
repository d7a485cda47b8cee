// Writes the stores that the tests of the command look at, as a program does that uses the library.
//
//   write_store FILE sample                     every dtype, strange names, scopes, a value in chunks, messages
//   write_store FILE many COUNT                 so many small parameters
//   write_store FILE train COMMITS MILLISECONDS moves "weight" by 1 in every element with each commit, so many times
#include <chrono>
#include <cmath>
#include <cstdlib>
#include <cstring>
#include <iostream>
#include <limits>
#include <string>
#include <thread>
#include <vector>

#include "lib/storage/store_internals.h"
#include "paramstore/storage/database.h"

namespace {

using namespace paramstore::storage;

template <class Number>
std::vector<char> bytes(const std::vector<Number>& numbers) {
  std::vector<char> result(numbers.size() * sizeof(Number));
  if (!result.empty()) std::memcpy(result.data(), numbers.data(), result.size());
  return result;
}

std::int64_t add(WriteTransaction& transaction, const std::string& name, Dtype dtype,
                 const std::vector<std::int64_t>& shape, const std::vector<char>& value,
                 const std::string& tag = "real") {
  ParamRecord record;
  record.name = name;
  record.constraint_tag = tag;
  record.dtype = dtype;
  record.shape = shape;
  const ValueBytes borrowed{value.data(), value.size()};
  record.checksum = value_checksum(borrowed);
  return transaction.insert(record, borrowed);
}

void write_sample(const std::string& path) {
  {
    Database database(path);
    {
      WriteTransaction transaction(database.main(), {0, "initial values"});
      add(transaction, "loc", Dtype::float32, {}, bytes<float>({1.5F}));
      add(transaction, "scale", Dtype::float32, {}, bytes<float>({std::log(2.0F)}), "positive");
      add(transaction, "encoder.weight", Dtype::float32, {2, 3}, bytes<float>({0, 0.5, 1, 1.5, 2, 2.5}));
      add(transaction, "encoder.bias", Dtype::float64, {3}, bytes<double>({0.1, -0.2, 1e-300}));
      add(transaction, "half", Dtype::float16, {3}, bytes<std::uint16_t>({0x2e66, 0x3c00, 0x7c00}));    // 0.1, 1, inf
      add(transaction, "brain", Dtype::bfloat16, {3}, bytes<std::uint16_t>({0x3dcd, 0x3f80, 0xc000}));  // 0.1, 1, -2
      add(transaction, "wave", Dtype::complex64, {2}, bytes<float>({1, 2, 0, -0.5}));
      add(transaction, "wave128", Dtype::complex128, {1}, bytes<double>({1e100, -1}));
      add(transaction, "empty", Dtype::float32, {0, 3}, {});
      const float nan = std::numeric_limits<float>::quiet_NaN();
      const float infinity = std::numeric_limits<float>::infinity();
      add(transaction, "broken", Dtype::float32, {4}, bytes<float>({1, nan, infinity, -infinity}));
      transaction.commit();
    }
    {
      WriteTransaction transaction(database.main(), {100, "warm-up done"});
      add(transaction, "line\nbreak", Dtype::float32, {}, bytes<float>({1}));
      add(transaction, "\x1b[31mred", Dtype::float32, {}, bytes<float>({2}));
      add(transaction,
          "gr\xc3\xbc\xc3\x9f"
          "e",
          Dtype::float32, {}, bytes<float>({3}));
      add(transaction,
          "turned \xe2\x80\xae"
          "around",
          Dtype::float32, {}, bytes<float>({4}));
      add(transaction, "a*b", Dtype::float32, {}, bytes<float>({5}));
      add(transaction, "a\"b", Dtype::float32, {}, bytes<float>({6}));
      add(transaction, "-dash", Dtype::float32, {}, bytes<float>({7}));
      transaction.commit();
    }
    for (const char* scope : {"fold-1", "a/b"}) {
      const auto file = database.scope(scope);
      WriteTransaction transaction(*file);
      add(transaction, "loc", Dtype::float32, {}, bytes<float>({2.5}));
      add(transaction, std::string("only in ") + scope, Dtype::float32, {2}, bytes<float>({1, 2}));
      transaction.commit();
    }
  }
  InternalOptions options;
  options.max_value_length = 64;
  Database database = open_database(path, options);
  std::vector<float> large(100);
  for (std::size_t i = 0; i < large.size(); ++i) large[i] = static_cast<float>(i);
  WriteTransaction transaction(database.main());
  add(transaction, "chunked", Dtype::float32, {10, 10}, bytes(large), "interval(0.0, 1.0)");
  transaction.commit();
}

void write_many(const std::string& path, int count) {
  Database database(path);
  WriteTransaction transaction(database.main());
  for (int i = 0; i < count; ++i)
    add(transaction, "layer." + std::to_string(i) + ".weight", Dtype::float32, {8, 8},
        bytes(std::vector<float>(64, static_cast<float>(i))));
  transaction.commit();
}

void train(const std::string& path, int commits, int milliseconds) {
  Database database(path);
  std::vector<float> weight(16, 0.0F);
  std::int64_t id = 0;
  {
    WriteTransaction transaction(database.main(), {0, std::nullopt});
    id = add(transaction, "weight", Dtype::float32, {16}, bytes(weight));
    add(transaction, "still", Dtype::float32, {16}, bytes(weight));
    transaction.commit();
  }
  std::cout << "ready" << std::endl;
  for (int step = 1; step <= commits; ++step) {
    std::this_thread::sleep_for(std::chrono::milliseconds(milliseconds));
    for (float& each : weight) each += 1;
    const std::vector<char> value = bytes(weight);
    const ValueBytes borrowed{value.data(), value.size()};
    WriteTransaction transaction(database.main(), {step, std::nullopt});
    if (!transaction.update_value(id, std::nullopt, borrowed, value_checksum(borrowed)))
      throw std::runtime_error("the row is gone");
    transaction.commit();
  }
}

}  // namespace

int main(int argc, char** argv) {
  const std::vector<std::string> arguments(argv + 1, argv + argc);
  if (arguments.size() == 2 && arguments[1] == "sample") {
    write_sample(arguments[0]);
  } else if (arguments.size() == 3 && arguments[1] == "many") {
    write_many(arguments[0], std::stoi(arguments[2]));
  } else if (arguments.size() == 4 && arguments[1] == "train") {
    train(arguments[0], std::stoi(arguments[2]), std::stoi(arguments[3]));
  } else {
    std::cerr << "usage: write_store FILE sample | many COUNT | train COMMITS MILLISECONDS\n";
    return 2;
  }
  return 0;
}
