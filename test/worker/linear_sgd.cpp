// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE worker_linear_sgd
#include "localsgd/worker/linear_sgd.hpp"

#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <span>
#include <tuple>
#include <utility>
#include <vector>

#include "localsgd/loss/huber.hpp"
#include "localsgd/loss/logistic.hpp"
#include "localsgd/loss/poisson.hpp"
#include "localsgd/loss/smoothed_hinge.hpp"
#include "localsgd/loss/squared.hpp"
#include "localsgd/loss/squared_hinge.hpp"
#include "localsgd/objective/linear.hpp"
#include "localsgd/objective/quadratic.hpp"
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
using localsgd::inverse_time_step;
using localsgd::iterate_type;
using localsgd::l2;
using localsgd::linear_objective;
using localsgd::linear_sgd;
using localsgd::logistic;
using localsgd::sgd;
using localsgd::with_replacement;
using support::layouts;
using support::make_plan;
using support::state_of;

constexpr std::size_t n = 60, d = 17;

template <class Matrix>
Matrix features() {
  return support::features<Matrix>(n, d, 0.3);
}

static_assert(localsgd::LinearObjective<linear_objective<csr_matrix<float>, logistic>>);
static_assert(!localsgd::LinearObjective<localsgd::quadratic<>>);

}  // namespace

BOOST_AUTO_TEST_CASE_TEMPLATE(the_steps_are_those_of_sgd, Matrix, layouts) {
  auto const a = features<Matrix>();
  auto const y = support::random_signs(n, 2);
  std::vector<double> weights(n);
  for (std::size_t i = 0; i != n; ++i) weights[i] = static_cast<double>(i % 4);
  with_replacement const sampler;
  inverse_time_step const eta(0.1, 0.001);
  for (std::size_t const b : {1U, 4U})
    for (double const intercept : {0.0, 1.5})
      for (std::span<double const> const s :
           {std::span<double const>{}, std::span<double const>(weights)})
        for (auto const& [lambda, regularized] :
             {std::pair{0.0, true}, std::pair{0.05, true}, std::pair{0.05, false}}) {
          if (intercept == 0 && !regularized) continue;
          linear_objective const f(a, y, logistic{}, l2{lambda}, {intercept, s, {}, regularized});
          auto const p = make_plan(n, f.dimension(), 2, b, 7);
          auto plain = sgd{}.bind(f, sampler, eta, p, 1);
          auto scaled = linear_sgd{}.bind(f, sampler, eta, p, 1);
          plain.advance(0, 3000);
          scaled.advance(0, 3000);
          auto const one = state_of<double>(plain, f.dimension());
          auto const other = state_of<double>(scaled, f.dimension());
          // Convex steps do not let rounding grow: 3000 times 1e-16.
          BOOST_TEST(support::relative_distance(one.x, other.x) <= 1e-12);
          BOOST_TEST(support::relative_distance(one.average, other.average) <= 1e-12);
        }
}

BOOST_AUTO_TEST_CASE(every_loss_makes_the_steps_of_sgd) {
  auto const a = features<csr_matrix<float>>();
  auto const signs = support::random_signs(n, 2);
  auto counts = signs;
  for (double& c : counts) c += 1;
  with_replacement const sampler;
  constant_step const eta{0.02};
  auto const offset = support::random_point(n, 4);
  auto const check = [&](auto const& loss, std::vector<double> const& y) {
    linear_objective const f(a, y, loss, l2{0.05}, {.intercept = 1, .offset = offset});
    auto const p = make_plan(n, f.dimension(), 1, 2, 7);
    auto plain = sgd{}.bind(f, sampler, eta, p, 0);
    auto scaled = linear_sgd{}.bind(f, sampler, eta, p, 0);
    plain.advance(0, 2000);
    scaled.advance(0, 2000);
    auto const one = state_of<double>(plain, f.dimension());
    auto const other = state_of<double>(scaled, f.dimension());
    BOOST_TEST(support::relative_distance(one.x, other.x) <= 1e-12);
    BOOST_TEST(support::relative_distance(one.average, other.average) <= 1e-12);
  };
  check(localsgd::squared{}, signs);
  check(localsgd::squared_hinge{}, signs);
  check(localsgd::smoothed_hinge{0.5}, signs);
  check(localsgd::huber{0.7}, signs);
  check(localsgd::poisson{3}, counts);
}

BOOST_AUTO_TEST_CASE(assignments_between_stretches_make_no_difference) {
  auto const a = features<csr_matrix<float>>();
  auto const y = support::random_signs(n, 2);
  linear_objective const f(a, y, logistic{}, l2{0.05});
  with_replacement const sampler;
  inverse_time_step const eta(0.2, 0.01);
  auto const p = make_plan(n, d, 1, 1, 7);
  auto plain = sgd{}.bind(f, sampler, eta, p, 0);
  auto scaled = linear_sgd{}.bind(f, sampler, eta, p, 0);
  for (std::uint64_t t = 0; t != 1000; t += 20) {
    auto const x = support::random_point(d, t);
    plain.assign(x);
    scaled.assign(x);
    plain.advance(t, t + 20);
    scaled.advance(t, t + 20);
  }
  auto const one = state_of<double>(plain, d), other = state_of<double>(scaled, d);
  BOOST_TEST(support::relative_distance(one.x, other.x) <= 1e-12);
  BOOST_TEST(support::relative_distance(one.average, other.average) <= 1e-12);
}

