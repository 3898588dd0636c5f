// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE data_libsvm
#include "localsgd/data/libsvm.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include "test/support/problems.hpp"
#include "test/support/temporary_path.hpp"

#include <boost/test/unit_test.hpp>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <limits>
#include <locale>
#include <numeric>
#include <random>
#include <sstream>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <tuple>
#include <type_traits>
#include <utility>
#include <vector>
#if defined(__unix__)
#include <sys/stat.h>
#endif

namespace {

using support::temporary_path;

using localsgd::csr_matrix;
using localsgd::dataset;
using localsgd::invalid_data;
using localsgd::invalid_settings;
using localsgd::libsvm_options;
using localsgd::parse_libsvm;
using localsgd::read_libsvm;
using value_types = std::tuple<float, double>;
namespace fs = std::filesystem;

// One row as it would appear in a text, e.g. "-1 0:2.5 3:1", with indices from 0.
template <class Value>
std::string shown(dataset<csr_matrix<Value>> const& d, std::size_t i) {
  std::string text = localsgd::detail::shown(d.targets(i));
  auto const row = d.features.row(i);
  for (std::size_t j = 0; j != row.indices.size(); ++j)
    text += " " + std::to_string(row.indices[j]) + ":" + localsgd::detail::shown(row.values[j]);
  return text;
}

template <class Value = float>
invalid_data error_in(std::string_view text, libsvm_options options = {}) {
  return support::error_of<invalid_data>([&] { parse_libsvm<Value>(text, "some.txt", options); });
}

void check(invalid_data const& e, std::size_t line, std::size_t column, std::string const& found,
           std::string const& expected) {
  BOOST_TEST(e.file == "some.txt");
  BOOST_TEST(e.line == line);
  BOOST_TEST(e.column == column);
  BOOST_TEST(e.found == found);
  BOOST_TEST(e.expected == expected);
}

// "3,5" for 3.5 and "1.000" for 1000.
struct decimal_comma : std::numpunct<char> {
  char do_decimal_point() const override { return ','; }
  char do_thousands_sep() const override { return '.'; }
  std::string do_grouping() const override { return "\3"; }
};

class global_locale {
 public:
  explicit global_locale(std::locale const& l) : before_(std::locale::global(l)) {}
  global_locale(global_locale const&) = delete;
  global_locale& operator=(global_locale const&) = delete;
  ~global_locale() { std::locale::global(before_); }

 private:
  std::locale before_;
};

}  // namespace

// --- valid input ----------------------------------------------------------------------------------

BOOST_AUTO_TEST_CASE_TEMPLATE(labels_and_entries_are_read_as_they_stand, Value, value_types) {
  auto const d = parse_libsvm<Value>("-1 1:2.5 4:-1\n3.25 2:1e2\n", "some.txt");
  static_assert(std::is_same_v<decltype(d), dataset<csr_matrix<Value>> const>);
  BOOST_TEST(d.features.rows() == 2U);
  BOOST_TEST(d.features.columns() == 4U);
  BOOST_TEST(d.features.nonzeros() == 3U);
  BOOST_TEST(d.targets.size() == 2U);
  BOOST_TEST(shown(d, 0) == "-1 0:2.5 3:-1");
  BOOST_TEST(shown(d, 1) == "3.25 1:100");
}

BOOST_AUTO_TEST_CASE(a_bare_label_is_an_empty_row) {
  auto const d = parse_libsvm("-1\n+1 \n-1 3:1\n+1\t\n2", "some.txt");
  BOOST_TEST(d.features.rows() == 5U);
  BOOST_TEST(d.features.columns() == 3U);
  std::vector<std::string> const expected{"-1", "1", "-1 2:1", "1", "2"};
  for (std::size_t i = 0; i != 5; ++i) BOOST_TEST(shown(d, i) == expected[i]);
}

BOOST_AUTO_TEST_CASE(labels_alone_make_a_matrix_without_columns) {
  auto const d = parse_libsvm("1\n-1\n", "some.txt");
  BOOST_TEST(d.features.rows() == 2U);
  BOOST_TEST(d.features.columns() == 0U);
  BOOST_TEST(d.features.row(1).indices.empty());
}

BOOST_AUTO_TEST_CASE(lines_may_end_in_crlf) {
  auto const d = parse_libsvm("1 1:2\r\n-1\r\n\r\n-1 2:3 \r\n1 1:4\r", "some.txt");
  BOOST_TEST(d.features.rows() == 4U);
  std::vector<std::string> const expected{"1 0:2", "-1", "-1 1:3", "1 0:4"};
  for (std::size_t i = 0; i != 4; ++i) BOOST_TEST(shown(d, i) == expected[i]);
}

BOOST_AUTO_TEST_CASE(blanks_and_tabs_may_stand_before_between_and_after_tokens) {
  auto const d = parse_libsvm(" \t1  1:2\t \t3:4 \t \n", "some.txt");
  BOOST_TEST(d.features.rows() == 1U);
  BOOST_TEST(shown(d, 0) == "1 0:2 2:4");
}

