// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE evaluation_full_gradient
#include "localsgd/evaluation/full_gradient.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <mutex>
#include <span>
#include <type_traits>
#include <vector>

#include "localsgd/evaluation/sparse_sum.hpp"
#include "localsgd/loss/huber.hpp"
#include "localsgd/loss/logistic.hpp"
#include "localsgd/loss/poisson.hpp"
#include "localsgd/loss/squared.hpp"
#include "localsgd/objective/linear.hpp"
#include "localsgd/objective/quadratic.hpp"
#include "localsgd/objective/softmax.hpp"
#include "test/support/problems.hpp"
#include "test/support/runs.hpp"
#include "test/support/teams.hpp"

namespace {

using localsgd::dense_matrix;
using localsgd::huber;
using localsgd::index_range;
using localsgd::iterate_type;
using localsgd::l2;
using localsgd::linear_objective;
using localsgd::linear_options;
using localsgd::logistic;
using localsgd::poisson;
using localsgd::squared;
using localsgd::detail::full_gradient;
using localsgd::detail::sparse_sum;
using localsgd::detail::thread_team;
using support::layouts;

// What an evaluation gives: on the first thread the values, and on every thread the sum.
struct evaluated {
  full_gradient::value value;
  std::vector<double> sum, slopes;
  double last = 0;
};

// Evaluates f at x for K workers on a team.
template <class F>
evaluated evaluate(F const& f, std::vector<typename F::scalar> const& x, std::size_t workers,
                   std::size_t threads = 1, bool wants_slopes = false) {
  auto const p = support::make_plan(f.samples(), f.dimension(), workers, 1);
  full_gradient pass(p);
  evaluated out;
  if (wants_slopes) out.slopes.assign(f.samples(), support::not_a_number);
  std::mutex one_at_a_time;
  support::with_team(workers, threads, [&](auto& team) {
    auto const value =
        pass(f, std::span<typename F::scalar const>(x), team, std::span<double>(out.slopes));
    std::scoped_lock const lock(one_at_a_time);
    if (!team.leads()) {
      BOOST_TEST(value.objective == 0);
      BOOST_TEST(value.squared_gradient_norm == 0);
      return;
    }
    out.value = value;
    out.sum.assign(pass.sum().begin(), pass.sum().end());
    out.last = pass.last();
  });
  return out;
}

template <class F>
double worst_against_single_samples(F const& f, std::vector<typename F::scalar> const& x,
                                    std::size_t workers) {
  // One sample at a time: the mean of f_i and of ∇f_i, in more than double precision.
  std::vector<long double> sum(f.dimension());
  long double objective = 0;
  for (std::size_t i = 0; i != f.samples(); ++i) {
    auto const one = support::at(f, x, {i});
    objective += one.value;
    for (std::size_t j = 0; j != sum.size(); ++j) sum[j] += one.gradient[j];
  }
  double const n = static_cast<double>(f.samples());
  evaluated const got = evaluate(f, x, workers);
  double const square = std::pow(support::norm(sum) / n, 2);
  return std::max(
      {support::relative_distance(got.sum, sum),
       support::relative_distance(got.value.objective, static_cast<double>(objective / n)),
       support::relative_distance(got.last, static_cast<double>(objective)),
       support::relative_distance(got.value.squared_gradient_norm, square)});
}

// 300 samples: several blocks of 64 in a part, and a rest.
constexpr std::size_t n = 300, d = 13;
constexpr double lambda = 0.05;

// Calls check(f) for linear models with one layout and type of x.
template <class Matrix, class Scalar, class Check>
void with_every_model(Check const& check) {
  auto const features = support::features<Matrix>(n, d, 0.4);
  auto const signs = support::random_signs(n, 3);
  auto reals = support::random_point(n, 4);
  auto counts = reals;
  for (double& e : counts) e = std::floor(std::abs(e) * 3);
  support::numbers random(9);
  std::vector<double> weights(n);
  for (double& w : weights) w = static_cast<double>(random.below(4));
  iterate_type<Scalar> const type;
  auto const offset = support::random_point(n, 5);
  for (linear_options options :
       {linear_options{}, linear_options{.intercept = 1.5, .regularize_intercept = true},
        linear_options{.intercept = 1.5}})
    for (bool const weighted : {false, true}) {
      if (weighted) {
        options.weights = weights;
        options.offset = offset;
      }
      check(linear_objective(features, signs, logistic{}, l2{lambda}, options, type));
      check(linear_objective(features, reals, squared{}, l2{}, options, type));
      check(linear_objective(features, reals, huber{0.5}, l2{lambda}, options, type));
      check(linear_objective(features, counts, poisson{}, l2{lambda}, options, type));
    }
}

}  // namespace

