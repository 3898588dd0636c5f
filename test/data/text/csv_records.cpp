// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE data_text_csv_records
#include "localsgd/data/text/csv_records.hpp"

#include "test/support/problems.hpp"

#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <string>
#include <string_view>
#include <vector>

namespace {

using localsgd::invalid_data;
using localsgd::detail::csv_field;
using localsgd::detail::csv_records;

std::vector<std::vector<csv_field>> records_of(std::string_view text, char separator = ',') {
  std::vector<std::vector<csv_field>> all;
  csv_records records(text, "t", separator);
  for (std::vector<csv_field> fields; records.next(fields);) all.push_back(fields);
  return all;
}

// Records separated by /, fields by |.
std::string shown(std::string_view text, char separator = ',') {
  std::string all;
  for (auto const& record : records_of(text, separator)) {
    if (!all.empty()) all += '/';
    for (auto const& field : record) all += (&field == record.data() ? "" : "|") + field.text;
  }
  return all;
}

void check(std::string_view text, std::size_t line, std::size_t column, std::string const& found) {
  auto const e = support::error_of<invalid_data>([&] { records_of(text); });
  BOOST_TEST(e.file == "t");
  BOOST_TEST(e.line == line);
  BOOST_TEST(e.column == column);
  BOOST_TEST(e.found == found);
}

}  // namespace

BOOST_AUTO_TEST_CASE(records_end_with_lf_crlf_or_the_text) {
  BOOST_TEST(shown("a,b\n1,2\n") == "a|b/1|2");
  BOOST_TEST(shown("a,b\r\n1,2\r\n") == "a|b/1|2");
  BOOST_TEST(shown("a,b\n1,2") == "a|b/1|2");
  BOOST_TEST(shown("") == "");
}

BOOST_AUTO_TEST_CASE(empty_fields_are_fields_and_empty_lines_are_not_records) {
  BOOST_TEST(shown(",\n1,\n,2") == "|/1|/|2");
  BOOST_TEST(shown("\n\r\na\n\n\nb\n\n") == "a/b");
  BOOST_TEST(records_of("\"\"\n").size() == 1U);
}

BOOST_AUTO_TEST_CASE(quoted_fields_hold_separators_quotes_and_ends_of_lines) {
  BOOST_TEST(shown("\"a,b\",\"c\"\"d\"\"\"\n\"e\nf\",g") == "a,b|c\"d\"/e\nf|g");
  BOOST_TEST(shown("\"\"\"\"") == "\"");
}

BOOST_AUTO_TEST_CASE(blanks_belong_to_their_field_and_the_separator_is_free) {
  BOOST_TEST(shown(" a , b ") == " a | b ");
  BOOST_TEST(shown("a\tb,c\n", '\t') == "a|b,c");
}

BOOST_AUTO_TEST_CASE(fields_know_where_they_start) {
  auto const all = records_of("a,\"b\nc\",d\n\ne,f");
  BOOST_TEST(all[0][1].line == 1U);
  BOOST_TEST(all[0][1].column == 3U);
  BOOST_TEST(all[0][1].quoted);
  BOOST_TEST(all[0][2].line == 2U);
  BOOST_TEST(all[0][2].column == 4U);
  BOOST_TEST(!all[0][2].quoted);
  BOOST_TEST(all[1][1].line == 4U);
  BOOST_TEST(all[1][1].column == 3U);
}

BOOST_AUTO_TEST_CASE(misplaced_quotes_and_carriage_returns_are_errors) {
  check("a,b\"c\n", 1, 4, "a quote in a field without quotes");
  check("a\n1, \"b\"", 2, 4, "a quote in a field without quotes");
  check("a,\"b\nc", 1, 3, "an unclosed quote");
  check("a\n\"b\nc\"d", 3, 3, "text after a closing quote");
  check("a\rb", 1, 2, "a CR without LF");
}

BOOST_AUTO_TEST_CASE(numbers_are_decimal_with_blanks_around_them) {
  auto const number = [](std::string text, bool quoted = false) {
    return localsgd::detail::csv_number({std::move(text), 1, 1, quoted});
  };
  BOOST_TEST(number(" -2.5e1\t").value() == -25);
  BOOST_TEST(number("+3").value() == 3);
  for (char const* text : {"", "x", "1x", "1 2", "0x1p3", "+-1", "1,5", "+"})
    BOOST_TEST(!number(text).has_value(), text);
  BOOST_TEST(std::isinf(number("1e999").value()));
  BOOST_TEST(std::isinf(number("inf").value()));
  BOOST_TEST(!number("inf", true).has_value());
}

BOOST_AUTO_TEST_CASE(marks_of_missing_values_count_without_quotes_only) {
  auto const missing = [](std::string text, bool quoted) {
    return localsgd::detail::is_missing({std::move(text), 1, 1, quoted});
  };
  for (char const* text : {"?", "NA", " NA ", "n/a", "NaN", "null", "<NA>", "#N/A"}) {
    BOOST_TEST(missing(text, false), text);
    BOOST_TEST(!missing(text, true), text);
  }
  for (bool const quoted : {false, true}) {
    BOOST_TEST(missing("", quoted));
    BOOST_TEST(missing("  ", quoted));
    BOOST_TEST(!missing("None", quoted));
    BOOST_TEST(!missing("0", quoted));
  }
}
