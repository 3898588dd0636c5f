// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE mpi_sharded
#include "test/support/mpi.hpp"
#include "test/support/temporary_path.hpp"

#include <boost/test/unit_test.hpp>

#include <cmath>
#include <cstddef>
#include <filesystem>
#include <optional>
#include <stop_token>
#include <string>
#include <utility>
#include <vector>

// Data that no rank holds whole: each rank has the shards of its workers, and the answer is that of
// one process that has them all.

using namespace localsgd;
using support::mpi_session;
using support::problem;

BOOST_TEST_GLOBAL_FIXTURE(mpi_session);

namespace {

using sparse_data = dataset<csr_matrix<float>>;

/// 211 lines in LIBSVM format, with 30 features of which the last lines use the first ten only.
std::string const& text() {
  static std::string const all = [] {
    problem const data(211, 30, 0.3);
    std::string s;
    for (std::size_t i = 0; i != 211; ++i) {
      s += data.labels[i] > 0 ? "+1" : "-1";
      for (std::size_t j = 0; j != (i < 60 ? 30 : 10); ++j)
        if (data.dense(i, j) != 0) {
          s += " ";
          s += std::to_string(j + 1) + ":" + std::to_string(data.dense(i, j));
        }
      s += "\n";
    }
    return s;
  }();
  return all;
}

/// The shards of the workers that a synchronizer carries, read on demand.
struct shards {
  std::vector<std::optional<sparse_data>> data;
  std::size_t columns;

  explicit shards(std::size_t workers, std::size_t d = 30) : data(workers), columns(d) {}

  linear_objective<csr_matrix<float>, logistic> operator()(std::size_t k) {
    data[k] = parse_libsvm(text(), "text",
                           {.columns = columns, .shard = k, .shards = data.size()});
    return {data[k]->features, data[k]->targets, logistic{}, l2{0.01}};
  }
};

auto whole(auto& synchronizer, std::size_t workers, auto& from) {
  return sharded_objective(synchronizer, workers, [&](std::size_t k) { return from(k); });
}

std::vector<std::size_t> worker_counts() {
  std::vector<std::size_t> counts;
  for (std::size_t const k : {1u, 2u, 3u, 4u, 7u, 13u})
    if (k >= static_cast<std::size_t>(support::mpi_ranks())) counts.push_back(k);
  return counts;
}

}  // namespace

BOOST_AUTO_TEST_CASE(the_bits_are_those_of_one_process_that_holds_all_shards) {
  for (std::size_t const threads :
       {std::size_t{1}, std::size_t{2}, static_cast<std::size_t>(support::mpi_rank()) + 1}) {
    mpi ranks(MPI_COMM_WORLD, support::transported({.threads = threads, .deadline = 60}));
    for (std::size_t const k : worker_counts()) {
      settings const s{.workers = k, .local_steps = 5, .epochs = 4, .evaluations = 3};
      mpi one = support::alone();
      shards all(k), mine(k);
      auto const expected = minimize(whole(one, k, all), s, one, shuffled{});
      auto const f = whole(ranks, k, mine);
      auto const r = minimize(f, s, ranks, shuffled{});
      BOOST_TEST((support::bits_without_bytes(r) == support::bits_without_bytes(expected)));
      BOOST_TEST(f.samples() == 211u);
      // With variance-reduced steps, too.
      settings const to_the_end{.workers = k, .tolerance = 1e-8};
      auto const far = minimize(f, to_the_end, ranks);
      BOOST_TEST((far.reason == stop_reason::tolerance_reached));
      BOOST_TEST((support::bits_without_bytes(far) ==
                  support::bits_without_bytes(minimize(whole(one, k, all), to_the_end, one))));
      // No rank has read the shards of others.
      index_range const here = ranks.carries(k);
      for (std::size_t i = 0; i != k; ++i)
        BOOST_TEST(mine.data[i].has_value() == (i >= here.first && i < here.last));
    }
  }
}

BOOST_AUTO_TEST_CASE(the_certificate_is_that_of_all_samples) {
  std::size_t const k = 4;
  mpi ranks(MPI_COMM_WORLD, support::transported({.threads = 1, .deadline = 60}));
  shards mine(k);
  auto const r = minimize(whole(ranks, k, mine),
                          {.workers = k, .local_steps = 1, .epochs = 20000, .tolerance = 1e-3},
                          ranks);
  BOOST_TEST((r.reason == stop_reason::tolerance_reached));
  auto const data = parse_libsvm(text(), "text");
  linear_objective const f(data.features, data.targets, logistic{}, l2{0.01});
  mpi one = support::alone();
  auto const best = minimize(f, {.workers = k, .tolerance = 1e-11}, one);
  BOOST_TEST(r.objective - best.objective <= 1e-3);
  BOOST_TEST(r.certificate >= r.objective - best.objective);
  std::vector<std::size_t> all(f.samples());
  for (std::size_t i = 0; i != all.size(); ++i) all[i] = i;
  std::vector<double> g(f.dimension());
  BOOST_TEST(f.gradient(r.x, all, g) == r.objective, boost::test_tools::tolerance(1e-13));
}

