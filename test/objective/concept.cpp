// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE objective_concept
#include "localsgd/objective/concept.hpp"

#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <span>

namespace {

using localsgd::Objective;
using namespace localsgd::detail;

using batch = std::span<std::size_t const>;

// The minimal objective: f_0(x) = x²/2.
struct minimal {
  using scalar = double;
  std::size_t dimension() const { return 1; }
  std::size_t samples() const { return 1; }
  double gradient(std::span<double const> x, batch, std::span<double> g) const {
    g[0] = x[0];
    return x[0] * x[0] / 2;
  }
};
static_assert(Objective<minimal>);
static_assert(!knows_smoothness<minimal> && !knows_strong_convexity<minimal>);

struct in_float {
  using scalar = float;
  std::size_t dimension() const;
  std::size_t samples() const;
  double gradient(std::span<float const>, batch, std::span<float>) const;
};
static_assert(Objective<in_float>);

struct complete : minimal {
  double smoothness() const { return 4; }
  double strong_convexity() const { return 0.25; }
};
static_assert(Objective<complete> && knows_smoothness<complete> &&
              knows_strong_convexity<complete>);

struct of_long_double {
  using scalar = long double;
  std::size_t dimension() const;
  std::size_t samples() const;
  double gradient(std::span<long double const>, batch, std::span<long double>) const;
};
static_assert(!Objective<of_long_double>);
struct signed_dimension : minimal {
  std::ptrdiff_t dimension() const;
};
static_assert(!Objective<signed_dimension>);
struct mutable_dimension : minimal {
  std::size_t dimension();
};
static_assert(!Objective<mutable_dimension>);
struct signed_samples : minimal {
  int samples() const;
};
static_assert(!Objective<signed_samples>);
struct mutable_gradient : minimal {
  double gradient(std::span<double const>, batch, std::span<double>);
};
static_assert(!Objective<mutable_gradient>);
struct float_loss : minimal {
  float gradient(std::span<double const>, batch, std::span<double>) const;
};
static_assert(!Objective<float_loss>);

// An optional member that is present but unusable is an error; it is not ignored.
struct mutable_smoothness : minimal {
  double smoothness();
};
static_assert(!Objective<mutable_smoothness>);
struct smoothness_of_nothing : minimal {
  void smoothness() const;
};
static_assert(!Objective<smoothness_of_nothing>);
struct mutable_convexity : minimal {
  double strong_convexity();
};
static_assert(!Objective<mutable_convexity>);
struct float_convexity : minimal {
  float strong_convexity() const { return 0.5F; }  // converts without loss of precision
};
static_assert(Objective<float_convexity>);

template <class Scalar>
concept names_an_iterate_type = requires {
  localsgd::iterate_type<Scalar>{};
};
static_assert(names_an_iterate_type<float> && names_an_iterate_type<double>);
static_assert(!names_an_iterate_type<int> && !names_an_iterate_type<long double>);

}  // namespace

BOOST_AUTO_TEST_CASE(an_objective_that_does_not_know_its_convexity_counts_as_not_strongly_convex) {
  BOOST_TEST(strong_convexity_of(minimal{}) == 0.0);
  BOOST_TEST(strong_convexity_of(complete{}) == 0.25);
  BOOST_TEST(strong_convexity_of(float_convexity{}) == 0.5);
}
