// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE minimize
#include "test/support/runs.hpp"

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <limits>
#include <string>
#include <type_traits>
#include <vector>

// minimize(): settings that it rejects, defaults, and components in any order.

using namespace localsgd;
using support::problem;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

/// The least that models Objective: no copy, no default constructor, nothing extra.
struct archetype {
  using scalar = double;
  explicit archetype(int) {}
  archetype(archetype const&) = delete;
  std::size_t dimension() const { return 2; }
  std::size_t samples() const { return 3; }
  double gradient(std::span<double const> x, std::span<std::size_t const>,
                  std::span<double> g) const {
    g[0] = x[0] - 3, g[1] = x[1] + 1;
    return g[0] * g[0] / 2 + g[1] * g[1] / 2;
  }
};

struct half_squared_error {  // the least that models Loss
  double value(double z, double y) const { return (z - y) * (z - y) / 2; }
  double derivative(double z, double y) const { return z - y; }
  double curvature() const { return 1; }
};

void refuses(settings const& s, std::string const& field) {
  quadratic const f({.spectrum = {1, 2}, .samples = 10});
  BOOST_CHECK_EXCEPTION(minimize(f, s), invalid_settings, [&](invalid_settings const& e) {
    BOOST_TEST(std::string(e.what()).find(e.rule) != std::string::npos);
    return e.field == field && !e.value.empty();
  });
}

}  // namespace

BOOST_AUTO_TEST_CASE(settings_out_of_range_are_refused_by_name) {
  refuses({.workers = 0}, "workers");
  refuses({.batch_size = 0}, "batch_size");
  refuses({.batch_size = 11}, "batch_size");
  for (double const bad : {-1.0, -1e-300, not_a_number, infinity, -infinity}) {
    refuses({.epochs = bad}, "epochs");
    refuses({.tolerance = bad}, "tolerance");
  }
  refuses({.epochs = 1e300}, "epochs");
  refuses({.steps = ~std::uint64_t{0}}, "steps");
}

BOOST_AUTO_TEST_CASE(parameters_out_of_range_are_refused_by_name) {
  BOOST_CHECK_EXCEPTION(every{0}, invalid_settings,
                        [](auto const& e) { return e.field == "every.local_steps"; });
  BOOST_CHECK_EXCEPTION(growing(0), invalid_settings,
                        [](auto const& e) { return e.field == "growing.first"; });
  for (double const bad : {0.0, -1.0, not_a_number, infinity}) {
    BOOST_CHECK_THROW(constant_step{bad}, invalid_settings);
    BOOST_CHECK_THROW(theory_step(bad, 1), invalid_settings);
    BOOST_CHECK_THROW(theory_step(1, bad), invalid_settings);
    BOOST_CHECK_THROW(inverse_time_step(bad, 1), invalid_settings);
    BOOST_CHECK_THROW(capped_inverse_step(bad, 1, 1), invalid_settings);
  }
  for (double const bad : {-1.0, not_a_number, infinity}) BOOST_CHECK_THROW(l2{bad}, invalid_settings);
}

BOOST_AUTO_TEST_CASE(more_shards_than_samples_are_refused) {
  quadratic const f({.spectrum = {1, 2}, .samples = 10});
  BOOST_CHECK_EXCEPTION(minimize(f, {.workers = 11}, sharded{shuffled{}}), invalid_settings,
                        [](auto const& e) { return e.field == "workers"; });
  BOOST_CHECK_EXCEPTION(minimize(f, {.workers = 2}, sharded(std::vector<std::size_t>{3, 3})),
                        invalid_settings, [](auto const& e) { return e.field == "sharded.sizes"; });
}

BOOST_AUTO_TEST_CASE(a_schedule_that_stands_still_is_refused) {
  struct stuck {
    std::uint64_t next(std::uint64_t t) const { return t < 10 ? t + 5 : t; }
  };
  quadratic const f({.spectrum = {1, 2}, .samples = 10});
  BOOST_CHECK_THROW(minimize(f, {.steps = 100}, stuck{}), invalid_settings);
  BOOST_CHECK_THROW(minimize(f, {.steps = 100}, stuck{}, asynchronous{2}), invalid_settings);
}

