// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE synchronizer_overlap
#include "localsgd/synchronizer/overlap.hpp"

#include <boost/test/unit_test.hpp>

#include <cstddef>
#include <cstdint>
#include <span>
#include <tuple>
#include <vector>

using localsgd::index_range;
using localsgd::iterates;
using localsgd::detail::overlap;

namespace {

using scalars = std::tuple<double, float>;

/// Workers 1 and 2 of three are mine; d = 2.
template <class Scalar>
struct fixture {
  std::vector<Scalar> first{7, 7}, second{2, 0}, third{4, 6}, mean{1, 2};
  iterates<Scalar> x{{0.25, 0.25, 0.5}, 2};
  overlap mine;

  fixture() { x.local = {first, second, third}; }

  /// What x.local holds while the average is made.
  std::vector<std::vector<Scalar>> moved(bool alone = false, bool finite = true) {
    std::vector<std::vector<Scalar>> seen;
    bool const answer =
        mine.move_on(x, index_range{1, 3}, std::span<Scalar const>(mean), alone, [&] {
          for (auto const& each : x.local) seen.emplace_back(each.begin(), each.end());
          return finite;
        });
    BOOST_TEST(answer == finite);
    return seen;
  }
  std::vector<Scalar> point(std::size_t i) {
    std::vector<Scalar> const start{-1, -1};
    auto const p = mine.point(i, std::span<Scalar const>(start));
    return {p.begin(), p.end()};
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE_TEMPLATE(workers_go_on_from_the_old_mean_and_their_own_change, Scalar,
                              scalars) {
  using all = std::vector<std::vector<Scalar>>;
  using one = std::vector<Scalar>;
  fixture<Scalar> f;
  BOOST_TEST((f.point(1) == one{-1, -1}));
  // All start at the mean, (1, 2): then mean + (x − start) is x.
  BOOST_TEST((f.moved() == all{{7, 7}, {2, 0}, {4, 6}}));
  BOOST_TEST((f.point(0) == one{2, 0}));
  BOOST_TEST((f.point(1) == one{4, 6}));
  // Worker 1 moves from (2, 0) by (1, 1), worker 2 from (4, 6) by (−1, 2); the mean is (3, 3).
  f.mean = {3, 3};
  f.second = {3, 1};
  f.third = {3, 8};
  BOOST_TEST((f.moved() == all{{7, 7}, {4, 4}, {2, 5}}));
  BOOST_TEST((f.point(0) == one{4, 4}));
  BOOST_TEST((f.point(1) == one{2, 5}));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(what_the_workers_lent_is_there_again, Scalar, scalars) {
  fixture<Scalar> f;
  for (bool const finite : {true, false}) {
    f.moved(false, finite);
    BOOST_TEST((f.x.local[0].data() == f.first.data()));
    BOOST_TEST((f.x.local[1].data() == f.second.data()));
    BOOST_TEST((f.x.local[2].data() == f.third.data()));
  }
  BOOST_TEST((f.second == std::vector<Scalar>{2, 0}));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(the_only_worker_goes_on_from_where_it_is, Scalar, scalars) {
  fixture<Scalar> f;
  f.moved(true);
  f.mean = {Scalar(0.1), 1000};  // adding and subtracting these would round
  f.second = {Scalar(0.3), Scalar(0.7)};
  f.moved(true);
  BOOST_TEST((f.point(0) == f.second));
}

BOOST_AUTO_TEST_CASE_TEMPLATE(all_points_can_be_put_elsewhere, Scalar, scalars) {
  fixture<Scalar> f;
  std::vector<Scalar> const there{5, -5};
  f.mine.resume(std::span<Scalar const>(there));
  BOOST_TEST((f.point(0) == std::vector<Scalar>{-1, -1}));  // before the first move there are none
  f.moved();
  f.mine.resume(std::span<Scalar const>(there));
  BOOST_TEST((f.point(0) == there));
  BOOST_TEST((f.point(1) == there));
}

BOOST_AUTO_TEST_CASE(the_delay_is_that_of_the_longest_round) {
  overlap mine;
  BOOST_TEST(mine.delay(false) == 0u);
  for (std::uint64_t const t : {3u, 10u, 12u}) mine.end_round(t);  // rounds of 3, 7 and 2 steps
  BOOST_TEST(mine.delay(false) == 7u);
  BOOST_TEST(mine.delay(true) == 0u);
}
