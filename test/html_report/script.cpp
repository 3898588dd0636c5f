// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE html_report_script
#include "localsgd/html_report/script.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <string_view>

// test/docs/report.py runs it in a browser.
BOOST_AUTO_TEST_CASE(the_script_is_ascii_and_loads_nothing) {
  std::string_view const text = localsgd::detail::report_script;
  BOOST_TEST(text.size() > 1000u);
  BOOST_TEST(std::ranges::all_of(text, [](char c) { return c == '\n' || (c >= ' ' && c <= '~'); }));
  for (std::string_view const absent : {"</", "<!--", "http", "import(", "fetch(", "innerHTML"})
    BOOST_TEST(text.find(absent) == text.npos, absent);
}
