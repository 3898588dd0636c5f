// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE worker_svrg_start
#include "localsgd/worker/svrg/start.hpp"

#include <boost/test/unit_test.hpp>
#include <cstdint>
#include <limits>

using localsgd::detail::first_look;
using localsgd::detail::svrg_start;

BOOST_AUTO_TEST_CASE(plain_steps_are_compared_every_quarter_of_an_epoch) {
  BOOST_TEST(first_look(svrg_start::when_noise_prevails, 1000) == 250u);
}

BOOST_AUTO_TEST_CASE(they_are_compared_after_one_step_at_the_earliest) {
  BOOST_TEST(first_look(svrg_start::when_noise_prevails, 3) == 1u);
}

BOOST_AUTO_TEST_CASE(without_plain_steps_the_anchor_is_the_starting_point) {
  BOOST_TEST(first_look(svrg_start::at_once, 1000) == 0u);
}

BOOST_AUTO_TEST_CASE(without_variance_reduced_steps_nothing_is_compared) {
  BOOST_TEST(first_look(svrg_start::never, 1000) == std::numeric_limits<std::uint64_t>::max());
}
