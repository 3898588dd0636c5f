// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE kernels_softmax
#include "localsgd/kernels/softmax.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <span>
#include <type_traits>
#include <vector>

#include "localsgd/kernels/softmax_sparse.hpp"
#include "test/support/problems.hpp"

namespace {

namespace detail = localsgd::detail;
using detail::direction;
using support::layouts;

// Every length of a tail after whole vectors, and more columns than one pass handles.
constexpr std::size_t lengths[] = {1, 7, 8, 31, 64, 785, 1024 + 9};

// Multiples of 1/64 below 2: sums of fewer than 65,536 products of two are exact in double.
template <class Matrix>
struct problem {
  using value = typename Matrix::value_type;
  localsgd::dense_matrix<value> dense;
  Matrix matrix;

  problem(std::size_t rows, std::size_t d)
      : dense(support::random_features<value>(rows, d, 3, 0.7)),
        matrix(support::in_layout<Matrix>(dense)) {}

  auto rows(std::span<std::size_t const> batch) const {
    if constexpr (std::is_same_v<Matrix, localsgd::csr_matrix<value>>)
      return detail::sparse_rows<Matrix>{&matrix, dense.shape(1), batch};
    else
      return detail::dense_rows<value>{matrix.data(), dense.shape(1), batch};
  }
};

// b of 20 rows, so that larger batches repeat some.
std::vector<std::size_t> batch_of(std::size_t b) {
  support::numbers random(b);
  std::vector<std::size_t> batch(b);
  for (auto& i : batch) i = random.below(20);
  return batch;
}

// Calls check(classes, d, b) for all shapes.
template <class Check>
void with_all_shapes(Check const& check) {
  for (std::size_t const classes : {2U, 3U, 5U, 6U, 10U, 17U})
    for (std::size_t const d : lengths)
      for (std::size_t const b : {1U, 2U, 3U, 7U, 64U}) check(classes, d, b);
}

template <class Matrix, class X>
void check_scores() {
  with_all_shapes([](std::size_t classes, std::size_t d, std::size_t b) {
    problem<Matrix> const p(20, d);
    auto const x = support::random_point<X>(classes * d, 5);
    auto const batch = batch_of(b);
    std::vector<double> expected(b * classes + 1, -7), scores = expected;
    for (std::size_t s = 0; s != b; ++s)
      for (std::size_t c = 0; c != classes; ++c) {
        double& sum = expected[s * classes + c] = 0;
        for (std::size_t j = 0; j != d; ++j)
          sum += static_cast<double>(p.dense(batch[s], j)) * static_cast<double>(x[c * d + j]);
      }
    detail::scores_of(p.rows(batch), x.data(), classes, scores.data());
    BOOST_TEST((scores == expected), classes << " classes, d = " << d << ", b = " << b);
  });
}

template <class Matrix, class X>
void check_gradient() {
  with_all_shapes([](std::size_t classes, std::size_t d, std::size_t b) {
    problem<Matrix> const p(20, d);
    auto const x = support::random_point<X>(classes * d, 5);
    auto const slopes = support::random_point(b * classes, 6);
    auto const batch = batch_of(b);
    std::vector<X> expected(classes * d + 1, -7);
    double squares = 0;
    for (std::size_t c = 0; c != classes; ++c)
      for (std::size_t j = 0; j != d; ++j) {
        double const at = static_cast<double>(x[c * d + j]);
        double sum = 0.5 * at;
        squares += at * at;
        for (std::size_t s = 0; s != b; ++s)
          sum += slopes[s * classes + c] * static_cast<double>(p.dense(batch[s], j));
        expected[c * d + j] = static_cast<X>(sum);
      }
    std::vector<X> g(classes * d + 1, static_cast<X>(support::not_a_number));
    g.back() = -7;
    detail::gradient_target<X> const target{x.data(), 0.5, g.data()};
    double const returned = detail::add_gradient(p.rows(batch), slopes.data(), target, classes);
    BOOST_TEST((g == expected), classes << " classes, d = " << d << ", b = " << b);
    BOOST_TEST(returned == squares);

    // In two blocks, the second added to the first.
    std::size_t const half = b / 2;
    if (half == 0) return;
    std::span<std::size_t const> const all(batch);
    detail::add_gradient(p.rows(all.first(half)), slopes.data(), target, classes);
    detail::add_gradient(p.rows(all.subspan(half)), slopes.data() + half * classes,
                         detail::gradient_target<X>{nullptr, 0.5, g.data()}, classes);
    BOOST_TEST((g == expected), "in two blocks: " << classes << " classes, d = " << d);
  });
}

}  // namespace