BOOST_AUTO_TEST_CASE(an_objective_that_is_empty_or_knows_impossible_constants_is_refused) {
  struct empty : archetype {
    empty() : archetype(0) {}
    std::size_t samples() const { return 0; }
  };
  struct concave : archetype {
    concave() : archetype(0) {}
    double strong_convexity() const { return -1; }
  };
  BOOST_CHECK_EXCEPTION(minimize(empty{}), invalid_settings,
                        [](auto const& e) { return e.field == "objective.samples()"; });
  BOOST_CHECK_EXCEPTION(minimize(concave{}), invalid_settings,
                        [](auto const& e) { return e.field == "strong_convexity"; });
}

BOOST_AUTO_TEST_CASE(the_least_objective_is_enough) {
  archetype const f(0);
  result const r = minimize(f, {.epochs = 4000});
  BOOST_TEST(r.x[0] == 3.0, boost::test_tools::tolerance(1e-3));
  BOOST_TEST(r.x[1] == -1.0, boost::test_tools::tolerance(1e-3));
  BOOST_TEST(r.certificate == infinity);  // μ is not known
}

BOOST_AUTO_TEST_CASE(the_least_loss_is_enough_and_equals_the_stock_one) {
  problem const data(200, 6);
  settings const s{.workers = 3, .local_steps = 4, .epochs = 5};
  linear_objective const mine(data.dense, data.reals, half_squared_error{}, l2{0.1});
  linear_objective const stock(data.dense, data.reals, squared{}, l2{0.1});
  BOOST_TEST(support::distance(minimize(mine, s).x, minimize(stock, s).x) < 1e-12);
}

BOOST_AUTO_TEST_CASE(components_may_come_in_any_order) {
  problem const data(200, 6);
  linear_objective const f(data.dense, data.labels, logistic{}, l2{0.1});
  settings const s{.workers = 3, .epochs = 5};
  auto const expected = support::bits(minimize(
      f, s, every{16}, constant_step{0.1}, shuffled{}, thread_pool{2}, mean{}, linear_sgd{}));
  BOOST_TEST(support::bits(minimize(f, s, linear_sgd{}, mean{}, thread_pool{2}, shuffled{},
                                    constant_step{0.1}, every{16})) == expected);
  thread_pool pool{2};
  every const schedule{16};
  constant_step const step{0.1};
  BOOST_TEST(support::bits(minimize(f, s, step, pool, schedule, shuffled{})) == expected);
  BOOST_TEST(support::bits(minimize(f, s, shuffled{}, schedule, step, serial{})) == expected);
}

BOOST_AUTO_TEST_CASE(every_component_changes_what_it_decides) {
  problem const data(200, 6);
  linear_objective const f(data.dense, data.labels, logistic{}, l2{0.1});
  settings const s{.workers = 3, .local_steps = 4, .epochs = 5};
  auto const usual = support::bits(minimize(f, s));
  auto const changes = [&](auto... component) {
    return support::bits(minimize(f, s, component...)) != usual;
  };
  BOOST_TEST(changes(shuffled{}));
  BOOST_TEST(changes(sharded{with_replacement{}}));
  BOOST_TEST(changes(every{3}));
  BOOST_TEST(changes(one_shot{}));
  BOOST_TEST(changes(growing{1}));
  BOOST_TEST(changes(post_local(10, 4)));
  BOOST_TEST(changes(constant_step{0.1}));
  BOOST_TEST(changes(theory_step{0.1, 100}));
  BOOST_TEST(changes(inverse_time_step(0.1, 0.1)));
  BOOST_TEST(changes(capped_inverse_step(1, 0.1, 200)));
  BOOST_TEST(!changes(automatic_step{}));
  BOOST_TEST(!changes(linear_sgd{}));
  BOOST_TEST(!changes(with_replacement{}));
  BOOST_TEST(!changes(mean{}));
  BOOST_TEST(!changes(weighted_mean{}));  // every worker sees all samples: equal weights
}

