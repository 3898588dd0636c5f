// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE report
#include "localsgd/report.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cctype>
#include <clocale>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <locale>
#include <string>
#include <string_view>
#include <vector>

using localsgd::evaluation;
using localsgd::result;
using localsgd::stop_reason;
using localsgd::to_string;
using namespace localsgd::detail;

namespace {

constexpr double infinity = std::numeric_limits<double>::infinity();
constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();
constexpr std::uint64_t most = std::numeric_limits<std::uint64_t>::max();

/// f fell from 0.75 to 0.5, and the gap is at most 0.25.
template <class Scalar = double>
result<Scalar> usual() {
  result<Scalar> r;
  r.x = localsgd::vector<Scalar>({300}, Scalar(0));
  r.objective = 0.5;
  r.certificate = 0.25;
  r.steps = 62'187;
  r.rounds = 972;
  r.gradients = 497'496;
  r.exchanges = 975;
  r.bytes = 32'760'000;
  r.seconds = 0.125;
  evaluation first, last;
  first.objective = 0.75;
  last.objective = 0.5;
  r.history = {first, last};
  return r;
}

std::string last_lines(std::string const& text) { return text.substr(text.find("\nNext: ") + 1); }

bool has_line(std::string const& text, std::string const& line) {
  return text.find("\n" + line + "\n") != std::string::npos;
}

/// At most 24 lines of 80 columns of ASCII without spaces at their ends; no number that is none.
void check_form(std::string const& text) {
  BOOST_TEST_CONTEXT(text) {
    BOOST_TEST(!text.empty());
    BOOST_TEST(text.back() == '\n');
    BOOST_TEST(std::ranges::count(text, '\n') <= 24);
    std::size_t width = 0;
    for (char const c : text) {
      BOOST_TEST((c == '\n' || (c >= ' ' && c <= '~')));
      width = c == '\n' ? 0 : width + 1;
      BOOST_TEST(width <= 80u);
    }
    BOOST_TEST(text.find(" \n") == std::string::npos);
    BOOST_TEST(text.find("nan") == std::string::npos);
    for (std::size_t at = 0; (at = text.find("inf", at)) != std::string::npos; ++at)
      BOOST_TEST(text.substr(at, 5) == "infin");  // infinite, infinity
  }
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_run_that_made_all_its_steps) {
  // 0.25/(0.75 - 0.5 + 0.25) = 0.5; -0.25 of 0.75 is a third.
  std::string const expected = R"(localsgd: steps_done (all local steps are done)

Run
  dimension              300 (double)
  local steps            62,187 by each worker
  rounds                 972
  evaluations            2

Answer
  objective f(x)         0.5
  at the start, f(x_0)   0.75, change -0.25 (-33.33 %)
  certificate            f(x) - f* <= 0.25
  relative               (f(x) - f*)/(f(x_0) - f*) <= 0.5

Cost
  component gradients    497,496
  exchanges              975
  data exchanged         32.76 MB
  training time          125 ms

Next: if the certificate is too large, set a tolerance or allow more
      epochs.
)";
  BOOST_TEST(to_string(usual()) == expected);
  check_form(expected);
}

BOOST_AUTO_TEST_CASE(an_asynchronous_run_in_float_without_a_certificate) {
  auto r = usual<float>();
  r.certificate = infinity;
  r.delay = 1234;
  r.seconds = 90;
  r.bytes = 999;
  std::string const expected = R"(localsgd: steps_done (all local steps are done)

Run
  dimension              300 (float)
  local steps            62,187 by each worker
  rounds                 972
  evaluations            2
  largest delay          1,234 local steps

Answer
  objective f(x)         0.5
  at the start, f(x_0)   0.75, change -0.25 (-33.33 %)
  certificate            not known

Cost
  component gradients    497,496
  exchanges              975
  data exchanged         999 B
  training time          90 s

Next: add an L2 penalty, or give the objective strong_convexity(), to get a
      certificate; with a free intercept, the loss must also have a conjugate.
      Without a penalty, f may have no minimum; x then grows with the steps.
)";
  BOOST_TEST(to_string(r) == expected);
  check_form(expected);
}

BOOST_AUTO_TEST_CASE(a_run_that_diverged) {
  auto r = usual();
  r.reason = stop_reason::diverged;
  r.objective = infinity;
  r.certificate = infinity;
  r.history.back().objective = infinity;
  std::string const text = to_string(r);
  BOOST_TEST(text.starts_with("localsgd: diverged (an iterate or the objective was not finite)\n"));
  BOOST_TEST(has_line(text, "  objective f(x)         infinite"));
  BOOST_TEST(has_line(text, "  at the start, f(x_0)   0.75"));  // infinity is no change
  BOOST_TEST(last_lines(text) ==
             "Next: x is not an answer. Use a smaller step size, or scale the features\n"
             "      to similar ranges.\n");
  check_form(text);
}

