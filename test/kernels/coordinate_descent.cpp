// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE kernels_coordinate_descent
#include "localsgd/kernels/coordinate_descent.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

#include "localsgd/regularizer/interval_penalty.hpp"
#include "test/support/problems.hpp"

namespace {

using localsgd::detail::coordinate_descent;
using localsgd::detail::interval_penalty;
using localsgd::detail::packed_size;
using vector = std::vector<double>;

// Σ_i a_i a_iᵀ of `rank` random vectors: positive semidefinite, and singular if rank < d.
struct matrix {
  std::size_t d;
  vector entries = vector(d * d);

  double operator()(std::size_t i, std::size_t j) const { return entries[i * d + j]; }
  vector times(vector const& p) const {
    vector out(d);
    for (std::size_t i = 0; i != d; ++i)
      for (std::size_t j = 0; j != d; ++j) out[i] += (*this)(i, j) * p[j];
    return out;
  }
  vector triangle() const {
    vector out;
    for (std::size_t i = 0; i != d; ++i)
      for (std::size_t j = 0; j <= i; ++j) out.push_back((*this)(i, j));
    return out;
  }
};
matrix of_rank(std::size_t rank, std::size_t d, std::uint64_t seed) {
  support::numbers random(seed);
  matrix h{d};
  for (std::size_t r = 0; r != rank; ++r) {
    vector a(d);
    for (double& e : a) e = random.on_grid();
    for (std::size_t i = 0; i != d; ++i)
      for (std::size_t j = 0; j != d; ++j) h.entries[i * d + j] += a[i] * a[j];
  }
  return h;
}
matrix diagonal(vector const& h) {
  matrix m{h.size()};
  for (std::size_t j = 0; j != h.size(); ++j) m.entries[j * h.size() + j] = h[j];
  return m;
}

double product(vector const& a, vector const& b) {
  double sum = 0;
  for (std::size_t j = 0; j != a.size(); ++j) sum += a[j] * b[j];
  return sum;
}

// The same matrix by columns: rows a_i with the weights w_i.
struct rows_of_matrix {
  std::vector<vector> rows;
  vector weights;