BOOST_AUTO_TEST_CASE(every_setting_changes_what_it_decides) {
  problem const data(200, 6);
  linear_objective const f(data.dense, data.labels, logistic{}, l2{0.1});
  auto const usual = support::bits(minimize(f, {.workers = 4, .local_steps = 4, .epochs = 5}));
  for (settings const& s : {settings{.workers = 5, .local_steps = 4, .epochs = 5},
                            settings{.workers = 4, .local_steps = 5, .epochs = 5},
                            settings{.workers = 4, .local_steps = 4, .batch_size = 2, .epochs = 5},
                            settings{.workers = 4, .local_steps = 4, .epochs = 6},
                            settings{.workers = 4, .local_steps = 4, .steps = 17},
                            settings{.workers = 4, .local_steps = 4, .epochs = 5, .tolerance = 1},
                            settings{.workers = 4, .local_steps = 4, .epochs = 5, .seed = 3},
                            settings{.workers = 4, .local_steps = 4, .epochs = 5, .evaluations = 3}})
    BOOST_TEST(support::bits(minimize(f, s)) != usual);
}

BOOST_AUTO_TEST_CASE(steps_come_from_epochs_rounded_up_unless_they_are_given) {
  quadratic const f({.spectrum = {1, 2}, .samples = 10});
  BOOST_TEST(minimize(f, {.workers = 4, .batch_size = 2, .epochs = 1}).steps == 2u);  // ⌈10/8⌉
  BOOST_TEST(minimize(f, {.workers = 4, .batch_size = 2, .epochs = 4}).steps == 5u);
  BOOST_TEST(minimize(f, {.workers = 4, .epochs = 4, .steps = 3}).steps == 3u);
}

BOOST_AUTO_TEST_CASE(a_schedule_overrides_the_local_steps_of_the_settings) {
  quadratic const f({.spectrum = {1, 2}, .samples = 10});
  BOOST_TEST(minimize(f, {.local_steps = 2, .steps = 12}, every{6}).rounds == 2u);
  BOOST_TEST(minimize(f, {.local_steps = 2, .steps = 12}).rounds == 6u);
}

BOOST_AUTO_TEST_CASE(the_automatic_step_is_safe_where_one_sample_is_far_steeper_than_the_mean) {
  // 1,000 rows of size 1 and one of size 1,000: L_max/L = 1e6/1e3.
  std::size_t const n = 1001;
  dense_matrix<double> a({n, std::size_t{3}});
  std::vector<double> y(n), labels(n);
  for (std::size_t i = 0; i != n; ++i)
    for (std::size_t j = 0; j != 3; ++j) {
      auto const words = random_words(1, random_stream::noise, 0, 3 * i + j);
      a(i, j) = standard_normal(words) * (i == 500 ? 1000 : 1);
      y[i] += a(i, j);
      labels[i] = y[i] > 0 ? 1 : -1;
    }
  settings const s{.workers = 4, .epochs = 20};
  auto const improves = [&](auto const& f) {
    result const r = minimize(f, s);
    BOOST_TEST(r.usable());
    BOOST_TEST(r.objective < r.history.front().objective);
  };
  improves(linear_objective(a, y, squared{}, l2{0}));
  improves(linear_objective(a, y, huber{}, l2{1e-3}));
  improves(linear_objective(a, labels, logistic{}, l2{1e-3}));
  improves(linear_objective(a, labels, squared_hinge{}, l2{1e-3}));
  improves(linear_objective(a, labels, smoothed_hinge{}, l2{0}));
  support::custom const custom{&a, &y};
  improves(custom);
}