BOOST_AUTO_TEST_CASE(each_reason_has_its_advice) {
  auto const next = [](auto r, stop_reason reason) {
    r.reason = reason;
    check_form(to_string(r));
    BOOST_TEST(to_string(r).starts_with("localsgd: " + std::string(to_string(reason)) + " ("));
    return last_lines(to_string(r));
  };
  BOOST_TEST(next(usual(), stop_reason::tolerance_reached) ==
             "Next: nothing to do; x meets the tolerance. For a better x, lower the tolerance.\n");
  BOOST_TEST(next(usual(), stop_reason::precision_reached) ==
             "Next: x is as accurate as double allows. Set the tolerance to the\n"
             "      certificate or above.\n");
  BOOST_TEST(next(usual<float>(), stop_reason::precision_reached) ==
             "Next: use double instead of float, or set the tolerance to the\n"
             "      certificate: float cannot represent a better x.\n");
  BOOST_TEST(next(usual(), stop_reason::stalled) ==
             "Next: scale the features to similar ranges, or make the loss smoother: the\n"
             "      steps no longer decrease f, and x may be far from the minimum.\n");
  auto unknown = usual();
  unknown.certificate = std::numeric_limits<double>::infinity();
  BOOST_TEST(next(unknown, stop_reason::stalled) ==
             "Next: the steps no longer decrease f, and the accuracy of x is unknown. Scale\n"
             "      the features to similar ranges. For a certificate, add an L2 penalty;\n"
             "      with a free intercept, the loss must also have a conjugate.\n");
  BOOST_TEST(next(usual(), stop_reason::interrupted) ==
             "Next: call minimize again with the same arguments. It resumes the run\n"
             "      from the checkpoint.\n");
  BOOST_TEST(next(unknown, stop_reason::no_minimum) ==
             "Next: add a penalty. Without one, f has no minimum on these samples, because\n"
             "      x separates them: the longer the run, the larger x.\n");
  BOOST_TEST(next(usual(), stop_reason::observer_request) ==
             "Next: x is usable. To continue from it, pass warm_start(r.x).\n");
}

BOOST_AUTO_TEST_CASE(a_run_without_progress_has_its_own_advice) {
  auto r = usual();
  r.objective = 0.75;  // not below the start
  BOOST_TEST(last_lines(to_string(r)).starts_with("Next: the objective did not decrease."));
  r.steps = 0;
  BOOST_TEST(last_lines(to_string(r)) ==
             "Next: only the starting point was evaluated. Set epochs or steps above 0.\n");
}

BOOST_AUTO_TEST_CASE(an_empty_result_has_its_own_report) {
  std::string const expected = "localsgd: an empty result\n\nNext: call minimize(f, settings).\n";
  BOOST_TEST(to_string(result<double>{}) == expected);
  BOOST_TEST(to_string(result<float>{}) == expected);
}

BOOST_AUTO_TEST_CASE(a_result_without_a_history_has_no_start) {
  auto r = usual();
  r.history.clear();
  std::string const text = to_string(r);
  BOOST_TEST(text.find("f(x_0)") == std::string::npos);
  BOOST_TEST(has_line(text, "  certificate            f(x) - f* <= 0.25"));
  check_form(text);
}

BOOST_AUTO_TEST_CASE(an_objective_above_the_start_has_no_relative_gap) {
  auto r = usual();
  r.objective = 1;
  std::string const text = to_string(r);
  BOOST_TEST(has_line(text, "  at the start, f(x_0)   0.75, change 0.25 (33.33 %)"));
  BOOST_TEST(text.find("  relative") == std::string::npos);
}

BOOST_AUTO_TEST_CASE(a_change_from_zero_has_no_percentage) {
  auto r = usual();
  r.objective = -0.5;
  r.history.front().objective = 0;
  BOOST_TEST(has_line(to_string(r), "  at the start, f(x_0)   0, change -0.5"));
}

BOOST_AUTO_TEST_CASE(a_gap_of_zero_at_the_start_has_no_relative_gap) {
  auto r = usual();
  r.objective = 0.75;
  r.certificate = 0;  // 0/0
  BOOST_TEST(to_string(r).find("  relative") == std::string::npos);
  check_form(to_string(r));
}

