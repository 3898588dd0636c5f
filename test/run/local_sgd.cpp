// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE run_local_sgd
#include "test/support/runs.hpp"

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <limits>
#include <set>
#include <vector>

// What must hold for every run, whatever carries it. Names are those of docs/invariants.md.

using namespace localsgd;
using support::problem;

namespace {

// SGD written plainly: x ← x − η_t·(mean gradient over the batch), with the weighted average as it is
// defined. `batches(t)` gives the samples of step t.
struct plain_run {
  std::vector<double> x, average;
};
plain_run plain_sgd(auto const& f, std::uint64_t steps, auto const& step_size,
                    auto const& batches) {
  std::vector<double> x(f.dimension()), g(x.size()), sum(x.size());
  double weights = 0;
  for (std::uint64_t t = 0; t != steps; ++t) {
    double const at = step_size.shift() + static_cast<double>(t), w = at * at;
    weights += w;
    for (std::size_t j = 0; j != x.size(); ++j) sum[j] += w * x[j];
    std::vector<std::size_t> const batch = batches(t);
    f.gradient(std::span<double const>(x), std::span<std::size_t const>(batch),
               std::span<double>(g));
    double const eta = step_size(t);
    for (std::size_t j = 0; j != x.size(); ++j) x[j] -= eta * g[j];
  }
  for (double& e : sum) e /= weights;
  return {x, sum};
}

auto samples_of(plan const& p, std::size_t worker) {
  return [p, worker](std::uint64_t t) {
    std::vector<std::size_t> batch(p.batch_size);
    with_replacement{}.draw(p, worker, t, batch);
    return batch;
  };
}

plan sampling(std::size_t n, std::size_t workers, std::size_t batch_size, std::uint64_t seed) {
  plan p;
  p.samples = n;
  p.workers = workers;
  p.batch_size = batch_size;
  p.seed = seed;
  return p;
}

}  // namespace

BOOST_AUTO_TEST_CASE(one_worker_equals_plain_sgd_bit_for_bit_for_any_H) {
  problem const data(200, 13);
  linear_objective const f(data.dense, data.labels, logistic{}, l2{0.01});
  theory_step const step(0.01, 1000);
  plan const p = sampling(200, 1, 3, 5);
  plain_run const expected = plain_sgd(f, 100, step, samples_of(p, 0));
  for (std::size_t const h : {1u, 7u, 64u, 1000u}) {
    result const r = minimize(
        f, {.workers = 1, .local_steps = h, .batch_size = 3, .steps = 100, .seed = 5}, sgd{}, step);
    BOOST_TEST(std::ranges::equal(r.last, expected.x));
  }
}

BOOST_AUTO_TEST_CASE(one_worker_of_linear_sgd_equals_plain_sgd_to_rounding_for_any_H) {
  problem const data(200, 50, 0.2);
  linear_objective const f(data.sparse, data.labels, logistic{}, l2{0.01});
  theory_step const step(0.01, 1000);
  plan const p = sampling(200, 1, 2, 9);
  plain_run const expected = plain_sgd(f, 500, step, samples_of(p, 0));
  for (std::size_t const h : {1u, 7u, 64u, 1000u}) {
    result const r = minimize(
        f, {.workers = 1, .local_steps = h, .batch_size = 2, .steps = 500, .seed = 9}, step);
    BOOST_TEST(support::distance(r.last, expected.x) < 1e-12);
    BOOST_TEST(support::distance(r.average, expected.average) < 1e-12);
  }
}

BOOST_AUTO_TEST_CASE(sync_every_step_equals_minibatch_sgd_of_batch_K_times_b) {
  problem const data(300, 20, 0.5);
  linear_objective const f(data.sparse, data.reals, squared{}, l2{0.1});
  inverse_time_step const step(0.05, 0.01);
  constexpr std::size_t workers = 5, b = 3;
  plan const p = sampling(300, workers, b, 2);
  auto const batches = [&](std::uint64_t t) {
    std::vector<std::size_t> all;
    for (std::size_t k = 0; k != workers; ++k) {
      auto const mine = samples_of(p, k)(t);
      all.insert(all.end(), mine.begin(), mine.end());
    }
    return all;
  };
  plain_run const expected = plain_sgd(f, 200, step, batches);
  settings const s{
      .workers = workers, .local_steps = 1, .batch_size = b, .steps = 200, .seed = 2};
  for (auto const& r : {minimize(f, s, step), minimize(f, s, step, sgd{})}) {
    BOOST_TEST(support::distance(r.last, expected.x) < 1e-12);
    BOOST_TEST(support::distance(r.average, expected.average) < 1e-12);
  }
}

