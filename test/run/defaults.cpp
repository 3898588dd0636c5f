// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE run_defaults
#include "localsgd/run/defaults.hpp"

#include "localsgd/localsgd.hpp"
#include "test/support/problems.hpp"
#include "test/support/runs.hpp"

#include <boost/test/unit_test.hpp>

#include <concepts>
#include <cstddef>
#include <stdexcept>
#include <type_traits>

using namespace localsgd;

namespace {

struct observed_nothing : no_observer {};

}  // namespace

BOOST_AUTO_TEST_CASE(plain_workers_suit_the_objective) {
  support::problem const data(20, 3);
  linear_objective const linear(data.dense, data.labels, logistic{}, l2{0.1});
  softmax_objective const factored(data.dense, data.classes, 3, l2{0.1});
  static_assert(
      std::same_as<decltype(detail::plain_worker<support::custom>()), sgd> &&
      std::same_as<decltype(detail::plain_worker<std::remove_cv_t<decltype(linear)>>()),
                   linear_sgd> &&
      std::same_as<decltype(detail::plain_worker<std::remove_cv_t<decltype(factored)>>()),
                   factored_sgd>);
  static_assert(std::same_as<decltype(detail::default_averager<support::custom>()), mean>);
}

BOOST_AUTO_TEST_CASE(a_plan_has_what_the_settings_leave_open) {
  support::problem const data(50, 7);
  support::custom const f{&data.dense, &data.reals};
  plan const p = detail::make_plan(f, {.workers = 4, .batch_size = 2, .epochs = 8}, false);
  BOOST_TEST(p.samples == 50);
  BOOST_TEST(p.dimension == 7);
  BOOST_TEST(p.scalar_bytes == sizeof(double));
  BOOST_TEST(p.workers == 4);
  BOOST_TEST(p.steps == 50);  // 8·50 samples by 4·2 in each step
  BOOST_TEST(p.local_steps >= 1);
  plan const own = detail::make_plan(f, {.local_steps = 9, .steps = 7, .seed = 5}, false);
  BOOST_TEST(own.local_steps == 9);
  BOOST_TEST(own.steps == 7);
  BOOST_TEST(own.seed == 5);
  auto const e = support::error_of<invalid_settings>(
      [&] { detail::make_plan(f, {.batch_size = 51}, false); });
  BOOST_TEST(e.field == "batch_size");
}

BOOST_AUTO_TEST_CASE(a_short_run_has_one_thread_and_asks_for_no_cores) {
  // 2·131071 steps of 3 + 13 multiply-adds, and a round of 2·4d: 2^22 − 32 + 8d.
  plan p{.samples = 1000, .dimension = 3, .workers = 2, .batch_size = 1, .steps = 131071,
         .local_steps = 131071, .flops_per_sample = 3};
  auto const none = []() -> std::size_t { throw std::logic_error("asked for cores"); };
  auto const many = [] { return std::size_t{64}; };
  BOOST_TEST(detail::default_threads(p, false, none) == 1U);
  p.dimension = 4;
  BOOST_TEST(detail::default_threads(p, false, many) == 2U);  // one for each worker
  BOOST_TEST(detail::default_threads(p, false, [] { return std::size_t{1}; }) == 1U);
}

BOOST_AUTO_TEST_CASE(wide_rounds_count_where_rows_are_short) {
  plan p{.samples = 1000, .dimension = 10, .workers = 8, .batch_size = 1, .steps = 1250,
         .local_steps = 125, .flops_per_sample = 7};
  auto const many = [] { return std::size_t{4}; };
  BOOST_TEST(detail::default_threads(p, false, many) == 1U);  // 8·(1250·20 + 10·40) < 2^22
  p.dimension = 20000;
  BOOST_TEST(detail::default_threads(p, false, many) == 4U);  // 8·(1250·20 + 10·80000) > 2^22
}

BOOST_AUTO_TEST_CASE(of_a_run_that_its_tolerance_ends_16_epochs_count) {
  plan const p{.samples = 1000, .dimension = 10, .workers = 2, .batch_size = 1, .steps = 5000000,
               .local_steps = 500, .tolerance = 1e-6, .flops_per_sample = 7};
  auto const many = [] { return std::size_t{4}; };
  BOOST_TEST(detail::default_threads(p, true, many) == 1U);
  BOOST_TEST(detail::default_threads(p, false, many) == 2U);
  plan longer = p;
  longer.samples = 16000;
  BOOST_TEST(detail::default_threads(longer, true, many) == 2U);
  BOOST_TEST(detail::default_threads(longer, true, many, true) == 1U);  // 12·(16000·20 + 40) < 2^22
}

BOOST_AUTO_TEST_CASE(a_gradient_of_unknown_cost_makes_no_run_short) {
  plan const p{.samples = 10, .dimension = 1, .workers = 2, .batch_size = 1, .steps = 1,
               .local_steps = 1};
  BOOST_TEST(detail::default_threads(p, false, [] { return std::size_t{4}; }) == 2U);
}

