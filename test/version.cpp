// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE version
#include "localsgd/version.hpp"

#include <boost/test/unit_test.hpp>

BOOST_AUTO_TEST_CASE(the_constant_and_the_macros_are_the_same_version) {
  static_assert(localsgd::version.major == LOCALSGD_VERSION_MAJOR);
  static_assert(localsgd::version.minor == LOCALSGD_VERSION_MINOR);
  static_assert(localsgd::version.patch == LOCALSGD_VERSION_PATCH);
  BOOST_TEST(localsgd::version.major >= 0);
}

// For `#if`: the macros are plain integers.
BOOST_AUTO_TEST_CASE(the_preprocessor_can_compare_versions) {
#if LOCALSGD_VERSION_MAJOR > 0 || LOCALSGD_VERSION_MINOR >= 1
  bool const at_least_0_1 = true;
#else
  bool const at_least_0_1 = false;
#endif
  BOOST_TEST(at_least_0_1);
}