BOOST_AUTO_TEST_CASE(groups_cover_each_class_once_and_are_about_equal) {
  for (auto const way : {direction::forward, direction::backward})
    for (std::size_t classes = 1; classes != 40; ++classes) {
      std::vector<int> seen(classes);
      std::size_t smallest = 5, largest = 0, last = 0;
      bool ordered = true;
      detail::for_class_groups(classes, way, [&](std::size_t first, auto count) {
        bool const is_first = largest == 0;
        ordered = ordered && (is_first || (first > last) == (way == direction::forward));
        last = first;
        smallest = std::min<std::size_t>(smallest, count());
        largest = std::max<std::size_t>(largest, count());
        for (std::size_t c = first; c != first + count(); ++c) ++seen.at(c);
      });
      BOOST_TEST((seen == std::vector<int>(classes, 1)));
      BOOST_TEST(largest <= 5U);
      BOOST_TEST(largest - smallest <= 1U);
      BOOST_TEST(ordered);
    }
}

BOOST_AUTO_TEST_CASE_TEMPLATE(scores_are_inner_products, Matrix, layouts) {
  check_scores<Matrix, double>();
  check_scores<Matrix, float>();
}

BOOST_AUTO_TEST_CASE_TEMPLATE(the_gradient_is_the_penalty_and_the_rows_times_their_slopes, Matrix,
                              layouts) {
  check_gradient<Matrix, double>();
  check_gradient<Matrix, float>();
}

// With numbers whose sums are rounded: the bits do not depend on which samples are computed
// together.
BOOST_AUTO_TEST_CASE_TEMPLATE(a_score_does_not_depend_on_the_rest_of_the_batch, Matrix, layouts) {
  constexpr std::size_t d = 785, classes = 7, n = 20;
  problem<Matrix> const p(n, d);
  auto x = support::random_point(classes * d, 5);
  for (double& e : x) e /= 3;
  auto const batch = batch_of(23);
  std::vector<double> together(batch.size() * classes), alone(classes);
  detail::scores_of(p.rows(batch), x.data(), classes, together.data());
  for (std::size_t s = 0; s != batch.size(); ++s) {
    detail::scores_of(p.rows({&batch[s], 1}), x.data(), classes, alone.data());
    for (std::size_t c = 0; c != classes; ++c) BOOST_TEST(together[s * classes + c] == alone[c]);
  }
}

BOOST_AUTO_TEST_CASE(slopes_are_probabilities_less_the_label) {
  std::vector<double> z{1, -2, 0.5, 3};
  double sum = 0;
  for (double const e : z) sum += std::exp(e);
  std::vector<double> expected;
  for (double const e : z) expected.push_back(0.25 * std::exp(e) / sum);
  expected[2] -= 0.25;
  double const loss = std::log(sum) - z[2];
  auto const to_rounding = boost::test_tools::tolerance(1e-15);
  BOOST_TEST(detail::softmax_slopes(z, 2, 0.25) == loss, to_rounding);
  for (std::size_t c = 0; c != 4; ++c) BOOST_TEST(z[c] == expected[c], to_rounding);
}

BOOST_AUTO_TEST_CASE(scores_that_are_no_numbers_give_none) {
  for (double const bad : {support::not_a_number, support::infinity})
    for (std::size_t const at : {0U, 1U, 2U}) {
      std::vector<double> z(3);
      z[at] = bad;
      BOOST_TEST(!std::isfinite(detail::softmax_slopes(z, 1, 1)));
      BOOST_TEST(!std::isfinite(z[at]));
    }
}
