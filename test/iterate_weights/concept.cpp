// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE iterate_weights_concept
#include "localsgd/iterate_weights/concept.hpp"

#include <boost/test/unit_test.hpp>
#include <cstdint>
#include <string>

#include "test/support/problems.hpp"

namespace {

using localsgd::IterateWeights;
using localsgd::detail::require_usable;

struct weights {
  double first = 1, last = 1, total = 2;
  double weight(std::uint64_t t) const { return t == 0 ? first : last; }
  double sum(std::uint64_t) const { return total; }
  std::string identity() const { return "weights"; }
};
struct float_weight : weights {
  float weight(std::uint64_t) const;
};
struct sum_that_changes : weights {
  double sum(std::uint64_t);
};
struct identity_of_characters : weights {
  char const* identity() const;
};

std::string refused(weights const& w, std::uint64_t steps = 10) {
  return support::error_of<localsgd::invalid_settings>([&] { require_usable(w, steps); }).field;
}

}  // namespace

BOOST_AUTO_TEST_CASE(weight_sum_and_identity_are_all_there_is) {
  static_assert(IterateWeights<weights>);
  static_assert(!IterateWeights<float_weight>);
  static_assert(!IterateWeights<sum_that_changes>);
  static_assert(IterateWeights<identity_of_characters>);  // anything that becomes text
}

BOOST_AUTO_TEST_CASE(weights_that_are_negative_or_not_finite_are_refused) {
  for (double const bad : {-1.0, support::not_a_number, support::infinity}) {
    BOOST_TEST(refused({.first = bad}) == "iterate_weights.weight(0)");
    BOOST_TEST(refused({.last = bad}) == "iterate_weights.weight(steps - 1)");
    BOOST_TEST(refused({.total = bad}) == "iterate_weights.sum(steps)");
    BOOST_TEST(refused({.total = bad}, 1) == "iterate_weights.sum(steps)");
  }
}

BOOST_AUTO_TEST_CASE(weights_whose_sum_is_0_are_refused_unless_there_is_one_step) {
  weights const none{.first = 0, .last = 0, .total = 0};
  BOOST_TEST(refused(none) == "iterate_weights.sum(steps)");
  require_usable(none, 1);  // w_0 = 0: the average is the last iterate
  require_usable(none, 0);
  require_usable(weights{.first = 0}, 10);
}
