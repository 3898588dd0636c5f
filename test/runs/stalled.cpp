// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE runs_stalled
#include "localsgd/minimize.hpp"

#include <algorithm>
#include <array>
#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <span>
#include <string>
#include <vector>

#include "localsgd/loss/logistic.hpp"
#include "localsgd/loss/squared_hinge.hpp"
#include "localsgd/objective/linear.hpp"
#include "localsgd/objective/sharded.hpp"
#include "localsgd/objective/softmax.hpp"
#include "localsgd/regularizer/l1.hpp"
#include "localsgd/regularizer/no_penalty.hpp"
#include "localsgd/report.hpp"
#include "localsgd/synchronizer/serial.hpp"
#include "localsgd/worker/svrg/svrg.hpp"
#include "test/support/problems.hpp"

using namespace localsgd;

BOOST_AUTO_TEST_CASE(precision_is_not_reached_where_the_certificate_does_not_say_so) {
  // Two columns that differ by 0 to 5 in 1e8; f(0) = log 2, and f* is near 0.000357.
  dense_matrix<double> a(std::array<std::size_t, 2>{6, 2}, 1e8);
  std::vector<double> y(6);
  for (std::size_t i = 0; i != 6; ++i) {
    a(i, 1) += static_cast<double>(i);
    y[i] = i >= 3 ? 1 : -1;
  }
  linear_objective const f(a, y, logistic{}, l2{1e-6});
  auto const r = minimize(f, {.tolerance = 1e-6}, serial{});
  BOOST_TEST((r.reason != stop_reason::precision_reached || r.objective < 0.0004));
  BOOST_TEST(r.certificate >= r.objective - 0.000356815661);
}

BOOST_AUTO_TEST_CASE(features_far_from_0_do_not_hide_that_the_tolerance_is_reached) {
  // The mean of each feature is 10³ or 10⁴ times its deviation. The rounding error of ∇f(x), u·√d·10⁶‖x‖ or more, would
  // keep ‖∇f(x)‖²/(2λ) above the tolerance.
  constexpr std::size_t n = 200, d = 4;
  auto const y = support::random_signs(n, 6);
  for (double const mean : {1e3, 1e4})
    for (bool const regularized : {false, true}) {
      auto a = support::random_features<double>(n, d, 5);
      for (double& each : a) each += mean;
      linear_options const options{.intercept = 1, .regularize_intercept = regularized};
      linear_objective const f(a, y, squared_hinge{}, l2{1e-6}, options);
      auto const r = minimize(f, {.tolerance = 1e-9}, serial{});
      BOOST_TEST((r.reason == stop_reason::tolerance_reached));
      BOOST_TEST(r.certificate <= 1e-9);

      std::array<dense_matrix<double>, 2> half;
      for (std::size_t k = 0; k != 2; ++k) {
        half[k] = dense_matrix<double>(std::array<std::size_t, 2>{n / 2, d}, 0.0);
        std::copy_n(a.begin() + static_cast<std::ptrdiff_t>(k * n / 2 * d), n / 2 * d, half[k].begin());
      }
      serial ranks;
      auto const shard = [&](std::size_t k) {
        std::span<double const> const own(y.data() + k * n / 2, n / 2);
        return linear_objective(half[k], own, squared_hinge{}, l2{1e-6}, options);
      };
      sharded_objective const shards(ranks, 2, shard);
      auto const of_shards = minimize(shards, {.workers = 2, .tolerance = 1e-9}, ranks);
      BOOST_TEST((of_shards.reason == stop_reason::tolerance_reached));
      BOOST_TEST(of_shards.objective == r.objective, boost::test_tools::tolerance(1e-8));
    }
}

BOOST_AUTO_TEST_CASE(nor_do_they_with_several_classes) {
  constexpr std::size_t n = 200;
  auto const first = support::random_signs(n, 6), second = support::random_signs(n, 7);
  std::vector<int> classes(n);
  for (std::size_t i = 0; i != n; ++i) classes[i] = first[i] > 0 ? 0 : second[i] > 0 ? 1 : 2;
  auto a = support::random_features<double>(n, 4, 5);
  for (double& each : a) each += 1e3;
  for (bool const regularized : {false, true}) {
    softmax_objective const f(a, classes, 3, l2{1e-6}, {.intercept = 1, .regularize_intercept = regularized});
    BOOST_TEST((minimize(f, {.tolerance = 1e-9}, serial{}).reason == stop_reason::tolerance_reached));
  }
}

