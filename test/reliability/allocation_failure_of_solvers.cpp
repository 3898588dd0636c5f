// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE reliability_allocation_failure_of_solvers
#include "localsgd/minimize.hpp"

#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <vector>

#include "localsgd/compressor/top_k.hpp"
#include "localsgd/loss/huber.hpp"
#include "localsgd/loss/logistic.hpp"
#include "localsgd/loss/poisson.hpp"
#include "localsgd/loss/squared.hpp"
#include "localsgd/loss/squared_hinge.hpp"
#include "localsgd/objective/linear.hpp"
#include "localsgd/objective/softmax.hpp"
#include "localsgd/planning/cross_validate.hpp"
#include "localsgd/planning/metrics.hpp"
#include "localsgd/planning/regularization_path.hpp"
#include "localsgd/regularizer/box.hpp"
#include "localsgd/regularizer/elastic_net.hpp"
#include "localsgd/regularizer/group_l1.hpp"
#include "localsgd/regularizer/l1.hpp"
#include "localsgd/regularizer/l2.hpp"
#include "localsgd/synchronizer/serial.hpp"
#include "localsgd/worker/dane/dane.hpp"
#include "localsgd/worker/svrg/svrg.hpp"
#include "test/support/failing_allocations.hpp"
#include "test/support/runs.hpp"

// Each of the methods that a run with a tolerance chooses, and the ways to call for several.

namespace {

using namespace localsgd;
using support::same_bits, support::survives_without_memory;

support::problem const& tall() {
  static support::problem const p(60, 17, 0.5);
  return p;
}
support::problem const& wide() {
  static support::problem const p(20, 50, 0.5);
  return p;
}

template <class F, class... C>
void survives(F const& f, settings const& s, C const&... components) {
  serial here;
  same_bits same;
  survives_without_memory([&] { return same(minimize(f, s, here, components...)); });
}

}  // namespace

BOOST_AUTO_TEST_CASE(least_squares_with_more_features_than_samples) {
  survives(linear_objective(wide().dense, wide().reals, squared{}, l2{0.05}), {.tolerance = 1e-6});
}

BOOST_AUTO_TEST_CASE(dual_ascent) {
  survives(linear_objective(wide().sparse, wide().labels, squared_hinge{}, l2{0.05}),
           {.tolerance = 1e-6});
}

BOOST_AUTO_TEST_CASE(robust_and_count_regression) {
  survives(linear_objective(tall().dense, tall().reals, huber{0.5}, elastic_net{0.01, 0.01},
                            {.intercept = 1}),
           {.workers = 2, .tolerance = 1e-6});
  std::vector<double> counts;
  for (int const each : tall().classes) counts.push_back(each);
  survives(linear_objective(tall().dense, counts, poisson{}, l2{0.01}), {.tolerance = 1e-6});
}

BOOST_AUTO_TEST_CASE(classes) {
  survives(softmax_objective(tall().sparse, tall().classes, 3, l2{0.01}),
           {.workers = 2, .tolerance = 1e-6});
  survives(softmax_objective(tall().dense, tall().classes, 3, l1{0.02}), {.tolerance = 1e-6});
}

BOOST_AUTO_TEST_CASE(groups_and_boxes) {
  std::vector<std::vector<std::size_t>> const groups{{0, 1, 2, 3}, {4, 5, 6}, {7, 8, 9, 10, 11},
                                                     {12, 13}, {14}, {15, 16}};
  survives(linear_objective(tall().dense, tall().labels, logistic{}, group_l1(groups, 0.02)),
           {.tolerance = 1e-6});
  survives(linear_objective(tall().sparse, tall().labels, logistic{}, box(-0.5, 0.5, l2{0.01})),
           {.tolerance = 1e-6});
}

BOOST_AUTO_TEST_CASE(dane_and_proximal_svrg) {
  survives(linear_objective(tall().sparse, tall().labels, logistic{}, l2{0.01}),
           {.workers = 3, .tolerance = 1e-6}, dane{});
  survives(linear_objective(tall().sparse, tall().labels, logistic{}, l1{0.02}),
           {.workers = 3, .tolerance = 1e-6}, svrg{});
}

BOOST_AUTO_TEST_CASE(compressed_changes) {
  survives(linear_objective(tall().sparse, tall().labels, logistic{}, l2{0.01}),
           {.workers = 3, .local_steps = 4, .steps = 40}, top_k{0.3});
}

BOOST_AUTO_TEST_CASE(a_path_and_its_cross_validation) {
  auto const make = [](auto const& part, double lambda) {
    return linear_objective(part.features, part.targets, logistic{}, l1{lambda});
  };
  std::vector<double> const lambdas{0.1, 0.03};
  serial here;
  same_bits same, same_cell;
  survives_without_memory([&] {
    auto const path = regularization_path(
        [&](double lambda) {
          return linear_objective(tall().sparse, tall().labels, logistic{}, l1{lambda});
        },
        lambdas, {.tolerance = 1e-5}, here);
    return path.points.size() == 2 && same(path.points[1].fit);
  });
  survives_without_memory([&] {
    auto const cv = cross_validate(tall().sparse, tall().labels, make, lambdas, error_rate{},
                                   {.folds = 3}, settings{.tolerance = 1e-3}, here);
    return same_cell(cv.path.points[1].fit);
  });
}
