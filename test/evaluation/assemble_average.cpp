// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE evaluation_assemble_average
#include "localsgd/evaluation/assemble_average.hpp"

#include "localsgd/communicator/threads/thread_team.hpp"
#include "test/support/teams.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cstddef>
#include <span>
#include <vector>

using localsgd::detail::assemble_average;
using localsgd::detail::average_rows;

namespace {

/// Its average is k + 1 everywhere.
struct without_scratch {
  double value;
  void average(std::span<double> out) const { std::ranges::fill(out, value); }
};
struct with_scratch : without_scratch {
  std::vector<double> memory = std::vector<double>(20);
  std::span<double> scratch() { return memory; }
};

template <class Worker>
std::vector<double> assembled(std::vector<Worker>& workers, average_rows<double>& memory,
                              std::size_t threads) {
  std::vector<double> const weights{0.5, 0.25, 0.25};
  std::vector<double> out(20);
  support::with_team(3, threads, [&](auto& team) {
    assemble_average(team, workers, memory, std::span(weights), std::span(out));
  });
  return out;
}

}  // namespace

BOOST_AUTO_TEST_CASE(it_is_the_weighted_average_of_those_of_the_workers) {
  for (std::size_t const threads : {1U, 2U, 3U}) {
    std::vector<with_scratch> lends{{{1}}, {{2}}, {{4}}};
    std::vector<without_scratch> plain{{1}, {2}, {4}};
    average_rows<double> memory(3), other(3);
    BOOST_TEST((assembled(lends, memory, threads) == std::vector<double>(20, 2.0)));
    BOOST_TEST((assembled(plain, other, threads) == std::vector<double>(20, 2.0)));
    BOOST_TEST(memory.own[1].empty());  // what a worker lends is used
    BOOST_TEST(lends[2].memory[0] == 4);
    BOOST_TEST(other.own[1].size() == 20);
  }
}
