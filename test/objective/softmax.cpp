// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE objective_softmax
#include "localsgd/objective/softmax.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <string>
#include <tuple>
#include <type_traits>
#include <vector>

#include "localsgd/loss/logistic.hpp"
#include "localsgd/objective/linear.hpp"
#include "localsgd/regularizer/l1.hpp"
#include "test/support/problems.hpp"

namespace {

using localsgd::csr_matrix;
using localsgd::dense_matrix;
using localsgd::invalid_data;
using localsgd::invalid_settings;
using localsgd::iterate_type;
using localsgd::l2;
using localsgd::softmax_objective;
using support::at;
using support::layouts;

constexpr std::size_t n = 12, d = 4;

template <class Matrix>
Matrix features(std::size_t rows = n) {
  return support::features<Matrix>(rows, d, 0.6);
}
std::vector<std::uint8_t> labels_below(std::size_t classes, std::size_t count = n) {
  support::numbers random(2);
  std::vector<std::uint8_t> y(count);
  for (auto& label : y) label = static_cast<std::uint8_t>(random.below(classes));
  return y;
}

// 0, 1, 2, 0, 1, 2, …
std::vector<double> weights() {
  std::vector<double> w(n);
  for (std::size_t i = 0; i != n; ++i) w[i] = static_cast<double>(i % 3);
  return w;
}

template <class Labels>
std::string refused_label(Labels const& y) {
  dense_matrix<float> const a(std::array<std::size_t, 2>{y.size(), 2}, 1.0F);
  return support::error_of<invalid_data>([&] { softmax_objective(a, y, 3, l2{}); }).file;
}

}  // namespace

BOOST_AUTO_TEST_CASE_TEMPLATE(the_gradient_is_that_of_the_value, Matrix, layouts) {
  auto const a = features<Matrix>();
  for (std::size_t const classes : {2U, 3U, 7U}) {
    auto const y = labels_below(classes);
    softmax_objective const f(a, y, classes, l2{0.1});
    softmax_objective const in_float(a, y, classes, l2{0.1}, iterate_type<float>{});
    BOOST_TEST(support::worst_central_difference(f) <=
               support::central_difference_tolerance<double>);
    BOOST_TEST(support::worst_central_difference(in_float) <=
               support::central_difference_tolerance<float>);
    // x is exact in float, so only the sum of 12 slopes is rounded to float.
    auto const x = support::random_point<float>(f.dimension(), 5);
    std::vector<double> const same(x.begin(), x.end());
    BOOST_TEST(support::relative_distance(at(in_float, x).gradient, at(f, same).gradient) <= 1e-6);
  }
}

BOOST_AUTO_TEST_CASE_TEMPLATE(the_mean_over_all_samples_is_the_full_gradient, Matrix, layouts) {
  auto const a = features<Matrix>();
  auto const y = labels_below(3);
  softmax_objective const f(a, y, 3, l2{0.1});
  // 12 numbers are summed in another order.
  BOOST_TEST(support::worst_mean_of_singles(f, support::random_point(3 * d, 7)) <= 1e-14);
}

// The formula, evaluated product by product in long double, so that its own rounding is negligible.
template <class F, class Matrix, class Labels, class Scalar>
support::slope_and_value<double> by_triple_loop(F const& f, Matrix const& a, Labels const& y,
                                                std::vector<Scalar> const& x,
                                                std::vector<std::size_t> const& batch,
                                                double lambda) {
  using exact = long double;
  std::size_t const columns = a.shape(1), classes = f.classes();
  std::vector<exact> gradient(x.size());
  exact const share = exact{1} / static_cast<exact>(batch.size());
  exact value = 0;
  for (std::size_t const i : batch) {
    std::vector<exact> p(classes);
    exact sum = 0;
    for (std::size_t c = 0; c != classes; ++c) {
      for (std::size_t j = 0; j != columns; ++j) p[c] += exact{x[c * columns + j]} * a(i, j);
      if (c == y[i]) value -= share * p[c];
      sum += p[c] = std::exp(p[c]);
    }
    value += share * std::log(sum);
    for (std::size_t c = 0; c != classes; ++c)
      for (std::size_t j = 0; j != columns; ++j)
        gradient[c * columns + j] += share * (p[c] / sum - (c == y[i] ? 1 : 0)) * a(i, j);
  }
  for (std::size_t j = 0; j != x.size(); ++j) {
    gradient[j] += lambda * exact{x[j]};
    value += lambda / exact{2} * x[j] * x[j];
  }
  return {{gradient.begin(), gradient.end()}, static_cast<double>(value)};
}

