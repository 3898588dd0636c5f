// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE theory_bound
#include "localsgd/theory/bound.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "localsgd/iterate_weights/quadratic_weights.hpp"
#include "localsgd/theory/constant_step_bound.hpp"
#include "test/support/problems.hpp"

namespace {

using namespace localsgd;

auto const to_rounding = boost::test_tools::tolerance(4e-15);

// κ = 1, so that a > 16 is admissible for H ≤ 16.
constants small_integers() {
  return {.smoothness = 1,
          .strong_convexity = 1,
          .variance = 3,
          .second_moment = 5,
          .squared_distance = 2};
}
run_shape small_shape() {
  return {.workers = 2, .local_steps = 2, .batch_size = 1, .steps = 3, .shift = 20};
}
constants typical() {  // κ = 10
  return {.smoothness = 2,
          .strong_convexity = 0.2,
          .variance = 1.5,
          .second_moment = 4,
          .squared_distance = 3};
}
run_shape typical_shape() {
  return {.workers = 8, .local_steps = 16, .batch_size = 2, .steps = 5000};
}

using bound_function = std::function<error_bound(constants const&, run_shape const&)>;

struct named_bound {
  std::string name;
  bound_function of;
  bool takes_delay, needs_strong_convexity;
};
std::vector<named_bound> every_bound() {
  constant_step const gamma(0.05);
  return {{"stich", stich_bound, false, true},
          {"asynchronous", stich_asynchronous_bound, true, true},
          {"khaled_distance",
           [=](auto const& c, auto const& s) { return khaled_distance_bound(c, s, gamma); }, false,
           true},
          {"khaled", [=](auto const& c, auto const& s) { return khaled_bound(c, s, gamma); }, false,
           true},
          {"khaled_convex",
           [=](auto const& c, auto const& s) { return khaled_convex_bound(c, s, gamma); }, false,
           false}};
}

template <class Call>
invalid_settings refused(Call const& call) {
  return support::error_of<invalid_settings>(call);
}

}  // namespace

BOOST_AUTO_TEST_CASE(theorem_2_2_worked_out_by_hand) {
  // S_3 = 20² + 21² + 22² = 400 + 441 + 484 = 1325
  auto const b = stich_bound(small_integers(), small_shape());
  BOOST_TEST(b.start == 8000.0 / 1325, to_rounding);   // 1·20³/(2·1325)·2
  BOOST_TEST(b.noise == 774.0 / 1325, to_rounding);    // 4·3·(3 + 40)/(1·2·1325)·3 = 1548/2650
  BOOST_TEST(b.drift == 15360.0 / 1325, to_rounding);  // 256·3/(1·1325)·5·2²·1
  BOOST_TEST(b.total() == b.start + b.noise + b.drift);
}

BOOST_AUTO_TEST_CASE(a_batch_of_b_divides_the_variance_and_nothing_else) {
  auto s = small_shape();
  auto const one = stich_bound(small_integers(), s);
  s.batch_size = 3;
  auto const three = stich_bound(small_integers(), s);
  BOOST_TEST(three.noise == 258.0 / 1325, to_rounding);
  BOOST_TEST(three.start == one.start);
  BOOST_TEST(three.drift == one.drift);
}

BOOST_AUTO_TEST_CASE(every_constant_enters_with_its_power) {
  // L = 3, μ = 2, so 16κ = 24; a = 32, T = 2: S_2 = 32² + 33² = 2113
  constants const c{.smoothness = 3,
                    .strong_convexity = 2,
                    .variance = 7,
                    .second_moment = 11,
                    .squared_distance = 13};
  run_shape const s{.workers = 5, .local_steps = 2, .steps = 2, .shift = 32};
  auto const b = stich_bound(c, s);
  BOOST_TEST(b.start == 2.0 * 32768 * 13 / (2 * 2113), to_rounding);
  BOOST_TEST(b.noise == 4.0 * 2 * 66 * 7 / (2 * 5 * 2113), to_rounding);
  BOOST_TEST(b.drift == 256.0 * 2 * 11 * 4 * 3 / (4 * 2113), to_rounding);
}

