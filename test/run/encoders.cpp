// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE run_encoders
#include "localsgd/run/encoders.hpp"

#include "localsgd/averager/mean.hpp"
#include "localsgd/communicator/threads/thread_team.hpp"
#include "localsgd/protocol/synchronous.hpp"
#include "test/support/compressors.hpp"
#include "test/support/teams.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <vector>

using namespace localsgd;
using protocol = detail::synchronous_protocol<detail::thread_team>;
using all_encoders = detail::encoders<support::as_it_is::bound, double>;

namespace {

constexpr std::size_t workers = 3, d = 20;

all_encoders make() {
  return {index_range{0, workers},
          [](std::size_t k) { return support::as_it_is{}.bind<double>(plan{}, k); }, workers, d};
}

constexpr auto nothing = [](std::span<double>) { return false; };

}  // namespace

BOOST_AUTO_TEST_CASE(the_consensus_moves_by_the_weighted_changes) {
  for (std::size_t const threads : {1U, 2U, 3U}) {
    all_encoders encoders = make();
    std::vector<std::vector<double>> local(workers, std::vector<double>(d));
    iterates<double> x({0.25, 0.25, 0.5}, d);
    x.consensus[0].assign(d, 100.0);
    mean::bound<double> averager{workers};
    std::vector<double> consensus;
    std::uint64_t bytes = 0, exchanges = 0;
    support::with_team<protocol>(workers, threads, [&](auto& team) {
      for (std::size_t k = team.workers().first; k != team.workers().last; ++k) {
        for (std::size_t i = 0; i != d; ++i) local[k][i] = 100 + static_cast<double>(k * i);
        x.local[k] = local[k];
      }
      encoders.exchange(team, x, averager, {}, nothing);
      auto const now = team.settle(x);
      if (team.leads()) {
        consensus.assign(now.begin(), now.end());
        bytes = team.sent().bytes, exchanges = team.sent().exchanges;
      }
      team.barrier();
    });
    for (std::size_t i = 0; i != d; ++i)  // (0·1 + 1·1 + 2·2)/4
      BOOST_TEST(consensus[i] == 100 + 1.25 * static_cast<double>(i));
    BOOST_TEST(bytes == workers * (workers - 1) * d * sizeof(double));
    BOOST_TEST(exchanges == 1);
    BOOST_TEST(encoders[2].seen[3] == 6);
    encoders.reset(index_range{2, 3});
    BOOST_TEST(encoders[2].seen.empty());
    BOOST_TEST(!encoders[1].seen.empty());
  }
}

BOOST_AUTO_TEST_CASE(a_change_that_is_not_finite_is_not_encoded_and_all_know) {
  for (std::size_t const threads : {1U, 2U}) {
    all_encoders encoders = make();
    std::vector<std::vector<double>> local(workers, std::vector<double>(d, 1.0));
    local[1][7] = std::numeric_limits<double>::quiet_NaN();
    iterates<double> x({0.25, 0.25, 0.5}, d);
    mean::bound<double> averager{workers};
    std::atomic<int> finite{0}, moved{0};
    support::with_team<protocol>(workers, threads, [&](auto& team) {
      for (std::size_t k = team.workers().first; k != team.workers().last; ++k)
        x.local[k] = local[k];
      encoders.exchange(team, x, averager, {}, nothing);
      finite += team.finite();
      for (double const e : team.settle(x)) moved += e != 0;
      team.barrier();
    });
    BOOST_TEST(finite == 0);
    BOOST_TEST(moved == 0);
    BOOST_TEST(encoders[1].seen.empty());
  }
}

