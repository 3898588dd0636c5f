// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE worker_svrg_sgd_then_svrg
#include "localsgd/worker/svrg/sgd_then_svrg.hpp"

#include "localsgd/loss/logistic.hpp"
#include "localsgd/loss/squared.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

#include "test/support/runs.hpp"

// minimize()'s choice where a tolerance is set: plain local steps first, then variance-reduced ones.

using namespace localsgd;
using support::problem;

namespace {

constexpr double epsilon = std::numeric_limits<double>::epsilon();

/// n × d features in units from 1e-2 to 1e2.
dense_matrix<double> in_many_units(dense_matrix<double> a) {
  for (std::size_t i = 0; i != a.shape(0); ++i)
    for (std::size_t j = 0; j != a.shape(1); ++j)
      a(i, j) *= std::pow(10.0, static_cast<double>(j % 5) - 2);
  return a;
}

/// min ½ mean (⟨a_i, x⟩ − y_i)² + λ/2‖x‖² from (AᵀA/n + λI)x = Aᵀy/n, in long double.
double least_ridge_value(dense_matrix<double> const& a, std::vector<double> const& y, double lambda) {
  using real = long double;
  std::size_t const n = a.shape(0), d = a.shape(1);
  std::vector<std::vector<real>> s(d, std::vector<real>(d + 1));
  for (std::size_t j = 0; j != d; ++j) {
    for (std::size_t i = 0; i != n; ++i) {
      for (std::size_t k = 0; k != d; ++k) s[j][k] += real{a(i, j)} * a(i, k) / n;
      s[j][d] += real{a(i, j)} * y[i] / n;
    }
    s[j][j] += lambda;
  }
  for (std::size_t j = 0; j != d; ++j)  // positive definite: needs no pivots
    for (std::size_t i = 0; i != d; ++i)
      if (i != j)
        for (std::size_t k = d + 1; k-- != j;) s[i][k] -= s[i][j] / s[j][j] * s[j][k];
  real value = 0;
  for (std::size_t i = 0; i != n; ++i) {
    real r = -y[i];
    for (std::size_t j = 0; j != d; ++j) r += a(i, j) * s[j][d] / s[j][j];
    value += r * r / 2 / n;
  }
  for (std::size_t j = 0; j != d; ++j) {
    real const x = s[j][d] / s[j][j];
    value += lambda / 2 * x * x;
  }
  return static_cast<double>(value);
}

/// f* from a run that is certified to 1e-12.
double least_value(auto const& f) {
  result const r = minimize(f, {.workers = 4, .tolerance = 1e-12});
  BOOST_REQUIRE((r.reason == stop_reason::tolerance_reached));
  return r.objective;
}

// `least` is f*, or at most `above` above it.
void reaches_every_tolerance(auto const& f, double least, double above = 0) {
  double const rounding = 100 * epsilon * std::abs(least);
  for (std::size_t const k : {1u, 4u, 8u})
    for (double const tolerance : {1e-2, 1e-3, 1e-4, 1e-5, 1e-6, 1e-7, 1e-8}) {
      result const r = minimize(f, {.workers = k, .tolerance = tolerance});
      BOOST_TEST((r.reason == stop_reason::tolerance_reached));
      BOOST_TEST(r.usable());
      BOOST_TEST(r.certificate <= tolerance);
      BOOST_TEST(r.objective - least <= tolerance + rounding);
      for (auto const& e : r.history)
        BOOST_TEST(e.certificate >= e.objective - least - above - rounding);
      BOOST_TEST(r.history.back().objective == r.objective);
      BOOST_TEST(r.history.back().certificate == r.certificate);
    }
}

void gives_the_same_bits_everywhere(auto const& f, settings const& s, auto const&... components) {
  auto const expected = support::bits(minimize(f, s, serial{}, components...));
  for (std::size_t const threads : {1u, 2u, 3u, 5u, 8u}) {
    thread_pool pool(threads);
    BOOST_TEST(support::bits(minimize(f, s, pool, components...)) == expected);
  }
}

struct by_hand {
  std::vector<double> last, average;
  std::uint64_t changed_over = 0;
  bool from_average = false;
};

// One worker with b = 1, a sync time every `h` steps, and n at most 1024: plain steps; every quarter
// of an epoch f is compared at the average and at x, and where the average is better, or after an
// epoch, the better of them is the anchor of n variance-reduced steps. There the run ends.
by_hand both_by_hand(auto const& f, double eta, double lambda, std::uint64_t h) {
  plan p;
  p.samples = f.samples();
  p.dimension = f.dimension();
  p.workers = p.batch_size = 1;
  std::size_t const d = p.dimension;
  std::uint64_t const n = p.samples;
  std::vector<std::size_t> all(n), batch(1);
  for (std::size_t i = 0; i != n; ++i) all[i] = i;
  auto const evaluate = [&](std::vector<double> const& x, std::vector<std::size_t> const& samples,
                            std::vector<double>& g) {
    g.resize(d);
    return f.gradient(std::span<double const>(x), std::span<std::size_t const>(samples),
                      std::span<double>(g));
  };
  std::vector<double> x(d), sum(d), average(d), anchor, full, here, there;
  by_hand out;
  double weights = 0;
  double const reduced =  // of linear models at most 1/(λm)
      lambda > 0 ? std::min(eta, 1 / (lambda * static_cast<double>(n))) : eta;
  std::uint64_t next = n / 4, end = ~std::uint64_t{0};
  for (std::uint64_t t = 0; t != end; ++t) {
    double const w = (1 + static_cast<double>(t)) * (1 + static_cast<double>(t));
    weights += w;
    for (std::size_t j = 0; j != d; ++j) sum[j] += w * x[j];
    with_replacement{}.draw(p, 0, t, std::span<std::size_t>(batch));
    evaluate(x, batch, here);
    if (!anchor.empty()) evaluate(anchor, batch, there);
    for (std::size_t j = 0; j != d; ++j)
      x[j] -= anchor.empty()
                  ? eta * here[j]
                  : reduced * (here[j] - there[j] + full[j] - lambda * (x[j] - anchor[j]));
    if (!anchor.empty() || (t + 1) % h != 0 || t + 1 < next) continue;
    for (std::size_t j = 0; j != d; ++j) average[j] = sum[j] / weights;
    out.from_average = evaluate(average, all, here) < evaluate(x, all, there);
    next = t + 1 + n / 4;
    if (!out.from_average && t + 1 < n) continue;
    if (out.from_average) x = average;
    anchor = x;
    evaluate(anchor, all, full);
    out.changed_over = t + 1;
    end = t + 1 + n;
  }
  out.last = x;
  for (std::size_t j = 0; j != d; ++j) out.average.push_back(sum[j] / weights);
  return out;
}

template <class Plain>
by_hand is_the_run_by_hand(auto const& f, double eta, double lambda) {
  by_hand const expected = both_by_hand(f, eta, lambda, 5);
  std::uint64_t const steps = expected.changed_over + f.samples();
  auto const run = [&](std::uint64_t t) {
    return minimize(f, {.workers = 1, .local_steps = 5, .steps = t}, sgd_then_svrg<Plain>{},
                    constant_step{eta});
  };
  BOOST_TEST(support::distance(run(steps).last, expected.last) < 1e-12);
  BOOST_TEST(support::distance(run(steps).average, expected.average) < 1e-12);
  // Up to there it is the plain worker, bit for bit.
  result const before = run(expected.changed_over - 1);
  result const plain =
      minimize(f, {.workers = 1, .local_steps = 5, .steps = expected.changed_over - 1}, Plain{},
               constant_step{eta});
  BOOST_TEST(support::bits(before) == support::bits(plain));
  return expected;
}

}  // namespace

