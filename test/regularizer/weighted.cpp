// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE regularizer_weighted
#include "localsgd/regularizer/weighted.hpp"

#include <boost/test/unit_test.hpp>
#include <limits>
#include <span>
#include <string>
#include <vector>

#include "localsgd/regularizer/elastic_net.hpp"
#include "localsgd/regularizer/l1.hpp"
#include "localsgd/regularizer/l2.hpp"
#include "localsgd/regularizer/nonnegative.hpp"
#include "test/support/separable.hpp"

namespace {

using localsgd::elastic_net;
using localsgd::invalid_settings;
using localsgd::l1;
using localsgd::l2;
using localsgd::nonnegative;
using localsgd::weighted;
using namespace localsgd::detail;
using numbers = std::vector<double>;
constexpr double infinity = std::numeric_limits<double>::infinity();

template <class Function>
void refuses(std::string const& field, Function const& make) {
  BOOST_CHECK_EXCEPTION(make(), invalid_settings, [&](auto const& e) { return e.field == field; });
}

}  // namespace

BOOST_AUTO_TEST_CASE(each_coefficient_has_its_share_of_the_penalty) {
  weighted const r{l1{0.5}, {1, 4, 0}};
  BOOST_TEST(support::value_of(r, {3, -1, 100}) == 3.5);  // 1.5 + 2
  BOOST_TEST(support::prox_of(r, {3, -1, 100}, 1) == (numbers{2.5, 0, 100}),
             boost::test_tools::per_element());
  BOOST_TEST((r.zero_interval(1) == std::pair(-2.0, 2.0)));
  BOOST_TEST((r.zero_interval(2) == std::pair(0.0, 0.0)));
}

BOOST_AUTO_TEST_CASE(the_conjugate_is_infinite_along_a_free_coefficient) {
  weighted const r{l1{0.5}, {1, 4, 0}};
  BOOST_TEST(r.conjugate(numbers{0.5, -2, 0}) == 0);
  BOOST_TEST(r.conjugate(numbers{0, 0, 1e-300}) == infinity);
  BOOST_TEST(r.dual_scale(numbers{2, -4, 0}) == 0.25);
  BOOST_TEST(r.dual_scale(numbers{0, 0, 1}) == 0);
}

BOOST_AUTO_TEST_CASE(a_weighted_l2_has_a_gradient_and_no_ridge) {
  weighted const r{l2{0.5}, {1, 4, 2}};
  using type = decltype(r);
  static_assert(smooth_regularizer<type, double> && smooth_regularizer<type, float>);
  static_assert(!ridge_regularizer<type>);
  static_assert(!smooth_regularizer<weighted<l1>, double>);
  numbers const x{2, -1, 0};
  numbers g(3);
  r.gradient(std::span<double const>(x), std::span<double>(g));
  BOOST_TEST(g == (numbers{1, -2, 0}), boost::test_tools::per_element());
  BOOST_TEST(support::value_of(r, x) == 2);  // ¼·4 + 1·1
  BOOST_TEST(r.smoothness() == 2);
  BOOST_TEST(r.strong_convexity() == 0.5);
  BOOST_TEST(r.conjugate(numbers{1, 2, 0}) == 2);  // 1/(2·½) + 4/(2·2)
}

BOOST_AUTO_TEST_CASE(the_strong_convexity_is_that_of_the_least_weight) {
  BOOST_TEST((weighted{elastic_net{1, 0.5}, {4, 2, 3}}.strong_convexity()) == 1);
  BOOST_TEST((weighted{elastic_net{1, 0.5}, {4, 0, 3}}.strong_convexity()) == 0);
}

BOOST_AUTO_TEST_CASE(the_members_agree_with_each_other) {
  auto const check = [](auto const& r) {
    support::check_nonsmooth(r, 3);
    support::check_separable(r, 3);
  };
  check(weighted{l1{0.25}, {1, 4, 0.5}});
  check(weighted{l2{0.25}, {1, 4, 0.5}});
  check(weighted{elastic_net{0.25, 0.5}, {1, 4, 2}});
  check(weighted{nonnegative{l1{0.25}}, {1, 4, 0.5}});
  check(nonnegative{weighted{l1{0.25}, {1, 4, 0.5}}});
  support::check_dual_scale(weighted{l1{0.3}, {1, 0.7, 3}}, 3);
}

BOOST_AUTO_TEST_CASE(bounds_are_not_weighted) {
  weighted const r{nonnegative{l1{1}}, {1, 0}};
  BOOST_TEST(support::prox_of(r, {-1, -1}, 1) == (numbers{0, 0}), boost::test_tools::per_element());
}

BOOST_AUTO_TEST_CASE(equal_weights_are_a_strength) {
  std::mt19937_64 random(1);
  for (int i = 0; i != 20; ++i) {
    auto const x = support::coarse_point(3, random);
    BOOST_TEST(support::prox_of(weighted{l1{0.25}, {2, 2, 2}}, x, 0.3) ==
               support::prox_of(l1{0.5}, x, 0.3));
  }
}

BOOST_AUTO_TEST_CASE(the_identity_depends_on_every_weight) {
  auto const text = [](numbers const& s) { return weighted{l1{0.5}, s}.identity(); };
  BOOST_TEST(text({1, 2}).starts_with("weighted(l1(0.5), 2 numbers "));
  BOOST_TEST(text({1, 2}) == text({1, 2}));
  BOOST_TEST(text({1, 2}) != text({2, 1}));
}

BOOST_AUTO_TEST_CASE(weights_are_finite_and_not_negative) {
  for (double const bad : {-1.0, std::numeric_limits<double>::quiet_NaN(), infinity})
    refuses("weighted.weights[1]", [&] { weighted{l1{1}, {1, bad}}; });
  refuses("weighted.weights", [] { weighted{l1{1}, numbers{}}; });
}

BOOST_AUTO_TEST_CASE(there_is_a_weight_for_each_coefficient) {
  weighted const r{l1{1}, {1, 2}};
  r.check_dimension(2);
  refuses("weighted.weights", [&] { r.check_dimension(3); });
  refuses("weighted.weights", [&] { nonnegative{r}.check_dimension(3); });
  refuses("weighted.weights", [&] { weighted{nonnegative{r}, {1, 2, 3}}; });
}