BOOST_AUTO_TEST_CASE(the_asynchronous_bound_worked_out_by_hand) {
  auto s = small_shape();
  s.delay = 1;
  auto const b = stich_asynchronous_bound(small_integers(), s);
  auto const synchronous = stich_bound(small_integers(), small_shape());
  BOOST_TEST(b.start == synchronous.start);
  BOOST_TEST(b.noise == synchronous.noise);
  BOOST_TEST(b.drift == 103680.0 / 1325, to_rounding);  // 768·3/1325·5·(2 + 1)²
  s.delay = 0;
  BOOST_TEST(stich_asynchronous_bound(small_integers(), s).drift == 3 * synchronous.drift,
             to_rounding);
}

BOOST_AUTO_TEST_CASE(the_drift_bounds_worked_out_by_hand) {
  // η_0 = 4/20, η_12 = 4/32
  auto s = small_shape();
  BOOST_TEST(stich_drift_bound(small_integers(), s, 0) == 4 * 0.04 * 5 * 4, to_rounding);
  BOOST_TEST(stich_drift_bound(small_integers(), s, 12) == 4.0 / 64 * 5 * 4, to_rounding);
  s.delay = 1;
  BOOST_TEST(stich_asynchronous_drift_bound(small_integers(), s, 12) == 12.0 / 64 * 5 * 9,
             to_rounding);
}

// 256 = 2·2·4·16: twice the drift lemma's 4 for the 2L of Lemma 3.1, twice 16 by the recursion.
BOOST_AUTO_TEST_CASE(the_bounds_on_error_and_drift_belong_together) {
  auto const c = typical();
  auto s = typical_shape();
  double const eta = stich_step(c, s)(0), a = stich_step(c, s).shift();
  double const sum = quadratic_weights{a}.sum(s.steps), mu = c.strong_convexity.value;
  double const steps = static_cast<double>(s.steps);
  auto const by_recursion = [&](double drift) {
    double const cubed = 2 * c.smoothness.value * drift / (eta * eta);  // C of η_t³C
    return 2 * 16 * steps / (mu * mu * sum) * cubed;
  };
  BOOST_TEST(stich_bound(c, s).drift == by_recursion(stich_drift_bound(c, s, 0)), to_rounding);
  BOOST_TEST(stich_asynchronous_bound(c, s).drift ==
                 by_recursion(stich_asynchronous_drift_bound(c, s, 0)),
             to_rounding);
}

BOOST_AUTO_TEST_CASE(the_sum_of_the_weights_is_exact_however_large) {
  __extension__ using wide = unsigned __int128;
  auto const scaled = [](double a, std::uint64_t steps) {
    return static_cast<long double>(detail::scaled_weight_sum(a, steps)) * a * a * a;
  };
  auto const close = [](long double a, long double b) {
    return std::fabs(a - b) <= 4e-16L * 4 * std::fabs(b);
  };
  for (std::uint64_t const a : {1u, 17u, 800u, 1000000u})
    for (std::uint64_t const steps : {1u, 2u, 3u, 100u, 99999u}) {
      wide sum = 0;
      for (std::uint64_t t = 0; t != steps; ++t) sum += wide{a + t} * (a + t);
      BOOST_TEST(close(scaled(static_cast<double>(a), steps), static_cast<long double>(sum)));
    }
  // 6 S_T = T(2T² + 6aT − 3T + 6a² − 6a + 1) in integers of 128 bits, checked in its smallest case:
  // T = 1, S_1 = a².
  auto const closed = [](wide a, wide t) {
    return t * (2 * t * t + 6 * a * t + 6 * a * a + 1 - 3 * t - 6 * a);
  };
  BOOST_TEST((closed(17, 1) == 6 * 17 * 17));
  for (unsigned const log_a : {5u, 20u, 40u})
    for (unsigned const log_t : {0u, 10u, 40u})
      BOOST_TEST(close(scaled(std::ldexp(1, static_cast<int>(log_a)), std::uint64_t{1} << log_t),
                       static_cast<long double>(closed(wide{1} << log_a, wide{1} << log_t)) / 6));
}