BOOST_AUTO_TEST_CASE(local_steps_and_averages_are_those_of_algorithm_1) {
  // The algorithm as the paper states it: sample, step, and average where t + 1 is a sync time.
  problem const data(100, 6);
  linear_objective const f(data.dense, data.labels, logistic{}, l2{0.05});
  constant_step const step(0.3);
  constexpr std::size_t workers = 4, h = 5, steps = 43;
  plan const p = sampling(100, workers, 1, 0);
  std::vector<std::vector<double>> x(workers, std::vector<double>(6));
  std::vector<double> sum(6), g(6);
  double weights = 0;
  for (std::uint64_t t = 0; t != steps; ++t) {
    double const w = (1 + static_cast<double>(t)) * (1 + static_cast<double>(t));
    weights += workers * w;
    for (std::size_t k = 0; k != workers; ++k) {
      for (std::size_t j = 0; j != 6; ++j) sum[j] += w * x[k][j];
      f.gradient(x[k], samples_of(p, k)(t), g);
      for (std::size_t j = 0; j != 6; ++j) x[k][j] -= 0.3 * g[j];
    }
    if ((t + 1) % h == 0 || t + 1 == steps) {
      std::vector<double> mean(6);
      for (auto const& xk : x)
        for (std::size_t j = 0; j != 6; ++j) mean[j] += xk[j] / workers;
      for (auto& xk : x) xk = mean;
    }
  }
  for (double& e : sum) e /= weights;
  result const r = minimize(f, {.workers = workers, .local_steps = h, .steps = steps}, step);
  BOOST_TEST(support::distance(r.last, x[0]) < 1e-12);
  BOOST_TEST(support::distance(r.average, sum) < 1e-12);
}

BOOST_AUTO_TEST_CASE(rounds_equal_the_number_of_sync_times) {
  problem const data(50, 4);
  linear_objective const f(data.dense, data.labels, logistic{}, l2{0.05});
  auto const rounds = [&](std::uint64_t steps, auto const& schedule) {
    result const r = minimize(f, {.workers = 3, .steps = steps}, schedule, constant_step{0.1});
    BOOST_TEST(r.steps == steps);
    BOOST_TEST(r.gradients == 3 * steps);
    BOOST_TEST(r.bytes == r.rounds * 2 * (3 - 1) * 4 * sizeof(double));
    return r.rounds;
  };
  for (std::uint64_t steps = 1; steps != 40; ++steps)
    for (std::uint64_t h = 1; h != 12; ++h)
      BOOST_TEST(rounds(steps, every{h}) == (steps + h - 1) / h);  // ⌈T/H⌉
  BOOST_TEST(rounds(37, one_shot{}) == 1);
  BOOST_TEST(rounds(37, growing(1, 1)) == 9);         // 1, 3, 6, 10, 15, 21, 28, 36, 37
  BOOST_TEST(rounds(37, post_local(10, 8)) == 10 + 4);  // 1 … 10, 18, 26, 34, 37
}

BOOST_AUTO_TEST_CASE(the_iterate_average_needs_no_communication) {
  // With one round in all, the average still is that of all iterates of all workers.
  problem const data(100, 5);
  linear_objective const f(data.dense, data.labels, logistic{}, l2{0.05});
  theory_step const step(0.05, 400);
  plan const p = sampling(100, 3, 1, 0);
  std::vector<double> expected(5);
  for (std::size_t k = 0; k != 3; ++k) {
    auto const alone = plain_sgd(f, 60, step, samples_of(p, k));
    for (std::size_t j = 0; j != 5; ++j) expected[j] += alone.average[j] / 3;
  }
  result const r = minimize(f, {.workers = 3, .steps = 60}, one_shot{}, step);
  BOOST_TEST(r.rounds == 1u);
  BOOST_TEST(support::distance(r.average, expected) < 1e-12);
}