BOOST_AUTO_TEST_CASE(the_automatic_step_is_safe_on_unscaled_features) {
  problem const data(500, 8);
  for (double const scale : {1e-4, 1e4}) {
    dense_matrix<double> a = data.dense;
    for (std::size_t i = 0; i != 500; ++i) a(i, 0) *= scale, a(i, 1) *= scale;
    settings const s{.workers = 4, .epochs = 20};
    auto const improves = [&](auto const& f) {
      result const r = minimize(f, s);
      BOOST_TEST(r.usable());
      BOOST_TEST(r.objective < r.history.front().objective);
    };
    std::vector<double> counts(500);
    for (std::size_t i = 0; i != 500; ++i) counts[i] = std::floor(std::abs(data.reals[i]));
    improves(linear_objective(a, data.reals, squared{}, l2{0}));
    improves(linear_objective(a, data.labels, logistic{}, l2{1e-6}));
    improves(linear_objective(a, counts, poisson{}, l2{0}));
    improves(softmax_objective(a, data.classes, 3, l2{1e-6}));
    support::custom const custom{&a, &data.reals};
    improves(custom);
  }
}

BOOST_AUTO_TEST_CASE(every_loss_is_minimised_to_a_certified_tolerance) {
  problem const data(400, 6, 0.7);
  std::vector<double> counts(400);
  for (std::size_t i = 0; i != 400; ++i) counts[i] = std::floor(std::abs(data.reals[i]));
  auto const certified = [&](auto const& targets, auto loss) {
    linear_objective const f(data.sparse, targets, loss, l2{0.1},
                             {.intercept = 1, .regularize_intercept = true});
    result const r = minimize(f, {.workers = 4, .local_steps = 4, .epochs = 3000, .tolerance = 1e-3});
    BOOST_TEST((r.reason == stop_reason::tolerance_reached));
    BOOST_TEST(r.certificate <= 1e-3);
  };
  certified(data.labels, logistic{});
  certified(data.reals, squared{});
  certified(data.labels, squared_hinge{});
  certified(data.labels, smoothed_hinge{0.5});
  certified(data.reals, huber{0.7});
  certified(counts, poisson{10});
  certified(counts, poisson{});
  for (double& y : counts) y += 0.5;
  certified(counts, gamma_loss{});
}

BOOST_AUTO_TEST_CASE(a_tolerance_with_nothing_named_is_reached_whatever_the_units) {
  problem const data(200, 6);
  dense_matrix<double> in_many_units = data.dense;
  for (std::size_t i = 0; i != 200; ++i)
    for (std::size_t j = 0; j != 6; ++j)
      in_many_units(i, j) *= std::pow(10.0, static_cast<double>(j % 5) - 2);
  // More than the default epochs are taken where they are needed.
  bool beyond_the_default = false;
  auto const reached = [&](auto const& f) {
    for (double const tolerance : {1e-2, 1e-4, 1e-6, 1e-8}) {
      result const r = minimize(f, {.tolerance = tolerance});
      BOOST_TEST((r.reason == stop_reason::tolerance_reached));
      BOOST_TEST(r.certificate <= tolerance);
      beyond_the_default |= r.gradients > 10 * f.samples();
    }
  };
  dense_matrix<double> const* const both[] = {&data.dense, &in_many_units};
  for (auto const* a : both) {
    reached(linear_objective(*a, data.labels, logistic{}, l2{1e-3}));
    reached(linear_objective(*a, data.reals, squared{}, l2{1e-3}));
  }
  reached(softmax_objective(data.dense, data.classes, 3, l2{1e-3}));
  reached(quadratic({.spectrum = {1, 10, 1000}, .samples = 100, .variance = 1}));
  BOOST_TEST(beyond_the_default);
}

BOOST_AUTO_TEST_CASE(epochs_and_steps_that_are_given_bind_whatever_the_tolerance) {
  problem const data(200, 6);
  linear_objective const f(data.dense, data.labels, logistic{}, l2{1e-3});
  quadratic const g({.spectrum = {1, 10, 100}, .samples = 200, .variance = 1});
  auto const bound = [](auto const& objective) {
    for (double const epochs : {0.0, 0.1, 1.0, 2.5}) {
      result const r = minimize(objective, {.workers = 4, .epochs = epochs, .tolerance = 1e-300});
      BOOST_TEST((r.reason == stop_reason::steps_done));
      BOOST_TEST(r.steps == static_cast<std::uint64_t>(std::ceil(epochs * 200 / 4)));
    }
    for (std::uint64_t const steps : {1u, 77u}) {
      result const r = minimize(objective, {.workers = 4, .steps = steps, .tolerance = 1e-300});
      BOOST_TEST((r.reason == stop_reason::steps_done));
      BOOST_TEST(r.steps == steps);
    }
  };
  bound(f), bound(g);
}

