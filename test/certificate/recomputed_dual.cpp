// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE certificate_recomputed_dual
#include "localsgd/certificate/recomputed_dual.hpp"

#include <algorithm>
#include <array>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <vector>

#include "localsgd/loss/huber.hpp"
#include "localsgd/loss/logistic.hpp"
#include "localsgd/objective/linear.hpp"
#include "localsgd/objective/sharded.hpp"
#include "localsgd/objective/softmax.hpp"
#include "localsgd/regularizer/box.hpp"
#include "localsgd/regularizer/elastic_net.hpp"
#include "localsgd/regularizer/group_l1.hpp"
#include "localsgd/regularizer/l1.hpp"
#include "localsgd/regularizer/l2.hpp"
#include "test/support/losses.hpp"
#include "test/support/proximal.hpp"
#include "test/support/teams.hpp"

using namespace localsgd;
using detail::full_gradient;
using detail::has_recomputed_dual;
using detail::penalized;
using detail::recomputed_dual;
using point = std::vector<double>;

namespace {

// F(x), and the bound on F(x) − F*, predicted and computed.
struct seen {
  double objective, predicted, bound;
};
template <class F>
seen bound_at(F const& f, std::vector<typename F::scalar> const& at, std::size_t workers = 3,
              std::size_t threads = 1) {
  plan const p = support::make_plan(f.samples(), f.dimension(), workers, 1);
  full_gradient pass(f, p);
  recomputed_dual<F> dual(f, p);
  detail::row_rounding<F> rounding;
  BOOST_TEST(dual.exists());
  std::span<typename F::scalar const> const x(at);
  seen out{};
  point gradient;
  support::with_team(workers, threads, [&](auto& team) {
    auto const value = pass(f, x, team);
    if (team.leads()) pass.write(static_cast<double>(f.samples()), gradient);
    team.barrier();
    point const sums(pass.totals().begin(), pass.totals().end());
    double const predicted = team.leads() ? dual.predict(x, gradient) : 0;
    rounding.measure(f, pass, team);
    double const bound = dual.bound(team, pass, x, value.objective, gradient, rounding,
                                    {.value = 0, .gradient = 1e-14, .sum = 1e-14});
    if (!team.leads()) return;
    out = {value.objective, predicted, bound};
    if (std::isfinite(value.objective)) BOOST_TEST(std::ranges::equal(pass.totals(), sums));  // as they were
  });
  return out;
}

// At random points, along proximal gradient steps, and at the minimiser. `same` is f, or what is
// compared with it: f in shards.
template <class F, class G>
void is_never_below_the_gap(F const& f, G const& same, std::uint64_t seed) {
  auto const minimiser = support::reference_minimiser(f, 6000);
  double const least = support::at(f, minimiser).value;
  bool const free = detail::has_free_intercept(f);
  auto const check = [&](point const& x) {
    auto const [objective, predicted, bound] = bound_at(same, x);
    BOOST_TEST(bound >= objective - least);
    BOOST_TEST((free || predicted <= bound));
    return bound;
  };
  support::for_each_probe(f, minimiser, seed, check);
  if constexpr (detail::proximal<F>)
    BOOST_TEST(check(minimiser) <= 1e-10 + 1e3 * support::least_slope(f, minimiser));
  else
    BOOST_TEST(check(minimiser) <= 1e-10 + 1e3 * support::norm(support::loss_gradient(f, minimiser)));
}

// 45 samples of 5 features, in 3 shards of different sizes.
struct data {
  std::size_t const n = 45, d = 5;
  dense_matrix<double> rows;
  std::vector<int> classes;
  point labels, reals, weights;
  std::uint64_t seed;

