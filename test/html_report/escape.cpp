// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE html_report_escape
#include "localsgd/html_report/escape.hpp"

#include <boost/test/unit_test.hpp>

#include <bit>
#include <charconv>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <vector>

using namespace localsgd::detail;

namespace {

template <class Value>
std::string json(Value const& value) {
  std::string out;
  append_json(out, value);
  return out;
}

}  // namespace

BOOST_AUTO_TEST_CASE(html_has_none_of_its_special_characters) {
  BOOST_TEST(html_escaped("plain text") == "plain text");
  BOOST_TEST(html_escaped("</script>") == "&lt;/script&gt;");
  BOOST_TEST(html_escaped("a & b \" ' c") == "a &amp; b &quot; &#39; c");
  BOOST_TEST(html_escaped("&lt;") == "&amp;lt;");
  BOOST_TEST(html_escaped("\xc3\xa9") == "\xc3\xa9");  // UTF-8 stays
  BOOST_TEST(html_escaped("") == "");
}

BOOST_AUTO_TEST_CASE(json_strings_cannot_end_a_script) {
  BOOST_TEST(json(std::string_view("plain")) == R"("plain")");
  BOOST_TEST(json(std::string_view("</script>")) == R"("\u003c/script\u003e")");
  BOOST_TEST(json(std::string_view("<!--&")) == R"("\u003c!--\u0026")");
  BOOST_TEST(json(std::string_view("a\"b\\c")) == R"("a\"b\\c")");
  BOOST_TEST(json(std::string_view("\n\t\x01\x7f")) == R"("\u000a\u0009\u0001\u007f")");
  BOOST_TEST(json(std::string_view("a\0b", 3)) == R"("a\u0000b")");
  BOOST_TEST(json(std::string_view("\xc3\xa9")) == "\"\xc3\xa9\"");
}

BOOST_AUTO_TEST_CASE(numbers_are_read_back_with_the_same_bits) {
  using limits = std::numeric_limits<double>;
  for (double const value : {0.0, -0.0, 1.0, 0.1, -1.0 / 3, 1e22, 1e23, 5e-324, limits::max(),
                             limits::min(), 123456789012345678.0}) {
    std::string const text = json(value);
    double back = 1;
    auto const end = std::from_chars(text.data(), text.data() + text.size(), back);
    BOOST_TEST((end.ptr == text.data() + text.size()));
    BOOST_TEST(std::bit_cast<std::uint64_t>(back) == std::bit_cast<std::uint64_t>(value));
  }
  BOOST_TEST(json(0.1) == "0.1");
  BOOST_TEST(json(std::numeric_limits<std::uint64_t>::max()) == "18446744073709551615");
}

BOOST_AUTO_TEST_CASE(numbers_that_are_not_finite_are_null) {
  using limits = std::numeric_limits<double>;
  for (double const value : {limits::infinity(), -limits::infinity(), limits::quiet_NaN()})
    BOOST_TEST(json(value) == "null");
}

BOOST_AUTO_TEST_CASE(arrays_have_commas_between_their_elements) {
  auto const array = [](std::vector<double> const& all) {
    std::string out;
    append_json_array(out, all, [&](double x) { append_json(out, x); });
    return out;
  };
  BOOST_TEST(array({}) == "[]");
  BOOST_TEST(array({1}) == "[1]");
  BOOST_TEST(array({1, 2.5}) == "[1,2.5]");
}