BOOST_AUTO_TEST_CASE(comments_and_blank_lines_are_skipped) {
  auto const d = parse_libsvm(
      "# a: b: c\n\n1 1:2 # 2:x\n \t\n  # more\n-1#no blank before\n2 1:3#4:5\n#", "some.txt");
  BOOST_TEST(d.features.rows() == 3U);
  BOOST_TEST(d.features.nonzeros() == 2U);
  BOOST_TEST(d.targets.size() == 3U);
  BOOST_TEST(shown(d, 0) == "1 0:2");
  BOOST_TEST(shown(d, 1) == "-1");
  BOOST_TEST(shown(d, 2) == "2 0:3");
}

BOOST_AUTO_TEST_CASE(the_last_line_needs_no_newline) {
  auto const d = parse_libsvm("1 1:2\n-1 2:3", "some.txt");
  BOOST_TEST(d.features.rows() == 2U);
  BOOST_TEST(shown(d, 1) == "-1 1:3");
}

BOOST_AUTO_TEST_CASE(a_plus_may_stand_before_a_number) {
  auto const d = parse_libsvm("+1 1:+2.5\n+.5 1:+1e+1\n", "some.txt");
  BOOST_TEST(shown(d, 0) == "1 0:2.5");
  BOOST_TEST(shown(d, 1) == "0.5 0:10");
}

BOOST_AUTO_TEST_CASE(stored_zeros_are_kept) {
  auto const d = parse_libsvm("1 1:0 2:-0\n", "some.txt");
  BOOST_TEST(d.features.nonzeros() == 2U);
  BOOST_TEST(std::signbit(d.features.row(0).values[1]));
}

BOOST_AUTO_TEST_CASE(the_index_base_may_be_0) {
  auto const d = parse_libsvm("1 0:2 3:4\n", "some.txt", {.index_base = 0});
  BOOST_TEST(d.features.columns() == 4U);
  BOOST_TEST(shown(d, 0) == "1 0:2 3:4");
}

BOOST_AUTO_TEST_CASE(the_number_of_columns_can_be_forced) {
  BOOST_TEST(parse_libsvm("1 2:1\n", "some.txt", {.columns = 123}).features.columns() == 123U);
  BOOST_TEST(parse_libsvm("1 2:1\n", "some.txt", {.columns = 2}).features.columns() == 2U);
  BOOST_TEST(parse_libsvm("1\n", "some.txt", {.columns = 5}).features.columns() == 5U);
}

BOOST_AUTO_TEST_CASE(the_largest_index_is_2_to_the_31) {
  auto const d = parse_libsvm("1 2147483648:1\n", "some.txt");
  BOOST_TEST(d.features.columns() == 2147483648U);
  BOOST_TEST(d.features.row(0).indices[0] == 2147483647U);
}

BOOST_AUTO_TEST_CASE(a_value_too_small_for_float_is_rounded) {
  // 1e-46 is below half of the smallest float, 2^-149 = 1.4e-45, and 1e-45 is above it.
  auto const d = parse_libsvm<float>("1 1:1e-46 2:-1e-300 3:1e-45 4:1e-40\n", "some.txt");
  auto const values = d.features.row(0).values;
  BOOST_TEST(values[0] == 0.0F);
  BOOST_TEST(values[1] == 0.0F);
  BOOST_TEST(std::signbit(values[1]));
  BOOST_TEST(values[2] == std::numeric_limits<float>::denorm_min());
  BOOST_TEST(values[3] == 1e-40F);
}

BOOST_AUTO_TEST_CASE(a_float_is_rounded_once_from_the_decimal_number) {
  // Just above the midpoint of 1 and its successor 1 + 2^-23, by less than a double resolves: if it
  // were rounded to double first, it would be the midpoint and then round to even, to 1.
  auto const d = parse_libsvm<float>("1 1:1.000000059604644775390626\n", "some.txt");
  BOOST_TEST(d.features.row(0).values[0] == 1.0F + std::numeric_limits<float>::epsilon());
}

BOOST_AUTO_TEST_CASE(numbers_do_not_depend_on_the_locale) {
  global_locale const comma(std::locale(std::locale::classic(), new decimal_comma));
  BOOST_TEST((std::ostringstream() << 1000.5).str() == "1.000,5");  // the locale is in effect
  auto const d = parse_libsvm("1.5 1000:2.25\n", "some.txt");
  BOOST_TEST(d.targets(0) == 1.5);
  BOOST_TEST(d.features.columns() == 1000U);
  BOOST_TEST(d.features.row(0).values[0] == 2.25F);
  check(error_in("1,5 1:2\n"), 1, 1, "1,5",
        "a label (a decimal number; samples with several labels are not supported)");
  check(error_in("1 1000:1", {.columns = 999}), 1, 3, "1000",
        "an index of at most 999 (libsvm_options.columns)");
}

