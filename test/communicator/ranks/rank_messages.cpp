// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE communicator_ranks_rank_messages
#include "localsgd/communicator/ranks/rank_messages.hpp"

#include "test/support/rank_teams.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <string>
#include <vector>

using localsgd::index_range;
using localsgd::detail::even_split;
using localsgd::detail::rank_messages;
using support::mailbox;
using messages = rank_messages<mailbox>;

namespace {

using counts = std::vector<std::size_t>;
counts const shapes[] = {{1}, {3}, {1, 1}, {2, 1}, {1, 2, 3}, {1, 1, 1, 1}};

template <class Body>
void with_messages(counts const& threads, std::size_t workers, Body const& body) {
  support::with_rank_teams<messages>(threads, workers, body);
}

}  // namespace

BOOST_AUTO_TEST_CASE(threads_of_all_ranks_are_numbered_and_carry_all_workers) {
  for (auto const& shape : shapes) {
    std::vector<std::atomic<int>> carried(7);
    std::atomic<std::size_t> leaders{0}, numbers{0}, threads{0};
    with_messages(shape, 7, [&](auto& team) {
      for (std::size_t k = team.workers().first; k != team.workers().last; ++k) ++carried[k];
      leaders += team.leads();
      numbers += team.thread();
      threads = team.threads();
    });
    for (auto const& n : carried) BOOST_TEST(n == 1);
    BOOST_TEST(leaders == shape.size());
    BOOST_TEST(numbers == threads * (threads - 1) / 2);
  }
}

BOOST_AUTO_TEST_CASE(everybody_gets_the_answer_of_thread_0) {
  for (auto const& shape : shapes) {
    std::atomic<int> wrong{0};
    with_messages(shape, 7, [&](auto& team) {
      for (int i = 0; i != 20; ++i)
        wrong += team.broadcast(team.thread() == 0 ? i : -1) != i;
    });
    BOOST_TEST(wrong == 0);
  }
}

BOOST_AUTO_TEST_CASE(an_answer_that_is_equal_on_all_ranks_is_passed_on_without_a_message) {
  for (auto const& shape : shapes) {
    std::atomic<int> wrong{0};
    std::atomic<std::uint64_t> sent{0};
    with_messages(shape, 7, [&](auto& team) {
      for (int i = 0; i != 20; ++i) wrong += team.broadcast_here(team.leads() ? i : -1) != i;
      sent += team.sent().bytes;
    });
    BOOST_TEST(wrong == 0);
    BOOST_TEST(sent == 0u);
  }
}

BOOST_AUTO_TEST_CASE(everybody_gets_the_values_of_each_thread) {
  for (auto const& shape : shapes) {
    std::atomic<int> wrong{0};
    std::vector<std::vector<double>> of_rank(shape.size(), std::vector<double>(20, -1.0));
    with_messages(shape, 7, [&](auto& team) {
      auto& values = of_rank[team.state().rank];
      auto const owned = [&](std::size_t i) { return even_split(20, team.threads(), i); };
      index_range const mine = owned(team.thread());
      for (std::size_t i = mine.first; i != mine.last; ++i) values[i] = static_cast<double>(i * i);
      team.all_gather(std::span(values), owned);
      for (std::size_t i = 0; i != 20; ++i) wrong += values[i] != static_cast<double>(i * i);
    });
    BOOST_TEST(wrong == 0);
  }
}

BOOST_AUTO_TEST_CASE(everybody_gets_messages_of_any_length) {
  for (auto const& shape : shapes) {
    std::atomic<int> wrong{0};
    std::atomic<std::uint64_t> bytes{0};
    std::vector<std::vector<std::vector<std::byte>>> of_rank(
        shape.size(), std::vector<std::vector<std::byte>>(7));
    with_messages(shape, 7, [&](auto& team) {
      auto& mine = of_rank[team.state().rank];
      for (std::size_t round = 0; round != 3; ++round) {
        auto const length = [&](std::size_t k) { return k == 2 ? 0 : 100 * k + round; };
        for (std::size_t k = team.workers().first; k != team.workers().last; ++k)
          mine[k].assign(length(k), static_cast<std::byte>(k + round));
        team.all_gather_v(std::span(mine));
        for (std::size_t k = 0; k != 7; ++k) {
          wrong += mine[k].size() != length(k);
          for (std::byte const b : mine[k]) wrong += b != static_cast<std::byte>(k + round);
        }
        team.barrier();
      }
      if (team.leads()) bytes += team.sent().bytes;
    });
    BOOST_TEST(wrong == 0);
    // Each message and its length, of 8 bytes, to every other rank.
    std::uint64_t const once = 7 * 8 + 100 * (0 + 1 + 3 + 4 + 5 + 6);
    BOOST_TEST(bytes == (shape.size() - 1) * (3 * once + 6 * (1 + 2)));
  }
}

BOOST_AUTO_TEST_CASE(the_first_rank_gathers_messages_of_any_length) {
  for (auto const& shape : shapes) {
    std::atomic<int> wrong{0};
    std::atomic<std::uint64_t> bytes{0};
    std::vector<std::vector<std::vector<std::byte>>> of_rank(
        shape.size(), std::vector<std::vector<std::byte>>(7));
    std::atomic<std::uint64_t> elsewhere{0};
    with_messages(shape, 7, [&](auto& team) {
      std::size_t const r = team.state().rank;
      auto& mine = of_rank[r];
      auto const length = [&](std::size_t k) { return k == 2 ? 0 : 100 * k + 1; };
      for (std::size_t k = team.workers().first; k != team.workers().last; ++k) {
        mine[k].assign(length(k), static_cast<std::byte>(k));
        if (r != 0) elsewhere += length(k);
      }
      team.gather_v(std::span(mine));
      for (std::size_t k = 0; r == 0 && k != 7; ++k) {
        wrong += mine[k].size() != length(k);
        for (std::byte const b : mine[k]) wrong += b != static_cast<std::byte>(k);
      }
      team.barrier();
      if (team.leads()) bytes += team.sent().bytes;
    });
    BOOST_TEST(wrong == 0);
    // Each length, of 8 bytes, to every other rank, and the messages of other ranks to the first.
    BOOST_TEST(bytes == (shape.size() - 1) * 7 * 8 + elsewhere);
  }
}

BOOST_AUTO_TEST_CASE(a_split_is_that_of_each_rank) {
  for (auto const& shape : shapes) {
    std::vector<std::vector<int>> seen(shape.size(), std::vector<int>(40));
    std::atomic<int> finite{0};
    with_messages(shape, 7, [&](auto& team) {
      finite += team.template split<double>(40, [&](std::size_t first, std::size_t last) {
        for (std::size_t i = first; i != last; ++i) ++seen[team.state().rank][i];
        return team.state().rank != 0 || first > 0;
      });
    });
    for (auto const& each : seen) BOOST_TEST((each == std::vector<int>(40, 1)));
    std::size_t all = 0;
    for (std::size_t const n : shape) all += n;
    BOOST_TEST(finite == static_cast<int>(all - shape[0]));
  }
}

BOOST_AUTO_TEST_CASE(an_exception_on_a_thread_of_a_rank_ends_all_of_that_rank) {
  std::string what;
  try {
    with_messages({3}, 7, [&](auto& team) {
      if (team.thread() == 2) throw std::domain_error("two");
      team.broadcast(0);
    });
  } catch (std::domain_error const& e) {
    what = e.what();
  }
  BOOST_TEST(what == "two");
}
