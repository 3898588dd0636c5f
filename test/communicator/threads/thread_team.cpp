// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE communicator_threads_thread_team
#include "localsgd/communicator/threads/thread_team.hpp"

#include "test/support/teams.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <thread>
#include <vector>

using namespace localsgd::detail;
using support::with_team;

namespace {

constexpr std::size_t thread_counts[] = {1, 2, 3, 5};

}  // namespace

BOOST_AUTO_TEST_CASE(every_worker_is_carried_by_one_thread) {
  for (std::size_t const threads : thread_counts) {
    std::vector<int> carried(7);
    std::atomic<std::size_t> leaders{0};
    with_team(7, threads, [&](auto& team) {
      for (std::size_t k = team.workers().first; k != team.workers().last; ++k) ++carried[k];
      if (team.leads()) ++leaders;
    });
    BOOST_TEST((carried == std::vector<int>(7, 1)));
    BOOST_TEST(leaders == 1);
  }
}

BOOST_AUTO_TEST_CASE(everybody_gets_the_answer_of_thread_0) {
  for (std::size_t const threads : thread_counts) {
    std::atomic<int> wrong{0};
    with_team(5, threads, [&](auto& team) {
      for (int i = 0; i != 50; ++i)
        wrong += team.broadcast(team.thread() == 0 ? i : -1) != i;
    });
    BOOST_TEST(wrong == 0);
  }
}

BOOST_AUTO_TEST_CASE(everybody_gets_the_answer_of_the_leader) {
  for (std::size_t const threads : thread_counts) {
    std::atomic<int> wrong{0};
    with_team(5, threads, [&](auto& team) {
      for (int i = 0; i != 50; ++i) wrong += team.broadcast_here(team.leads() ? i : -1) != i;
    });
    BOOST_TEST(wrong == 0);
  }
}

BOOST_AUTO_TEST_CASE(a_split_covers_all_coordinates_and_all_know_whether_it_was_finite) {
  for (std::size_t const threads : thread_counts)
    for (std::size_t const bad : {99U, 17U}) {  // 99: none
      std::vector<int> seen(40);
      std::atomic<int> finite{0};
      with_team(5, threads, [&](auto& team) {
        finite += team.template split<double>(40, [&](std::size_t first, std::size_t last) {
          for (std::size_t i = first; i != last; ++i) ++seen[i];
          return bad < first || bad >= last;
        });
      });
      BOOST_TEST((seen == std::vector<int>(40, 1)));
      BOOST_TEST(finite == static_cast<int>(bad == 99 ? threads : 0));
    }
}

BOOST_AUTO_TEST_CASE(reductions_see_all_rows_whether_they_wait_at_the_start_or_not) {
  for (std::size_t const threads : thread_counts)
    for (bool const open : {false, true}) {
      std::vector<std::vector<double>> points(5, std::vector<double>(40));
      std::vector<std::span<double>> rows(points.begin(), points.end());
      std::vector<double> out(40);
      std::atomic<int> wrong{0};
      std::uint64_t bytes = 0;
      with_team(5, threads, [&](auto& team) {
        auto const add = [](auto const all, std::size_t first, std::size_t last, std::size_t begin,
                            std::span<double> slice) {
          for (std::size_t i = first; i != last; ++i) {
            slice[i] = static_cast<double>(begin);
            for (auto const& row : all) slice[i] += row[i];
          }
          return true;
        };
        for (std::uint64_t round = 0; round != 3; ++round) {
          for (std::size_t k = team.workers().first; k != team.workers().last; ++k)
            for (std::size_t i = 0; i != 40; ++i)
              points[k][i] = static_cast<double>((round + 1) * (k + 10 * i));
          std::span<std::span<double> const> const all(rows);
          if (open) {
            team.start_open_reduce();
            team.finish_open_reduce(round, all, std::span(out), add,
                                    localsgd::detail::nothing_to_complete{});
          } else {
            team.template start_reduce<double>(all, 40);
            team.finish_reduce(all, std::span(out), add);
          }
          for (std::size_t i = 0; i != 40; ++i)  // 0 + 1 + … + 4, and 5 times 10·i
            wrong += out[i] != static_cast<double>((round + 1) * (10 + 50 * i));
          team.barrier();
        }
        if (team.leads()) bytes = team.sent().bytes;
      });
      BOOST_TEST(wrong == 0);
      BOOST_TEST(bytes == 3 * 2 * (5 - 1) * 40 * sizeof(double));
    }
}

