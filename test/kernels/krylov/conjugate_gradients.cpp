// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE kernels_krylov_conjugate_gradients
#include "localsgd/kernels/krylov/conjugate_gradients.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <span>
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
  for (system.begin(g, {}); system.goes_on(); ++iterations)
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
  conjugate_gradients system(4, 4);
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
  conjugate_gradients system(4, 4);
  system.scale() = m.h;
  std::vector<double> const g{1, -2, 300, 4};
  solve(system, m, g);
  std::vector<double> const other{-2, 4, -600, -8};
  BOOST_TEST(solve(system, m, other) == 1);
}

BOOST_AUTO_TEST_CASE(a_matrix_that_is_its_diagonal_is_damped_exactly) {
  two_eigenvalues m;
  m.v = {0, 0, 0, 0};
  conjugate_gradients system(4, 4);
  system.scale() = m.h;
  std::vector<double> const g{1, 1, 1, 1};
  BOOST_TEST(solve(system, m, g) == 1);
  std::vector<double> p(4);
  system.solve(3, p);
  for (std::size_t j = 0; j != 4; ++j) BOOST_TEST(std::abs(p[j] * 4 * m.h[j] + 1) < 1e-14);
}

BOOST_AUTO_TEST_CASE(curvature_that_is_not_positive_ends_the_iterations) {
  conjugate_gradients system(1, 2);
  system.scale() = {1};
  std::vector<double> const g{1};
  system.begin(g, {});
  BOOST_TEST(system.goes_on());
  system.iterate({1});  // the search direction is −1: ⟨q, Hq⟩ = −1
  BOOST_TEST(!system.goes_on());
  std::vector<double> p(1);
  BOOST_TEST(system.solve(0, p) == 0);
}

namespace {

// H = diag(1, 2, …, n), g = (1, 1, …): with D = I there are n different eigenvalues.
constexpr std::size_t n = 30;
double const solved = [] {  // ½⟨g, H⁻¹g⟩
  double sum = 0;
  for (std::size_t j = 1; j <= n; ++j) sum += 0.5 / static_cast<double>(j);
  return sum;
}();
// At most so many iterations. Returns how many were made.
int solve_different_eigenvalues(conjugate_gradients& system, double goal, int most = 1000) {
  system.scale().assign(n, 1.0);
  int iterations = 0;
  for (system.begin(std::vector<double>(n, 1.0), {goal, true, {n, 1, 0}}); system.goes_on() && iterations < most; ++iterations) {
    std::vector<double> image(system.search().begin(), system.search().end());
    for (std::size_t j = 0; j != n; ++j) image[j] *= static_cast<double>(j + 1);
    system.iterate(image);
  }
  return iterations;
}

}  // namespace

BOOST_AUTO_TEST_CASE(directions_that_are_no_longer_kept_still_count_in_the_solution) {
  for (std::size_t const pairs : {2U, 3U, 7U, 30U}) {
    conjugate_gradients system(n, pairs);
    int const iterations = solve_different_eigenvalues(system, 1e-14);
    BOOST_TEST(iterations > 7);  // and more than are kept
    std::vector<double> p(n);
    BOOST_TEST(std::abs(system.solve(0, p) - solved) < 1e-11);
    for (std::size_t j = 0; j != n; ++j) BOOST_TEST(std::abs(p[j] * static_cast<double>(j + 1) + 1) < 1e-5);
  }
}

BOOST_AUTO_TEST_CASE(the_number_of_directions_that_are_kept_does_not_change_the_iterations) {
  conjugate_gradients few(n, 2), all(n, n);
  BOOST_TEST(solve_different_eigenvalues(few, 1e-6) == solve_different_eigenvalues(all, 1e-6));
  std::vector<double> p(n), q(n);
  few.solve(0, p);
  all.solve(0, q);
  for (std::size_t j = 0; j != n; ++j) BOOST_TEST(std::abs(p[j] - q[j]) < 1e-9);
}

// f(s) − ½‖∇f(s)‖² ≤ f*, as 1 is the least eigenvalue.
double dual_value(std::span<double const> s) {
  double out = 0;
  for (std::size_t j = 0; j != n; ++j) {
    double const h = static_cast<double>(j + 1), slope = h * s[j] + 1;
    out += (h * s[j] / 2 + 1) * s[j] - slope * slope / 2;
  }
  return out;
}

BOOST_AUTO_TEST_CASE(a_goal_is_proven_by_a_dual_point) {
  for (double const goal : {0.1, 1e-3, 1e-6}) {
    conjugate_gradients system(n, n);
    int const iterations = solve_different_eigenvalues(system, goal);
    std::vector<double> p(n);
    double const value = -system.solve(0, p);  // f(p)
    BOOST_TEST(!system.dual_point().empty());
    BOOST_TEST(value - dual_value(system.dual_point()) <= goal * (1 + 1e-6));
    BOOST_TEST(dual_value(system.dual_point()) <= -solved);
    conjugate_gradients shorter(n, n);
    solve_different_eigenvalues(shorter, goal, iterations - 1);
    BOOST_TEST(shorter.goes_on());
    BOOST_TEST(shorter.dual_point().empty());
  }
}

BOOST_AUTO_TEST_CASE(without_a_goal_the_iterations_end_when_the_residual_has_fallen_tenfold) {
  conjugate_gradients system(n, n);
  system.scale().assign(n, 1.0);
  std::vector<double> p(n);
  double left = std::sqrt(static_cast<double>(n));  // ‖r‖, at first ‖g‖
  for (system.begin(std::vector<double>(n, 1.0), {}); system.goes_on();) {
    BOOST_TEST(left > 0.1 * std::sqrt(static_cast<double>(n)));
    std::vector<double> image(system.search().begin(), system.search().end());
    for (std::size_t j = 0; j != n; ++j) image[j] *= static_cast<double>(j + 1);
    system.iterate(image);
    system.solve(0, p);
    left = 0;
    for (std::size_t j = 0; j != n; ++j)
      left += std::pow(1 + static_cast<double>(j + 1) * p[j], 2);
    left = std::sqrt(left);
  }
  BOOST_TEST(left <= 0.1 * std::sqrt(static_cast<double>(n)) * (1 + 1e-9));
}

BOOST_AUTO_TEST_CASE(a_goal_of_a_model_ends_the_iterations_early_but_does_not_prolong_them) {
  auto const iterations = [](double goal) {
    conjugate_gradients system(n, n);
    system.scale().assign(n, 1.0);
    int made = 0;
    for (system.begin(std::vector<double>(n, 1.0), {goal, false, {n, 1, 0}}); system.goes_on(); ++made) {
      std::vector<double> image(system.search().begin(), system.search().end());
      for (std::size_t j = 0; j != n; ++j) image[j] *= static_cast<double>(j + 1);
      system.iterate(image);
    }
    return made;
  };
  int const usual = iterations(0);
  BOOST_TEST(iterations(1e-12) == usual);
  BOOST_TEST(iterations(1) < usual);
  BOOST_TEST(iterations(1) > 0);
  BOOST_TEST(iterations(n / 2.0 / 4) > 0);  // a quarter of ‖g‖²/2
  BOOST_TEST(iterations(1e6) == iterations(n / 2.0 / 4));
}

BOOST_AUTO_TEST_CASE(pairs_of_earlier_systems_make_the_next_one_shorter_also_if_few_are_kept) {
  conjugate_gradients system(n, 8);
  int const first = solve_different_eigenvalues(system, 1e-6);
  BOOST_TEST(solve_different_eigenvalues(system, 1e-6) < first);
}
