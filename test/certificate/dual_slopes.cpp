// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE certificate_dual_slopes
#include "localsgd/certificate/dual_slopes.hpp"

#include <algorithm>
#include <array>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <span>
#include <vector>

#include "localsgd/core/index_range.hpp"
#include "localsgd/core/tensor.hpp"
#include "localsgd/loss/huber.hpp"
#include "localsgd/objective/linear.hpp"
#include "test/support/problems.hpp"

using namespace localsgd;
using detail::balance;

namespace {

// Five samples, one feature, c = 2, huber with δ = 1, weights 1, 2, 1, 1, 1: their mean is 6/5, so
// s_i = 5/6, 5/3, 5/6, 5/6, 5/6. x = (1, ½): z = a + 1.
struct example {
  dense_matrix<double> a{std::array<std::size_t, 2>{5, 1}, 0.0};
  std::vector<double> y{1, 1, 1, 1, 1}, weights{1, 2, 1, 1, 1};
  std::vector<double> const x{1, 0.5};
  std::vector<double> const z{3, 0.5, 1, -1, 1.25};

  example() {
    double const entries[] = {2, -0.5, 0, -2, 0.25};
    std::copy_n(entries, 5, a.begin());
  }
  auto objective() const {
    return linear_objective(a, y, huber{1}, l2{0.5}, {.intercept = 2, .weights = weights});
  }
};
auto const nearly = boost::test_tools::tolerance(1e-13);

// The sums of the balanced slopes at z + shift.
template <class F>
void add_gap(F const& f, std::span<double const> z, double shift, balance const& factor,
             index_range samples, std::vector<double>& sum) {
  detail::add_fenchel_gap(f, z, samples,
                           [&](index_range some, std::span<double const> here, double* theta) {
                             detail::write_balanced_slopes(f, here, shift, factor, some, theta);
                           },
                           std::span<double>(sum));
}

}  // namespace

BOOST_AUTO_TEST_CASE(products_are_those_of_the_rows_with_the_intercept) {
  example const e;
  auto const f = e.objective();
  std::vector<double> z(3);
  detail::write_predictions(f, std::span<double const>(e.x), {1, 4}, z.data());
  for (std::size_t i = 0; i != 3; ++i) BOOST_TEST(z[i] == e.z[i + 1]);
}

BOOST_AUTO_TEST_CASE(slopes_are_added_up_by_their_sign) {
  example const e;
  auto const f = e.objective();
  // θ = clamp(z − 1, −1, 1) = 1, −½, 0, −1, ¼
  std::vector<double> sum(4);
  detail::add_slopes_by_sign(f, e.z, 0, {0, 5}, sum);
  BOOST_TEST(sum[0] == 5.0 / 6 * 1.25, nearly);
  BOOST_TEST(sum[1] == 5.0 / 3 * 0.5 + 5.0 / 6, nearly);
  // φ'' is 1 for the three samples in between; s = 5/3, 5/6, 5/6. By differences over 1e-5.
  BOOST_TEST(sum[2] == 10.0 / 3, boost::test_tools::tolerance(1e-9));
  // Shifted by ½: θ = 1, 0, ½, −1, ¾
  std::ranges::fill(sum, 0.0);
  detail::add_slopes_by_sign(f, e.z, 0.5, {0, 5}, sum);
  BOOST_TEST(sum[0] == 5.0 / 6 * 2.25, nearly);
  BOOST_TEST(sum[1] == 5.0 / 6, nearly);
  BOOST_TEST(sum[2] == 0);
}

BOOST_AUTO_TEST_CASE(given_numbers_are_added_up_by_their_sign) {
  example const e;
  auto const f = e.objective();
  std::vector<double> const theta{1, -0.5, 0, -1, 0.25};
  std::vector<double> sum(4), parts(4);
  detail::add_by_sign(f, theta, {0, 5}, sum);
  BOOST_TEST(sum[0] == 5.0 / 6 * 1.25, nearly);
  BOOST_TEST(sum[1] == 5.0 / 3 * 0.5 + 5.0 / 6, nearly);
  detail::add_by_sign(f, theta, {0, 2}, parts);
  detail::add_by_sign(f, theta, {2, 5}, parts);
  for (std::size_t j = 0; j != 2; ++j) BOOST_TEST(sum[j] == parts[j], nearly);
}

BOOST_AUTO_TEST_CASE(parts_add_up_to_the_whole) {
  example const e;
  auto const f = e.objective();
  std::vector<double> whole(4), parts(4);
  std::span<double const> const z(e.z);
  add_gap(f, z, 0.25, {0.5, 1}, {0, 5}, whole);
  add_gap(f, z.first(2), 0.25, {0.5, 1}, {0, 2}, parts);
  add_gap(f, z.subspan(2), 0.25, {0.5, 1}, {2, 5}, parts);
  for (std::size_t j = 0; j != 4; ++j) BOOST_TEST(whole[j] == parts[j], nearly);
}

BOOST_AUTO_TEST_CASE(a_balanced_dual_point_has_the_gap_worked_out_by_hand) {
  example const e;
  auto const f = e.objective();
  // Unshifted, what is above 0 halved: θ' = ½, −½, 0, −1, ⅛, on rows 2, −½, 0, −2, ¼.
  // φ + φ* − θ'z with φ* = θ'²/2 + θ': 3/2 + 5/8 − 3/2 = 5/8; 1/8 − 3/8 + 1/4 = 0; 0;
  // 3/2 − 1/2 − 1 = 0; 1/32 + 17/128 − 20/128 = 1/128.
  std::vector<double> sum(4);
  add_gap(f, e.z, 0, balance{0.5, 1}, {0, 5}, sum);
  double const s = 5.0 / 6;
  BOOST_TEST(sum[0] == s * (1 + 2 * 0.25 + 0 + 2 + 1.0 / 32), nearly);
  BOOST_TEST(sum[1] == s * (0.25 + 2 * 0.25 + 0 + 1 + 1.0 / 64), nearly);
  BOOST_TEST(sum[2] == s * (0.625 + 1.0 / 128), nearly);
  BOOST_TEST(sum[3] == s * (1.5 + 0.625 + 1.5 + 2 * (0.125 + 0.375 + 0.25) + 0 + (1.5 + 0.5 + 1) +
                            (1.0 / 32 + 17.0 / 128 + 20.0 / 128)),
             nearly);
}

BOOST_AUTO_TEST_CASE(at_its_own_slopes_a_point_has_no_gap) {
  example const e;
  auto const f = e.objective();
  std::vector<double> sum(4);
  add_gap(f, e.z, 0, balance{}, {0, 5}, sum);
  BOOST_TEST(std::abs(sum[2]) <= 1e-15);
}

BOOST_AUTO_TEST_CASE(a_regularised_intercept_is_a_coordinate_of_h) {
  example const e;
  linear_objective const f(e.a, e.y, huber{1}, l2{0.5},
                           {.intercept = 2, .weights = e.weights, .regularize_intercept = true});
  std::vector<double> sum(4);
  add_gap(f, e.z, 0, balance{0.5, 1}, {0, 5}, sum);
  BOOST_TEST(sum[1] == 2 * 5.0 / 6 * (0.5 - 2 * 0.5 + 0 - 1 + 0.125), nearly);
}
