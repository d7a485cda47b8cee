// Tensors as PyTorch prints them. The texts are what Python's print(tensor) shows with PyTorch 2.
#include "lib/cli/values/tensor_text.h"

#include <doctest/doctest.h>

#include <cmath>
#include <cstring>
#include <numeric>

#include "lib/numeric/number_encoding.h"

using namespace paramstore;
using namespace paramstore::cli;
using storage::Dtype;

namespace {

std::string text(const std::vector<std::int64_t>& shape, const std::vector<double>& numbers,
                 Dtype dtype = Dtype::float32) {
  std::vector<numeric::Element> elements;
  for (const double number : numbers) elements.push_back({number, 0});
  return tensor_text(dtype, shape, encode(dtype, elements).data());
}

std::vector<double> count_to(std::size_t count) {
  std::vector<double> numbers(count);
  std::iota(numbers.begin(), numbers.end(), 0.0);
  return numbers;
}

}  // namespace

TEST_CASE("scalars, vectors, matrices") {
  CHECK(text({}, {0.5}) == "tensor(0.5000)");
  CHECK(text({}, {3}) == "tensor(3.)");
  CHECK(text({3}, {1, 2.5, -3}) == "tensor([ 1.0000,  2.5000, -3.0000])");
  CHECK(text({2, 2}, {1, 2, 3, 4}) == "tensor([[1., 2.],\n        [3., 4.]])");
  CHECK(text({2, 1, 2}, {1, 2, 3, 4}) == "tensor([[[1., 2.]],\n\n        [[3., 4.]]])");
}

TEST_CASE("wide ranges are in scientific notation") {
  CHECK(text({2}, {0.001, 1000}) == "tensor([1.0000e-03, 1.0000e+03])");
  CHECK(text({2}, {1, 1e9}) == "tensor([1.0000e+00, 1.0000e+09])");
  CHECK(text({1}, {1e-5}) == "tensor([1.0000e-05])");
  CHECK(text({2}, {1, 1000}) == "tensor([   1., 1000.])");
}

TEST_CASE("infinities, NaN and zeros") {
  CHECK(text({4}, {1, NAN, INFINITY, -INFINITY}) == "tensor([1., nan, inf, -inf])");
  CHECK(text({3}, {0.5, NAN, INFINITY}) == "tensor([0.5000,    nan,    inf])");
  CHECK(text({2}, {0, 0}) == "tensor([0., 0.])");
  CHECK(text({1}, {NAN}) == "tensor([nan])");
}

TEST_CASE("dtypes other than the default are named, and empty tensors' shapes") {
  CHECK(text({1}, {0.5}, Dtype::float64) == "tensor([0.5000], dtype=torch.float64)");
  CHECK(text({1}, {0.5}, Dtype::bfloat16) == "tensor([0.5000], dtype=torch.bfloat16)");
  CHECK(text({0}, {}) == "tensor([])");
  CHECK(text({0, 3}, {}) == "tensor([], size=(0, 3))");
  CHECK(text({0, 3}, {}, Dtype::float16) == "tensor([], size=(0, 3), dtype=torch.float16)");
}

TEST_CASE("complex numbers have a format for each part") {
  const std::vector<char> value = paramstore::numeric::encode(Dtype::complex64, {{1, 2}, {0, -0.5}});
  CHECK(tensor_text(Dtype::complex64, {2}, value.data()) == "tensor([1.+2.0000j, 0.-0.5000j])");
}

TEST_CASE("long rows are broken at 80 columns") {
  CHECK(text({20}, count_to(20)) ==
        "tensor([ 0.,  1.,  2.,  3.,  4.,  5.,  6.,  7.,  8.,  9., 10., 11., 12., 13.,\n"
        "        14., 15., 16., 17., 18., 19.])");
}

TEST_CASE("more than 1000 elements are abbreviated, in every dimension") {
  CHECK(text({1001}, count_to(1001)) == "tensor([   0.,    1.,    2.,  ...,  998.,  999., 1000.])");
  CHECK(text({40, 40}, count_to(1600)) ==
        "tensor([[0.0000e+00, 1.0000e+00, 2.0000e+00,  ..., 3.7000e+01, 3.8000e+01,\n"
        "         3.9000e+01],\n"
        "        [4.0000e+01, 4.1000e+01, 4.2000e+01,  ..., 7.7000e+01, 7.8000e+01,\n"
        "         7.9000e+01],\n"
        "        [8.0000e+01, 8.1000e+01, 8.2000e+01,  ..., 1.1700e+02, 1.1800e+02,\n"
        "         1.1900e+02],\n"
        "        ...,\n"
        "        [1.4800e+03, 1.4810e+03, 1.4820e+03,  ..., 1.5170e+03, 1.5180e+03,\n"
        "         1.5190e+03],\n"
        "        [1.5200e+03, 1.5210e+03, 1.5220e+03,  ..., 1.5570e+03, 1.5580e+03,\n"
        "         1.5590e+03],\n"
        "        [1.5600e+03, 1.5610e+03, 1.5620e+03,  ..., 1.5970e+03, 1.5980e+03,\n"
        "         1.5990e+03]])");
}
