// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE worker_factored_sgd
#include "localsgd/worker/factored_sgd.hpp"

#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <cstdint>
#include <span>
#include <tuple>
#include <vector>

#include "localsgd/loss/logistic.hpp"
#include "localsgd/minimize.hpp"
#include "localsgd/objective/linear.hpp"
#include "localsgd/objective/softmax.hpp"
#include "localsgd/sampler/shuffled.hpp"
#include "localsgd/sampler/with_replacement.hpp"
#include "localsgd/step_size/constant_step.hpp"
#include "localsgd/step_size/inverse_time_step.hpp"
#include "localsgd/worker/sgd.hpp"
#include "test/support/sequences.hpp"

namespace {

using localsgd::constant_step;
using localsgd::csr_matrix;
using localsgd::dense_matrix;
using localsgd::factored_sgd;
using localsgd::inverse_time_step;
using localsgd::iterate_type;
using localsgd::l2;
using localsgd::sgd;
using localsgd::softmax_objective;
using localsgd::with_replacement;
using support::layouts;
using support::make_plan;
using support::state_of;

constexpr std::size_t n = 60, d = 17;

template <class Matrix>
Matrix features() {
  return support::features<Matrix>(n, d, 0.3);
}
std::vector<std::uint8_t> labels_below(std::size_t classes) {
  support::numbers random(2);
  std::vector<std::uint8_t> y(n);
  for (auto& label : y) label = static_cast<std::uint8_t>(random.below(classes));
  return y;
}

// Least squares with two answers a sample: φ_i(z) = ½‖z − (1, −2)‖². Plain loops.
struct two_answers {
  using scalar = double;
  dense_matrix<double> rows;

  std::size_t dimension() const { return 2 * rows.shape(1); }
  std::size_t samples() const { return rows.shape(0); }
  double gradient(std::span<double const> x, std::span<std::size_t const> batch,
                  std::span<double> g) const {
    std::vector<double> s(2 * batch.size());
    slopes(x, 1, batch, 0, s);
    double loss = 0, squares = 0;
    for (double const e : s) loss += e * e / 2;
    for (double& e : s) e /= static_cast<double>(batch.size());
    for (std::size_t j = 0; j != x.size(); ++j) {
      g[j] = 0.3 * x[j];
      squares += x[j] * x[j];
    }
    add_rows(batch, s, g);
    return loss / static_cast<double>(batch.size()) + 0.3 / 2 * squares;
  }
  std::size_t outputs() const { return 2; }
  l2 regularizer() const { return l2{0.3}; }
  void slopes(std::span<double const> v, double c, std::span<std::size_t const> batch, std::size_t,
              std::span<double> s) const {
    for (std::size_t i = 0; i != batch.size(); ++i)
      for (std::size_t k = 0; k != 2; ++k) {
        double z = 0;
        for (std::size_t j = 0; j != rows.shape(1); ++j)
          z += rows(batch[i], j) * v[k * rows.shape(1) + j];
        s[2 * i + k] = c * z - (k == 0 ? 1 : -2);
      }
  }
  void add_rows(std::span<std::size_t const> batch, std::span<double const> s,
                std::span<double> y) const {
    for (std::size_t i = 0; i != batch.size(); ++i)
      for (std::size_t k = 0; k != 2; ++k)
        for (std::size_t j = 0; j != rows.shape(1); ++j)
          y[k * rows.shape(1) + j] += s[2 * i + k] * rows(batch[i], j);
  }
};

static_assert(localsgd::FactoredObjective<two_answers>);
static_assert(localsgd::FactoredObjective<softmax_objective<csr_matrix<float>, int>>);
static_assert(localsgd::FactoredObjective<softmax_objective<dense_matrix<float>, int, float>>);
static_assert(!localsgd::FactoredObjective<
              localsgd::linear_objective<csr_matrix<float>, localsgd::logistic>>);

template <class F, class E>
void makes_the_steps_of_sgd(F const& f, E const& eta, std::size_t batch_size, std::uint64_t steps,
                            double tolerance = 1e-12) {
  with_replacement const sampler;
  auto const p = make_plan(f.samples(), f.dimension(), 2, batch_size, 7);
  auto plain = sgd{}.bind(f, sampler, eta, p, 1);
  auto factored = factored_sgd{}.bind(f, sampler, eta, p, 1);
  plain.advance(0, steps);
  factored.advance(0, steps);
  auto const one = state_of<double>(plain, f.dimension());
  auto const other = state_of<double>(factored, f.dimension());
  // Convex steps do not let rounding grow: `steps` times 1e-16.
  BOOST_TEST(support::relative_distance(one.x, other.x) <= tolerance);
  BOOST_TEST(support::relative_distance(one.average, other.average) <= tolerance);
}

}  // namespace