BOOST_AUTO_TEST_CASE(blanks_may_stand_between_a_colon_and_its_value) {
  auto const d = parse_libsvm<double>("0   21:1.00   42:1.00   63: .50\n1 2:\t 1 3:  -2e1\n", "t");
  BOOST_TEST(shown(d, 0) == "0 20:1 41:1 62:0.5");
  BOOST_TEST(shown(d, 1) == "1 1:1 2:-20");
}

BOOST_AUTO_TEST_CASE(a_byte_order_mark_of_utf_8_in_front_is_skipped) {
  std::string const text = "\xef\xbb\xbf" "1 1:2\n-1 1:3\n";
  BOOST_TEST(shown(parse_libsvm<double>(text, "t"), 0) == "1 0:2");
  BOOST_TEST(parse_libsvm<double>(text, "t", {.shard = 1, .shards = 2}).targets(0) == -1);
  check(error_in("1 1:2\n\xef\xbb\xbf" "1 1:2\n"), 2, 1, "\\xef\\xbb\\xbf1",
        "a label (a decimal number)");
}

BOOST_AUTO_TEST_CASE(queries_of_ranking_data_are_skipped_on_request) {
  auto const d = parse_libsvm<double>("2 qid:1 1:0.5 2:1\n1 qid:1 1:0.1\n3 qid:2\n", "t",
                                      {.skip_qid = true});
  BOOST_TEST(d.features.rows() == 3U);
  BOOST_TEST(shown(d, 0) == "2 0:0.5 1:1");
  BOOST_TEST(shown(d, 1) == "1 0:0.1");
  BOOST_TEST(shown(d, 2) == "3");
}

// --- invalid input --------------------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(a_malformed_label_is_refused) {
  std::string const expected = "a label (a decimal number)";
  check(error_in("1 1:1\n\n  spam 1:1\n"), 3, 3, "spam", expected);
  check(error_in("1:1 2:1\n"), 1, 1, "1:1", expected + " before the first index:value");
  check(error_in("1,2 1:1\n"), 1, 1, "1,2",
        "a label (a decimal number; samples with several labels are not supported)");
  check(error_in("+-1 1:1\n"), 1, 1, "+-1", expected);
  check(error_in("++1 1:1\n"), 1, 1, "++1", expected);
  check(error_in("+\n"), 1, 1, "+", expected);
  check(error_in("0x1F\n"), 1, 1, "0x1F", expected);
  check(error_in("1e\n"), 1, 1, "1e", expected);
}

BOOST_AUTO_TEST_CASE(a_missing_colon_is_refused) {
  std::string const expected = "index:value (the colon is missing)";
  check(error_in("1 1:1\n-1 1:2 3 4:5\n"), 2, 8, "3", expected);
  check(error_in("-1 7"), 1, 4, "7", expected);
  check(error_in("-1 1:2 word\t4:5"), 1, 8, "word", expected);
}

BOOST_AUTO_TEST_CASE(a_malformed_index_is_refused) {
  std::string const expected = "an index (an integer)";
  check(error_in("1 1:1 x:2\n"), 1, 7, "x", expected);
  check(error_in("1 1.5:2\n"), 1, 3, "1.5", expected);
  check(error_in("1 -1:2\n"), 1, 3, "-1", expected);
  check(error_in("1 +1:2\n"), 1, 3, "+1", expected);
  check(error_in("1 :2\n"), 1, 3, "nothing", expected);
  check(error_in("1 1 :2\n"), 1, 3, "1", "index:value (the colon is missing)");
}

BOOST_AUTO_TEST_CASE(a_malformed_value_is_refused) {
  std::string const expected = "a value (a decimal number)";
  check(error_in("1 1:1 12:abc\n"), 1, 10, "abc", expected);
  check(error_in("1 1:2:3\n"), 1, 5, "2:3", expected);
  check(error_in("1 1:2,5\n"), 1, 5, "2,5", expected);
  check(error_in("1 1:\n"), 1, 5, "nothing", expected);
  check(error_in("1 1: \n"), 1, 5, "nothing", expected);
  check(error_in("1 1: 2:3\n"), 1, 6, "2:3", expected);
  check(error_in("1 1: #2\n"), 1, 5, "nothing", expected);
  check(error_in("1 1:"), 1, 5, "nothing", expected);
  check(error_in("1 1:#2"), 1, 5, "nothing", expected);
  check(error_in("1 1:--2"), 1, 5, "--2", expected);
}

BOOST_AUTO_TEST_CASE(index_0_is_refused_where_indices_start_at_1) {
  std::string const expected =
      "an index of at least 1; if the indices start at 0, set libsvm_options.index_base = 0";
  check(error_in("1 1:1\n1 0:1\n"), 2, 3, "0", expected);
  check(error_in("1 3:1 0:1\n"), 1, 7, "0", expected);
}

