// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE html_report_machine
#include "localsgd/html_report/machine.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <string>

using namespace localsgd::detail;

BOOST_AUTO_TEST_CASE(the_first_line_with_a_key_has_the_value) {
  std::string const text = "processor\t: 0\nmodel name\t: A processor 3000 \nmodel name\t: B\n";
  BOOST_TEST(value_of_line(text, "model name") == "A processor 3000");
  BOOST_TEST(value_of_line(text, "processor") == "0");
  BOOST_TEST(value_of_line(text, "flags") == "");
  BOOST_TEST(value_of_line("", "model name") == "");
  BOOST_TEST(value_of_line("model name\nmodel name :\nmodel name : C", "model name") == "C");
}

BOOST_AUTO_TEST_CASE(the_machine_has_a_compiler_and_at_least_one_core) {
  auto const rows = machine_figures();
  auto const value = [&](std::string const& label) {
    auto const at = std::ranges::find(rows, label, &decltype(rows)::value_type::first);
    return at == rows.end() ? std::string() : at->second;
  };
  BOOST_TEST(value("library") == "localsgd " + version_name());
  BOOST_TEST(value("compiler") != "");
  BOOST_TEST(value("system") != "");
  BOOST_TEST(std::stoul(value("available cores")) >= 1u);
  for (auto const& [label, text] : rows) BOOST_TEST(!text.empty(), label);
}