// 200 is more than are owed at a time.
BOOST_AUTO_TEST_CASE_TEMPLATE(the_steps_are_those_of_sgd, Matrix, layouts) {
  auto const a = features<Matrix>();
  for (std::size_t const classes : {2U, 3U, 10U}) {
    auto const y = labels_below(classes);
    for (double const lambda : {0.0, 0.05}) {
      softmax_objective const f(a, y, classes, l2{lambda});
      for (std::size_t const b : {1U, 5U, 32U, 200U})
        makes_the_steps_of_sgd(f, inverse_time_step(0.1, 0.001), b, b == 200 ? 300 : 3000);
    }
  }
}

BOOST_AUTO_TEST_CASE(weighted_samples_make_the_steps_of_sgd) {
  auto const a = features<csr_matrix<float>>();
  auto const y = labels_below(3);
  std::vector<double> w(n);
  for (std::size_t i = 0; i != n; ++i) w[i] = static_cast<double>(i % 3);
  std::vector<double> const of_classes{1, 5, 0.5};
  softmax_objective const f(a, y, 3, l2{0.05}, {.weights = w, .class_weights = of_classes});
  for (std::size_t const b : {1U, 5U})
    makes_the_steps_of_sgd(f, inverse_time_step(0.1, 0.001), b, 3000);
}

BOOST_AUTO_TEST_CASE(free_intercepts_are_not_shrunk) {
  auto const a = features<csr_matrix<float>>();
  auto const y = labels_below(3);
  for (bool const regularized : {false, true}) {
    softmax_objective const f(a, y, 3, l2{0.05},
                              {.intercept = 1, .regularize_intercept = regularized});
    for (std::size_t const b : {1U, 5U})
      makes_the_steps_of_sgd(f, inverse_time_step(0.1, 0.001), b, 3000);
  }
  for (double const eta_lambda : {0.5, 1.0, 1.5})  // factors ½, 0, −½
    makes_the_steps_of_sgd(softmax_objective(a, y, 3, l2{8 * eta_lambda}, {.intercept = 1}),
                           constant_step{0.125}, 1, 200);
}

// Of 5000 classes not even the slopes of two samples are owed together.
BOOST_AUTO_TEST_CASE(many_classes_make_the_steps_of_sgd) {
  auto const a = features<csr_matrix<float>>();
  auto const y = labels_below(50);
  softmax_objective const f(a, y, 5000, l2{0.05});
  makes_the_steps_of_sgd(f, constant_step{0.1}, 1, 100);
  makes_the_steps_of_sgd(f, constant_step{0.1}, 3, 100);
}

BOOST_AUTO_TEST_CASE(objectives_of_your_own_make_the_steps_of_sgd) {
  two_answers const f{features<dense_matrix<double>>()};
  makes_the_steps_of_sgd(f, inverse_time_step(0.02, 0.01), 1, 2000);
  makes_the_steps_of_sgd(f, inverse_time_step(0.02, 0.01), 3, 2000);
}

BOOST_AUTO_TEST_CASE(a_penalty_that_shrinks_to_zero_or_beyond_is_followed) {
  auto const a = features<dense_matrix<float>>();
  auto const y = labels_below(3);
  for (double const eta_lambda : {0.5, 1.0, 1.5})  // factors ½, 0, −½
    makes_the_steps_of_sgd(softmax_objective(a, y, 3, l2{8 * eta_lambda}), constant_step{0.125}, 1,
                           200);
}

BOOST_AUTO_TEST_CASE(assignments_between_stretches_make_no_difference) {
  auto const a = features<dense_matrix<float>>();
  auto const y = labels_below(3);
  softmax_objective const f(a, y, 3, l2{0.05});
  with_replacement const sampler;
  inverse_time_step const eta(0.2, 0.01);
  auto const p = make_plan(n, 3 * d, 1, 1, 7);
  auto plain = sgd{}.bind(f, sampler, eta, p, 0);
  auto factored = factored_sgd{}.bind(f, sampler, eta, p, 0);
  for (std::uint64_t t = 0; t != 1000; t += 20) {
    auto const x = support::random_point(3 * d, t);
    plain.assign(x);
    factored.assign(x);
    plain.advance(t, t + 20);
    factored.advance(t, t + 20);
  }
  auto const one = state_of<double>(plain, 3 * d), other = state_of<double>(factored, 3 * d);
  BOOST_TEST(support::relative_distance(one.x, other.x) <= 1e-12);
  BOOST_TEST(support::relative_distance(one.average, other.average) <= 1e-12);
}

