// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE step_size_concept
#include "localsgd/step_size/concept.hpp"

#include <boost/test/unit_test.hpp>
#include <cstdint>

#include "test/support/problems.hpp"

namespace {

using localsgd::recommended_weights;
using localsgd::StepSize;
using localsgd::StepSizeRule;

struct without_shift {
  double operator()(std::uint64_t) const { return 1; }
};
struct with_shift : without_shift {
  double a;
  explicit with_shift(double shift) : a(shift) {}
  double shift() const { return a; }
};
struct int_shift : without_shift {
  int shift() const;
};
struct shift_that_changes : without_shift {
  double shift();
};
struct with_delays : without_shift {
  double at_delay(std::uint64_t, double delay) const { return 1 / (1 + delay); }
};
struct float_at_delay : without_shift {
  float at_delay(std::uint64_t, double) const;
};
struct at_delay_that_changes : without_shift {
  double at_delay(std::uint64_t, double);
};
struct float_step {
  float operator()(std::uint64_t) const;
};
struct rule {
  template <class F>
  without_shift choose(F const&, localsgd::plan const&) const;
};
struct rule_without_result {
  template <class F>
  void choose(F const&, localsgd::plan const&) const;
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_shift_is_optional_but_if_there_is_one_it_is_a_const_double) {
  static_assert(StepSize<without_shift>);
  static_assert(StepSize<with_shift>);
  static_assert(!StepSize<int_shift>);
  static_assert(!StepSize<shift_that_changes>);
  static_assert(!StepSize<float_step>);
}

BOOST_AUTO_TEST_CASE(the_step_of_a_delay_is_optional_but_if_there_is_one_it_is_a_const_double) {
  static_assert(StepSize<with_delays>);
  static_assert(!StepSize<float_at_delay>);
  static_assert(!StepSize<at_delay_that_changes>);
  static_assert(localsgd::detail::adapts_to_delays<with_delays>);
  static_assert(!localsgd::detail::adapts_to_delays<without_shift>);
}

BOOST_AUTO_TEST_CASE(a_rule_chooses_a_step_size) {
  static_assert(StepSizeRule<rule, int>);
  static_assert(!StepSizeRule<rule_without_result, int>);
  static_assert(!StepSizeRule<without_shift, int>);
}

BOOST_AUTO_TEST_CASE(the_recommended_weights_have_the_shift_of_the_step_size_or_1) {
  BOOST_TEST(recommended_weights(without_shift{}).shift() == 1);
  BOOST_TEST(recommended_weights(with_shift{0}).shift() == 0);
  BOOST_TEST(recommended_weights(with_shift{2.5}).shift() == 2.5);
  BOOST_TEST(recommended_weights(with_shift{1e300}).shift() == 1e100);
  BOOST_TEST(recommended_weights(with_shift{support::infinity}).shift() == 1e100);
  for (double const bad : {-1.0, support::not_a_number})
    BOOST_TEST(support::error_of<localsgd::invalid_settings>([&] {
                 recommended_weights(with_shift{bad});
               }).field == "step_size.shift()");
}
