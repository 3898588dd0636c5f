// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE loss_lipschitz
#include "localsgd/loss/lipschitz.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <limits>
#include <vector>

#include "localsgd/loss/huber.hpp"
#include "localsgd/loss/logistic.hpp"
#include "localsgd/loss/poisson.hpp"
#include "localsgd/loss/smoothed_hinge.hpp"
#include "localsgd/loss/smoothed_quantile.hpp"
#include "localsgd/loss/squared.hpp"
#include "localsgd/loss/squared_hinge.hpp"
#include "test/support/losses.hpp"

namespace {

using localsgd::detail::is_lipschitz;
using localsgd::detail::saturates;

constexpr double infinity = std::numeric_limits<double>::infinity();

template <class L>
bool measured(L const& loss, std::vector<double> const& targets) {
  static_assert(localsgd::Loss<support::required_members<L>>);
  return is_lipschitz(support::required_members<L>{loss}, targets.size(), [&](std::size_t i) { return targets[i]; });
}

// Losses that have only a derivative, here as a function of r = z − y.
template <class Slope>
struct of_slope {
  Slope slope;
  double derivative(double z, double y) const { return slope(z - y); }
};
template <class Slope>
of_slope(Slope) -> of_slope<Slope>;

}  // namespace

BOOST_AUTO_TEST_CASE(a_loss_is_lipschitz_if_its_constant_is_finite) {
  struct silent {};
  struct finite {
    static double lipschitz_constant() { return 1; }
  };
  struct unbounded {
    static double lipschitz_constant() { return infinity; }
  };
  struct of_integers {
    static int lipschitz_constant() { return 1; }
  };
  BOOST_TEST(!is_lipschitz(silent{}));
  BOOST_TEST(is_lipschitz(finite{}));
  BOOST_TEST(!is_lipschitz(unbounded{}));
  BOOST_TEST(!is_lipschitz(of_integers{}));  // does not satisfy the concept Loss
}

BOOST_AUTO_TEST_CASE(a_constant_that_a_loss_provides_is_not_measured) {
  struct wrong {
    static double lipschitz_constant() { return 1; }
    static double derivative(double z, double) { return z; }
  };
  BOOST_TEST(is_lipschitz(wrong{}, 1, [](std::size_t) { return 0.0; }));
}

BOOST_AUTO_TEST_CASE(stock_losses_without_their_constant_are_measured_to_be_what_they_say) {
  std::vector<double> const labels{1, -1, -1, 1};
  std::vector<double> const values{0, -3, 1e6, 2.5, -1e9};
  BOOST_TEST(measured(localsgd::logistic{}, labels));
  BOOST_TEST(measured(localsgd::smoothed_hinge{0.01}, labels));
  BOOST_TEST(!measured(localsgd::squared_hinge{}, labels));
  BOOST_TEST(measured(localsgd::huber{1e-6}, values));
  BOOST_TEST(measured(localsgd::huber{1e6}, values));
  BOOST_TEST(measured(localsgd::smoothed_quantile{0.9, 0.1}, values));
  BOOST_TEST(!measured(localsgd::squared{}, values));
  BOOST_TEST(!measured(localsgd::poisson{100}, {0, 1, 7}));
}

BOOST_AUTO_TEST_CASE(slopes_that_grow_slower_than_z_are_not_bounded_either) {
  BOOST_TEST(!saturates(of_slope{[](double r) { return std::asinh(r); }}, 0));
  BOOST_TEST(!saturates(of_slope{[](double r) { return std::copysign(std::cbrt(std::abs(r)), r); }}, 0));
  BOOST_TEST(!saturates(of_slope{[](double r) { return std::max(0.0, r - 1e6); }}, 0));
  BOOST_TEST(!saturates(of_slope{[](double r) { return std::exp(r); }}, 0));
}

BOOST_AUTO_TEST_CASE(slopes_that_have_limits_are_bounded) {
  BOOST_TEST(saturates(of_slope{[](double r) { return std::atan(r); }}, 0));
  BOOST_TEST(saturates(of_slope{[](double r) { return r / std::hypot(1, r / 1e3); }}, 7));
  BOOST_TEST(saturates(of_slope{[](double) { return 3.0; }}, 0));  // φ is linear
}

BOOST_AUTO_TEST_CASE(a_formula_that_is_nan_far_from_0_is_looked_at_nearer) {
  // For r > 709 it is ∞/∞.
  auto const naive = of_slope{[](double r) { return std::exp(r) / (1 + std::exp(r)); }};
  BOOST_TEST_REQUIRE(std::isnan(naive.derivative(1e3, 0)));
  BOOST_TEST(saturates(naive, 0));
  BOOST_TEST(!saturates(of_slope{[](double) { return std::numeric_limits<double>::quiet_NaN(); }}, 0));
}

BOOST_AUTO_TEST_CASE(one_target_without_a_bound_is_enough) {
  struct bounded_for_negative_targets {
    double derivative(double z, double y) const { return y < 0 ? std::tanh(z) : z; }
  };
  auto const with = [](std::vector<double> const& targets) {
    return is_lipschitz(bounded_for_negative_targets{}, targets.size(),
                        [&](std::size_t i) { return targets[i]; });
  };
  std::vector<double> targets(100, -1.0);
  BOOST_TEST(with(targets));
  targets[77] = 1;
  BOOST_TEST(!with(targets));
}
