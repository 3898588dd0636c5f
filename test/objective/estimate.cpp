// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE objective_estimate
#include "localsgd/objective/estimate.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <set>
#include <span>
#include <vector>

namespace {

using localsgd::detail::curvature_near_zero;
using localsgd::detail::estimate_curvature;
using localsgd::detail::telling_samples;

// f_i(x) = c_i/2·(x_0 − 1)² + x_1²/200, with curvature max(c_i, 0.01).
template <class Scalar = double>
struct bowls {
  using scalar = Scalar;
  std::vector<double> c;
  std::size_t dimension() const { return 2; }
  std::size_t samples() const { return c.size(); }
  double gradient(std::span<Scalar const> x, std::span<std::size_t const> batch,
                  std::span<Scalar> g) const {
    double mean = 0;
    for (std::size_t const i : batch) mean += c[i] / static_cast<double>(batch.size());
    double const a = static_cast<double>(x[0]) - 1, b = static_cast<double>(x[1]);
    g[0] = static_cast<Scalar>(mean * a);
    g[1] = static_cast<Scalar>(b / 100);
    return mean * a * a / 2 + b * b / 200;
  }
};
struct knowing : bowls<> {
  double smoothness() const { return 123; }
};

auto const within_a_percent = boost::test_tools::tolerance(0.01);

}  // namespace

BOOST_AUTO_TEST_CASE(the_curvature_of_a_batch_is_that_of_its_mean) {
  std::vector<std::size_t> const one{1}, both{0, 1};
  bowls<> const f{{2, 6}};
  BOOST_TEST(curvature_near_zero(f, std::span(one), 20) == 6.0, within_a_percent);
  BOOST_TEST(curvature_near_zero(f, std::span(both), 20) == 4.0, within_a_percent);
  BOOST_TEST(curvature_near_zero(bowls<float>{{2, 6}}, std::span(both), 20) == 4.0,
             within_a_percent);
}

BOOST_AUTO_TEST_CASE(few_samples_are_all_looked_at) {
  for (std::size_t const n : {1U, 2U, 10U}) {
    auto const seen = telling_samples(bowls<>{std::vector<double>(n, 1.0)}, 64);
    BOOST_TEST(seen.size() == 2 * n);
    BOOST_TEST(std::set<std::size_t>(seen.begin(), seen.end()).size() == n);
  }
}

BOOST_AUTO_TEST_CASE(a_sample_far_steeper_than_the_others_is_never_missed) {
  for (std::size_t const steep : {0U, 1U, 499U, 998U, 999U}) {
    bowls<> f{std::vector<double>(1000, 1.0)};
    f.c[steep] = 50;
    auto const seen = telling_samples(f, 8);
    BOOST_TEST(seen.size() == 16U);
    BOOST_TEST(std::ranges::count(seen, std::size_t{steep}) >= 1);
    BOOST_TEST(estimate_curvature(f).largest == 50.0, within_a_percent);
  }
}

BOOST_AUTO_TEST_CASE(estimates_order_as_the_curvatures_do_and_repeat) {
  bowls<> f{std::vector<double>(300, 1.0)};
  for (std::size_t i = 0; i != 300; i += 3) f.c[i] = 4;
  auto const c = estimate_curvature(f), again = estimate_curvature(f);
  // The mean is 2. The typical curvature is Σc²/Σc of the examined samples: 1 … 4.
  BOOST_TEST(c.smoothness >= 1.5);
  BOOST_TEST(c.smoothness <= 2.5);
  BOOST_TEST(c.typical > c.smoothness);
  BOOST_TEST(c.typical <= 1.01 * c.largest);
  BOOST_TEST(c.largest == 4.0, within_a_percent);
  BOOST_TEST(c.smoothness == again.smoothness);
  BOOST_TEST(c.typical == again.typical);
  BOOST_TEST(c.largest == again.largest);
}

BOOST_AUTO_TEST_CASE(a_smoothness_that_the_objective_knows_is_taken) {
  BOOST_TEST(estimate_curvature(knowing{{{1, 1}}}).smoothness == 123.0);
}

BOOST_AUTO_TEST_CASE(a_plane_has_no_curvature) {
  struct plane {
    using scalar = double;
    static std::size_t dimension() { return 2; }
    static std::size_t samples() { return 3; }
    static double gradient(std::span<double const> x, std::span<std::size_t const>,
                           std::span<double> g) {
      std::ranges::fill(g, 1.0);
      return x[0] + x[1];
    }
  };
  auto const c = estimate_curvature(plane{});
  BOOST_TEST(c.smoothness == 0.0);
  BOOST_TEST(c.typical == 0.0);
  BOOST_TEST(c.largest == 0.0);
  BOOST_TEST(localsgd::detail::stable_step(c, 1) == 1.0);
}
