// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE certificate_dual_passes
#include "localsgd/certificate/dual_passes.hpp"

#include <array>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

#include "localsgd/core/tensor.hpp"
#include "localsgd/loss/squared.hpp"
#include "localsgd/objective/linear.hpp"
#include "localsgd/objective/softmax.hpp"
#include "localsgd/regularizer/l1.hpp"
#include "test/support/losses.hpp"

using namespace localsgd;
using detail::dual_passes;

namespace {
auto const nearly = boost::test_tools::tolerance(1e-14);

template <class Matrix>
Matrix column(std::vector<double> const& entries) {
  Matrix a(std::array<std::size_t, 2>{entries.size(), 1}, 0.0);
  for (std::size_t i = 0; i != entries.size(); ++i) a(i, 0) = entries[i];
  return a;
}
}  // namespace

BOOST_AUTO_TEST_CASE(slopes_of_a_linear_model_are_balanced_by_sign) {
  // z = 2a + 1, y = 1, θ = z − y = 2a: 2, 4, −2; φ*(θ) = θ²/2 + θ. With a factor of 1/3 for those above 0
  // the sum is 0.
  auto const a = column<dense_matrix<double>>({1, 2, -1});
  std::vector<double> const y{1, 1, 1}, x{2, 1};
  linear_objective const f(a, y, squared{}, l1{1}, {.intercept = 1});
  std::span<double const> const at(x);
  dual_passes<decltype(f)> passes(1);
  std::vector<double> sums(4);
  BOOST_TEST(passes.sums(1) == 2U);
  passes.add_imbalance(f, at, {0, 3}, sums);
  BOOST_TEST(sums[0] == 6);
  BOOST_TEST(sums[1] == 2);
  passes.balance_out(sums);
  std::vector<double> gradient(4), conjugates(4);
  passes.add_gradient(f, at, {0, 3}, gradient);
  BOOST_TEST(gradient[0] == 2.0 / 3 + 8.0 / 3 + 2, nearly);
  BOOST_TEST(gradient[1] == 0);
  // At half of the slopes: 1/3, 2/3, −1.
  passes.add_conjugates(f, at, 0.5, {0, 3}, conjugates);
  BOOST_TEST(conjugates[0] == (1.0 / 9 + 4.0 / 9 + 1) / 2, nearly);
  BOOST_TEST(conjugates[1] == (1.0 / 18 + 1.0 / 3) + (2.0 / 9 + 2.0 / 3) + 0.5, nearly);
  passes.reset();
  std::vector<double> as_they_are(4);
  passes.add_gradient(f, at, {0, 3}, as_they_are);
  BOOST_TEST(as_they_are[0] == 2 + 8 + 2);
}

BOOST_AUTO_TEST_CASE(offsets_count_in_the_conjugates) {
  // z = 2a + o, θ = z − 1 = 3, 1; Σ (θ²/2 + θ − θ o) at o = 2, 2.
  auto const a = column<dense_matrix<double>>({1, 0});
  std::vector<double> const y{1, 1}, o{2, 2}, x{2};
  linear_objective const f(a, y, squared{}, l1{1}, {.offset = o});
  dual_passes<decltype(f)> const passes(1);
  std::vector<double> sums(3);
  passes.add_conjugates(f, std::span<double const>(x), 1, {0, 2}, sums);
  BOOST_TEST(sums[0] == (4.5 + 3 - 6) + (0.5 + 1 - 2), nearly);
}

