// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#include "localsgd/objective/concept.hpp"

#include <cstddef>
#include <span>

// Every near-miss lacks exactly one thing that the concept Objective asks for.
namespace {

using point = std::span<double const>;
using batch_of = std::span<std::size_t const>;
using slope = std::span<double>;

struct good {
  using scalar = double;
  std::size_t dimension() const;
  std::size_t samples() const;
  double gradient(point, batch_of, slope) const;
};

struct without_scalar {
  std::size_t dimension() const;
  std::size_t samples() const;
  double gradient(point, batch_of, slope) const;
};
struct integer_scalar {
  using scalar = int;
  std::size_t dimension() const;
  std::size_t samples() const;
  double gradient(std::span<int const>, batch_of, std::span<int>) const;
};
struct without_dimension {
  using scalar = double;
  std::size_t samples() const;
  double gradient(point, batch_of, slope) const;
};
struct int_dimension : good {
  int dimension() const;
};
struct without_samples {
  using scalar = double;
  std::size_t dimension() const;
  double gradient(point, batch_of, slope) const;
};
struct mutable_samples : good {
  std::size_t samples();
};
struct forgets_const : good {
  double gradient(point, batch_of, slope);
};
struct returns_no_loss : good {
  void gradient(point, batch_of, slope) const;
};
struct gradient_of_floats : good {
  double gradient(std::span<float const>, batch_of, std::span<float>) const;
};
struct without_batch : good {
  double gradient(point, slope) const;
};
struct mutable_smoothness : good {
  double smoothness();
};
struct strong_convexity_without_value : good {
  void strong_convexity() const;
};

struct mutable_flops_per_sample : good {
  double flops_per_sample();
};

template <localsgd::Objective F>
void use() {}

}  // namespace

int main() {
  use<good>();
#if defined(FAULTS)
  // expect: has_scalar
  use<without_scalar>();
  // expect: has_scalar
  use<integer_scalar>();
  // expect: has_dimension
  use<without_dimension>();
  // expect: has_dimension
  use<int_dimension>();
  // expect: has_samples
  use<without_samples>();
  // expect: has_samples
  use<mutable_samples>();
  // expect: has_const_gradient_returning_mean_loss
  use<forgets_const>();
  // expect: has_const_gradient_returning_mean_loss
  use<returns_no_loss>();
  // expect: has_const_gradient_returning_mean_loss
  use<gradient_of_floats>();
  // expect: has_const_gradient_returning_mean_loss
  use<without_batch>();
  // expect: smoothness_is_const_and_returns_double
  use<mutable_smoothness>();
  // expect: strong_convexity_is_const_and_returns_double
  use<strong_convexity_without_value>();
  // expect: flops_per_sample_is_const_and_returns_double
  use<mutable_flops_per_sample>();
#endif
}
