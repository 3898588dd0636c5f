// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE evaluation_part_call
#include "localsgd/evaluation/part_call.hpp"

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <span>
#include <vector>

using localsgd::detail::part_call;

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