BOOST_AUTO_TEST_CASE(a_run_without_a_certificate_stalls) {
  dense_matrix<double> const a{{1, 2}, {2, 1}, {-1, 1}};
  std::vector<double> const y{1, -1, 1};
  linear_objective const f(a, y, logistic{}, l2{0});
  auto const r = minimize(f, {.tolerance = 1e-8}, serial{});
  BOOST_TEST((r.reason != stop_reason::precision_reached));
}

namespace {

// Samples that x = (1, 0) separates, and one more that nothing separates.
struct separable {
  dense_matrix<double> a{{1, 2}, {2, 1}, {-1, 1}, {-2, 1}, {3, -1}};
  std::vector<double> y{1, 1, -1, -1, 1};
};

}  // namespace

BOOST_AUTO_TEST_CASE(separable_data_without_a_penalty_have_no_minimum) {
  separable const data;
  linear_objective const f(data.a, data.y, logistic{}, no_penalty{});
  for (double const epochs : {20.0, 1e6}) {
    auto const r = minimize(f, {.epochs = epochs, .tolerance = 1e-6}, serial{});
    BOOST_TEST((r.reason == stop_reason::no_minimum));
    BOOST_TEST(r.usable());
    BOOST_TEST(r.gradients <= 1000 * f.samples());
    BOOST_TEST(to_string(r).find("f has no minimum") != std::string::npos);
    for (std::size_t i = 0; i != 5; ++i)
      BOOST_TEST(data.y[i] * (data.a(i, 0) * r.x[0] + data.a(i, 1) * r.x[1]) > 0);
  }
  // Anchors of variance-reduced steps are looked at, too.
  auto const reduced = minimize(f, {.epochs = 1e6, .tolerance = 1e-6}, svrg{}, serial{});
  BOOST_TEST((reduced.reason == stop_reason::no_minimum));
  // Without a tolerance all steps are made. The report says what it may be.
  auto const all = minimize(f, {.epochs = 30}, serial{});
  BOOST_TEST((all.reason == stop_reason::steps_done));
  BOOST_TEST(to_string(all).find("f may have no minimum") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(data_that_overlap_have_a_minimum) {
  separable data;
  data.y[4] = -1;
  linear_objective const f(data.a, data.y, logistic{}, no_penalty{});
  auto const r = minimize(f, {.epochs = 100, .tolerance = 1e-6}, serial{});
  BOOST_TEST((r.reason == stop_reason::stalled));  // no tolerance can be proved
}

BOOST_AUTO_TEST_CASE(one_class_is_certified_with_a_free_intercept_and_a_penalty) {
  // f falls to 0 as the intercept grows: it is proven to be near its infimum.
  separable data;
  std::fill(data.y.begin(), data.y.end(), 1.0);
  linear_objective const ridge(data.a, data.y, logistic{}, l2{0.1}, {.intercept = 1});
  auto const r = minimize(ridge, {.tolerance = 1e-4}, serial{});
  BOOST_TEST((r.reason == stop_reason::tolerance_reached));
  BOOST_TEST(r.objective <= 1e-4);
  linear_objective const sparse(data.a, data.y, logistic{}, l1{0.1}, {.intercept = 1});
  auto const s = minimize(sparse, {.tolerance = 1e-4}, serial{});
  BOOST_TEST((s.reason == stop_reason::tolerance_reached));
  BOOST_TEST(s.objective <= 1e-4);
}

BOOST_AUTO_TEST_CASE(any_number_of_evaluations_is_as_many_as_there_are_rounds) {
  dense_matrix<double> const a{{1, 2}, {2, 1}};
  std::vector<double> const y{1, -1};
  linear_objective const f(a, y, logistic{}, l2{0.1});
  auto const r = minimize(f, {.workers = 1, .steps = 40, .evaluations = ~std::size_t{0}}, serial{});
  BOOST_TEST(r.history.size() == r.rounds + 1);
}
