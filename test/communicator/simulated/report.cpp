// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE communicator_simulated_report
#include "localsgd/communicator/simulated/report.hpp"

#include <boost/test/unit_test.hpp>
#include <charconv>
#include <cmath>
#include <cstddef>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <string>
#include <string_view>

#include "test/support/temporary_path.hpp"

using localsgd::simulation_report;
using localsgd::time_span;

namespace {

/// Whether a text is JSON: all of its grammar but escapes and literals, which no trace needs.
class json {
 public:
  static bool is(std::string_view text) {
    json j{text};
    return j.value() && (j.blanks(), j.text_.empty());
  }
  static std::size_t count(std::string_view text, std::string_view what) {
    std::size_t n = 0;
    for (auto at = text.find(what); at != text.npos; at = text.find(what, at + 1)) ++n;
    return n;
  }

 private:
  explicit json(std::string_view text) : text_(text) {}
  void blanks() {
    while (!text_.empty() && (text_[0] == ' ' || text_[0] == '\n')) text_.remove_prefix(1);
  }
  bool take(char c) {
    blanks();
    if (text_.empty() || text_[0] != c) return false;
    text_.remove_prefix(1);
    return true;
  }
  bool string() {
    if (!take('"')) return false;
    auto const end = text_.find_first_of("\"\\\n");
    if (end == text_.npos || text_[end] != '"') return false;
    text_.remove_prefix(end + 1);
    return true;
  }
  bool number() {
    double value = 0;
    auto const [end, error] = std::from_chars(text_.data(), text_.data() + text_.size(), value);
    if (error != std::errc{} || !std::isfinite(value)) return false;
    text_.remove_prefix(static_cast<std::size_t>(end - text_.data()));
    return true;
  }
  template <class Item>
  bool list(char end, Item const& item) {
    if (take(end)) return true;
    do
      if (!item()) return false;
    while (take(','));
    return take(end);
  }
  bool value() {
    if (take('{')) return list('}', [&] { return string() && take(':') && value(); });
    if (take('[')) return list(']', [&] { return value(); });
    if (!text_.empty() && text_[0] == '"') return string();
    return number();
  }
  std::string_view text_;
};

}  // namespace

BOOST_AUTO_TEST_CASE(utilisation_is_the_share_of_the_time_in_which_workers_compute) {
  simulation_report report;
  BOOST_TEST(report.utilisation() == 0);
  report.computing = {2, 6};
  BOOST_TEST(report.utilisation() == 0);  // no time has passed
  report.seconds = 8;
  BOOST_TEST(report.utilisation(0) == 0.25);
  BOOST_TEST(report.utilisation(1) == 0.75);
  BOOST_TEST(report.utilisation() == 0.5);
}

BOOST_AUTO_TEST_CASE(the_timeline_is_written_as_json) {
  simulation_report report;
  report.computing = {1, 2};
  report.left_out = 5;
  report.timeline = {{time_span::activity::computing, 0, 0, 1.5},
                     {time_span::activity::exchanging, 1, 1, 2},
                     {time_span::activity::averaging, 2, 2, 2.25}};
  support::temporary_path const path;
  report.write_trace(path());
  std::ifstream file(path());
  std::string const text{std::istreambuf_iterator<char>(file), {}};
  BOOST_TEST(json::is(text));
  BOOST_TEST(!json::is(text.substr(0, text.size() - 3)));
  BOOST_TEST(json::count(text, "\"ph\":\"X\"") == 3);
  BOOST_TEST(json::count(text, "\"local steps\"") == 1);
  BOOST_TEST(json::count(text, "\"exchange\"") == 1);
  BOOST_TEST(json::count(text, "\"average\",\"ph\":\"X\",\"pid\":0,\"tid\":2,"
                               "\"ts\":2000000,\"dur\":250000") == 1);  // microseconds
}

BOOST_AUTO_TEST_CASE(an_empty_timeline_is_json_and_a_file_that_cannot_be_written_is_an_error) {
  simulation_report const empty;
  support::temporary_path const path;
  empty.write_trace(path());
  std::ifstream file(path());
  std::string const text{std::istreambuf_iterator<char>(file), {}};
  BOOST_TEST(json::is(text));
  BOOST_CHECK_THROW(empty.write_trace("/no/such/folder/trace.json"),
                    std::filesystem::filesystem_error);
}
