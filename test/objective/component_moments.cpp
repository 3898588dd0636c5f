// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE objective_component_moments
#include "localsgd/objective/component_moments.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <set>
#include <span>
#include <tuple>
#include <vector>

#include "localsgd/loss/logistic.hpp"
#include "localsgd/objective/linear.hpp"
#include "localsgd/objective/quadratic.hpp"
#include "test/support/problems.hpp"

namespace {

using localsgd::quadratic;
using localsgd::detail::chosen_samples;
using localsgd::detail::curvature_at;
using localsgd::detail::moments_at;
using localsgd::detail::running_mean;
using scalars = std::tuple<float, double>;

std::vector<std::size_t> chosen(std::size_t n, std::size_t m, std::uint64_t seed,
                                std::uint64_t which = 0) {
  chosen_samples const samples(n, m, seed, which);
  std::vector<std::size_t> all(samples.size());
  for (std::size_t k = 0; k != all.size(); ++k) all[k] = samples(k);
  return all;
}

// Curvature 2, but only 0.5 beyond ±1, so it varies with x. Only gradients are provided.
template <class Scalar>
struct bent {
  using scalar = Scalar;
  std::size_t d;
  std::size_t dimension() const { return d; }
  std::size_t samples() const { return 3; }
  double gradient(std::span<Scalar const> x, std::span<std::size_t const>,
                  std::span<Scalar> g) const {
    for (std::size_t j = 0; j != d; ++j) {
      double const z = static_cast<double>(x[j]), size = std::abs(z);
      double const slope = size <= 1 ? 2 * size : 2 + 0.5 * (size - 1);
      g[j] = static_cast<Scalar>(std::copysign(slope, z));
    }
    return 0;
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE(all_samples_come_in_order_and_fewer_at_random) {
  BOOST_TEST(chosen(5, 5, 3) == support::all_samples(5), boost::test_tools::per_element());
  BOOST_TEST(chosen(5, 900, 3) == support::all_samples(5), boost::test_tools::per_element());
  auto const some = chosen(1000, 100, 3);
  BOOST_TEST(some.size() == 100U);
  BOOST_TEST((std::set<std::size_t>(some.begin(), some.end()).size() == 100U));
  for (std::size_t const i : some) BOOST_TEST(i < 1000U);
  BOOST_TEST((chosen(1000, 100, 3) == some));
  BOOST_TEST((chosen(1000, 100, 4) != some));
  BOOST_TEST((chosen(1000, 100, 3, 1) != some));
}

BOOST_AUTO_TEST_CASE(means_and_variances_are_those_of_the_numbers) {
  running_mean m;
  BOOST_TEST(m.variance() == 0);
  for (double const e : {1e9 + 4, 1e9 + 7, 1e9 + 13, 1e9 + 16}) m.add(e);
  BOOST_TEST(m.mean() == 1e9 + 10, boost::test_tools::tolerance(1e-15));
  BOOST_TEST(m.variance() == 30, boost::test_tools::tolerance(1e-12));
}

// Over all subsets of m of n samples, the estimates must be unbiased, and their errors must have
// the reported size. Subsets are drawn by seed.
BOOST_AUTO_TEST_CASE(estimates_are_unbiased_and_know_their_error) {
  quadratic const f({.spectrum = {1, 4}, .samples = 40, .variance = 3, .seed = 9});
  auto const x = support::random_point(2, 6);
  auto const exact = moments_at(f, std::span<double const>(x), chosen_samples(40, 40, 0));
  BOOST_TEST(exact.variance.value == 3, boost::test_tools::tolerance(1e-12));
  BOOST_TEST(exact.variance.error == 0);
  BOOST_TEST(exact.second_moment.error == 0);
  constexpr int trials = 4000;
  running_mean variance, second, variance_error, second_error;
  for (std::uint64_t seed = 0; seed != trials; ++seed) {
    auto const m = moments_at(f, std::span<double const>(x), chosen_samples(40, 12, seed));
    variance.add(m.variance.value);
    second.add(m.second_moment.value);
    variance_error.add(m.variance.error * m.variance.error);
    second_error.add(m.second_moment.error * m.second_moment.error);
  }
  auto const four_errors = [](running_mean const& m) {
    return 4 * std::sqrt(m.variance() / trials);
  };
  BOOST_TEST(std::abs(variance.mean() - 3) <= four_errors(variance));
  BOOST_TEST(std::abs(second.mean() - exact.second_moment.value) <= four_errors(second));
  BOOST_TEST(std::sqrt(variance_error.mean()) == std::sqrt(variance.variance()),
             boost::test_tools::tolerance(0.15));
  BOOST_TEST(std::sqrt(second_error.mean()) == std::sqrt(second.variance()),
             boost::test_tools::tolerance(0.05));
}

// The same objective without its rows: the moments must come from gradients.
template <class F>
struct gradients_only {
  using scalar = double;
  F const* f;
  std::size_t dimension() const { return f->dimension(); }
  std::size_t samples() const { return f->samples(); }
  double gradient(std::span<double const> x, std::span<std::size_t const> batch,
                  std::span<double> g) const {
    return f->gradient(x, batch, g);
  }
};

BOOST_AUTO_TEST_CASE(a_linear_model_has_the_moments_of_its_gradients) {
  std::size_t const n = 20, d = 4;
  auto const a = support::features<localsgd::csr_matrix<double>>(n, d, 0.6);
  auto const y = support::random_signs(n, 2), offset = support::random_point(n, 3);
  auto const x = support::random_point(d + 1, 4);
  for (bool const has_offset : {false, true}) {
    localsgd::linear_options options{.intercept = 1};
    if (has_offset) options.offset = offset;
    localsgd::linear_objective const f(a, y, localsgd::logistic{}, localsgd::l2{0.3}, options);
    gradients_only<decltype(f)> const g{&f};
    chosen_samples const all(n, n, 0);
    std::span<double const> const at(x);
    auto const fast = moments_at(f, at, all), slow = moments_at(g, at, all);
    auto const close = boost::test_tools::tolerance(1e-13);
    BOOST_TEST(fast.variance.value == slow.variance.value, close);
    BOOST_TEST(fast.second_moment.value == slow.second_moment.value, close);
  }
}

BOOST_AUTO_TEST_CASE_TEMPLATE(curvature_is_that_at_the_point, Scalar, scalars) {
  bent<Scalar> const f{4};
  auto const at = [&](double where) {
    std::vector<Scalar> const x(4, static_cast<Scalar>(where));
    return curvature_at(f, std::span<Scalar const>(x), 1);
  };
  double const rounding = sizeof(Scalar) == sizeof(float) ? 1e-3 : 1e-8;
  for (double const where : {0.0, 0.5, -0.25})
    BOOST_TEST(at(where).value == 2, boost::test_tools::tolerance(rounding));
  for (double const where : {2.0, -3.0, 100.0})
    BOOST_TEST(at(where).value == 0.5, boost::test_tools::tolerance(rounding));
  BOOST_TEST(at(0.5).error <= rounding);
}

BOOST_AUTO_TEST_CASE(curvature_of_a_plane_is_none_and_of_no_number_is_no_number) {
  struct plane : bent<double> {
    double slope;
    double gradient(std::span<double const>, std::span<std::size_t const>,
                    std::span<double> g) const {
      for (double& e : g) e = slope;
      return 0;
    }
  };
  std::vector<double> const x(2);
  BOOST_TEST(curvature_at(plane{{2}, 1.5}, std::span<double const>(x), 0).value == 0);
  BOOST_TEST(std::isnan(
      curvature_at(plane{{2}, support::not_a_number}, std::span<double const>(x), 0).value));
}