BOOST_AUTO_TEST_CASE(nothing_overflows_where_the_shift_and_the_steps_are_extreme) {
  constants c = typical();
  for (double const mu : {1e-200, 1e-100, 1e-10, 1.0}) {
    c.strong_convexity = mu;
    for (std::uint64_t const steps : {std::uint64_t{1}, settings::max_steps}) {
      auto const b = stich_bound(c, {.steps = steps});
      BOOST_TEST_CONTEXT("mu " << mu << " T " << steps) {
        BOOST_TEST(std::isfinite(b.total()));
        BOOST_TEST(b.start > 0);
        BOOST_TEST(b.noise > 0);
      }
    }
  }
  // T ≪ a: S_T → Ta², so the start is μa/(2T)‖x_0 − x*‖² = 8L/T‖x_0 − x*‖², and so on.
  c.strong_convexity = 1e-200;
  auto const b = stich_bound(c, {.workers = 4, .local_steps = 3, .steps = 1000});
  BOOST_TEST(b.start == 8 * 2 * 3 / 1000.0, to_rounding);
  BOOST_TEST(b.noise == 8 * 1.5 / (4 * 16 * 2), to_rounding);   // 8σ²/(μaK) with μa = 16L
  BOOST_TEST(b.drift == 4 * 9.0 / 2, to_rounding);              // 256/(16L)² G²H²L = G²H²/L
}

BOOST_AUTO_TEST_CASE(the_step_size_and_the_smallest_shift_follow_the_theorem) {
  auto const c = typical();
  BOOST_TEST(smallest_shift(c, 16) > 160);
  BOOST_TEST(smallest_shift(c, 16) == 160, to_rounding);
  BOOST_TEST(smallest_shift(c, 161) > 161);
  BOOST_TEST(smallest_shift(c, 161) == 161, to_rounding);
  BOOST_TEST(smallest_shift(c, 100, 100) > 200);
  BOOST_TEST(smallest_shift(c, 100, 100) == 200, to_rounding);

  auto s = typical_shape();
  auto const eta = stich_step(c, s);
  BOOST_TEST(eta.shift() == smallest_shift(c, 16));
  BOOST_TEST(eta(0) <= 1 / (4 * c.smoothness.value));
  BOOST_TEST(eta(40) == 4 / (0.2 * 200), to_rounding);
  s.shift = 250;
  BOOST_TEST(stich_step(c, s).shift() == 250);
  s.delay = 200;
  BOOST_TEST(stich_step(c, s).shift() == 250);
  s.shift = 0;
  BOOST_TEST(stich_step(c, s).shift() == smallest_shift(c, 16, 200));
  for (std::uint64_t const t : {0u, 1u, 1000u})
    BOOST_TEST(stich_step(c, s)(t) <= 2 * stich_step(c, s)(t + 216));
}

BOOST_AUTO_TEST_CASE(without_local_steps_a_constant_step_has_no_drift) {
  auto s = typical_shape();
  s.local_steps = 1;
  for (auto const& bound : every_bound())
    BOOST_TEST((bound.of(typical(), s).drift == 0) == bound.name.starts_with("khaled"));
  s.local_steps = 2;
  for (auto const& bound : every_bound()) BOOST_TEST(bound.of(typical(), s).drift > 0);
}

BOOST_AUTO_TEST_CASE(bounds_move_the_right_way) {
  for (auto const& bound : every_bound()) BOOST_TEST_CONTEXT(bound.name) {
    auto const c = typical();
    auto s = typical_shape();
    s.steps = 200;  // few enough for the start to count
    s.shift = 200;  // the smallest one would grow with κ: another run
    double const here = bound.of(c, s).total();
    auto const with = [&](auto change) {
      auto changed = s;
      change(changed);
      return bound.of(c, changed).total();
    };
    auto const with_constant = [&](auto change) {
      auto changed = c;
      change(changed);
      return bound.of(changed, s).total();
    };
    BOOST_TEST(with([](auto& x) { x.workers = 9; }) < here);
    BOOST_TEST(with([](auto& x) { x.batch_size = 3; }) < here);
    BOOST_TEST(with([](auto& x) { x.local_steps = 17; }) > here);
    BOOST_TEST(with_constant([](auto& x) { x.variance = 1.6; }) > here);
    BOOST_TEST(with_constant([](auto& x) { x.smoothness = 2.1; }) > here);
    BOOST_TEST(with_constant([](auto& x) { x.squared_distance = 3.1; }) > here);
    if (bound.needs_strong_convexity)
      BOOST_TEST(with_constant([](auto& x) { x.strong_convexity = 0.19; }) > here);
    if (bound.takes_delay) BOOST_TEST(with([](auto& x) { x.delay = 1; }) > here);
    double before = support::infinity;
    for (std::uint64_t steps = 16; steps < 1000000; steps *= 2) {
      double const now = with([&](auto& x) { x.steps = steps; });
      BOOST_TEST(now <= before);
      before = now;
    }
  }
  // Only the drift of the bounds for decreasing steps knows G².
  auto c = typical();
  c.second_moment = 8;
  BOOST_TEST(stich_bound(c, typical_shape()).drift ==
                 2 * stich_bound(typical(), typical_shape()).drift,
             to_rounding);
}

