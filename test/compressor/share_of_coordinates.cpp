// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE compressor_share_of_coordinates
#include "localsgd/compressor/share_of_coordinates.hpp"

#include <boost/test/unit_test.hpp>

#include <limits>
#include <string>

using namespace localsgd;
using detail::share_of_coordinates;

BOOST_AUTO_TEST_CASE(a_fraction_is_rounded_to_a_number_of_coordinates) {
  BOOST_TEST(share_of_coordinates("c", 0.4, 5) == 2u);
  BOOST_TEST(share_of_coordinates("c", 0.01, 149) == 1u);
  BOOST_TEST(share_of_coordinates("c", 0.01, 151) == 2u);
  BOOST_TEST(share_of_coordinates("c", 1, 7) == 7u);
}

BOOST_AUTO_TEST_CASE(a_fraction_that_rounds_to_none_is_refused_with_one_that_does_not) {
  BOOST_CHECK_EXCEPTION(share_of_coordinates("some_k", 0.01, 40), invalid_settings,
                        [](invalid_settings const& e) {
                          return e.field == "some_k.fraction" &&
                                 e.rule.find("at least 0.0125") == 0;
                        });
  BOOST_TEST(share_of_coordinates("some_k", 0.0125, 40) == 1u);
}

BOOST_AUTO_TEST_CASE(fractions_outside_0_and_1_are_refused) {
  for (double const fraction : {0.0, -0.1, 1.1, std::numeric_limits<double>::quiet_NaN()})
    BOOST_CHECK_THROW(share_of_coordinates("c", fraction, 100), invalid_settings);
  BOOST_CHECK_THROW(share_of_coordinates("c", 0.5, 0x100000000), invalid_settings);
}
