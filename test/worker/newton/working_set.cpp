// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE worker_newton_working_set
#include "localsgd/worker/newton/working_set.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <span>
#include <tuple>
#include <vector>

#include "localsgd/kernels/packed_cholesky.hpp"
#include "localsgd/loss/logistic.hpp"
#include "localsgd/loss/squared_hinge.hpp"
#include "localsgd/objective/linear.hpp"
#include "localsgd/regularizer/l1.hpp"
#include "localsgd/regularizer/l2.hpp"
#include "test/support/problems.hpp"

namespace {

using namespace localsgd;
using detail::add_hessian;
using detail::add_work_of_hessian;
using detail::pack_rows;
using detail::unpack_rows;
using detail::packed_size;
using detail::working_set;
using point = std::vector<double>;
using indices = std::vector<std::size_t>;
using both = std::tuple<dense_matrix<double>, csr_matrix<double>>;

bool choose(working_set& set, point const& x, point const& pushes) {
  return set.choose(std::span<double const>(x), std::span<double const>(pushes), x.size());
}
indices members(working_set const& set) {
  indices all;
  for (std::size_t k = 0; k != set.size(); ++k) all.push_back(set[k]);
  return all;
}
indices from_to(std::size_t first, std::size_t last) {
  indices all;
  for (std::size_t j = first; j != last; ++j) all.push_back(j);
  return all;
}

}  // namespace

BOOST_AUTO_TEST_CASE(it_has_what_is_not_zero_and_what_is_pushed_away_from_zero) {
  working_set set;
  point x(70), pushes(70);
  x[1] = 1, x[3] = -2;
  pushes[2] = -0.5, pushes[3] = 3, pushes[65] = 0.25;
  BOOST_TEST(choose(set, x, pushes));
  BOOST_TEST(members(set) == (indices{1, 2, 3, 65}), boost::test_tools::per_element());
  for (std::size_t k = 0; k != 4; ++k) BOOST_TEST(set.place_of(set[k]) == k);
  BOOST_TEST(!set.has(0));
  BOOST_TEST(set.has(65));
  BOOST_TEST(!set.has(69));
}

BOOST_AUTO_TEST_CASE(of_64_coordinates_or_fewer_it_has_all) {
  working_set set;
  for (std::size_t const d : {1U, 6U, 64U}) {
    point x(d), pushes(d);
    pushes[d / 2] = 1;
    BOOST_TEST(choose(set, x, pushes));
    BOOST_TEST(members(set) == from_to(0, d), boost::test_tools::per_element());
    x[d / 2] = 1, pushes[d / 2] = 0;
    BOOST_TEST(choose(set, x, pushes));
    BOOST_TEST(members(set) == from_to(0, d), boost::test_tools::per_element());
  }
}

