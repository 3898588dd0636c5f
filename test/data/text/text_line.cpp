// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE data_text_text_line
#include "localsgd/data/text/text_line.hpp"

#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <string>
#include <string_view>
#include <utility>

#include "test/support/problems.hpp"

using localsgd::invalid_data;
using localsgd::detail::text_line;

namespace {

// A separate line, read from the start. It is the third of "t".
text_line line_of(std::string_view text) {
  return {"t", 3, text.data(), text.data(), text.data() + text.size()};
}

template <class Number>
Number number(std::string_view text) {
  auto line = line_of(text);
  return line.number<Number>("a value");
}
template <class Number>
invalid_data refused(std::string_view text) {
  return support::error_of<invalid_data>([=] { number<Number>(text); });
}

std::uint64_t index(std::string_view text, std::uint64_t base = 1, std::uint64_t least = 1,
                    std::uint64_t most = 100) {
  auto line = line_of(text);
  return line.index(base, least, most, "columns = 100");
}

}  // namespace

BOOST_AUTO_TEST_CASE(tokens_are_found_between_blanks_and_tabs) {
  auto line = line_of(" \t1  -2.5\t\t3e2 ");
  BOOST_TEST(line.next());
  BOOST_TEST(line.number<double>("a") == 1.0);
  BOOST_TEST(line.next());
  BOOST_TEST(line.number<double>("a") == -2.5);
  BOOST_TEST(line.next());
  BOOST_TEST(line.number<double>("a") == 300.0);
  BOOST_TEST(!line.next());
  BOOST_TEST(!line.next());
  BOOST_TEST(!line_of("").next());
  BOOST_TEST(!line_of("   ").next());
}

BOOST_AUTO_TEST_CASE(one_sign_may_stand_before_a_number) {
  BOOST_TEST(number<double>("+1") == 1.0);
  BOOST_TEST(number<double>("-1") == -1.0);
  for (std::string_view const text : {"+", "-", "++1", "+-1", "--1"})
    BOOST_TEST(refused<double>(text).found == text);
}

BOOST_AUTO_TEST_CASE(a_number_ends_where_its_token_ends) {
  BOOST_TEST(number<double>("1\t2") == 1.0);
  for (std::string_view const text : {"1x", "1,5", "1.5.2", "0x10", "", "x", "1:2"})
    BOOST_TEST(refused<double>(text).expected == "a value (a decimal number)");
}

BOOST_AUTO_TEST_CASE(numbers_that_are_not_finite_are_refused) {
  for (std::string_view const text : {"inf", "-inf", "nan", "infinity", "1e999", "-1e999"}) {
    BOOST_TEST(refused<double>(text).expected ==
               "a value that is finite and in the range of double");
    BOOST_TEST(refused<float>(text).expected == "a value that is finite and in the range of float");
  }
  BOOST_TEST(refused<float>("1e39").found == "1e39");
  BOOST_TEST(number<double>("1e39") == 1e39);
}

BOOST_AUTO_TEST_CASE(a_number_too_small_for_float_is_rounded) {
  BOOST_TEST(number<float>("1e-60") == 0.0F);
  BOOST_TEST(number<float>("1e-45") == std::numeric_limits<float>::denorm_min());
  BOOST_TEST(refused<double>("1e-400").found == "1e-400");  // no wider type can represent its value
}

BOOST_AUTO_TEST_CASE(an_index_ends_with_its_colon) {
  auto line = line_of("12:0.5");
  BOOST_TEST(line.index(1, 1, 100, "") == 12U);
  BOOST_TEST(line.number<double>("a value") == 0.5);
  BOOST_TEST(index("007:") == 7U);
  BOOST_TEST(index("0:1", 0, 0) == 0U);
}

