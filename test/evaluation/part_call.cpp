// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE evaluation_part_call
#include "localsgd/evaluation/part_call.hpp"

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <span>
#include <vector>

using localsgd::detail::part_call;
using localsgd::detail::parts_sum;

BOOST_AUTO_TEST_CASE(it_calls_what_it_refers_to) {
  std::size_t calls = 0;
  auto const add = [&calls](std::size_t part, std::size_t first, std::span<double> entries) {
    ++calls;
    entries[0] += static_cast<double>(10 * part + first);
  };
  part_call const call(add), copy = call;
  std::vector<double> entries{0.5};
  call(3, 4, entries);
  copy(1, 1, entries);
  BOOST_TEST(entries[0] == 45.5);
  BOOST_TEST(calls == 2u);
}

BOOST_AUTO_TEST_CASE(a_sum_of_parts_calls_what_it_refers_to_with_the_team) {
  struct summing {
    int calls = 0;
    bool operator()(double const& team, parts_sum::parts_type parts, std::span<double> total,
                    part_call const& expect) {
      expect(7, 0, total);
      total[0] += team + parts[0][0] + parts[1][0];
      return ++calls == 1;
    }
  } sum;
  auto const expect = [](std::size_t part, std::size_t, std::span<double> entries) {
    entries[0] = static_cast<double>(part);
  };
  std::vector<std::vector<double>> const parts{{1}, {2}};
  std::vector<double> total{0};
  double team = 0.5;
  auto const call = parts_sum::of<double>(sum);
  BOOST_TEST(call(&team, parts, total, part_call(expect)));
  BOOST_TEST(total[0] == 7 + 0.5 + 1 + 2);
  BOOST_TEST(!call(&team, parts, total, part_call(expect)));
  BOOST_TEST(sum.calls == 2);
}

BOOST_AUTO_TEST_CASE(without_a_callable_nothing_is_summed) {
  auto const expect = [](std::size_t, std::size_t, std::span<double> entries) { entries[0] = 9; };
  std::vector<std::vector<double>> const parts{{1}, {2}};
  std::vector<double> total{3};
  int team = 0;
  BOOST_TEST(!parts_sum()(&team, parts, total, part_call(expect)));
  BOOST_TEST(total[0] == 3);
}
