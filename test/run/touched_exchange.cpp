// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE run_touched_exchange
#include "localsgd/run/touched_exchange.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "localsgd/localsgd.hpp"
#include "test/support/problems.hpp"
#include "test/support/runs.hpp"
#include "test/support/sequences.hpp"
#include "test/support/teams.hpp"

using namespace localsgd;

namespace {

constexpr linear_sgd touched{exchanged_coordinates::touched}, all{exchanged_coordinates::all};

// n rows of d columns with few entries: two in the first 20 columns, where workers meet, and one
// anywhere.
struct few_entries {
  csr_matrix<double> features;
  std::vector<double> labels, reals;

  few_entries(std::size_t n, std::size_t d) {
    support::numbers random(n);
    std::vector<std::size_t> starts{0};
    std::vector<std::uint32_t> columns;
    std::vector<double> values;
    for (std::size_t i = 0; i != n; ++i) {
      std::size_t const at[3] = {random.below(10), 10 + random.below(10),
                                 20 + random.below(d - 20)};
      double z = 0;
      for (std::size_t const j : at) {
        columns.push_back(static_cast<std::uint32_t>(j));
        values.push_back(random.between(-1, 1));
        z += (j % 3 == 0 ? 1 : -0.5) * values.back();
      }
      starts.push_back(columns.size());
      reals.push_back(z + random.between(-0.3, 0.3));
      labels.push_back(reals.back() > 0 ? 1 : -1);
    }
    using support::problem;
    features = csr_matrix<double>(d, problem::vector_of(starts), problem::vector_of(columns),
                                  problem::vector_of(values));
  }
};

// The plan of a run, as far as it decides what is exchanged.
template <class F>
plan plan_of(F const& f, settings const& s) {
  plan p = support::make_plan(f.samples(), f.dimension(), s.workers, s.batch_size, s.seed);
  p.steps = s.steps;
  p.local_steps = s.local_steps;
  return p;
}
template <class F>
bool exchanges_what_is_touched(F const& f, settings const& s) {
  plan const p = plan_of(f, s);
  with_replacement const sampler;
  constant_step const step(1);
  return touched.bind(f, sampler, step, p, 0).touches_few();
}

// K = 2, 3, 8 and b = 1, 3: all exchange what is touched with 2000 columns.
template <class Check>
void with_every_team(Check const& check) {
  for (std::size_t const workers : {2U, 3U, 8U})
    for (std::size_t const b : {1U, 3U})
      check(settings{.workers = workers,
                     .local_steps = 3,
                     .batch_size = b,
                     .steps = 100,
                     .seed = 4,
                     .evaluations = 5});
}
constexpr std::size_t n = 150, d = 2000;

// Algorithm 1 by its definition, with the weights w_k: the last consensus and the average of all
// iterates. `syncs(t)`: whether there is an average after t steps.
struct by_the_book {
  std::vector<double> last, average;

  template <class F, class S, class E, class Syncs>
  by_the_book(F const& f, S const& sampler, E const& step, plan const& p,
              std::vector<double> const& weights, Syncs const& syncs)
      : last(p.dimension), average(p.dimension) {
    std::vector<std::vector<double>> x(p.workers, last);
    std::vector<std::size_t> batch(p.batch_size);
    double sum = 0;
    for (std::uint64_t t = 0; t != p.steps; ++t) {
      double const w = std::pow(step.shift() + static_cast<double>(t), 2);
      sum += w;
      for (std::size_t k = 0; k != p.workers; ++k) {
        sampler.draw(p, k, t, batch);
        auto const g = support::at(f, x[k], batch).gradient;
        for (std::size_t j = 0; j != p.dimension; ++j) {
          average[j] += weights[k] * w * x[k][j];
          x[k][j] -= step(t) * g[j];
        }
      }
      if (!syncs(t + 1) && t + 1 != p.steps) continue;
      last.assign(p.dimension, 0);
      for (std::size_t k = 0; k != p.workers; ++k)
        for (std::size_t j = 0; j != p.dimension; ++j) last[j] += weights[k] * x[k][j];
      for (auto& point : x) point = last;
    }
    for (double& e : average) e /= sum;
  }
};

// To rounding the same run: what is left of it, and what was seen on the way.
template <class R>
void check_alike(R const& a, R const& b, double tolerance) {
  BOOST_TEST(support::distance(a.x, b.x) <= tolerance);
  BOOST_TEST(support::distance(a.last, b.last) <= tolerance);
  BOOST_TEST(support::distance(a.average, b.average) <= tolerance);
  BOOST_TEST(support::relative_distance(a.objective, b.objective) <= tolerance);
  BOOST_TEST(a.rounds == b.rounds);
  BOOST_TEST(a.exchanges == b.exchanges);
  BOOST_REQUIRE(a.history.size() == b.history.size());
  for (std::size_t i = 0; i != a.history.size(); ++i) {
    BOOST_TEST(a.history[i].steps == b.history[i].steps);
    BOOST_TEST(support::relative_distance(a.history[i].objective, b.history[i].objective) <=
               tolerance);
    BOOST_TEST(support::relative_distance(a.history[i].drift, b.history[i].drift) <= tolerance);
    BOOST_TEST((a.history[i].drift > 0) == (i > 0));
  }
}

template <class R>
bool is_finite(R const& r) {
  auto const finite = [](auto const& v) {
    return std::all_of(v.begin(), v.end(), [](double e) { return std::isfinite(e); });
  };
  return finite(r.x) && finite(r.last) && finite(r.average);
}

// A sequence of which everything is known.
struct recorded_sequence {
  std::vector<double> v;
  std::vector<std::size_t> touches;
  std::vector<int> moves = std::vector<int>(v.size());

