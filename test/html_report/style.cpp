// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE html_report_style
#include "localsgd/html_report/style.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <string_view>

// test/docs/report.py looks at the page in a browser.
BOOST_AUTO_TEST_CASE(the_style_is_ascii_and_loads_nothing) {
  std::string_view const text = localsgd::detail::report_style;
  BOOST_TEST(text.size() > 1000u);
  BOOST_TEST(std::ranges::all_of(text, [](char c) { return c == '\n' || (c >= ' ' && c <= '~'); }));
  for (std::string_view const absent : {"</", "<!--", "http", "url(", "@import"})
    BOOST_TEST(text.find(absent) == text.npos, absent);
}
