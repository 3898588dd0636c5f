// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE kernels_spectral_bound
#include "localsgd/kernels/spectral_bound.hpp"

#include <algorithm>
#include <array>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <vector>

#include "test/support/problems.hpp"

namespace {

using localsgd::csr_matrix;
using localsgd::dense_matrix;
using localsgd::detail::factored_bound;
using localsgd::detail::magnitude_bound;
using localsgd::detail::second_moments;
using localsgd::detail::spectral_bound;
using support::infinity;
using support::layouts;
using matrix = std::vector<std::vector<double>>;

constexpr double nothing_affordable = 0, everything_affordable = 1e9;

double all_equal(std::size_t) { return 1; }
double rising(std::size_t i) { return 0.25 + static_cast<double>(i % 5); }

// λ_max of a symmetric matrix by Jacobi rotations, which do not stop too early.
double largest_eigenvalue_of(matrix a) {
  std::size_t const d = a.size();
  for (int sweep = 0; sweep != 60; ++sweep)
    for (std::size_t p = 0; p != d; ++p)
      for (std::size_t q = p + 1; q != d; ++q) {
        if (a[p][q] == 0) continue;
        double const angle = 0.5 * std::atan2(2 * a[p][q], a[q][q] - a[p][p]);
        double const c = std::cos(angle), s = std::sin(angle);
        for (std::size_t k = 0; k != d; ++k) {
          double const kp = a[k][p], kq = a[k][q];
          a[k][p] = c * kp - s * kq;
          a[k][q] = s * kp + c * kq;
        }
        for (std::size_t k = 0; k != d; ++k) {
          double const pk = a[p][k], qk = a[q][k];
          a[p][k] = c * pk - s * qk;
          a[q][k] = s * pk + c * qk;
        }
      }
  double largest = 0;
  for (std::size_t j = 0; j != d; ++j) largest = std::max(largest, a[j][j]);
  return largest;
}

template <class Value, class Scale>
double exactly(dense_matrix<Value> const& a, double intercept, Scale const& scale) {
  std::size_t const n = a.shape(0), columns = a.shape(1), d = columns + (intercept != 0 ? 1 : 0);
  matrix m(d, std::vector<double>(d));
  auto const at = [&](std::size_t i, std::size_t j) {
    return j == columns ? intercept : static_cast<double>(a(i, j));
  };
  for (std::size_t i = 0; i != n; ++i)
    for (std::size_t j = 0; j != d; ++j)
      for (std::size_t k = 0; k != d; ++k)
        m[j][k] += scale(i) * at(i, j) * at(i, k) / static_cast<double>(n);
  return largest_eigenvalue_of(m);
}

template <class Value>
dense_matrix<Value> magnitudes(dense_matrix<Value> a) {
  for (Value& e : a) e = std::abs(e);
  return a;
}

}  // namespace

BOOST_AUTO_TEST_CASE_TEMPLATE(formed_and_factored_it_is_exact_to_1e_6, Matrix, layouts) {
  using value = typename Matrix::value_type;
  for (std::size_t const d : {1U, 2U, 7U, 40U})
    for (double const intercept : {0.0, 1.5}) {
      auto const dense = support::random_features<value>(60, d, d, 0.5);
      auto const a = support::in_layout<Matrix>(dense);
      double const exact = exactly(dense, intercept, rising);
      double const bound = spectral_bound(a, intercept, rising, everything_affordable);
      BOOST_TEST(bound >= exact);
      // If eigenvalues are close, power iteration ends slightly below the largest.
      BOOST_TEST(bound <= exact * (1 + 5e-6));
    }
}

BOOST_AUTO_TEST_CASE_TEMPLATE(magnitudes_bound_it_and_are_tight_without_signs, Matrix, layouts) {
  using value = typename Matrix::value_type;
  for (std::size_t const d : {1U, 2U, 7U, 40U})
    for (double const intercept : {0.0, -1.5}) {
      auto const dense = support::random_features<value>(60, d, d, 0.5);
      auto const a = support::in_layout<Matrix>(dense);
      BOOST_TEST(spectral_bound(a, intercept, rising, nothing_affordable) >=
                 exactly(dense, intercept, rising));
      auto const positive = magnitudes(dense);
      double const exact = exactly(positive, std::abs(intercept), rising);
      double const bound = spectral_bound(support::in_layout<Matrix>(positive),
                                          std::abs(intercept), rising, nothing_affordable);
      BOOST_TEST(bound >= exact);
      BOOST_TEST(bound <= exact * (1 + 1.1e-3));
    }
}

