// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE observer_progress_bar
#include "localsgd/observer/progress_bar.hpp"

#include <boost/test/unit_test.hpp>
#include <cstdint>
#include <cstdio>
#include <memory>
#include <string>

#include "test/support/problems.hpp"

namespace {

using localsgd::progress_bar;

// What a bar writes to a file at the given numbers of 100 steps.
std::string written(progress_bar::style look, std::initializer_list<std::uint64_t> steps,
                    std::string const& label = "", double certificate = support::infinity) {
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> const file(std::tmpfile(), &std::fclose);
  BOOST_REQUIRE(file);
  localsgd::plan p;
  p.steps = 100;
  {
    progress_bar bar(label, file.get(), look);
    for (std::uint64_t const step : steps) {
      localsgd::evaluation e;
      e.steps = step;
      e.seconds = 1.25;
      e.objective = 0.5;
      e.certificate = certificate;
      BOOST_TEST((bar.after_evaluation(e, p) == localsgd::proceed::yes));
    }
  }
  std::string text;
  std::rewind(file.get());
  for (int c = 0; (c = std::fgetc(file.get())) != EOF;) text += static_cast<char>(c);
  return text;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_file_gets_a_line_for_each_evaluation) {
  BOOST_TEST(written(progress_bar::style::automatic, {0, 50, 100}) ==
             "  0%  1.2 s  f = 0.5\n 50%  1.2 s  f = 0.5\n100%  1.2 s  f = 0.5\n");
  BOOST_TEST(written(progress_bar::style::lines, {50}) == " 50%  1.2 s  f = 0.5\n");
}

BOOST_AUTO_TEST_CASE(a_label_stands_before_each_line) {
  BOOST_TEST(written(progress_bar::style::lines, {50}, "w8a") == "w8a  50%  1.2 s  f = 0.5\n");
}

BOOST_AUTO_TEST_CASE(the_certificate_is_shown_where_it_is_known) {
  BOOST_TEST(written(progress_bar::style::lines, {50}, "", 0.25) ==
             " 50%  1.2 s  f = 0.5  f - f* <= 0.25\n");
}

BOOST_AUTO_TEST_CASE(a_bar_is_redrawn_in_place_and_ends_its_line_at_the_end) {
  std::string const back = "\r", clear = "\x1b[K";
  BOOST_TEST(written(progress_bar::style::bar, {0, 50, 100}) ==
             back + "[" + std::string(30, ' ') + "]   0%  1.2 s  f = 0.5" + clear +  //
                 back + "[" + std::string(15, '=') + std::string(15, ' ') +
                 "]  50%  1.2 s  f = 0.5" + clear +  //
                 back + "[" + std::string(30, '=') + "] 100%  1.2 s  f = 0.5" + clear + "\n");
}

BOOST_AUTO_TEST_CASE(a_bar_whose_run_ended_early_ends_its_line) {
  for (std::uint64_t const step : {0U, 50U}) {
    auto const text = written(progress_bar::style::bar, {step});
    BOOST_TEST(text.find('\n') == text.size() - 1);
  }
  BOOST_TEST(written(progress_bar::style::bar, {}).empty());
  BOOST_TEST(written(progress_bar::style::lines, {}).empty());
}

BOOST_AUTO_TEST_CASE(steps_beyond_the_plan_fill_the_bar_and_no_more) {
  auto const text = written(progress_bar::style::bar, {150});
  BOOST_TEST(text.find("[" + std::string(30, '=') + "]") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_run_without_steps_is_complete) {
  std::unique_ptr<std::FILE, int (*)(std::FILE*)> const file(std::tmpfile(), &std::fclose);
  BOOST_REQUIRE(file);
  progress_bar("", file.get()).after_evaluation({}, {});
  std::rewind(file.get());
  char text[5] = {};
  BOOST_TEST(std::fread(text, 1, 4, file.get()) == 4U);
  BOOST_TEST(std::string(text) == "100%");
}
