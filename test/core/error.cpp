// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE core_error
#include "localsgd/core/error.hpp"

#include <boost/test/unit_test.hpp>
#include <clocale>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <stdexcept>
#include <string>
#include <string_view>

using localsgd::invalid_data;
using localsgd::invalid_settings;
using localsgd::detail::require;
using localsgd::detail::require_nonnegative;
using localsgd::detail::require_positive;
using localsgd::detail::shown;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();

template <class Call>
std::string rule_broken_by(Call const& call) {
  try {
    call();
  } catch (invalid_settings const& e) {
    BOOST_TEST(e.field == "x");
    return e.rule;
  }
  return "";
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_number_is_shown_with_the_fewest_digits_that_identify_it) {
  BOOST_TEST(shown(0.5) == "0.5");
  BOOST_TEST(shown(7) == "7");
  BOOST_TEST(shown(std::size_t{0}) == "0");
  BOOST_TEST(shown(std::numeric_limits<std::uint64_t>::max()) == "18446744073709551615");
  BOOST_TEST(shown("text") == "text");
  BOOST_TEST(shown(std::string("text")) == "text");
  BOOST_TEST(shown(std::string_view()) == "");
  BOOST_TEST(shown(0.1) == "0.1");
  BOOST_TEST(shown(-0.1F) == "-0.1");
  BOOST_TEST(shown(1.0 / 3) == "0.3333333333333333");
  BOOST_TEST(shown(1e6) == "1000000");
  BOOST_TEST(shown(1e-7) == "1e-07");
  BOOST_TEST(shown(std::numeric_limits<double>::infinity()) == "inf");
  for (double const x :
       {0.1, 1.0 / 3, 2.2250738585072014e-308, 1.7976931348623157e308, 1 + 0x1p-52})
    BOOST_TEST(std::stod(shown(x)) == x);  // what is shown is that number and no other
  // Just below 1/8, floats are 0.75·10⁻⁸ apart: 8 digits are too few for them.
  for (float const x : {0.1F, 1.0F / 3, 1 + 0x1p-23F, 0.125F - 0x1p-27F, 0.125F - 0x1p-26F})
    BOOST_TEST(std::stof(shown(x)) == x);
}

BOOST_AUTO_TEST_CASE(the_text_of_a_number_does_not_depend_on_the_locale) {
  std::string const before = std::setlocale(LC_ALL, nullptr);
  for (char const* name : {"de_DE.UTF-8", "fr_FR.UTF-8", "de_DE"})
    if (std::setlocale(LC_ALL, name) != nullptr) break;
  BOOST_TEST(shown(0.5) == "0.5");
  std::setlocale(LC_ALL, before.c_str());
}

BOOST_AUTO_TEST_CASE(text_from_a_file_is_short_and_printable) {
  using localsgd::detail::printable;
  BOOST_TEST(printable("1:2") == "1:2");
  BOOST_TEST(printable("") == "");
  BOOST_TEST(printable(std::string_view("a\0\n\x1f\x7f~", 6)) == "a????~");
  BOOST_TEST(printable("\xc3\xa4\xff") == "\\xc3\\xa4\\xff");
  BOOST_TEST(printable("12345", 5) == "12345");
  BOOST_TEST(printable("123456", 5) == "12345...");
}

BOOST_AUTO_TEST_CASE(invalid_settings_names_field_value_and_rule) {
  invalid_settings const e("workers", 0, ">= 1");
  BOOST_TEST(e.field == "workers");
  BOOST_TEST(e.value == "0");
  BOOST_TEST(e.rule == ">= 1");
  BOOST_TEST(std::string_view(e.what()) == "localsgd: workers = 0, must be >= 1");
  BOOST_TEST(std::string_view(invalid_settings("path", "", "a file name").what()) ==
             "localsgd: path = \"\", must be a file name");
  std::invalid_argument const& base = e;  // what callers may catch
  BOOST_TEST(std::string_view(base.what()) == e.what());
}

BOOST_AUTO_TEST_CASE(invalid_data_names_the_place_as_compilers_do) {
  invalid_data const whole("a.txt", "nothing", "samples");
  BOOST_TEST(std::string_view(whole.what()) == "localsgd: a.txt: found nothing, expected samples");
  BOOST_TEST(whole.line == 0U);
  BOOST_TEST(whole.column == 0U);
  invalid_data const line("a.txt", 3, 0, "x", "y");
  BOOST_TEST(std::string_view(line.what()) == "localsgd: a.txt:3: found x, expected y");
  invalid_data const place("a.txt", 3, 14, "x", "y");
  BOOST_TEST(std::string_view(place.what()) == "localsgd: a.txt:3:14: found x, expected y");
  BOOST_TEST(place.file == "a.txt");
  BOOST_TEST(place.line == 3U);
  BOOST_TEST(place.column == 14U);
  BOOST_TEST(place.found == "x");
  BOOST_TEST(place.expected == "y");
  // A column without a line is no place.
  BOOST_TEST(std::string_view(invalid_data("a", 0, 5, "x", "y").what()) ==
             "localsgd: a: found x, expected y");
}

BOOST_AUTO_TEST_CASE(a_rule_that_holds_throws_nothing) {
  require(true, "x", 1, "anything");
  require_nonnegative("x", 0.0);
  require_nonnegative("x", -0.0);
  require_nonnegative("x", std::numeric_limits<double>::max());
  require_positive("x", std::numeric_limits<double>::denorm_min());
  BOOST_TEST(rule_broken_by([] { require(false, "x", 1, "anything"); }) == "anything");
  require(true, "x", 1, "at most", 7);
  BOOST_TEST(rule_broken_by([] { require(false, "x", 8, "at most", 7); }) == "at most 7");
}

BOOST_AUTO_TEST_CASE(numbers_that_are_not_finite_break_every_rule) {
  for (double const bad : {infinity, -infinity, not_a_number, -1.0, -5e-324}) {
    BOOST_TEST(rule_broken_by([=] { require_nonnegative("x", bad); }) == "finite and >= 0");
    BOOST_TEST(rule_broken_by([=] { require_positive("x", bad); }) == "finite and > 0");
  }
  BOOST_TEST(rule_broken_by([] { require_positive("x", 0.0); }) == "finite and > 0");
}