BOOST_AUTO_TEST_CASE(what_all_are_expected_to_have_moved_by_is_not_encoded) {
  all_encoders encoders = make();
  std::vector<std::vector<double>> local(workers, std::vector<double>(d));
  iterates<double> x({0.25, 0.25, 0.5}, d);
  x.consensus[0].assign(d, 100.0);
  mean::bound<double> averager{workers};
  // Worker k has moved by -i/3 in the coordinate i, as expected, and by k more in the last one.
  auto const move = [](std::size_t i) { return -static_cast<double>(i) / 3; };
  for (std::size_t k = 0; k != workers; ++k)
    for (std::size_t i = 0; i != d; ++i)
      local[k][i] = 100 + move(i) + (i + 1 == d ? static_cast<double>(k) : 0);
  support::with_team<protocol>(workers, 2, [&](auto& team) {
    for (std::size_t k = team.workers().first; k != team.workers().last; ++k) x.local[k] = local[k];
    encoders.exchange(team, x, averager, {}, [&](std::span<double> change) {
      for (std::size_t i = 0; i != d; ++i) change[i] = move(i);
      return true;
    });
    team.barrier();
    if (!team.leads()) return;
    auto const now = team.settle(x);
    for (std::size_t i = 0; i + 1 != d; ++i) BOOST_TEST(now[i] == 100 + move(i));
    BOOST_TEST(now[d - 1] == 100 + move(d - 1) + 1.25, boost::test_tools::tolerance(1e-12));
  });
  for (std::size_t k = 0; k != workers; ++k) {  // and rounding is not sent
    for (std::size_t i = 0; i + 1 != d; ++i) BOOST_TEST(encoders[k].seen[i] == 0);
    BOOST_TEST(encoders[k].seen[d - 1] == static_cast<double>(k),
               boost::test_tools::tolerance(1e-12));
  }
}

namespace {

/// An encoder that has its mean encoded, too.
struct twice : support::as_it_is::bound {
  static constexpr bool compresses_mean = true;
};

}  // namespace

BOOST_AUTO_TEST_CASE(the_mean_is_encoded_once_more_where_the_compressor_asks_for_it) {
  for (std::size_t const threads : {1U, 2U, 3U}) {
    std::vector<std::size_t> bound;
    detail::encoders<twice, double> encoders(index_range{0, workers},
                                             [&](std::size_t k) {
                                               bound.push_back(k);
                                               return twice{};
                                             },
                                             workers, d);
    BOOST_TEST(bound == (std::vector<std::size_t>{0, 1, 2, 3}), boost::test_tools::per_element());
    iterates<double> x({0.25, 0.25, 0.5}, d);
    std::vector<std::vector<double>> local(workers, std::vector<double>(d));
    for (std::size_t k = 0; k != workers; ++k)
      for (std::size_t i = 0; i != d; ++i) local[k][i] = static_cast<double>(k * i);
    mean::bound<double> averager{workers};
    support::with_team<protocol>(workers, threads, [&](auto& team) {
      for (int round = 0; round != 2; ++round) {
        for (std::size_t k = team.workers().first; k != team.workers().last; ++k)
          x.local[k] = local[k];
        encoders.exchange(team, x, averager, {}, nothing);
      }
      auto const now = team.settle(x);
      if (team.leads()) {
        for (std::size_t i = 0; i != d; ++i)
          BOOST_TEST(now[i] == 1.25 * static_cast<double>(i));  // (0·1 + 1·1 + 2·2)/4
        // From two workers to the first, and back, in both rounds.
        BOOST_TEST(team.sent().bytes == 2 * 2 * (workers - 1) * d * sizeof(double));
        BOOST_TEST(team.sent().exchanges == 2u);
      }
      team.barrier();
    });
  }
}

BOOST_AUTO_TEST_CASE(a_mean_is_not_encoded_if_a_change_is_not_finite) {
  detail::encoders<twice, double> encoders(
      index_range{0, workers}, [](std::size_t) { return twice{}; }, workers, d);
  iterates<double> x({0.25, 0.25, 0.5}, d);
  std::vector<std::vector<double>> local(workers, std::vector<double>(d, 1.0));
  local[2][3] = std::numeric_limits<double>::infinity();
  mean::bound<double> averager{workers};
  std::atomic<int> finite{0};
  support::with_team<protocol>(workers, 2, [&](auto& team) {
    for (std::size_t k = team.workers().first; k != team.workers().last; ++k) x.local[k] = local[k];
    encoders.exchange(team, x, averager, {}, nothing);
    finite += team.finite();  // Boost.Test counts what one thread at a time asserts
    team.barrier();
  });
  BOOST_TEST(finite == 0);
}