  explicit data(std::uint64_t number) : rows(support::random_features<double>(45, 5, number, 0.6)), seed(number) {
    support::numbers random(seed);
    for (std::size_t i = 0; i != n; ++i) {
      classes.push_back(static_cast<int>(random.below(i < 30 ? 3 : 4)));
      labels.push_back(random.sign());
      reals.push_back(random.on_grid());
      weights.push_back(static_cast<double>(random.below(4)));
    }
    weights[0] = 1;
  }
};

template <class Make>
void softmax_is_bounded(Make const& make, double intercept = 0) {
  for (std::uint64_t seed = 1; seed != 6; ++seed)
    for (double const strength : {0.1, 0.01}) {
      data const s(seed);
      softmax_options options{.intercept = intercept};
      if (seed % 2 == 0) options.weights = s.weights;
      softmax_objective const f(s.rows, s.classes, 4, make(strength), options);
      is_never_below_the_gap(f, f, seed);
    }
}

// A communicator of one process.
struct alone {
  static index_range carries(std::size_t workers) { return {0, workers}; }
  static void all_gather(auto, auto const& make) { make(); }
};

template <class L>
void shards_are_bounded(point const& y, data const& s, L const& loss, double strength, bool free,
                        point const& offset = {}) {
  struct part {
    dense_matrix<double> rows;
    point y, weights, offset;
  };
  std::vector<part> parts;
  for (std::size_t k = 0, first = 0; k != 3; ++k) {
    std::size_t const size = 10 + 5 * k;
    part p{dense_matrix<double>(std::array<std::size_t, 2>{size, s.d}, 0.0), {}, {}, {}};
    for (std::size_t i = 0; i != size; ++i) {
      for (std::size_t j = 0; j != s.d; ++j) p.rows(i, j) = s.rows(first + i, j);
      p.y.push_back(y[first + i]);
      p.weights.push_back(s.weights[first + i]);
      if (!offset.empty()) p.offset.push_back(offset[first + i]);
    }
    parts.push_back(p);
    first += size;
  }
  linear_objective const whole(s.rows, y, loss, l1{strength},
                               {.intercept = 1, .weights = s.weights, .offset = offset,
                                .regularize_intercept = !free});
  alone one;
  sharded_objective const f(one, 3, [&](std::size_t k) {
    return linear_objective(parts[k].rows, parts[k].y, loss, l1{strength},
                            {.intercept = 1, .weights = parts[k].weights, .offset = parts[k].offset,
                             .regularize_intercept = !free});
  });
  is_never_below_the_gap(whole, f, s.seed);
}

}  // namespace

BOOST_AUTO_TEST_CASE(softmax_with_l1_is_bounded) {
  softmax_is_bounded([](double strength) { return l1{strength}; });
}
BOOST_AUTO_TEST_CASE(softmax_with_free_intercepts_is_bounded) {
  softmax_is_bounded([](double strength) { return l1{strength}; }, 1);
  softmax_is_bounded([](double strength) { return group_l1::strided(20, 5, strength); }, 0.5);
}
BOOST_AUTO_TEST_CASE(softmax_with_free_intercepts_and_an_l2_penalty_is_bounded) {
  softmax_is_bounded([](double strength) { return l2{strength}; }, 1);
}
BOOST_AUTO_TEST_CASE(softmax_with_an_elastic_net_is_bounded) {
  softmax_is_bounded([](double strength) { return elastic_net{strength, 0.1 * strength}; });
}
BOOST_AUTO_TEST_CASE(softmax_with_classes_or_features_as_groups_is_bounded) {
  softmax_is_bounded([](double strength) { return group_l1::consecutive(20, 5, strength); });
  softmax_is_bounded([](double strength) { return group_l1::strided(20, 5, strength); });
}
BOOST_AUTO_TEST_CASE(softmax_in_a_box_is_bounded) {
  softmax_is_bounded([](double strength) { return box{-0.3, 2 * strength}; });
}

BOOST_AUTO_TEST_CASE(l1_in_shards_is_bounded) {
  for (std::uint64_t seed = 1; seed != 5; ++seed) {
    data const s(seed);
    for (double const strength : {0.1, 0.01}) {
      shards_are_bounded(s.labels, s, logistic{}, strength, seed % 2 == 0);
      shards_are_bounded(s.reals, s, huber{0.3}, strength, seed % 2 == 1, s.reals);
    }
  }
}

BOOST_AUTO_TEST_CASE(softmax_in_shards_is_bounded) {
  data const s(2);
  std::vector<dense_matrix<double>> rows;
  std::vector<std::vector<int>> classes;
  for (std::size_t k = 0; k != 3; ++k) {
    dense_matrix<double> part(std::array<std::size_t, 2>{15, s.d}, 0.0);
    for (std::size_t i = 0; i != 15; ++i)
      for (std::size_t j = 0; j != s.d; ++j) part(i, j) = s.rows(15 * k + i, j);
    rows.push_back(part);
    classes.emplace_back(s.classes.begin() + static_cast<std::ptrdiff_t>(15 * k),
                         s.classes.begin() + static_cast<std::ptrdiff_t>(15 * k + 15));
  }
  for (double const intercept : {0.0, 1.0}) {
    softmax_objective const whole(s.rows, s.classes, 4, l1{0.02}, {.intercept = intercept});
    alone one;
    sharded_objective const f(one, 3, [&](std::size_t k) {
      return softmax_objective(rows[k], classes[k], 4, l1{0.02}, {.intercept = intercept});
    });
    BOOST_TEST(f.classes() == 4U);
    BOOST_TEST(detail::penalized_coordinates(f) == 20U);
    is_never_below_the_gap(whole, f, 2);
  }
}

