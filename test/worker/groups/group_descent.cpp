// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE worker_groups_group_descent
#include "localsgd/worker/groups/group_descent.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <vector>

#include "localsgd/kernels/coordinate_descent.hpp"
#include "localsgd/regularizer/interval_penalty.hpp"
#include "test/support/problems.hpp"

namespace {

using localsgd::detail::group_descent;
using localsgd::detail::packed_size;
using localsgd::detail::penalized_group;
using vector = std::vector<double>;

// Σ a aᵀ of `rank` random vectors, as a packed triangle.
vector triangle_of_rank(std::size_t rank, std::size_t d, std::uint64_t seed) {
  support::numbers random(seed);
  vector h(packed_size(d));
  for (std::size_t r = 0; r != rank; ++r) {
    vector a(d);
    for (double& each : a) each = random.on_grid();
    for (std::size_t i = 0; i != d; ++i)
      for (std::size_t j = 0; j <= i; ++j) h[packed_size(i) + j] += a[i] * a[j];
  }
  return h;
}
double entry(vector const& h, std::size_t i, std::size_t j) {
  auto const [low, high] = std::minmax(i, j);
  return h[packed_size(high) + low];
}
double norm_of(vector const& u, penalized_group const& group) {
  double squares = 0;
  for (std::size_t const j : group.members) squares += u[j] * u[j];
  return std::sqrt(squares);
}

// The least subgradient of the model at u is 0, and the value returned is that of the model.
void meets_the_conditions(std::size_t rank, double strength, double damping) {
  constexpr std::size_t d = 12;
  double const weight = 3;
  auto const h = triangle_of_rank(rank, d, rank);
  std::vector<penalized_group> const groups{
      {{7, 0, 3}, strength}, {{1}, strength}, {{2, 11}, 2 * strength}, {{4}, 0},
      {{5, 6, 8, 9, 10}, strength}};
  vector x(d), g(d), u(d, 7.0);
  support::numbers random(5);
  for (std::size_t j = 0; j != d; ++j) {  // in the range of H, so that there is a minimum
    double const by = random.on_grid();
    for (std::size_t i = 0; i != d; ++i) g[i] += entry(h, i, j) * by / 8;
  }
  x[2] = 0.5, x[11] = -1, x[4] = 2;
  group_descent descent;
  descent.take(triangle_of_rank(3, 5, 1), {{{0, 1, 2, 3, 4}, 1}});  // one object serves several
  descent.take(h, groups);
  double const change = descent(x, g, damping, weight, u);
  vector slope = g;
  double value = 0;
  for (std::size_t i = 0; i != d; ++i)
    for (std::size_t j = 0; j != d; ++j) slope[i] += entry(h, i, j) * (u[j] - x[j]);
  for (std::size_t j = 0; j != d; ++j) value += (u[j] - x[j]) * (g[j] + slope[j]) / 2;
  std::size_t zeros = 0;
  for (penalized_group const& group : groups) {
    value += weight * group.strength * (norm_of(u, group) - norm_of(x, group));
    double const norm = norm_of(u, group), tau = weight * group.strength;
    for (std::size_t const i : group.members)  // B is the block of the group
      for (std::size_t const j : group.members)
        slope[i] += damping * entry(h, i, j) * (u[j] - x[j]);
    if (norm == 0) {
      BOOST_TEST(norm_of(slope, group) <= tau * (1 + 1e-9));
      ++zeros;
    } else {
      for (std::size_t const j : group.members)
        BOOST_TEST(std::abs(slope[j] + tau * u[j] / norm) < 1e-6);
    }
  }
  BOOST_TEST(change == value, boost::test_tools::tolerance(1e-9));
  BOOST_TEST(change < 0);
  if (strength > 1) BOOST_TEST(zeros > 0);
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_answer_meets_the_optimality_conditions) {
  for (std::size_t const rank : {6U, 30U})  // a singular matrix, and a regular one
    for (double const strength : {0.0, 0.3, 30.0})
      for (double const damping : {0.0, 0.5}) meets_the_conditions(rank, strength, damping);
}

BOOST_AUTO_TEST_CASE(groups_of_one_coordinate_are_those_of_coordinate_descent) {
  constexpr std::size_t d = 8;
  auto const h = triangle_of_rank(20, d, 2);
  vector x(d), g(d), one(d), other(d);
  std::vector<penalized_group> groups;
  for (std::size_t j = 0; j != d; ++j) {
    g[j] = 9 * std::sin(static_cast<double>(j));
    x[j] = j % 3 == 0 ? 0.25 : 0;
    groups.push_back({{j}, 2});
  }
  group_descent descent;
  descent.take(h, groups);
  descent(x, g, 0, 1, one);
  localsgd::detail::coordinate_descent reference;
  reference.take(h, d);
  localsgd::detail::interval_penalty const r{.l1 = 2};
  auto const prox = [&](std::size_t, double v, double step) { return r.prox(step)(v); };
  auto const penalty = [&](std::span<double const> u) {
    double sum = 0;
    for (double const each : u) sum += r.value(each);
    return sum;
  };
  reference(prox, penalty, x, g, 0, 1, other);
  for (std::size_t j = 0; j != d; ++j) {
    BOOST_TEST(std::abs(one[j] - other[j]) < 1e-9);
    BOOST_TEST((one[j] == 0) == (other[j] == 0));
  }
}

BOOST_AUTO_TEST_CASE(at_the_minimum_it_stays) {
  group_descent descent;
  descent.take(vector{2, 0, 3}, {{{0, 1}, 5}});
  vector u(2, 7.0);
  BOOST_TEST(descent(vector{0, 0}, vector{3, 4}, 0, 1, u) == 0);  // ‖g‖ = 5
  BOOST_TEST((u == vector{0, 0}));
}

BOOST_AUTO_TEST_CASE(a_matrix_of_zeros_gives_no_direction) {
  group_descent descent;
  descent.take(vector(3), {{{0, 1}, 1}});
  vector u(2, 7.0);
  BOOST_TEST(descent(vector{1, 2}, vector{3, 4}, 0, 1, u) == 0);
  BOOST_TEST((u == vector{1, 2}));
}
