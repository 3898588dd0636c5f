// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE communicator_ranks_rank_team
#include "localsgd/communicator/ranks/rank_team.hpp"

#include "test/support/rank_teams.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <atomic>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <tuple>
#include <vector>

using namespace localsgd::detail;
using support::mailbox;
using support::with_rank_teams;

namespace {

static_assert(Team<rank_team<mailbox>>);

using counts = std::vector<std::size_t>;
using scalars = std::tuple<double, float>;
counts const shapes[] = {{1}, {3}, {1, 1}, {2, 1}, {1, 2, 3}, {1, 1, 1, 1}};
constexpr std::size_t workers = 7;
// Short vectors go to all ranks, long ones by slices; neither is a multiple of a cache line.
constexpr std::size_t dimensions[] = {1, 37, 9001};

/// Every rank has the rows of its own workers.
template <class Scalar>
struct rows_of_ranks {
  std::vector<std::vector<std::vector<Scalar>>> points;
  std::vector<std::vector<std::span<Scalar>>> rows;
  std::vector<std::vector<Scalar>> out;

  rows_of_ranks(std::size_t ranks, std::size_t d)
      : points(ranks, std::vector<std::vector<Scalar>>(workers)),
        rows(ranks, std::vector<std::span<Scalar>>(workers)),
        out(ranks, std::vector<Scalar>(d)) {}
  template <class T>
  void fill(T& team, std::uint64_t round) {
    std::size_t const r = team.state().rank;
    for (std::size_t k = team.workers().first; k != team.workers().last; ++k) {
      points[r][k].resize(out[r].size());
      for (std::size_t i = 0; i != out[r].size(); ++i)
        points[r][k][i] = value(k, i, round);
      rows[r][k] = points[r][k];
    }
  }
  static Scalar value(std::size_t k, std::size_t i, std::uint64_t round) {
    return static_cast<Scalar>((k + 1) * (i % 1000 + 1) + round);
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE_TEMPLATE(every_rank_gets_what_is_made_of_all_rows_in_their_order, Scalar,
                              scalars) {
  for (auto const& shape : shapes)
    for (std::size_t const d : dimensions) {
      rows_of_ranks<Scalar> all(shape.size(), d);
      std::atomic<int> wrong{0}, finite{0};
      with_rank_teams(shape, workers, [&](auto& team) {
        std::size_t const r = team.state().rank;
        for (std::uint64_t round = 0; round != 3; ++round) {
          all.fill(team, round);
          std::span<std::span<Scalar> const> const rows(all.rows[r]);
          team.template start_reduce<Scalar>(rows, d);
          finite += team.finish_reduce(
              rows, std::span(all.out[r]),
              [&](std::span<std::span<Scalar> const> here, std::size_t first, std::size_t last,
                  std::size_t begin, std::span<Scalar> slice) {
                wrong += here.size() != workers;
                for (std::size_t i = first; i != last; ++i) {
                  for (std::size_t k = 0; k != workers; ++k)
                    wrong += here[k][i] != all.value(k, begin + i, round);
                  slice[i] = static_cast<Scalar>(begin + i + round);
                }
                return true;
              });
          for (std::size_t i = 0; i != d; ++i)
            wrong += all.out[r][i] != static_cast<Scalar>(i + round);
          team.barrier();
        }
      });
      BOOST_TEST(wrong == 0, shape.size() << " ranks, d = " << d);
      std::size_t threads = 0;
      for (std::size_t const n : shape) threads += n;
      BOOST_TEST(finite == 3 * static_cast<int>(threads));
    }
}

BOOST_AUTO_TEST_CASE(all_ranks_know_that_a_number_is_not_finite) {
  for (auto const& shape : shapes)
    for (std::size_t const d : dimensions) {
      rows_of_ranks<double> all(shape.size(), d);
      std::atomic<int> finite{0};
      with_rank_teams(shape, workers, [&](auto& team) {
        std::size_t const r = team.state().rank;
        all.fill(team, 0);
        if (team.workers().last == workers)
          all.points[r][workers - 1][d - 1] = std::numeric_limits<double>::infinity();
        std::span<std::span<double> const> const rows(all.rows[r]);
        team.template start_reduce<double>(rows, d);
        finite += team.finish_reduce(
            rows, std::span(all.out[r]),
            [](auto const here, std::size_t first, std::size_t last, std::size_t,
               std::span<double> slice) {
              for (std::size_t i = first; i != last; ++i) slice[i] = here[workers - 1][i];
              return true;
            });
      });
      BOOST_TEST(finite == 0);
    }
}

BOOST_AUTO_TEST_CASE(bytes_are_those_of_the_chosen_route) {
  for (auto const& shape : {counts{1, 1}, counts{1, 2, 3}})
    for (std::size_t const d : dimensions) {
      rows_of_ranks<double> all(shape.size(), d);
      std::atomic<std::uint64_t> bytes{0};
      with_rank_teams(shape, workers, [&](auto& team) {
        std::size_t const r = team.state().rank;
        all.fill(team, 0);
        std::span<std::span<double> const> const rows(all.rows[r]);
        team.template start_reduce<double>(rows, d);
        team.finish_reduce(rows, std::span(all.out[r]),
                           [](auto const, std::size_t, std::size_t, std::size_t,
                              std::span<double>) { return true; });
        if (team.leads()) bytes += team.sent().bytes;
      });
      auto const layout = rank_layout::of(shape, workers);
      BOOST_TEST(bytes == (d < 9001 ? message_route::direct_bytes(layout, workers, d * 8)
                                    : message_route::slice_bytes(layout, workers, d * 8)));
    }
}

BOOST_AUTO_TEST_CASE(sums_go_in_the_order_of_the_parts) {
  for (auto const& shape : shapes)
    for (std::size_t const d : dimensions) {
      std::vector<std::vector<std::vector<double>>> parts(shape.size(),
                                                          std::vector(5, std::vector<double>(d)));
      std::vector<std::vector<double>> totals(shape.size(), std::vector<double>(d, 7.0));
      with_rank_teams(shape, workers, [&](auto& team) {
        std::size_t const r = team.state().rank;
        double const values[] = {1e17, 1, -1e17, 2, 3};  // 1 is lost next to 1e17
        auto const mine = even_split(5, team.threads(), team.thread());
        for (std::size_t p = mine.first; p != mine.last; ++p) std::ranges::fill(parts[r][p], values[p]);
        team.sum(parts[r], totals[r]);
      });
      for (auto const& total : totals) BOOST_TEST((total == std::vector<double>(d, 5.0)));
    }
}