// 4T(T+2a)/(μKS_T) → 12/(μKT), 256T/(μ²S_T) → 768/(μ²T²): a linear speed-up in the end.
BOOST_AUTO_TEST_CASE(for_many_steps_the_noise_is_12_over_mu_k_b_t) {
  auto s = typical_shape();
  s.steps = 1000000000000;
  auto const b = stich_bound(typical(), s);
  BOOST_TEST(b.noise == 12 * 1.5 / (0.2 * 8 * 2 * 1e12), boost::test_tools::tolerance(1e-8));
  BOOST_TEST(b.drift == 768 * 4.0 * 256 * 2 / (0.04 * 1e24), boost::test_tools::tolerance(1e-8));
  BOOST_TEST(b.drift < b.noise * 1e-2);
}

BOOST_AUTO_TEST_CASE(steps_to_finds_the_first_that_is_enough) {
  auto const c = typical();
  for (std::uint64_t const delay : {0u, 10u})
    for (double const accuracy : {1.0, 1e-2, 1e-4, 1e-6}) {
      auto s = typical_shape();
      s.delay = delay;
      s.steps = 0;  // has no say
      std::uint64_t const steps = steps_to(accuracy, c, s);
      auto const total = [&](std::uint64_t t) {
        s.steps = t;
        return (delay == 0 ? stich_bound(c, s) : stich_asynchronous_bound(c, s)).total();
      };
      BOOST_TEST(total(steps) <= accuracy);
      BOOST_TEST(total(steps - 1) > accuracy);
    }
  // Satisfied from the beginning: H steps are the least.
  BOOST_TEST(steps_to(1e9, c, typical_shape()) == 16);

  // There is no floor, but there is an end to counting.
  auto s = typical_shape();
  BOOST_TEST(refused([&] { steps_to(1e-30, c, s); }).field == "accuracy");
  for (double const accuracy : {0.0, -1.0, support::not_a_number, support::infinity})
    BOOST_TEST(refused([&] { steps_to(accuracy, c, s); }).field == "accuracy");
}

BOOST_AUTO_TEST_CASE(the_recommended_local_steps_are_the_root_rounded_down) {
  BOOST_TEST(recommended_local_steps(10000, 1, 1) == 100);
  BOOST_TEST(recommended_local_steps(9999, 1, 1) == 99);
  BOOST_TEST(recommended_local_steps(10000, 4, 1) == 50);
  BOOST_TEST(recommended_local_steps(10000, 4, 25) == 10);
  BOOST_TEST(recommended_local_steps(10000, 3, 7) == 21);  // 21² = 441 ≤ 476 < 484
  BOOST_TEST(recommended_local_steps(10, 100, 1) == 1);
  BOOST_TEST(recommended_local_steps(1, 1, 1) == 1);
  std::uint64_t const root = (std::uint64_t{1} << 32) - 1;
  BOOST_TEST(recommended_local_steps(root * root, 1, 1) == root);
  BOOST_TEST(recommended_local_steps(root * root - 1, 1, 1) == root - 1);
  BOOST_TEST(recommended_local_steps(~std::uint64_t{0}, 1, 1) == root);
  for (std::uint64_t h = 1; h != 2000; ++h) {
    BOOST_TEST(recommended_local_steps(h * h, 1, 1) == h);
    if (h > 1) BOOST_TEST(recommended_local_steps(h * h - 1, 1, 1) == h - 1);
  }
  BOOST_TEST(refused([] { recommended_local_steps(0, 1, 1); }).field == "steps");
  BOOST_TEST(refused([] { recommended_local_steps(1, 0, 1); }).field == "workers");
  BOOST_TEST(refused([] { recommended_local_steps(1, 1, 0); }).field == "batch_size");
}