BOOST_AUTO_TEST_CASE(logistic_regression_reaches_every_tolerance_with_nothing_named) {
  problem const data(300, 10, 0.7);
  for (double const lambda : {1e-1, 1e-3}) {
    linear_objective const sparse(data.sparse, data.labels, logistic{}, l2{lambda});
    reaches_every_tolerance(sparse, least_value(sparse), 1e-12);
  }
  auto const a = in_many_units(data.dense);
  linear_objective const badly_scaled(a, data.labels, logistic{}, l2{1e-3},
                                      {.intercept = 1, .regularize_intercept = true});
  reaches_every_tolerance(badly_scaled, least_value(badly_scaled), 1e-12);
}

BOOST_AUTO_TEST_CASE(ridge_regression_reaches_every_tolerance_with_nothing_named) {
  problem const data(300, 10, 0.7);
  for (double const lambda : {1e-1, 1e-3}) {
    linear_objective const f(data.sparse, data.reals, squared{}, l2{lambda});
    reaches_every_tolerance(f, least_ridge_value(data.dense, data.reals, lambda));
  }
  auto const a = in_many_units(data.dense);
  linear_objective const badly_scaled(a, data.reals, squared{}, l2{1e-3});
  reaches_every_tolerance(badly_scaled, least_ridge_value(a, data.reals, 1e-3));
}

