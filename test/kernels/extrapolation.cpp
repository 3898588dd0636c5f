// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE kernels_extrapolation
#include "localsgd/kernels/extrapolation.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "test/support/problems.hpp"

namespace {

using localsgd::detail::extrapolation;
using real = long double;

double all_alike(std::size_t) { return 1; }

// T(x) = p + M(x − p) with M = diag(0.9, −0.7, 0.5, …): the residual at x is (M − I)(x − p).
struct linear_map {
  std::vector<double> fixed_point;

  explicit linear_map(std::size_t d) : fixed_point(support::random_point(d, 99)) {}

  static double slope(std::size_t j) {
    return (j % 2 == 0 ? 0.9 : -0.7) / (1 + 0.4 * static_cast<double>(j));
  }
  std::vector<double> operator()(std::vector<double> const& x) const {
    auto out = fixed_point;
    for (std::size_t j = 0; j != x.size(); ++j) out[j] += slope(j) * (x[j] - fixed_point[j]);
    return out;
  }
  // Σ c_i r_i of an estimate Σ c_i T(x_i), Σ c_i = 1: T is affine and M diagonal.
  std::vector<double> combined_residual(std::vector<double> const& estimate) const {
    std::vector<double> out(estimate.size());
    for (std::size_t j = 0; j != out.size(); ++j)
      out[j] = (slope(j) - 1) / slope(j) * (estimate[j] - fixed_point[j]);
    return out;
  }
};

// The minimisation problem of the estimate, by definition: A and b of ‖r + Σ c_i Δ_i‖²,
// Δ_i = r_i − r, with r the last residual, and with weights.
struct least_squares {
  std::vector<std::vector<real>> a;
  std::vector<real> b;
  real constant = 0, trace = 0;

  template <class Weight>
  least_squares(std::vector<std::vector<double>> const& residuals, Weight const& weight) {
    std::size_t const size = residuals.size() - 1, d = residuals[0].size();
    auto const& last = residuals.back();
    a.assign(size, std::vector<real>(size));
    b.assign(size, 0);
    for (std::size_t j = 0; j != d; ++j) {
      real const w = weight(j), r = last[j];
      constant += w * r * r;
      for (std::size_t i = 0; i != size; ++i) {
        b[i] -= w * (residuals[i][j] - r) * r;
        for (std::size_t k = 0; k != size; ++k)
          a[i][k] += w * (residuals[i][j] - r) * (residuals[k][j] - r);
      }
    }
    for (std::size_t i = 0; i != size; ++i) trace += a[i][i];
  }

  // Gaussian elimination with pivoting: c* with A c* = b.
  std::vector<real> minimiser() const {
    auto m = a;
    auto c = b;
    std::size_t const size = c.size();
    for (std::size_t i = 0; i != size; ++i) {
      std::size_t pivot = i;
      for (std::size_t k = i; k != size; ++k)
        if (std::abs(m[k][i]) > std::abs(m[pivot][i])) pivot = k;
      std::swap(m[i], m[pivot]), std::swap(c[i], c[pivot]);
      for (std::size_t k = 0; k != size; ++k) {
        if (k == i) continue;
        real const factor = m[k][i] / m[i][i];
        for (std::size_t l = i; l != size; ++l) m[k][l] -= factor * m[i][l];
        c[k] -= factor * c[i];
      }
    }
    for (std::size_t i = 0; i != size; ++i) c[i] /= m[i][i];
    return c;
  }
  // ‖r + Σ c_i Δ_i‖² at its minimiser.
  real least(std::vector<real> const& c) const {
    real value = constant;
    for (std::size_t i = 0; i != c.size(); ++i) {
      value -= 2 * b[i] * c[i];
      for (std::size_t k = 0; k != c.size(); ++k) value += a[i][k] * c[i] * c[k];
    }
    return std::max<real>(value, 0);
  }
};

template <class Weight>
double weighted_square(std::vector<double> const& v, Weight const& weight) {
  double sum = 0;
  for (std::size_t j = 0; j != v.size(); ++j) sum += weight(j) * v[j] * v[j];
  return sum;
}

std::vector<double> difference(std::vector<double> a, std::vector<double> const& b) {
  for (std::size_t j = 0; j != a.size(); ++j) a[j] -= b[j];
  return a;
}

// One call, with arbitrary previous contents of `out`.
template <class Scalar, class Weight>
std::pair<bool, std::vector<Scalar>> call(extrapolation& history, std::vector<Scalar> const& start,
                                          std::vector<Scalar> const& end, Weight const& weight) {
  std::vector<Scalar> out(end.size(), Scalar{17});
  std::vector<double> steps(end.size());
  for (std::size_t j = 0; j != steps.size(); ++j) steps[j] = 1 / weight(j);
  bool const estimated = history(std::span<Scalar const>(start), std::span<Scalar const>(end),
                                 std::span<double const>(steps), std::span<Scalar>(out));
  return {estimated, out};
}
template <class Scalar>
auto call(extrapolation& history, std::vector<Scalar> const& start,
          std::vector<Scalar> const& end) {
  return call(history, start, end, all_alike);
}

}  // namespace