template <class Matrix, class Scalar>
void check_against_the_triple_loop(double tolerance) {
  for (std::size_t const classes : {2U, 3U, 5U, 10U, 17U})
    for (std::size_t const columns : {1U, 7U, 8U, 64U, 785U}) {
      auto const dense = support::random_features<typename Matrix::value_type>(n, columns, 1, 0.6);
      auto const a = support::in_layout<Matrix>(dense);
      auto const y = labels_below(classes);
      softmax_objective const f(a, y, classes, l2{0.1}, iterate_type<Scalar>{});
      // Scores of about 1 for every d.
      auto x = support::random_point<Scalar>(f.dimension(), 5);
      for (auto& e : x) e /= std::sqrt(static_cast<Scalar>(columns));
      support::numbers random(3);
      for (std::size_t const b : {1U, 2U, 3U, 7U, 64U, 200U}) {  // of 12 samples: some are repeated
        std::vector<std::size_t> batch(b);
        for (auto& i : batch) i = random.below(n);
        auto const expected = by_triple_loop(f, dense, y, x, batch, 0.1);
        auto const got = at(f, x, batch);
        BOOST_TEST(support::relative_distance(got.value, expected.value) <= 1e-14);
        BOOST_TEST(support::relative_distance(got.gradient, expected.gradient) <= tolerance,
                   classes << " classes, d = " << columns << ", b = " << b);
      }
    }
}

// Sums of up to 785 products and 200 samples in another order. In float the gradient is rounded for
// each block of dense rows, but for each sample of sparse ones: 200 times 2^-24.
BOOST_AUTO_TEST_CASE_TEMPLATE(all_shapes_agree_with_the_triple_loop, Matrix, layouts) {
  check_against_the_triple_loop<Matrix, double>(1e-14);
  constexpr bool is_dense = std::is_same_v<Matrix, dense_matrix<typename Matrix::value_type>>;
  check_against_the_triple_loop<Matrix, float>(is_dense ? 3e-7 : 1.2e-5);
}

// Blocks of 64 samples, or of as many as have 8192 scores: 8 of 1000 classes, and with 9000 classes
// not even the scores of one sample fit.
BOOST_AUTO_TEST_CASE(batches_of_several_blocks_are_the_mean_of_their_samples) {
  for (std::size_t const classes : {50U, 1000U, 9000U}) {
    std::size_t const rows = classes == 50 ? 200 : classes == 1000 ? 20 : 3;
    auto const a = features<csr_matrix<float>>(rows);
    dense_matrix<float> const dense = support::random_features<float>(rows, d, 1, 0.6);
    auto const y = labels_below(50, rows);
    softmax_objective const f(a, y, classes, l2{0.1});
    softmax_objective const of_dense(dense, y, classes, l2{0.1});
    auto const x = support::random_point(classes * d, 7);
    // Sums of 200 numbers in another order.
    BOOST_TEST(support::worst_mean_of_singles(f, x) <= 1e-13);
    BOOST_TEST(support::worst_mean_of_singles(of_dense, x) <= 1e-13);
  }
}

BOOST_AUTO_TEST_CASE_TEMPLATE(the_same_call_gives_the_same_bits, Matrix, layouts) {
  auto const a = support::features<Matrix>(n, 785, 0.6);
  auto const y = labels_below(10);
  softmax_objective const f(a, y, 10, l2{0.1});
  auto const x = support::random_point(f.dimension(), 5);
  std::vector<std::size_t> const batch{3, 1, 4, 1, 5, 9, 2, 6, 5};
  auto const once = at(f, x, batch), again = at(f, x, batch);
  BOOST_TEST(once.value == again.value);
  BOOST_TEST((once.gradient == again.gradient));
}

