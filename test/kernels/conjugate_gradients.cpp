// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE kernels_conjugate_gradients
#include "localsgd/kernels/conjugate_gradients.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <vector>

namespace {

using localsgd::detail::conjugate_gradients;

// H = diag(h) + vvᵀ: with D = diag(h) the preconditioned matrix has two eigenvalues, 1 and
// 1 + Σ v_j²/h_j.
struct two_eigenvalues {
  std::vector<double> h{1e-4, 1, 1e4, 3}, v{0.01, 2, -100, 1};

  std::vector<double> times(std::vector<double> const& q) const {
    double along = 0;
    for (std::size_t j = 0; j != q.size(); ++j) along += v[j] * q[j];
    std::vector<double> out(q.size());
    for (std::size_t j = 0; j != q.size(); ++j) out[j] = h[j] * q[j] + along * v[j];
    return out;
  }
};

int solve(conjugate_gradients& system, two_eigenvalues const& m, std::vector<double> const& g) {
  int iterations = 0;
  for (system.begin(g); system.goes_on(); ++iterations)
    system.iterate(m.times({system.search().begin(), system.search().end()}));
  return iterations;
}

std::vector<double> residual(two_eigenvalues const& m, std::vector<double> const& p,
                             std::vector<double> const& g) {
  auto r = m.times(p);
  for (std::size_t j = 0; j != r.size(); ++j) r[j] += g[j];
  return r;
}

}  // namespace

BOOST_AUTO_TEST_CASE(as_many_iterations_as_there_are_eigenvalues_solve_a_system) {
  two_eigenvalues const m;
  conjugate_gradients system(4);
  system.scale() = m.h;
  std::vector<double> const g{1, -2, 300, 4};
  BOOST_TEST(solve(system, m, g) <= 2);
  std::vector<double> p(4);
  double const fall = system.solve(0, p);
  auto const r = residual(m, p, g);
  for (std::size_t j = 0; j != 4; ++j) BOOST_TEST(std::abs(r[j]) < 1e-9 * std::abs(g[j]));
  // −⟨g, p⟩ − ½⟨p, Hp⟩ = −½⟨g, p⟩ if Hp = −g.
  double along = 0;
  for (std::size_t j = 0; j != 4; ++j) along -= g[j] * p[j] / 2;
  BOOST_TEST(std::abs(fall - along) < 1e-12 * along);
}

BOOST_AUTO_TEST_CASE(a_second_system_with_the_same_matrix_takes_one_iteration_in_the_space_of_the_first) {
  two_eigenvalues const m;
  conjugate_gradients system(4);
  system.scale() = m.h;
  std::vector<double> const g{1, -2, 300, 4};
  solve(system, m, g);
  std::vector<double> const other{-2, 4, -600, -8};
  BOOST_TEST(solve(system, m, other) == 1);
}

BOOST_AUTO_TEST_CASE(a_matrix_that_is_its_diagonal_is_damped_exactly) {
  two_eigenvalues m;
  m.v = {0, 0, 0, 0};
  conjugate_gradients system(4);
  system.scale() = m.h;
  std::vector<double> const g{1, 1, 1, 1};
  BOOST_TEST(solve(system, m, g) == 1);
  std::vector<double> p(4);
  system.solve(3, p);
  for (std::size_t j = 0; j != 4; ++j) BOOST_TEST(std::abs(p[j] * 4 * m.h[j] + 1) < 1e-14);
}

BOOST_AUTO_TEST_CASE(curvature_that_is_not_positive_ends_the_iterations) {
  conjugate_gradients system(1);
  system.scale() = {1};
  std::vector<double> const g{1};
  system.begin(g);
  BOOST_TEST(system.goes_on());
  system.iterate({1});  // the search direction is −1: ⟨q, Hq⟩ = −1
  BOOST_TEST(!system.goes_on());
  std::vector<double> p(1);
  BOOST_TEST(system.solve(0, p) == 0);
}
