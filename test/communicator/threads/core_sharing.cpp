// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE communicator_threads_core_sharing
#include "localsgd/communicator/threads/core_sharing.hpp"

#include <boost/test/unit_test.hpp>
#include <thread>

#if defined(__linux__)
#include <sched.h>
#endif

using localsgd::detail::current_core;
using localsgd::detail::leave_core;

BOOST_AUTO_TEST_CASE(a_thread_on_another_core_stays_and_so_does_one_on_an_unknown_core) {
  leave_core(-1);
  leave_core(1 << 20);
  BOOST_TEST(current_core() >= -1);
}

#if defined(__linux__)
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