BOOST_AUTO_TEST_CASE(at_zero_all_classes_are_equally_likely) {
  auto const a = features<dense_matrix<double>>();
  auto const y = labels_below(7);
  softmax_objective const f(a, y, 7, l2{0.1});
  std::vector<double> const zero(7 * d);
  BOOST_TEST(at(f, zero, {0}).value == std::log(7.0));
  // ∇f = (1/7 − [c = y]) a
  auto const g = at(f, zero, {0}).gradient;
  for (std::size_t c = 0; c != 7; ++c)
    for (std::size_t j = 0; j != d; ++j)
      BOOST_TEST(g[c * d + j] == (1.0 / 7 - (c == y[0] ? 1 : 0)) * a(0, j),
                 boost::test_tools::tolerance(1e-15));
}

BOOST_AUTO_TEST_CASE(two_classes_are_logistic_regression_of_their_difference) {
  auto const a = features<dense_matrix<double>>();
  auto const y = labels_below(2);
  std::vector<double> signs(y.begin(), y.end());
  for (double& s : signs) s = 2 * s - 1;
  softmax_objective const f(a, y, 2, l2{0});
  localsgd::linear_objective const g(a, signs, localsgd::logistic{}, l2{0});
  auto const x = support::random_point(2 * d, 7);
  std::vector<double> difference(d);
  for (std::size_t j = 0; j != d; ++j) difference[j] = x[d + j] - x[j];
  // The same numbers by another formula: they differ by the rounding of a few exponentials.
  BOOST_TEST(support::relative_distance(at(f, x).value, at(g, difference).value) <= 1e-14);
  auto const slope = at(f, x).gradient;
  std::vector<double> const of_class_1(slope.begin() + d, slope.end());
  BOOST_TEST(support::relative_distance(of_class_1, at(g, difference).gradient) <= 1e-14);
}

BOOST_AUTO_TEST_CASE(what_is_added_to_all_classes_changes_nothing_but_the_penalty) {
  auto const a = features<csr_matrix<double>>();
  auto const y = labels_below(3);
  softmax_objective const f(a, y, 3, l2{0});
  auto x = support::random_point(3 * d, 7);
  auto const before = at(f, x);
  for (std::size_t i = 0; i != x.size(); ++i) x[i] += static_cast<double>(i % d);
  // Scores are exact here, up to the rounding of the exponentials of equal differences.
  BOOST_TEST(support::relative_distance(before.value, at(f, x).value) <= 1e-14);
  // The gradients of the classes add up to zero.
  for (std::size_t j = 0; j != d; ++j)
    BOOST_TEST(std::abs(before.gradient[j] + before.gradient[d + j] + before.gradient[2 * d + j]) <=
               1e-15);
}

BOOST_AUTO_TEST_CASE(large_scores_do_not_overflow) {
  dense_matrix<double> const a{{1}};
  std::vector<int> const y{0};
  softmax_objective const f(a, y, 3, l2{0});
  auto const wrong = at(f, std::vector<double>{-1e4, 1e4, 0});
  BOOST_TEST(wrong.value == 2e4);
  BOOST_TEST((wrong.gradient == std::vector<double>{-1, 1, 0}));
  auto const right = at(f, std::vector<double>{1e4, -1e4, 0});
  BOOST_TEST(right.value == 0);
}

BOOST_AUTO_TEST_CASE(an_objective_reports_its_size) {
  auto const a = features<csr_matrix<float>>();
  auto const y = labels_below(3);
  softmax_objective const f(a, y, 5, l2{0.25});
  BOOST_TEST(f.samples() == n);
  BOOST_TEST(f.classes() == 5U);
  BOOST_TEST(f.dimension() == 5 * d);
  BOOST_TEST(f.flops_per_sample() == 5 * static_cast<double>(a.nonzeros()) / n,
             boost::test_tools::tolerance(1e-15));
  BOOST_TEST(f.strong_convexity() == 0.25);
}

