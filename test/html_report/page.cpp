// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE html_report_page
#include "localsgd/html_report/page.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <string_view>

// test/docs/report.py runs the script in a browser.
BOOST_AUTO_TEST_CASE(style_and_script_are_ascii_and_load_nothing) {
  for (std::string_view const text :
       {std::string_view(localsgd::detail::report_style), std::string_view(localsgd::detail::report_script)}) {
    BOOST_TEST(text.size() > 1000u);
    BOOST_TEST(std::ranges::all_of(text, [](char c) { return c == '\n' || (c >= ' ' && c <= '~'); }));
    for (std::string_view const absent : {"</", "<!--", "http", "url(", "@import", "import(", "fetch("})
      BOOST_TEST(text.find(absent) == text.npos, absent);
  }
}
