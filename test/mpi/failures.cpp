// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE mpi_failures
#include "test/support/mpi.hpp"

#include <boost/test/unit_test.hpp>

#include <atomic>
#include <chrono>
#include <cstddef>
#include <stdexcept>
#include <string>
#include <thread>

// What goes wrong on one rank is heard of on all of them, in time, and the next run is a good one.

using namespace localsgd;
using support::mpi_session;
using support::problem;

BOOST_TEST_GLOBAL_FIXTURE(mpi_session);

namespace {

constexpr double deadline = 30;  // never reached where all are alive

mpi make(std::size_t threads = 2, averaging how = averaging::reproducible) {
  return mpi(MPI_COMM_WORLD, support::transported({.threads = threads,
                                                   .averaging = how,
                                                   .deadline = deadline}));
}

struct fixture {
  problem data{64, 40};
  support::custom good{&data.dense, &data.reals};
  settings s{.workers = 8, .local_steps = 4, .steps = 40};

  void works(mpi& cluster) {
    mpi one = support::alone();
    auto const expected = support::bits_without_bytes(minimize(good, s, one));
    BOOST_TEST(support::bits_without_bytes(minimize(good, s, cluster)) == expected);
  }
};

/// Fails after so many calls.
struct failing : support::custom {
  mutable std::atomic<int>* calls;
  int worst;
  double gradient(std::span<double const> x, std::span<std::size_t const> batch,
                  std::span<double> g) const {
    if (calls->fetch_add(1) == worst) throw std::domain_error("a bad sample");
    return custom::gradient(x, batch, g);
  }
};

}  // namespace

BOOST_FIXTURE_TEST_CASE(ranks_that_disagree_all_say_who_and_in_what, fixture) {
  mpi cluster = make();
  int const last = cluster.ranks() - 1;
  bool const odd = cluster.rank() == last && last > 0;
  auto const is_refused = [&](auto const& f, settings const& mine, std::string const& field) {
    if (last == 0) return;
    std::string const name = field + " on rank " + std::to_string(last);
    BOOST_CHECK_EXCEPTION(minimize(f, mine, cluster), invalid_settings,
                          [&](invalid_settings const& e) {
                            BOOST_TEST(e.field == name);
                            BOOST_TEST(std::string(e.what()).find("as on rank 0") !=
                                       std::string::npos);
                            return true;
                          });
    works(cluster);
  };
  settings other = s;
  if (odd) other.seed = 7;
  is_refused(good, other, "seed");
  other = s;
  if (odd) other.workers = 9;
  is_refused(good, other, "workers");
  other = s;
  if (odd) other.tolerance = 0.5;
  is_refused(good, other, "tolerance");
  other = s;
  if (odd) other.batch_size = 2;
  is_refused(good, other, "batch_size");

  problem const fewer(60, 40), narrower(64, 39);
  support::custom const short_one{&fewer.dense, &fewer.reals},
      narrow{&narrower.dense, &narrower.reals};
  is_refused(odd ? short_one : good, s, "samples");
  is_refused(odd ? narrow : good, s, "dimension");
  auto labels = data.reals;
  labels[17] += 1;
  support::custom const mislabelled{&data.dense, &labels};
  is_refused(odd ? mislabelled : good, s, "loss at a point");

  // Ranks with and without a checkpoint, or with different components, would not meet.
  if (last == 0) return;
  auto const says_components = [&](invalid_settings const& e) {
    return e.field == "components on rank " + std::to_string(last);
  };
  if (odd)
    BOOST_CHECK_EXCEPTION(minimize(good, s, cluster, shuffled{}), invalid_settings,
                          says_components);
  else
    BOOST_CHECK_EXCEPTION(minimize(good, s, cluster), invalid_settings, says_components);
  works(cluster);
  warm_start const start(std::vector<double>(40, odd ? 0.5 : 0.25));
  BOOST_CHECK_EXCEPTION(minimize(good, s, cluster, start), invalid_settings,
                        [&](invalid_settings const& e) {
                          return e.field == "checksum of the start on rank " + std::to_string(last);
                        });
  works(cluster);
}

BOOST_FIXTURE_TEST_CASE(fewer_workers_than_ranks_are_refused_everywhere, fixture) {
  mpi cluster = make();
  if (cluster.ranks() == 1) return;
  s.workers = static_cast<std::size_t>(cluster.ranks()) - 1;
  BOOST_CHECK_EXCEPTION(minimize(good, s, cluster), invalid_settings,
                        [](invalid_settings const& e) { return e.field == "workers"; });
  s.workers = 8;
  works(cluster);
}