BOOST_AUTO_TEST_CASE(the_form_holds_for_all_extremes) {
  std::vector<double> const extremes{0,
                                     -0.0,
                                     infinity,
                                     -infinity,
                                     not_a_number,
                                     1.7976931348623157e308,
                                     -1.7976931348623157e308,
                                     5e-324,
                                     0.1,
                                     -123456789.123456789};
  for (double const objective : extremes)
    for (double const start : extremes)
      for (double const certificate : extremes) {
        auto r = usual();
        r.objective = objective;
        r.certificate = certificate;
        r.history.front().objective = start;
        r.seconds = objective;
        r.steps = r.rounds = r.gradients = r.exchanges = r.bytes = r.delay = most;
        std::string const text = to_string(r);
        std::size_t widest = 0, width = 0;
        for (char const c : text) widest = std::max(widest, width = c == '\n' ? 0 : width + 1);
        if (widest > 80 || std::ranges::count(text, '\n') > 24 ||
            text.find("nan") != std::string::npos)
          check_form(text);  // says what is wrong
      }
}

BOOST_AUTO_TEST_CASE(a_bound_that_is_shown_is_no_less_than_the_bound) {
  BOOST_TEST(reported_bound(0) == "0");
  BOOST_TEST(reported_bound(0.25) == "0.25");
  BOOST_TEST(reported_bound(1234) == "1234");
  BOOST_TEST(reported_bound(1234.001) == "1235");
  BOOST_TEST(reported_bound(1.6464e-7) == "1.647e-07");
  BOOST_TEST(reported_bound(1.6466e-7) == "1.647e-07");
  BOOST_TEST(reported_bound(9999.1) == "1e+04");
  BOOST_TEST(reported_bound(infinity) == "infinite");
  BOOST_TEST(reported_bound(not_a_number) == "not a number");
  // Over all magnitudes: not below, and at most two units of the fourth digit above.
  for (double x = 5e-300; x < 1e300; x *= 1.2345e7)
    for (double y = x; y < 10 * x; y *= 1.037) {
      double const shown = std::stod(reported_bound(y));
      if (!(shown >= y && shown <= y * 1.002)) BOOST_ERROR(y << " is shown as " << shown);
    }
}

BOOST_AUTO_TEST_CASE(counts_have_a_comma_after_every_third_digit) {
  BOOST_TEST(reported_count(0) == "0");
  BOOST_TEST(reported_count(999) == "999");
  BOOST_TEST(reported_count(1000) == "1,000");
  BOOST_TEST(reported_count(123'456) == "123,456");
  BOOST_TEST(reported_count(most) == "18,446,744,073,709,551,615");
}

BOOST_AUTO_TEST_CASE(bytes_have_the_largest_unit_that_fits) {
  BOOST_TEST(reported_bytes(0) == "0 B");
  BOOST_TEST(reported_bytes(999) == "999 B");
  BOOST_TEST(reported_bytes(1000) == "1 kB");
  BOOST_TEST(reported_bytes(999'949) == "999.9 kB");
  BOOST_TEST(reported_bytes(999'950) == "1 MB");  // not 1000 kB
  BOOST_TEST(reported_bytes(4'800'000'000) == "4.8 GB");
  BOOST_TEST(reported_bytes(most) == "18.45 EB");
}

BOOST_AUTO_TEST_CASE(seconds_have_a_unit_that_suits_them) {
  BOOST_TEST(reported_time(0) == "0 ms");
  BOOST_TEST(reported_time(0.0005) == "0.5 ms");
  BOOST_TEST(reported_time(0.9999) == "999.9 ms");
  BOOST_TEST(reported_time(1) == "1 s");
  BOOST_TEST(reported_time(119) == "119 s");
  BOOST_TEST(reported_time(120) == "2 min");
  BOOST_TEST(reported_time(7200) == "2 h");
  BOOST_TEST(reported_time(not_a_number) == "not a number");
  BOOST_TEST(reported_time(infinity) == "infinite");
}

BOOST_AUTO_TEST_CASE(the_locale_changes_nothing) {
  struct with_comma : std::numpunct<char> {
    char do_decimal_point() const override { return ','; }
    char do_thousands_sep() const override { return '.'; }
    std::string do_grouping() const override { return "\2"; }
  };
  std::string const before = to_string(usual());
  std::locale const old = std::locale::global(std::locale(std::locale::classic(), new with_comma));
  std::string const c_before = std::setlocale(LC_ALL, nullptr);
  for (char const* name : {"de_DE.UTF-8", "de_DE", "fr_FR.UTF-8"})
    if (std::setlocale(LC_ALL, name) != nullptr) break;
  BOOST_TEST(to_string(usual()) == before);
  std::setlocale(LC_ALL, c_before.c_str());
  std::locale::global(old);
}