BOOST_AUTO_TEST_CASE(an_index_above_2_to_the_31_is_refused) {
  check(error_in("1 2147483649:1\n"), 1, 3, "2147483649",
        "an index of at most 2147483648 (at most 2^31 columns)");
  check(error_in("1 2147483648:1\n", {.index_base = 0}), 1, 3, "2147483648",
        "an index of at most 2147483647 (at most 2^31 columns)");
  // 2^64 and more does not wrap around.
  check(error_in("1 18446744073709551617:1\n"), 1, 3, "18446744073709551617",
        "an index of at most 2147483648 (at most 2^31 columns)");
}

BOOST_AUTO_TEST_CASE(an_index_above_the_forced_number_of_columns_is_refused) {
  check(error_in("1 1:1 4:1\n", {.columns = 3}), 1, 7, "4",
        "an index of at most 3 (libsvm_options.columns)");
  check(error_in("1 1:1 3:1\n", {.columns = 3, .index_base = 0}), 1, 7, "3",
        "an index of at most 2 (libsvm_options.columns)");
}

BOOST_AUTO_TEST_CASE(unsorted_or_repeated_indices_are_refused) {
  check(error_in("1 1:1\n1 2:1 5:1 4:1\n"), 2, 11, "4",
        "an index above 5 (the indices of a line must increase)");
  check(error_in("1 2:1 2:1\n"), 1, 7, "2",
        "an index above 2 (the indices of a line must increase)");
  check(error_in("1 0:1 0:1\n", {.index_base = 0}), 1, 7, "0",
        "an index above 0 (the indices of a line must increase)");
}

BOOST_AUTO_TEST_CASE_TEMPLATE(numbers_that_are_not_finite_are_refused, Value, value_types) {
  std::string const type = std::is_same_v<Value, float> ? "float" : "double";
  for (std::string const bad : {"nan", "-nan", "inf", "-inf", "INF", "infinity", "+NaN", "nan(1)",
                                "1e999", "-1e999", "1e99999999999999999999"}) {
    check(error_in<Value>("1 1:1\n1 2:3 4:" + bad + " 5:6\n"), 2, 9, bad,
          "a value that is finite and in the range of " + type);
    check(error_in<Value>(bad + " 5:6\n"), 1, 1, bad,
          "a label that is finite and in the range of double");
  }
}

BOOST_AUTO_TEST_CASE(a_value_too_large_for_float_is_refused_for_float_only) {
  check(error_in<float>("1 1:3.5e38\n"), 1, 5, "3.5e38",
        "a value that is finite and in the range of float");
  check(error_in<float>("1 1:-1e300\n"), 1, 5, "-1e300",
        "a value that is finite and in the range of float");
  BOOST_TEST(parse_libsvm<double>("1 1:3.5e38\n", "t").features.row(0).values[0] == 3.5e38);
  BOOST_TEST(parse_libsvm<float>("1e300 1:1\n", "t").targets(0) == 1e300);
}

BOOST_AUTO_TEST_CASE(a_number_too_small_for_double_is_refused) {
  check(error_in<double>("1 1:1e-400\n"), 1, 5, "1e-400",
        "a value that is finite and in the range of double");
  check(error_in<float>("1 1:1e-400\n"), 1, 5, "1e-400",
        "a value that is finite and in the range of float");
}

BOOST_AUTO_TEST_CASE(a_text_without_samples_is_refused) {
  for (std::string_view const text : {"", "\n", " \r\n\t\n", "# only a comment\n", "#"})
    check(error_in(text), 0, 0, "no samples", "at least one line with a label");
}

BOOST_AUTO_TEST_CASE(compressed_data_is_recognised) {
  check(error_in("\x1f\x8b\x08 and so on"), 0, 0, "a gzip file",
        "uncompressed data; decompress the file first");
}

BOOST_AUTO_TEST_CASE(a_byte_order_mark_of_utf_16_is_named) {
  for (std::string_view const mark : {"\xff\xfe", "\xfe\xff"})
    check(error_in(std::string(mark) + "1 1:2\n"), 1, 1, "a UTF-16 byte order mark",
          "ASCII or UTF-8 text; convert the file first");
}

BOOST_AUTO_TEST_CASE(a_query_of_ranking_data_is_refused_by_name) {
  check(error_in("2 qid:1 1:0.5 2:1\n1 qid:1 1:0.1\n"), 1, 3, "qid:1",
        "index:value; to ignore qid: set libsvm_options.skip_qid");
}

BOOST_AUTO_TEST_CASE(a_carriage_return_inside_a_line_is_refused) {
  check(error_in("1 1:2\r-1 1:3\n"), 1, 5, "2?-1", "a value (a decimal number)");
}

BOOST_AUTO_TEST_CASE(what_was_found_is_shown_short_and_without_control_characters) {
  check(error_in(std::string(1000, 'x')), 1, 1, std::string(40, 'x') + "...",
        "a label (a decimal number)");
  check(error_in(std::string_view("a\0\x1b[b", 5)), 1, 1, "a??[b", "a label (a decimal number)");
}

