// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE worker_svrg_svrg
#include "localsgd/worker/svrg/svrg.hpp"

#include "localsgd/loss/huber.hpp"
#include "localsgd/loss/logistic.hpp"
#include "localsgd/loss/squared.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <atomic>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <stdexcept>
#include <vector>

#include "test/support/problems.hpp"
#include "test/support/runs.hpp"

// Variance-reduced local steps against the textbook, where they end, and what they cost.

using namespace localsgd;
using support::problem;

namespace {

constexpr double epsilon = std::numeric_limits<double>::epsilon();
constexpr std::size_t n = 60, d = 11;
constexpr double rounding = 1 + 100 * epsilon;  // of a sum of 100 losses that are all positive

template <class F>
double value_of(F const& f, auto const& x) {
  using scalar = typename F::scalar;
  std::vector<std::size_t> all(f.samples());
  for (std::size_t i = 0; i != all.size(); ++i) all[i] = i;
  std::vector<scalar> g(f.dimension());
  return f.gradient(std::span<scalar const>(x.data(), x.size()),
                    std::span<std::size_t const>(all), std::span<scalar>(g));
}

std::vector<double> gradient_of(auto const& f, std::vector<double> const& x,
                                std::vector<std::size_t> const& batch) {
  std::vector<double> g(x.size());
  f.gradient(std::span<double const>(x), std::span<std::size_t const>(batch),
             std::span<double>(g));
  return g;
}

struct by_hand {
  std::vector<double> last, average;
};

// SVRG as the textbook has it, on K workers that meet every H steps: where they do, and m steps or
// more have passed, their mean is the new anchor. `lambda` > 0: the penalty's gradient is that of the
// anchor, so its change since then, λ(x − x̃), is missing from a step.
by_hand svrg_by_hand(auto const& f, double eta, double lambda, settings const& s, auto const& sampler,
                     std::vector<double> const& weights) {
  plan p;
  p.samples = f.samples();
  p.dimension = f.dimension();
  p.workers = s.workers;
  p.batch_size = s.batch_size;
  p.seed = s.seed;
  std::size_t const size = f.dimension(), kb = s.workers * s.batch_size;
  std::uint64_t const m = (p.samples + kb - 1) / kb;
  std::vector<std::size_t> all(p.samples), batch(s.batch_size);
  for (std::size_t i = 0; i != all.size(); ++i) all[i] = i;

  std::vector<double> anchor(size), sum(size);
  std::vector<double> full = gradient_of(f, anchor, all);
  std::vector<std::vector<double>> x(s.workers, anchor);
  std::uint64_t next = m;
  double total = 0;
  for (std::uint64_t t = 0; t != s.steps; ++t) {
    double const w = (1 + static_cast<double>(t)) * (1 + static_cast<double>(t));
    total += w;
    for (std::size_t k = 0; k != s.workers; ++k) {
      for (std::size_t j = 0; j != size; ++j) sum[j] += weights[k] * w * x[k][j];
      sampler.draw(p, k, t, std::span<std::size_t>(batch));
      auto const here = gradient_of(f, x[k], batch), there = gradient_of(f, anchor, batch);
      for (std::size_t j = 0; j != size; ++j)
        x[k][j] -= eta * (here[j] - there[j] + full[j] - lambda * (x[k][j] - anchor[j]));
    }
    if ((t + 1) % s.local_steps != 0 && t + 1 != s.steps) continue;
    std::vector<double> mean(size);
    for (std::size_t k = 0; k != s.workers; ++k)
      for (std::size_t j = 0; j != size; ++j) mean[j] += weights[k] * x[k][j];
    x.assign(s.workers, mean);
    if (t + 1 < next) continue;
    anchor = mean;
    full = gradient_of(f, anchor, all);
    next = t + 1 + m;
  }
  for (double& e : sum) e /= total;
  return {x[0], sum};
}
by_hand svrg_by_hand(auto const& f, double eta, double lambda, settings const& s) {
  return svrg_by_hand(f, eta, lambda, s, with_replacement{},
                      std::vector<double>(s.workers, 1 / static_cast<double>(s.workers)));
}

// From the first step to the second anchor the point is the textbook's, and up to the third the
// average, which does not see what the third anchor is made of.
void is_the_textbook(auto const& f, double eta, double lambda) {
  for (std::size_t const b : {1u, 3u}) {
    std::uint64_t const m = (f.samples() + b - 1) / b;
    for (std::uint64_t const steps : {std::uint64_t{1}, std::uint64_t{2}, std::uint64_t{7}, m}) {
      settings s{.workers = 1, .local_steps = steps, .batch_size = b, .steps = steps, .seed = 4};
      by_hand const expected = svrg_by_hand(f, eta, lambda, s);
      result const r = minimize(f, s, svrg{}, one_shot{}, constant_step{eta});
      BOOST_TEST(r.objective < r.history.front().objective);  // else it would have been taken back
      BOOST_TEST(support::distance(r.last, expected.last) < 1e-12);
      BOOST_TEST(support::distance(r.average, expected.average) < 1e-12);
    }
    for (std::uint64_t const h : {std::uint64_t{1}, std::uint64_t{7}, m}) {
      settings const s{
          .workers = 1, .local_steps = h, .batch_size = b, .steps = 2 * m, .seed = 4};
      by_hand const expected = svrg_by_hand(f, eta, lambda, s);
      result const r = minimize(f, s, svrg{}, every{h}, constant_step{eta});
      BOOST_TEST(support::distance(r.average, expected.average) < 1e-12);
    }
  }
}

void gives_the_same_bits_everywhere(auto const& f, settings const& s, auto const&... components) {
  auto const expected = support::bits(minimize(f, s, serial{}, svrg{}, components...));
  for (std::size_t const threads : {1u, 2u, 3u, 5u, 8u}) {
    thread_pool pool(threads);
    BOOST_TEST(support::bits(minimize(f, s, pool, svrg{}, components...)) == expected);
  }
}

bool finite(auto const& v) {
  return std::ranges::all_of(v, [](auto e) { return std::isfinite(e); });
}

// With steps that go astray: where the run ends nothing is worse than the start.
void is_taken_back(auto const& f, settings const& s, auto const& step) {
  result const r = minimize(f, s, svrg{}, step, serial{});
  double const start = r.history.front().objective;
  BOOST_TEST(r.usable());
  BOOST_TEST((r.reason == stop_reason::steps_done));
  BOOST_TEST(r.steps == s.steps);
  BOOST_TEST((finite(r.x) && finite(r.last) && finite(r.average)));
  BOOST_TEST(r.objective <= start);
  BOOST_TEST(value_of(f, r.last) <= start * rounding);  // its sum is another
  BOOST_TEST(r.objective == value_of(f, r.x), boost::test_tools::tolerance(1e-12));
  for (auto const& e : r.history) {
    BOOST_TEST(e.objective <= start);
    BOOST_TEST(!std::isnan(e.drift + e.certificate));
  }
}

/// Counts the component gradients that are asked for.
struct counting : support::custom {
  std::atomic<std::uint64_t>* count;
  double gradient(std::span<double const> x, std::span<std::size_t const> batch,
                  std::span<double> g) const {
    *count += batch.size();
    return custom::gradient(x, batch, g);
  }
};

/// The same for linear models: every gradient asks for one slope.
struct counting_loss {
  std::atomic<std::uint64_t>* count;
  double value(double z, double y) const { return (z - y) * (z - y) / 2; }
  double derivative(double z, double y) const {
    ++*count;
    return z - y;
  }
  double curvature() const { return 1; }
};

/// Cannot be looked at.
struct untouchable {
  using scalar = double;
  std::size_t dimension() const { return 2; }
  std::size_t samples() const { return 3; }
  double strong_convexity() const { return 1; }
  double gradient(std::span<double const>, std::span<std::size_t const>,
                  std::span<double>) const {
    throw std::logic_error("there was work");
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE(steps_on_any_objective_are_those_of_the_textbook) {
  problem const data(n, d);
  support::custom const f{&data.dense, &data.reals};
  is_the_textbook(f, 0.02, 0);
  is_the_textbook(quadratic({.spectrum = {1, 2, 5}, .samples = 20, .variance = 1}), 0.03, 0);
}

BOOST_AUTO_TEST_CASE(steps_on_linear_models_take_the_gradient_of_the_penalty_at_the_anchor) {
  problem const data(n, d, 0.4);
  dense_matrix<double> const& dense = data.dense;
  std::vector<double> weights(n);
  for (std::size_t i = 0; i != n; ++i) weights[i] = static_cast<double>(i % 4);
  auto const offset = support::random_point(n, 5);
  for (double const lambda : {0.0, 0.3})
    for (double const intercept : {0.0, 1.5})
      for (std::span<double const> const w :
           {std::span<double const>{}, std::span<double const>(weights)}) {
        linear_options options{.intercept = intercept, .weights = w, .regularize_intercept = true};
        if (!w.empty()) options.offset = offset;
        is_the_textbook(linear_objective(data.sparse, data.labels, logistic{}, l2{lambda}, options),
                        0.03, lambda);
        is_the_textbook(linear_objective(dense, data.reals, squared{}, l2{lambda}, options), 0.02,
                        lambda);
      }
}

BOOST_AUTO_TEST_CASE(steps_on_softmax_take_the_gradient_of_the_penalty_at_the_anchor) {
  problem const data(n, d, 0.4);
  for (double const lambda : {0.0, 0.3}) {
    is_the_textbook(softmax_objective(data.dense, data.classes, 3, l2{lambda}), 0.05, lambda);
    is_the_textbook(softmax_objective(data.sparse, data.classes, 3, l2{lambda}), 0.05, lambda);
  }
}

BOOST_AUTO_TEST_CASE(local_steps_and_averages_of_several_workers_are_those_written_by_hand) {
  problem const data(n, d, 0.4);
  linear_objective const f(data.sparse, data.labels, logistic{}, l2{0.3});
  support::custom const g{&data.dense, &data.reals};
  softmax_objective const h(data.sparse, data.classes, 3, l2{0.3});
  auto const same = [](auto const& objective, double eta, double lambda, std::uint64_t h) {
    // m = ⌈60/8⌉ = 8 steps of each worker; the anchor moves at the first sync time that is due.
    settings const first{
        .workers = 4, .local_steps = h, .batch_size = 2, .steps = 8, .seed = 9};
    by_hand const expected = svrg_by_hand(objective, eta, lambda, first);
    result const r = minimize(objective, first, svrg{}, constant_step{eta});
    BOOST_TEST(support::distance(r.last, expected.last) < 1e-12);
    BOOST_TEST(support::distance(r.average, expected.average) < 1e-12);
    settings second = first;
    second.steps = 15;  // up to, but without, what becomes of the third anchor
    BOOST_TEST(support::distance(minimize(objective, second, svrg{}, constant_step{eta}).average,
                                 svrg_by_hand(objective, eta, lambda, second).average) < 1e-12);
  };
  for (std::uint64_t const gap : {1u, 3u, 8u}) {
    same(f, 0.1, 0.3, gap);
    same(g, 0.05, 0.0, gap);
    same(h, 0.05, 0.3, gap);
  }
}

BOOST_AUTO_TEST_CASE(steps_on_shards_with_the_weighted_mean_are_those_written_by_hand) {
  problem const data(n, d, 0.4);
  linear_objective const f(data.sparse, data.labels, logistic{}, l2{0.3});
  sharded const sampler(std::vector<std::size_t>{10, 20, 30});
  settings const s{.workers = 3, .local_steps = 5, .steps = 20, .seed = 1};  // m = 20
  by_hand const expected =
      svrg_by_hand(f, 0.1, 0.3, s, sampler, {10.0 / 60, 20.0 / 60, 30.0 / 60});
  result const r = minimize(f, s, svrg{}, constant_step{0.1}, sampler, weighted_mean{});
  BOOST_TEST(support::distance(r.last, expected.last) < 1e-12);
  BOOST_TEST(support::distance(r.average, expected.average) < 1e-12);
}

BOOST_AUTO_TEST_CASE(a_step_on_a_linear_model_is_at_most_the_one_that_the_penalty_allows) {
  // From anchor to anchor the penalty alone is a gradient step of mη: 1/(λm) reaches its minimum.
  problem const data(n, d, 0.4);
  double const lambda = 0.5, most = 1 / (lambda * n);  // K = b = 1: m = n
  linear_objective const f(data.sparse, data.labels, logistic{}, l2{lambda});
  settings const s{.workers = 1, .local_steps = 10, .steps = n};
  by_hand const expected = svrg_by_hand(f, most, lambda, s);
  for (double const eta : {most, 2 * most, 1e6}) {
    result const r = minimize(f, s, svrg{}, constant_step{eta});
    BOOST_TEST(support::distance(r.last, expected.last) < 1e-12);
  }
  // Features without a value leave the penalty alone: one stretch of such steps ends at its minimum.
  csr_matrix<float> const nothing(2, problem::vector_of(std::vector<std::size_t>{0, 0, 0, 0}), {},
                                  {});
  std::vector<double> const y{1, -1, 1};
  linear_objective const g(nothing, y, logistic{}, l2{lambda});
  result const r = minimize(g, {.workers = 1, .steps = 30}, svrg{}, constant_step{1e6});
  BOOST_TEST(r.objective == std::log(2.0), boost::test_tools::tolerance(1e-14));
}

BOOST_AUTO_TEST_CASE(the_step_size_is_that_of_the_step_at_which_the_anchor_is_taken) {
  // f(x) = ½(x − 1)², n = 2 and K = 1: anchors at 0 and 2, x ← x − η(x − 1). The third is at the end,
  // which the average does not see.
  quadratic const f({.spectrum = {1.0}, .samples = 2});
  inverse_time_step const step(0.5, 0.25);
  double x = 0, sum = 0, weights = 0;
  for (std::uint64_t t = 0; t != 4; ++t) {
    double const w = (1 + static_cast<double>(t)) * (1 + static_cast<double>(t));
    sum += w * x, weights += w;
    x -= step(t < 2 ? 0 : 2) * (x - 1);
  }
  result const r = minimize(f, {.workers = 1, .local_steps = 1, .steps = 4}, svrg{}, step);
  BOOST_TEST(r.average[0] == sum / weights, boost::test_tools::tolerance(1e-14));
}

BOOST_AUTO_TEST_CASE(a_quadratic_converges_at_least_like_gradient_descent_between_anchors) {
  // All samples have one Hessian, so variance-reduced steps have no noise at all: from anchor to
  // anchor m gradient steps, which shrink f − f* by (1 − ημ)^2m.
  quadratic const f({.spectrum = {1, 2, 4, 8}, .samples = 40, .variance = 3, .minimum = 0.25});
  double const eta = 0.05;
  for (std::size_t const workers : {1u, 4u, 8u}) {
    double const m = 40.0 / static_cast<double>(workers);
    double const factor = std::pow(1 - eta, 2 * m);
    result const r = minimize(f, {.workers = workers, .epochs = 400, .tolerance = 1e-300}, svrg{},
                              every{40 / workers}, constant_step{eta});
    BOOST_TEST(r.usable());
    BOOST_TEST(r.objective - 0.25 <= 1e-15);
    for (std::size_t i = 1; i < r.history.size(); ++i)
      BOOST_TEST(r.history[i].objective - 0.25 <=
                 1.001 * factor * (r.history[i - 1].objective - 0.25) + 1e-15);
  }
}

BOOST_AUTO_TEST_CASE(ridge_regression_converges_linearly_to_the_last_digits) {
  problem const data(400, 10, 0.6);
  for (double const scale : {1.0, 100.0}) {  // of every other feature: the units do not matter
    dense_matrix<double> a = data.dense;
    for (std::size_t i = 0; i != 400; ++i)
      for (std::size_t j = 0; j < 10; j += 2) a(i, j) *= scale;
    linear_objective const f(a, data.reals, squared{}, l2{1e-3});
    for (std::size_t const workers : {1u, 4u}) {
      result const r =
          minimize(f, {.workers = workers, .epochs = 500, .tolerance = 1e-300}, svrg{});
      BOOST_TEST((r.reason == stop_reason::precision_reached));
      BOOST_TEST(r.certificate <= 1e-13);
      double const optimum = r.objective;  // to 1e-13, as certified
      std::size_t anchors = 0;
      while (anchors != r.history.size() && r.history[anchors].objective - optimum > 1e-13)
        ++anchors;
      double const whole = r.history.front().objective - optimum;
      BOOST_TEST_MESSAGE("K = " << workers << ", scale " << scale << ": f - f* fell from " << whole
                                << " to 1e-13 in " << anchors << " anchors");
      BOOST_TEST(anchors <= 60u);
      // From anchor to anchor by a constant factor, 4 anchors at a time.
      for (std::size_t i = 4; i < anchors; ++i)
        BOOST_TEST(r.history[i].objective - optimum <=
                   0.25 * (r.history[i - 4].objective - optimum));
    }
  }
}

BOOST_AUTO_TEST_CASE(the_same_bits_on_any_number_of_threads) {
  problem const data(160, 19, 0.3);  // 19: no multiple of a cache line
  std::vector<double> weights(160);
  for (std::size_t i = 0; i != 160; ++i) weights[i] = 0.5 + static_cast<double>(i % 7);
  linear_objective const sparse(data.sparse, data.labels, logistic{}, l2{0.002});
  linear_objective const dense(data.dense_float, data.reals, huber{}, l2{0.01},
                               {.intercept = 1, .weights = weights, .regularize_intercept = true});
  softmax_objective const softmax(data.dense_float, data.classes, 3, l2{0.01});
  support::custom const custom{&data.dense, &data.reals};
  for (std::size_t const k : {1u, 2u, 7u, 8u}) {
    settings const s{.workers = k, .local_steps = 5, .epochs = 5, .evaluations = 3};
    gives_the_same_bits_everywhere(sparse, s);
    gives_the_same_bits_everywhere(dense, s, sharded{shuffled{}}, weighted_mean{});
    gives_the_same_bits_everywhere(softmax, s);
    gives_the_same_bits_everywhere(custom, s, growing(1, 2));
  }
}

BOOST_AUTO_TEST_CASE(the_same_bits_on_any_number_of_threads_where_steps_are_taken_back) {
  problem const data(160, 19, 0.3);
  linear_objective const sparse(data.sparse, data.labels, logistic{}, l2{1e-6});
  linear_objective const overflows(data.dense, data.reals, squared{}, l2{0});
  softmax_objective const softmax(data.dense_float, data.classes, 3, l2{0.01});
  support::custom const custom{&data.dense, &data.reals};
  for (std::size_t const k : {1u, 2u, 7u, 8u}) {
    settings const s{.workers = k, .local_steps = 5, .epochs = 6, .evaluations = 2};
    // More passes than anchors that were not taken back: it is the case that is meant.
    result const r = minimize(sparse, s, svrg{}, constant_step{4000});
    BOOST_TEST(r.gradients >= k * r.steps + 160 * 10);
    gives_the_same_bits_everywhere(sparse, s, constant_step{4000});
    gives_the_same_bits_everywhere(overflows, s, constant_step{1e200});
    gives_the_same_bits_everywhere(softmax, s, constant_step{1000});
    gives_the_same_bits_everywhere(custom, s, constant_step{1000});
  }
}

BOOST_AUTO_TEST_CASE(a_step_1000_times_too_large_never_ends_above_the_start) {
  problem const data(100, 8);
  linear_objective const linear(data.dense, data.labels, logistic{}, l2{1e-6});
  linear_objective const ridge(data.dense, data.reals, squared{}, l2{0});
  softmax_objective const softmax(data.dense, data.classes, 3, l2{1e-6});
  support::custom const custom{&data.dense, &data.reals};
  quadratic const exact({.spectrum = {1, 3, 9}, .samples = 100, .variance = 1});
  auto const holds = [](auto const& f, double too_large) {
    constant_step const step{too_large};
    for (std::size_t const k : {1u, 4u})
      for (double const epochs : {0.1, 0.5, 1.0, 1.3, 2.0, 5.0, 40.0}) {
        auto const steps = static_cast<std::uint64_t>(
            std::ceil(epochs * 100 / static_cast<double>(k)));
        for (std::size_t const h : {1u, 7u, 1000u})
          is_taken_back(f, {.workers = k, .local_steps = h, .steps = steps, .evaluations = 3},
                        step);
      }
    // Ten halvings make it a good one.
    result const r = minimize(f, {.workers = 2, .local_steps = 10, .epochs = 60}, svrg{}, step);
    BOOST_TEST(r.objective < 0.99 * r.history.front().objective);
    BOOST_TEST(value_of(f, r.last) < 0.99 * r.history.front().objective);
  };
  holds(linear, 1000 / linear.smoothness());
  holds(ridge, 1000 / ridge.smoothness());
  holds(softmax, 1000 / softmax.smoothness());
  holds(custom, 1000 / ridge.smoothness());  // the same f
  holds(exact, 1000 / exact.smoothness());
}

BOOST_AUTO_TEST_CASE(an_overflow_is_taken_back) {
  problem const data(100, 8);
  linear_objective const linear(data.dense, data.reals, squared{}, l2{0});
  support::custom const custom{&data.dense, &data.reals};
  for (double const eta : {1e20, 1e100, 1e150, 1e308})
    for (std::size_t const h : {1u, 7u, 1000u})
      for (std::uint64_t const steps : {1u, 3u, 25u, 50u}) {
        settings const s{.workers = 2, .local_steps = h, .steps = steps, .evaluations = 2};
        is_taken_back(linear, s, constant_step{eta});
        is_taken_back(custom, s, constant_step{eta});
      }
  // 1e15 is 50 halvings from a good one.
  result const r = minimize(linear, {.workers = 2, .local_steps = 10, .epochs = 200}, svrg{},
                            constant_step{1e15});
  BOOST_TEST(r.objective < 0.5 * r.history.front().objective);
}

BOOST_AUTO_TEST_CASE(no_step_size_is_too_large_to_be_taken_back_until_the_end) {
  problem const data(100, 8);
  linear_objective const linear(data.dense, data.reals, squared{}, l2{0});
  support::custom const custom{&data.dense, &data.reals};
  for (double const eta : {1e20, 1e100, 1e150, 1e308})
    for (std::size_t const h : {1u, 7u}) {
      settings const s{.workers = 2, .local_steps = h, .steps = 1000, .evaluations = 2};
      is_taken_back(linear, s, constant_step{eta});
      is_taken_back(custom, s, constant_step{eta});
    }
}

BOOST_AUTO_TEST_CASE(one_worker_has_an_anchor_about_every_n_gradients_with_nothing_named) {
  problem const data(n, d);
  linear_objective const f(data.dense, data.labels, logistic{}, l2{0.1});
  for (std::size_t const workers : {1u, 2u, 8u}) {
    result const r = minimize(f, {.workers = workers, .epochs = 40}, svrg{});
    BOOST_TEST(r.gradients - workers * r.steps >= 20 * n);
  }
}

BOOST_AUTO_TEST_CASE(what_was_taken_back_leaves_no_trace_in_the_average) {
  // f(x) = 4/2·(x − 1)², K = b = 1, n = m = 6. η = 0.625: a step multiplies x − 1 by 1 − 2.5, so the
  // first stretch is taken back; half of it by 1 − 1.25. The first six iterates count as the start.
  auto const leaves_no_trace = [](auto const& f, std::uint64_t gradients_of_a_step) {
    settings s{.workers = 1, .local_steps = 6, .steps = 6};
    result const once = minimize(f, s, svrg{}, constant_step{0.625});
    BOOST_TEST(once.last[0] == 0);
    BOOST_TEST(once.average[0] == 0);
    BOOST_TEST(once.objective == 2, boost::test_tools::tolerance(1e-14));
    BOOST_TEST(once.gradients == 6 * gradients_of_a_step + 3 * 6);  // passes at 0, at T, and back

    s.steps = 12;
    result const r = minimize(f, s, svrg{}, constant_step{0.625});
    double sum = 0, weights = 0;
    for (int t = 0; t != 12; ++t) {
      weights += (1.0 + t) * (1.0 + t);
      if (t >= 6) sum += (1.0 + t) * (1.0 + t) * (1 - std::pow(-0.25, t - 6));
    }
    BOOST_TEST(r.average[0] == sum / weights, boost::test_tools::tolerance(1e-12));
    BOOST_TEST(r.last[0] == 1 - std::pow(-0.25, 6), boost::test_tools::tolerance(1e-12));
    BOOST_TEST(r.gradients == 12 * gradients_of_a_step + 4 * 6);
  };
  leaves_no_trace(quadratic({.spectrum = {4.0}, .samples = 6, .variance = 1}), 2);
  dense_matrix<double> const twos = 2 * xt::ones<double>({std::size_t{6}, std::size_t{1}});
  std::vector<double> const y(6, 2.0);
  leaves_no_trace(linear_objective(twos, y, squared{}, l2{0}), 1);
}

BOOST_AUTO_TEST_CASE(evaluations_do_not_change_the_run) {
  problem const data(100, 8, 0.4);
  linear_objective const sparse(data.sparse, data.labels, logistic{}, l2{1e-6});
  linear_objective const dense(data.dense, data.reals, squared{}, l2{0});
  softmax_objective const softmax(data.dense, data.classes, 3, l2{0.01});
  support::custom const custom{&data.dense, &data.reals};
  auto const same = [](auto const& f, auto... step) {
    for (std::size_t const k : {1u, 4u}) {
      settings s{.workers = k, .local_steps = 3, .steps = 900 / k};
      auto const without = minimize(f, s, serial{}, svrg{}, step...);
      s.evaluations = 7;
      auto const with = minimize(f, s, serial{}, svrg{}, step...);
      BOOST_TEST(with.history.size() == 9u);
      BOOST_TEST(std::ranges::equal(with.last, without.last));
      BOOST_TEST(std::ranges::equal(with.average, without.average));
      BOOST_TEST(std::ranges::equal(with.x, without.x));
      BOOST_TEST(with.objective == without.objective);
      BOOST_TEST(with.gradients == without.gradients);
      BOOST_TEST(with.rounds == without.rounds);
      BOOST_TEST(with.bytes == without.bytes);
    }
  };
  same(sparse), same(dense), same(softmax), same(custom);
  for (double const astray : {30.0, 3e3, 1e12}) {
    constant_step const step{astray};
    same(sparse, step), same(dense, step), same(softmax, step), same(custom, step);
  }
}

BOOST_AUTO_TEST_CASE(between_anchors_the_answer_is_no_worse_than_the_anchor) {
  problem const data(100, 8);
  linear_objective const linear(data.dense, data.labels, logistic{}, l2{1e-6});
  support::custom const custom{&data.dense, &data.reals};
  struct stop_astray {
    std::uint64_t at;
    proceed after_evaluation(evaluation const& e, plan const&) {
      return e.steps >= at ? proceed::no : proceed::yes;
    }
  };
  auto const holds = [](auto const& f, double eta) {
    for (std::uint64_t const at : {1u, 20u, 60u, 130u}) {
      result const r = minimize(f, {.workers = 1, .local_steps = 1, .steps = 400, .evaluations = 399},
                                svrg{}, constant_step{eta}, stop_astray{at});
      BOOST_TEST((r.reason == stop_reason::observer_request));
      BOOST_TEST(r.steps == at);
      BOOST_TEST(r.objective <= r.history.front().objective);
      BOOST_TEST(value_of(f, r.last) <= r.history.front().objective * rounding);
      BOOST_TEST(r.objective == value_of(f, r.x), boost::test_tools::tolerance(1e-12));
      for (auto const& e : r.history) BOOST_TEST(e.objective <= r.history.front().objective);
    }
  };
  holds(linear, 4000), holds(custom, 100), holds(custom, 1e12);
}

BOOST_AUTO_TEST_CASE(with_a_tolerance_the_objective_never_rises_from_anchor_to_anchor) {
  problem const data(200, 8, 0.5);
  linear_objective const linear(data.sparse, data.labels, logistic{}, l2{1e-3});
  softmax_objective const softmax(data.dense, data.classes, 3, l2{1e-3});
  auto const falls = [](auto const& f, auto... step) {
    for (std::size_t const k : {1u, 4u, 8u}) {
      result const r =
          minimize(f, {.workers = k, .epochs = 60, .tolerance = 1e-300}, serial{}, svrg{}, step...);
      BOOST_TEST(r.history.size() > 10u);
      for (std::size_t i = 1; i < r.history.size(); ++i)
        BOOST_TEST(r.history[i].objective <= (1 + 256 * epsilon) * r.history[i - 1].objective);
    }
  };
  falls(linear), falls(softmax);
  for (double const eta : {0.1, 1.0, 10.0, 1000.0}) {
    falls(linear, constant_step{eta});
    falls(softmax, constant_step{eta});
  }
}

BOOST_AUTO_TEST_CASE(a_tolerance_is_reached_with_a_certificate_above_the_gap) {
  quadratic const f({.spectrum = {1, 2, 5}, .samples = 50, .variance = 1, .minimum = -3});
  for (double const tolerance : {1e-2, 1e-4, 1e-6, 1e-8}) {
    result const r = minimize(f, {.workers = 4, .epochs = 500, .tolerance = tolerance}, svrg{});
    BOOST_TEST((r.reason == stop_reason::tolerance_reached));
    BOOST_TEST(r.certificate <= tolerance);
    for (auto const& e : r.history)
      BOOST_TEST(e.certificate >= e.objective - f.minimum() - 4 * epsilon * 3);
  }
}

BOOST_AUTO_TEST_CASE(an_observer_sees_the_history) {
  struct witness {
    std::vector<evaluation> seen;
    proceed after_evaluation(evaluation const& e, plan const&) {
      seen.push_back(e);
      return proceed::yes;
    }
  };
  problem const data(100, 8);
  linear_objective const f(data.dense, data.labels, logistic{}, l2{1e-3});
  for (double const tolerance : {0.0, 1e-3})
    for (double const eta : {0.1, 1.0, 10.0, 100.0}) {
      witness w;
      result const r = minimize(
          f, {.workers = 2, .local_steps = 5, .steps = 60, .tolerance = tolerance, .evaluations = 2},
          svrg{}, constant_step{eta}, w);
      BOOST_REQUIRE(w.seen.size() == r.history.size());
      for (std::size_t i = 0; i != w.seen.size(); ++i) {
        BOOST_TEST(w.seen[i].steps == r.history[i].steps);
        BOOST_TEST(w.seen[i].objective == r.history[i].objective);
        BOOST_TEST(w.seen[i].certificate == r.history[i].certificate);
      }
    }
}

BOOST_AUTO_TEST_CASE(gradients_are_counted_as_they_are_computed) {
  problem const data(60, 8);
  std::atomic<std::uint64_t> count{0};
  counting const generic{{&data.dense, &data.reals}, &count};
  linear_objective const linear(data.dense, data.reals, counting_loss{&count}, l2{0});
  auto const counts = [&](auto const& f, double eta) {
    for (std::size_t const k : {1u, 4u})
      for (std::size_t const b : {1u, 3u})
        for (std::uint64_t const steps : {1u, 10u, 75u, 300u}) {
          count = 0;
          result const r = minimize(
              f, {.workers = k, .local_steps = 5, .batch_size = b, .steps = steps}, svrg{},
              constant_step{eta}, serial{});
          // The one evaluation that is not at an anchor is that of the average, at the end.
          BOOST_TEST(r.gradients == count - 60);
          BOOST_TEST(r.history.back().gradients == r.gradients);
          BOOST_TEST(r.history.front().gradients == 60u);
        }
  };
  for (double const eta : {0.05, 10.0, 1e200}) counts(generic, eta), counts(linear, eta);
  // One stretch, nothing taken back: K·b·T, twice for no linear model, and two anchors.
  settings const s{.workers = 2, .local_steps = 5, .batch_size = 3, .steps = 10};
  BOOST_TEST(minimize(generic, s, svrg{}, constant_step{0.05}).gradients == 2u * 60 + 2 * 60);
  BOOST_TEST(minimize(linear, s, svrg{}, constant_step{0.05}).gradients == 60u + 2 * 60);
}

BOOST_AUTO_TEST_CASE(an_anchor_costs_the_bytes_of_an_average) {
  problem const data(60, 8);
  linear_objective const f(data.dense, data.labels, logistic{}, l2{0.1});
  for (std::size_t const k : {1u, 3u}) {
    result const r = minimize(f, {.workers = k, .local_steps = 5, .epochs = 4}, svrg{});
    std::uint64_t const passes = (r.gradients - k * r.steps) / 60;
    BOOST_TEST(passes >= 5u);
    BOOST_TEST(r.bytes == (r.rounds + passes) * 2 * (k - 1) * 8 * sizeof(double));
  }
}

BOOST_AUTO_TEST_CASE(one_shot_has_anchors_at_the_start_and_at_the_end_only) {
  problem const data(60, 8);
  linear_objective const f(data.dense, data.labels, logistic{}, l2{0.1});
  for (std::uint64_t const steps : {1u, 10u, 20u, 200u}) {
    result const r =
        minimize(f, {.workers = 3, .steps = steps}, svrg{}, one_shot{}, constant_step{0.1});
    BOOST_TEST(r.rounds == 1u);
    BOOST_TEST(r.gradients == 3 * steps + 2 * 60);
    by_hand const expected = svrg_by_hand(
        f, 0.1, 0.1, {.workers = 3, .local_steps = steps, .steps = steps});
    BOOST_TEST(support::distance(r.last, expected.last) < 1e-12);
    BOOST_TEST(support::distance(r.average, expected.average) < 1e-12);
  }
}

BOOST_AUTO_TEST_CASE(shards_that_differ_do_not_keep_it_from_the_minimum) {
  // Sorted by target: each worker sees targets of its own only, and of another number of samples.
  problem const data(120, 5);
  std::vector<std::size_t> order(120);
  for (std::size_t i = 0; i != 120; ++i) order[i] = i;
  std::ranges::sort(order, [&](auto i, auto j) { return data.reals[i] < data.reals[j]; });
  dense_matrix<double> a({std::size_t{120}, std::size_t{5}});
  std::vector<double> y(120);
  for (std::size_t i = 0; i != 120; ++i) {
    y[i] = data.reals[order[i]];
    for (std::size_t j = 0; j != 5; ++j) a(i, j) = data.dense(order[i], j);
  }
  linear_objective const linear(a, y, squared{}, l2{0.1});
  auto const certified = [&](auto const& f, auto const& sampler) {
    result const r = minimize(f, {.workers = 3, .epochs = 2000, .tolerance = 1e-10}, svrg{},
                              sampler, weighted_mean{});
    BOOST_TEST((r.reason == stop_reason::tolerance_reached));
    BOOST_TEST(r.certificate <= 1e-10);
  };
  certified(linear, sharded(std::vector<std::size_t>{20, 40, 60}));
  certified(linear, sharded{shuffled{}});
  certified(linear, shuffled{});
  softmax_objective const softmax(a, data.classes, 3, l2{0.1});
  certified(softmax, sharded{shuffled{}});
}

BOOST_AUTO_TEST_CASE(float_iterates_take_the_steps_of_double_ones_rounded) {
  problem const data(n, d, 0.4);
  constant_step const step{0.05};
  settings const s{.workers = 2, .local_steps = 10, .steps = 30};  // one stretch
  linear_objective const f(data.sparse, data.labels, logistic{}, l2{0.1});
  linear_objective const g(data.sparse, data.labels, logistic{}, l2{0.1}, {}, iterate_type<float>{});
  BOOST_TEST(support::distance(minimize(g, s, svrg{}, step).last,
                               minimize(f, s, svrg{}, step).last) < 1e-6);
  softmax_objective const h(data.sparse, data.classes, 3, l2{0.1});
  softmax_objective const i(data.sparse, data.classes, 3, l2{0.1}, iterate_type<float>{});
  BOOST_TEST(support::distance(minimize(i, s, svrg{}, step).last,
                               minimize(h, s, svrg{}, step).last) < 1e-5);
  // And it ends at the precision of float, not before, and not in vain attempts to get beyond it.
  for (std::size_t const k : {1u, 4u}) {
    result const r = minimize(g, {.workers = k, .epochs = 1000, .tolerance = 1e-300}, svrg{});
    result const exact = minimize(f, {.workers = k, .epochs = 1000, .tolerance = 1e-12}, svrg{});
    BOOST_TEST((r.reason == stop_reason::precision_reached));
    BOOST_TEST(r.objective - exact.objective <= 1e-11);
  }
}

BOOST_AUTO_TEST_CASE(asynchronous_is_refused_by_name_before_any_work) {
  untouchable const f;
  auto const refused = [](invalid_settings const& e) {
    return e.field == "synchronizer" && e.value == "asynchronous";
  };
  constant_step const step{0.1};
  BOOST_CHECK_EXCEPTION(minimize(f, {}, svrg{}, asynchronous{2}, step), invalid_settings, refused);
  asynchronous here{2};
  BOOST_CHECK_EXCEPTION(minimize(f, {}, step, here, svrg{}), invalid_settings, refused);
  BOOST_CHECK_EXCEPTION(minimize(f, {.workers = 1, .epochs = 0}, step, here, svrg{}),
                        invalid_settings, refused);
  problem const data(20, 3);
  linear_objective const g(data.sparse, data.labels, logistic{}, l2{0.1});
  BOOST_CHECK_EXCEPTION(minimize(g, {.tolerance = 1e-3}, svrg{}, here), invalid_settings, refused);
  BOOST_TEST(minimize(g, {.workers = 2, .epochs = 1}, here).usable());  // it can be used again
}

BOOST_AUTO_TEST_CASE(one_sample_of_one_feature_is_enough) {
  // f(x) = ½(2x − 3)² + 1/20·x²: x* = 6/4.1.
  dense_matrix<double> const a{{2.0}};
  csr_matrix<float> const sparse(1, problem::vector_of(std::vector<std::size_t>{0, 1}),
                                 problem::vector_of(std::vector<std::uint32_t>{0}),
                                 problem::vector_of(std::vector<float>{2}));
  std::vector<double> const y{3};
  linear_objective const f(a, y, squared{}, l2{0.1}), unbound(a, y, squared{}, l2{0});
  linear_objective const g(sparse, y, squared{}, l2{0.1});
  quadratic const q({.spectrum = {3.0}, .samples = 1});
  for (std::size_t const k : {1u, 3u, 8u}) {
    settings const s{.workers = k, .local_steps = 4, .steps = 400};
    BOOST_TEST(minimize(f, s, svrg{}).last[0] == 6 / 4.1, boost::test_tools::tolerance(1e-12));
    BOOST_TEST(minimize(g, s, svrg{}).last[0] == 6 / 4.1, boost::test_tools::tolerance(1e-12));
    BOOST_TEST(minimize(unbound, s, svrg{}).last[0] == 1.5, boost::test_tools::tolerance(1e-12));
    BOOST_TEST(minimize(q, s, svrg{}).last[0] == 1.0, boost::test_tools::tolerance(1e-12));
  }
}

BOOST_AUTO_TEST_CASE(features_without_any_value_leave_the_penalty_and_the_intercept) {
  std::vector<double> const y{1, 2, 6};
  std::vector<double> const signs{1, -1, 1};
  csr_matrix<float> const sparse(4, problem::vector_of(std::vector<std::size_t>{0, 0, 0, 0}), {}, {});
  dense_matrix<double> const dense = xt::zeros<double>({3, 4});
  auto const holds = [&](auto const& a) {
    for (std::size_t const k : {1u, 4u}) {
      settings const s{.workers = k, .local_steps = 3, .epochs = 100};
      for (double const lambda : {0.0, 0.5}) {
        linear_objective const f(a, signs, logistic{}, l2{lambda});
        result const r = minimize(f, s, svrg{});
        BOOST_TEST(r.usable());
        BOOST_TEST(std::ranges::all_of(r.x, [](double e) { return e == 0; }));
        BOOST_TEST(r.objective == std::log(2.0), boost::test_tools::tolerance(1e-14));
      }
      // ½·mean (2c − y)² + λ/2·c²: c* = 2·3/(4 + λ).
      for (double const lambda : {0.0, 0.5}) {
        linear_objective const f(a, y, squared{}, l2{lambda},
                                 {.intercept = 2, .regularize_intercept = true});
        result const r = minimize(f, s, svrg{});
        BOOST_TEST(r.last[4] == 6 / (4 + lambda), boost::test_tools::tolerance(1e-10));
        for (std::size_t j = 0; j != 4; ++j) BOOST_TEST(r.last[j] == 0);
      }
    }
  };
  holds(sparse), holds(dense);
}

BOOST_AUTO_TEST_CASE(a_feature_without_a_value_stays_at_zero_beside_others) {
  problem const data(60, 6);
  dense_matrix<double> a = data.dense;
  for (std::size_t i = 0; i != 60; ++i) a(i, 3) = 0;
  linear_objective const f(a, data.reals, squared{}, l2{0.1});
  result const r = minimize(f, {.workers = 2, .epochs = 500, .tolerance = 1e-11}, svrg{});
  BOOST_TEST((r.reason == stop_reason::tolerance_reached));
  BOOST_TEST(r.x[3] == 0);
}

BOOST_AUTO_TEST_CASE(no_steps_give_the_start) {
  problem const data(60, 6);
  linear_objective const f(data.dense, data.labels, logistic{}, l2{0.1});
  support::custom const g{&data.dense, &data.reals};
  auto const at_start = [](auto const& objective) {
    for (double const tolerance : {0.0, 1e-300}) {
      result const r =
          minimize(objective, {.workers = 3, .epochs = 0, .tolerance = tolerance}, svrg{});
      BOOST_TEST(r.steps == 0u);
      BOOST_TEST(r.rounds == 0u);
      BOOST_TEST((r.reason == stop_reason::steps_done));
      BOOST_TEST(r.history.size() == 1u);
      for (auto const* x : {&r.x, &r.last, &r.average})
        BOOST_TEST(std::ranges::all_of(*x, [](double e) { return e == 0; }));
      BOOST_TEST(r.objective == value_of(objective, r.x), boost::test_tools::tolerance(1e-14));
      BOOST_TEST(r.gradients == 60u);
    }
  };
  at_start(f), at_start(g);
}