BOOST_AUTO_TEST_CASE(a_bound_by_hand) {
  // One sample of two classes, a = 1: F(x) = log(1 + e^(x_1 − x_0)) + λ(|x_0| + |x_1|), θ = (q_0 − 1, q_1).
  // At x = 0 and λ = 1/4, u = (1/2, −1/2): c = 1/2, cθ + e = (3/4, 1/4).
  dense_matrix<double> const a{{1}};
  std::vector<int> const y{0};
  softmax_objective const f(a, y, 2, l1{0.25});
  auto const s = bound_at(f, {0, 0}, 1);
  double const dual = -(0.75 * std::log(0.75) + 0.25 * std::log(0.25));
  BOOST_TEST(s.objective == std::log(2.0), boost::test_tools::tolerance(1e-15));
  BOOST_TEST(s.bound == std::log(2.0) - dual, boost::test_tools::tolerance(1e-11));
  // The minimum is where q_1 = 1/4: x_0 = log(3)/2 = −x_1.
  double const z = std::log(3.0) / 2;
  BOOST_TEST(bound_at(f, {z, -z}, 1).bound < 1e-12);
}

BOOST_AUTO_TEST_CASE(iterates_of_float_are_bounded_too) {
  data const s(3);
  softmax_objective const f(s.rows, s.classes, 4, l1{0.02});
  softmax_objective const narrow(s.rows, s.classes, 4, l1{0.02}, iterate_type<float>{});
  double const least = support::at(f, support::reference_minimiser(f, 6000)).value;
  auto const x = support::random_point<float>(20, 1);
  auto const near = bound_at(narrow, x);
  BOOST_TEST(near.bound >= near.objective - least);
  BOOST_TEST(near.bound == bound_at(f, point(x.begin(), x.end())).bound,
             boost::test_tools::tolerance(1e-6));
}

BOOST_AUTO_TEST_CASE(any_number_of_threads_makes_the_same_bits) {
  data const s(1);
  softmax_objective const f(s.rows, s.classes, 4, l1{0.05});
  auto const x = support::random_point(20, 3);
  double const one = bound_at(f, x, 3, 1).bound;
  for (std::size_t const threads : {2U, 3U}) BOOST_TEST(bound_at(f, x, 3, threads).bound == one);
}

BOOST_AUTO_TEST_CASE(numbers_that_are_not_finite_have_no_bound) {
  data const s(1);
  softmax_objective const f(s.rows, s.classes, 4, l1{0.05});
  for (double const bad : {support::not_a_number, support::infinity, 1e308}) {
    auto x = support::random_point(20, 3);
    x[4] = bad;
    BOOST_TEST(bound_at(f, x).bound == support::infinity);
  }
}

BOOST_AUTO_TEST_CASE(only_what_has_no_other_bound_is_recomputed) {
  using matrix = dense_matrix<double>;
  BOOST_TEST((has_recomputed_dual<softmax_objective<matrix, int, double, l1>>));
  BOOST_TEST((has_recomputed_dual<softmax_objective<matrix, int, float, group_l1>>));
  BOOST_TEST((has_recomputed_dual<sharded_objective<linear_objective<matrix, logistic, double, l1>>>));
  BOOST_TEST((!has_recomputed_dual<linear_objective<matrix, logistic, double, l1>>));
  BOOST_TEST((!has_recomputed_dual<linear_objective<matrix, logistic, double, l2>>));
}

BOOST_AUTO_TEST_CASE(a_strongly_convex_softmax_has_it_only_against_bounds_that_are_mostly_rounding) {
  data const s(1);
  softmax_objective const f(s.rows, s.classes, 4, l2{0.05});
  recomputed_dual<decltype(f)> dual(f, support::make_plan(45, 20, 1, 1));
  BOOST_TEST(dual.exists());
  auto const x = support::random_point(20, 2);
  auto const gradient = support::at(f, x).gradient;
  double const natural = support::norm(gradient) * support::norm(gradient) / 0.1;  // ‖∇f‖²/(2λ)
  auto const predicted = [&](double known) {
    return detail::predicted_fenchel_gap(support::norm(gradient) * support::norm(gradient), 0.05, known);
  };
  BOOST_TEST(predicted(natural * 1.5) == support::infinity);
  BOOST_TEST(predicted(natural * 2.5) == natural, boost::test_tools::tolerance(1e-9));
  BOOST_TEST(dual.predict(x, gradient) == natural, boost::test_tools::tolerance(1e-9));
  BOOST_TEST(bound_at(f, x).bound == natural, boost::test_tools::tolerance(1e-9));
  BOOST_TEST((!recomputed_dual<softmax_objective<dense_matrix<double>, int, double, l2>>(
                   softmax_objective(s.rows, s.classes, 4, l2{0}), support::make_plan(45, 20, 1, 1))
                   .exists()));
}