BOOST_AUTO_TEST_CASE(of_rank_one_both_are_equal_to_it) {
  dense_matrix<double> a(std::array<std::size_t, 2>{10, 4});
  for (std::size_t i = 0; i != 10; ++i)
    for (std::size_t j = 0; j != 4; ++j)
      a(i, j) = (i % 2 == 0 ? 1 : -1) * static_cast<double>((i + 1) * (j + 1));
  double const exact = 38.5 * 30;  // Σ i²/10 · Σ j²
  for (double const affordable : {nothing_affordable, everything_affordable}) {
    double const bound = spectral_bound(a, 0, all_equal, affordable);
    BOOST_TEST(bound >= exact);
    BOOST_TEST(bound == exact, boost::test_tools::tolerance(2e-6));
  }
}

BOOST_AUTO_TEST_CASE(features_that_share_no_row_do_not_blur_each_other) {
  // Three blocks, with eigenvalues 100/3, 1e-6/3 and 2/3 (a tie), and a feature that no row has.
  dense_matrix<double> a(std::array<std::size_t, 2>{6, 6}, 0.0);
  a(0, 0) = 6, a(0, 1) = 8;
  a(1, 2) = 1e-3;
  a(2, 3) = a(3, 4) = std::sqrt(2.0);
  second_moments const m(a, 0.0, all_equal);
  double const exact = 100.0 / 6;
  BOOST_TEST(magnitude_bound(m, infinity, 200) >= exact);
  BOOST_TEST(magnitude_bound(m, infinity, 200) == exact, boost::test_tools::tolerance(1e-3));
  BOOST_TEST(factored_bound(m, infinity) >= exact);
  BOOST_TEST(factored_bound(m, infinity) == exact, boost::test_tools::tolerance(2e-6));
}

BOOST_AUTO_TEST_CASE(every_iterate_bounds_and_more_of_them_bound_better) {
  auto const a = magnitudes(support::random_features<double>(30, 12, 5, 0.2));
  second_moments const m(a, 0.0, all_equal);
  double const exact = exactly(a, 0, all_equal);
  double before = infinity;
  for (int iterations = 1; iterations != 12; ++iterations) {
    double const bound = magnitude_bound(m, infinity, iterations);
    BOOST_TEST(bound >= exact);
    BOOST_TEST(bound <= before);
    before = bound;
  }
  BOOST_TEST(before < magnitude_bound(m, infinity, 1));
}

BOOST_AUTO_TEST_CASE(neither_is_worse_than_the_trace) {
  // Rows ± along the axes: no two features occur together, and λ_max is the largest diagonal element.
  dense_matrix<double> a{{3, 0, 0}, {0, -2, 0}, {0, 0, 1}};
  second_moments const m(a, 0.0, all_equal);
  BOOST_TEST(m.trace() == 14.0 / 3, boost::test_tools::tolerance(1e-15));
  BOOST_TEST(magnitude_bound(m, 2.5, 200) == 2.5);
  BOOST_TEST(factored_bound(m, 2.5) == 2.5);
  BOOST_TEST(magnitude_bound(m, m.trace(), 200) == 3, boost::test_tools::tolerance(1e-3));
}

BOOST_AUTO_TEST_CASE(the_work_of_forming_is_counted) {
  auto const a = support::random_features<double>(9, 5, 3, 0.5);
  double entries_squared = 0;
  for (std::size_t i = 0; i != 9; ++i) {
    double entries = 1;  // the intercept
    for (std::size_t j = 0; j != 5; ++j) entries += a(i, j) != 0 ? 1 : 0;
    entries_squared += entries * entries;
  }
  auto const sparse = localsgd::to_csr(a);
  BOOST_TEST(second_moments(sparse, 1.0, all_equal).forming_work() == entries_squared);
  BOOST_TEST(second_moments(a, 0.0, all_equal).forming_work() == 9 * 25.0);
}

BOOST_AUTO_TEST_CASE(nothing_and_too_much_are_passed_on) {
  dense_matrix<double> const none(std::array<std::size_t, 2>{3, 2}, 0.0);
  dense_matrix<double> const huge(std::array<std::size_t, 2>{3, 2}, 1e200);
  for (double const affordable : {nothing_affordable, everything_affordable}) {
    BOOST_TEST(spectral_bound(none, 0, all_equal, affordable) == 0);
    BOOST_TEST(spectral_bound(huge, 0, all_equal, affordable) == infinity);
  }
}