BOOST_AUTO_TEST_CASE(options_out_of_range_are_refused_before_the_file_is_opened) {
  try {
    read_libsvm("/no/such/file", {.index_base = 2});
    BOOST_FAIL("accepted");
  } catch (invalid_settings const& e) {
    BOOST_TEST(e.field == "index_base");
    BOOST_TEST(e.value == "2");
    BOOST_TEST(e.rule == "0 or 1");
  }
  try {
    parse_libsvm("", "t", {.columns = (std::size_t{1} << 31U) + 1});
    BOOST_FAIL("accepted");
  } catch (invalid_settings const& e) {
    BOOST_TEST(e.field == "columns");
    BOOST_TEST(e.value == "2147483649");
    BOOST_TEST(e.rule == "<= 2^31");
  }
}

BOOST_AUTO_TEST_CASE(every_line_is_in_exactly_one_shard_for_any_number_of_shards) {
  std::string text;
  for (int i = 0; i != 40; ++i) {
    text += std::to_string(i) + std::string(i % 5 == 0 ? "" : " 3:1") + (i % 7 == 0 ? "\r\n" : "\n");
    if (i % 11 == 0) text += "# a comment\n\n";
  }
  text += "40";  // without a newline
  for (std::size_t shards = 1; shards <= text.size() + 3; ++shards) {
    std::vector<double> labels;
    for (std::size_t shard = 0; shard != shards; ++shard) {
      auto const part = [&]() -> std::vector<double> {
        try {
          auto const d = parse_libsvm(text, "t", {.columns = 3, .shard = shard, .shards = shards});
          BOOST_TEST(d.features.columns() == 3U);
          return {d.targets.begin(), d.targets.end()};
        } catch (invalid_data const& e) {
          BOOST_TEST(e.found == "no samples in shard " + std::to_string(shard) + " of " +
                                    std::to_string(shards));
          return {};
        }
      }();
      labels.insert(labels.end(), part.begin(), part.end());
    }
    std::vector<double> all(41);
    std::iota(all.begin(), all.end(), 0.0);
    BOOST_TEST(labels == all, boost::test_tools::per_element());
  }
}

BOOST_AUTO_TEST_CASE(an_error_in_a_shard_names_the_line_of_the_file) {
  std::string const text = "1 1:1\n# none\n-1 1:1\n1 1:1\n1 1:x\n-1 2:1\n";
  for (std::size_t const shards : {1U, 2U, 5U, 40U}) {
    int refused = 0;
    for (std::size_t shard = 0; shard != shards; ++shard) {
      try {
        parse_libsvm(text, "some.txt", {.shard = shard, .shards = shards});
      } catch (invalid_data const& e) {
        if (e.line == 0) continue;  // no samples
        ++refused;
        check(e, 5, 5, "x", "a value (a decimal number)");
      }
    }
    BOOST_TEST(refused == 1);
  }
}

BOOST_AUTO_TEST_CASE(a_shard_that_does_not_exist_is_refused) {
  auto const none = support::error_of<invalid_settings>(
      [] { parse_libsvm("1", "t", {.shard = 0, .shards = 0}); });
  BOOST_TEST(none.field == "shards");
  auto const third = support::error_of<invalid_settings>(
      [] { parse_libsvm("1", "t", {.shard = 2, .shards = 2}); });
  BOOST_TEST(third.field == "shard");
  BOOST_TEST(third.rule == "below the number of shards, 2");
}

// --- files ---------------------------------------------------------------------------------------

BOOST_AUTO_TEST_CASE(errors_in_a_file_carry_its_path) {
  temporary_path const file("1 1:1\n1 1:x\n");
  auto const e = support::error_of<invalid_data>([&] { read_libsvm(file()); });
  BOOST_TEST(e.file == file().string());
  BOOST_TEST(e.line == 2U);
  BOOST_TEST(e.column == 5U);
  BOOST_TEST(e.what() ==
             "localsgd: " + file().string() + ":2:5: found x, expected a value (a decimal number)");
}

BOOST_AUTO_TEST_CASE(a_missing_file_is_an_error) {
  temporary_path const file;
  auto const e = support::error_of<invalid_data>([&] { read_libsvm(file()); });
  BOOST_TEST(e.file == file().string());
  BOOST_TEST(e.line == 0U);
  BOOST_TEST(e.found == "no such file");
  BOOST_TEST(e.expected == "a readable file");
}

BOOST_AUTO_TEST_CASE(a_directory_is_an_error) {
  temporary_path const directory;
  fs::create_directory(directory());
  auto const e = support::error_of<invalid_data>([&] { read_libsvm(directory()); });
  BOOST_TEST(e.file == directory().string());
  BOOST_TEST(e.found == "a directory");
}

