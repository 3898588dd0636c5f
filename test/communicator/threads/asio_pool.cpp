// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE communicator_threads_asio_pool
#include "localsgd/communicator/threads/asio_pool.hpp"

#include <atomic>
#include <barrier>
#include <boost/test/unit_test.hpp>
#include <cerrno>
#include <cfenv>
#include <cstddef>
#include <filesystem>
#include <iterator>
#include <memory>
#include <set>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

#if __has_include(<sys/wait.h>)
#include <sys/wait.h>
#include <unistd.h>
#endif

#include "test/support/problems.hpp"

using localsgd::detail::asio_pool;

BOOST_AUTO_TEST_CASE(every_task_runs_once_on_a_thread_of_its_own_at_the_same_time) {
  for (std::size_t const n : {1U, 2U, 5U, 16U}) {
    asio_pool pool(n);
    BOOST_TEST(pool.threads() == n);
    std::vector<int> runs(n);
    std::vector<std::thread::id> threads(n);
    std::barrier meeting(static_cast<std::ptrdiff_t>(n));  // passes only if all are there
    pool(n, [&](std::size_t i) {
      meeting.arrive_and_wait();
      ++runs[i];
      threads[i] = std::this_thread::get_id();
    });
    BOOST_TEST((runs == std::vector<int>(n, 1)));
    std::set<std::thread::id> const distinct(threads.begin(), threads.end());
    BOOST_TEST(distinct.size() == n);
    BOOST_TEST((threads[0] == std::this_thread::get_id()));  // the caller is the first of the gang
  }
}

BOOST_AUTO_TEST_CASE(a_gang_may_be_smaller_than_the_pool) {
  asio_pool pool(4);
  for (std::size_t const n : {0U, 1U, 3U}) {
    std::atomic<std::size_t> runs{0};
    pool(n, [&](std::size_t i) { runs += 1 + 100 * i; });
    BOOST_TEST(runs == n + 100 * (n == 3 ? 3 : 0));  // 0 + 1 + 2
  }
}

BOOST_AUTO_TEST_CASE(a_pool_can_be_used_again) {
  asio_pool pool(3);
  std::vector<int> runs(3);
  for (int gang = 0; gang != 1000; ++gang) {
    std::barrier meeting(3);
    pool(3, [&](std::size_t i) {
      meeting.arrive_and_wait();
      ++runs[i];
    });
  }
  BOOST_TEST((runs == std::vector<int>(3, 1000)));
}

BOOST_AUTO_TEST_CASE(all_tasks_round_as_the_caller_does) {
  asio_pool pool(3);
  pool(3, [](std::size_t) {});  // its threads have started
  std::vector<int> rounding(3, -1);
  BOOST_TEST_REQUIRE(std::fesetround(FE_UPWARD) == 0);
  pool(3, [&](std::size_t i) { rounding[i] = std::fegetround(); });
  BOOST_TEST_REQUIRE(std::fesetround(FE_TONEAREST) == 0);
  BOOST_TEST((rounding == std::vector<int>(3, FE_UPWARD)));
  pool(3, [&](std::size_t i) { rounding[i] = std::fegetround(); });
  BOOST_TEST((rounding == std::vector<int>(3, FE_TONEAREST)));
}

BOOST_AUTO_TEST_CASE(a_second_gang_waits_for_its_turn) {
  asio_pool pool(2);
  std::atomic<int> inside{0}, most{0}, runs{0};
  auto const gangs = [&] {
    for (int gang = 0; gang != 100; ++gang) {
      std::barrier meeting(2);
      pool(2, [&](std::size_t) {
        int const now = ++inside;
        int seen = most;
        while (seen < now && !most.compare_exchange_weak(seen, now)) {
        }
        meeting.arrive_and_wait();
        ++runs;
        meeting.arrive_and_wait();
        --inside;
      });
    }
  };
  std::thread other(gangs);
  gangs();
  other.join();
  BOOST_TEST(runs == 400);
  BOOST_TEST(most == 2);
}

BOOST_AUTO_TEST_CASE(a_call_from_inside_is_refused_and_the_pool_lives_on) {
  asio_pool pool(2);
  std::atomic<int> refused{0}, runs{0};
  pool(2, [&](std::size_t) {
    try {
      pool(1, [&](std::size_t) { ++runs; });
    } catch (std::logic_error const& e) {
      refused += std::string(e.what()).find("serial{}") != std::string::npos;  // what to do
    }
  });
  BOOST_TEST(refused == 2);
  BOOST_TEST(runs == 0);
  pool(2, [&](std::size_t) { ++runs; });
  BOOST_TEST(runs == 2);
}

