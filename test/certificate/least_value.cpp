// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE certificate_least_value
#include "localsgd/certificate/least_value.hpp"

#include "localsgd/localsgd.hpp"

#include <boost/mpl/list.hpp>
#include <boost/test/unit_test.hpp>

#include <cmath>
#include <limits>

using namespace localsgd;
using detail::least_value;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

template <class L, class R = l2>
using linear = linear_objective<csr_matrix<float>, L, double, R>;

using losses = boost::mpl::list<huber, logistic, smoothed_hinge, smoothed_quantile, squared, squared_hinge>;

// φ(z) = z + z²/2: negative between −2 and 0.
struct below_zero {
  static double value(double z, double /*y*/) noexcept { return z + z * z / 2; }
  static double derivative(double z, double /*y*/) noexcept { return 1 + z; }
  static double curvature() noexcept { return 1; }
};

}  // namespace

BOOST_AUTO_TEST_CASE_TEMPLATE(a_loss_that_says_so_is_never_negative, L, losses) {
  L const loss{};
  for (int e = -1030; e <= 60; ++e)
    for (double y : {-1.0, 1.0})
      for (double sign : {-1.0, 1.0})
        BOOST_TEST(loss.value(sign * std::ldexp(1.0, e), y) >= 0);
  BOOST_TEST(least_value<linear<L>>() == 0);
}

BOOST_AUTO_TEST_CASE(nothing_is_known_of_other_losses_and_regularizers) {
  BOOST_TEST(least_value<linear<poisson>>() == -infinity);
  BOOST_TEST(least_value<linear<below_zero>>() == -infinity);
  BOOST_TEST((least_value<linear<logistic, l1>>()) == -infinity);  // scaled dual points do better
}

BOOST_AUTO_TEST_CASE(softmax_regression_is_never_negative) {
  BOOST_TEST((least_value<softmax_objective<csr_matrix<float>, std::uint8_t>>()) == 0);
}