BOOST_AUTO_TEST_CASE(sums_go_in_the_order_of_the_parts) {
  for (std::size_t const threads : thread_counts) {
    // 1 is lost next to 1e17, so the order shows.
    std::vector<std::vector<double>> const parts{
        std::vector<double>(20, 1e17), std::vector<double>(20, 1.0), std::vector<double>(20, -1e17)};
    std::vector<double> total(20, 7.0);
    with_team(5, threads, [&](auto& team) { team.sum(parts, total); });
    BOOST_TEST((total == std::vector<double>(20, 0.0)));
  }
}

BOOST_AUTO_TEST_CASE(messages_are_counted_as_copies_for_all_others) {
  for (std::size_t const threads : thread_counts) {
    std::vector<std::vector<std::byte>> messages(5);
    std::uint64_t bytes = 0;
    std::atomic<int> wrong{0};
    with_team(5, threads, [&](auto& team) {
      for (std::size_t k = team.workers().first; k != team.workers().last; ++k)
        messages[k].assign(k, std::byte{1});
      team.all_gather_v(std::span(messages));
      for (std::size_t k = 0; k != 5; ++k) wrong += messages[k].size() != k;
      if (team.leads()) bytes = team.sent().bytes;
    });
    BOOST_TEST(wrong == 0);
    BOOST_TEST(bytes == (5 - 1) * (0 + 1 + 2 + 3 + 4));
  }
}

BOOST_AUTO_TEST_CASE(gathered_messages_are_counted_once_but_that_of_worker_0) {
  for (std::size_t const threads : thread_counts) {
    std::vector<std::vector<std::byte>> messages(5);
    std::uint64_t bytes = 0;
    std::atomic<int> wrong{0};
    with_team(5, threads, [&](auto& team) {
      for (std::size_t k = team.workers().first; k != team.workers().last; ++k)
        messages[k].assign(10 + k, std::byte{1});
      team.gather_v(std::span(messages));
      for (std::size_t k = 0; k != 5; ++k) wrong += messages[k].size() != 10 + k;
      if (team.leads()) bytes = team.sent().bytes;
    });
    BOOST_TEST(wrong == 0);
    BOOST_TEST(bytes == 11 + 12 + 13 + 14u);
  }
}

BOOST_AUTO_TEST_CASE(the_lowest_failure_reaches_the_caller_and_ends_all_threads) {
  for (std::size_t const threads : {2U, 3U, 5U}) {
    std::string what;
    try {
      with_team(5, threads, [&](auto& team) {
        if (team.thread() > 0) throw std::domain_error(std::to_string(team.thread()));
        team.barrier();  // never passed
      });
    } catch (std::domain_error const& e) {
      what = e.what();
    }
    BOOST_TEST(what == "1");
  }
}

BOOST_AUTO_TEST_CASE(of_threads_that_are_a_round_apart_the_earliest_failure_reaches_the_caller) {
  try {
    with_team(2, 2, [](thread_team& team) {
      team.start_open_reduce();
      if (team.thread() == 0) {
        team.start_open_reduce();
        throw std::runtime_error("the lower thread, a round later");
      }
      while (!team.cancelled()) std::this_thread::yield();
      throw std::runtime_error("the higher thread");
    });
    BOOST_ERROR("nothing was thrown");
  } catch (std::runtime_error const& e) {
    BOOST_TEST(e.what() == "the higher thread");
  }
}