BOOST_AUTO_TEST_CASE(quadratics_reach_every_tolerance_with_nothing_named) {
  for (double const spread : {1.0, 10.0, 100.0}) {
    quadratic const f(
        {.spectrum = {1, std::sqrt(spread), spread}, .samples = 100, .variance = 1, .minimum = -2});
    reaches_every_tolerance(f, -2);
  }
}

BOOST_AUTO_TEST_CASE(softmax_reaches_every_tolerance_with_nothing_named) {
  problem const data(200, 6);
  softmax_objective const f(data.dense, data.classes, 3, l2{0.01});
  reaches_every_tolerance(f, least_value(f), 1e-12);
}

BOOST_AUTO_TEST_CASE(few_touched_coordinates_reach_every_tolerance_with_nothing_named) {
  problem const data(120, 2000, 0.005);
  linear_objective const f(data.sparse, data.labels, logistic{}, l2{0.01});
  reaches_every_tolerance(f, least_value(f), 1e-12);
}

BOOST_AUTO_TEST_CASE(the_steps_and_the_average_go_on_from_the_better_of_average_and_last_point) {
  problem const data(60, 8, 0.5);
  support::custom const generic{&data.dense, &data.reals};
  linear_objective const linear(data.sparse, data.labels, logistic{}, l2{0.1});
  softmax_objective const softmax(data.dense, data.classes, 3, l2{0.1});
  // Large steps are noise soon: the average is the anchor before an epoch has passed. Small ones carry
  // on towards the minimum: after an epoch the last point is the anchor.
  for (auto const& large : {is_the_run_by_hand<sgd>(generic, 0.6, 0),
                            is_the_run_by_hand<sgd>(softmax, 1.0, 0.1)}) {
    BOOST_TEST(large.changed_over < 60u);
    BOOST_TEST(large.from_average);
  }
  for (auto const& small : {is_the_run_by_hand<sgd>(generic, 0.01, 0),
                            is_the_run_by_hand<sgd>(softmax, 0.05, 0.1),
                            is_the_run_by_hand<linear_sgd>(linear, 0.05, 0.1)}) {
    BOOST_TEST(small.changed_over == 60u);
    BOOST_TEST(!small.from_average);
  }
  linear_objective const noisy(data.sparse, data.reals, squared{}, l2{0.1});
  by_hand const sparse = is_the_run_by_hand<linear_sgd>(noisy, 0.4, 0.1);
  BOOST_TEST(sparse.from_average);
}

BOOST_AUTO_TEST_CASE(without_a_reason_to_reduce_it_is_the_plain_worker) {
  problem const data(100, 8, 0.5);
  linear_objective const f(data.sparse, data.labels, logistic{}, l2{0.1});
  softmax_objective const g(data.dense, data.classes, 3, l2{0.1});
  for (settings const& s :
       {settings{.workers = 3}, settings{.workers = 3, .tolerance = 1e-2, .evaluations = 3}}) {
    BOOST_TEST(support::bits(minimize(f, s, sgd_then_svrg<linear_sgd>{false})) ==
               support::bits(minimize(f, s, linear_sgd{})));
    BOOST_TEST(support::bits(minimize(g, s, sgd_then_svrg<sgd>{false})) ==
               support::bits(minimize(g, s, sgd{})));
  }
}

BOOST_AUTO_TEST_CASE(a_plain_phase_that_overflows_ends_at_the_start) {
  problem const data(100, 8);
  linear_objective const f(data.dense, data.reals, squared{}, l2{1e-6});
  support::custom const g{&data.dense, &data.reals};
  auto const survives = [](auto const& objective, auto const& worker) {
    for (double const eta : {1e100, 1e200, 1e308})  // four steps at most
      for (std::size_t const k : {1u, 4u})
        for (std::size_t const h : {1u, 7u})
          for (std::uint64_t const steps : {20u, 50u}) {
            result const r = minimize(
                objective,
                {.workers = k, .local_steps = h, .steps = steps, .tolerance = 1e-300}, worker,
                constant_step{eta});
            BOOST_TEST(r.usable());
            BOOST_TEST(r.objective <= r.history.front().objective);
          }
  };
  survives(f, sgd_then_svrg<linear_sgd>{});
  survives(f, sgd_then_svrg<sgd>{});
  survives(g, sgd_then_svrg<sgd>{});
}