// Steps of 1 − ηλ = 0.6 fold every 13 of them, in the middle of what is owed.
BOOST_AUTO_TEST_CASE_TEMPLATE(two_stretches_are_one_bit_for_bit, Matrix, layouts) {
  auto const a = features<Matrix>();
  auto const y = labels_below(3);
  localsgd::shuffled const sampler;
  for (double const lambda : {0.05, 8.0}) {
    softmax_objective const f(a, y, 3, l2{lambda});
    constant_step const eta{0.05};
    for (std::size_t const b : {1U, 3U, 200U}) {
      auto const p = make_plan(n, 3 * d, 2, b, 7);
      auto whole = factored_sgd{}.bind(f, sampler, eta, p, 1), parts = whole;
      whole.advance(0, 100);
      parts.advance(0, 37);
      parts.advance(37, 37);
      for (std::uint64_t t = 37; t != 50; ++t) {
        parts.advance(t, t + 1);
        state_of<double>(parts, 3 * d);  // looking changes nothing
      }
      parts.advance(50, 100);
      auto const one = state_of<double>(whole, 3 * d), other = state_of<double>(parts, 3 * d);
      BOOST_TEST((one.x == other.x));
      BOOST_TEST((one.average == other.average));
    }
  }
}

BOOST_AUTO_TEST_CASE(a_sequence_starts_at_zero_and_its_average_is_where_it_is) {
  auto const a = features<dense_matrix<float>>();
  auto const y = labels_below(3);
  softmax_objective const f(a, y, 3, l2{0.05});
  constant_step const eta{0.1};
  with_replacement const sampler;
  auto const p = make_plan(n, 3 * d, 1, 1);
  auto sequence = factored_sgd{}.bind(f, sampler, eta, p, 0);
  auto s = state_of<double>(sequence, 3 * d);
  BOOST_TEST((s.x == std::vector<double>(3 * d)));
  BOOST_TEST((s.average == std::vector<double>(3 * d)));
  auto const there = support::random_point(3 * d, 3);
  sequence.assign(there);
  s = state_of<double>(sequence, 3 * d);
  BOOST_TEST((s.x == there));
  BOOST_TEST((s.average == there));
}

BOOST_AUTO_TEST_CASE(float_iterates_are_the_double_ones_rounded_at_the_end) {
  auto const a = features<dense_matrix<float>>();
  auto const y = labels_below(3);
  softmax_objective const f(a, y, 3, l2{0.05});
  softmax_objective const g(a, y, 3, l2{0.05}, iterate_type<float>{});
  constant_step const eta{0.1};
  with_replacement const sampler;
  auto const p = make_plan(n, 3 * d, 1, 1, 7);
  auto in_double = factored_sgd{}.bind(f, sampler, eta, p, 0);
  auto in_float = factored_sgd{}.bind(g, sampler, eta, p, 0);
  in_double.advance(0, 500);
  in_float.advance(0, 500);
  auto const one = state_of<double>(in_double, 3 * d);
  auto const other = state_of<float>(in_float, 3 * d);
  // 2⁻²⁴ is 6e-8.
  BOOST_TEST(support::relative_distance(one.x, other.x) <= 1e-7);
  BOOST_TEST(support::relative_distance(one.average, other.average) <= 1e-7);
}

BOOST_AUTO_TEST_CASE(softmax_takes_it_unless_told_otherwise) {
  auto const a = features<dense_matrix<float>>();
  auto const y = labels_below(3);
  softmax_objective const f(a, y, 3, l2{0.05});
  localsgd::settings const s{.workers = 3, .local_steps = 7, .epochs = 5};
  auto const silent = localsgd::minimize(f, s), named = localsgd::minimize(f, s, factored_sgd{});
  auto const plain = localsgd::minimize(f, s, sgd{});
  BOOST_TEST((silent.average == named.average));
  BOOST_TEST((silent.last == named.last));
  BOOST_TEST((silent.last != plain.last));  // to rounding only
}