  matrix product(std::size_t d) const {
    matrix h{d};
    for (std::size_t r = 0; r != rows.size(); ++r)
      for (std::size_t i = 0; i != d; ++i)
        for (std::size_t j = 0; j != d; ++j) h.entries[i * d + j] += weights[r] * rows[r][i] * rows[r][j];
    return h;
  }
  void write(localsgd::detail::column_quadratic& to, std::size_t d) const {
    to.clear(d);
    for (std::size_t r = 0; r != rows.size(); ++r) {
      for (std::size_t j = 0; j != d; ++j)
        if (rows[r][j] != 0) to.push(static_cast<std::uint32_t>(j), rows[r][j]);
      to.end_row(weights[r]);
    }
    to.finish();
  }
};

struct answer {
  vector u, p;  // u = x + p
  double value;
};
answer minimise(matrix const& h, interval_penalty const& r, vector const& x, vector const& g,
                double damping = 0, double weight = 1) {
  coordinate_descent descent;
  descent.take(h.triangle(), h.d);
  answer a{vector(h.d, 7.0), vector(h.d), 0};  // the previous contents of u must not matter
  auto const prox = [&](std::size_t, double v, double step) { return r.prox(step)(v); };
  auto const penalty = [&](std::span<double const> u) {
    double sum = 0;
    for (double const each : u) sum += weight * r.value(each);
    return sum;
  };
  a.value = descent(prox, penalty, x, g, damping, weight, a.u);
  for (std::size_t j = 0; j != h.d; ++j) a.p[j] = a.u[j] - x[j];
  BOOST_TEST(a.value == product(g, a.p) + product(a.p, h.times(a.p)) / 2,
             boost::test_tools::tolerance(1e-9));
  return a;
}

// The smallest subgradient of ⟨g, p⟩ + ½⟨p, (H + νD)p⟩ + c Σ r(x_j + p_j) has no element above `most`.
void is_optimal(matrix const& h, interval_penalty const& r, vector const& g, double damping,
                double weight, answer const& a, double most) {
  vector const hp = h.times(a.p);
  for (std::size_t j = 0; j != h.d; ++j) {
    double const slope = g[j] + hp[j] + damping * h(j, j) * a.p[j];
    BOOST_TEST((a.u[j] >= r.lower && a.u[j] <= r.upper));
    BOOST_TEST(std::abs(weight * r.least_subgradient(a.u[j], slope / weight)) <= most);
  }
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_diagonal_matrix_gives_soft_thresholds) {
  // In each coordinate gp + hp²/2 + |x + p| is minimal at x + p = S(x − g/h, 1/h).
  vector const h{2, 4, 1, 0.5}, x{1, 0, 3, -2}, g{-4, 2, 1, 0.25};
  auto const a = minimise(diagonal(h), {.l1 = 1}, x, g);
  // S(3, 0.5) = 2.5; S(−0.5, 0.25) = −0.25; S(2, 1) = 1; S(−2.5, 2) = −0.5
  BOOST_TEST(a.p == (vector{1.5, -0.25, -2, 1.5}), boost::test_tools::per_element());
  // −4·1.5 + 2.25; −0.5 + 0.125; −2 + 2; 0.375 + 0.5625
  BOOST_TEST(a.value == -3.75 - 0.375 + 0 + 0.9375);
}

BOOST_AUTO_TEST_CASE(the_weight_multiplies_the_penalty_and_damping_the_diagonal) {
  // h(1 + ν) = 4, c·λ = 2: S(1 + 8/4, 2/4) = 2.5.
  auto const a = minimise(diagonal({2}), {.l1 = 0.5}, {1}, {-8}, 1, 4);
  BOOST_TEST(a.p[0] == 1.5);
  BOOST_TEST(a.value == -8 * 1.5 + 2 * 1.5 * 1.5 / 2);  // without damping
}

BOOST_AUTO_TEST_CASE(bounds_are_met_exactly) {
  auto const a =
      minimise(diagonal({1, 1, 1}), {.lower = -1, .upper = 0.3}, {0.1, 0.2, 0}, {-5, 4, 0.125});
  BOOST_TEST(a.u == (vector{0.3, -1, -0.125}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(without_a_penalty_it_solves_the_system) {
  for (std::size_t const d : {1U, 2U, 9U, 30U}) {
    auto const h = of_rank(4 * d, d, d);
    vector const g = support::random_point(d, 3), x = support::random_point(d, 4);
    auto const a = minimise(h, {}, x, g);
    auto const hp = h.times(a.p);
    for (std::size_t j = 0; j != d; ++j)
      BOOST_TEST(std::abs(hp[j] + g[j]) <= 1e-8 * (1 + std::abs(g[j])));
    BOOST_TEST(a.value == product(g, a.p) / 2, boost::test_tools::tolerance(1e-8));
  }
}

BOOST_AUTO_TEST_CASE(the_answer_meets_the_optimality_conditions) {
  interval_penalty const penalties[] = {{.l1 = 3},
                                        {.l1 = 2, .l2 = 1},
                                        {.lower = -0.25, .upper = 0.5},
                                        {.l1 = 1, .lower = 0},
                                        {.l1 = 0.5, .l2 = 0.5, .lower = -1, .upper = 0.125}};
  for (std::uint64_t seed = 1; seed != 6; ++seed)
    for (std::size_t const d : {5U, 40U})
      for (std::size_t const rank : {d / 2, d, 3 * d})
        for (auto const& r : penalties)
          for (double const damping : {0.0, 0.5})
            for (double const weight : {1.0, 5.0}) {
              auto const h = of_rank(rank, d, seed);
              vector x = support::random_point(d, seed + 10),
                     g = support::random_point(d, seed + 20);
              for (double& e : x) e = std::min(std::max(e / 4, r.lower), r.upper);
              for (double& e : g) e *= 4;
              if (rank < d) g = h.times(g);  // in the range of H; otherwise there may be no minimum
              auto const a = minimise(h, r, x, g, damping, weight);
              double const off = rank < d ? 1e-3 : 1e-7;  // singular: the sweeps exhaust their budget
              is_optimal(h, r, g, damping, weight, a, off * (1 + support::norm(g)));
            }
}

BOOST_AUTO_TEST_CASE(at_the_minimum_it_stays) {
  auto const h = of_rank(12, 6, 3);
  vector const x(6), g{0.5, -0.25, 1, -1, 0, 0.75};  // |g_j| ≤ λ
  auto const a = minimise(h, {.l1 = 1}, x, g);
  BOOST_TEST(a.p == x, boost::test_tools::per_element());
  BOOST_TEST(a.value == 0);
}

BOOST_AUTO_TEST_CASE(zeros_are_exact) {
  auto const h = of_rank(60, 30, 8);
  vector const x = support::random_point(30, 1), g(30);
  auto const a = minimise(h, {.l1 = 1e6}, x, g);
  for (std::size_t j = 0; j != 30; ++j) BOOST_TEST(a.u[j] == 0);
}

BOOST_AUTO_TEST_CASE(a_matrix_of_zeros_gives_no_direction) {
  auto const a = minimise(diagonal({0, 0}), {.l1 = 1}, {1, 2}, {3, 4});
  BOOST_TEST(a.p == (vector{0, 0}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(a_coordinate_without_curvature_is_stopped_by_the_penalty) {
  auto const a = minimise(diagonal({1, 0}), {.l1 = 1}, {0, 5}, {-3, 0.5});
  BOOST_TEST(a.p[0] == 2);
  BOOST_TEST(a.u[1] == 0);  // |g| < λ: at the minimum it is 0
}

BOOST_AUTO_TEST_CASE(a_nearly_singular_matrix_is_no_obstacle) {
  // Three groups of ten features, one of each group per row, and a constant. H is 0 in the
  // direction of 1 for a group and −1 for the constant: only the penalty has curvature there, 10⁻⁴
  // times that of H elsewhere.
  matrix h{31};
  for (std::size_t i = 0; i != 10; ++i)
    for (std::size_t j = 0; j != 10; ++j)
      for (std::size_t k = 0; k != 10; ++k) {
        std::size_t const row[] = {i, 10 + j, 20 + k, 30};
        double const weight = 1 + 0.5 * static_cast<double>((7 * i + 3 * j + k) % 5);
        for (std::size_t const a : row)
          for (std::size_t const b : row) h.entries[a * 31 + b] += weight;
      }
  vector const x(31);
  vector g = support::random_point(31, 5);
  for (double& each : g) each *= 100;
  interval_penalty const r{.l1 = 1, .l2 = 0.02};
  is_optimal(h, r, g, 0, 1, minimise(h, r, x, g), 1e-6);
}

BOOST_AUTO_TEST_CASE(columns_give_the_answer_of_their_matrix) {
  interval_penalty const penalties[] = {{.l1 = 3}, {.l1 = 2, .l2 = 1}, {.lower = -0.25, .upper = 0.5}};
  localsgd::detail::column_descent descent;  // one object for all sizes
  for (std::size_t const d : {1U, 7U, 40U})
    for (double const density : {0.2, 1.0})
      for (auto const& r : penalties)
        for (double const damping : {0.0, 0.5}) {
          support::numbers random(d);
          rows_of_matrix a;
          for (std::size_t i = 0; i != 3 * d; ++i) {
            vector row(d);
            for (double& e : row) e = random.between(0, 1) < density ? random.on_grid() : 0.0;
            a.rows.push_back(row);
            a.weights.push_back(i == 1 ? 0 : random.between(0.5, 2));
          }
          a.write(descent, d);
          auto const h = a.product(d);
          BOOST_TEST(descent.size() == d);
          for (std::size_t j = 0; j != d; ++j)
            BOOST_TEST(std::abs(descent.diagonal(j) - h(j, j)) <= 1e-12 * (1 + h(j, j)));
          vector const x(d), g = support::random_point(d, 5);
          answer answer_{vector(d, 7.0), vector(d), 0};
          auto const prox = [&](std::size_t, double v, double step) { return r.prox(step)(v); };
          auto const penalty = [&](std::span<double const> u) {
            double sum = 0;
            for (double const each : u) sum += 2 * r.value(each);
            return sum;
          };
          answer_.value = descent(prox, penalty, x, g, damping, 2, answer_.u);
          answer_.p = answer_.u;  // x = 0
          BOOST_TEST(std::abs(answer_.value - product(g, answer_.p) - product(answer_.p, h.times(answer_.p)) / 2) <=
                     1e-12 * (1 + std::abs(answer_.value)));
          if (density == 1.0) is_optimal(h, r, g, damping, 2, answer_, 1e-5 * (1 + support::norm(g)));
        }
}

BOOST_AUTO_TEST_CASE(one_object_serves_matrices_of_several_sizes) {
  coordinate_descent descent;
  auto const prox = [](std::size_t, double v, double) { return v; };
  for (std::size_t const d : {3U, 7U, 2U}) {
    auto const h = of_rank(3 * d, d, d);
    descent.take(h.triangle(), d);
    for (std::size_t j = 0; j != d; ++j) BOOST_TEST(descent.diagonal(j) == h(j, j));
    vector const g = support::random_point(d, 3);
    vector p(d);
    for (int again = 0; again != 2; ++again) {
      descent(prox, [](std::span<double const>) { return 0.0; }, vector(d), g, 0, 1, p);  // x = 0
      auto const hp = h.times(p);
      for (std::size_t j = 0; j != d; ++j) BOOST_TEST(std::abs(hp[j] + g[j]) <= 1e-8);
    }
  }
}

BOOST_AUTO_TEST_CASE(coordinates_that_never_settle_are_given_up_after_two_thousand_sweeps) {
  for (std::size_t const d : {1U, 2U, 20U}) {
    coordinate_descent descent;
    descent.take(diagonal(vector(d, 1)).triangle(), d);
    std::size_t calls = 0;
    vector const x(d), g(d, 1);
    vector u(d);
    auto const prox = [&](std::size_t, double v, double) { return v + (++calls % 2 == 0 ? 1 : -1); };
    descent(prox, [](std::span<double const>) { return 0.0; }, x, g, 0, 1, u);
    BOOST_TEST(calls <= 2000 * d);
  }
}