BOOST_AUTO_TEST_CASE(an_empty_file_is_an_error) {
  temporary_path const file("");
  auto const e = support::error_of<invalid_data>([&] { read_libsvm(file()); });
  BOOST_TEST(e.file == file().string());
  BOOST_TEST(e.found == "no samples");
}

BOOST_AUTO_TEST_CASE(a_file_without_read_permission_is_an_error) {
  temporary_path const file("1 1:1\n");
  fs::permissions(file(), fs::perms::none);
  if (std::ifstream(file()).is_open()) {
    BOOST_TEST_MESSAGE("skipped: this user may read every file");
    return;
  }
  BOOST_TEST(support::error_of<invalid_data>([&] { read_libsvm(file()); }).found == "a file that cannot be opened");
}

#if defined(__unix__)
BOOST_AUTO_TEST_CASE(a_pipe_can_be_read) {
  temporary_path const pipe;
  BOOST_REQUIRE(::mkfifo(pipe().c_str(), 0600) == 0);
  std::string text;
  for (int i = 0; i != 50000; ++i) text += "1 1:2\n";  // more than a pipe or a single read holds
  std::thread writer([&] { std::ofstream(pipe(), std::ios::binary) << text; });
  auto const d = read_libsvm(pipe());
  writer.join();
  BOOST_TEST(d.features.rows() == 50000U);
}
#endif

BOOST_AUTO_TEST_CASE(a_larger_file_is_read_in_full) {
  // Row i has i mod 31 entries, the j-th in column 1000 j + i mod 7 with the value (i + j) / 8,
  // which has few digits and is exact in text and in float.
  constexpr std::size_t rows = 20000;
  auto const column = [](std::size_t i, std::size_t j) { return 1000 * j + i % 7; };
  std::string text;
  std::size_t entries = 0;
  for (std::size_t i = 0; i != rows; ++i) {
    text += i % 2 == 0 ? "-1" : "+1";
    for (std::size_t j = 0; j != i % 31; ++j, ++entries) {
      std::array<char, 32> number{};
      auto const end = std::to_chars(number.data(), number.data() + number.size(),
                                     static_cast<double>(i + j) / 8)
                           .ptr;
      text += " " + std::to_string(column(i, j) + 1) + ":" + std::string(number.data(), end);
    }
    text += "\n";
  }
  temporary_path const file(text);
  auto const d = read_libsvm(file());
  BOOST_TEST(d.features.rows() == rows);
  BOOST_TEST(d.features.nonzeros() == entries);
  BOOST_TEST(d.features.columns() == 29006U + 1U);  // the last entry of rows with 30, i mod 7 = 6
  std::size_t wrong = 0;
  for (std::size_t i = 0; i != rows; ++i) {
    auto const row = d.features.row(i);
    BOOST_REQUIRE(row.indices.size() == i % 31);
    if (d.targets(i) != (i % 2 == 0 ? -1.0 : 1.0)) ++wrong;
    for (std::size_t j = 0; j != row.indices.size(); ++j)
      if (row.indices[j] != column(i, j) || row.values[j] != static_cast<float>(i + j) / 8) ++wrong;
  }
  BOOST_TEST(wrong == 0U);
}

// --- properties ----------------------------------------------------------------------------------

BOOST_AUTO_TEST_CASE_TEMPLATE(what_is_written_with_all_digits_is_read_back_exactly, Value,
                              value_types) {
  std::mt19937_64 random(2);
  // Any finite number, including subnormal ones, with the same probability for each bit pattern.
  auto const any = [&]<class T>(T) {
    using bits = std::conditional_t<sizeof(T) == 4, std::uint32_t, std::uint64_t>;
    for (;;) {
      T const x = std::bit_cast<T>(static_cast<bits>(random()));
      if (std::isfinite(x)) return x;
    }
  };
  auto const written = []<class T>(T x) {
    std::array<char, 64> number{};
    auto const end =
        std::to_chars(number.data(), number.data() + number.size(), x,
                      std::chars_format::scientific, std::numeric_limits<T>::max_digits10 - 1)
            .ptr;
    return std::string(number.data(), end);
  };

  for (unsigned const base : {0U, 1U}) {
    std::string text;
    std::vector<double> targets;
    std::vector<std::uint32_t> indices;
    std::vector<Value> values;
    std::vector<std::size_t> starts{0};
    for (std::size_t i = 0; i != 1000; ++i) {
      targets.push_back(any(double{}));
      text += written(targets.back());
      for (std::uint32_t j = 0; j != 40; ++j) {
        if (random() % 4 != 0) continue;
        indices.push_back(j);
        values.push_back(any(Value{}));
        text += " " + std::to_string(j + base) + ":" + written(values.back());
      }
      text += "\n";
      starts.push_back(values.size());
    }

    auto const d = parse_libsvm<Value>(text, "t", {.columns = 40, .index_base = base});
    BOOST_TEST(d.features.rows() == 1000U);
    BOOST_TEST(d.features.columns() == 40U);
    BOOST_REQUIRE(d.features.nonzeros() == values.size());
    std::size_t wrong = 0;
    for (std::size_t i = 0; i != 1000; ++i) {
      auto const row = d.features.row(i);
      BOOST_REQUIRE(row.indices.size() == starts[i + 1] - starts[i]);
      if (d.targets(i) != targets[i]) ++wrong;
      for (std::size_t j = 0; j != row.indices.size(); ++j)
        if (row.indices[j] != indices[starts[i] + j] || row.values[j] != values[starts[i] + j])
          ++wrong;
    }
    BOOST_TEST(wrong == 0U);
  }
}

