// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE worker_newton_hessian_work
#include "localsgd/worker/newton/hessian_work.hpp"

#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <vector>

#include "localsgd/loss/logistic.hpp"
#include "localsgd/objective/linear.hpp"
#include "localsgd/objective/softmax.hpp"
#include "test/support/problems.hpp"

namespace {

using namespace localsgd;
using detail::pass_work;
using detail::work_of_sample;
using detail::work_of_system;

template <class Matrix>
pass_work of_linear(std::size_t d, double density) {
  auto const a = support::features<Matrix>(1, d, density);
  std::vector<double> const y{1};
  return work_of_sample(linear_objective(a, y, logistic{}, l2{0.1}), 0, d);
}

}  // namespace

BOOST_AUTO_TEST_CASE(dense_rows_cost_less_than_sparse_ones_of_the_same_length) {
  auto const dense = of_linear<dense_matrix<double>>(100, 1);
  auto const sparse = of_linear<csr_matrix<double>>(100, 1);
  BOOST_TEST(dense.local_step < sparse.local_step);
  BOOST_TEST(dense.gradient < sparse.gradient);
  BOOST_TEST(dense.hessian < sparse.hessian);
}

BOOST_AUTO_TEST_CASE(a_hessian_grows_with_the_square_of_the_columns_and_steps_do_not) {
  auto const few = of_linear<dense_matrix<double>>(400, 1);
  auto const many = of_linear<dense_matrix<double>>(800, 1);
  BOOST_TEST(many.hessian > 3.5 * few.hessian);
  BOOST_TEST(many.local_step < 2 * few.local_step);
}

BOOST_AUTO_TEST_CASE(a_few_entries_cost_their_pairs_and_not_the_square_of_the_columns) {
  auto const a = support::features<csr_matrix<double>>(1, 1000, 0.01);
  std::vector<double> const y{1};
  linear_objective const f(a, y, logistic{}, l2{0.1});
  BOOST_TEST(work_of_sample(f, 0, 1000).hessian == work_of_sample(f, 0, 2000).hessian);
}

BOOST_AUTO_TEST_CASE(that_of_softmax_regression_grows_with_the_pairs_of_classes) {
  auto const a = support::features<dense_matrix<double>>(1, 100, 1);
  std::vector<double> const y{0};
  softmax_objective const two(a, y, 2, l2{0.1}), eight(a, y, 8, l2{0.1});
  auto const few = work_of_sample(two, 0, 200), many = work_of_sample(eight, 0, 800);
  BOOST_TEST(many.hessian > 10 * few.hessian);  // 36 pairs and 3
  BOOST_TEST(many.local_step < 4 * few.local_step);
}

BOOST_AUTO_TEST_CASE(large_systems_cost_the_cube_of_their_size) {
  BOOST_TEST(work_of_system(1000, 2) > 6 * work_of_system(500, 2));
  BOOST_TEST(work_of_system(10, 64) < 10000);
}