BOOST_AUTO_TEST_CASE(a_tolerance_out_of_reach_ends_at_the_precision_of_numbers) {
  problem const data(200, 6);
  linear_objective const linear(data.dense, data.labels, logistic{}, l2{0.1});
  linear_objective const ridge(data.sparse, data.reals, squared{}, l2{0.1});
  softmax_objective const softmax(data.dense, data.classes, 3, l2{0.1});
  // That of a large f* is the coarsest.
  quadratic const exact({.spectrum = {1, 2, 3}, .samples = 50, .variance = 1, .minimum = 5});
  auto const ends = [](auto const& f, double least) {
    for (std::size_t const k : {1u, 4u, 8u}) {
      result const r = minimize(f, {.workers = k, .tolerance = 1e-300});
      BOOST_TEST((r.reason == stop_reason::precision_reached));
      BOOST_TEST(r.usable());
      for (auto const* x : {&r.x, &r.last, &r.average})
        BOOST_TEST(std::ranges::all_of(*x, [](double e) { return std::isfinite(e); }));
      BOOST_TEST(r.objective - least <= 20 * epsilon * std::abs(least));
    }
  };
  ends(ridge, least_ridge_value(data.dense, data.reals, 0.1));
  ends(exact, 5);
  ends(linear, least_value(linear)), ends(softmax, least_value(softmax));
}

BOOST_AUTO_TEST_CASE(the_same_bits_on_any_number_of_threads) {
  problem const data(160, 19, 0.3);  // 19: no multiple of a cache line
  linear_objective const sparse(data.sparse, data.labels, logistic{}, l2{0.002});
  linear_objective const dense(data.dense_float, data.reals, squared{}, l2{0.01},
                               {.intercept = 1, .regularize_intercept = true});
  softmax_objective const softmax(data.dense_float, data.classes, 3, l2{0.05});
  quadratic const exact({.spectrum = {1, 3, 9}, .samples = 80, .variance = 1});
  problem const wide(60, 1500, 0.005);  // at first only what was touched is exchanged
  linear_objective const lazy(wide.sparse, wide.labels, logistic{}, l2{0.01});
  for (std::size_t const k : {1u, 2u, 7u, 8u}) {
    settings const s{.workers = k, .tolerance = 1e-5};
    gives_the_same_bits_everywhere(sparse, s);
    gives_the_same_bits_everywhere(dense, s, sharded{shuffled{}}, weighted_mean{});
    gives_the_same_bits_everywhere(softmax, s);
    gives_the_same_bits_everywhere(exact, s);
    gives_the_same_bits_everywhere(lazy, s);
  }
}

BOOST_AUTO_TEST_CASE(evaluations_do_not_change_the_run) {
  problem const data(100, 8, 0.4);
  linear_objective const sparse(data.sparse, data.labels, logistic{}, l2{0.01});
  softmax_objective const softmax(data.dense, data.classes, 3, l2{0.01});
  problem const wide(60, 1500, 0.005);
  linear_objective const lazy(wide.sparse, wide.labels, logistic{}, l2{0.01});
  auto const same = [](auto const& f) {
    for (std::size_t const k : {1u, 4u}) {
      settings s{.workers = k, .local_steps = 3, .steps = 600 / k, .tolerance = 1e-300};
      auto const without = minimize(f, s);
      s.evaluations = 7;
      auto const with = minimize(f, s);
      BOOST_TEST(with.history.size() > without.history.size());
      BOOST_TEST(std::ranges::equal(with.last, without.last));
      BOOST_TEST(std::ranges::equal(with.average, without.average));
      BOOST_TEST(with.gradients == without.gradients);
    }
  };
  same(sparse), same(softmax), same(lazy);
}

BOOST_AUTO_TEST_CASE(float_iterates_reach_what_their_precision_allows) {
  problem const data(200, 6);
  linear_objective const f(data.sparse, data.labels, logistic{}, l2{0.1}, {}, iterate_type<float>{});
  softmax_objective const g(data.sparse, data.classes, 3, l2{0.1}, iterate_type<float>{});
  auto const reaches = [](auto const& objective) {
    for (double const tolerance : {1e-2, 1e-4, 1e-6}) {
      result const r = minimize(objective, {.workers = 4, .tolerance = tolerance});
      BOOST_TEST((r.reason == stop_reason::tolerance_reached));
      BOOST_TEST(r.certificate <= tolerance);
    }
  };
  reaches(f), reaches(g);
}

BOOST_AUTO_TEST_CASE(asynchronous_is_refused_by_name_where_it_would_reduce) {
  problem const data(20, 3);
  linear_objective const f(data.sparse, data.labels, logistic{}, l2{0.1});
  BOOST_CHECK_EXCEPTION(minimize(f, {}, sgd_then_svrg<linear_sgd>{}, asynchronous{2}),
                        invalid_settings,
                        [](auto const& e) { return e.field == "synchronizer"; });
  BOOST_TEST(minimize(f, {.workers = 2}, sgd_then_svrg<linear_sgd>{false}, asynchronous{2}).usable());
}
