// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE kernels_power_iteration
#include "localsgd/kernels/power_iteration.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <span>
#include <tuple>
#include <vector>

#include "test/support/problems.hpp"

namespace {

using localsgd::csr_matrix;
using localsgd::dense_matrix;
using localsgd::detail::largest_eigenvalue;
using localsgd::detail::moments_of;
using layouts = std::tuple<dense_matrix<float>, csr_matrix<double>>;

double of_diagonal(std::vector<double> const& eigenvalues, double tolerance, int iterations) {
  auto const apply = [&](std::span<double const> v, std::span<double> out) {
    for (std::size_t i = 0; i != v.size(); ++i) out[i] = eigenvalues[i] * v[i];
  };
  return largest_eigenvalue(eigenvalues.size(), apply, tolerance, iterations);
}

double all_equal(std::size_t) { return 1; }
auto const settled = boost::test_tools::tolerance(1e-7);  // iterations end at changes of 1e-8

}  // namespace

BOOST_AUTO_TEST_CASE(the_largest_eigenvalue_of_a_diagonal_is_its_largest_element) {
  BOOST_TEST(of_diagonal({1, 7, 3}, 1e-8, 300) == 7, settled);
  BOOST_TEST(of_diagonal({1e-30, 7e-30, 3e-30}, 1e-8, 300) == 7e-30, settled);
  BOOST_TEST(of_diagonal({1e30, 7e30, 3e30}, 1e-8, 300) == 7e30, settled);
}

BOOST_AUTO_TEST_CASE(equal_eigenvalues_are_found_at_once) {
  BOOST_TEST(of_diagonal({5, 5, 5, 5}, 0, 1) == 5, boost::test_tools::tolerance(1e-15));
  BOOST_TEST(of_diagonal({5}, 0, 1) == 5, boost::test_tools::tolerance(1e-15));
}

BOOST_AUTO_TEST_CASE(estimates_come_from_below) {
  std::vector<double> close(50);
  for (std::size_t i = 0; i != 50; ++i) close[i] = 1 - 0.001 * static_cast<double>(i);
  double before = 0;
  for (int iterations = 1; iterations != 60; ++iterations) {
    double const estimate = of_diagonal(close, 0, iterations);
    BOOST_TEST(estimate >= before);
    BOOST_TEST(estimate <= 1 + 1e-15);  // ‖Av‖ <= λ_max‖v‖, and ‖v‖ = 1 to rounding
    before = estimate;
  }
}

BOOST_AUTO_TEST_CASE(a_map_to_zero_has_the_eigenvalue_zero) {
  BOOST_TEST(of_diagonal({0, 0, 0}, 1e-8, 300) == 0);
}

BOOST_AUTO_TEST_CASE(a_map_that_overflows_has_an_infinite_eigenvalue) {
  BOOST_TEST(of_diagonal({1e308, 1e308}, 1e-8, 300) == support::infinity);
}

BOOST_AUTO_TEST_CASE(random_directions_have_length_1_and_differ_by_lane) {
  for (std::size_t const d : {1U, 2U, 100U}) {
    auto const v = localsgd::detail::random_direction(d);
    BOOST_TEST(support::norm(v) == 1, boost::test_tools::tolerance(1e-14));
    BOOST_TEST((localsgd::detail::random_direction(d, 1) != v));
  }
}

BOOST_AUTO_TEST_CASE_TEMPLATE(the_moments_of_orthogonal_rows_are_known, Matrix, layouts) {
  using value = typename Matrix::value_type;
  auto const a =
      support::in_layout<Matrix>(dense_matrix<value>{{3, 0, 0}, {0, 4, 0}, {0, 0, 0}, {0, 0, -1}});
  auto const m = moments_of(a, 0, all_equal, 4, 4, 1e-8, 300);
  BOOST_TEST(m.spectral == 16.0 / 4, settled);
  BOOST_TEST(m.typical == (81.0 + 256 + 1) / (9 + 16 + 1), boost::test_tools::tolerance(1e-15));
  BOOST_TEST(m.largest == 16);
  // Scaled by √s_i: s = (10, 1, 1, 1).
  auto const scaled = moments_of(
      a, 0, [](std::size_t i) { return i == 0 ? 10.0 : 1.0; }, 4, 4, 1e-8, 300);
  BOOST_TEST(scaled.spectral == 90.0 / 4, settled);
  BOOST_TEST(scaled.largest == 90);
}

BOOST_AUTO_TEST_CASE(an_intercept_is_a_constant_feature) {
  dense_matrix<double> const a{{3}, {-3}};  // with a 2 appended: orthogonal columns
  auto const m = moments_of(a, 2, all_equal, 2, 2, 1e-8, 300);
  BOOST_TEST(m.spectral == 9, settled);
  BOOST_TEST(m.largest == 13);
  BOOST_TEST(m.typical == 13);
  BOOST_TEST(moments_of(a, 4, all_equal, 2, 2, 1e-8, 300).spectral == 16, settled);
}

BOOST_AUTO_TEST_CASE(a_part_of_the_rows_stands_for_all_of_them) {
  dense_matrix<double> a(std::array<std::size_t, 2>{1000, 2}, 0.0);
  for (std::size_t i = 0; i != 1000; ++i) a(i, 0) = 2;
  auto const m = moments_of(a, 0, all_equal, 10, 10, 1e-8, 300);
  BOOST_TEST(m.spectral == 4, settled);  // a mean over the sampled rows, not a sum
  // The other moments cover all requested rows, including those outside that sample.
  a(1, 1) = 100;
  BOOST_TEST(moments_of(a, 0, all_equal, 10, 1000, 1e-8, 300).largest == 10004);
}

BOOST_AUTO_TEST_CASE(rows_of_zeros_have_no_moments) {
  dense_matrix<double> const a(std::array<std::size_t, 2>{3, 2}, 0.0);
  auto const m = moments_of(a, 0, all_equal, 3, 3, 1e-8, 300);
  BOOST_TEST(m.spectral == 0);
  BOOST_TEST(m.typical == 0);
  BOOST_TEST(m.largest == 0);
}

BOOST_AUTO_TEST_CASE(a_typical_row_is_the_largest_if_squared_norms_have_no_squares) {
  for (double const size : {0x1p400, 0x1p-400}) {  // its fourth power is not a double
    dense_matrix<double> const a{{size, 0}, {0, size / 2}};
    auto const m = moments_of(a, 0, all_equal, 2, 2, 1e-8, 300);
    BOOST_TEST(m.largest == size * size);
    BOOST_TEST(m.typical == m.largest);
  }
}