BOOST_FIXTURE_TEST_CASE(a_rank_that_throws_ends_the_run_on_all, fixture) {
  std::atomic<int> calls{0};
  for (averaging const how : {averaging::reproducible, averaging::fast}) {
    mpi cluster = make(2, how);
    for (int bad = 0; bad != cluster.ranks(); ++bad)
      for (int const call : {0, 1, 10, 23, 40, 61}) {  // in begin, at the start, later and later
        calls = 0;
        failing const f{{&data.dense, &data.reals}, &calls,
                        cluster.rank() == bad ? call : 1 << 30};
        auto const since = std::chrono::steady_clock::now();
        if (cluster.rank() == bad)
          BOOST_CHECK_EXCEPTION(
              minimize(f, s, cluster, constant_step{0.01}), std::domain_error,
              [](auto const& e) { return std::string(e.what()) == "a bad sample"; });
        else
          BOOST_CHECK_EXCEPTION(minimize(f, s, cluster, constant_step{0.01}), rank_failed,
                                [&](rank_failed const& e) {
                                  BOOST_TEST(e.rank == bad);
                                  BOOST_TEST(e.round <= 10u);
                                  return e.reason == "a bad sample";
                                });
        BOOST_TEST((std::chrono::steady_clock::now() - since < std::chrono::seconds(20)));
        if (how == averaging::reproducible) works(cluster);
      }
  }
}

BOOST_FIXTURE_TEST_CASE(an_observer_that_throws_or_stops_does_so_for_all, fixture) {
  struct third_time {
    bool throws;
    int calls = 0;
    proceed after_evaluation(evaluation const&, plan const&) {
      if (++calls != 3) return proceed::yes;
      if (throws) throw std::range_error("seen enough");
      return proceed::no;
    }
  };
  mpi cluster = make();
  s.evaluations = 5;
  third_time stops{false};
  auto const r = minimize(good, s, cluster, stops);
  BOOST_TEST((r.reason == stop_reason::observer_request));
  BOOST_TEST(r.history.size() == 3u);
  BOOST_TEST(stops.calls == (cluster.rank() == 0 ? 3 : 0));
  if (cluster.rank() == 0)
    BOOST_CHECK_THROW(minimize(good, s, cluster, third_time{true}), std::range_error);
  else
    BOOST_CHECK_THROW(minimize(good, s, cluster, third_time{true}), rank_failed);
  works(cluster);
}

BOOST_FIXTURE_TEST_CASE(large_messages_on_their_way_do_not_survive_a_failure, fixture) {
  problem const wide(8, 200000);  // far more than is sent without asking
  support::custom const all_good{&wide.dense, &wide.reals};
  std::atomic<int> calls{0};
  settings const few{.workers = 4, .local_steps = 1, .steps = 6};
  for (averaging const how : {averaging::reproducible, averaging::fast}) {
    mpi cluster = make(1, how);
    auto const expected = support::bits_without_bytes(minimize(all_good, few, cluster));
    for (int const call : {2, 5, 6}) {
      calls = 0;
      failing const f{{&wide.dense, &wide.reals}, &calls,
                      cluster.rank() == cluster.ranks() - 1 ? call : 1 << 30};
      // The third call is of the rule that chooses the step size, between begin and run.
      BOOST_CHECK_THROW(minimize(f, few, cluster), std::exception);
      auto const again = support::bits_without_bytes(minimize(all_good, few, cluster));
      if (how == averaging::reproducible) BOOST_TEST((again == expected));
    }
  }
}

BOOST_FIXTURE_TEST_CASE(a_rank_that_never_comes_is_missed_by_name, fixture) {
  int const last = support::mpi_ranks() - 1;
  if (last == 0) return;
  mpi cluster(MPI_COMM_WORLD, support::transported({.threads = 1,
                                                    .deadline = 0.5,
                                                    .on_lost_rank = on_lost_rank::raise}));
  works(cluster);
  if (support::mpi_rank() == last) {
    std::this_thread::sleep_for(std::chrono::seconds(2));
    return;
  }
  auto const since = std::chrono::steady_clock::now();
  for (int again = 0; again != 2; ++again)
    BOOST_CHECK_EXCEPTION(minimize(good, s, cluster), rank_failed, [&](rank_failed const& e) {
      BOOST_TEST(e.rank == last);
      BOOST_TEST(e.reason.find("no message from rank " + std::to_string(last)) == 0u);
      return e.reason.find("0.5 s") != std::string::npos;
    });
  BOOST_TEST((std::chrono::steady_clock::now() - since < std::chrono::seconds(5)));
}

BOOST_AUTO_TEST_CASE(options_out_of_range_are_refused) {
  BOOST_CHECK_THROW(mpi(MPI_COMM_WORLD, {.threads = 5000}), invalid_settings);
  BOOST_CHECK_THROW(mpi(MPI_COMM_WORLD, {.deadline = 0}), invalid_settings);
  mpi const chosen;
  BOOST_TEST(chosen.threads() >= 1u);
}
