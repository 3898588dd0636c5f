// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE runs_proximal_workers
#include "localsgd/minimize.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "localsgd/kernels/simd.hpp"
#include "localsgd/loss/logistic.hpp"
#include "localsgd/loss/squared.hpp"
#include "localsgd/objective/linear.hpp"
#include "localsgd/objective/sharded.hpp"
#include "localsgd/objective/softmax.hpp"
#include "localsgd/regularizer/box.hpp"
#include "localsgd/regularizer/elastic_net.hpp"
#include "localsgd/regularizer/group_l1.hpp"
#include "localsgd/regularizer/l1.hpp"
#include "localsgd/sampler/with_replacement.hpp"
#include "localsgd/step_size/constant_step.hpp"
#include "localsgd/step_size/inverse_time_step.hpp"
#include "localsgd/synchronizer/asynchronous.hpp"
#include "localsgd/synchronizer/serial.hpp"
#include "localsgd/worker/sgd.hpp"
#include "localsgd/worker/svrg/svrg.hpp"
#include "test/support/proximal.hpp"
#include "test/support/regularizers.hpp"

// Regularizers without a gradient, with every worker, and on every objective.

using namespace localsgd;
using point = std::vector<double>;

namespace {

constexpr std::size_t n = 90, d = 12;

struct problem {
  dense_matrix<double> dense = support::features<dense_matrix<double>>(n, d, 0.5);
  csr_matrix<double> sparse = to_csr(dense);
  point labels = support::random_signs(n, 1), reals = point(n);
  std::vector<int> classes = std::vector<int>(n);
  problem() {
    for (std::size_t i = 0; i != n; ++i) {
      reals[i] = dense(i, 0) - 0.5 * dense(i, 1) + 0.25 * dense(i, 2);
      if (i % 4 != 0) labels[i] = reals[i] > 0 ? 1 : -1;
      classes[i] = reals[i] > 0.5 ? 2 : reals[i] > -0.5 ? 1 : 0;
    }
  }
};
problem const& data() {
  static problem const it;
  return it;
}
point point_of(auto const& x) { return {x.begin(), x.end()}; }

template <class F>
double least_value(F const& f) {
  return support::at(f, support::reference_minimiser(f)).value;
}

}  // namespace

BOOST_AUTO_TEST_CASE(one_worker_of_sgd_makes_proximal_steps_bit_for_bit) {
  auto const& p = data();
  linear_objective const f(p.dense, p.labels, logistic{}, l1{0.5});
  inverse_time_step const eta(0.5, 20);
  for (std::size_t const batch_size : {1U, 3U}) {
    settings const s{.workers = 1,
                     .local_steps = 7,
                     .batch_size = batch_size,
                     .steps = 200,
                     .seed = 5,
                     .evaluations = 3};
    auto const r = minimize(f, s, serial{}, sgd{}, eta);
    plan const of_run = support::make_plan(n, d, 1, batch_size, 5);
    point x(d), g(d);
    std::vector<std::size_t> batch(batch_size);
    for (std::uint64_t t = 0; t != 200; ++t) {
      with_replacement{}.draw(of_run, 0, t, batch);
      f.gradient(std::span<double const>(x), batch, std::span<double>(g));
      detail::add_scaled(-eta(t), g.data(), x.data(), d);
      for (double& e : x) {  // S(x, ηλ)
        double const threshold = eta(t) * 0.5;
        e = e - std::min(std::max(e, -threshold), threshold);
      }
    }
    BOOST_TEST((point_of(r.last) == x));
    BOOST_TEST(support::zeros_of(x) > 0);
  }
}

BOOST_AUTO_TEST_CASE(sgd_converges_with_many_workers) {
  auto const& p = data();
  linear_objective const f(p.sparse, p.labels, logistic{}, elastic_net{0.02, 0.1});
  double const least = least_value(f);
  auto const r = minimize(f, {.workers = 4, .epochs = 400}, serial{}, sgd{});
  BOOST_TEST(r.objective - least < 2e-3);
  BOOST_TEST(r.certificate >= r.objective - least);
}

