// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE html_report_report_data
#include "localsgd/html_report/report_data.hpp"

#include <boost/test/unit_test.hpp>

#include <nlohmann/json.hpp>

#include <cstdint>
#include <limits>
#include <string>
#include <vector>

using localsgd::report_run;
using localsgd::result;
using localsgd::time_span;
using nlohmann::json;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();

/// Two evaluations, each member with a value of its own.
result<double> two_evaluations() {
  result<double> r;
  r.history.push_back({0, 1, 2, 3, 4, 0, 0.75, infinity, 0});
  r.history.push_back({10, 11, 12, 13, std::numeric_limits<std::uint64_t>::max(), 0.1, 1.0 / 3,
                       5e-324, std::numeric_limits<double>::quiet_NaN()});
  return r;
}

json parsed(std::vector<report_run> const& runs) {
  return json::parse(localsgd::detail::report_data(runs, std::nullopt));
}

}  // namespace

BOOST_AUTO_TEST_CASE(every_number_of_a_history_is_read_back_exactly) {
  auto const history = parsed({{"run", two_evaluations()}})["runs"][0]["history"];
  BOOST_TEST(history.size() == 9u);
  BOOST_TEST((history["steps"] == json{0, 10}));
  BOOST_TEST((history["rounds"] == json{1, 11}));
  BOOST_TEST((history["gradients"] == json{2, 12}));
  BOOST_TEST((history["exchanges"] == json{3, 13}));
  BOOST_TEST((history["bytes"] == json{4, std::numeric_limits<std::uint64_t>::max()}));
  BOOST_TEST((history["seconds"] == json{0.0, 0.1}));
  BOOST_TEST((history["objective"] == json{0.75, 1.0 / 3}));
  BOOST_TEST((history["certificate"] == json{nullptr, 5e-324}));  // infinity
  BOOST_TEST((history["drift"] == json{0.0, nullptr}));           // not a number
}

BOOST_AUTO_TEST_CASE(runs_are_in_order_with_their_names) {
  std::string const name = "</script><script>alert(\"&'\\\n\xc3\xa9";
  auto const data = parsed({{name, two_evaluations()}, {"", two_evaluations()}});
  BOOST_TEST(data["runs"].size() == 2u);
  BOOST_TEST(data["runs"][0]["name"].get<std::string>() == name);
  BOOST_TEST(data["runs"][1]["name"].get<std::string>() == "");
  std::string const text = localsgd::detail::report_data({{name, two_evaluations()}}, 0.25);
  BOOST_TEST(text.find('<') == text.npos);
  BOOST_TEST(text.find('&') == text.npos);
  BOOST_TEST(json::parse(text)["minimum"].get<double>() == 0.25);
}

BOOST_AUTO_TEST_CASE(what_a_run_does_not_have_is_null) {
  auto const data = parsed({{"run", two_evaluations()}});
  BOOST_TEST(data["minimum"].is_null());
  BOOST_TEST(data["runs"][0]["step_size"].is_null());
  BOOST_TEST(data["runs"][0]["simulation"].is_null());
  BOOST_TEST(data["runs"][0]["samples"] == 0);
}

BOOST_AUTO_TEST_CASE(step_sizes_are_those_at_the_evaluations) {
  report_run run("run", two_evaluations());
  run.samples = 7;
  run.step_size = [](std::uint64_t t) { return 1 / (1 + static_cast<double>(t)); };
  auto const data = parsed({run})["runs"][0];
  BOOST_TEST((data["step_size"] == json{1.0, 1.0 / 11}));
  BOOST_TEST(data["samples"] == 7);
}

BOOST_AUTO_TEST_CASE(a_timeline_has_a_row_for_each_worker_and_the_network) {
  report_run run("run", two_evaluations());
  run.simulation.emplace();
  auto& s = *run.simulation;
  s.seconds = 2;
  s.computing = {1, 2};  // 3 of 4 seconds
  s.timeline = {{time_span::activity::computing, 0, 0, 1},
                {time_span::activity::exchanging, 1, 0, 1.5},
                {time_span::activity::averaging, 2, 1.5, 2}};
  auto data = parsed({run})["runs"][0]["simulation"];
  BOOST_TEST((data["rows"] == json{"worker 0", "worker 1", "network"}));
  BOOST_TEST((data["spans"] == json{{0, 0, 0.0, 1.0}, {1, 1, 0.0, 1.5}, {2, 2, 1.5, 2.0}}));
  BOOST_TEST(data["note"] == "The workers computed 75 % of the time.");

  s.left_out = 5;
  data = parsed({run})["runs"][0]["simulation"];
  BOOST_TEST(data["note"] ==
             "The workers computed 75 % of the time. 3 of 8 spans, the first ones.");
}

BOOST_AUTO_TEST_CASE(a_timeline_shows_the_first_workers_only) {
  report_run run("run", two_evaluations());
  run.simulation.emplace();
  auto& s = *run.simulation;
  s.seconds = 1;
  s.computing.assign(1000, 0.5);
  s.timeline = {{time_span::activity::computing, 31, 0, 1},
                {time_span::activity::computing, 32, 0, 1},
                {time_span::activity::averaging, 1000, 0, 1}};
  auto const data = parsed({run})["runs"][0]["simulation"];
  BOOST_TEST(data["rows"].size() == 33u);
  BOOST_TEST(data["rows"][32] == "network");
  BOOST_TEST((data["spans"] == json{{31, 0, 0.0, 1.0}, {32, 2, 0.0, 1.0}}));
  BOOST_TEST(data["note"] ==
             "The workers computed 50 % of the time. The first 32 of 1,000 workers. "
             "2 of 3 spans, the first ones.");
}