BOOST_AUTO_TEST_CASE(a_penalty_that_shrinks_to_zero_or_beyond_is_followed) {
  auto const a = features<csr_matrix<float>>();
  auto const y = support::random_signs(n, 2);
  with_replacement const sampler;
  auto const check = [&](double eta_lambda, localsgd::linear_options const& options) {
    constant_step const eta{0.125};
    linear_objective const f(a, y, logistic{}, l2{8 * eta_lambda}, options);
    auto const p = make_plan(n, f.dimension(), 1, 1, 7);
    auto plain = sgd{}.bind(f, sampler, eta, p, 0);
    auto scaled = linear_sgd{}.bind(f, sampler, eta, p, 0);
    plain.advance(0, 200);
    scaled.advance(0, 200);
    auto const one = state_of<double>(plain, f.dimension());
    auto const other = state_of<double>(scaled, f.dimension());
    BOOST_TEST(support::relative_distance(one.x, other.x) <= 1e-12);
    BOOST_TEST(support::relative_distance(one.average, other.average) <= 1e-12);
  };
  for (double const eta_lambda : {0.5, 1.0, 1.5}) {  // factors ½, 0, −½
    check(eta_lambda, {});
    check(eta_lambda, {.intercept = 2});
  }
}

BOOST_AUTO_TEST_CASE_TEMPLATE(two_stretches_are_one_bit_for_bit, Matrix, layouts) {
  auto const a = features<Matrix>();
  auto const y = support::random_signs(n, 2);
  linear_objective const f(a, y, logistic{}, l2{0.05},
                           {.intercept = 1, .regularize_intercept = true});
  inverse_time_step const eta(0.05, 0.01);
  localsgd::shuffled const sampler;
  for (std::size_t const b : {1U, 3U, 200U}) {
    auto const p = make_plan(n, d + 1, 2, b, 7);
    auto whole = linear_sgd{}.bind(f, sampler, eta, p, 1), parts = whole;
    whole.advance(0, 100);
    parts.advance(0, 37);
    parts.advance(37, 37);
    parts.advance(37, 100);
    auto const one = state_of<double>(whole, d + 1), other = state_of<double>(parts, d + 1);
    BOOST_TEST((one.x == other.x));
    BOOST_TEST((one.average == other.average));
  }
}

BOOST_AUTO_TEST_CASE(looking_at_the_iterate_changes_nothing) {
  auto const a = features<csr_matrix<float>>();
  auto const y = support::random_signs(n, 2);
  linear_objective const f(a, y, logistic{}, l2{0.05});
  constant_step const eta{0.1};
  with_replacement const sampler;
  auto const p = make_plan(n, d, 1, 1, 7);
  auto watched = linear_sgd{}.bind(f, sampler, eta, p, 0), alone = watched;
  for (std::uint64_t t = 0; t != 50; ++t) {
    watched.advance(t, t + 1);
    state_of<double>(watched, d);
  }
  alone.advance(0, 50);
  auto const one = state_of<double>(watched, d), other = state_of<double>(alone, d);
  BOOST_TEST((one.x == other.x));
  BOOST_TEST((one.average == other.average));
}

BOOST_AUTO_TEST_CASE(a_sequence_starts_at_zero_and_its_average_is_where_it_is) {
  auto const a = features<csr_matrix<float>>();
  auto const y = support::random_signs(n, 2);
  linear_objective const f(a, y, logistic{}, l2{0.05});
  constant_step const eta{0.1};
  with_replacement const sampler;
  auto const p = make_plan(n, d, 1, 1);
  auto sequence = linear_sgd{}.bind(f, sampler, eta, p, 0);
  auto s = state_of<double>(sequence, d);
  BOOST_TEST((s.x == std::vector<double>(d)));
  BOOST_TEST((s.average == std::vector<double>(d)));
  auto const there = support::random_point(d, 3);
  sequence.assign(there);
  s = state_of<double>(sequence, d);
  BOOST_TEST((s.x == there));
  BOOST_TEST((s.average == there));
}

BOOST_AUTO_TEST_CASE(float_iterates_are_the_double_ones_rounded_at_the_end) {
  auto const a = features<csr_matrix<float>>();
  auto const y = support::random_signs(n, 2);
  linear_objective const f(a, y, logistic{}, l2{0.05});
  linear_objective const g(a, y, logistic{}, l2{0.05}, {}, iterate_type<float>{});
  constant_step const eta{0.1};
  with_replacement const sampler;
  auto const p = make_plan(n, d, 1, 1, 7);
  auto in_double = linear_sgd{}.bind(f, sampler, eta, p, 0);
  auto in_float = linear_sgd{}.bind(g, sampler, eta, p, 0);
  in_double.advance(0, 500);
  in_float.advance(0, 500);
  auto const one = state_of<double>(in_double, d);
  auto const other = state_of<float>(in_float, d);
  // 2⁻²⁴ is 6e-8.
  BOOST_TEST(support::relative_distance(one.x, other.x) <= 1e-7);
  BOOST_TEST(support::relative_distance(one.average, other.average) <= 1e-7);
}