BOOST_AUTO_TEST_CASE(smoothness_is_half_the_largest_eigenvalue) {
  dense_matrix<double> const a{
      {1, 0, 0}, {0, -6, 0}, {0, 0, 3}};  // (1/n) Σ a aᵀ = diag(1, 36, 9)/3
  std::vector<int> const y{0, 1, 2};
  BOOST_TEST(softmax_objective(a, y, 3, l2{0.5}).smoothness() == 6.5,
             boost::test_tools::tolerance(1e-6));  // as documented
}

BOOST_AUTO_TEST_CASE_TEMPLATE(no_pair_of_points_is_steeper_than_smoothness, Matrix, layouts) {
  auto const a = features<Matrix>();
  auto const y = labels_below(3);
  softmax_objective const f(a, y, 3, l2{0.1});
  BOOST_TEST(support::steepest_pair(f) <= f.smoothness() * (1 + 1e-6));  // L is approached from below
}

BOOST_AUTO_TEST_CASE(the_stable_step_is_at_most_a_quarter_of_the_inverse_smoothness) {
  // Eigenvalues a factor 4 apart: an iteration that changes the estimate by 1 % leaves it 0.4 %
  // below L at most.
  dense_matrix<double> const a{{1, 0, 0}, {0, 4, 0}, {0, 0, 2}};
  std::vector<int> const y{0, 1, 2};
  softmax_objective const f(a, y, 3, l2{0.5});
  for (std::size_t const b : {1U, 2U, 100U}) {
    BOOST_TEST(f.stable_step(b) > 0);
    BOOST_TEST(f.stable_step(b) <= 1.004 / (4 * f.smoothness()));
  }
}

