// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE run_identity
#include "localsgd/run/identity.hpp"

#include "localsgd/iterate_weights/linear_weights.hpp"
#include "localsgd/iterate_weights/quadratic_weights.hpp"
#include "localsgd/objective/quadratic.hpp"
#include "localsgd/schedule/every.hpp"
#include "localsgd/schedule/growing.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstdint>
#include <string>
#include <vector>

#include "test/support/problems.hpp"
#include "test/support/runs.hpp"

using namespace localsgd;
using localsgd::detail::run_identity;

namespace {

template <class F, class S>
std::string text_of(F const& f, plan const& p, S const& schedule) {
  run_identity all;
  detail::add_plan(all, p, schedule);
  detail::add_data(all, f);
  return all.text();
}

plan some_plan() {
  plan p = support::make_plan(100, 5, 4, 2, 7);
  p.steps = 50;
  p.local_steps = 3;
  p.tolerance = 1e-6;
  p.evaluations = 2;
  return p;
}

/// Whether the two texts differ, in one line alone, which begins like this.
bool differ_by(std::string a, std::string b, std::string const& start) {
  std::vector<std::string> lines_of_a, lines_of_b;
  for (auto* const text : {&a, &b}) {
    auto& lines = text == &a ? lines_of_a : lines_of_b;
    for (std::size_t end; (end = text->find('\n')) != std::string::npos; text->erase(0, end + 1))
      lines.push_back(text->substr(0, end));
  }
  if (lines_of_a.size() != lines_of_b.size()) return false;
  std::size_t different = 0;
  bool found = false;
  for (std::size_t i = 0; i != lines_of_a.size(); ++i)
    if (lines_of_a[i] != lines_of_b[i]) {
      ++different;
      found = found || (lines_of_a[i].starts_with(start) && lines_of_b[i].starts_with(start));
    }
  return different == 1 && found;
}

}  // namespace

BOOST_AUTO_TEST_CASE(each_number_of_the_plan_has_its_line) {
  support::problem const data(100, 5);
  support::custom const f{&data.dense, &data.reals};
  auto const text = [&](plan const& p) { return text_of(f, p, every{3}); };
  std::string const here = text(some_plan());
  BOOST_TEST(here == text(some_plan()));
  auto const changed = [&](auto member, std::string const& line) {
    plan p = some_plan();
    p.*member += 1;
    return differ_by(here, text(p), line);
  };
  BOOST_TEST(changed(&plan::samples, "samples = "));
  BOOST_TEST(changed(&plan::dimension, "dimension = "));
  BOOST_TEST(changed(&plan::scalar_bytes, "scalar bytes = "));
  BOOST_TEST(changed(&plan::start, "checksum of the start = "));
  BOOST_TEST(changed(&plan::workers, "workers = "));
  BOOST_TEST(changed(&plan::batch_size, "batch_size = "));
  BOOST_TEST(changed(&plan::steps, "steps = "));
  BOOST_TEST(changed(&plan::local_steps, "local_steps = "));
  BOOST_TEST(changed(&plan::seed, "seed = "));
  BOOST_TEST(changed(&plan::tolerance, "tolerance = "));
  BOOST_TEST(changed(&plan::evaluations, "evaluations = "));
}

BOOST_AUTO_TEST_CASE(so_has_the_schedule) {
  support::problem const data(100, 5);
  support::custom const f{&data.dense, &data.reals};
  std::string const here = text_of(f, some_plan(), every{3});
  BOOST_TEST(differ_by(here, text_of(f, some_plan(), every{4}), "second sync time = "));
  BOOST_TEST(differ_by(here, text_of(f, some_plan(), growing(3, 1)), "second sync time = "));
}

BOOST_AUTO_TEST_CASE(numbers_are_told_apart_to_the_last_bit) {
  auto const text = [](double value) {
    run_identity all;
    all.add("value", value);
    return all.text();
  };
  BOOST_TEST(text(0.1) != text(0.1000000000000001));
  BOOST_TEST(text(3) == "value = 3\n");
  run_identity named;
  named.add_text("averager", "mean");
  named.add_text("compressor", "top_k(0.5)");
  BOOST_TEST(named.text() == "averager = mean\ncompressor = top_k(0.5)\n");
}

BOOST_AUTO_TEST_CASE(other_data_of_the_same_shape_are_noticed) {
  support::problem const data(100, 5);
  plan const p = some_plan();
  auto const text = [&](dense_matrix<double> const& a, std::vector<double> const& y) {
    support::custom const f{&a, &y};
    return text_of(f, p, every{3});
  };
  std::string const here = text(data.dense, data.reals);
  auto features = data.dense;
  features(0, 3) += 1;
  BOOST_TEST(text(features, data.reals) != here);
  auto targets = data.reals;
  for (double& y : targets) y = -y;  // labels changed places
  BOOST_TEST(text(data.dense, targets) != here);
  for (std::size_t const any : {0U, 57U, 99U}) {
    targets = data.reals;
    targets[any] += 1;
    std::string const other = text(data.dense, targets);
    // Up to the first line that differs, which is the one a refused checkpoint shows.
    auto const at = static_cast<std::size_t>(std::ranges::mismatch(here, other).in1 - here.begin());
    BOOST_TEST(here.substr(here.rfind('\n', at) + 1).starts_with("loss at a point = "));
  }
}
