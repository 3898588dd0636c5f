// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE planning_solver_advice
#include "localsgd/planning/solver_advice.hpp"

#include "localsgd/loss/logistic.hpp"
#include "localsgd/objective/linear.hpp"
#include "localsgd/regularizer/l1.hpp"
#include "localsgd/regularizer/l2.hpp"
#include "test/support/advice_grid.hpp"
#include "test/support/refused.hpp"

#include <boost/test/unit_test.hpp>
#include <algorithm>
#include <string>

namespace {

using namespace localsgd;
using support::check_refused;

cluster with_latency(double seconds) {
  return {.costs = {.gradient_seconds = 1e-6,
                    .latency_seconds = seconds,
                    .bytes_per_second = 1e8,
                    .network = topology::tree}};
}

support::synthetic const data(600, 12, true);
linear_objective const f(data.features, data.targets, logistic{}, l2{1e-2});

}  // namespace

BOOST_AUTO_TEST_CASE(the_advised_run_is_the_predicted_one) {
  for (double const latency : {1e-6, 1e-2}) {
    cluster const machines = with_latency(latency);
    for (goal const& wish : {goal{.accuracy = 1e-4}, goal{.tolerance = 1e-4}}) {
      solver_advice const a = advise(f, wish, machines, {.workers = {4}, .batch_sizes = {1}});
      simulated sim(machines, 2);
      auto const r = minimize_as_advised(f, a, sim);
      BOOST_TEST(r.steps == a.steps);
      BOOST_TEST(r.gradients == a.gradients);
      BOOST_TEST(r.exchanges == a.exchanges);
      BOOST_TEST(r.bytes == a.bytes);
      BOOST_TEST(r.seconds == a.seconds);
      double const optimum = minimize(f, {.tolerance = 1e-9}).objective;
      BOOST_TEST(r.objective - optimum <= 1e-4);
      for (solver_candidate const& c : a.rejected) {
        BOOST_TEST(c.seconds >= a.seconds);
        BOOST_TEST(!c.why.empty());
      }
    }
  }
}

BOOST_AUTO_TEST_CASE(each_network_has_its_own_advice) {
  choices const among{.workers = {8}, .batch_sizes = {1}};
  cluster const near = with_latency(1e-8), far = with_latency(1);
  solver_advice const for_near = advise(f, {.tolerance = 1e-6}, near, among);
  solver_advice const for_far = advise(f, {.tolerance = 1e-6}, far, among);
  simulated on_near(near, 2), on_far(far, 2);
  BOOST_TEST(minimize_as_advised(f, for_near, on_near).seconds == for_near.seconds);
  BOOST_TEST(minimize_as_advised(f, for_far, on_near).seconds >= for_near.seconds);
  BOOST_TEST(minimize_as_advised(f, for_near, on_far).seconds >= for_far.seconds);
  // A second for each message, and computation at no cost: fewer local steps do not pay.
  BOOST_TEST(for_far.gradients >= for_near.gradients);
}

BOOST_AUTO_TEST_CASE(limits_exclude_choices) {
  choices const among{.workers = {1, 4}, .batch_sizes = {1}};
  cluster const machines = with_latency(1e-3);
  solver_advice const free = advise(f, {.tolerance = 1e-5}, machines, among);
  double const fewest = [&] {
    double least = static_cast<double>(free.gradients);
    for (solver_candidate const& c : free.rejected)
      if (c.why.find("times the time") != std::string::npos)
        least = std::min(least, static_cast<double>(c.gradients));
    return least;
  }();
  solver_advice const frugal =
      advise(f, {.gradients = fewest, .tolerance = 1e-5}, machines, among);
  BOOST_TEST(static_cast<double>(frugal.gradients) <= fewest);
  BOOST_TEST(frugal.seconds >= free.seconds);
  check_refused([&] { advise(f, {.gradients = 10, .tolerance = 1e-5}, machines, among); },
                "goal.gradients", "enough for one of the choices");
  check_refused([&] { advise(f, {.seconds = 1e-12, .tolerance = 1e-5}, machines, among); },
                "goal.seconds", "enough for one of the choices");
}

BOOST_AUTO_TEST_CASE(a_regularizer_without_a_gradient_excludes_dane) {
  linear_objective const sparse(data.features, data.targets, logistic{}, l1{1e-2});
  solver_advice const a =
      advise(sparse, {.tolerance = 1e-4}, with_latency(1), {.workers = {2}, .batch_sizes = {1}});
  BOOST_TEST((a.solver != local_solver::dane));
  for (solver_candidate const& c : a.rejected) BOOST_TEST((c.solver != local_solver::dane));
  solver_advice wrong = a;
  wrong.solver = local_solver::dane;
  check_refused([&] { minimize_as_advised(sparse, wrong); }, "solver", "variance_reduced");
}

BOOST_AUTO_TEST_CASE(unclear_goals_are_rejected) {
  cluster const machines = with_latency(1e-3);
  check_refused([&] { advise(f, {.gradients = 1e6}, machines); }, "goal.accuracy", "goal.tolerance");
  check_refused([&] { advise(f, {.accuracy = 1e-3, .tolerance = 1e-3}, machines); },
                "goal.tolerance", "0 if goal.accuracy is set");
  check_refused([&] { advise(f, {.accuracy = 1e-3}, machines, {.workers = {}}); },
                "choices.workers", "at least one");
}

BOOST_AUTO_TEST_CASE(the_table_names_the_best_choices) {
  solver_advice a = advise(f, {.tolerance = 1e-3}, with_latency(1e-3),
                           {.workers = {2}, .batch_sizes = {1}, .local_steps = {10}});
  std::string const text = to_string(a);
  BOOST_TEST(text.find("exchanges") != std::string::npos);
  BOOST_TEST(text.find("the shortest time") != std::string::npos);
  for (char const* each : {"plain", "variance_reduced", "dane"})
    BOOST_TEST(text.find(each) != std::string::npos);
  auto const lines = [](std::string const& of) { return std::ranges::count(of, '\n'); };
  BOOST_TEST(lines(text) == 4);
  while (a.rejected.size() != 13) a.rejected.push_back(a.rejected[0]);
  BOOST_TEST(lines(to_string(a)) == 13);  // ten of them, and how many there are more
  BOOST_TEST(to_string(a).find("and 3 slower ones") != std::string::npos);
}