  bool touches_few() const { return true; }
  template <class Visit>
  void for_each_touched(std::size_t first, std::size_t last, Visit const& visit) const {
    for (std::size_t const j : touches)
      if (j >= first && j < last) visit(j);
  }
  double coordinate(std::size_t j) const { return v[j]; }
  void move(std::size_t j, double to) { v[j] = to, ++moves[j]; }
};

// The worker that sgd_then_svrg is made of, exchanging everything.
struct exchanging_all {
  template <LinearObjective F, Sampler S, StepSize E>
  auto bind(F const& f, S const& sampler, E const& step_size, plan const& p,
            std::size_t worker) const {
    return all.bind(f, sampler, step_size, p, worker);
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE(every_touched_coordinate_is_averaged_once) {
  static_assert(detail::TouchingSequence<recorded_sequence>);
  // Coordinates 1 and 16 by one worker, 8 by two of them and twice by one; the others agree.
  // Threads have whole cache lines, of 8 numbers each.
  auto const vector = [](double at_1, double at_8, double at_16) {
    std::vector<double> v(24, 7.0);
    v[1] = at_1, v[8] = at_8, v[16] = at_16;
    return v;
  };
  for (std::size_t const threads : {1U, 2U, 3U}) {
    std::vector<recorded_sequence> workers{{vector(1, 2, 0), {8, 1, 8}},
                                           {vector(0, 8, 4), {16, 8}},
                                           {vector(0, 0, 0), {}}};
    std::vector<double> const weights{0.5, 0.25, 0.25};
    detail::touched_exchange<std::vector<recorded_sequence>> exchange;
    exchange.start(24, 3);
    std::vector<char> finite(2 * threads);
    std::uint64_t bytes = 0;
    auto const round = [&](std::uint64_t number) {
      support::with_team(3, threads, [&](auto& team) {
        finite[team.thread()] = exchange(team, workers, weights, number) ? 1 : 0;
        if (team.leads()) bytes = team.sent().bytes;
      });
    };
    round(1);
    BOOST_TEST(std::count(finite.begin(), finite.end(), 1) == static_cast<int>(threads));
    for (auto const& each : workers) {
      BOOST_TEST((each.v == vector(0.5, 3, 1)));
      std::vector<int> moves(24);
      moves[1] = moves[8] = moves[16] = 1;
      BOOST_TEST((each.moves == moves));
    }
    BOOST_TEST(bytes == 2 * (3 - 1) * 3 * 12);  // 3 coordinates, to and from the 2 others
    // In the next round it starts again.
    for (auto& each : workers) each.touches.clear();
    workers[2].v[8] = 7, workers[2].touches = {8};
    round(2);
    for (auto const& each : workers) BOOST_TEST((each.v == vector(0.5, 4, 1)));
    BOOST_TEST(bytes == 2 * (3 - 1) * 12);
  }
}

BOOST_AUTO_TEST_CASE(an_average_that_is_not_finite_is_noticed_by_all) {
  for (double const bad : {support::not_a_number, support::infinity, -support::infinity})
    for (std::size_t const worker : {0U, 1U}) {
      std::vector<recorded_sequence> workers{{std::vector<double>(24, 1.0), {0, 8, 16}},
                                             {std::vector<double>(24, 1.0), {16}}};
      workers[worker].v[8] = bad;
      detail::touched_exchange<std::vector<recorded_sequence>> exchange;
      exchange.start(24, 2);
      std::vector<double> const weights{0.5, 0.5};
      std::vector<int> finite(2, 1);
      support::with_team(2, 2, [&](auto& team) {
        finite[team.thread()] = exchange(team, workers, weights, 1) ? 1 : 0;
      });
      BOOST_TEST((finite == std::vector<int>{0, 0}));
      BOOST_TEST(workers[1].v[16] == 1);
    }
}

namespace {

// The sequences of the first of two ranks, and its team, which receives a message from the other.
struct first_of_two : std::vector<recorded_sequence> {
  bool holds(std::size_t k) const { return k == 0; }
};
struct receiver {
  static constexpr bool one_process = false;
  std::vector<std::byte> message;

  index_range workers() const { return {0, 1}; }
  bool leads() const { return true; }
  void barrier() {}
  void all_gather_v(std::span<std::vector<std::byte>> messages) { messages[1] = message; }
  template <class Scalar>
  void start_reduce(std::span<std::span<double> const>, std::size_t) {}
  template <class Combine>
  bool finish_reduce(std::span<std::span<double> const>, std::span<double>, Combine const&) {
    return true;
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_message_with_other_coordinates_is_refused) {
  first_of_two workers;
  for (int k = 0; k != 2; ++k) workers.push_back({std::vector<double>(24, 1.0), {8}});
  std::vector<double> const weights{0.5, 0.5};
  detail::touched_exchange<first_of_two> exchange;
  exchange.start(24, 2);
  receiver team;
  detail::put(team.message, std::uint32_t{23});
  BOOST_TEST(exchange(team, workers, weights, 1));
  team.message.pop_back();  // three bytes of four
  BOOST_CHECK_THROW(exchange(team, workers, weights, 2), invalid_data);
  team.message.clear();
  detail::put(team.message, std::uint32_t{24});  // d = 24
  BOOST_CHECK_THROW(exchange(team, workers, weights, 3), invalid_data);
}

BOOST_AUTO_TEST_CASE(what_is_touched_is_exchanged_up_to_an_eighth_of_the_coordinates) {
  few_entries const data(n, d);
  settings s{.workers = 2, .local_steps = 3, .batch_size = 3};  // 8·2·3·3 rows of 3: 432
  auto const at = [&](std::size_t columns, settings const& with) {
    few_entries const some(n, columns);
    linear_objective const f(some.features, some.labels, logistic{}, l2{});
    return exchanges_what_is_touched(f, with);
  };
  BOOST_TEST(at(432, s));
  BOOST_TEST(!at(431, s));
  s.workers = 1;  // there is nothing to exchange
  BOOST_TEST(!at(d, s));
  s.workers = 2;
  linear_objective const narrow(data.features, data.labels, logistic{}, l2{}, {},
                                iterate_type<float>{});
  BOOST_TEST(!exchanges_what_is_touched(narrow, s));
}

BOOST_AUTO_TEST_CASE(the_touched_coordinates_are_those_of_the_samples_of_the_stretch) {
  few_entries const data(n, d);
  for (double const intercept : {0.0, 1.0})
    for (std::size_t const b : {1U, 3U}) {
      linear_objective const f(data.features, data.labels, logistic{}, l2{0.1},
                               {.intercept = intercept, .regularize_intercept = true});
      plan const p = plan_of(f, {.workers = 3, .local_steps = 5, .batch_size = b});
      with_replacement const sampler;
      constant_step const step(0.1);
      auto sequence = touched.bind(f, sampler, step, p, 1);
      for (auto const& [from, to] : {std::pair{0U, 5U}, std::pair{5U, 6U}, std::pair{6U, 11U}}) {
        std::vector<int> expected(f.dimension()), got(expected);
        std::vector<std::size_t> samples((to - from) * b);
        sampler.draw(p, 1, from, samples);
        for (std::size_t const i : samples)
          for (std::size_t const j : data.features.row(i).indices) expected[j] = 1;
        if (intercept != 0) expected.back() = 1;
        sequence.advance(from, to);
        for (std::size_t first = 0; first < f.dimension(); first += 700)
          sequence.for_each_touched(first, std::min(first + 700, f.dimension()),
                                    [&](std::size_t j) { got[j] = j >= first ? 1 : -1; });
        BOOST_TEST((got == expected));
      }
    }
}

BOOST_AUTO_TEST_CASE(a_move_leaves_no_trace_in_the_average) {
  few_entries const data(n, d);
  linear_objective const f(data.features, data.labels, logistic{}, l2{0.1},
                           {.intercept = 1, .regularize_intercept = true});
  plan const p = plan_of(f, {.workers = 3, .local_steps = 5});
  with_replacement const sampler;
  constant_step const step(0.5);
  auto sequence = touched.bind(f, sampler, step, p, 1);
  sequence.advance(0, 5);
  auto const before = support::state_of<double>(sequence, d + 1);
  double const scale = std::pow(1 - 0.5 * 0.1, 5);
  for (std::size_t const j : {std::size_t{3}, std::size_t{15}, d}) {
    BOOST_TEST(std::abs(scale * sequence.coordinate(j) - before.x[j]) <= 1e-15);
    sequence.move(j, 2 + static_cast<double>(j));
    BOOST_TEST(sequence.coordinate(j) == 2 + static_cast<double>(j));
  }
  auto const after = support::state_of<double>(sequence, d + 1);
  BOOST_TEST(support::distance(after.average, before.average) <= 1e-12);
  std::vector<double> part(7);
  sequence.write(10, std::span(part));
  for (std::size_t j = 0; j <= d; ++j) {
    bool const moved = j == 3 || j == 15 || j == d;
    double const expected = moved ? scale * (2 + static_cast<double>(j)) : before.x[j];
    BOOST_TEST(after.x[j] == expected, boost::test_tools::tolerance(4e-15));
    if (j >= 10 && j < 17) BOOST_TEST(part[j - 10] == after.x[j]);
  }
}

// None, one that is regularised, and a free one.
linear_options const every_intercept[] = {
    {}, {.intercept = 1, .regularize_intercept = true}, {.intercept = 1}};

BOOST_AUTO_TEST_CASE(to_exchange_what_is_touched_gives_the_bits_of_exchanging_all) {
  few_entries const data(n, d);
  thread_pool pools[] = {thread_pool{1}, thread_pool{2}, thread_pool{3}, thread_pool{5},
                         thread_pool{8}};
  with_every_team([&](settings const& s) {
    for (linear_options const& options : every_intercept) {
      linear_objective const f(data.features, data.labels, logistic{}, l2{0.01}, options);
      BOOST_TEST(exchanges_what_is_touched(f, s));
      auto const dense = minimize(f, s, all, serial{}), sparse = minimize(f, s, touched, serial{});
      auto const expected = support::bits_without_bytes(dense);
      BOOST_TEST((support::bits_without_bytes(sparse) == expected));
      BOOST_TEST(sparse.bytes < dense.bytes / 4);
      for (auto& pool : pools)
        BOOST_TEST((support::bits(minimize(f, s, touched, pool)) == support::bits(sparse)));
      BOOST_TEST((support::bits_without_bytes(minimize(f, s, all, pools[2])) == expected));
    }
  });
}

BOOST_AUTO_TEST_CASE(to_exchange_what_is_touched_is_sgd_to_rounding) {
  few_entries const data(n, d);
  theory_step const step(0.01, 1000);
  with_every_team([&](settings const& s) {
    for (linear_options const& options : every_intercept) {
      linear_objective const f(data.features, data.labels, logistic{}, l2{0.01}, options);
      check_alike(minimize(f, s, serial{}, step), minimize(f, s, serial{}, step, sgd{}), 1e-12);
    }
  });
}

BOOST_AUTO_TEST_CASE(the_last_consensus_and_the_average_are_those_of_algorithm_1) {
  few_entries const data(n, d);
  inverse_time_step const step(0.5, 0.01);
  with_every_team([&](settings const& s) {
    linear_objective const f(data.features, data.reals, squared{}, l2{0.1},
                             {.intercept = 0.5, .regularize_intercept = true});
    std::vector<double> const weights(s.workers, 1 / static_cast<double>(s.workers));
    by_the_book const expected(f, with_replacement{}, step, plan_of(f, s), weights,
                               [](std::uint64_t t) { return t % 3 == 0; });
    auto const r = minimize(f, s, step, thread_pool{2});
    BOOST_TEST(support::distance(r.last, expected.last) <= 1e-12);
    BOOST_TEST(support::distance(r.average, expected.average) <= 1e-12);
    BOOST_TEST(support::norm(expected.last) > 0.1);
  });
}

BOOST_AUTO_TEST_CASE(to_look_on_the_way_does_not_change_the_run) {
  few_entries const data(n, d);
  linear_objective const f(data.features, data.labels, logistic{}, l2{0.01},
                           {.intercept = 1, .regularize_intercept = true});
  with_every_team([&](settings s) {
    auto const looked = minimize(f, s, thread_pool{2});
    BOOST_TEST(looked.history.size() == 7);
    s.evaluations = 0;
    auto const not_looked = minimize(f, s, thread_pool{2});
    BOOST_TEST(not_looked.history.size() == 2);
    BOOST_TEST((looked.last == not_looked.last));
    BOOST_TEST((looked.average == not_looked.average));
    BOOST_TEST((looked.x == not_looked.x));
    BOOST_TEST(looked.objective == not_looked.objective);
    BOOST_TEST(looked.history.back().drift == not_looked.history.back().drift);
  });
}

BOOST_AUTO_TEST_CASE(scales_that_fold_between_the_rounds_are_no_different) {
  // 1 − ηλ: of 400 steps without an assignment every few fold, with the last factor none. A scale
  // that is not positive makes −0 of the 0 of a coordinate that nobody touched: an equal number, of
  // other bits.
  few_entries const data(n, d);
  linear_objective const f(data.features, data.labels, logistic{}, l2{0.5});
  for (double const factor : {0.1, -0.5, 0.0, -0.1, -0.99})
    for (std::size_t const workers : {2U, 8U}) {
      settings const s{.workers = workers, .local_steps = 2, .steps = 400, .evaluations = 3};
      constant_step const step((1 - factor) / 0.5);
      auto const r = minimize(f, s, step, touched, serial{});
      BOOST_TEST_CONTEXT("factor " << factor << ", K = " << workers) {
        check_alike(r, minimize(f, s, step, sgd{}, serial{}), 1e-12);
        for (std::size_t const threads : {1U, 3U}) {
          auto const other = minimize(f, s, step, all, thread_pool{threads});
          check_alike(other, r, 0);
          if (factor > 0) BOOST_TEST((support::bits_without_bytes(other) == support::bits_without_bytes(r)));
          BOOST_TEST((support::bits_without_bytes(minimize(f, s, step, touched, thread_pool{threads})) ==
                      support::bits_without_bytes(r)));
        }
      }
    }
}

BOOST_AUTO_TEST_CASE(scales_that_grow_are_no_different) {
  few_entries const data(n, d);
  linear_objective const f(data.features, data.labels, logistic{}, l2{1});
  settings const s{.workers = 3, .local_steps = 2, .steps = 80};
  constant_step const step(2.25);  // 1.25^80 is 6e7, and folds at every 31st step
  auto const r = minimize(f, s, step, touched, serial{});
  auto const expected = minimize(f, s, step, sgd{}, serial{});
  BOOST_TEST(support::norm(expected.last) > 1e6);
  BOOST_TEST(support::distance(r.last, expected.last) <= 1e-12);
  BOOST_TEST(support::distance(r.average, expected.average) <= 1e-12);
  check_alike(minimize(f, s, step, all, thread_pool{2}), r, 0);
}

BOOST_AUTO_TEST_CASE(growing_rounds_are_no_different) {
  few_entries const data(n, d);
  linear_objective const f(data.features, data.labels, logistic{}, l2{0.1},
                           {.intercept = 1, .regularize_intercept = true});
  with_every_team([&](settings const& s) {
    growing const schedule(2, 3);
    constant_step const step(0.2);
    auto const r = minimize(f, s, schedule, step, touched, serial{});
    check_alike(r, minimize(f, s, schedule, step, sgd{}, serial{}), 1e-12);
    for (std::size_t const threads : {2U, 5U})
      BOOST_TEST((support::bits_without_bytes(minimize(f, s, schedule, step, all, thread_pool{threads})) ==
                  support::bits_without_bytes(r)));
  });
}

BOOST_AUTO_TEST_CASE(shards_of_different_sizes_keep_their_weights) {
  few_entries const data(n, d);
  linear_objective const f(data.features, data.labels, logistic{}, l2{0.1});
  settings const s{.workers = 3, .local_steps = 3, .batch_size = 2, .steps = 120, .evaluations = 4};
  sharded<> const sampler(std::vector<std::size_t>{90, 20, 40});
  constant_step const step(0.2);
  auto const r = minimize(f, s, sampler, weighted_mean{}, step, touched, serial{});
  check_alike(r, minimize(f, s, sampler, weighted_mean{}, step, sgd{}, serial{}), 1e-12);
  for (std::size_t const threads : {2U, 3U})
    BOOST_TEST((support::bits_without_bytes(minimize(f, s, sampler, weighted_mean{}, step, all,
                                       thread_pool{threads})) == support::bits_without_bytes(r)));
  by_the_book const expected(f, sampler, step, plan_of(f, s), {90 / 150.0, 20 / 150.0, 40 / 150.0},
                             [](std::uint64_t t) { return t % 3 == 0; });
  BOOST_TEST(support::distance(r.last, expected.last) <= 1e-12);
  BOOST_TEST(support::distance(r.average, expected.average) <= 1e-12);
  auto const plain = minimize(f, s, sampler, step, touched, serial{});
  BOOST_TEST(support::distance(r.last, plain.last) > 1e-3);
}

BOOST_AUTO_TEST_CASE(divergence_is_a_result) {
  few_entries const data(n, d);
  linear_objective const f(data.features, data.reals, squared{}, l2{0.1});
  for (std::size_t const evaluations : {0U, 5U}) {
    settings const s{.workers = 3, .local_steps = 3, .steps = 3000, .evaluations = evaluations};
    constant_step const step(1e6);
    auto const r = minimize(f, s, step, touched, serial{});
    BOOST_TEST(exchanges_what_is_touched(f, s));
    BOOST_TEST((r.reason == stop_reason::diverged));
    BOOST_TEST(!r.usable());
    BOOST_TEST(r.steps < 300);
    BOOST_TEST(is_finite(r));
    for (std::size_t const threads : {1U, 2U, 3U})
      BOOST_TEST(
          (support::bits_without_bytes(minimize(f, s, step, touched, thread_pool{threads})) == support::bits_without_bytes(r)));
    BOOST_TEST((support::bits_without_bytes(minimize(f, s, step, all, serial{})) == support::bits_without_bytes(r)));
  }
}

BOOST_AUTO_TEST_CASE(points_that_overflow_between_the_rounds_are_never_the_answer) {
  // Here the penalty diverges, and with it coordinates that no row has touched for long.
  few_entries const data(n, d);
  linear_objective const f(data.features, data.labels, logistic{}, l2{1});
  for (std::uint64_t steps = 130; steps != 180; ++steps) {  // 99^154 is 1e308
    settings const s{.workers = 2, .local_steps = 1, .steps = steps};
    auto const r = minimize(f, s, constant_step{100}, touched, serial{});
    BOOST_TEST(is_finite(r), "after " << steps << " steps");
    BOOST_TEST(r.objective > 0);
    if (steps > 160) BOOST_TEST((r.reason == stop_reason::diverged));
  }
}

BOOST_AUTO_TEST_CASE(a_run_to_a_tolerance_starts_with_what_is_touched_and_changes_over) {
  few_entries const data(400, 4000);
  linear_objective const f(data.features, data.labels, logistic{}, l2{1e-2},
                           {.intercept = 1, .regularize_intercept = true});
  for (std::size_t const workers : {3U, 8U}) {
    settings const s{.workers = workers, .local_steps = 4, .tolerance = 1e-8};
    BOOST_TEST(exchanges_what_is_touched(f, s));
    auto const r = minimize(f, s, serial{});
    BOOST_TEST((r.reason == stop_reason::tolerance_reached));
    BOOST_TEST(r.certificate <= 1e-8);
    BOOST_TEST(r.gradients > workers * r.steps);  // there were anchors
    for (std::size_t const threads : {1U, 2U, 3U, 5U, 8U})
      BOOST_TEST((support::bits_without_bytes(minimize(f, s, thread_pool{threads})) == support::bits_without_bytes(r)));

    settings const limited{.workers = workers, .local_steps = 4, .epochs = 100, .tolerance = 1e-8};
    auto const one = minimize(f, limited, sgd_then_svrg<linear_sgd>{}, thread_pool{2});
    auto const other = minimize(f, limited, sgd_then_svrg<exchanging_all>{}, thread_pool{2});
    BOOST_TEST((support::bits_without_bytes(one) == support::bits_without_bytes(other)));
    BOOST_TEST((support::bits_without_bytes(one) == support::bits_without_bytes(r)));
  }
}
