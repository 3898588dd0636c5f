// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE runs_overlapped_checkpoints
#include "localsgd/localsgd.hpp"
#include "localsgd/synchronizer/basic_ranks.hpp"

#include <boost/test/unit_test.hpp>

#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <stop_token>
#include <string>
#include <vector>

#include "test/support/averagers.hpp"
#include "test/support/bad_input.hpp"
#include "test/support/cuts.hpp"
#include "test/support/mailbox_communicator.hpp"
#include "test/support/problems.hpp"

// An overlapped run that is cut, and resumed by other threads or ranks, is the run that was not.

namespace fs = std::filesystem;
using namespace localsgd;
using support::all_but_times;
using support::every_rounds;
using support::everything;
using support::few_samples;
using support::fifty;
using support::only_stops;
using support::stopping_sampler;

namespace {

using ranks = overlapped_on_ranks<support::mailbox>;

auto logistic_regression() {
  return linear_objective(few_samples().sparse, few_samples().labels, logistic{}, l2{0.01});
}

template <class F>
support::cuts survives_cuts(F const& f, settings const& s, std::uint64_t gap, std::size_t rounds,
                            auto const&... components) {
  std::array pools{overlapped(1), overlapped(2), overlapped(3), overlapped(5)};
  return support::survives_cuts(pools[0], pools, all_but_times{}, f, s, gap, rounds, components...);
}

/// All of a result that does not depend on who carried the workers, nor on the time.
template <class Scalar>
std::vector<std::uint64_t> on_any_ranks(result<Scalar> r) {
  r.bytes = 0;
  for (auto& e : r.history) e.bytes = 0;
  return everything(r);
}

/// The run on so many ranks, which all must come to the same.
template <class F>
result<typename F::scalar> on_ranks_of(std::size_t size, F const& f, settings const& s,
                                       fs::path const& path, std::stop_token const& stop,
                                       auto const&... components) {
  std::vector<result<typename F::scalar>> all(size);
  support::on_mailboxes(size, [&](support::post_office& office, std::size_t r) {
    ranks synchronizer({.threads = 1 + r % 2}, office, r);
    // Only the last rank is asked to stop.
    all[r] = minimize(f, s, synchronizer, components...,
                      checkpoint(path, only_stops(r + 1 == size ? stop : std::stop_token())));
  });
  for (auto const& each : all) BOOST_TEST((on_any_ranks(each) == on_any_ranks(all[0])));
  return all[0];
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_run_is_cut_in_every_round) {
  // The stop is granted three rounds later, and the last round needs no checkpoint.
  BOOST_TEST(survives_cuts(logistic_regression(), fifty, 4, 50).made == 47u);
  support::custom const f{&few_samples().dense, &few_samples().reals};
  BOOST_TEST(survives_cuts(f, fifty, 4, 50).made == 47u);
}

BOOST_AUTO_TEST_CASE(a_run_is_cut_after_every_round) {
  std::array pools{overlapped(1), overlapped(2), overlapped(3), overlapped(5)};
  BOOST_TEST(support::survives_a_cut_after_every_round(1, pools[0], pools, all_but_times{},
                                                       logistic_regression(), fifty) == 49u);
}

BOOST_AUTO_TEST_CASE(one_worker_continues_from_its_own_iterate) {
  settings s = fifty;
  s.workers = 1;
  support::custom const f{&few_samples().dense, &few_samples().reals};
  BOOST_TEST(survives_cuts(f, s, 4, 50).made == 47u);
}

BOOST_AUTO_TEST_CASE(an_averager_with_state_and_iterates_of_float) {
  linear_objective const f(few_samples().sparse, few_samples().labels, logistic{}, l2{0.01}, {},
                           iterate_type<float>{});
  BOOST_TEST(survives_cuts(f, fifty, 4, 50, server_momentum{.beta = 0.5}).made == 47u);
}

BOOST_AUTO_TEST_CASE(rounds_of_any_length_keep_their_largest_delay) {
  settings s = fifty;
  s.steps = 300;
  BOOST_TEST(survives_cuts(logistic_regression(), s, 10, 30, at_steps{{3, 50, 53, 54, 90, 200}})
                 .made > 2u);
}

BOOST_AUTO_TEST_CASE(variance_reduced_steps_and_a_tolerance) {
  settings s = fifty;  // an anchor every 40 steps: every 10th round
  BOOST_TEST(survives_cuts(logistic_regression(), s, 4, 50, svrg{}, constant_step{0.05})
                 .with_anchors == 47u);
  settings const t{.workers = 5, .local_steps = 2, .tolerance = 1e-9};
  auto const seen = survives_cuts(logistic_regression(), t, 4, 1000);
  BOOST_TEST(seen.with_anchors > 5u);
  BOOST_TEST(seen.made > seen.with_anchors);  // some while steps were plain
}

BOOST_AUTO_TEST_CASE(checkpoints_do_not_change_the_run) {
  support::temporary_path const path;
  overlapped pool(3);
  auto const expected = everything(minimize(logistic_regression(), fifty, pool));
  for (std::uint64_t const rounds : {1u, 2u, 3u, 7u}) {
    auto const r =
        minimize(logistic_regression(), fifty, pool, checkpoint(path(), every_rounds(rounds)));
    BOOST_TEST((everything(r) == expected));
  }
}

BOOST_AUTO_TEST_CASE(a_run_that_diverges_ends_in_the_same_round) {
  // A checkpoint makes the average of its round early, but is not the first to report it.
  support::temporary_path const path;
  support::custom const f{&few_samples().dense, &few_samples().reals};
  settings s = fifty;
  s.steps = 40000;
  for (std::size_t const threads : {1u, 3u}) {
    overlapped pool(threads);
    auto const expected = minimize(f, s, pool, constant_step{10});
    BOOST_TEST((expected.reason == stop_reason::diverged));
    for (std::uint64_t const rounds : {1u, 2u}) {
      auto const r =
          minimize(f, s, pool, constant_step{10}, checkpoint(path(), every_rounds(rounds)));
      BOOST_TEST((everything(r) == everything(expected)));
      BOOST_TEST(!fs::exists(path()));
    }
    // A stop at the end of the round whose average is not finite leaves no file to resume from.
    std::uint64_t const last = expected.rounds - 1;
    std::stop_source source;
    auto const r = minimize(f, s, pool, constant_step{10},
                            stopping_sampler{{}, &source, (last - 3) * s.local_steps},
                            checkpoint(path(), only_stops(source.get_token())));
    BOOST_TEST((r.reason == stop_reason::diverged));
    BOOST_TEST(r.rounds == expected.rounds);
    BOOST_TEST((r.last == expected.last));
    BOOST_TEST(!fs::exists(path()));
  }
}

BOOST_AUTO_TEST_CASE(ranks_resume_what_other_ranks_or_threads_have_left) {
  support::temporary_path const folder;
  fs::create_directory(folder());
  fs::path const path = folder() / "run.checkpoint";
  auto const f = logistic_regression();
  overlapped pool(3);
  auto const expected =
      on_any_ranks(minimize(f, fifty, pool, stopping_sampler{}, server_momentum{.beta = 0.5}));
  std::stop_source now;
  now.request_stop();
  std::size_t calls = 0;
  for (std::array<std::size_t, 5> const sizes{2, 1, 3, 0, 4};; ++calls) {  // 0: in one process
    std::size_t const size = sizes[calls % sizes.size()];
    auto const r = size != 0 ? on_ranks_of(size, f, fifty, path, now.get_token(), stopping_sampler{},
                                           server_momentum{.beta = 0.5})
                             : minimize(f, fifty, pool, stopping_sampler{},
                                        server_momentum{.beta = 0.5},
                                        checkpoint(path, only_stops(now.get_token())));
    if (r.reason != stop_reason::interrupted) {
      BOOST_TEST((on_any_ranks(r) == expected));
      break;
    }
    BOOST_REQUIRE(r.rounds == calls + 1);
  }
  BOOST_TEST(calls == 49u);
}

BOOST_AUTO_TEST_CASE(ranks_with_anchors_are_cut) {
  support::temporary_path const folder;
  fs::create_directory(folder());
  fs::path const path = folder() / "run.checkpoint";
  auto const f = logistic_regression();
  auto const expected = on_any_ranks(
      on_ranks_of(2, f, fifty, path, {}, stopping_sampler{}, svrg{}, constant_step{0.05}));
  for (std::uint64_t const step : {0u, 36u, 41u, 150u}) {
    std::stop_source source;
    auto const cut = on_ranks_of(3, f, fifty, path, source.get_token(),
                                 stopping_sampler{{}, &source, step}, svrg{}, constant_step{0.05});
    BOOST_TEST((cut.reason == stop_reason::interrupted));
    auto const r =
        on_ranks_of(2, f, fifty, path, {}, stopping_sampler{}, svrg{}, constant_step{0.05});
    BOOST_TEST((on_any_ranks(r) == expected));
    BOOST_TEST(!fs::exists(path));
  }
}

BOOST_AUTO_TEST_CASE(synchronous_runs_and_overlapped_ones_refuse_each_others_files) {
  support::temporary_path const path;
  auto const f = logistic_regression();
  std::stop_source now;
  now.request_stop();
  auto const leave = [&](auto&& synchronizer) {
    minimize(f, fifty, synchronizer, checkpoint(path(), only_stops(now.get_token())));
  };
  auto const found = [&](auto&& synchronizer) {
    auto const e = support::error_of<invalid_data>(
        [&] { minimize(f, fifty, synchronizer, checkpoint(path(), only_stops())); });
    BOOST_TEST(e.expected.find("as in this run") != std::string::npos);
    return e.found;
  };
  leave(overlapped(2));
  BOOST_TEST(found(thread_pool(2)) == "the checkpoint of a run with protocol = overlapped");
  fs::remove(path());
  leave(thread_pool(2));
  BOOST_TEST(found(overlapped(2)) == "the checkpoint of a run with protocol = synchronous");
}
