// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE html_report_report_run
#include "localsgd/html_report/report_run.hpp"

#include <boost/test/unit_test.hpp>

#include <string>

using localsgd::report_run;
using localsgd::result;

BOOST_AUTO_TEST_CASE(a_run_has_the_words_and_figures_of_to_string) {
  result<float> r;
  r.x = localsgd::vector<float>({3}, 0.0F);
  r.reason = localsgd::stop_reason::precision_reached;
  r.objective = 0.5;
  r.certificate = 0.25;
  r.history.resize(2);
  r.history[0].objective = 0.75;
  r.history[1].objective = 0.5;
  report_run const run("a name", r, localsgd::settings{.workers = 4}, "some words");
  BOOST_TEST(run.name == "a name");
  BOOST_TEST(run.description == "some words");
  BOOST_TEST(run.settings->workers == 4u);
  BOOST_TEST(run.history.size() == 2u);
  BOOST_TEST((run.reason == r.reason));
  BOOST_TEST(run.objective == 0.5);
  BOOST_TEST(run.certificate == 0.25);

  // Together they are the text, apart from its layout.
  std::string const text = to_string(r);
  BOOST_TEST(run.figures.size() == 3u);
  for (auto const& each : run.figures) {
    BOOST_TEST(text.find("\n" + each.title + "\n") != text.npos);
    BOOST_TEST(!each.rows.empty());
    for (auto const& [label, value] : each.rows) {
      BOOST_TEST(text.find("\n  " + label + ' ') != text.npos);
      BOOST_TEST(text.find(' ' + value + '\n') != text.npos);
    }
  }
  BOOST_TEST(text.find("Next: " + run.next.substr(0, run.next.find('\n'))) != text.npos);
}

BOOST_AUTO_TEST_CASE(a_name_and_a_result_are_enough) {
  report_run const run("name", result<double>{});
  BOOST_TEST(!run.settings);
  BOOST_TEST(!run.simulation);
  BOOST_TEST(!run.step_size);
  BOOST_TEST(run.samples == 0u);
}