BOOST_AUTO_TEST_CASE(another_pool_may_be_used_from_inside) {
  asio_pool outer(2), inner(2);
  std::atomic<int> runs{0};
  outer(2, [&](std::size_t) {
    std::barrier meeting(2);
    inner(2, [&](std::size_t) {
      meeting.arrive_and_wait();
      ++runs;
    });
  });
  BOOST_TEST(runs == 4);
}

BOOST_AUTO_TEST_CASE(a_call_back_from_a_thread_of_another_pool_is_refused) {
  asio_pool outer(2), inner(2);
  std::atomic<int> refused{0};
  outer(2, [&](std::size_t) {
    inner(2, [&](std::size_t) {
      try {
        outer(1, [](std::size_t) {});
      } catch (std::logic_error const&) {
        ++refused;
      }
    });
  });
  BOOST_TEST(refused == 4);
}

// ThreadSanitizer starts no threads in a child of a process that has some.
#if defined(__SANITIZE_THREAD__)
#define LOCALSGD_TEST_THREAD_SANITIZER
#elif defined(__has_feature)
#if __has_feature(thread_sanitizer)
#define LOCALSGD_TEST_THREAD_SANITIZER
#endif
#endif
#if __has_include(<sys/wait.h>) && !defined(LOCALSGD_TEST_THREAD_SANITIZER)
BOOST_AUTO_TEST_CASE(in_a_child_after_fork_a_pool_is_refused_destroyed_and_can_be_replaced) {
  auto const pool = std::make_unique<asio_pool>(2);
  (*pool)(2, [](std::size_t) {});
  pid_t const child = fork();
  if (child == 0) {
    alarm(20);  // a child that hangs ends
    int status = 1;
    try {
      (*pool)(2, [](std::size_t) {});
    } catch (std::logic_error const& e) {
      status = std::string(e.what()).find("fork()") != std::string::npos ? 0 : 2;
    }
    pool->~asio_pool();
    asio_pool own(2);
    std::atomic<int> runs{0};
    own(2, [&](std::size_t) { ++runs; });
    _exit(runs == 2 ? status : 3);
  }
  int status = -1;
  BOOST_TEST(waitpid(child, &status, 0) == child);
  BOOST_TEST(status == 0);
  std::atomic<int> runs{0};
  (*pool)(2, [&](std::size_t) { ++runs; });
  BOOST_TEST(runs == 2);
}
#endif

BOOST_AUTO_TEST_CASE(a_pool_is_made_whatever_errno_is) {
  errno = ERANGE;  // Boost 1.87 throws std::out_of_range unless it is reset
  BOOST_TEST(asio_pool(2).threads() == 2U);
}

BOOST_AUTO_TEST_CASE(a_pool_of_one_thread_is_the_caller) {
  asio_pool pool(1);
  std::thread::id seen;
  pool(1, [&](std::size_t) { seen = std::this_thread::get_id(); });
  BOOST_TEST((seen == std::this_thread::get_id()));
}

#if defined(__linux__)
BOOST_AUTO_TEST_CASE(the_caller_is_one_of_the_threads_of_a_pool) {
  auto const threads = [] {
    return std::distance(std::filesystem::directory_iterator("/proc/self/task"),
                         std::filesystem::directory_iterator());
  };
  auto const before = threads();
  asio_pool const alone(1);
  BOOST_TEST(threads() == before);
  asio_pool const three(3);
  BOOST_TEST(threads() == before + 2);
}
#endif

BOOST_AUTO_TEST_CASE(a_pool_has_1_to_4096_threads) {
  for (std::size_t const bad : {std::size_t{0}, std::size_t{4097}, ~std::size_t{0}}) {
    auto const e = support::error_of<localsgd::invalid_settings>([&] { asio_pool pool(bad); });
    BOOST_TEST(e.field == "threads");
    BOOST_TEST(e.value == std::to_string(bad));
    BOOST_TEST(e.rule == "from 1 to 4096");
  }
  BOOST_TEST(asio_pool::hardware_threads() >= 1U);
}