BOOST_AUTO_TEST_CASE(a_thread_that_fails_keeps_its_points_while_the_others_run) {
  struct points {
    points(std::atomic<int>& count, std::size_t thread) : alive(&count), number(thread) { ++*alive; }
    ~points() { --*alive; }
    std::atomic<int>* alive;
    std::size_t number;
  };
  std::atomic<int> alive{0}, seen{0};
  thread_state state(3, 3);
  BOOST_CHECK_THROW(run_protocols<points>(
                        state, support::own_threads{},
                        [&](points& mine) {
                          state.meeting.arrive_and_wait();
                          if (mine.number == 1) throw std::runtime_error("the second thread");
                          while (!state.meeting.is_cancelled()) std::this_thread::yield();
                          seen += alive;
                        },
                        alive),
                    std::runtime_error);
  BOOST_TEST(seen == 2 * 3);
  BOOST_TEST(alive == 0);
}

BOOST_AUTO_TEST_CASE(the_calling_thread_is_a_host_of_one) {
  int calls = 0;
  calling_thread{}(1, [&](std::size_t i) { calls += i == 0 ? 1 : 100; });
  BOOST_TEST(calls == 1);
  BOOST_TEST(calling_thread::threads() == 1);
}

BOOST_AUTO_TEST_CASE(idle_threads_leave_their_workers_to_the_others_and_come_back_where_the_run_is) {
  // The sizes of the team in rounds 1, 2, …: some threads become idle, more of them, all come back.
  std::vector<std::size_t> const sizes{4, 3, 3, 1, 1, 4, 4, 2, 4, 4, 1, 4, 4, 4, 1, 1};
  constexpr std::size_t workers = 6, threads = 4;
  std::vector<std::uint64_t> advanced(workers);  // each worker is advanced once in every round
  std::vector<std::size_t> working;
  std::atomic<int> wrong{0}, ended_idle{0}, loads{0};
  thread_state state(workers, threads);
  std::vector<double> sums(40);
  run_threads(state, support::own_threads{}, [&](std::size_t i) {
    thread_team team(state, i);
    std::uint64_t round = 0;
    for (; round != sizes.size(); ++round) {
      bool const goes_on = team.regroup([&] { return sizes[round]; },
                                        [&](std::span<std::uint64_t> place) { place[0] = round; },
                                        [&](std::span<std::uint64_t const> place) {
                                          round = place[0];
                                          ++loads;
                                        });
      if (!goes_on) {
        ++ended_idle;
        return;
      }
      if (team.leads()) working.push_back(team.threads());
      for (std::size_t k = team.workers().first; k != team.workers().last; ++k)
        wrong += advanced[k]++ != round;
      wrong += !team.split<double>(sums.size(), [&](std::size_t first, std::size_t last) {
        for (std::size_t j = first; j != last; ++j) ++sums[j];
        return true;
      });
    }
    team.end_rounds();
  });
  BOOST_TEST(wrong == 0);
  std::vector<std::size_t> expected{4};
  expected.insert(expected.end(), sizes.begin(), sizes.end() - 1);
  BOOST_TEST(working == expected);
  BOOST_TEST((sums == std::vector<double>(40, static_cast<double>(sizes.size()))));
  BOOST_TEST(ended_idle == 3);
  BOOST_TEST(loads == 3 + 2 + 3);  // those that were idle, three times
}

BOOST_AUTO_TEST_CASE(idle_threads_are_released_when_another_one_fails) {
  thread_state state(4, 4);
  auto const nothing = [](auto const&) {};
  auto const run = [&] {
    run_threads(state, support::own_threads{}, [&](std::size_t i) {
      thread_team team(state, i);
      for (int round = 0; team.regroup([] { return std::size_t{2}; }, nothing, nothing); ++round) {
        if (round == 5 && i == 1) throw std::runtime_error("from thread 1");
        team.barrier();
      }
    });
  };
  BOOST_CHECK_EXCEPTION(run(), std::runtime_error,
                        [](auto const& e) { return std::string(e.what()) == "from thread 1"; });
}