BOOST_AUTO_TEST_CASE(averaging_equal_points_changes_nothing) {
  // With a single sample all workers make the same steps, so K and H cannot matter: exactly.
  problem const data(1, 9);
  linear_objective const f(data.dense, data.labels, logistic{}, l2{0.05});
  constant_step const step(0.37);
  result const alone = minimize(f, {.workers = 1, .local_steps = 1, .steps = 50}, sgd{}, step);
  for (std::size_t const k : {2u, 3u, 7u})
    for (std::size_t const h : {1u, 5u, 50u}) {
      result const r =
          minimize(f, {.workers = k, .local_steps = h, .steps = 50}, sgd{}, step);
      BOOST_TEST(std::ranges::equal(r.last, alone.last));
    }
}

BOOST_AUTO_TEST_CASE(a_repeated_run_gives_the_same_bits_and_another_seed_others) {
  problem const data(100, 8);
  linear_objective const f(data.dense, data.labels, logistic{}, l2{0.01});
  settings s{.workers = 4, .epochs = 3, .evaluations = 2};
  auto const first = support::bits(minimize(f, s));
  BOOST_TEST(support::bits(minimize(f, s)) == first);
  s.seed = 1;
  BOOST_TEST(support::bits(minimize(f, s)) != first);
}

BOOST_AUTO_TEST_CASE(drift_is_the_mean_squared_distance_of_the_workers_from_their_mean) {
  problem const data(100, 5);
  linear_objective const f(data.dense, data.labels, logistic{}, l2{0.05});
  constant_step const step(0.2);
  plan const p = sampling(100, 3, 1, 0);
  std::vector<std::vector<double>> x;
  std::vector<double> mean(5);
  for (std::size_t k = 0; k != 3; ++k) {
    x.push_back(plain_sgd(f, 10, step, samples_of(p, k)).x);
    for (std::size_t j = 0; j != 5; ++j) mean[j] += x[k][j] / 3;
  }
  double expected = 0;
  for (auto const& xk : x)
    for (std::size_t j = 0; j != 5; ++j) expected += (xk[j] - mean[j]) * (xk[j] - mean[j]) / 3;
  result const r = minimize(f, {.workers = 3, .local_steps = 10, .steps = 10}, step);
  BOOST_TEST(r.history.back().drift == expected, boost::test_tools::tolerance(1e-12));
}

BOOST_AUTO_TEST_CASE(divergence_is_a_result) {
  problem const data(100, 5);
  linear_objective const f(data.dense, data.reals, squared{}, l2{0.05});
  auto const finite = [](auto const& v) {
    return std::ranges::all_of(v, [](auto e) { return std::isfinite(e); });
  };
  for (double const eta : {1e2, 1e6, 1e150, 1e308})
    for (std::size_t const h : {1u, 4u, 64u})
      for (std::size_t const k : {1u, 3u}) {
        settings const s{.workers = k, .local_steps = h, .steps = 4096, .evaluations = 3};
        for (auto const& r : {minimize(f, s, constant_step{eta}),
                                minimize(f, s, constant_step{eta}, sgd{}),
                                minimize(f, s, constant_step{eta}, asynchronous{2})}) {
          BOOST_TEST((r.reason == stop_reason::diverged));
          BOOST_TEST(!r.usable());
          BOOST_TEST(r.steps < 4096u);
          BOOST_TEST((finite(r.x) && finite(r.last) && finite(r.average)));
          BOOST_TEST(!std::isnan(r.objective));
          BOOST_TEST(!std::isnan(r.certificate));
          for (auto const& e : r.history) BOOST_TEST(!std::isnan(e.objective + e.drift));
        }
      }
}

BOOST_AUTO_TEST_CASE(a_diverging_run_stops_within_one_round_at_the_last_finite_consensus) {
  // f(x) = x²/2, η = 1e100: x_t = (−1e100)^t·x_0 about; from x* = 1 the third step overflows.
  quadratic const f({.spectrum = {1.0}, .samples = 1});
  result const r = minimize(f, {.workers = 1, .local_steps = 1, .steps = 100}, constant_step{1e100});
  BOOST_TEST((r.reason == stop_reason::diverged));
  BOOST_TEST(r.rounds == 4u);
  BOOST_TEST(std::abs(r.x[0]) > 1e290);
}