BOOST_AUTO_TEST_CASE_TEMPLATE(of_a_linear_model_it_is_the_mean_over_all_samples, Matrix, layouts) {
  with_every_model<Matrix, double>([](auto const& f) {
    for (std::size_t const workers : {1U, 3U, 8U}) {
      auto const x = support::random_point(f.dimension(), workers);
      BOOST_TEST(worst_against_single_samples(f, x, workers) <= 1e-13);
    }
  });
}

BOOST_AUTO_TEST_CASE_TEMPLATE(points_of_float_are_evaluated_in_double, Matrix, layouts) {
  with_every_model<Matrix, float>([](auto const& f) {
    auto const x = support::random_point<float>(f.dimension(), 2);
    // The single gradients are rounded to float; these sums are not.
    BOOST_TEST(worst_against_single_samples(f, x, 3) <= 1e-6);
  });
  auto const features = support::features<Matrix>(n, d, 0.4);
  auto const signs = support::random_signs(n, 3);
  linear_objective const narrow(features, signs, logistic{}, l2{lambda}, {}, iterate_type<float>{});
  linear_objective const wide(features, signs, logistic{}, l2{lambda});
  auto const x = support::random_point<float>(d, 2);  // on the grid: the same in both
  auto const a = evaluate(narrow, x, 3);
  auto const b = evaluate(wide, std::vector<double>(x.begin(), x.end()), 3);
  BOOST_TEST(support::relative_distance(a.sum, b.sum) <= 1e-14);
  BOOST_TEST(support::relative_distance(a.value.objective, b.value.objective) <= 1e-14);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(slopes_are_the_derivatives_at_the_predictions, Matrix, layouts) {
  with_every_model<Matrix, double>([](auto const& f) {
    auto const x = support::random_point(f.dimension(), 6);
    for (std::size_t const workers : {1U, 3U}) {
      auto const got = evaluate(f, x, workers, 1, true);
      double squares = 0;
      for (std::size_t i = 0; i != n; ++i) {
        double z = localsgd::detail::dot(localsgd::detail::row_of(f.features(), i), x.data());
        if (f.intercept() != 0) z += f.intercept() * x.back();
        if (!f.offsets().empty()) z += f.offsets()[i];
        double const slope = f.loss().derivative(z, f.target(i));  // without the sample's weight
        BOOST_TEST(std::abs(got.slopes[i] - slope) <= 1e-14 * (1 + std::abs(slope)));
        squares += f.scale(i) * slope * slope / static_cast<double>(n);
      }
      BOOST_TEST(std::abs(got.value.squared_slopes - squares) <= 1e-13 * squares);
      auto const without = evaluate(f, x, workers);
      BOOST_TEST((without.sum == got.sum));  // to ask for them changes nothing
      BOOST_TEST(without.value.objective == got.value.objective);
    }
  });
}

BOOST_AUTO_TEST_CASE(sums_that_are_kept_survive_other_sums) {
  localsgd::quadratic const f({.spectrum = {1, 2, 5}, .samples = 20, .variance = 1});
  auto const p = support::make_plan(f.samples(), f.dimension(), 4, 1);
  std::vector<double> const x{1, 2, 3};
  for (std::size_t const threads : {1u, 3u}) {
    full_gradient pass(p);
    support::with_team(p.workers, threads, [&](auto& team) {
      pass(f, std::span<double const>(x), team);
      std::vector<double> before;
      if (team.leads()) before.assign(pass.totals().begin(), pass.totals().end());
      pass.keeping_sums(team, [&] {
        pass.each_part(team, [](index_range samples, std::span<double> sum) {
          sum[0] += static_cast<double>(samples.size());
        });
        if (team.leads()) BOOST_TEST(pass.totals()[0] == 20);
      });
      if (team.leads()) BOOST_TEST(std::ranges::equal(pass.totals(), before));
    });
  }
}

BOOST_AUTO_TEST_CASE(of_any_objective_it_is_the_mean_over_all_samples) {
  // 1000 samples are more than a call of 256, and parts of 334 are not a multiple of it.
  support::problem const data(1000, 7);
  support::custom const mine{&data.dense, &data.reals};
  localsgd::softmax_objective const softmax(data.dense, data.classes, 3, l2{lambda});
  localsgd::quadratic const oracle({.spectrum = {0.5, 3, 8}, .samples = 50, .minimum = -2});
  for (std::size_t const workers : {1U, 3U, 8U}) {
    BOOST_TEST(worst_against_single_samples(mine, support::random_point(7, 1), workers) <= 1e-13);
    auto const x = support::random_point(softmax.dimension(), 1);
    BOOST_TEST(worst_against_single_samples(softmax, x, workers) <= 1e-13);
    BOOST_TEST(worst_against_single_samples(oracle, support::random_point(3, 1), workers) <= 1e-13);
  }
}

BOOST_AUTO_TEST_CASE(a_linear_model_is_evaluated_like_any_other_objective) {
  support::problem const data(1000, 7);
  linear_objective const linear(data.dense, data.reals, squared{}, l2{});
  support::custom const mine{&data.dense, &data.reals};
  auto const x = support::random_point(7, 1);
  auto const a = evaluate(linear, x, 4), b = evaluate(mine, x, 4);
  BOOST_TEST(support::relative_distance(a.sum, b.sum) <= 1e-13);
  BOOST_TEST(support::relative_distance(a.value.objective, b.value.objective) <= 1e-13);
}

BOOST_AUTO_TEST_CASE(the_number_of_threads_changes_no_bit) {
  support::problem const data(500, 37, 0.3);
  auto const check = [](auto const& f, bool slopes) {
    auto const x =
        support::random_point<typename std::decay_t<decltype(f)>::scalar>(f.dimension(), 8);
    for (std::size_t const workers : {5U, 8U}) {
      auto const expected = evaluate(f, x, workers, 1, slopes);
      for (std::size_t const threads : {1U, 2U, 3U, 5U}) {
        auto const got = evaluate(f, x, workers, threads, slopes);
        BOOST_TEST((got.sum == expected.sum));
        BOOST_TEST((got.slopes == expected.slopes));
        BOOST_TEST(got.last == expected.last);
        BOOST_TEST(got.value.objective == expected.value.objective);
        BOOST_TEST(got.value.squared_gradient_norm == expected.value.squared_gradient_norm);
      }
    }
  };
  check(linear_objective(data.sparse, data.labels, logistic{}, l2{lambda},
                         {.intercept = 1, .regularize_intercept = true}),
        true);
  check(linear_objective(data.dense, data.reals, squared{}, l2{lambda}), true);
  check(linear_objective(data.dense, data.reals, squared{}, l2{}, {}, iterate_type<float>{}), true);
  check(support::custom{&data.dense, &data.reals}, false);
}

BOOST_AUTO_TEST_CASE(each_part_adds_up_what_every_sample_adds) {
  std::size_t const samples = 101;
  for (std::size_t const workers : {1U, 2U, 7U, 200U})
    for (std::size_t const threads : {1U, 2U, 5U}) {
      full_gradient pass(support::make_plan(samples, 3, workers, 1));
      std::vector<int> seen(samples);
      // Twice: nothing is left of the first time.
      for (double const factor : {5.0, 1.0})
        support::with_team(workers, threads, [&](auto& team) {
          pass.each_part(team, [&](index_range part, std::span<double> sum) {
            for (std::size_t i = part.first; i != part.last; ++i) {
              ++seen[i];  // by one thread only
              sum[0] += factor;
              sum[2] += factor * static_cast<double>(i);
              sum[3] += factor * static_cast<double>(i * i);
            }
          });
          // Every thread may look at once.
          if (team.thread() + 1 != team.threads()) return;
          BOOST_TEST(pass.sum().size() == 3);
          BOOST_TEST(pass.sum()[0] == factor * 101);
          BOOST_TEST(pass.sum()[1] == 0);
          BOOST_TEST(pass.sum()[2] == factor * 100 * 101 / 2);
          BOOST_TEST(pass.last() == factor * 100 * 101 * 201 / 6);
        });
      BOOST_TEST((seen == std::vector<int>(samples, 2)));
    }
}

BOOST_AUTO_TEST_CASE(parts_depend_on_the_problem_and_on_K_only_and_no_chain_is_longer_than_said) {
  struct shape {
    std::size_t samples, dimension, workers, parts;
    double flops = 0;
  };
  std::size_t const mebi = std::size_t{1} << 20;
  for (shape const& s : {shape{1000, 3, 8, 8},         // one for each worker
                         shape{5, 3, 8, 5},            // none is empty
                         shape{1000, 3, 500, 64},      // at most 64
                         shape{1000, mebi / 8, 8, 3},  // of 4 MiB
                         shape{1000, mebi, 8, 2},      // or 2 vectors
                         shape{1000, 3, 8, 8, 3},      // of dense rows
                         shape{1000, 10000, 8, 5, 50}, // as much work as numbers in a part
                         shape{1000, 10000, 8, 2, 5}})
    for (std::size_t const threads : {1U, 3U}) {
      auto p = support::make_plan(s.samples, s.dimension, s.workers, 1);
      p.flops_per_sample = s.flops;
      full_gradient pass(p);
      std::mutex one_at_a_time;
      std::size_t parts = 0, longest = 0, covered = 0;
      support::with_team(s.workers, threads, [&](auto& team) {
        pass.each_part(team, [&](index_range part, std::span<double>) {
          std::scoped_lock const lock(one_at_a_time);
          ++parts;
          covered += part.size();
          longest = std::max(longest, part.size());
        });
      });
      BOOST_TEST(parts == s.parts);
      BOOST_TEST(covered == s.samples);
      BOOST_TEST(longest + parts <= pass.chain());
    }
}

BOOST_AUTO_TEST_CASE(numbers_that_overflow_are_passed_on) {
  support::problem const data(50, 4);
  linear_objective const f(data.dense, data.reals, squared{}, l2{lambda});
  auto const got = evaluate(f, {1e200, 0, 0, 0}, 3);
  BOOST_TEST(got.value.objective == support::infinity);
  auto const lost = evaluate(f, {support::not_a_number, 0, 0, 0}, 3);
  BOOST_TEST(std::isnan(lost.value.objective));
  BOOST_TEST(std::isnan(lost.value.squared_gradient_norm));
}

BOOST_AUTO_TEST_CASE(sparse_messages_take_fewer_bytes_and_change_no_bit) {
  support::problem const data(60, 2001, 0.02), full(20, 301);  // 40 features a row, and all
  auto const check = [&](auto const& f, bool fewer) {
    auto x = support::random_point<double>(f.dimension(), 8);
    auto const p = support::make_plan(f.samples(), f.dimension(), 4, 1);
    for (std::size_t const threads : {1U, 3U}) {
      full_gradient plain(p), sparse(p);
      sparse_sum<> sum(sparse.parts());
      sparse.send_sparse<thread_team>(sum);
      support::with_team(4, threads, [&](auto& team) {
        auto const first = plain(f, std::span<double const>(x), team);
        auto const plain_bytes = team.sent().bytes;
        auto const second = sparse(f, std::span<double const>(x), team);
        if (!team.leads()) return;
        BOOST_TEST(first.objective == second.objective);
        BOOST_TEST(first.squared_gradient_norm == second.squared_gradient_norm);
        BOOST_TEST(std::ranges::equal(plain.totals(), sparse.totals()));
        auto const sparse_bytes = team.sent().bytes - plain_bytes;
        if (fewer)
          BOOST_TEST(10 * sparse_bytes < 8 * plain_bytes);
        else
          BOOST_TEST(sparse_bytes == plain_bytes);
        BOOST_TEST(team.sent().exchanges == 2U);
      });
    }
  };
  check(linear_objective(data.sparse, data.labels, logistic{}, l2{lambda}), true);
  check(linear_objective(data.sparse, data.labels, logistic{}, l2{lambda}, {.intercept = 1}), true);
  check(support::custom{&data.dense, &data.reals}, true);  // whatever the layout
  check(linear_objective(full.dense, full.reals, squared{}, l2{lambda}), false);
}

BOOST_AUTO_TEST_CASE(the_gradient_is_written_as_a_mean) {
  dense_matrix<double> const a{{1, 2}, {3, 4}};
  std::vector<double> const y{0, 0}, x{1, 1};
  linear_objective const f(a, y, squared{}, l2{2});
  full_gradient pass(f, support::make_plan(2, 2, 1, 1));
  std::vector<double> mean(7, support::not_a_number);
  support::with_team(1, 1, [&](auto& team) {
    pass(f, std::span<double const>(x), team);
    pass.write(2, mean);
  });
  BOOST_REQUIRE(mean.size() == 2);  // (3·(1, 2) + 7·(3, 4))/2 + 2·(1, 1)
  BOOST_TEST(mean[0] == 14.0);
  BOOST_TEST(mean[1] == 19.0);
}