// The slopes at an anchor are with the shards, and in no checkpoint.
BOOST_AUTO_TEST_CASE(a_run_that_was_cut_goes_on_with_the_same_bits) {
  std::size_t const k = 4;
  mpi ranks(MPI_COMM_WORLD, support::transported({.threads = 1, .deadline = 60}));
  shards mine(k);
  auto const f = whole(ranks, k, mine);
  settings const s{.workers = k, .local_steps = 9, .epochs = 8};
  auto const expected = support::bits_without_bytes(minimize(f, s, ranks, svrg{}));
  // Only the path of rank 0 counts, and the others have none.
  support::temporary_path const path;
  std::filesystem::path const file =
      ranks.rank() == 0 ? path() : std::filesystem::path("/no/such/folder/file");
  int cuts = 0;
  for (; cuts != 200; ++cuts) {
    std::stop_source stop;
    stop.request_stop();
    auto const r = minimize(
        f, s, ranks, svrg{},
        checkpoint(file, {.seconds = 0, .signals = false, .stop = stop.get_token()}));
    if (r.reason == stop_reason::interrupted) continue;
    BOOST_TEST((support::bits_without_bytes(r) == expected));
    break;
  }
  BOOST_TEST(cuts > 10);
  BOOST_TEST(cuts < 200);
}

BOOST_AUTO_TEST_CASE(ranks_that_wait_for_nobody_have_shards_too) {
  std::size_t const k = 4;
  asynchronous_mpi ranks(MPI_COMM_WORLD, {.deadline = 60});
  overlapped_mpi overlapping(MPI_COMM_WORLD, support::transported({.threads = 1, .deadline = 60}));
  shards here(k), there(k);
  settings const s{.workers = k, .local_steps = 4, .epochs = 60};
  double const start = std::log(2.0);
  // Half of what there is to gain, or more.
  auto const data = parse_libsvm(text(), "text");
  linear_objective const f(data.features, data.targets, logistic{}, l2{0.01});
  mpi one = support::alone();
  double const best = minimize(f, {.tolerance = 1e-8}, one).objective;
  BOOST_TEST(minimize(whole(ranks, k, here), s, ranks).objective < (start + best) / 2);
  BOOST_TEST(minimize(whole(overlapping, k, there), s, overlapping).objective < (start + best) / 2);
}

BOOST_AUTO_TEST_CASE(shards_that_differ_in_d_stop_all_ranks_with_the_same_error) {
  mpi ranks(MPI_COMM_WORLD, support::transported({.threads = 1, .deadline = 60}));
  std::size_t const k = 4, last = static_cast<std::size_t>(ranks.ranks()) - 1;
  shards mine(k, 0);  // as many columns as the shard happens to use
  BOOST_CHECK_EXCEPTION(whole(ranks, k, mine), invalid_settings, [&](invalid_settings const& e) {
    BOOST_TEST(e.field ==
               "dimension of the shard of worker 3 on rank " + std::to_string(last));
    return std::string(e.what()).find("30, as in the shard of worker 0") != std::string::npos;
  });
  shards good(k, 30);
  auto const f = whole(ranks, k, good);
  BOOST_TEST(f.dimension() == 30u);
}

BOOST_AUTO_TEST_CASE(a_shard_that_cannot_be_read_is_heard_of_on_all_ranks) {
  mpi ranks(MPI_COMM_WORLD, support::transported({.threads = 1, .deadline = 60}));
  std::size_t const k = 4;
  shards from(k);
  auto const unreadable = [&](std::size_t worker) {
    if (worker == 2) from.data.at(2) = parse_libsvm("+1 7:x", "the third file");
    return from(worker);
  };
  bool const mine = ranks.rank_of(k, 2) == static_cast<std::size_t>(ranks.rank());
  if (mine)
    BOOST_CHECK_THROW(sharded_objective(ranks, k, unreadable), invalid_data);
  else
    BOOST_CHECK_EXCEPTION(
        sharded_objective(ranks, k, unreadable), rank_failed, [&](rank_failed const& e) {
          BOOST_TEST(e.rank == static_cast<int>(ranks.rank_of(k, 2)));
          return e.reason.find("the third file") != std::string::npos;
        });
  shards good(k);
  BOOST_TEST(whole(ranks, k, good).samples() == 211u);
}

BOOST_AUTO_TEST_CASE(the_synchronizer_of_the_run_is_that_of_the_shards) {
  mpi ranks(MPI_COMM_WORLD, support::transported({.threads = 1, .deadline = 60}));
  if (ranks.ranks() == 1) return;
  shards mine(4);
  auto const f = whole(ranks, 4, mine);
  mpi one = support::alone();
  BOOST_CHECK_EXCEPTION(minimize(f, {.workers = 4}, one), invalid_settings,
                        [](invalid_settings const& e) { return e.field == "synchronizer"; });
}
