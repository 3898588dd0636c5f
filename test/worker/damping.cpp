// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE worker_damping
#include "localsgd/worker/damping.hpp"

#include <boost/test/unit_test.hpp>

using localsgd::detail::levenberg_damping;

BOOST_AUTO_TEST_CASE(accurate_models_are_not_damped) {
  levenberg_damping nu;
  BOOST_TEST(nu.value() == 0);
  nu.fell(1);
  nu.fell(0.5);
  BOOST_TEST(nu.value() == 0);
}

BOOST_AUTO_TEST_CASE(every_failure_raises_the_damping) {
  levenberg_damping nu;
  double before = nu.value();
  for (int i = 0; i != 10; ++i) {
    nu.failed();
    BOOST_TEST(nu.value() >= 100 * before);
    BOOST_TEST(nu.value() > 0);
    before = nu.value();
  }
}

BOOST_AUTO_TEST_CASE(a_poor_step_raises_the_damping_and_less_than_a_failure) {
  levenberg_damping poor, failed;
  poor.fell(0.1);
  failed.failed();
  BOOST_TEST(poor.value() > 0);
  BOOST_TEST(failed.value() > poor.value());
}

BOOST_AUTO_TEST_CASE(accurate_models_lower_the_damping_to_zero) {
  levenberg_damping nu, sooner;
  nu.failed();
  sooner.failed();
  nu.fell(0.8);
  sooner.fell(0.95);
  BOOST_TEST(sooner.value() < nu.value());
  for (int i = 0; i != 10; ++i) nu.fell(0.8);
  BOOST_TEST(nu.value() == 0);
}

BOOST_AUTO_TEST_CASE(between_a_quarter_and_three_quarters_of_the_prediction_nothing_changes) {
  levenberg_damping nu;
  nu.failed();
  double const before = nu.value();
  for (double const ratio : {0.25, 0.5, 0.75}) nu.fell(ratio);
  BOOST_TEST(nu.value() == before);
}