BOOST_AUTO_TEST_CASE(steps_of_equal_length_are_not_continued_to_infinity) {
  extrapolation history;
  for (int k = 0; k != 8; ++k) {
    std::vector<double> const start{0.1 * k, 1}, end{0.1 * (k + 1), 1};
    auto const [estimated, out] = call(history, start, end);
    BOOST_TEST(!estimated);
    BOOST_TEST((out == end));
  }
}

BOOST_AUTO_TEST_CASE(a_single_pair_is_no_estimate_its_end_is_copied) {
  extrapolation history;
  std::vector<double> const start{1, 2, 3}, end{4, -5, 6};
  auto const [estimated, out] = call(history, start, end);
  BOOST_TEST(!estimated);
  BOOST_TEST((out == end));
}

BOOST_AUTO_TEST_CASE(two_pairs_of_a_map_on_the_line_are_the_secant_method) {
  // T(x) = 0.9x + 1 has the fixed point 10. The combination of r(0) = 1 and r(2) = 0.8 that
  // vanishes has c = (−4, 5); with the ridge the result has a relative error of 1e-6.
  extrapolation history;
  call<double>(history, {0}, {1});
  auto const [estimated, out] = call<double>(history, {2}, {2.8});
  BOOST_TEST(estimated);
  BOOST_TEST(std::abs(out[0] - 10) <= 1e-6 * 4 * 1.8 * 1.01);
  BOOST_TEST(std::abs(out[0] - 10) >= 1e-6 * 4 * 1.8 * 0.99);
}

BOOST_AUTO_TEST_CASE(the_residual_of_the_estimate_is_the_least_but_for_the_ridge) {
  // In up to 3 dimensions the residuals can vanish, in more they can only be minimised. A penalised
  // minimiser c has ‖Σ c_i r_i‖² ≤ ‖Σ c*_i r_i‖² + ridge·‖c*‖² for every c*.
  auto const uneven = [](std::size_t j) {
    return j % 3 == 0 ? 0.25 : 1.0 + static_cast<double>(j);
  };
  int seen = 0, vanished = 0;
  for (std::size_t const d : {1U, 2U, 3U, 6U, 20U})
    for (std::uint64_t seed = 0; seed != 20; ++seed) {
      auto const check = [&, d, seed](auto const& weight) {
        linear_map const map(d);
        extrapolation history;
        std::vector<std::vector<double>> residuals;
        std::size_t const pairs = std::min<std::size_t>(d + 1, 5);
        for (std::size_t i = 0; i != pairs; ++i) {
          auto const x = support::random_point(d, 100 * seed + i);
          auto const [estimated, out] = call(history, x, map(x), weight);
          residuals.push_back(difference(map(x), x));
          BOOST_TEST(estimated == (i > 0));
          if (!estimated) continue;

          least_squares const problem(residuals, weight);
          auto const best = problem.minimiser();
          real size = 0;
          for (real const c : best) size += c * c;
          real const least = problem.least(best), slack = 1e-6L * problem.trace * size;
          double const reached = weighted_square(map.combined_residual(out), weight);
          real const rounding = 1e-12L * (problem.constant + problem.trace * size);
          BOOST_TEST(reached <= least + slack + rounding);
          BOOST_TEST(reached >= least - rounding);  // it is not below the minimum
          if (i != d) continue;  // otherwise as many differences as dimensions: least = 0
          ++seen;
          if (reached <= 1e-3 * weighted_square(residuals.back(), weight)) ++vanished;
        }
      };
      check(all_alike);
      check(uneven);
    }
  BOOST_TEST(seen == 3 * 20 * 2);
  BOOST_TEST(vanished >= 0.9 * seen);  // except if the starts happen to be nearly dependent
}

BOOST_AUTO_TEST_CASE(the_estimate_of_a_linear_map_is_far_closer_to_the_fixed_point) {
  // As in a run: the estimate is the next start.
  for (std::size_t const d : {2U, 3U, 4U}) {
    linear_map const map(d);
    extrapolation history;
    std::vector<double> x(d);
    auto plain = x;
    for (int i = 0; i != 10; ++i) {
      x = call(history, x, map(x)).second;
      plain = map(plain);
    }
    BOOST_TEST(support::euclidean_distance(x, map.fixed_point) <=
               1e-6 * support::euclidean_distance(plain, map.fixed_point));
  }
}

BOOST_AUTO_TEST_CASE(a_pair_at_the_fixed_point_is_copied) {
  std::vector<double> const at{1, 2, 3};
  extrapolation history;
  for (int i = 0; i != 8; ++i) {
    auto const [estimated, out] = call(history, at, at);
    BOOST_TEST(!estimated);
    BOOST_TEST((out == at));
  }
}

BOOST_AUTO_TEST_CASE(equal_residuals_are_no_use_and_the_end_is_copied) {
  extrapolation history;
  for (double const at : {0.0, 1.0, 5.0}) {  // a shift has no fixed point
    std::vector<double> const end{at + 1, at - 1};
    auto const [estimated, out] = call<double>(history, {at, at}, end);
    BOOST_TEST(!estimated);
    BOOST_TEST((out == end));
  }
}

