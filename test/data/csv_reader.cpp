// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE data_csv_reader
#include "localsgd/data/csv_reader.hpp"

#include "test/support/problems.hpp"

#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

namespace {

using localsgd::csv_coding;
using localsgd::csv_options;
using localsgd::detail::csv_reader;

csv_coding coding_of(std::string const& text, csv_options const& options) {
  return csv_reader<double>(text, "t", options).coding();
}

}  // namespace

BOOST_AUTO_TEST_CASE(columns_with_a_text_are_categorical_and_sorted_by_bytes) {
  auto const coding = coding_of("a,b,c\n1,x,2\n2,10,B\n3,9,a\n4,x,A\n", {.label = "a"});
  BOOST_TEST((coding == csv_coding{"a", {}, {{"b", {"10", "9", "x"}}, {"c", {"2", "A", "B", "a"}}}}));
}

BOOST_AUTO_TEST_CASE(numbers_are_categories_on_request) {
  auto const coding = coding_of("a,b\n1,3\n2,10\n", {.label = "a", .categorical = {"b"}});
  BOOST_TEST((coding == csv_coding{"a", {}, {{"b", {"10", "3"}}}}));
  auto const targets = coding_of("a,b\n1,3\n2,10\n", {.label = "a", .categorical = {"a"}});
  BOOST_TEST((targets == csv_coding{"a", {"1", "2"}, {{"b", {}}}}));
}

BOOST_AUTO_TEST_CASE(the_label_is_a_name_or_a_number_from_either_end) {
  std::string const text = "a,2,c\n1,2,3\n";
  for (auto const& [label, name] : {std::pair<std::string, std::string>{"c", "c"},
                                    {"1", "a"},
                                    {"3", "c"},
                                    {"-1", "c"},
                                    {"-3", "a"},
                                    {"2", "2"}})
    BOOST_TEST(coding_of(text, {.label = label}).target == name);
  BOOST_TEST(coding_of("2,b,c\n1,2,3\n", {.label = "2"}).target == "2");  // a name comes first
  for (char const* label : {"", "d", "0", "4", "-4", "1x"}) {
    auto const e = support::error_of<localsgd::invalid_data>(
        [&] { coding_of(text, {.label = label}); });
    BOOST_TEST(e.expected == "csv_options.label to be a column number or one of a, 2, c");
  }
}

BOOST_AUTO_TEST_CASE(a_table_is_sparse_and_its_targets_follow_the_coding) {
  std::string const text = "y,x,k\nno,0,b\nyes,2.5,a\n";
  csv_options const options{.label = "y"};
  csv_reader<double> const reader(text, "t", options);
  auto const table = reader.table(reader.coding());
  BOOST_TEST(table.features.rows() == 2U);
  BOOST_TEST(table.features.columns() == 3U);
  BOOST_TEST(table.features.nonzeros() == 3U);  // the 0 of x is not stored
  BOOST_TEST(table.features.row(0).indices[0] == 2U);
  BOOST_TEST(table.features.row(1).values[0] == 2.5);
  BOOST_TEST(table.features.row(1).indices[1] == 1U);
  BOOST_TEST(table.targets(0) == 0);
  BOOST_TEST(table.targets(1) == 1);
}