BOOST_AUTO_TEST_CASE(a_shape_outside_its_range_is_refused_by_name) {
  for (auto const& bound : every_bound()) BOOST_TEST_CONTEXT(bound.name) {
    auto const field = [&](auto change) {
      auto s = typical_shape();
      change(s);
      return refused([&] { bound.of(typical(), s); }).field;
    };
    BOOST_TEST(field([](auto& s) { s.workers = 0; }) == "run_shape.workers");
    BOOST_TEST(field([](auto& s) { s.batch_size = 0; }) == "run_shape.batch_size");
    BOOST_TEST(field([](auto& s) { s.steps = 0; }) == "run_shape.steps");
    BOOST_TEST(field([](auto& s) { s.steps = settings::max_steps + 1; }) == "run_shape.steps");
    BOOST_TEST(field([](auto& s) { s.local_steps = 0; }) == "run_shape.local_steps");
    BOOST_TEST(field([](auto& s) { s.local_steps = s.steps + 1; }) == "run_shape.local_steps");
    BOOST_TEST(field([](auto& s) { s.shift = -1; }) == "run_shape.shift");
    BOOST_TEST(field([](auto& s) { s.shift = support::not_a_number; }) == "run_shape.shift");
    BOOST_TEST(field([](auto& s) { s.delay = settings::max_steps + 1; }) == "run_shape.delay");
    auto whole_run = typical_shape();
    whole_run.local_steps = whole_run.steps;  // one average, at the end
    BOOST_TEST(std::isfinite(bound.of(typical(), whole_run).total()));
    if (!bound.takes_delay)
      BOOST_TEST(field([](auto& s) { s.delay = 1; }) == "run_shape.delay");
  }
  auto s = typical_shape();
  s.delay = 1;
  BOOST_TEST(refused([&] { stich_drift_bound(typical(), s, 0); }).field == "run_shape.delay");
}

BOOST_AUTO_TEST_CASE(contradictory_constants_are_refused_by_name) {
  for (auto const& bound : every_bound()) BOOST_TEST_CONTEXT(bound.name) {
    auto const field = [&](auto change) {
      auto c = typical();
      change(c);
      return refused([&] { bound.of(c, typical_shape()); }).field;
    };
    BOOST_TEST(field([](auto& c) { c.smoothness = 0; }) == "constants.smoothness");
    BOOST_TEST(field([](auto& c) { c.strong_convexity = 3; }) == "constants.strong_convexity");
    BOOST_TEST(field([](auto& c) { c.variance = 5; }) == "constants.variance");
    BOOST_TEST(field([](auto& c) { c.second_moment = support::not_a_number; }) ==
               "constants.second_moment");
    BOOST_TEST(field([](auto& c) { c.squared_distance = -1; }) == "constants.squared_distance");
    auto flat = typical();
    flat.strong_convexity = 0;
    if (bound.needs_strong_convexity) {
      auto const error = refused([&] { bound.of(flat, typical_shape()); });
      BOOST_TEST(error.field == "constants.strong_convexity");
      BOOST_TEST(error.rule == "finite and > 0");
    } else {
      BOOST_TEST(std::isfinite(bound.of(flat, typical_shape()).total()));
    }
  }
  auto flat = typical();
  flat.strong_convexity = 0;
  BOOST_TEST(refused([&] { smallest_shift(flat, 1); }).field == "constants.strong_convexity");
  BOOST_TEST(refused([&] { smallest_shift(typical(), 0); }).field == "local_steps");
}

BOOST_AUTO_TEST_CASE(an_inadmissible_shift_is_refused) {
  auto const refuses = [](auto const& of, double shift, std::uint64_t h, std::uint64_t delay) {
    run_shape const s{.local_steps = h, .steps = 5000, .shift = shift, .delay = delay};
    auto const error = refused([&] { of(typical(), s); });
    BOOST_TEST(error.rule.starts_with("0, or above max{16 kappa, H + delay}"));
    return error.field == "run_shape.shift";
  };
  BOOST_TEST(refuses(stich_bound, 160, 16, 0));  // 16κ itself
  BOOST_TEST(refuses(stich_bound, 1, 16, 0));
  BOOST_TEST(refuses(stich_bound, 300, 300, 0));  // H itself
  BOOST_TEST(refuses(stich_asynchronous_bound, 300, 200, 100));
  BOOST_TEST(refuses(stich_step, 300, 200, 100));
  auto const drift = [](auto const& c, auto const& s) { return stich_drift_bound(c, s, 0); };
  BOOST_TEST(refuses(drift, 300, 300, 0));
  run_shape const just_above{
      .local_steps = 300, .steps = 5000, .shift = std::nextafter(300.0, 301)};
  BOOST_TEST(stich_step(typical(), just_above).shift() == just_above.shift);
}
