// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE compressor_identity
#include "localsgd/compressor/identity.hpp"

#include "test/support/runs.hpp"

#include <boost/test/unit_test.hpp>

using namespace localsgd;

BOOST_AUTO_TEST_CASE(identity_changes_nothing) {
  support::problem const data(100, 11);
  support::custom const f{&data.dense, &data.reals};
  settings const s{.workers = 3, .local_steps = 4, .steps = 40, .evaluations = 2};
  BOOST_TEST(support::bits(minimize(f, s, serial{}, identity{}, constant_step{0.05})) ==
             support::bits(minimize(f, s, serial{}, constant_step{0.05})));
}

BOOST_AUTO_TEST_CASE(every_synchronizer_takes_it) {
  support::problem const data(50, 3);
  support::custom const f{&data.dense, &data.reals};
  settings const s{.workers = 2, .steps = 4};
  BOOST_TEST(minimize(f, s, asynchronous{2}, identity{}).steps == 4u);
  BOOST_TEST(minimize(f, s, overlapped(2), identity{}).steps == 4u);
}
