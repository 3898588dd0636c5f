// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE core_compiler
#include "localsgd/core/compiler.hpp"

#include <array>
#include <boost/test/unit_test.hpp>
#include <cstddef>

namespace {

LOCALSGD_ONE_COPY double sum_of(double const* LOCALSGD_RESTRICT a,
                                double const* LOCALSGD_RESTRICT b, std::size_t n) {
  double sum = 0;
  for (std::size_t i = 0; i != n; ++i) sum += a[i] * b[i];
  return sum;
}

struct with_a_member {
  template <class T>
  LOCALSGD_ONE_COPY static T twice(T x) noexcept {
    return 2 * x;
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE(the_macros_change_no_result) {
  std::array<double, 3> const a{1, 2, 3}, b{4, 5, 6};
  BOOST_TEST(sum_of(a.data(), b.data(), 3) == 32.0);
  BOOST_TEST(sum_of(a.data(), b.data(), 0) == 0.0);
  BOOST_TEST(with_a_member::twice(21) == 42);
}

BOOST_AUTO_TEST_CASE(any_address_may_be_prefetched) {
  int const x = 1;
  LOCALSGD_PREFETCH(&x);
  LOCALSGD_PREFETCH(static_cast<int const*>(nullptr));  // a hint: it never faults
  BOOST_TEST(x == 1);
}
