// Each constraint's transform beside its formula written out in LibTorch calls, as without this library.
#include <ATen/ATen.h>
#include <c10/core/GradMode.h>

#include <functional>
#include <limits>
#include <memory>
#include <utility>

#include "bench.h"
#include "paramstore/constraint.h"
#include "paramstore/transform.h"

namespace bench {
namespace {

using benchmark::DoNotOptimize;
using benchmark::State;
using paramstore::Constraint;
using paramstore::Transform;
using Shape = std::vector<std::int64_t>;
using Map = std::function<at::Tensor(const at::Tensor&)>;

constexpr int rounds = 7;
constexpr double eps = std::numeric_limits<float>::epsilon();
constexpr double tiny = std::numeric_limits<float>::min();

struct Formula {
  const char* name;  // in the table
  const char* tag;
  Shape small;  // unconstrained, about 64 elements
  Shape large;  // about 65,536
  Map forward;
  Map inverse;
};

at::Tensor same(const at::Tensor& x) { return x; }
at::Tensor exp_of(const at::Tensor& u) { return u.exp(); }
at::Tensor log_of(const at::Tensor& y) { return y.log(); }
at::Tensor clipped(const at::Tensor& x) { return x.clamp(tiny, 1 - eps); }
at::Tensor clipped_sigmoid(const at::Tensor& u) { return clipped(u.sigmoid()); }
at::Tensor clipped_logit(const at::Tensor& y) {
  const at::Tensor inside = clipped(y);
  return inside.log() - (-inside).log1p();
}
at::Tensor diagonal_of(const at::Tensor& x) { return x.diagonal(0, -2, -1); }
at::Tensor with_diagonal(const at::Tensor& x, const at::Tensor& d) { return x.tril(-1) + d.diag_embed(); }
at::Tensor lower(const at::Tensor& u) { return with_diagonal(u, diagonal_of(u).exp()); }
at::Tensor lower_inverse(const at::Tensor& y) { return with_diagonal(y, diagonal_of(y).log()); }
at::Tensor softplus_inverse(const at::Tensor& y) { return (-y).expm1().neg().log() + y; }
at::Tensor ordered(const at::Tensor& u) { return at::cat({u.slice(-1, 0, 1), u.slice(-1, 1).exp()}, -1).cumsum(-1); }
at::Tensor ordered_inverse(const at::Tensor& y) {
  return at::cat({y.slice(-1, 0, 1), (y.slice(-1, 1) - y.slice(-1, 0, -1)).log()}, -1);
}
at::Tensor sphere(const at::Tensor& u) {
  at::Tensor unit = u / at::linalg_vector_norm(u, 2, at::IntArrayRef{-1}, true).clamp_min(tiny);
  const at::Tensor data = unit.variable_data();
  data.select(-1, 0).masked_fill_(data.eq(0).all(-1), 1);
  return unit;
}

at::Tensor below(std::int64_t n) {
  const at::Tensor range = at::arange(n);
  return range < range.view({-1, 1});
}

// torch.distributions.transforms.CorrCholeskyTransform, call by call.
at::Tensor corr_cholesky(const at::Tensor& u) {
  const auto n = static_cast<std::int64_t>(0.5 + std::sqrt(0.25 + 2.0 * static_cast<double>(u.size(-1))) + 0.5);
  const at::Tensor x = u.tanh().clamp(-1 + eps, 1 - eps);
  Shape shape = u.sizes().slice(0, static_cast<std::size_t>(u.dim() - 1)).vec();
  shape.insert(shape.end(), {n, n});
  at::Tensor r = at::zeros(shape, u.options());
  r.index_put_({at::indexing::Ellipsis, below(n)}, x);
  const at::Tensor z = r.pow(2);
  const at::Tensor left = (1 - z).sqrt().cumprod(-1);
  return (r + at::eye(n, u.options())) * at::constant_pad_nd(left.slice(-1, 0, -1), {1, 0}, 1);
}

at::Tensor corr_cholesky_inverse(const at::Tensor& y) {
  const at::Tensor left = 1 - (y * y).cumsum(-1);
  const at::Tensor shifted = at::constant_pad_nd(left.slice(-1, 0, -1), {1, 0}, 1);
  const at::Tensor mask = below(y.size(-1));
  const at::Tensor t = y.index({at::indexing::Ellipsis, mask}) / shifted.index({at::indexing::Ellipsis, mask}).sqrt();
  return (t.log1p() - (-t).log1p()) / 2;
}

at::Tensor product_of_lower(const at::Tensor& u) {
  const at::Tensor factor = lower(u);
  return factor.matmul(factor.mT());
}
at::Tensor decomposed_lower(const at::Tensor& y) { return lower_inverse(at::linalg_cholesky(y)); }

at::Tensor softmax_of(const at::Tensor& u) { return u.softmax(-1); }

at::Tensor stacked(const at::Tensor& x, const Map& first) {
  return at::stack({first(x.select(0, 0)), x.select(0, 1)}, 0);
}
at::Tensor catted(const at::Tensor& x, const Map& first) {
  const std::int64_t half = x.size(-1) / 2;
  return at::cat({first(x.narrow(-1, 0, half)), x.narrow(-1, half, half)}, -1);
}

const std::vector<Formula>& formulas() {
  const Shape v{64}, vs{1024, 64}, f{64}, fs{65'536}, m{8, 8}, ms{1024, 8, 8}, c{28}, cs{2340, 28};
  static const std::vector<Formula> all{
      {"real", "real", f, fs, same, same},
      {"positive", "positive", f, fs, exp_of, log_of},
      {"nonnegative", "nonnegative", f, fs, exp_of, log_of},
      {"greater_than", "greater_than(0.5)", f, fs, [](const at::Tensor& u) { return 0.5 + u.exp(); },
       [](const at::Tensor& y) { return (y - 0.5).log(); }},
      {"greater_than_eq", "greater_than_eq(0.5)", f, fs, [](const at::Tensor& u) { return 0.5 + u.exp(); },
       [](const at::Tensor& y) { return (y - 0.5).log(); }},
      {"less_than", "less_than(0.5)", f, fs, [](const at::Tensor& u) { return 0.5 + -u.exp(); },
       [](const at::Tensor& y) { return (-(y - 0.5)).log(); }},
      {"softplus_positive", "softplus_positive", f, fs, [](const at::Tensor& u) { return at::softplus(u); },
       softplus_inverse},
      {"unit_interval", "unit_interval", f, fs, clipped_sigmoid, clipped_logit},
      {"interval", "interval(-1.0, 2.0)", f, fs, [](const at::Tensor& u) { return -1 + 3 * clipped_sigmoid(u); },
       [](const at::Tensor& y) { return clipped_logit((y - -1) / 3); }},
      {"half_open_interval", "half_open_interval(-1.0, 2.0)", f, fs,
       [](const at::Tensor& u) { return -1 + 3 * clipped_sigmoid(u); },
       [](const at::Tensor& y) { return clipped_logit((y - -1) / 3); }},
      {"real_vector", "real_vector", v, vs, same, same},
      {"simplex", "simplex", v, vs, softmax_of, log_of},
      {"sphere", "sphere", v, vs, sphere, same},
      {"ordered_vector", "ordered_vector", v, vs, ordered, ordered_inverse},
      {"positive_ordered_vector",
       "positive_ordered_vector",
       {8},
       {8192, 8},
       [](const at::Tensor& u) { return ordered(u).exp(); },
       [](const at::Tensor& y) { return ordered_inverse(y.log()); }},
      {"lower_cholesky", "lower_cholesky", m, ms, lower, lower_inverse},
      {"softplus_lower_cholesky", "softplus_lower_cholesky", m, ms,
       [](const at::Tensor& u) { return with_diagonal(u, at::softplus(diagonal_of(u))); },
       [](const at::Tensor& y) { return with_diagonal(y, softplus_inverse(diagonal_of(y))); }},
      {"unit_lower_cholesky", "unit_lower_cholesky", m, ms,
       [](const at::Tensor& u) { return u.tril(-1) + at::eye(u.size(-1), u.options()); }, same},
      {"corr_cholesky", "corr_cholesky", c, cs, corr_cholesky, corr_cholesky_inverse},
      {"corr_matrix", "corr_matrix", c, cs,
       [](const at::Tensor& u) {
         const at::Tensor factor = corr_cholesky(u);
         return factor.matmul(factor.mT());
       },
       [](const at::Tensor& y) { return corr_cholesky_inverse(at::linalg_cholesky(y)); }},
      {"positive_definite", "positive_definite", m, ms, product_of_lower, decomposed_lower},
      {"positive_semidefinite", "positive_semidefinite", m, ms, product_of_lower, decomposed_lower},
      {"independent", "independent(positive, 1)", v, vs, exp_of, log_of},
      {"stack",
       "stack([positive, real], 0)",
       {2, 32},
       {2, 32'768},
       [](const at::Tensor& u) { return stacked(u, exp_of); },
       [](const at::Tensor& y) { return stacked(y, log_of); }},
      {"cat", "cat([positive, real], -1, [32, 32])", v, vs, [](const at::Tensor& u) { return catted(u, exp_of); },
       [](const at::Tensor& y) { return catted(y, log_of); }},
  };
  return all;
}

Side side(const char* name, Map map, at::Tensor input) {
  return {name, [map = std::move(map), input = std::move(input)](State& state) {
            const c10::AutoGradMode no_grad(false);
            for (auto _ : state) DoNotOptimize(map(input));
          }};
}

Work work(const Formula& formula, bool inverse, bool large) {
  std::string name =
      std::string("constraint/") + formula.name + (inverse ? "/inverse/" : "/forward/") + (large ? "65536" : "64");
  return {std::move(name), rounds, [&formula, inverse, large]() -> std::vector<Side> {
            const Transform transform = transform_to(Constraint::parse(formula.tag));
            // Near the middle of the sets, so that neither side hits values that are slow to compute.
            const at::Tensor u = at::randn(large ? formula.large : formula.small) * 0.3;
            if (!inverse)
              return {side(
                          "ours", [transform](const at::Tensor& x) { return transform(x); }, u),
                      side("bare", formula.forward, u)};
            const at::Tensor y = transform(u);
            return {side(
                        "ours", [transform](const at::Tensor& x) { return transform.inv(x); }, y),
                    side("bare", formula.inverse, y)};
          }};
}

}  // namespace

std::vector<Work> constraint_works() {
  std::vector<Work> works;
  for (const Formula& formula : formulas()) {
    for (const bool large : {false, true}) {
      for (const bool inverse : {false, true}) works.push_back(work(formula, inverse, large));
    }
  }
  return works;
}

}  // namespace bench