BOOST_AUTO_TEST_CASE(each_error_in_an_index_is_reported) {
  auto const expected = [](std::string_view text, std::uint64_t base = 1, std::uint64_t least = 1) {
    return support::error_of<invalid_data>([=] { index(text, base, least); }).expected;
  };
  BOOST_TEST(expected("5") == "index:value (the colon is missing)");
  BOOST_TEST(expected("5 6:7") == "index:value (the colon is missing)");
  BOOST_TEST(expected("x:1") == "an index (an integer)");
  BOOST_TEST(expected("1.5:1") == "an index (an integer)");
  BOOST_TEST(expected("-1:1") == "an index (an integer)");
  BOOST_TEST(expected(":1") == "an index (an integer)");
  BOOST_TEST(
      expected("0:1") ==
      "an index of at least 1; if the indices start at 0, set libsvm_options.index_base = 0");
  BOOST_TEST(expected("101:1") == "an index of at most 100 (columns = 100)");
  BOOST_TEST(expected("99999999999999999999999:1") == "an index of at most 100 (columns = 100)");
  BOOST_TEST(expected("4:1", 1, 5) == "an index above 4 (the indices of a line must increase)");
}

BOOST_AUTO_TEST_CASE(blanks_in_front_are_skipped_unless_nothing_follows) {
  auto line = line_of("  \t7");
  line.skip_blanks();
  BOOST_TEST(line.number<double>("a value") == 7.0);
  std::string_view const blank = "   ";
  text_line end("t", 1, blank.data(), blank.data(), blank.data() + blank.size());
  end.skip_blanks();
  BOOST_TEST((end.at() == blank.data()));
}

BOOST_AUTO_TEST_CASE(a_label_of_another_dialect_is_named) {
  auto const expected = [](std::string_view text) {
    return support::error_of<invalid_data>([=] { line_of(text).label(); }).expected;
  };
  BOOST_TEST(line_of("-1.5 1:2").label() == -1.5);
  BOOST_TEST(expected("1:2") == "a label (a decimal number) before the first index:value");
  BOOST_TEST(expected("1,2 1:2") ==
             "a label (a decimal number; samples with several labels are not supported)");
  BOOST_TEST(expected("x") == "a label (a decimal number)");
}

BOOST_AUTO_TEST_CASE(only_a_query_is_skipped_or_refused_as_one) {
  auto line = line_of("qid:12 1:2");
  BOOST_TEST(line.skip_qid(true));
  BOOST_TEST(line.next());
  BOOST_TEST(!line.skip_qid(true));
  BOOST_TEST(line.index(1, 1, 9, "") == 1U);
  auto const e = support::error_of<invalid_data>([] { line_of("qid:12 1:2").skip_qid(false); });
  BOOST_TEST(e.found == "qid:12");
  BOOST_TEST(e.expected.find("to ignore qid:") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(an_error_names_file_line_and_column) {
  std::string_view const text = "1 2:3 4:x";
  auto const e = support::error_of<invalid_data>([&] {
    text_line line("file.txt", 7, text.data(), text.data() + 8, text.data() + text.size());
    line.number<float>("a value");
  });
  BOOST_TEST(e.file == "file.txt");
  BOOST_TEST(e.line == 7U);
  BOOST_TEST(e.column == 9U);  // from 1
  BOOST_TEST(e.found == "x");
}

BOOST_AUTO_TEST_CASE(what_was_found_is_short_and_can_be_printed) {
  BOOST_TEST(refused<double>(std::string(50, 'x')).found == std::string(40, 'x') + "...");
  BOOST_TEST(refused<double>(std::string(40, 'x')).found == std::string(40, 'x'));
  BOOST_TEST(refused<double>("a\x01\x7f\rb").found == "a???b");
  BOOST_TEST(refused<double>("\xef\xbb\xbf" "1").found == "\\xef\\xbb\\xbf1");
  BOOST_TEST(refused<double>(std::string(41, '\x80')).found.size() == 40 * 4 + 3U);
  BOOST_TEST(refused<double>("").found == "nothing");
}