BOOST_AUTO_TEST_CASE(a_run_that_ends_within_the_tolerance_says_so) {
  problem const data(200, 6);
  linear_objective const f(data.dense, data.labels, logistic{}, l2{1e-3});
  quadratic const g({.spectrum = {1, 2, 5}, .samples = 50, .variance = 0.5, .minimum = -3});
  auto const says_so = [](auto const& objective) {
    for (std::uint64_t steps = 1; steps != 200; ++steps)
      for (double const tolerance : {3e-1, 1e-1, 1e-2, 1e-4}) {
        result const r =
            minimize(objective, {.workers = 2, .steps = steps, .tolerance = tolerance}, serial{});
        bool const within = r.certificate <= tolerance;
        BOOST_TEST(within == (r.reason == stop_reason::tolerance_reached));
      }
  };
  says_so(f), says_so(g);
}

BOOST_AUTO_TEST_CASE(with_a_tolerance_the_steps_stay_plain_where_a_worker_or_a_step_size_is_named) {
  problem const data(200, 6, 0.5);
  linear_objective const f(data.sparse, data.labels, logistic{}, l2{0.1});
  softmax_objective const g(data.dense, data.classes, 3, l2{0.1});
  settings const s{.workers = 3, .local_steps = 4, .tolerance = 1e-9};
  auto const plain = support::bits(minimize(f, s, linear_sgd{}));
  BOOST_TEST(support::bits(minimize(f, s)) != plain);
  BOOST_TEST(support::bits(minimize(f, s, automatic_step{})) == plain);
  BOOST_TEST(minimize(f, s, linear_sgd{}).gradients == 3 * minimize(f, s, linear_sgd{}).steps);
  BOOST_TEST(minimize(f, s, linear_sgd{}).steps == 667u);  // the default epochs: ⌈10·200/3⌉
  BOOST_TEST(support::bits(minimize(f, s, constant_step{0.1})) ==
             support::bits(minimize(f, s, constant_step{0.1}, linear_sgd{})));
  BOOST_TEST(support::bits(minimize(g, s)) != support::bits(minimize(g, s, factored_sgd{})));
  BOOST_TEST(support::bits(minimize(g, s, automatic_step{})) ==
             support::bits(minimize(g, s, factored_sgd{})));
  BOOST_TEST(support::bits(minimize(g, s, theory_step(0.1, 100))) ==
             support::bits(minimize(g, s, theory_step(0.1, 100), factored_sgd{})));
}

BOOST_AUTO_TEST_CASE(with_a_tolerance_the_steps_stay_plain_where_no_certificate_can_reach_it) {
  problem const data(200, 6, 0.5);
  settings const s{.workers = 3, .local_steps = 4, .tolerance = 1e-9};
  support::custom const custom{&data.dense, &data.reals};  // does not say how convex it is
  BOOST_TEST(support::bits(minimize(custom, s)) == support::bits(minimize(custom, s, sgd{})));
  BOOST_TEST(minimize(custom, s).steps == 667u);
}

BOOST_AUTO_TEST_CASE(with_a_tolerance_the_steps_of_asynchronous_stay_plain) {
  // One worker: there is nobody to be faster.
  problem const data(200, 6, 0.5);
  settings const s{.workers = 1, .local_steps = 4, .tolerance = 1e-9};
  linear_objective const f(data.sparse, data.labels, logistic{}, l2{0.1});
  softmax_objective const g(data.dense, data.classes, 3, l2{0.1});
  asynchronous here{1};
  BOOST_TEST(support::bits(minimize(f, s, here)) ==
             support::bits(minimize(f, s, linear_sgd{}, here)));
  BOOST_TEST(support::bits(minimize(f, s, asynchronous{2})) ==
             support::bits(minimize(f, s, linear_sgd{}, here)));
  BOOST_TEST(support::bits(minimize(g, s, here)) ==
             support::bits(minimize(g, s, factored_sgd{}, here)));
  result const r = minimize(f, {.workers = 4, .tolerance = 1e-300}, here);
  BOOST_TEST((r.reason == stop_reason::steps_done));
  BOOST_TEST(r.gradients == 2000u);  // the default epochs
}

