// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE communicator_threads_barrier
#include "localsgd/communicator/threads/barrier.hpp"

#include <atomic>
#include <boost/test/unit_test.hpp>
#include <chrono>
#include <cstddef>
#include <thread>
#include <vector>

namespace {

using localsgd::detail::barrier;
using localsgd::detail::spin_limit;
using localsgd::cancelled;

// Calls f(0) … f(n−1), each on a thread of its own; returns when all have returned.
template <class F>
void on_threads(std::size_t n, F const& f) {
  std::vector<std::thread> threads;
  for (std::size_t i = 0; i != n; ++i) threads.emplace_back([&f, i] { f(i); });
  for (auto& t : threads) t.join();
}

}  // namespace

BOOST_AUTO_TEST_CASE(nobody_goes_on_before_all_have_come_and_all_see_what_was_written) {
  for (std::size_t const threads : {1U, 2U, 3U, 8U}) {  // more than most machines have cores
    constexpr int phases = 300;
    barrier meeting(threads);
    std::vector<int> written(threads);  // plain memory: the barrier alone orders the accesses
    std::atomic<int> wrong{0};
    on_threads(threads, [&](std::size_t me) {
      for (int phase = 1; phase <= phases; ++phase) {
        written[me] = phase;
        meeting.arrive_and_wait();
        for (int const w : written) wrong += w != phase;
        meeting.arrive_and_wait();
      }
    });
    BOOST_TEST(wrong == 0);
  }
}

BOOST_AUTO_TEST_CASE(one_thread_waits_for_nobody) {
  barrier meeting(1);
  for (int i = 0; i != 1000; ++i) meeting.arrive_and_wait();
  BOOST_TEST(!meeting.is_cancelled());
}

BOOST_AUTO_TEST_CASE(cancelling_releases_all_who_wait_by_an_exception) {
  for (auto const delay : {std::chrono::milliseconds(0), std::chrono::milliseconds(20)}) {
    constexpr std::size_t threads = 4;
    barrier meeting(threads);
    std::atomic<int> released{0};
    on_threads(threads, [&](std::size_t me) {
      if (me == 0) {
        std::this_thread::sleep_for(delay);  // so that the others wait, spinning or parked
        meeting.cancel();
        return;
      }
      try {
        meeting.arrive_and_wait();
      } catch (cancelled const&) {
        ++released;
      }
    });
    BOOST_TEST(released == 3);
    BOOST_TEST(meeting.is_cancelled());
  }
}

BOOST_AUTO_TEST_CASE(a_meeting_that_all_came_to_has_happened_for_all_even_if_it_is_cancelled_next) {
  for (int attempt = 0; attempt != 200; ++attempt) {
    constexpr std::size_t threads = 4;
    barrier meeting(threads);
    std::atomic<int> met{0}, ended{0};
    on_threads(threads, [&](std::size_t me) {
      try {
        meeting.arrive_and_wait();
        ++met;
        if (me == 2) meeting.cancel();  // while others may still be waking up
        meeting.arrive_and_wait();
      } catch (cancelled const&) {
        ++ended;
      }
    });
    BOOST_TEST(met == 4);
    BOOST_TEST(ended == 4);
  }
}

BOOST_AUTO_TEST_CASE(after_it_is_cancelled_nobody_waits) {
  for (std::size_t const threads : {1U, 2U, 100U}) {
    barrier meeting(threads);
    meeting.cancel();
    for (int i = 0; i != 3; ++i) BOOST_CHECK_THROW(meeting.arrive_and_wait(), cancelled);
  }
}

BOOST_AUTO_TEST_CASE(a_cancellation_at_any_moment_leaves_nobody_waiting) {
  for (int attempt = 0; attempt != 200; ++attempt) {
    constexpr std::size_t threads = 3;
    barrier meeting(threads);
    std::atomic<int> ended{0};
    on_threads(threads, [&](std::size_t me) {
      try {
        for (int phase = 0;; ++phase) {
          if (me == 1 && phase == attempt % 7) meeting.cancel();
          meeting.arrive_and_wait();
        }
      } catch (cancelled const&) {
        ++ended;
      }
    });
    BOOST_TEST(ended == 3);
  }
}

BOOST_AUTO_TEST_CASE(a_group_of_the_threads_can_meet_without_the_others) {
  barrier meeting(3);
  on_threads(2, [&](std::size_t) {
    for (int i = 0; i != 100; ++i) meeting.arrive_and_wait(2);
  });
  on_threads(3, [&](std::size_t) { meeting.arrive_and_wait(); });
  BOOST_TEST(!meeting.is_cancelled());
}

BOOST_AUTO_TEST_CASE(the_time_that_threads_are_parked_is_counted) {
  barrier meeting(2);
  on_threads(2, [&](std::size_t me) {
    if (me == 1) std::this_thread::sleep_for(std::chrono::milliseconds(50));
    meeting.arrive_and_wait();
  });
  BOOST_TEST(meeting.parked() > 10'000'000U);  // ns: thread 0 came at some time in these 50 ms
}

BOOST_AUTO_TEST_CASE(spins_in_vain_make_threads_park_at_once_and_one_in_time_ends_that) {
  spin_limit spin(1);
  int const most = spin.now();
  BOOST_TEST(most > 0);
  for (int i = 0; i != 20; ++i) BOOST_TEST(!spin([] { return false; }));
  BOOST_TEST(spin.now() == 0);
  int looks = 0, waits = 0;
  while (spin.now() == 0 && waits++ != 1000) {
    looks = 0;
    spin([&] { return ++looks == 2; });  // ready at the second look: after a spin, however short
  }
  BOOST_TEST(waits <= 65);  // every 64th wait finds out
  BOOST_TEST(spin.now() == most);
}

BOOST_AUTO_TEST_CASE(with_more_threads_than_cores_nobody_spins) {
  spin_limit spin(localsgd::detail::available_cores() + 1);
  for (int i = 0; i != 200; ++i) {
    int looks = 0;
    spin([&] { return ++looks == 3; });
    BOOST_TEST(looks == 1);
  }
}
