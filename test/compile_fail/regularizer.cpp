// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#include "localsgd/core/tensor.hpp"
#include "localsgd/loss/logistic.hpp"
#include "localsgd/objective/linear.hpp"
#include "localsgd/objective/softmax.hpp"
#include "localsgd/regularizer/concept.hpp"
#include "localsgd/regularizer/l2.hpp"
#include "localsgd/sampler/with_replacement.hpp"
#include "localsgd/settings.hpp"
#include "localsgd/step_size/constant_step.hpp"
#include "localsgd/worker/factored_sgd.hpp"
#include "localsgd/worker/linear_sgd.hpp"
#include "localsgd/worker/sgd.hpp"

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <utility>
#include <vector>

// Every near-miss lacks exactly one thing that the concept Regularizer asks for, or needs a worker
// that it does not get.
namespace {

using point = std::span<double const>;
using slope = std::span<double>;

struct smooth {
  double value(point) const;
  double strong_convexity() const;
  std::string identity() const;
  void gradient(point, slope) const;
  double smoothness() const;
};
struct not_smooth {
  double value(point) const;
  double strong_convexity() const;
  std::string identity() const;
  void prox(slope, double) const;
};
struct ridge : smooth {
  double ridge_strength() const;
};

struct without_value {
  double strong_convexity() const;
  std::string identity() const;
  void gradient(point, slope) const;
  double smoothness() const;
};
struct value_forgets_const : smooth {
  double value(point);
};
struct value_of_floats : smooth {
  double value(std::span<float const>) const;
};
struct void_strong_convexity : smooth {
  void strong_convexity() const;
};
struct identity_is_a_literal : smooth {
  char const* identity() const;
};
struct without_both {
  double value(point) const;
  double strong_convexity() const;
  std::string identity() const;
};
struct gradient_forgets_const : smooth {
  void gradient(point, slope);
};
struct gradient_of_one_span : smooth {
  void gradient(slope) const;
};
struct without_smoothness : not_smooth {
  void gradient(point, slope) const;
};
struct without_gradient : not_smooth {
  double smoothness() const;
};
struct prox_forgets_const : not_smooth {
  void prox(slope, double);
};
struct prox_without_step : not_smooth {
  void prox(slope) const;
};
struct int_ridge : smooth {
  int ridge_strength() const;
};
struct ridge_without_gradient : not_smooth {
  double ridge_strength() const;
};
struct conjugate_forgets_const : smooth {
  double conjugate(point);
};
struct prox_at_forgets_const : not_smooth {
  double prox_at(std::size_t, double, double);
};
struct void_prox_at : not_smooth {
  void prox_at(std::size_t, double, double) const;
};
struct separable : not_smooth {
  double prox_at(std::size_t, double, double) const;
};
struct steps_without_count : separable {
  double steps_at(std::size_t, double, double, double) const;
};
struct steps_without_prox : not_smooth {
  double steps_at(std::size_t, double, double, double, std::uint64_t) const;
};
struct subgradient_forgets_const : not_smooth {
  void subgradient(point, slope);
};
struct int_dual_scale : not_smooth {
  double conjugate(point) const;
  int dual_scale(point) const;
};
struct dual_scale_without_conjugate : not_smooth {
  double dual_scale(point) const;
};
struct zero_interval_is_a_number : separable {
  double zero_interval(std::size_t) const;
};
struct zero_interval_without_prox : not_smooth {
  std::pair<double, double> zero_interval(std::size_t) const;
};
struct check_dimension_returns_bool : smooth {
  bool check_dimension(std::size_t) const;
};
struct cannot_be_copied : smooth {
  cannot_be_copied(cannot_be_copied const&) = delete;
};

template <localsgd::Regularizer R>
void use() {}

}  // namespace

void steps(localsgd::dense_matrix<double> const& a, std::vector<double> const& y) {
  using namespace localsgd;
  linear_objective const f(a, y, logistic{}, smooth{});
  softmax_objective const g(a, y, 3, smooth{});
  linear_objective const h(a, y, logistic{}, not_smooth{});
  softmax_objective const i(a, y, 3, not_smooth{});
  with_replacement const sampler;
  constant_step const eta(0.1);
  plan const p;
  sgd{}.bind(f, sampler, eta, p, 0);
  sgd{}.bind(h, sampler, eta, p, 0);  // proximal steps
  sgd{}.bind(i, sampler, eta, p, 0);
  linear_sgd{}.bind(linear_objective(a, y, logistic{}, ridge{}), sampler, eta, p, 0);
#if defined(FAULTS)
  // expect: has_ridge
  linear_sgd{}.bind(f, sampler, eta, p, 0);
  // expect: has_ridge
  factored_sgd{}.bind(g, sampler, eta, p, 0);
  // expect: has_ridge
  linear_sgd{}.bind(h, sampler, eta, p, 0);
  // expect: has_ridge
  factored_sgd{}.bind(i, sampler, eta, p, 0);
  // expect: regularizer_has_value
  linear_objective const j(a, y, logistic{}, smooth{}, {}, iterate_type<float>{});
#endif
}

int main() {
  use<smooth>();
  use<not_smooth>();
  use<ridge>();
  use<separable>();
#if defined(FAULTS)
  // expect: regularizer_has_value
  use<without_value>();
  // expect: regularizer_has_value
  use<value_forgets_const>();
  // expect: regularizer_has_value
  use<value_of_floats>();
  // expect: regularizer_has_strong_convexity
  use<void_strong_convexity>();
  // expect: regularizer_has_identity
  use<identity_is_a_literal>();
  // expect: has_a_gradient_or_a_prox
  use<without_both>();
  // expect: gradient_is_const_and_returns_void
  use<gradient_forgets_const>();
  // expect: gradient_is_const_and_returns_void
  use<gradient_of_one_span>();
  // expect: gradient_and_smoothness_come_together
  use<without_smoothness>();
  // expect: gradient_and_smoothness_come_together
  use<without_gradient>();
  // expect: prox_is_const_and_returns_void
  use<prox_forgets_const>();
  // expect: prox_is_const_and_returns_void
  use<prox_without_step>();
  // expect: ridge_is_const_and_returns_double
  use<int_ridge>();
  // expect: ridge_comes_with_a_gradient
  use<ridge_without_gradient>();
  // expect: regularizer_conjugate_is_const_and_returns_double
  use<conjugate_forgets_const>();
  // expect: prox_at_is_const_and_returns_double
  use<prox_at_forgets_const>();
  // expect: prox_at_is_const_and_returns_double
  use<void_prox_at>();
  // expect: steps_at_is_const_and_returns_double
  use<steps_without_count>();
  // expect: steps_at_comes_with_prox_at
  use<steps_without_prox>();
  // expect: subgradient_is_const_and_returns_void
  use<subgradient_forgets_const>();
  // expect: dual_scale_is_const_and_returns_double
  use<int_dual_scale>();
  // expect: dual_scale_comes_with_a_conjugate
  use<dual_scale_without_conjugate>();
  // expect: zero_interval_is_const_and_returns_two_doubles
  use<zero_interval_is_a_number>();
  // expect: zero_interval_comes_with_prox_at
  use<zero_interval_without_prox>();
  // expect: check_dimension_is_const_and_returns_void
  use<check_dimension_returns_bool>();
  // expect: copy_constructible
  use<cannot_be_copied>();
#endif
}
