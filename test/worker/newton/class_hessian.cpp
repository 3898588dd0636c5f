// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE worker_newton_class_hessian
#include "localsgd/worker/newton/class_hessian.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <span>
#include <tuple>
#include <utility>
#include <vector>

#include "localsgd/kernels/packed_cholesky.hpp"
#include "localsgd/objective/softmax.hpp"
#include "localsgd/regularizer/l1.hpp"
#include "test/support/problems.hpp"

namespace {

using namespace localsgd;
using detail::class_layout;
using detail::class_set;
using detail::packed_size;
using point = std::vector<double>;
using both = std::tuple<dense_matrix<double>, csr_matrix<double>>;

constexpr std::size_t n = 90, classes = 3, columns = 40;  // n: more than two blocks of rows

// The entry (j, k) of Σ s_i (diag p_i − p_i p_iᵀ) ⊗ a_i a_iᵀ at x, from the scores on.
double entry(dense_matrix<double> const& a, point const& x, point const& weights, double constant,
             std::size_t j, std::size_t k) {
  class_layout const at{classes, columns, constant};
  double total = 0, sum = 0;
  for (double const w : weights) total += w;
  for (std::size_t i = 0; i != n; ++i) {
    auto const value = [&](std::size_t at_j) { return at_j < columns ? a(i, at_j) : constant; };
    double p[classes], all = 0;
    for (std::size_t c = 0; c != classes; ++c) {
      double z = 0;
      for (std::size_t column = 0; column != columns; ++column)
        z += a(i, column) * x[at.coordinate(c, column)];
      if (constant != 0) z += constant * x[at.coordinate(c, columns)];
      all += p[c] = std::exp(z);
    }
    double const pj = p[at.class_of(j)] / all, pk = p[at.class_of(k)] / all;
    double const same = at.class_of(j) == at.class_of(k) ? pj : 0;
    double const scale = weights[i] / total * n;
    sum += scale * (same - pj * pk) * value(at.column_of(j)) * value(at.column_of(k));
  }
  return sum;
}

// The Hessian of a set that lacks class 1 but for its intercept, if any; and its columns.
template <class Matrix>
void is_the_block_of_the_hessian(double density, double constant) {
  auto const dense = support::features<dense_matrix<double>>(n, columns, density);
  auto const a = support::in_layout<Matrix>(dense);
  std::vector<int> labels(n);
  point weights(n, 1.0);
  for (std::size_t i = 0; i != n; ++i) labels[i] = static_cast<int>(i % classes);
  weights[3] = 0, weights[7] = 2.5;
  softmax_objective const f(a, labels, classes, l1{0.1},
                            {.intercept = constant, .weights = weights});
  std::size_t const d = f.dimension();
  auto x = support::random_point(d, 3);
  for (double& each : x) each /= 4;
  std::span<double const> const at(x);
  point start(d), pushes(d);
  for (std::size_t j = 0; j < columns; j += 2) pushes[j] = pushes[2 * columns + 3 * j / 4] = 1;
  class_set set;
  BOOST_REQUIRE(set.choose(std::span<double const>(start), std::span<double const>(pushes),
                           detail::penalized_coordinates(f), class_layout::of(f)));
  std::size_t const m = set.size();
  BOOST_REQUIRE((m > 30 && m < d));

  point part(packed_size(m) + 2), sums(3);
  add_hessian(f, at, {0, 50}, set, part);  // in two parts
  add_hessian(f, at, {50, n}, set, part);
  for (std::size_t k = 0; k != m; ++k)
    for (std::size_t j = 0; j <= k; ++j) {
      double const expected = entry(dense, x, weights, constant, set[k], set[j]);
      BOOST_TEST(std::abs(part[packed_size(k) + j] - expected) <= 1e-11 * (1 + std::abs(expected)));
    }
  add_work_of_hessian(f, {0, n}, set, sums);
  BOOST_TEST(sums[1] == part[part.size() - 2], boost::test_tools::tolerance(1e-12));
  BOOST_TEST(sums[2] == part[part.size() - 1], boost::test_tools::tolerance(1e-12));
  BOOST_TEST((sums[0] > 0 && sums[1] > sums[2]));

  detail::class_column_quadratic quadratic;
  std::vector<detail::class_column_quadratic::place> places;
  for (std::size_t k = 0; k != m; ++k)
    places.push_back({static_cast<std::uint32_t>(set.class_of(k)), set.column_of(k)});
  quadratic.clear(places, classes, set.columns().size());
  point packed(3);
  std::vector<std::byte> message(3);  // the previous contents must not matter
  for (index_range const some : {index_range{0, 50}, index_range{50, n}}) {
    pack_rows(f, at, some, set, 0, message, packed);
    unpack_rows(message, classes, quadratic);
  }
  quadratic.finish();
  BOOST_TEST(packed == sums, boost::test_tools::per_element());
  quadratic.start(point(m));
  for (std::size_t j = 0; j != m; ++j) {
    quadratic.move(j, 1);
    for (std::size_t k = 0; k != m; ++k) {
      auto const [low, high] = std::minmax(j, k);
      BOOST_TEST(std::abs(quadratic.slope(k) - part[packed_size(high) + low]) <= 1e-10);
    }
    quadratic.move(j, -1);
  }
}

}  // namespace

BOOST_AUTO_TEST_CASE_TEMPLATE(it_is_the_block_of_that_of_all_coordinates, Matrix, both) {
  for (double const density : {0.05, 1.0})  // scattered, and as whole rows
    for (double const constant : {0.0, 1.5}) is_the_block_of_the_hessian<Matrix>(density, constant);
}

BOOST_AUTO_TEST_CASE(its_work_grows_with_entries_coordinates_and_classes) {
  using detail::work_of_classes;
  BOOST_TEST(work_of_classes(10, 400, 3) < work_of_classes(20, 400, 3));
  BOOST_TEST(work_of_classes(300, 300, 3) < work_of_classes(400, 400, 3));
  BOOST_TEST(work_of_classes(10, 400, 3) < work_of_classes(10, 400, 30));
}
