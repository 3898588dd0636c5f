// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE synchronizer_basic_threads
#include "localsgd/synchronizer/basic_threads.hpp"

#include "localsgd/minimize.hpp"
#include "localsgd/protocol/asynchronous.hpp"
#include "localsgd/protocol/overlapped.hpp"
#include "localsgd/protocol/synchronous.hpp"
#include "localsgd/synchronizer/concept.hpp"
#include "localsgd/synchronizer/overlapped.hpp"
#include "localsgd/synchronizer/serial.hpp"
#include "test/support/runs.hpp"
#include "test/support/teams.hpp"

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <span>
#include <vector>

using namespace localsgd;

namespace {

/// Counts how often it is used.
struct own_host {
  std::size_t most;
  int* uses;
  std::size_t threads() const { return most; }
  template <class F>
  void operator()(std::size_t n, F const& f) const {
    ++*uses;
    support::own_threads{}(n, f);
  }
};

template <template <class> class Protocol>
using on_own_host = basic_threads<Protocol, own_host>;

}  // namespace

BOOST_AUTO_TEST_CASE(every_protocol_runs_on_threads_of_ones_own) {
  support::problem const data(50, 11);
  support::custom const f{&data.dense, &data.reals};
  settings const s{.workers = 5, .local_steps = 3, .steps = 60, .evaluations = 2};
  constant_step const eta{0.05};
  auto const expected = support::bits(minimize(f, s, serial{}, eta)),
             late = support::bits(minimize(f, s, overlapped{2}, eta));
  for (std::size_t const threads : {1U, 3U, 9U}) {
    int uses = 0;
    on_own_host<detail::synchronous_protocol> together(own_host{threads, &uses});
    on_own_host<detail::overlapped_protocol> travelling(own_host{threads, &uses});
    on_own_host<detail::asynchronous_protocol> apart(own_host{threads, &uses});
    BOOST_TEST((support::bits(minimize(f, s, together, eta)) == expected));
    BOOST_TEST((support::bits(minimize(f, s, travelling, eta)) == late));
    BOOST_TEST(minimize(f, s, apart, eta).usable());
    BOOST_TEST(uses == 3);
    BOOST_TEST(together.threads() == threads);
  }
}

BOOST_AUTO_TEST_CASE(one_process_carries_all_workers) {
  BOOST_TEST(serial::carries(7).first == 0);
  BOOST_TEST(serial::carries(7).last == 7);
  std::vector<int> values(3);
  serial::all_gather(std::span(values), [&] { values = {1, 2, 3}; });
  BOOST_TEST((values == std::vector<int>{1, 2, 3}));
}