BOOST_AUTO_TEST_CASE(probabilities_are_moved_between_classes_until_their_sums_are_those_of_the_labels) {
  // x = 0: q = (1/3, 1/3, 1/3) of each of 3 samples, their sums are 1, 1, 1. The labels are 0, 0, 1, so that
  // class 2 gives all it has to class 0: q = (2/3, 1/3, 0).
  auto const a = column<dense_matrix<double>>({1, 2, 3});
  std::vector<int> const y{0, 0, 1};
  std::vector<double> const x{0, 0, 0};
  softmax_objective const f(a, y, 3, l1{1});
  std::span<double const> const at(x);
  dual_passes<decltype(f)> passes(3);
  std::vector<double> sums(8);
  BOOST_TEST(passes.sums(3) == 6U);
  passes.add_imbalance(f, at, {0, 3}, sums);
  for (std::size_t c = 0; c != 3; ++c) BOOST_TEST(sums[c] == 1, nearly);
  BOOST_TEST((sums[3] == 2 && sums[4] == 1 && sums[5] == 0));
  passes.balance_out(sums);
  std::vector<double> gradient(5), conjugates(5);
  passes.add_gradient(f, at, {0, 3}, gradient);  // Σ (q_i − e_y) a_i
  BOOST_TEST(gradient[0] == 2.0 / 3 * 6 - 3, nearly);
  BOOST_TEST(gradient[1] == 1.0 / 3 * 6 - 3, nearly);
  BOOST_TEST(std::abs(gradient[2]) < 1e-15);
  passes.add_conjugates(f, at, 1, {0, 3}, conjugates);
  double const entropy = 2.0 / 3 * std::log(2.0 / 3) + 1.0 / 3 * std::log(1.0 / 3);
  BOOST_TEST(conjugates[0] == 3 * entropy, nearly);
  std::vector<double> gaps(4);  // relative to (1/3, 1/3, 1/3)
  passes.add_fenchel_gaps(f, at, {0, 3}, gaps);
  BOOST_TEST(gaps[0] == 3 * 2.0 / 3 * std::log(2.0), nearly);
  BOOST_TEST(gaps[1] == 3 * (1 + 2.0 / 3 * std::log(2.0)), nearly);
  // Half-way to the labels: (5/6, 1/6, 0) twice, and (1/3, 2/3, 0).
  std::vector<double> half(5);
  passes.add_conjugates(f, at, 0.5, {0, 3}, half);
  BOOST_TEST(half[0] == 2 * (5.0 / 6 * std::log(5.0 / 6) + 1.0 / 6 * std::log(1.0 / 6)) + entropy, nearly);
}

BOOST_AUTO_TEST_CASE(what_is_balanced_stays_as_it_is_and_weights_count) {
  // Weights 2 and 1 and labels 0 and 1 at probabilities (2/3, 1/3).
  auto const a = column<dense_matrix<double>>({1, 1});
  std::vector<int> const y{0, 1};
  std::vector<double> const weights{2, 1}, x{std::log(2.0), 0};
  softmax_objective const f(a, y, 2, l1{1}, {.weights = weights});
  std::span<double const> const at(x);
  dual_passes<decltype(f)> passes(2);
  std::vector<double> sums(4), before(4), after(4);
  passes.add_gradient(f, at, {0, 2}, before);
  passes.add_imbalance(f, at, {0, 2}, sums);
  BOOST_TEST(sums[0] == 4.0 / 3, nearly);  // s = 4/3, 2/3
  BOOST_TEST(sums[2] == 4.0 / 3, nearly);
  passes.balance_out(sums);
  passes.add_gradient(f, at, {0, 2}, after);
  for (std::size_t c = 0; c != 2; ++c) {
    BOOST_TEST(std::abs(before[c]) < 1e-15);
    BOOST_TEST(std::abs(after[c]) < 1e-15);
  }
}

BOOST_AUTO_TEST_CASE(a_conjugate_or_probabilities_are_needed) {
  using linear = linear_objective<dense_matrix<double>, squared, double, l1>;
  using without = linear_objective<dense_matrix<double>, support::required_members<squared>, double, l1>;
  using softmax = softmax_objective<dense_matrix<double>, int, double, l1>;
  BOOST_TEST((detail::linear_with_conjugate<linear> && !detail::linear_with_conjugate<without>));
  BOOST_TEST((detail::has_class_probabilities<softmax> && !detail::has_class_probabilities<linear>));
}
