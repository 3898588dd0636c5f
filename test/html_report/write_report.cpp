// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE html_report_write_report
#include "localsgd/html_report/write_report.hpp"

#include "test/support/temporary_path.hpp"

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <limits>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

using localsgd::invalid_settings;
using localsgd::report_html;
using localsgd::report_run;
using localsgd::result;
using localsgd::write_report;
namespace fs = std::filesystem;

namespace {

result<double> small(double objective = 0.5) {
  result<double> r;
  r.x = localsgd::vector<double>({2}, 1.0);
  r.steps = 10;
  r.objective = objective;
  r.certificate = 0.25;
  r.history.resize(2);
  r.history[0].objective = 0.75;
  r.history[1].objective = objective;
  r.history[1].steps = 10;
  r.history[1].seconds = 0.1;
  r.history[1].gradients = 1234;
  return r;
}

std::string text_of(fs::path const& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

std::size_t count(std::string_view text, std::string_view part) {
  std::size_t found = 0;
  for (std::size_t at = 0; (at = text.find(part, at)) != text.npos; at += part.size()) ++found;
  return found;
}

bool has(std::string_view text, std::string_view part) { return text.find(part) != text.npos; }

/// The text between the first `begin` and the next `end`.
std::string between(std::string const& text, std::string const& begin, std::string const& end) {
  auto const at = text.find(begin);
  BOOST_REQUIRE(at != text.npos);
  auto const first = at + begin.size();
  return text.substr(first, text.find(end, first) - first);
}

/// The words of to_string(result), as HTML.
std::string reason(result<double> const& r) {
  return localsgd::detail::html_escaped(localsgd::detail::reported_reason(r.reason));
}
std::string advice(result<double> const& r) {
  return localsgd::detail::html_escaped(localsgd::detail::advised(r));
}

/// The message and the setting of the exception that `call` throws.
template <class Call>
invalid_settings refused(Call const& call) {
  try {
    call();
  } catch (invalid_settings const& e) {
    return e;
  }
  BOOST_FAIL("nothing was thrown");
  throw;
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_page_holds_its_library_its_data_and_the_words_of_the_report) {
  std::string const page = report_html({{"run", small()}});
  BOOST_TEST(page.starts_with("<!DOCTYPE html>"));
  BOOST_TEST(page.ends_with("</html>\n"));
  BOOST_TEST(between(page, "<title>", "</title>") == "Local SGD");
  BOOST_TEST(count(page, "<script") == 3u);
  BOOST_TEST(count(page, "</script>") == 3u);
  BOOST_TEST(between(page, "id=\"report-data\">\n", "\n</script>") ==
             localsgd::detail::report_data({{"run", small()}}, std::nullopt));
  BOOST_TEST(has(page, localsgd::detail::uplot_script));
  BOOST_TEST(has(page, localsgd::detail::uplot_licence));
  BOOST_TEST(has(page, localsgd::detail::report_script));
  BOOST_TEST(has(page, "<p><strong>steps_done</strong>: " + reason(small()) + ".</p>"));
  BOOST_TEST(has(page, "<p>Next: " + advice(small()) + "</p>"));
  BOOST_TEST(has(page, "f(x) - f* &lt;= 0.25</td></tr>"));
  BOOST_TEST(has(page, "available cores"));
}

BOOST_AUTO_TEST_CASE(a_page_loads_nothing_from_a_network) {
  std::string const page = report_html({{"run", small()}});
  BOOST_TEST(has(page, "content=\"default-src 'none'; "));
  for (std::string_view const absent : {"src=", "href=\"h", "@import", "<link rel=\"style"})
    BOOST_TEST(!has(page, absent), absent);
}

BOOST_AUTO_TEST_CASE(several_runs_have_a_comparison) {
  BOOST_TEST(!has(report_html({{"one", small()}}), "Comparison"));
  std::string const page = report_html({{"one", small()}, {"two", small(0.625)}});
  std::string const table = between(page, "<h2>Comparison</h2>", "</table>");
  BOOST_TEST(count(table, "<tr>") == 3u);
  BOOST_TEST(has(table, "one</th><td>0.5</td><td>0.25</td><td>1,234</td>"));
  BOOST_TEST(has(table, "two</th><td>0.625</td><td>0.25</td><td>1,234</td>"));
  BOOST_TEST(count(page, "<details data-run=") == 2u);
}

BOOST_AUTO_TEST_CASE(runs_may_differ_in_their_scalar) {
  result<float> r;
  r.x = localsgd::vector<float>({1}, 0.0F);
  r.history.resize(1);
  std::string const page = report_html({{"single", r}, {"double", small()}});
  BOOST_TEST(has(page, "1 (float)"));
  BOOST_TEST(has(page, "2 (double)"));
}

BOOST_AUTO_TEST_CASE(settings_are_listed) {
  std::string const page = report_html(
      {{"run", small(), localsgd::settings{.workers = 1234, .local_steps = 5, .tolerance = 1e-6}}});
  BOOST_TEST(has(page, "<tr><th>workers, K</th><td>1,234</td></tr>"));
  BOOST_TEST(has(page, "<tr><th>local steps, H</th><td>5</td></tr>"));
  BOOST_TEST(!has(page, "<th>epochs</th>"));  // the tolerance ends the run
  BOOST_TEST(has(page, "<tr><th>tolerance</th><td>1e-06</td></tr>"));
  std::string const epochs = report_html({{"run", small(), localsgd::settings{}}});
  BOOST_TEST(has(epochs, "<tr><th>epochs</th><td>10</td></tr>"));
  std::string const steps = report_html({{"run", small(), localsgd::settings{.steps = 77}}});
  BOOST_TEST(has(steps, "<tr><th>local steps, H</th><td>the default</td></tr>"));
  BOOST_TEST(has(steps, "<tr><th>steps, T</th><td>77</td></tr>"));
  BOOST_TEST(has(steps, "<tr><th>tolerance</th><td>none</td></tr>"));
}

BOOST_AUTO_TEST_CASE(names_cannot_break_the_page) {
  std::string const bad = "</script><img src=x onerror=\"alert('1')\"></title>&";
  std::string const page = report_html({{bad, small(), {}, bad}}, {.title = bad});
  BOOST_TEST(count(page, "</script>") == 3u);
  BOOST_TEST(count(page, "</title>") == 1u);
  BOOST_TEST(!has(page, "<img"));
  BOOST_TEST(count(page,
                   "&lt;/script&gt;&lt;img src=x onerror=&quot;alert(&#39;1&#39;)&quot;&gt;"
                   "&lt;/title&gt;&amp;") == 5u);  // title, heading, two names, description
}

BOOST_AUTO_TEST_CASE(a_run_that_diverged_has_a_page) {
  auto r = small(std::numeric_limits<double>::infinity());
  r.reason = localsgd::stop_reason::diverged;
  r.certificate = std::numeric_limits<double>::infinity();
  std::string const page = report_html({{"run", r}, {"other", small()}});
  BOOST_TEST(has(page, "<p><strong>diverged</strong>: " + reason(r) + ".</p>"));
  BOOST_TEST(has(page, "<p>Next: " + advice(r) + "</p>"));
  BOOST_TEST(has(page, "<td>infinite</td><td>not known</td>"));
  BOOST_TEST(has(page, "\"objective\":[0.75,null]"));
}

BOOST_AUTO_TEST_CASE(invalid_arguments_are_named) {
  support::temporary_path const path;
  BOOST_TEST(refused([] { report_html({}); }).field == "runs.size()");
  auto const empty = refused([] { report_html({{"run", small()}, {"none", result<double>{}}}); });
  BOOST_TEST(empty.field == "runs[1].history");
  BOOST_TEST(empty.value == "empty");
  BOOST_TEST(refused([&] { write_report(result<double>{}, path()); }).field == "result.history");
  BOOST_TEST(!fs::exists(path()));
  double const nan = std::numeric_limits<double>::quiet_NaN();
  BOOST_TEST(refused([&] {
               report_html({{"run", small()}}, {.minimum = nan});
             }).field == "minimum");
}

BOOST_AUTO_TEST_CASE(paths_that_are_no_file_are_named) {
  auto const none = refused([] { write_report(small(), ""); });
  BOOST_TEST(none.field == "path");
  BOOST_TEST(none.value == "\"\"");
  support::temporary_path const folder;
  fs::create_directory(folder());
  auto const is_folder = refused([&] { write_report(small(), folder()); });
  BOOST_TEST(is_folder.field == "path");
  BOOST_TEST(is_folder.value == folder().string());
  auto const missing = refused([&] { write_report(small(), folder() / "none" / "run.html"); });
  BOOST_TEST(missing.field == "path");
  BOOST_TEST(missing.rule == "in a folder that exists: create the folder first");
}

BOOST_AUTO_TEST_CASE(a_file_is_replaced_whole_or_not_at_all) {
  support::temporary_path const folder;
  fs::create_directory(folder());
  fs::path const path = folder() / "run.html";
  write_report(small(), path);
  std::string const first = text_of(path);
  BOOST_TEST(first == report_html({{"run", small()}}));
  write_report({{"one", small()}, {"two", small(0.625)}}, path, {.title = "Two runs"});
  std::string const second = text_of(path);
  BOOST_TEST(second ==
             report_html({{"one", small()}, {"two", small(0.625)}}, {.title = "Two runs"}));

  // A run that throws while the page is made leaves the file as it was.
  report_run bad("bad", small());
  bad.step_size = [](std::uint64_t) -> double { throw std::runtime_error("no step size"); };
  BOOST_CHECK_THROW(write_report({bad}, path), std::runtime_error);
  BOOST_TEST(text_of(path) == second);
  BOOST_TEST(std::distance(fs::directory_iterator(folder()), fs::directory_iterator()) == 1);
}
