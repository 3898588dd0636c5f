// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE worker_svrg_uniform_steps
#include "localsgd/worker/svrg/uniform_steps.hpp"

#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <vector>

#include "localsgd/objective/quadratic.hpp"
#include "test/support/problems.hpp"

namespace {

using localsgd::plan;
using localsgd::quadratic;
using localsgd::detail::averaging_gain;
using localsgd::detail::svrg_steps;

}  // namespace

BOOST_AUTO_TEST_CASE(averaging_damps_noise_by_half_the_workers_up_to_a_limit) {
  BOOST_TEST(averaging_gain(1, 2) == 0.5);
  BOOST_TEST(averaging_gain(2, 2) == 1.0);
  BOOST_TEST(averaging_gain(3, 2) == 1.5);
  BOOST_TEST(averaging_gain(1000, 2) == 2.0);
  BOOST_TEST(averaging_gain(1000, 1) == 1.0);
}

BOOST_AUTO_TEST_CASE(any_objective_has_one_step_size_and_the_gradient_of_the_anchor) {
  quadratic<float> const f({.spectrum = {1, 2}, .samples = 10});
  svrg_steps<quadratic<float>> t(f, support::make_plan(10, 2, 8, 1), 0.5, false);
  std::vector<double> const sum{10, -30};
  t.take(sum, 10, 0.5);
  BOOST_TEST(t.step_size() == 0.25);
  BOOST_TEST(t.gradient()[0] == 1.0F);
  BOOST_TEST(t.gradient()[1] == -3.0F);
  BOOST_TEST(t.relative().empty());
  BOOST_TEST(t.slopes().all().empty());
  // Chosen automatically it is larger where averages damp the noise, and never smaller.
  auto const automatic = [&](std::size_t workers) {
    svrg_steps<quadratic<float>> a(f, support::make_plan(10, 2, workers, 1), 0.5, true);
    a.take(sum, 10, 1);
    return a.step_size();
  };
  BOOST_TEST(automatic(1) == 0.5);
  BOOST_TEST(automatic(3) == 0.75);
  BOOST_TEST(automatic(100) == 1.0);
}
