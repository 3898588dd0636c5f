// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE worker_iterate_weights
#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <cstdint>
#include <string>
#include <vector>

#include "localsgd/iterate_weights/linear_weights.hpp"
#include "localsgd/iterate_weights/quadratic_weights.hpp"
#include "localsgd/iterate_weights/uniform_weights.hpp"
#include "localsgd/loss/logistic.hpp"
#include "localsgd/objective/linear.hpp"
#include "localsgd/objective/quadratic.hpp"
#include "localsgd/objective/softmax.hpp"
#include "localsgd/sampler/with_replacement.hpp"
#include "localsgd/step_size/constant_step.hpp"
#include "localsgd/step_size/theory_step.hpp"
#include "localsgd/worker/factored_sgd.hpp"
#include "localsgd/worker/linear_sgd.hpp"
#include "localsgd/worker/sgd.hpp"
#include "test/support/sequences.hpp"

// The average of every kind of sequence, with weights that have nothing to do with the step size.

using namespace localsgd;
using support::make_plan;
using support::state_of;

namespace {

// The weights of a suffix: w_t = 1 from `first` on.
struct suffix_weights {
  std::uint64_t first;
  double weight(std::uint64_t t) const { return t < first ? 0 : 1; }
  double sum(std::uint64_t steps) const {
    return steps < first ? 0 : static_cast<double>(steps - first);
  }
  std::string identity() const { return "suffix_weights"; }
};
static_assert(IterateWeights<suffix_weights>);

// What a sequence streams, against the mean of iterates that are all stored, one by one.
template <class Worker, class F, class W>
void averages_what_is_stored(Worker const& worker, F const& f, W const& w) {
  constexpr std::uint64_t steps = 300;
  std::size_t const d = f.dimension();
  constant_step const eta{0.05};
  with_replacement const sampler;
  auto const p = make_plan(f.samples(), d, 2, 2, 7);
  auto sequence = worker.bind(f, sampler, eta, w, p, 1);
  auto one_by_one = sequence;
  sequence.advance(0, steps);
  std::vector<std::vector<double>> stored;
  for (std::uint64_t t = 0; t != steps; ++t) {
    stored.push_back(state_of<double>(one_by_one, d).x);
    one_by_one.advance(t, t + 1);
  }
  std::vector<double> mean(d);
  for (std::uint64_t t = 0; t != steps; ++t)
    for (std::size_t j = 0; j != d; ++j) mean[j] += w.weight(t) / w.sum(steps) * stored[t][j];
  BOOST_TEST(support::relative_distance(state_of<double>(sequence, d).average, mean) <= 1e-12);
}

template <class Worker>
void averages_as_told(Worker const& worker, auto const& f) {
  averages_what_is_stored(worker, f, uniform_weights{});
  averages_what_is_stored(worker, f, linear_weights{});
  averages_what_is_stored(worker, f, linear_weights{40});
  averages_what_is_stored(worker, f, quadratic_weights{0});
  averages_what_is_stored(worker, f, quadratic_weights{100});
  averages_what_is_stored(worker, f, suffix_weights{150});
}

}  // namespace

BOOST_AUTO_TEST_CASE(what_is_streamed_is_the_mean_of_the_stored_iterates) {
  averages_as_told(sgd{}, quadratic({.spectrum = {0.5, 3, 1, 8}, .samples = 50, .variance = 2.5}));
  auto const a = support::random_features<float>(50, 9, 1, 0.3);
  auto const y = support::random_signs(50, 2);
  averages_as_told(linear_sgd{}, linear_objective(a, y, logistic{}, l2{0.1}));
  auto const sparse = to_csr(a);
  averages_as_told(linear_sgd{}, linear_objective(sparse, y, logistic{}, l2{0.1}));
  std::vector<int> classes(50);
  for (std::size_t i = 0; i != classes.size(); ++i) classes[i] = static_cast<int>(i % 3);
  averages_as_told(factored_sgd{}, softmax_objective(a, classes, 3, l2{0.1}));
}

BOOST_AUTO_TEST_CASE(dense_rows_one_a_step_average_as_told_too) {
  auto const a = support::random_features<float>(50, 9, 1);
  auto const y = support::random_signs(50, 2);
  linear_objective const f(a, y, logistic{}, l2{0.1});
  constant_step const eta{0.05};
  with_replacement const sampler;
  auto const p = make_plan(50, 9, 1, 1, 7);
  auto sequence = linear_sgd{}.bind(f, sampler, eta, uniform_weights{}, p, 0);
  sequence.advance(0, 500);
  auto const expected = support::by_the_book(f, sampler, eta, uniform_weights{}, p, 0, 500);
  BOOST_TEST(support::relative_distance(state_of<double>(sequence, 9).average, expected.average) <=
             1e-12);
}

BOOST_AUTO_TEST_CASE(steps_do_not_depend_on_the_weights) {
  quadratic const f({.spectrum = {0.5, 3, 1, 8}, .samples = 50, .variance = 2.5});
  constant_step const eta{0.05};
  with_replacement const sampler;
  auto const p = make_plan(50, 4, 1, 1, 7);
  auto uniform = sgd{}.bind(f, sampler, eta, uniform_weights{}, p, 0);
  auto square = sgd{}.bind(f, sampler, eta, quadratic_weights{}, p, 0);
  uniform.advance(0, 100), square.advance(0, 100);
  BOOST_TEST((state_of<double>(uniform, 4).x == state_of<double>(square, 4).x));
  BOOST_TEST((state_of<double>(uniform, 4).average != state_of<double>(square, 4).average));
}

BOOST_AUTO_TEST_CASE(without_weights_they_are_those_that_the_step_size_recommends) {
  quadratic const f({.spectrum = {0.5, 3, 1, 8}, .samples = 50, .variance = 2.5});
  theory_step const eta(0.5, 250);
  with_replacement const sampler;
  auto const p = make_plan(50, 4, 1, 1, 7);
  auto short_form = sgd{}.bind(f, sampler, eta, p, 0);
  auto long_form = sgd{}.bind(f, sampler, eta, quadratic_weights{250}, p, 0);
  short_form.advance(0, 100), long_form.advance(0, 100);
  BOOST_TEST((state_of<double>(short_form, 4).average == state_of<double>(long_form, 4).average));
}

BOOST_AUTO_TEST_CASE(as_long_as_all_weights_are_0_the_average_is_the_last_iterate) {
  quadratic const f({.spectrum = {0.5, 3, 1, 8}, .samples = 50, .variance = 2.5});
  constant_step const eta{0.05};
  with_replacement const sampler;
  auto const p = make_plan(50, 4, 1, 1, 7);
  auto sequence = sgd{}.bind(f, sampler, eta, suffix_weights{10}, p, 0);
  sequence.advance(0, 10);
  auto const before = state_of<double>(sequence, 4);
  BOOST_TEST((before.average == before.x));
  sequence.advance(10, 11);
  BOOST_TEST((state_of<double>(sequence, 4).average == before.x));
}
