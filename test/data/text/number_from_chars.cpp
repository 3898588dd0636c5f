// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE data_text_number_from_chars
#include "localsgd/data/text/number_from_chars.hpp"

#include <array>
#include <bit>
#include <boost/test/unit_test.hpp>
#include <cerrno>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <system_error>
#include <tuple>

#include "localsgd/core/random.hpp"

namespace {

using localsgd::detail::number_from_chars;
using localsgd::detail::strtod_from_chars;

/// @brief Value, characters read and error of both, which must agree.
template <class Number>
void check_same(std::string const& text) {
  Number expected = 7, found = 7;
  char const *const first = text.data(), *const last = first + text.size();
  auto const [there, error] = std::from_chars(first, last, expected);
  auto const [here, same_error] = strtod_from_chars(first, last, found);
  BOOST_TEST_CONTEXT("'" << text << "'") {
    BOOST_TEST((here - first) == (there - first));
    BOOST_TEST((error == same_error));
    BOOST_TEST((std::isnan(expected) ? std::isnan(found) : expected == found));
    BOOST_TEST(std::signbit(expected) == std::signbit(found));
  }
}

using numbers = std::tuple<float, double>;

}  // namespace

BOOST_AUTO_TEST_CASE_TEMPLATE(every_form_is_read_as_std_from_chars_reads_it, Number, numbers) {
  for (char const* const text :
       {"0", "-0", "1", "-1.5", ".5", "5.", "-.25e2", "1e5", "1E-5", "1e+5", "1e", "1e+", "12:3",
        "3 4", "1.5.5", "1e5e5", "inf", "-inf", "infinity", "INF", "nan", "-nan", "NaN", "1_000",
        "123456789012345678901234567890", "0.1000000000000000055511151231257827021181583404541015625"})
    check_same<Number>(text);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(invalid_numbers_are_refused_as_by_std_from_chars, Number, numbers) {
  for (char const* const text : {"", "-", "+1", "--1", "-+1", " 1", "\t1", "x", ".", "-.", "e5",
                                 "0x10", "-0x1p3", "0X", "(1)", ",5", "i", "na"})
    check_same<Number>(text);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(the_ends_of_the_range_are_those_of_std_from_chars, Number, numbers) {
  for (char const* const text :
       {"3.4028235e38", "3.5e38", "-1e39", "1.1754944e-38", "1e-40", "-1.4e-45", "1e-46", "1.7e308",
        "1.8e308", "-1e999", "2.3e-308", "5e-324", "1e-325", "1e-999", "0e999"})
    check_same<Number>(text);
}

BOOST_AUTO_TEST_CASE(random_doubles_in_their_shortest_form_come_back_in_every_bit) {
  for (std::uint64_t i = 0; i != 5000; ++i) {
    auto const words = localsgd::random_words(3, localsgd::random_stream::noise, 0, i);
    double const x = std::bit_cast<double>(words[0]);
    if (!std::isfinite(x)) continue;
    std::array<char, 32> text{};
    auto const end = std::to_chars(text.data(), text.data() + text.size(), x).ptr;
    double back = 0;
    auto const [last, error] = strtod_from_chars(text.data(), end, back);
    BOOST_TEST((error == std::errc{} && last == end));
    BOOST_TEST(std::bit_cast<std::uint64_t>(back) == std::bit_cast<std::uint64_t>(x));
  }
}

BOOST_AUTO_TEST_CASE(a_value_out_of_range_leaves_the_variable_and_errno_alone) {
  errno = EDOM;
  double x = 7;
  std::string const text = "1e999";
  auto const [last, error] = strtod_from_chars(text.data(), text.data() + text.size(), x);
  BOOST_TEST(x == 7);
  BOOST_TEST((error == std::errc::result_out_of_range));
  BOOST_TEST((last == text.data() + text.size()));
  BOOST_TEST(errno == EDOM);
}

BOOST_AUTO_TEST_CASE(the_text_need_not_end_with_a_zero_byte) {
  std::string const text = "12345";
  double x = 0;
  BOOST_TEST((number_from_chars(text.data(), text.data() + 3, x).ptr == text.data() + 3));
  BOOST_TEST(x == 123);
  BOOST_TEST((strtod_from_chars(text.data() + 1, text.data() + 3, x).ptr == text.data() + 3));
  BOOST_TEST(x == 23);
}
