// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE communicator_threads_open_reduction
#include "localsgd/communicator/threads/open_reduction.hpp"

#include "test/support/teams.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <thread>
#include <vector>

using localsgd::cancelled;
using localsgd::detail::open_reduction;

namespace {

template <class F>
void on_threads(std::size_t n, F const& f) {
  support::own_threads{}(n, f);
}

}  // namespace

BOOST_AUTO_TEST_CASE(each_slice_is_done_once_after_all_have_published) {
  for (std::size_t const threads : {1U, 2U, 3U, 8U}) {
    constexpr std::uint64_t rounds = 200;
    open_reduction reduction(threads);
    std::vector<std::uint64_t> written(threads), done(threads);  // plain memory
    std::atomic<int> wrong{0};
    on_threads(threads, [&](std::size_t me) {
      for (std::uint64_t n = 0; n != rounds; ++n) {
        written[me] = n + 1;
        reduction.publish();
        bool const finite = reduction.finish(n, [&](std::size_t i) {
          for (std::uint64_t const w : written) wrong += w != n + 1;  // no slice is still open
          ++done[i];
          return true;
        });
        wrong += !finite;
      }
    });
    BOOST_TEST(wrong == 0);
    BOOST_TEST((done == std::vector<std::uint64_t>(threads, rounds)));
  }
}

BOOST_AUTO_TEST_CASE(all_know_of_a_slice_that_is_not_finite_and_of_that_round_only) {
  constexpr std::size_t threads = 3;
  open_reduction reduction(threads);
  std::atomic<int> wrong{0};
  on_threads(threads, [&](std::size_t) {
    for (std::uint64_t n = 0; n != 30; ++n) {
      reduction.publish();
      bool const bad = n % 5 == 2;
      wrong += reduction.finish(n, [&](std::size_t i) { return !bad || i != 1; }) == bad;
    }
  });
  BOOST_TEST(wrong == 0);
}

BOOST_AUTO_TEST_CASE(a_thread_that_is_late_need_not_take_part_in_the_work) {
  open_reduction reduction(2);
  std::atomic<bool> first_is_through{false};
  std::vector<std::size_t> by(2, 9);
  on_threads(2, [&](std::size_t me) {
    reduction.publish();
    if (me == 1)  // comes back when the other one has done all slices
      while (!first_is_through) std::this_thread::yield();
    reduction.finish(0, [&](std::size_t i) {
      by[i] = me;
      return true;
    });
    if (me == 0) first_is_through = true;
  });
  BOOST_TEST((by == std::vector<std::size_t>{0, 0}));
}

BOOST_AUTO_TEST_CASE(cancelling_releases_all_who_wait) {
  for (auto const delay : {std::chrono::milliseconds(0), std::chrono::milliseconds(10)}) {
    constexpr std::size_t threads = 4;
    open_reduction reduction(threads);
    std::atomic<int> released{0};
    on_threads(threads, [&](std::size_t me) {
      if (me == 0) {
        std::this_thread::sleep_for(delay);
        reduction.cancel();
        return;
      }
      reduction.publish();
      try {
        reduction.finish(0, [](std::size_t) { return true; });
      } catch (cancelled const&) {
        ++released;
      }
    });
    BOOST_TEST(released == 3);
  }
}

BOOST_AUTO_TEST_CASE(after_cancelling_what_all_have_published_is_still_reduced) {
  constexpr std::size_t threads = 2;
  open_reduction reduction(threads);
  std::vector<int> done(threads);
  for (std::size_t i = 0; i != threads; ++i) reduction.publish();
  reduction.cancel();
  BOOST_TEST(reduction.finish(0, [&](std::size_t i) {
    ++done[i];
    return true;
  }));
  BOOST_TEST((done == std::vector<int>{1, 1}));
  reduction.publish();
  BOOST_CHECK_THROW(reduction.finish(1, [](std::size_t) { return true; }), cancelled);
}
