// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE io_preemptions
#include "localsgd/io/preemptions.hpp"

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_CASE(the_number_of_preemptions_never_falls) {
  auto const before = localsgd::detail::preemptions();
  BOOST_TEST(localsgd::detail::preemptions() >= before);
}