BOOST_AUTO_TEST_CASE(where_only_epochs_limit_the_run_half_of_them_pay_for_the_anchors) {
  problem const data(200, 6, 0.5);
  for (double const lambda : {0.1, 0.0}) {
    linear_objective const f(data.sparse, data.labels, logistic{}, l2{lambda});
    for (std::size_t const k : {1u, 4u}) {
      settings const s{.workers = k, .epochs = 20}, half{.workers = k, .epochs = 10};
      result const r = minimize(f, s, serial{});
      BOOST_TEST(r.steps == minimize(f, half, serial{}, linear_sgd{}).steps);
      BOOST_TEST(r.gradients > k * r.steps);
      // Ten epochs of steps and eleven anchors at most, if none is tried twice.
      BOOST_TEST(static_cast<double>(r.gradients) <= (20 + 3) * 200.0);
      BOOST_TEST(r.objective < minimize(f, s, serial{}, linear_sgd{}).objective);
    }
  }
}

BOOST_AUTO_TEST_CASE(where_only_epochs_limit_the_run_the_bits_are_the_same_on_any_number_of_threads) {
  problem const data(200, 6, 0.5);
  linear_objective const f(data.sparse, data.labels, logistic{}, l2{0.01});
  auto const same = [&](settings const& s, auto... components) {
    auto const expected = support::bits(minimize(f, s, serial{}, components...));
    for (std::size_t const threads : {2u, 3u})
      BOOST_TEST(support::bits(minimize(f, s, thread_pool{threads}, components...)) == expected);
  };
  same({.workers = 3, .evaluations = 2});
  same({.workers = 3, .local_steps = 5}, shuffled{});
}

BOOST_AUTO_TEST_CASE(a_few_epochs_and_a_number_of_steps_are_of_plain_steps) {
  problem const data(200, 6, 0.5);
  linear_objective const f(data.sparse, data.labels, logistic{}, l2{0.1});
  auto const plain = [&](settings const& s, auto... components) {
    return support::bits(minimize(f, s, components...)) ==
           support::bits(minimize(f, s, components..., linear_sgd{}));
  };
  BOOST_TEST(!plain({.workers = 4, .epochs = 8}));
  BOOST_TEST(!plain({.workers = 4, .epochs = 8}, every{7}));
  BOOST_TEST(plain({.workers = 4, .epochs = 7.9}));
  BOOST_TEST(plain({.workers = 4, .steps = 2000}));
  BOOST_TEST(plain({.workers = 4, .local_steps = 51}));  // an anchor is due after 50 steps
  BOOST_TEST(plain({.workers = 4}, every{51}));
  BOOST_TEST(plain({.workers = 4}, growing{1}));
  BOOST_TEST(plain({.workers = 8, .batch_size = 7}));  // and here after 4
  BOOST_TEST(plain({.workers = 4}, constant_step{0.1}));
  BOOST_TEST(plain({.workers = 1, .local_steps = 4}, asynchronous{1}));
}

BOOST_AUTO_TEST_CASE(without_a_tolerance_the_steps_on_other_objectives_are_plain) {
  problem const data(200, 6, 0.5);
  softmax_objective const g(data.dense, data.classes, 3, l2{0.1});
  quadratic const h({.spectrum = {1, 2}, .samples = 50, .variance = 1});
  for (std::size_t const k : {1u, 4u}) {
    settings const s{.workers = k, .evaluations = 2};
    BOOST_TEST(support::bits(minimize(g, s)) == support::bits(minimize(g, s, factored_sgd{})));
    BOOST_TEST(support::bits(minimize(h, s)) == support::bits(minimize(h, s, sgd{})));
  }
}
