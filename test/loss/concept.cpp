// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE loss_concept
#include "localsgd/loss/concept.hpp"

#include <boost/test/unit_test.hpp>
#include <limits>

namespace {

using localsgd::Loss;
using namespace localsgd::detail;

// φ(z, y) = ½(z − y)², with the required members only.
struct least {
  static double value(double z, double y) { return 0.5 * (z - y) * (z - y); }
  double derivative(double z, double y) const { return z - y; }
  double curvature() const { return 1; }
};
struct with_conjugate : least {
  double conjugate(double theta, double y) const { return theta * (theta / 2 + y); }
  double project_to_dual_domain(double theta, double) const { return theta; }
};
struct lipschitz : least {
  double lipschitz_constant() const { return std::numeric_limits<double>::infinity(); }
};
struct suited : least {
  double largest = 0;
  suited suited_to(double target) const {
    suited other = *this;
    other.largest = target;
    return other;
  }
};
struct no_curvature {
  double value(double, double) const;
  double derivative(double, double) const;
};

}  // namespace

BOOST_AUTO_TEST_CASE(three_members_make_a_loss) {
  BOOST_TEST(Loss<least>);
  BOOST_TEST(!Loss<no_curvature>);
  BOOST_TEST(!knows_lipschitz_constant<least>);
  BOOST_TEST(!knows_targets<least>);
  BOOST_TEST(!knows_conjugate<least>);
  BOOST_TEST(!has_suited_to<least>);
}

BOOST_AUTO_TEST_CASE(a_loss_may_depend_on_the_largest_target) {
  struct derived : suited {};  // suited_to() gives a `suited`
  BOOST_TEST((Loss<suited> && has_suited_to<suited>));
  BOOST_TEST((Loss<derived> && !has_suited_to<derived>));
}

BOOST_AUTO_TEST_CASE(optional_members_are_found) {
  BOOST_TEST((Loss<lipschitz> && knows_lipschitz_constant<lipschitz>));
  BOOST_TEST((Loss<with_conjugate> && knows_conjugate<with_conjugate>));
}
