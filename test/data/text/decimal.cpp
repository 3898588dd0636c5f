// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE data_text_decimal
#include "localsgd/data/text/decimal.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <boost/test/unit_test.hpp>
#include <charconv>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <random>
#include <string>
#include <system_error>
#include <tuple>
#include <type_traits>

namespace {

using localsgd::detail::leading_digits;
using localsgd::detail::plain_decimal;
using value_types = std::tuple<float, double>;

// A text followed by enough bytes of a kind that ends every number.
std::array<char, 128> padded(std::string const& text) {
  std::array<char, 128> bytes{};
  bytes.fill(' ');
  std::copy(text.begin(), text.end(), bytes.begin());
  return bytes;
}

// 1: read, with the value and end of from_chars; 0: left to from_chars; −1: something else.
template <class Value>
int verdict(std::string const& text) {
  auto const bytes = padded(text);
  Value x{}, right{};
  char const* const end = plain_decimal(bytes.data(), x);
  if (end == nullptr) return x == Value{} ? 0 : -1;
  char const* const first = bytes.data() + (text[0] == '+' ? 1 : 0);
  auto const [last, status] = std::from_chars(first, bytes.data() + text.size(), right);
  if (status != std::errc{}) return -1;
  // An exponent is ignored: the number ends before it.
  if (*end == 'e' || *end == 'E') return 0;
  using bits = std::conditional_t<sizeof(Value) == 4, std::uint32_t, std::uint64_t>;
  return end == last && std::bit_cast<bits>(x) == std::bit_cast<bits>(right) ? 1 : -1;
}

}  // namespace

BOOST_AUTO_TEST_CASE(up_to_eight_digits_are_read_at_once) {
  BOOST_TEST(leading_digits("x1234567").count == 0U);
  BOOST_TEST(leading_digits(":1234567").value == 0U);
  std::string const digits = "98765432";
  for (std::size_t n = 1; n <= 8; ++n)
    for (int next = 0; next != 256; ++next) {  // any byte that is not a digit ends them
      if (next >= '0' && next <= '9') continue;
      auto text = digits.substr(0, n) + std::string(8, static_cast<char>(next));
      auto const read = leading_digits(text.data());
      BOOST_REQUIRE(read.count == n);
      BOOST_REQUIRE(read.value == std::stoull(digits.substr(0, n)));
    }
  BOOST_TEST(leading_digits("123456789").value == 12345678U);
  BOOST_TEST(leading_digits("00000007").value == 7U);
  BOOST_TEST(leading_digits("00000007").count == 8U);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(short_plain_numbers_are_read_as_from_chars_does, Value, value_types) {
  for (std::string const text :
       {"0",        "-0",        "+0",         "1",           "-1",
        "+1",       "0.5",       "-0.25",      ".5",          "-.5",
        "5.",       "+3.125",    "0.1",        "0.3",         "00.10",
        "12345678", "1234567.8", "0.12345678", "0.123456789", "90071992.54740992",
        "0.0000001"})
    BOOST_TEST(verdict<Value>(text) == 1, text);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(what_is_not_plain_is_left_to_another_reader, Value, value_types) {
  for (std::string const text : {"", "-", "+", ".", "-.", "+-1", "-+1", "--1", "x", "nan", "inf",
                                 ":1", "123456789", "123456789.5", "0.12345678901234567",
                                 "99999999.99999999999", "90071992.54740993"})  // 2^53 + 1
    BOOST_TEST(verdict<Value>(text) == 0, text);
}

BOOST_AUTO_TEST_CASE(a_middle_between_two_floats_is_left_to_another_reader) {
  // 1 + 2^-24 = 1.000000059604644775390625 has too many digits; 2^24 + 1 and halves have few.
  BOOST_TEST(verdict<float>("16777217") == 0);
  BOOST_TEST(verdict<float>("16777219") == 0);
  BOOST_TEST(verdict<float>("8388608.5") == 0);
  BOOST_TEST(verdict<double>("16777217") == 1);
  BOOST_TEST(verdict<float>("16777216") == 1);
  BOOST_TEST(verdict<float>("16777218") == 1);
  // Close to the midpoint 8388608.5: closer than a float resolves, but not closer than a double.
  BOOST_TEST(verdict<float>("8388608.50000001") == 1);
  BOOST_TEST(verdict<float>("8388608.49999999") == 1);
}

BOOST_AUTO_TEST_CASE_TEMPLATE(random_numbers_are_read_as_from_chars_does, Value, value_types) {
  std::mt19937_64 random(1);
  std::size_t read = 0, wrong = 0;
  auto const some_digits = [&](std::size_t n) {
    std::string text;
    for (; n != 0; --n) text += static_cast<char>('0' + random() % 10);
    return text;
  };
  for (int i = 0; i != 300000; ++i) {
    std::string text = random() % 3 == 0 ? "-" : random() % 3 == 0 ? "+" : "";
    text += some_digits(random() % 10);
    if (random() % 4 != 0) text += "." + some_digits(random() % 18);
    if (text.empty()) continue;
    int const v = verdict<Value>(text);
    if (v == 1) ++read;
    if (v == -1) ++wrong;
  }
  BOOST_TEST(wrong == 0U);
  BOOST_TEST(read > 150000U);  // most are short enough
}

// The shortest decimals of random floats and doubles, as programs write them into files.
BOOST_AUTO_TEST_CASE_TEMPLATE(shortest_decimals_are_read_back_exactly, Value, value_types) {
  std::mt19937_64 random(2);
  std::uniform_real_distribution<Value> uniform(-2, 2);
  std::size_t read = 0, wrong = 0;
  for (int i = 0; i != 100000; ++i) {
    Value const x = uniform(random);
    std::array<char, 64> number{};
    auto const end =
        std::to_chars(number.data(), number.data() + number.size(), x, std::chars_format::fixed)
            .ptr;
    int const v = verdict<Value>(std::string(number.data(), end));
    if (v == 1) ++read;
    if (v == -1) ++wrong;
  }
  BOOST_TEST(wrong == 0U);
  if constexpr (std::same_as<Value, float>) BOOST_TEST(read > 99000U);
}
