// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE communicator_threads_core_sharing
#include "localsgd/communicator/threads/core_sharing.hpp"

#include <atomic>
#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <thread>
#include <vector>

#if defined(__linux__)
#include <sched.h>
#endif

using localsgd::detail::core_sharing;
using localsgd::detail::current_core;
using localsgd::detail::leave_core;

BOOST_AUTO_TEST_CASE(a_thread_on_another_core_stays_and_so_does_one_on_an_unknown_core) {
  leave_core(-1);
  leave_core(1 << 20);
  BOOST_TEST(current_core() >= -1);
}

BOOST_AUTO_TEST_CASE(a_thread_that_was_woken_by_nobody_or_by_itself_goes_on) {
  core_sharing sharing;
  sharing.woken();
  for (int i = 0; i != 100; ++i) sharing.arrived(), sharing.woken();
  BOOST_TEST(current_core() >= -1);
}

#if defined(__linux__)
BOOST_AUTO_TEST_CASE(no_core_is_free_while_more_threads_run_than_there_are_cores) {
  std::atomic<bool> over{false};
  std::atomic<std::size_t> running{0};
  std::size_t const cores = localsgd::detail::hardware_cores();
  std::vector<std::thread> busy;
  for (std::size_t i = 0; i != cores + 1; ++i)
    busy.emplace_back([&] {
      ++running;
      while (!over) {
      }
    });
  while (running != cores + 1) std::this_thread::yield();
  BOOST_TEST(!localsgd::detail::a_core_may_be_free());
  over = true;
  for (std::thread& each : busy) each.join();
}

BOOST_AUTO_TEST_CASE(a_thread_leaves_a_core_and_keeps_its_affinity) {
  bool moved = false, may_move = false, same_affinity = true;
  std::thread([&] {
    cpu_set_t all, after;
    CPU_ZERO(&all);
    if (sched_getaffinity(0, sizeof all, &all) != 0) return;  // more cores than the set holds
    may_move = CPU_COUNT(&all) > 1;
    for (int tries = 0; tries != 1000 && !moved; ++tries) {  // the kernel may move it back at any time
      int const core = current_core();
      leave_core(core);
      moved = current_core() != core;
      CPU_ZERO(&after);
      same_affinity = same_affinity && sched_getaffinity(0, sizeof after, &after) == 0 &&
                      CPU_EQUAL(&after, &all) != 0;
    }
  }).join();
  BOOST_TEST(moved == may_move);
  BOOST_TEST(same_affinity);
}
#endif