BOOST_AUTO_TEST_CASE(bounds_hold_at_every_point_of_a_run_of_sgd) {
  // The start lies outside, and averages of points at 0.1 are rounded.
  auto const& p = data();
  linear_objective const f(p.dense, p.reals, squared{}, box{0.1, 0.7});
  double const least = least_value(f);
  for (std::size_t const workers : {1U, 7U}) {
    settings const s{.workers = workers, .local_steps = 3, .epochs = 100, .evaluations = 50};
    auto const check = [&](auto const& r) {
      BOOST_TEST((r.reason == stop_reason::steps_done));
      for (auto const* x : {&r.x, &r.average, &r.last})
        BOOST_TEST(std::ranges::all_of(*x, [](double e) { return e >= 0.1 && e <= 0.7; }));
      for (auto const& e : r.history) {
        BOOST_TEST(std::isfinite(e.objective));
        BOOST_TEST(e.objective >= least - 1e-12);
      }
      BOOST_TEST(r.objective - least < 0.02);
      BOOST_TEST(std::ranges::count(r.last, 0.1) > 0);
    };
    check(minimize(f, s, serial{}, sgd{}));
    check(minimize(f, s, serial{}, svrg{}));
  }
}

// λ‖x‖₁, separable, but it tells no subgradients.
struct separable_absolute : support::absolute {
  double prox_at(std::size_t, double v, double step) const {
    return std::copysign(std::max(std::abs(v) - step * lambda, 0.0), v);
  }
};

BOOST_AUTO_TEST_CASE(newton_steps_of_a_users_regularizer_need_no_subgradients) {
  auto const& p = data();
  linear_objective const mine(p.sparse, p.labels, logistic{}, separable_absolute{{0.03}});
  linear_objective const stock(p.sparse, p.labels, logistic{}, l1{0.03});
  auto const reference = support::reference_minimiser(stock);
  auto const r = minimize(mine, {.workers = 3, .epochs = 300, .tolerance = 1e-9}, serial{});
  BOOST_TEST(std::abs(r.objective - support::at(stock, reference).value) < 1e-12);
  BOOST_TEST(support::same_zeros(point_of(r.x), reference));
}

BOOST_AUTO_TEST_CASE(a_users_regularizer_with_the_required_members_alone) {
  auto const& p = data();
  linear_objective const mine(p.sparse, p.labels, logistic{}, support::absolute{0.03});
  linear_objective const stock(p.sparse, p.labels, logistic{}, l1{0.03});
  auto const reference = support::reference_minimiser(stock);
  double const least = support::at(stock, reference).value;
  settings const s{.workers = 3, .epochs = 300};
  for (auto const& r : {minimize(mine, s, serial{}), minimize(mine, s, serial{}, sgd{})}) {
    BOOST_TEST(r.objective - least < 5e-3);
    BOOST_TEST(r.objective >= least - 1e-12);
    BOOST_TEST(r.certificate == support::infinity);
  }
  auto const r = minimize(mine, s, serial{}, svrg{});
  BOOST_TEST(r.objective - least < 1e-8);
  BOOST_TEST(support::same_zeros(point_of(r.x), reference));
}

BOOST_AUTO_TEST_CASE(every_worker_minimises_softmax_regression) {
  auto const& p = data();
  auto const check = [&](auto const& f) {
    double const least = least_value(f);
    auto const r = minimize(f, {.workers = 2, .epochs = 400}, serial{}, svrg{});
    auto const x = point_of(r.x);
    BOOST_TEST(r.objective - least < 1e-6);
    BOOST_TEST(support::least_slope(f, x) < 1e-3);
    BOOST_TEST((support::zeros_of(x) > 0 && support::zeros_of(x) < x.size()));
    auto const plain = minimize(f, {.workers = 2, .epochs = 100}, serial{});
    BOOST_TEST(plain.objective - least < 0.02);
    auto const to_end = minimize(f, {.workers = 2, .tolerance = 1e-8}, serial{});
    BOOST_TEST((to_end.reason == stop_reason::tolerance_reached));
    BOOST_TEST(to_end.objective - least <= to_end.certificate);
    return x;
  };
  check(softmax_objective(p.sparse, p.classes, 3, l1{0.02}));
  auto const x = check(softmax_objective(p.dense, p.classes, 3, group_l1::strided(3 * d, d, 0.03)));
  for (std::size_t j = 0; j != d; ++j) {  // a feature is used by all classes or by none
    BOOST_TEST((x[j] == 0) == (x[j + d] == 0));
    BOOST_TEST((x[j] == 0) == (x[j + 2 * d] == 0));
  }
}

