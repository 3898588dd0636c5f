// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE data_parallel_for
#include "localsgd/data/parallel_for.hpp"

#include <algorithm>
#include <atomic>
#include <boost/test/unit_test.hpp>
#include <cstddef>
#include <mutex>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using localsgd::detail::parallel_for;

BOOST_AUTO_TEST_CASE(every_task_runs_once) {
  for (std::size_t const threads : {0U, 1U, 2U, 7U})
    for (std::size_t const n : {0U, 1U, 2U, 100U}) {
      std::vector<std::atomic<int>> runs(n);
      parallel_for(n, threads, [&](std::size_t i) { ++runs[i]; });
      BOOST_TEST(std::all_of(runs.begin(), runs.end(), [](auto const& r) { return r == 1; }));
    }
}

BOOST_AUTO_TEST_CASE(no_more_threads_than_wanted_or_tasks_take_part) {
  for (std::size_t const threads : {1U, 2U, 5U})
    for (std::size_t const n : {1U, 2U, 50U}) {
      std::mutex guard;
      std::set<std::thread::id> ids;
      parallel_for(n, threads, [&](std::size_t) {
        std::lock_guard const lock(guard);
        ids.insert(std::this_thread::get_id());
      });
      BOOST_TEST(ids.size() <= std::min(threads, n));
      if (threads == 1) BOOST_TEST(ids.count(std::this_thread::get_id()) == 1U);
    }
}

BOOST_AUTO_TEST_CASE(tasks_run_at_the_same_time) {
  // Each waits for the other: a single thread would never finish.
  std::atomic<int> arrived{0};
  parallel_for(2, 2, [&](std::size_t) {
    ++arrived;
    while (arrived != 2) std::this_thread::yield();
  });
  BOOST_TEST(arrived == 2);
}

BOOST_AUTO_TEST_CASE(the_exception_of_the_lowest_task_reaches_the_caller) {
  for (std::size_t const threads : {1U, 2U, 4U})
    for (int repeat = 0; repeat != 50; ++repeat) {
      std::string what;
      std::vector<std::atomic<int>> runs(40);
      try {
        parallel_for(40, threads, [&](std::size_t i) {
          ++runs[i];
          if (i == 7 || i == 8 || i == 30) {
            if (i == 7) std::this_thread::yield();  // others may be faster
            throw std::runtime_error(std::to_string(i));
          }
        });
      } catch (std::runtime_error const& e) {
        what = e.what();
      }
      BOOST_TEST(what == "7");
      BOOST_TEST(std::all_of(runs.begin(), runs.begin() + 8, [](auto const& r) { return r == 1; }));
    }
}
