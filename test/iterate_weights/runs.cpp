// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE iterate_weights_runs
#include "localsgd/localsgd.hpp"

#include <boost/test/unit_test.hpp>
#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "test/support/problems.hpp"
#include "test/support/runs.hpp"

// IterateWeights as a component of whole runs.

using namespace localsgd;

namespace {

auto const to_rounding = boost::test_tools::tolerance(1e-14);

// f(x) = ½(x − 1)², without noise: x ← x − η(x − 1) on every worker.
quadratic<> without_noise(std::size_t samples = 1) {
  return quadratic({.spectrum = {1.0}, .samples = samples});
}

struct step_without_shift {
  double operator()(std::uint64_t) const { return 0.05; }
};
struct step_with_shift : step_without_shift {
  double a;
  explicit step_with_shift(double shift) : a(shift) {}
  double shift() const { return a; }
};
static_assert(StepSize<step_without_shift> && StepSize<step_with_shift>);

struct negative_weights {
  double weight(std::uint64_t) const { return -1; }
  double sum(std::uint64_t steps) const { return -static_cast<double>(steps); }
  std::string identity() const { return "negative_weights"; }
};

// A worker that stays at x_0 and calls 42 its average: its `bind` takes no weights.
struct stubborn_sequence {
  std::vector<double> x;
  void advance(std::uint64_t, std::uint64_t) {}
  std::span<double> local() { return x; }
  void assign(std::span<double const> from) { std::ranges::copy(from, x.begin()); }
  void average(std::span<double> out) const { std::ranges::fill(out, 42.0); }
};
struct stubborn {
  template <class F, class S, class E>
  stubborn_sequence bind(F const&, S const&, E const&, plan const& p, std::size_t) const {
    return {std::vector<double>(p.dimension)};
  }
};
static_assert(LocalWorker<stubborn, quadratic<>, with_replacement, constant_step>);

// A worker that recommends weights.
struct uniform_sgd : sgd {
  template <StepSize E>
  uniform_weights recommended_weights(E const&) const {
    return {};
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE(the_average_has_the_weights_that_are_given) {
  // η = ½: the iterates that enter are 0, ½, ¾, ⅞.
  auto const f = without_noise();
  for (std::size_t const workers : {1U, 3U}) {
    settings const s{.workers = workers, .local_steps = 2, .steps = 4};
    constant_step const eta{0.5};
    auto const average = [&](auto&&... components) {
      return minimize(f, s, components...).average[0];
    };
    BOOST_TEST(average(eta, uniform_weights{}) == 2.125 / 4, to_rounding);
    BOOST_TEST(average(linear_weights{}, eta) == 6.75 / 10, to_rounding);
    BOOST_TEST(average(eta, sgd{}, linear_weights{0}) == 4.625 / 6, to_rounding);
    BOOST_TEST(average(quadratic_weights{}, eta, serial{}) == 22.75 / 30, to_rounding);
    BOOST_TEST(average(quadratic_weights{0}, eta) == 11.375 / 14, to_rounding);
    BOOST_TEST(average(eta) == 22.75 / 30, to_rounding);
  }
}

BOOST_AUTO_TEST_CASE(variance_reduced_steps_average_with_them_too) {
  // n = 2 and K = 1: anchors at 0 and 2, x ← x − η_t(x − 1) with the t of the anchor. The third is
  // at the end, which the average does not see.
  auto const f = without_noise(2);
  inverse_time_step const eta(0.5, 0.25);  // η_0 = ½, η_2 = ⅓: 0, ½, ¾, 5/6 enter
  settings const s{.workers = 1, .local_steps = 1, .steps = 4};
  auto const average = [&](auto const& weights) {
    return minimize(f, s, svrg{}, eta, weights).average[0];
  };
  BOOST_TEST(average(uniform_weights{}) == 25.0 / 48, to_rounding);
  BOOST_TEST(average(linear_weights{}) == (1 + 2.25 + 10.0 / 3) / 10, to_rounding);
  BOOST_TEST(average(quadratic_weights{0}) == (0.5 + 3 + 7.5) / 14, to_rounding);
}

BOOST_AUTO_TEST_CASE(steps_that_were_taken_back_count_as_the_start_with_their_weights) {
  // f(x) = 4/2·(x − 1)², K = b = 1, n = m = 6. η = 0.625 overshoots, so the first six steps are
  // taken back; with half of it x_t = 1 − (−¼)^(t−6). Of twelve uniform weights six are those of 0.
  quadratic const f({.spectrum = {4.0}, .samples = 6});
  settings const s{.workers = 1, .local_steps = 6, .steps = 12};
  result const r = minimize(f, s, svrg{}, constant_step{0.625}, uniform_weights{});
  double sum = 0;
  for (double i = 0, error = 1; i != 6; ++i, error *= -0.25) sum += 1 - error;
  BOOST_TEST(r.average[0] == sum / 12, boost::test_tools::tolerance(1e-12));
}

BOOST_AUTO_TEST_CASE(without_weights_a_run_has_the_bits_of_those_that_its_step_size_recommends) {
  support::problem const data(100, 6);
  linear_objective const f(data.dense_float, data.labels, logistic{}, l2{0.01});
  settings const s{.workers = 2, .local_steps = 4, .steps = 200, .evaluations = 2};
  auto const same = [&](auto const& step, auto const& weights, auto const&... more) {
    auto const r = support::bits(minimize(f, s, step, serial{}, more...));
    BOOST_TEST(r == support::bits(minimize(f, s, step, serial{}, more..., weights)));
    BOOST_TEST(r != support::bits(minimize(f, s, step, serial{}, more..., linear_weights{})));
    BOOST_TEST(r != support::bits(minimize(f, s, step, serial{}, more..., uniform_weights{})));
    BOOST_TEST(r != support::bits(minimize(f, s, step, serial{}, more..., quadratic_weights{9})));
  };
  same(automatic_step{}, quadratic_weights{1});
  same(constant_step{0.05}, quadratic_weights{1});
  same(theory_step(0.01, 400), quadratic_weights{400});
  same(step_without_shift{}, quadratic_weights{1});
  same(step_with_shift{7.5}, quadratic_weights{7.5});
  same(theory_step(0.01, 400), quadratic_weights{1}, svrg{});
  same(theory_step(0.01, 400), quadratic_weights{400}, sgd{});
}

BOOST_AUTO_TEST_CASE(a_worker_may_recommend_weights) {
  settings const s{.workers = 1, .steps = 4};
  constant_step const eta{0.5};  // 0, ½, ¾, ⅞ enter
  BOOST_TEST(minimize(without_noise(), s, eta, uniform_sgd{}).average[0] == 2.125 / 4, to_rounding);
  BOOST_TEST(minimize(without_noise(), s, eta, uniform_sgd{}, linear_weights{}).average[0] ==
                 6.75 / 10,
             to_rounding);
}

BOOST_AUTO_TEST_CASE(a_run_that_changes_over_keeps_its_weights) {
  support::problem const data(200, 6);
  linear_objective const f(data.dense_float, data.labels, logistic{}, l2{0.05});
  settings const s{.workers = 2, .tolerance = 1e-8};
  auto const r = support::bits(minimize(f, s, serial{}));
  BOOST_TEST(r == support::bits(minimize(f, s, serial{}, quadratic_weights{1})));
  result const uniform = minimize(f, s, serial{}, uniform_weights{});
  BOOST_TEST((uniform.reason == stop_reason::tolerance_reached));
  BOOST_TEST(support::bits(uniform) == support::bits(minimize(f, s, uniform_weights{})));
}

BOOST_AUTO_TEST_CASE(the_average_has_the_same_bits_on_any_number_of_threads) {
  support::problem const data(100, 6);
  linear_objective const f(data.sparse, data.labels, logistic{}, l2{0.01});
  settings const s{.workers = 4, .local_steps = 4, .steps = 200};
  linear_weights const w{3};
  auto const r = support::bits(minimize(f, s, w, serial{}));
  BOOST_TEST(r == support::bits(minimize(f, s, w, thread_pool(2))));
  BOOST_TEST(r == support::bits(minimize(f, s, w, thread_pool(4))));
}

BOOST_AUTO_TEST_CASE(weights_and_shifts_out_of_range_are_refused_before_any_work) {
  auto const f = without_noise();
  auto const refused = [&](auto const&... components) {
    return support::error_of<invalid_settings>([&] { minimize(f, {}, components...); }).field;
  };
  BOOST_TEST(refused(negative_weights{}) == "iterate_weights.weight(0)");
  BOOST_TEST(refused(step_with_shift{-1}) == "step_size.shift()");
  BOOST_TEST(refused(step_with_shift{support::not_a_number}) == "step_size.shift()");
}

BOOST_AUTO_TEST_CASE(a_worker_whose_bind_takes_no_weights_decides_its_average) {
  BOOST_TEST(minimize(without_noise(), {.steps = 4}, stubborn{}).average[0] == 42);
}
