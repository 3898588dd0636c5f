// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE theory_constants
#include "localsgd/theory/constants.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <string>
#include <vector>

#include "test/support/problems.hpp"

namespace {

using localsgd::constant;
using localsgd::constants;
using localsgd::invalid_settings;
using localsgd::origin;
using support::infinity;
using support::not_a_number;

constants valid() {
  return {.smoothness = 4,
          .strong_convexity = 0.5,
          .variance = 2,
          .second_moment = 3,
          .squared_distance = 7};
}

struct member {
  constant constants::* where;
  std::string field;
};
std::vector<member> const members{{&constants::smoothness, "constants.smoothness"},
                                  {&constants::strong_convexity, "constants.strong_convexity"},
                                  {&constants::variance, "constants.variance"},
                                  {&constants::second_moment, "constants.second_moment"},
                                  {&constants::squared_distance, "constants.squared_distance"}};

void check_refused(constants const& c, std::string const& field, std::string const& value,
                   std::string const& rule) {
  auto const e = support::error_of<invalid_settings>([&] { c.validate(); });
  BOOST_TEST(e.field == field);
  BOOST_TEST(e.value == value);
  BOOST_TEST(e.rule == rule);
}

}  // namespace

BOOST_AUTO_TEST_CASE(what_is_written_down_is_given) {
  constants const c = valid();
  c.validate();
  for (auto const& m : members) {
    BOOST_TEST(((c.*m.where).from == origin::given), m.field);
    BOOST_TEST((c.*m.where).standard_error == 0, m.field);
  }
  BOOST_TEST(c.smoothness.value == 4);
  BOOST_TEST(c.squared_distance.value == 7);
}

BOOST_AUTO_TEST_CASE(the_limits_of_the_ranges_are_valid) {
  constants c = valid();
  c.strong_convexity = c.smoothness;
  c.validate();
  c.strong_convexity = 0;
  c.variance = c.second_moment;
  c.validate();
  c.variance = c.second_moment = c.squared_distance = 0;
  c.validate();
}

BOOST_AUTO_TEST_CASE(numbers_out_of_range_are_refused_by_name) {
  for (auto const& m : members)
    for (double const wrong : {-1.0, -1e-300, infinity, -infinity, not_a_number}) {
      constants c = valid();
      c.*m.where = wrong;
      check_refused(c, m.field, localsgd::detail::shown(wrong),
                    m.where == &constants::smoothness ? "finite and > 0" : "finite and >= 0");
    }
  constants c = valid();
  c.smoothness = 0;
  check_refused(c, "constants.smoothness", "0", "finite and > 0");
}

BOOST_AUTO_TEST_CASE(contradictions_are_refused) {
  constants c = valid();
  c.strong_convexity = 4.5;
  check_refused(c, "constants.strong_convexity", "4.5", "at most the smoothness, 4");
  c = valid();
  c.variance = 3.25;
  check_refused(c, "constants.variance", "3.25", "at most the second moment, 3");
}

BOOST_AUTO_TEST_CASE(the_condition_number_is_their_quotient) {
  constants c = valid();
  BOOST_TEST(c.condition_number() == 8);
  c.strong_convexity = 0;
  BOOST_TEST(c.condition_number() == infinity);
}

BOOST_AUTO_TEST_CASE(origins_are_named_as_in_the_code) {
  BOOST_TEST(to_string(origin::given) == "given");
  BOOST_TEST(to_string(origin::bound) == "bound");
  BOOST_TEST(to_string(origin::estimate) == "estimate");
}

BOOST_AUTO_TEST_CASE(a_constant_says_how_it_was_obtained) {
  BOOST_TEST(to_string(constant(0.5)) == "0.5 (given)");
  BOOST_TEST(to_string(constant(2.0 / 3, origin::bound)) == "0.666667 (bound)");
  BOOST_TEST(to_string(constant(1e-9, origin::estimate, 0.25)) == "1e-09 +- 0.25 (estimate)");
  BOOST_TEST(to_string(constant(1, origin::estimate, infinity)) == "1 +- inf (estimate)");
}

BOOST_AUTO_TEST_CASE(there_is_a_line_for_each_constant) {
  constants c = valid();
  c.smoothness = constant(4, origin::bound);
  c.variance = constant(2, origin::estimate, 0.125);
  BOOST_TEST(to_string(c) ==
             "L          4 (bound)\n"
             "mu         0.5 (given)\n"
             "sigma^2    2 +- 0.125 (estimate)\n"
             "G^2        3 (given)\n"
             "|x0-x*|^2  7 (given)\n");
}