BOOST_AUTO_TEST_CASE(a_tolerance_may_choose_variance_reduced_steps_where_nothing_speaks_against_it) {
  support::problem const data(50, 7);
  linear_objective const convex(data.dense, data.labels, logistic{}, l2{0.1}),
      flat(data.dense, data.labels, logistic{}, l2{0.0});
  using F = std::remove_cv_t<decltype(convex)>;
  BOOST_TEST((detail::may_reduce<F>(convex)));
  BOOST_TEST((detail::may_reduce<F, every, overlapped, observed_nothing>(convex)));
  BOOST_TEST((detail::may_reduce<F>(flat)));  // there is no certificate, but nothing better either
  BOOST_TEST(!(detail::may_reduce<F, constant_step>(convex)));
  BOOST_TEST(!(detail::may_reduce<F, sgd>(convex)));
  BOOST_TEST(!(detail::may_reduce<F, asynchronous>(convex)));
}

BOOST_AUTO_TEST_CASE(epochs_alone_choose_variance_reduced_steps_of_linear_models_if_they_suffice) {
  support::problem const data(50, 7);
  linear_objective const linear(data.dense, data.labels, logistic{}, l2{0.0});
  softmax_objective const factored(data.dense, data.classes, 3, l2{0.1});
  using F = std::remove_cv_t<decltype(linear)>;
  using G = std::remove_cv_t<decltype(factored)>;
  settings const s{.workers = 4};
  BOOST_TEST((detail::reduces_within_epochs<F>(linear, s, 0)));
  BOOST_TEST((detail::reduces_within_epochs<F, every, observed_nothing>(linear, s, 12)));
  BOOST_TEST(!(detail::reduces_within_epochs<F>(linear, s, 13)));  // n/(Kb) is 12.5
  BOOST_TEST(!(detail::reduces_within_epochs<F, one_shot>(linear, s, 1)));
  BOOST_TEST(!(detail::reduces_within_epochs<F, constant_step>(linear, s, 0)));
  BOOST_TEST(!(detail::reduces_within_epochs<F, linear_sgd>(linear, s, 0)));
  BOOST_TEST(!(detail::reduces_within_epochs<F, asynchronous>(linear, s, 0)));
  BOOST_TEST(!(detail::reduces_within_epochs<F>(linear, {.workers = 4, .epochs = 7}, 0)));
  BOOST_TEST(!(detail::reduces_within_epochs<F>(linear, {.workers = 4, .steps = 999}, 0)));
  BOOST_TEST(!(detail::reduces_within_epochs<F>(linear, {.workers = 13}, 0)));
  BOOST_TEST(!(detail::reduces_within_epochs<G>(factored, s, 0)));
}

BOOST_AUTO_TEST_CASE(of_epochs_that_limit_a_reduced_run_half_are_steps) {
  support::problem const data(50, 7);
  linear_objective const f(data.dense, data.labels, logistic{}, l2{0.1});
  plan const p = detail::make_plan(f, {.workers = 2, .epochs = 8}, true);
  BOOST_TEST(p.steps == 100U);  // 4·50/2
  BOOST_TEST(25 % p.local_steps == 0U);  // an anchor is due after 25
  BOOST_TEST(detail::make_plan(f, {.workers = 2, .local_steps = 9}, true).local_steps == 9U);
}

BOOST_AUTO_TEST_CASE(of_a_worker_that_solves_in_rounds_an_epoch_is_a_round) {
  support::problem const data(50, 7);
  support::custom const f{&data.dense, &data.reals};
  settings const s{.workers = 8, .tolerance = 1e-3};
  settings const solves = detail::settings_of_solves<support::custom, dane, serial>(f, s);
  BOOST_TEST(solves.local_steps == 7u);  // ⌈50/8⌉
  BOOST_TEST(solves.epochs == detail::patient_epochs);
  settings const named = detail::settings_of_solves<support::custom, dane>(
      f, {.workers = 8, .local_steps = 3, .epochs = 4, .tolerance = 1e-3});
  BOOST_TEST(named.local_steps == 3u);
  BOOST_TEST(named.epochs == 4);
  BOOST_TEST((detail::settings_of_solves<support::custom, svrg>(f, s).local_steps) == 0u);
}

BOOST_AUTO_TEST_CASE(rounds_fit_between_anchors) {
  plan const p{.samples = 150, .workers = 8, .batch_size = 1};  // one is due after ⌈150/8⌉ = 19 steps
  BOOST_TEST(detail::gap_between_anchors(p, 16) == 10U);
  BOOST_TEST(detail::gap_between_anchors(p, 100) == 19U);
  BOOST_TEST(detail::gap_between_anchors(p, 6) == 5U);
  BOOST_TEST(detail::gap_between_anchors(p, 1) == 1U);
}

BOOST_AUTO_TEST_CASE(synchronizers_say_whether_they_wait) {
  static_assert(!detail::never_waits<serial> && !detail::never_waits<overlapped> &&
                detail::never_waits<asynchronous> && detail::never_waits<simulated_asynchronous> &&
                !detail::never_waits<mean>);
}

BOOST_AUTO_TEST_CASE(a_worker_without_an_anchor_has_no_hook) {
  quadratic const f({.spectrum = {1.0, 2.0}});
  plan const p = detail::make_plan(f, {}, false);
  constant_step const eta{0.1};
  static_assert(std::same_as<decltype(detail::anchor_of(sgd{}, f, eta, p)),
                             detail::no_hook<double>>);
  BOOST_TEST(detail::anchor_of(svrg{}, f, eta, p).evaluates());
  BOOST_TEST(detail::resolve_step_size(f, p, eta)(3) == 0.1);
  BOOST_TEST(detail::resolve_step_size(f, p, automatic_step{})(0) > 0);
}
