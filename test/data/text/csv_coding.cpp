// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE data_text_csv_coding
#include "localsgd/data/text/csv_coding.hpp"

#include "test/support/problems.hpp"

#include <boost/test/unit_test.hpp>
#include <string>
#include <vector>

using localsgd::csv_coding;
using localsgd::invalid_data;

BOOST_AUTO_TEST_CASE(a_column_is_one_feature_or_one_for_each_category) {
  csv_coding const coding{"y", {}, {{"width", {}}, {"colour", {"blue", "red"}}, {"one", {"a"}}}};
  BOOST_TEST(coding.features() == 4U);
  BOOST_TEST(coding.feature_names() ==
                 (std::vector<std::string>{"width", "colour=blue", "colour=red", "one=a"}),
             boost::test_tools::per_element());
  BOOST_TEST(!coding.empty());
  BOOST_TEST(csv_coding{}.empty());
}

BOOST_AUTO_TEST_CASE(repeated_names_are_errors) {
  csv_coding{"y", {"a", "b"}, {{"x", {"a", "b"}}, {"z", {"a"}}}}.validate();
  for (csv_coding const& coding :
       {csv_coding{"y", {}, {{"x", {}}, {"x", {}}}}, csv_coding{"x", {}, {{"x", {}}}},
        csv_coding{"y", {}, {{"x", {"a", "a"}}}}, csv_coding{"y", {"a", "b", "a"}, {{"x", {}}}}}) {
    auto const e = support::error_of<invalid_data>([&] { coding.validate(); });
    BOOST_TEST(e.found.ends_with(" twice"));
    BOOST_TEST(e.file.starts_with("coding."));
  }
}