BOOST_AUTO_TEST_CASE(a_damaged_text_is_either_read_or_refused_with_a_position) {
  std::string const valid =
      "+1 1:0.5 3:-2e3 17:1\r\n# a comment: 5\n-1\n\n-1 2:+.25\t4:1e-3 # more\n2.5 1:7 2:8 3:9";
  std::string const letters = "0123456789+-.eE:# \t\r\n,xnaif\xff" + std::string(1, '\0');
  std::mt19937_64 random(3);
  std::size_t read = 0;
  std::size_t refused = 0;
  for (int i = 0; i != 20000; ++i) {
    std::string text = valid;
    for (std::size_t n = 1 + random() % 4; n != 0; --n) {
      std::size_t const at = random() % (text.size() + 1);
      std::size_t const length = random() % 6;
      switch (random() % 5) {
        case 0:
          text.insert(at, 1, letters[random() % letters.size()]);
          break;
        case 1:
          text.erase(at, length);
          break;
        case 2:
          text.insert(at, text.substr(random() % (text.size() + 1), 2 * length));
          break;
        case 3:
          text.resize(at);
          break;
        default:
          if (at < text.size()) text[at] = letters[random() % letters.size()];
      }
    }
    // A heap buffer of exactly this size: a sanitizer detects every access beyond its ends.
    std::vector<char> const bytes(text.begin(), text.end());
    libsvm_options const options{.columns = random() % 2 * 17,
                                 .index_base = static_cast<unsigned>(random() % 2)};
    try {
      auto const d = parse_libsvm(std::string_view(bytes.data(), bytes.size()), "t", options);
      ++read;
      BOOST_REQUIRE(d.features.rows() == d.targets.size());
      BOOST_REQUIRE(d.features.rows() >= 1U);
      BOOST_REQUIRE(std::ranges::all_of(d.targets, [](double y) { return std::isfinite(y); }));
    } catch (invalid_data const& e) {
      ++refused;
      auto const lines = static_cast<std::size_t>(std::ranges::count(text, '\n')) + 1;
      BOOST_REQUIRE(e.file == "t");
      BOOST_REQUIRE(e.line <= lines);
      BOOST_REQUIRE((e.line != 0) == (e.column != 0));
      BOOST_REQUIRE(e.column <= text.size() + 1);
    }
  }
  BOOST_TEST(read > 1000U);  // both outcomes occur
  BOOST_TEST(refused > 1000U);
}

// --- several threads -----------------------------------------------------------------------------

namespace {

using localsgd::detail::libsvm_split;

// The result of parsing a text: every number of the data set, or every field of the error.
template <class Value>
std::string outcome(std::string_view text, libsvm_options const& options,
                    libsvm_split const& split) {
  std::string all;
  auto const add = [&](auto x) { all.append(reinterpret_cast<char const*>(&x), sizeof(x)); };
  try {
    auto const d = localsgd::detail::parse_libsvm<Value>(text, "some.txt", options, split);
    add(d.features.rows());
    add(d.features.columns());
    add(d.features.nonzeros());
    for (double const y : d.targets) add(y);
    for (std::size_t i = 0; i != d.features.rows(); ++i) {
      auto const row = d.features.row(i);
      add(row.indices.size());
      for (auto const j : row.indices) add(j);
      for (auto const v : row.values) add(v);
    }
  } catch (invalid_data const& e) {
    all = std::string(e.what()) + " " + std::to_string(e.line) + " " + std::to_string(e.column);
  }
  return all;
}

// The number of divisions of the work whose result differs from that of one thread with one chunk.
template <class Value>
std::size_t different_splits(std::string_view text, libsvm_options const& options = {}) {
  auto const serial = outcome<Value>(text, options, {1, text.size() + 1});
  std::size_t different = 0;
  for (std::size_t const threads : {1U, 2U, 3U})
    for (std::size_t const chunk : {1U, 2U, 7U, 64U, 1000U})
      if (outcome<Value>(text, options, {threads, chunk}) != serial) ++different;
  return different;
}

// Lines of every kind: plain and unusual numbers, blanks, comments with colons, CRLF, empty lines.
std::string odd_text(std::size_t lines, std::mt19937_64& random) {
  std::vector<std::string> const numbers{
      "1",     "0",     "-1",       "+1",        "0.25",                 "-.5",      "7.", "1e3",
      "1e-45", "3.125", "00012.50", "123456789", "0.1234567890123456789", "16777217", "-0", "-2.5E-4"};
  std::string text;
  for (std::size_t i = 0; i != lines; ++i) {
    if (random() % 6 == 0) text += std::string(random() % 3, ' ') + "# a: b: c";
    if (random() % 6 != 0) {
      text += numbers[random() % numbers.size()];
      std::size_t index = 0;
      for (std::size_t j = random() % 12; j != 0; --j) {
        index += 1 + random() % (random() % 9 == 0 ? 200000000 : 50);
        text += (random() % 9 == 0 ? "\t " : " ") + std::to_string(index) + ":" +
                numbers[random() % numbers.size()];
      }
      if (random() % 4 == 0) text += " ";
      if (random() % 6 == 0) text += "#1:1 2:2";
    }
    text += random() % 5 == 0 ? "\r\n" : "\n";
  }
  if (random() % 2 == 0) text.pop_back();
  return text;
}

}  // namespace