BOOST_AUTO_TEST_CASE(the_predicted_class_has_the_largest_score_and_the_lowest_wins_a_tie) {
  dense_matrix<double> const a{{1, 0}, {0, 1}, {1, 1}, {0, 0}};
  std::vector<int> const y{2, 1, 0, 0};
  softmax_objective const f(a, y, 3, l2{0});
  std::vector<double> const x{0, 1, 2, 3, 5, 0};  // scores: 0 2 5 | 1 3 0 | 1 5 5 | 0 0 0
  std::vector<std::size_t> predicted;
  for (std::size_t i = 0; i != 4; ++i) predicted.push_back(f.predict(x, i));
  BOOST_TEST((predicted == std::vector<std::size_t>{2, 1, 1, 0}));
  BOOST_TEST(f.accuracy(x) == 0.75);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(weight_2_is_the_sample_twice_and_weight_0_is_none, Matrix, layouts) {
  using value = typename Matrix::value_type;
  auto const once = support::random_features<value>(n, d, 1, 0.6);
  auto const y = labels_below(3);
  auto const w = weights();
  std::vector<double> const of_classes{1, 3, 2};
  std::vector<std::size_t> rows;
  for (std::size_t i = 0; i != n; ++i)
    rows.insert(rows.end(), static_cast<std::size_t>(w[i] * of_classes[y[i]]), i);
  dense_matrix<value> repeated(std::array<std::size_t, 2>{rows.size(), d});
  std::vector<std::uint8_t> labels(rows.size());
  for (std::size_t r = 0; r != rows.size(); ++r) {
    labels[r] = y[rows[r]];
    for (std::size_t j = 0; j != d; ++j) repeated(r, j) = once(rows[r], j);
  }
  auto const a = support::in_layout<Matrix>(once);
  auto const b = support::in_layout<Matrix>(repeated);
  softmax_objective const weighted(a, y, 3, l2{0.1}, {.weights = w, .class_weights = of_classes});
  softmax_objective const listed(b, labels, 3, l2{0.1});
  auto const x = support::random_point(3 * d, 7);
  // Sums of about 40 numbers in another order, and products by weights instead of sums.
  BOOST_TEST(support::relative_distance(at(weighted, x).value, at(listed, x).value) <= 1e-13);
  BOOST_TEST(support::relative_distance(at(weighted, x).gradient, at(listed, x).gradient) <= 1e-13);
  // Power iteration ends when an iteration changes the estimate by less than 1e-8.
  BOOST_TEST(weighted.smoothness() == listed.smoothness(), boost::test_tools::tolerance(1e-6));
  BOOST_TEST(support::worst_central_difference(weighted) <=
             support::central_difference_tolerance<double>);
}

BOOST_AUTO_TEST_CASE(a_sample_of_weight_0_has_the_gradient_of_the_penalty) {
  auto const a = features<dense_matrix<double>>();
  auto const y = labels_below(3);
  auto const w = weights();  // sample 0 has weight 0
  softmax_objective const f(a, y, 3, l2{0.5}, {.weights = w});
  auto const x = support::random_point(3 * d, 7);
  auto const g = at(f, x, {0}).gradient;
  for (std::size_t j = 0; j != g.size(); ++j) BOOST_TEST(g[j] == 0.5 * x[j]);
}

BOOST_AUTO_TEST_CASE(slopes_have_the_weight_of_their_sample_and_probabilities_have_none) {
  auto const a = features<csr_matrix<double>>();
  auto const y = labels_below(3);
  auto const w = weights();
  softmax_objective const plain(a, y, 3, l2{0.1}), f(a, y, 3, l2{0.1}, {.weights = w});
  auto const x = support::random_point(3 * d, 7);
  std::vector<double> s(3), of_plain(3), p(3), same(3);
  for (std::size_t i = 0; i != n; ++i) {
    f.slopes(x, 0.5, std::span(&i, 1), i, s);
    plain.slopes(x, 0.5, std::span(&i, 1), i, of_plain);
    std::span<double const> const at = x;
    f.probabilities(at, std::span<std::size_t const>(&i, 1), std::span(p));
    plain.probabilities(at, std::span<std::size_t const>(&i, 1), std::span(same));
    for (std::size_t c = 0; c != 3; ++c)
      BOOST_TEST(s[c] == f.scale(i) * of_plain[c], boost::test_tools::tolerance(1e-14));
    BOOST_TEST((p == same));
  }
}

BOOST_AUTO_TEST_CASE(scales_have_the_mean_1_unless_a_sharded_objective_says_otherwise) {
  auto const a = features<csr_matrix<double>>();
  auto const y = labels_below(3);
  auto const w = weights();
  softmax_objective f(a, y, 3, l2{0.1}, {.weights = w});
  double sum = 0, of_weights = 0;
  for (std::size_t i = 0; i != n; ++i) {
    sum += f.scale(i);
    of_weights += w[i];
  }
  BOOST_TEST(sum == static_cast<double>(n), boost::test_tools::tolerance(1e-14));
  BOOST_TEST(f.mean_weight() == of_weights / n, boost::test_tools::tolerance(1e-14));
  f.set_mean_weight(4);
  BOOST_TEST(f.scale(1) == w[1] / 4);
  softmax_objective plain(a, y, 3, l2{0.1});
  BOOST_TEST(plain.mean_weight() == 1);
  BOOST_TEST(plain.scale(0) == 1);
  plain.set_mean_weight(4);
  BOOST_TEST(plain.scale(0) == 0.25);
}

// Powers of two as weights: all products and quotients by them are exact.
BOOST_AUTO_TEST_CASE(equal_weights_have_the_bits_of_none) {
  auto const a = features<csr_matrix<float>>();
  auto const y = labels_below(3);
  std::vector<double> const halves(n, 0.5), quarters(3, 0.25);
  softmax_objective const f(a, y, 3, l2{0.1});
  softmax_objective const g(a, y, 3, l2{0.1}, {.weights = halves, .class_weights = quarters});
  auto const x = support::random_point(3 * d, 7);
  BOOST_TEST(at(f, x).value == at(g, x).value);
  BOOST_TEST((at(f, x).gradient == at(g, x).gradient));
}

BOOST_AUTO_TEST_CASE(weights_come_with_either_type_of_x) {
  auto const a = features<csr_matrix<float>>();
  auto const y = labels_below(3);
  auto const w = weights();
  softmax_objective const f(a, y, 3, l2{0.1}, {.weights = w}, iterate_type<float>{});
  softmax_objective const g(a, y, 3, l2{0.1}, iterate_type<float>{});
  static_assert(std::is_same_v<decltype(f)::scalar, float>);
  static_assert(std::is_same_v<decltype(g)::scalar, float>);
  BOOST_TEST(f.scale(0) == 0);
  BOOST_TEST(g.scale(0) == 1);
}

BOOST_AUTO_TEST_CASE(weights_that_do_not_fit_are_refused_by_name) {
  auto const a = features<csr_matrix<float>>();
  auto const y = labels_below(3);
  auto const refused = [&](std::vector<double> const& w, std::vector<double> const& of_classes) {
    return support::error_of<invalid_settings>([&] {
             softmax_objective(a, y, 3, l2{}, {.weights = w, .class_weights = of_classes});
           }).field;
  };
  auto const misshapen = [&](std::vector<double> const& w, std::vector<double> const& of_classes) {
    return support::error_of<invalid_data>([&] {
             softmax_objective(a, y, 3, l2{}, {.weights = w, .class_weights = of_classes});
           }).file;
  };
  std::vector<double> w(n, 1);
  w[4] = -1;
  BOOST_TEST(refused(w, {}) == "weights[4]");
  BOOST_TEST(refused({}, {1, support::not_a_number, 1}) == "class_weights[1]");
  BOOST_TEST(refused(std::vector<double>(n, 0), {}) == "sum of weights");
  BOOST_TEST(refused({}, {0, 0, 0}) == "sum of weights times class_weights");
  // Each sum is positive, but no sample has a positive product.
  for (std::size_t i = 0; i != n; ++i) w[i] = y[i] == 0 ? 0 : 1;
  BOOST_TEST(refused(w, {1, 0, 0}) == "sum of weights times class_weights");
  BOOST_TEST(misshapen(std::vector<double>(n + 1, 1), {}) == "weights");
  BOOST_TEST(misshapen({}, {1, 1}) == "class_weights");
}

namespace {

// The features with a last column of `constant`, and x reordered from the order with intercepts at
// the end.
template <class Matrix>
Matrix with_constant(double constant) {
  auto const a = features<dense_matrix<typename Matrix::value_type>>();
  dense_matrix<typename Matrix::value_type> more(std::array<std::size_t, 2>{n, d + 1}, 0);
  for (std::size_t i = 0; i != n; ++i) {
    for (std::size_t j = 0; j != d; ++j) more(i, j) = a(i, j);
    more(i, d) = static_cast<typename Matrix::value_type>(constant);
  }
  return support::in_layout<Matrix>(more);
}
std::vector<double> interleaved(std::vector<double> const& x, std::size_t classes) {
  std::vector<double> y;
  for (std::size_t c = 0; c != classes; ++c) {
    y.insert(y.end(), x.begin() + static_cast<std::ptrdiff_t>(c * d),
             x.begin() + static_cast<std::ptrdiff_t>((c + 1) * d));
    y.push_back(x[classes * d + c]);
  }
  return y;
}

}  // namespace

BOOST_AUTO_TEST_CASE_TEMPLATE(intercepts_are_the_coefficients_of_a_constant_feature, Matrix, layouts) {
  auto const a = features<Matrix>(), more = with_constant<Matrix>(0.5);
  auto const y = labels_below(3);
  auto const w = weights();
  softmax_objective const f(a, y, 3, l2{0.1},
                            {.intercept = 0.5, .weights = w, .regularize_intercept = true});
  softmax_objective const same(more, y, 3, l2{0.1}, {.weights = w});
  BOOST_TEST(f.dimension() == 3 * (d + 1));
  BOOST_TEST(f.strong_convexity() == 0.1);
  BOOST_TEST(f.smoothness() == same.smoothness(), boost::test_tools::tolerance(1e-9));
  auto const x = support::random_point(3 * (d + 1), 7);
  auto const here = at(f, x), there = at(same, interleaved(x, 3));
  BOOST_TEST(here.value == there.value, boost::test_tools::tolerance(1e-14));
  BOOST_TEST(support::relative_distance(interleaved(here.gradient, 3), there.gradient) < 1e-14);
  for (std::size_t i = 0; i != n; ++i)
    BOOST_TEST(f.predict(std::span<double const>(x), i) ==
               same.predict(std::span<double const>(interleaved(x, 3)), i));
  // The members that factored steps use.
  auto const all = support::all_samples(n);
  std::vector<double> slopes(3 * n), sum(x.size()), p(3 * n), one(3);
  f.slopes(x, 1, all, 0, slopes);
  f.add_rows(all, std::span<double const>(slopes), sum);
  for (std::size_t j = 0; j != x.size(); ++j) sum[j] = sum[j] / n + 0.1 * x[j];
  BOOST_TEST(support::relative_distance(sum, here.gradient) < 1e-14);
  f.probabilities(std::span<double const>(x), std::span<std::size_t const>(all), p);
  for (std::size_t i = 0; i != n; ++i) {
    f.probabilities(std::span<double const>(x), std::span<std::size_t const>(&i, 1), std::span(one));
    for (std::size_t c = 0; c != 3; ++c) {
      BOOST_TEST(one[c] == p[3 * i + c]);
      BOOST_TEST(f.scale(i) * (one[c] - (y[i] == c ? 1 : 0)) == slopes[3 * i + c],
                 boost::test_tools::tolerance(1e-12));
    }
  }
}

BOOST_AUTO_TEST_CASE(free_intercepts_have_no_penalty) {
  auto const a = features<dense_matrix<double>>();
  auto const y = labels_below(3);
  auto const x = support::random_point(3 * (d + 1), 7);
  double squares = 0, sizes = 0;
  for (std::size_t c = 0; c != 3; ++c) squares += x[3 * d + c] * x[3 * d + c], sizes += std::abs(x[3 * d + c]);
  auto const check = [&](auto const& r, double penalty) {
    softmax_objective const free(a, y, 3, r, {.intercept = 1});
    softmax_objective const all(a, y, 3, r, {.intercept = 1, .regularize_intercept = true});
    BOOST_TEST(free.strong_convexity() == 0);
    BOOST_TEST(at(all, x).value - at(free, x).value == penalty, boost::test_tools::tolerance(1e-12));
    BOOST_TEST(localsgd::detail::penalized_coordinates(free) == 3 * d);
    BOOST_TEST(localsgd::detail::penalized_coordinates(all) == 3 * (d + 1));
  };
  check(l2{0.1}, 0.05 * squares);
  check(localsgd::l1{0.1}, 0.1 * sizes);
  softmax_objective const f(a, y, 3, l2{0.1}, {.intercept = 2});
  softmax_objective const narrow(a, y, 3, l2{0.1}, {.intercept = 2}, iterate_type<float>{});
  BOOST_TEST(support::worst_central_difference(f) <= support::central_difference_tolerance<double>);
  BOOST_TEST(support::worst_central_difference(narrow) <=
             support::central_difference_tolerance<float>);
}

BOOST_AUTO_TEST_CASE(an_intercept_that_is_not_finite_is_refused) {
  auto const a = features<dense_matrix<double>>();
  auto const y = labels_below(3);
  for (double const bad : {support::not_a_number, support::infinity})
    BOOST_TEST(support::error_of<invalid_settings>([&] {
                 softmax_objective(a, y, 3, l2{}, {.intercept = bad});
               }).field == "softmax_options.intercept");
}

BOOST_AUTO_TEST_CASE(labels_may_have_any_arithmetic_type) {
  auto const a = features<dense_matrix<float>>();
  auto const bytes = labels_below(3);
  std::vector<int> const ints(bytes.begin(), bytes.end());
  std::vector<std::size_t> const sizes(bytes.begin(), bytes.end());
  localsgd::vector<double> const reals =
      localsgd::detail::to_vector<double>(std::span<std::uint8_t const>(bytes));
  auto const x = support::random_point(3 * d, 7);
  double const value = at(softmax_objective(a, bytes, 3, l2{0.1}), x).value;
  BOOST_TEST(at(softmax_objective(a, ints, 3, l2{0.1}), x).value == value);
  BOOST_TEST(at(softmax_objective(a, sizes, 3, l2{0.1}), x).value == value);
  BOOST_TEST(at(softmax_objective(a, reals, 3, l2{0.1}), x).value == value);
}

BOOST_AUTO_TEST_CASE(labels_that_are_no_class_are_refused_by_number) {
  for (double const bad : {-1.0, 3.0, 0.5, support::not_a_number, support::infinity})
    BOOST_TEST(refused_label(std::vector<double>{0, 1, bad}) == "labels[2]");
  BOOST_TEST(refused_label(std::vector<int>{0, -1}) == "labels[1]");
  BOOST_TEST(refused_label(std::vector<std::uint8_t>{3}) == "labels[0]");
  std::vector<double> const y{0.5};
  dense_matrix<float> const a{{1}};
  auto const e = support::error_of<invalid_data>([&] { softmax_objective(a, y, 3, l2{}); });
  BOOST_TEST(e.found == "0.5");
  BOOST_TEST(e.expected == "a class from 0 to 2; encode_classes() converts any labels");
}

BOOST_AUTO_TEST_CASE(there_are_2_to_65536_classes) {
  dense_matrix<float> const a{{1}};
  std::vector<int> const y{0};
  for (std::size_t const bad : {0U, 1U, 65537U}) {
    auto const e = support::error_of<invalid_settings>([&] { softmax_objective(a, y, bad, l2{}); });
    BOOST_TEST(e.field == "classes");
    BOOST_TEST(e.value == std::to_string(bad));
  }
  BOOST_TEST(softmax_objective(a, y, 65536, l2{}).dimension() == 65536U);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(shapes_that_do_not_fit_are_refused_by_argument, Matrix, layouts) {
  using value = typename Matrix::value_type;
  auto const refused = [](std::size_t rows, std::size_t columns, std::size_t labels) {
    auto const a = support::in_layout<Matrix>(
        dense_matrix<value>(std::array<std::size_t, 2>{rows, columns}, value{1}));
    std::vector<int> const y(labels);
    return support::error_of<invalid_data>([&] { softmax_objective(a, y, 3, l2{}); }).file;
  };
  BOOST_TEST(refused(4, 2, 3) == "targets");
  BOOST_TEST(refused(0, 2, 0) == "features");
  BOOST_TEST(refused(3, 0, 3) == "features");
}

BOOST_AUTO_TEST_CASE(temporary_data_does_not_compile) {
  using matrix = dense_matrix<double>;
  using labels = std::vector<int>;
  using objective = softmax_objective<matrix, int>;
  using std::size_t;
  constexpr bool lasting = std::is_constructible_v<objective, matrix&, labels&, size_t, l2>;
  constexpr bool of_const =
      std::is_constructible_v<objective, matrix const&, labels const&, size_t, l2>;
  static_assert(lasting && of_const);
  static_assert(!std::is_constructible_v<objective, matrix, labels&, size_t, l2>);
  static_assert(!std::is_constructible_v<objective, matrix const, labels&, size_t, l2>);
  static_assert(!std::is_constructible_v<objective, matrix&, labels, size_t, l2>);
  static_assert(!std::is_constructible_v<objective, matrix&, labels const, size_t, l2>);
  static_assert(!std::is_constructible_v<objective, matrix, labels, size_t, l2>);
  using type = iterate_type<double>;
  using options = localsgd::softmax_options;
  static_assert(std::is_constructible_v<objective, matrix&, labels&, size_t, l2, type>);
  static_assert(std::is_constructible_v<objective, matrix&, labels&, size_t, l2, options, type>);
  static_assert(!std::is_constructible_v<objective, matrix, labels&, size_t, l2, type>);
  static_assert(!std::is_constructible_v<objective, matrix&, labels, size_t, l2, type>);
  static_assert(!std::is_constructible_v<objective, matrix, labels&, size_t, l2, options>);
  static_assert(!std::is_constructible_v<objective, matrix&, labels, size_t, l2, options, type>);
  BOOST_TEST((lasting && of_const));
}