BOOST_AUTO_TEST_CASE(tolerance_stops_a_run_whose_certificate_is_small_enough) {
  quadratic const f({.spectrum = {1, 2, 5}, .samples = 10, .variance = 0.01, .minimum = -3});
  result const r = minimize(f, {.workers = 4, .epochs = 1e5, .tolerance = 1e-4});
  BOOST_TEST((r.reason == stop_reason::tolerance_reached));
  BOOST_TEST(r.certificate <= 1e-4);
  BOOST_TEST(r.objective - f.minimum() <= r.certificate);
  BOOST_TEST(r.gradients < 1000000u);
  // One that holds at the start needs no step.
  result const at_once = minimize(f, {.tolerance = 1e6});
  BOOST_TEST(at_once.steps == 0u);
  BOOST_TEST(at_once.rounds == 0u);
}

BOOST_AUTO_TEST_CASE(no_steps_give_the_start) {
  quadratic const f({.spectrum = {2, 2}, .minimum = 1});
  result const r = minimize(f, {.epochs = 0});
  BOOST_TEST(r.steps == 0u);
  BOOST_TEST((r.reason == stop_reason::steps_done));
  BOOST_TEST(r.history.size() == 1u);
  BOOST_TEST(std::ranges::all_of(r.x, [](double v) { return v == 0; }));
  BOOST_TEST(r.objective == 3, boost::test_tools::tolerance(1e-14));  // f* + ½·2·‖x*‖², x* = (1, 1)
}

BOOST_AUTO_TEST_CASE(the_certificate_is_never_below_the_true_gap) {
  for (double const spread : {1.0, 30.0, 1000.0}) {
    quadratic const f({.spectrum = {1, std::sqrt(spread), spread}, .samples = 50, .variance = 1});
    result const r = minimize(f, {.workers = 4, .epochs = 200, .evaluations = 20});
    for (auto const& e : r.history) BOOST_TEST(e.certificate >= e.objective - f.minimum());
  }
}

BOOST_AUTO_TEST_CASE(shards_of_any_size_are_minimised_as_one_with_the_weighted_mean) {
  // K = 3 workers, each with its own shard, sizes 10, 30 and 60: least squares to the mean of y.
  xt::xtensor<double, 2> const ones = xt::ones<double>({std::size_t{100}, std::size_t{1}});
  std::vector<double> y(100);
  for (std::size_t i = 0; i != 100; ++i) y[i] = i < 10 ? 10 : (i < 40 ? 1 : -2);
  linear_objective const f(ones, y, squared{}, l2{0});
  std::vector<std::size_t> const sizes{10, 30, 60};
  settings const s{.workers = 3, .local_steps = 5, .steps = 2000};
  // Within a shard all samples are equal, so there is no noise: x_k → target_k geometrically, and
  // the fixed point of averaging is Σ w_k target_k: the mean of y with w_k = n_k/n, 1/K otherwise.
  result const weighted = minimize(f, s, sharded(sizes), weighted_mean{}, constant_step{0.1});
  BOOST_TEST(weighted.last[0] == 0.1 * 10 + 0.3 * 1 - 0.6 * 2, boost::test_tools::tolerance(1e-10));
  result const plain = minimize(f, s, sharded(sizes), constant_step{0.1});
  BOOST_TEST(plain.last[0] == (10.0 + 1 - 2) / 3, boost::test_tools::tolerance(1e-10));
}

BOOST_AUTO_TEST_CASE(single_precision_iterates_reach_single_precision_answers) {
  problem const data(300, 10, 0.5);
  settings const s{.workers = 4, .local_steps = 8, .epochs = 30};
  auto const both = [&](auto const& f32, auto const& f64, auto const& plain) {
    auto const a = minimize(f32, s, plain);
    auto const b = minimize(f64, s, plain);
    static_assert(std::is_same_v<decltype(a.x), vector<float>>);
    BOOST_TEST(support::distance(a.average, b.average) < 1e-4);  // 3,000 steps of 6e-8
    BOOST_TEST(a.objective == b.objective, boost::test_tools::tolerance(1e-5));
    BOOST_TEST(a.bytes * 2 == b.bytes);
  };
  both(linear_objective(data.sparse, data.labels, logistic{}, l2{0.01}, {}, iterate_type<float>{}),
       linear_objective(data.sparse, data.labels, logistic{}, l2{0.01}), linear_sgd{});
  both(softmax_objective(data.dense_float, data.classes, 3, l2{0.01}, iterate_type<float>{}),
       softmax_objective(data.dense_float, data.classes, 3, l2{0.01}), factored_sgd{});
}