BOOST_AUTO_TEST_CASE_TEMPLATE(threads_and_chunks_change_no_bit, Value, value_types) {
  std::mt19937_64 random(4);
  for (std::size_t const lines : {1U, 2U, 30U, 200U}) {
    auto const text = odd_text(lines, random);
    BOOST_REQUIRE(outcome<Value>(text, {}, {}).find("expected") == std::string::npos);
    BOOST_TEST(different_splits<Value>(text) == 0U);
    BOOST_TEST(different_splits<Value>(text, {.columns = std::size_t{1} << 31U}) == 0U);
  }
}

BOOST_AUTO_TEST_CASE_TEMPLATE(threads_and_chunks_change_no_error, Value, value_types) {
  std::mt19937_64 random(5);
  std::vector<std::string> const mistakes{"x",     "1 x:1",   "1 2:1 2:1", "1 1:1e999", "1 0:1",
                                          "1 1:",  "1 5",     "1 1:1,5",   "1 3:1 2:1",
                                          "1 99999999999:1",
                                          "1 1:2\r3", "nan 1:1"};
  for (std::string const& mistake : mistakes) {
    // The first of several errors is reported, whichever thread finds it first.
    auto const before = odd_text(1 + random() % 40, random) + "\n";
    auto const after = "\n" + odd_text(random() % 40 + 1, random);
    auto const& later = mistakes[random() % mistakes.size()];
    auto const text = before + mistake + after + "\n" + later + after;
    BOOST_TEST(different_splits<Value>(text) == 0U);
    auto const e = error_in<Value>(text);
    BOOST_TEST(e.line == 1 + static_cast<std::size_t>(std::ranges::count(before, '\n')));
  }
  for (std::string_view const text : {"", "\n", "#\n#: :\n \r\n", "\x1f\x8b"})
    BOOST_TEST(different_splits<Value>(text) == 0U);
}

BOOST_AUTO_TEST_CASE(a_text_cut_into_chunks_anywhere_gives_the_same_data) {
  std::string_view const text = "1 1:2 # 3:4\r\n\n-1\n#\n+1 2:0.5 7:-1e2\r\n\r\n2 1:1";
  auto const serial = outcome<float>(text, {}, {1, text.size()});
  for (std::size_t chunk = 1; chunk != text.size(); ++chunk)
    for (std::size_t const threads : {1U, 4U})
      BOOST_TEST((outcome<float>(text, {}, {threads, chunk}) == serial));
}

BOOST_AUTO_TEST_CASE(chunks_are_whole_lines_and_together_the_text) {
  std::mt19937_64 random(6);
  auto const text = odd_text(100, random);
  for (std::size_t bytes = 1; bytes < 2 * text.size(); bytes = 2 * bytes + 1) {
    auto const chunks = localsgd::detail::libsvm_chunks(text, bytes);
    std::string together;
    for (auto const& chunk : chunks) {
      BOOST_TEST(!chunk.text.empty());
      together += chunk.text;
      BOOST_TEST((chunk.text.back() == '\n' || together.size() == text.size()));
    }
    BOOST_TEST(together == text);
  }
}

BOOST_AUTO_TEST_CASE(a_thread_gets_at_least_512_KiB) {
  constexpr std::size_t least = std::size_t{1} << 19U;
  BOOST_TEST(libsvm_split::of(0).threads == 1U);
  BOOST_TEST(libsvm_split::of(2 * least - 1).threads == 1U);
  for (std::size_t const n : {2 * least, 100 * least, 100000 * least}) {
    auto const split = libsvm_split::of(n);
    BOOST_TEST(split.threads <= n / least);
    BOOST_TEST(split.threads <= localsgd::detail::available_cores());
    BOOST_TEST(split.chunk_bytes >= 1U);
  }
}
