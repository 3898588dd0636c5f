// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE kernels_cholesky
#include "localsgd/kernels/cholesky.hpp"

#include <array>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>

#include "test/support/problems.hpp"

namespace {

constexpr std::size_t most = 5;
using system_of_five = localsgd::detail::small_system<most>;

// A = BᵀB + I, random and well-conditioned, and b = A·x for a random x.
struct random_system {
  system_of_five system;
  std::array<double, most> x{};

  random_system(std::size_t size, std::uint64_t seed) {
    support::numbers random(seed);
    double factor[most][most];
    for (auto& row : factor)
      for (double& e : row) e = random.on_grid();
    for (double& e : x) e = random.on_grid();
    system.size = size;
    for (std::size_t i = 0; i != size; ++i)
      for (std::size_t j = 0; j != size; ++j) {
        system.a[i][j] = i == j ? 1 : 0;
        for (auto const& row : factor) system.a[i][j] += row[i] * row[j];
        system.b[i] += system.a[i][j] * x[j];
      }
  }
};

system_of_five system_of(double a00, double a01, double a11) {
  system_of_five s;
  s.size = 2;
  s.a[0][0] = a00, s.a[0][1] = s.a[1][0] = a01, s.a[1][1] = a11;
  s.b = {1, 1};
  return s;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_positive_definite_system_is_solved) {
  for (std::size_t size = 0; size <= most; ++size)
    for (std::uint64_t seed = 0; seed != 50; ++seed) {
      auto [system, x] = random_system(size, seed);
      BOOST_TEST(system.solve(0));
      // The condition number is at most 1 + ‖B‖² ≤ 1 + 25·4.
      for (std::size_t i = 0; i != size; ++i) BOOST_TEST(std::abs(system.b[i] - x[i]) <= 1e-12);
    }
}

BOOST_AUTO_TEST_CASE(only_the_lower_triangle_is_read) {
  for (std::size_t size = 2; size <= most; ++size) {
    system_of_five whole = random_system(size, 7).system, lower = whole;
    for (std::size_t i = 0; i != size; ++i)
      for (std::size_t j = i + 1; j != size; ++j) lower.a[i][j] = support::not_a_number;
    BOOST_TEST(whole.solve(1e-6));
    BOOST_TEST(lower.solve(1e-6));
    BOOST_TEST(whole.b == lower.b);
  }
}

BOOST_AUTO_TEST_CASE(rows_beyond_the_size_are_left_alone) {
  system_of_five s = random_system(3, 1).system;
  for (std::size_t i = 3; i != most; ++i) s.b[i] = 17, s.a[i].fill(support::not_a_number);
  BOOST_TEST(s.solve(0));
  for (std::size_t i = 0; i != 3; ++i)
    BOOST_TEST(std::abs(s.b[i] - random_system(3, 1).x[i]) <= 1e-12);
  BOOST_TEST(s.b[3] == 17);
  BOOST_TEST(s.b[4] == 17);
}

BOOST_AUTO_TEST_CASE(the_ridge_times_the_trace_is_added_to_the_diagonal) {
  for (double const ridge : {0x1p-20, 0.125, 2.0}) {
    system_of_five with = random_system(4, 3).system, without = with;
    double trace = 0;
    for (std::size_t i = 0; i != 4; ++i) trace += with.a[i][i];
    for (std::size_t i = 0; i != 4; ++i) without.a[i][i] += ridge * trace;
    BOOST_TEST(with.solve(ridge));
    BOOST_TEST(without.solve(0));
    BOOST_TEST(with.b == without.b);
  }
  system_of_five s = system_of(2, 0, 14);  // diag(2, 14) + ⅛·16·I = diag(4, 16)
  BOOST_TEST(s.solve(0.125));
  BOOST_TEST(s.b[0] == 1.0 / 4);
  BOOST_TEST(s.b[1] == 1.0 / 16);
}

BOOST_AUTO_TEST_CASE(a_matrix_that_is_not_positive_definite_is_refused) {
  BOOST_TEST(!system_of(0, 0, 0).solve(0));
  BOOST_TEST(!system_of(0, 0, 0).solve(1e-6));  // a ridge does not help either: the trace is 0
  BOOST_TEST(!system_of(-1, 0, 1).solve(0));
  BOOST_TEST(!system_of(1, 0, -1).solve(0));
  BOOST_TEST(!system_of(1, 1, 1).solve(0));  // singular
  BOOST_TEST(!system_of(1, 2, 1).solve(0));  // the eigenvalues are −1 and 3
  BOOST_TEST(!system_of(1, 2, 1).solve(0.25));
}

BOOST_AUTO_TEST_CASE(a_ridge_makes_a_singular_matrix_positive_definite) {
  system_of_five s = system_of(1, 1, 1);
  BOOST_TEST(s.solve(0.5));  // (1 + 1)x + y = x + (1 + 1)y = 1
  BOOST_TEST(s.b[0] == 1.0 / 3, boost::test_tools::tolerance(1e-15));
  BOOST_TEST(s.b[1] == 1.0 / 3, boost::test_tools::tolerance(1e-15));
}

BOOST_AUTO_TEST_CASE(numbers_that_are_not_finite_are_refused) {
  for (double const bad : {support::not_a_number, support::infinity, -support::infinity}) {
    BOOST_TEST(!system_of(bad, 0, 1).solve(1e-6));
    BOOST_TEST(!system_of(1, 0, bad).solve(1e-6));
    BOOST_TEST(!system_of(1, bad, 1).solve(1e-6));
    for (std::size_t i = 0; i != most; ++i)
      for (std::size_t j = 0; j <= i; ++j) {
        system_of_five s = random_system(most, 5).system;
        s.a[i][j] = bad;
        BOOST_TEST(!s.solve(1e-6));
      }
  }
}