BOOST_AUTO_TEST_CASE(every_worker_minimises_shards) {
  auto const& p = data();
  dense_matrix<double> rows[2] = {dense_matrix<double>({60, d}), dense_matrix<double>({30, d})};
  point targets[2];
  for (std::size_t i = 0; i != n; ++i) {
    std::size_t const k = i < 60 ? 0 : 1;
    for (std::size_t j = 0; j != d; ++j) rows[k](i - 60 * k, j) = p.dense(i, j);
    targets[k].push_back(p.labels[i]);
  }
  csr_matrix<double> const sparse[2] = {to_csr(rows[0]), to_csr(rows[1])};
  serial one;
  auto const check = [&](auto const& r) {
    linear_objective const whole(p.sparse, p.labels, logistic{}, r);
    auto const reference = support::reference_minimiser(whole);
    sharded_objective const f(one, 2, [&](std::size_t k) {
      return linear_objective(sparse[k], targets[k], logistic{}, r);
    });
    auto const run = minimize(f, {.workers = 2, .epochs = 300, .tolerance = 1e-9}, one);
    double const gap = run.objective - support::at(whole, reference).value;
    BOOST_TEST(std::abs(gap) < 1e-8);
    BOOST_TEST(run.certificate >= gap - 1e-14);
    BOOST_TEST(support::same_zeros(point_of(run.x), reference));
    return run.certificate;
  };
  BOOST_TEST(check(elastic_net{0.03, 0.02}) <= 1e-9);
  BOOST_TEST(check(l1{0.03}) <= 1e-9);
}

BOOST_AUTO_TEST_CASE(every_worker_minimises_with_iterates_of_float) {
  auto const& p = data();
  auto const check = [&](auto const& r, auto const&... worker) {
    linear_objective const wide(p.sparse, p.labels, logistic{}, r);
    linear_objective const f(p.sparse, p.labels, logistic{}, r, {}, iterate_type<float>{});
    auto const run = minimize(f, {.workers = 2, .epochs = 100}, serial{}, worker...);
    BOOST_TEST(run.usable());
    double const gap = run.objective - least_value(wide);
    BOOST_TEST(gap < (sizeof...(worker) == 0 ? 1e-5 : 1e-2));
    BOOST_TEST(run.certificate >= gap - 1e-14);
    return run;
  };
  BOOST_TEST(support::zeros_of(check(l1{0.03}).x) > 0);
  check(l1{0.03}, sgd{});
  check(box{-0.3, 0.3});  // 0.3 as a float is above 0.3
  check(box{-0.3, 0.3}, sgd{});
  linear_objective const f(p.sparse, p.labels, logistic{}, l1{0.03}, {}, iterate_type<float>{});
  auto const run = minimize(f, {.workers = 2, .tolerance = 1e-3}, serial{});
  BOOST_TEST((run.reason == stop_reason::tolerance_reached));
}

BOOST_AUTO_TEST_CASE(asynchronous_runs_make_steps_of_sgd) {
  auto const& p = data();
  linear_objective const f(p.sparse, p.labels, logistic{}, l1{0.03});
  double const least = least_value(f);
  auto const r = minimize(f, {.workers = 4, .epochs = 200, .evaluations = 5}, asynchronous(2));
  BOOST_TEST((r.reason == stop_reason::steps_done));
  BOOST_TEST(r.objective - least < 0.02);
  BOOST_TEST(r.certificate >= r.objective - least);
  linear_objective const bounded(p.dense, p.reals, squared{}, box{0.1, 0.7});
  auto const s = minimize(bounded, {.workers = 4, .epochs = 50, .evaluations = 5}, asynchronous(2));
  BOOST_TEST((s.reason == stop_reason::steps_done));
  BOOST_TEST(std::ranges::all_of(s.x, [](double e) { return e >= 0.1 && e <= 0.7; }));
}
