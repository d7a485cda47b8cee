// Param: what can be assigned, and what is said of changes that do not reach the store.
#include "paramstore/param.h"

#include <ATen/ATen.h>
#include <ATen/core/grad_mode.h>
#include <c10/core/InferenceMode.h>

#include <type_traits>
#include <utility>

#include "paramstore/param_store.h"
#include "store/warnings.h"
// Last: LibTorch's own CHECK must not replace this one.
#include <doctest/doctest.h>

namespace {

using paramstore::Param;
using paramstore::ParamStore;
namespace constraints = paramstore::constraints;

#define PARAMSTORE_COMPILES(name, op)       \
  template <class A, class B, class = void> \
  constexpr bool name = false;              \
  template <class A, class B>               \
  constexpr bool name<A, B, std::void_t<decltype(std::declval<A>() op std::declval<B>())>> = true
PARAMSTORE_COMPILES(assigns, =);
PARAMSTORE_COMPILES(adds, +=);
PARAMSTORE_COMPILES(subtracts, -=);
PARAMSTORE_COMPILES(multiplies, *=);
PARAMSTORE_COMPILES(divides, /=);
#undef PARAMSTORE_COMPILES

// A temporary, which is what a store returns.
static_assert(!assigns<Param, Param> && !assigns<Param, const Param&> && !assigns<Param, Param&>);
static_assert(!assigns<Param, at::Tensor> && !assigns<Param, const at::Tensor&> && !assigns<Param, double>);
static_assert(!std::is_assignable_v<decltype(std::declval<ParamStore&>()["a"]), Param>);
static_assert(!adds<Param, int> && !adds<Param, at::Tensor> && !adds<Param, at::Tensor&> && !adds<Param, Param>);
static_assert(!subtracts<Param, int> && !subtracts<Param, const at::Tensor&>);
static_assert(!multiplies<Param, double> && !multiplies<Param, at::Tensor>);
static_assert(!divides<Param, double> && !divides<Param, at::Tensor>);
// A named one.
static_assert(assigns<Param&, Param> && assigns<Param&, const Param&> && std::is_nothrow_move_constructible_v<Param>);
static_assert(adds<Param&, int> && adds<Param&, const at::Tensor&> && adds<Param&, Param>);
static_assert(subtracts<Param&, double> && multiplies<Param&, double> && divides<Param&, at::Tensor>);

TEST_CASE("assigning to a named Param changes no parameter") {
  auto store = ParamStore::in_memory();
  Param a = store.setdefault("a", at::ones({2}), constraints::positive);
  const Param b = store.setdefault("b", at::zeros({3}));
  a = b;
  CHECK(a.is_same(store.unconstrained("b")));
  CHECK(a.unconstrained().is_same(store.unconstrained("b")));
  a = store["a"];
  CHECK(a.unconstrained().is_same(store.unconstrained("a")));
  CHECK(at::allclose(store["a"], at::ones({2})));
  {
    at::NoGradGuard no_grad;
    Param leaf = store["b"];
    leaf += 2;  // under `real` it is the leaf
    leaf /= at::full({3}, 2.0);
  }
  CHECK(at::equal(store["b"], at::ones({3})));
}

TEST_CASE("changing a constrained value in place warns, once per process; changing a leaf and reading do not") {
  auto store = ParamStore::in_memory();
  store.setdefault("real", at::ones({2}));
  store.setdefault("scale", at::ones({2}), constraints::positive);
  CapturedWarnings warnings;
  {
    at::NoGradGuard no_grad;
    store["real"].add_(1);
    store["scale"].unconstrained().fill_(0.5);
    const Param moved = store["scale"];
    const Param copied = moved;
    store["scale"].clone().mul_(2);
    static_cast<void>(store["scale"].add(1));
  }
  store["scale"].square().sum().backward();
  {
    c10::InferenceMode inference;
    store["scale"].mul_(2);  // counts no changes
  }
  CHECK(warnings.messages.empty());
  store["scale"].mul_(2);
  REQUIRE(warnings.messages.size() == 1);
  CHECK(warnings.messages[0].find("store.set(name, value)") != std::string::npos);
  {
    Param named = store["scale"];
    named *= 2;
  }
  CHECK(warnings.messages.size() == 1);
  CHECK(at::allclose(store["scale"], at::full({2}, 0.5).exp()));
}

}  // namespace