BOOST_AUTO_TEST_CASE(numbers_that_are_not_finite_are_copied) {
  for (double const bad : {support::not_a_number, support::infinity, -support::infinity}) {
    extrapolation history;
    call<double>(history, {1, 2}, {3, 4});
    auto const [estimated, out] = call<double>(history, {1, 3}, {bad, 4});
    BOOST_TEST(!estimated);
    BOOST_TEST(!std::isfinite(out[0]));
    BOOST_TEST(out[1] == 4);
    std::vector<double> const end{5, 6};  // and it stays in the history for some calls
    BOOST_TEST(!call<double>(history, {2, 2}, end).first);
    BOOST_TEST((call<double>(history, {2, 3}, end).second == end));
    history.clear();
    call<double>(history, {1, 2}, {3, 4});
    BOOST_TEST((call<double>(history, {2, 2}, {3, 2}).first));
  }
}

BOOST_AUTO_TEST_CASE(without_step_sizes_all_residuals_count_alike) {
  linear_map const map(11);
  extrapolation with, without;
  for (std::uint64_t seed = 0; seed != 5; ++seed) {
    auto const x = support::random_point(11, seed);
    auto const end = map(x);
    auto const expected = call(with, x, end).second;
    std::vector<double> out(end.size());
    without(std::span<double const>(x), std::span<double const>(end), std::span<double const>(),
            std::span<double>(out));
    BOOST_TEST((out == expected));
  }
}

BOOST_AUTO_TEST_CASE(clear_forgets_all_pairs) {
  linear_map const map(3);
  extrapolation used, fresh;
  for (std::uint64_t seed = 0; seed != 7; ++seed) {
    auto const x = support::random_point(3, seed);
    call(used, x, map(x));
  }
  used.clear();
  for (std::uint64_t seed = 20; seed != 28; ++seed) {
    auto const x = support::random_point(3, seed);
    auto const [one, out] = call(used, x, map(x));
    auto const [other, expected] = call(fresh, x, map(x));
    BOOST_TEST(one == (seed > 20));
    BOOST_TEST(one == other);
    BOOST_TEST((out == expected));
  }
}

BOOST_AUTO_TEST_CASE(the_last_five_pairs_count) {
  std::size_t const d = 9;  // more than pairs, so that each pair matters
  linear_map const map(d);
  auto const estimate_from = [&](std::uint64_t first) {
    extrapolation history;
    std::vector<double> out;
    for (std::uint64_t seed = first; seed != 20; ++seed) {
      auto const x = support::random_point(d, seed);
      out = call(history, x, map(x)).second;
    }
    return out;
  };
  auto const of_five = estimate_from(15);
  for (std::uint64_t first = 0; first != 15; ++first) BOOST_TEST((estimate_from(first) == of_five));
  BOOST_TEST((estimate_from(16) != of_five));
}

// A flow towards 1 changes x by −(x − 1)/2 per unit of time. In two units from 4 it ends at 1, and in one
// from 3 at 2. Per unit these changes are −1.5 and −1: −1.5c − (1 − c) = 0 for c = −2, and
// −2·(4 − 1.5) + 3·2 = 1. With −3 and −1 as they are, the estimate would be 2.5.
BOOST_AUTO_TEST_CASE(changes_in_different_numbers_of_steps_are_scaled_to_one_map) {
  std::vector<double> const starts{4, 3}, ends{1, 2};
  std::span<double const> const start(starts), end(ends), equal;
  double estimate = 0;
  std::span<double> const out(&estimate, 1);
  extrapolation history;
  BOOST_TEST(!history(start.first(1), end.first(1), equal, out, 0.5));
  BOOST_TEST(estimate == 1);  // the end as it is
  BOOST_TEST(history(start.last(1), end.last(1), equal, out, 1.0));
  BOOST_TEST(estimate == 1, boost::test_tools::tolerance(1e-4));  // small residuals are damped
}

BOOST_AUTO_TEST_CASE(in_float_the_estimate_is_that_of_the_same_numbers_in_double_rounded) {
  std::size_t const d = 7;
  extrapolation narrow, wide;
  linear_map const map(d);
  for (std::uint64_t seed = 0; seed != 9; ++seed) {
    auto const x = support::random_point<float>(d, seed);
    auto const exact = map(std::vector<double>(x.begin(), x.end()));
    std::vector<float> end(d);
    std::ranges::transform(exact, end.begin(), [](double e) { return static_cast<float>(e); });
    auto const [one, out] = call(narrow, x, end);
    auto const [other, expected] = call(wide, std::vector<double>(x.begin(), x.end()),
                                        std::vector<double>(end.begin(), end.end()));
    BOOST_TEST(one == (seed > 0));
    BOOST_TEST(other == one);
    for (std::size_t j = 0; j != d; ++j) BOOST_TEST(out[j] == static_cast<float>(expected[j]));
  }
}
