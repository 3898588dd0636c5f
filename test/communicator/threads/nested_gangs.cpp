// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE communicator_threads_nested_gangs
#include "localsgd/communicator/threads/nested_gangs.hpp"

#include <boost/test/unit_test.hpp>
#include <latch>
#include <mutex>
#include <stdexcept>
#include <thread>

using localsgd::detail::nested_gangs;
using localsgd::detail::process_mark;

namespace {

// A pool without threads: the caller runs the only task.
struct pool {
  std::mutex busy;

  template <class Task>
  void operator()(Task const& body) {
    auto const turn = nested_gangs::lock(busy, this);
    nested_gangs::gang const gang(this);
    nested_gangs::task const inside(gang);
    body();
  }
};

template <class Call>
bool is_refused(Call const& call) {
  try {
    call();
    return false;
  } catch (std::logic_error const&) {
    return true;
  }
}

}  // namespace

BOOST_AUTO_TEST_CASE(pools_nest_without_a_cycle) {
  pool a, b, c;
  int runs = 0;
  a([&] { b([&] { c([&] { ++runs; }); }); });
  a([&] {
    c([&] { ++runs; });
    c([&] { ++runs; });
  });
  BOOST_TEST(runs == 3);
}

BOOST_AUTO_TEST_CASE(a_cycle_of_any_length_is_refused_and_the_pools_live_on) {
  pool a, b, c;
  bool one = false, two = false, three = false;
  a([&] { one = is_refused([&] { a([] {}); }); });
  a([&] { b([&] { two = is_refused([&] { a([] {}); }); }); });
  a([&] { b([&] { c([&] { three = is_refused([&] { a([] {}); }); }); }); });
  BOOST_TEST(one);
  BOOST_TEST(two);
  BOOST_TEST(three);
  BOOST_TEST(!is_refused([&] { a([&] { b([&] { c([] {}); }); }); }));
}

BOOST_AUTO_TEST_CASE(a_task_on_another_thread_knows_the_gang_that_started_its_own) {
  pool a, b;
  bool refused = false;
  a([&] {
    auto const turn = nested_gangs::lock(b.busy, &b);
    nested_gangs::gang const gang(&b);
    std::thread([&] {
      nested_gangs::task const inside(gang);
      refused = is_refused([&] { a([] {}); });
    }).join();
  });
  BOOST_TEST(refused);
}

BOOST_AUTO_TEST_CASE(of_two_threads_that_take_two_pools_in_opposite_order_one_is_refused) {
  for (int i = 0; i != 50; ++i) {
    pool a, b;
    std::latch both(2);
    bool first = false, second = false;
    auto const take = [&](pool& outer, pool& inner, bool& refused) {
      outer([&] {
        both.arrive_and_wait();  // each has its outer pool
        refused = is_refused([&] { inner([] {}); });
      });
    };
    std::thread other([&] { take(b, a, second); });
    take(a, b, first);
    other.join();
    BOOST_TEST(first != second);  // the other one gets its turn
  }
}

BOOST_AUTO_TEST_CASE(of_three_threads_in_a_ring_one_is_refused) {
  for (int i = 0; i != 50; ++i) {
    pool pools[3];
    bool refused[3] = {};
    std::latch all(3);
    auto const take = [&](int k) {
      pools[k]([&] {
        all.arrive_and_wait();
        refused[k] = is_refused([&] { pools[(k + 1) % 3]([] {}); });
      });
    };
    std::thread second([&] { take(1); }), third([&] { take(2); });
    take(0);
    second.join();
    third.join();
    BOOST_TEST(refused[0] + refused[1] + refused[2] == 1);
  }
}

BOOST_AUTO_TEST_CASE(threads_that_take_two_pools_in_the_same_order_wait_for_their_turn) {
  pool a, b, c;
  int runs = 0;
  auto const through = [&](pool& outer) {
    for (int i = 0; i != 200; ++i) outer([&] { c([&] { ++runs; }); });
  };
  std::thread other([&] { through(b); });
  through(a);
  other.join();
  BOOST_TEST(runs == 400);
}

BOOST_AUTO_TEST_CASE(an_object_is_at_home_in_the_process_that_made_it) {
  BOOST_TEST(process_mark().is_here());
}
