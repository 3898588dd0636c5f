// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE kernels_packed_cholesky
#include "localsgd/kernels/packed_cholesky.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

using localsgd::detail::factor_packed;
using localsgd::detail::packed_size;
using localsgd::detail::solve_packed;

BOOST_AUTO_TEST_CASE(the_factor_of_a_matrix_of_small_integers_is_exact) {
  // L = (2 0 0; 1 3 0; −1 2 1), A = LLᵀ
  std::vector<double> a{4, 2, 10, -2, 5, 6};
  BOOST_TEST(factor_packed(a, 3));
  BOOST_TEST((a == std::vector<double>{2, 1, 3, -1, 2, 1}));
  std::vector<double> b{-2, 2, 5};  // A·(1, −1, 2)
  solve_packed(a, b);
  BOOST_TEST((b == std::vector<double>{1, -1, 2}));
}

BOOST_AUTO_TEST_CASE(the_solution_of_any_size_solves_the_system) {
  for (std::size_t n = 1; n != 40; ++n) {
    // a_ij = min(i, j) + 1, whose inverse is the second difference: A·x = (1, 0, …, 0) has the
    // solution (2, −1, 0, …), or (1) for n = 1.
    std::vector<double> a(packed_size(n)), b(n);
    for (std::size_t i = 0; i != n; ++i)
      for (std::size_t j = 0; j <= i; ++j) a[packed_size(i) + j] = static_cast<double>(j + 1);
    b[0] = 1;
    BOOST_TEST(factor_packed(a, n));
    solve_packed(a, b);
    std::vector<double> expected(n);
    expected[0] = n == 1 ? 1 : 2;
    if (n > 1) expected[1] = -1;
    BOOST_TEST((b == expected));
  }
}

BOOST_AUTO_TEST_CASE(a_matrix_that_is_not_positive_definite_is_refused) {
  double const nan = std::numeric_limits<double>::quiet_NaN();
  for (std::vector<double> a : {std::vector<double>{1, 2, 4}, {1, 2, 3}, {-1, 0, 1}, {1, nan, 1},
                                {std::numeric_limits<double>::infinity(), 0, 1}})
    BOOST_TEST(!factor_packed(a, 2));
}

BOOST_AUTO_TEST_CASE(no_equations_have_a_solution) {
  std::vector<double> a, b;
  BOOST_TEST(factor_packed(a, 0));
  solve_packed(a, b);
  BOOST_TEST(b.empty());
}