BOOST_AUTO_TEST_CASE(of_many_it_takes_64_of_those_that_are_pushed_most) {
  std::size_t const d = 300;
  point pushes(d);
  for (std::size_t j = 0; j != d; ++j)  // by turns to both sides, most at the end
    pushes[j] = (j % 2 == 0 ? 1 : -1) * static_cast<double>(j);
  working_set set;
  BOOST_TEST(choose(set, point(d), pushes));
  BOOST_TEST(members(set) == from_to(d - 64, d), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(of_those_that_are_pushed_alike_it_takes_the_first_ones) {
  std::size_t const d = 200;
  point pushes(d, 1.0);
  for (std::size_t j = 0; j < d; j += 2) pushes[j] = -1;
  pushes[150] = 2;
  working_set set;
  BOOST_TEST(choose(set, point(d), pushes));
  auto expected = from_to(0, 63);
  expected.push_back(150);
  BOOST_TEST(members(set) == expected, boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(where_more_are_not_zero_it_takes_as_many_more) {
  std::size_t const d = 1000;
  point x(d);
  for (std::size_t j = 0; j != 200; ++j) x[j] = 1;
  working_set set;
  BOOST_TEST(choose(set, x, point(d, 0.5)));
  BOOST_TEST(members(set) == from_to(0, 400), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(it_takes_any_number) {
  std::size_t const d = 3000;
  working_set set;
  for (std::size_t const support : {1000U, 2000U, 3000U}) {
    point x(d);
    for (std::size_t j = 0; j != support; ++j) x[j] = -1;
    BOOST_TEST(choose(set, x, point(d, 0.5)));
    BOOST_TEST(members(set) == from_to(0, std::min(2 * support, d)), boost::test_tools::per_element());
  }
}

BOOST_AUTO_TEST_CASE(at_a_minimum_at_zero_there_is_none) {
  working_set set;
  BOOST_TEST(!choose(set, {0, 0}, {0, 0}));
  BOOST_TEST(choose(set, {0, 0}, {0, 1}));  // and it can be chosen anew
  BOOST_TEST(set.size() == 2);
}

namespace {

// Its part of the Hessian is the block of the whole one.
template <class Matrix, class LossType>
void has_its_block(LossType const& loss, double density, double intercept, indices const& chosen) {
  constexpr std::size_t n = 150, columns = 80;  // more than a block of rows
  auto const a = support::features<Matrix>(n, columns, density);
  auto const y = support::random_signs(n, 1);
  point weights(n, 1.0);
  weights[3] = 0, weights[7] = 2.5;
  linear_options const options{.intercept = intercept, .weights = weights};
  linear_objective const f(a, y, loss, l1{0.1}, options);
  linear_objective const ridge(a, y, loss, l2{0.1}, options);
  std::size_t const d = f.dimension();
  auto const x = support::random_point(d, 3);
  std::span<double const> const at(x);

  point pushes(d), sparse(d);
  for (std::size_t const j : chosen) {
    pushes[j] = 1;
    if (j % 3 == 0) sparse[j] = 1;
  }
  if (intercept != 0) pushes[d - 1] = 1;
  working_set set;
  BOOST_REQUIRE(choose(set, sparse, pushes));
  BOOST_REQUIRE(set.size() == chosen.size() + (intercept != 0 ? 1 : 0));

  point whole(packed_size(d)), part(packed_size(set.size()) + 2);
  add_hessian(ridge, at, {0, n}, whole);
  add_hessian(f, at, {0, 70}, set, part);  // in two parts
  add_hessian(f, at, {70, n}, set, part);
  for (std::size_t k = 0; k != set.size(); ++k)
    for (std::size_t m = 0; m <= k; ++m) {
      double const expected = whole[packed_size(set[k]) + set[m]];
      BOOST_TEST(std::abs(part[packed_size(k) + m] - expected) <= 1e-11 * (1 + std::abs(expected)));
    }
  BOOST_TEST(part[part.size() - 2] > part[part.size() - 1]);  // the work, with the gradient's
  BOOST_TEST(part[part.size() - 1] > 0);
}

}  // namespace

namespace {

// Its rows in messages of two parts have the slopes, and the diagonal, of its Hessian.
template <class Matrix>
void has_its_columns(double density, double intercept, double width) {
  constexpr std::size_t n = 150, columns = 90;
  auto const a = support::features<Matrix>(n, columns, density);
  auto const y = support::random_signs(n, 1);
  point weights(n, 1.0);
  weights[3] = 0, weights[7] = 2.5;
  linear_objective const f(a, y, squared_hinge{}, l1{0.1}, {.intercept = intercept, .weights = weights});
  std::size_t const d = f.dimension();
  auto const x = support::random_point(d, 3);
  std::span<double const> const at(x);
  point pushes(d);
  for (std::size_t j = 0; j < d; j += 2) pushes[j] = 1;
  working_set set;
  BOOST_REQUIRE(choose(set, point(d), pushes));
  std::size_t const m = set.size();

  point triangle(packed_size(m) + 2), sums(3);
  add_hessian(f, at, {0, n}, set, triangle, width);
  add_work_of_hessian(f, {0, n}, set, sums);
  BOOST_TEST(sums[1] == triangle[triangle.size() - 2], boost::test_tools::tolerance(1e-12));
  BOOST_TEST(sums[2] == triangle[triangle.size() - 1], boost::test_tools::tolerance(1e-12));
  detail::column_quadratic quadratic;
  quadratic.clear(m);
  point packed(3);
  std::vector<std::byte> message(3);  // the previous contents must not matter
  for (index_range const part : {index_range{0, 70}, index_range{70, n}}) {
    pack_rows(f, at, part, set, width, message, packed);
    unpack_rows(message, quadratic);
  }
  quadratic.finish();
  BOOST_TEST(packed[0] <= sums[0]);
  BOOST_TEST(packed[2] == sums[2], boost::test_tools::tolerance(1e-12));
  BOOST_TEST(quadratic.size() == m);
  quadratic.start(point(m));
  for (std::size_t k = 0; k != m; ++k) {
    BOOST_TEST(std::abs(quadratic.diagonal(k) - triangle[packed_size(k) + k]) <= 1e-11 * (1 + quadratic.diagonal(k)));
    if (k != 5) continue;
    quadratic.move(k, 1);
    for (std::size_t j = 0; j != m; ++j) {
      double const expected = triangle[packed_size(std::max(j, k)) + std::min(j, k)];
      BOOST_TEST(std::abs(quadratic.slope(j) - expected) <= 1e-11 * (1 + std::abs(expected)));
    }
  }
}

}  // namespace

BOOST_AUTO_TEST_CASE_TEMPLATE(its_columns_have_the_products_of_its_hessian, Matrix, both) {
  for (double const density : {0.05, 1.0})
    for (double const intercept : {0.0, 1.5})
      for (double const width : {0.0, 2.0}) has_its_columns<Matrix>(density, intercept, width);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(its_hessian_is_the_block_of_that_of_all_coordinates, Matrix, both) {
  for (double const density : {0.05, 0.3, 1.0})
    for (double const intercept : {0.0, 1.5})
      for (indices const& chosen : {indices{17}, indices{0, 3, 4, 21, 79}, from_to(0, 60)}) {
        has_its_block<Matrix>(logistic{}, density, intercept, chosen);
        has_its_block<Matrix>(squared_hinge{}, density, intercept, chosen);
      }
}
