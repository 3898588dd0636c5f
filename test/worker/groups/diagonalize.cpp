// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE worker_groups_diagonalize
#include "localsgd/worker/groups/diagonalize.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <vector>

#include "test/support/problems.hpp"

using localsgd::detail::diagonalize;
using vector = std::vector<double>;

BOOST_AUTO_TEST_CASE(two_by_two_by_hand) {
  // [2 1; 1 2] has the eigenvalues 1 and 3, with the eigenvectors (1, −1)/√2 and (1, 1)/√2.
  vector a{2, 1, 1, 2}, q(4, 7.0);
  diagonalize(a, q, 2);
  std::size_t const one = a[0] < a[3] ? 0 : 1, three = 1 - one;
  BOOST_TEST(a[one * 3] == 1, boost::test_tools::tolerance(1e-15));
  BOOST_TEST(a[three * 3] == 3, boost::test_tools::tolerance(1e-15));
  BOOST_TEST(q[one] == -q[2 + one], boost::test_tools::tolerance(1e-15));
  BOOST_TEST(q[three] == q[2 + three], boost::test_tools::tolerance(1e-15));
  BOOST_TEST(std::abs(q[one]) == std::sqrt(0.5), boost::test_tools::tolerance(1e-15));
}

BOOST_AUTO_TEST_CASE(the_eigenvectors_are_orthonormal_and_give_the_matrix_back) {
  for (std::size_t const s : {1U, 3U, 20U})
    for (std::size_t const rank : {std::size_t{1}, s, 2 * s}) {  // singular, too
      support::numbers random(s + rank);
      vector a(s * s), q(s * s, 7.0);
      for (std::size_t r = 0; r != rank; ++r) {
        vector row(s);
        for (double& each : row) each = random.on_grid();
        for (std::size_t i = 0; i != s; ++i)
          for (std::size_t j = 0; j != s; ++j) a[i * s + j] += row[i] * row[j];
      }
      vector const before = a;
      double const size = 1 + support::norm(before);
      diagonalize(a, q, s);
      for (std::size_t i = 0; i != s; ++i)
        for (std::size_t j = 0; j != s; ++j) {
          double product = 0, back = 0;
          for (std::size_t k = 0; k != s; ++k) {
            product += q[k * s + i] * q[k * s + j];
            back += q[i * s + k] * a[k * s + k] * q[j * s + k];
          }
          BOOST_TEST(std::abs(product - (i == j ? 1 : 0)) < 1e-13);
          BOOST_TEST(std::abs(back - before[i * s + j]) < 1e-13 * size);
          if (i != j) BOOST_TEST(std::abs(a[i * s + j]) < 1e-13 * size);
        }
    }
}

BOOST_AUTO_TEST_CASE(a_matrix_of_zeros_has_the_unit_vectors) {
  vector a(9), q(9, 7.0);
  diagonalize(a, q, 3);
  BOOST_TEST(q == (vector{1, 0, 0, 0, 1, 0, 0, 0, 1}), boost::test_tools::per_element());
}
