// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE runs_asynchronous_checkpoints
#include "localsgd/localsgd.hpp"
#include "localsgd/synchronizer/basic_ranks.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <optional>
#include <stdexcept>
#include <stop_token>
#include <vector>

#include "test/support/cuts.hpp"
#include "test/support/mailbox_communicator.hpp"
#include "test/support/problems.hpp"

// Checkpoints of asynchronous runs are written when all workers meet. On one thread and in virtual time
// a run that is cut has the bits of the one that was not. On several threads no two runs have the same
// bits: there, no step is lost or made twice, and the result is as good.

namespace fs = std::filesystem;
using namespace localsgd;
using support::every_rounds;
using support::everything;
using support::few_samples;
using support::fifty;
using support::only_stops;
using support::stopping_sampler;

namespace {

using ranks = asynchronous_on_ranks<support::one_sided_mailbox>;

/// One type of objective for double and one for float.
template <class Scalar = double>
auto logistic_regression() {
  return linear_objective(few_samples().sparse, few_samples().labels, logistic{}, l2{0.01}, {},
                          iterate_type<Scalar>{});
}
double minimum() {
  static double const it = minimize(logistic_regression(), {.tolerance = 1e-10}).objective;
  return it;
}

/// Counts how often each worker makes each of its steps. On any number of threads.
struct counting_sampler : stopping_sampler {
  std::vector<std::vector<int>>* made = nullptr;
  void draw(plan const& p, std::size_t worker, std::uint64_t step,
            std::span<std::size_t> out) const {
    std::uint64_t const end = step + out.size() / p.batch_size;
    for (std::uint64_t t = step; t != end; ++t) ++(*made)[worker][t];
    stopping_sampler::draw(p, worker, step, out);
  }
};

bool all_made_once(std::vector<std::vector<int>> const& made) {
  return std::ranges::all_of(made, [](auto const& of_worker) {
    return std::ranges::all_of(of_worker, [](int n) { return n == 1; });
  });
}
std::vector<std::vector<int>> no_steps(settings const& s) {
  return std::vector<std::vector<int>>(s.workers, std::vector<int>(s.steps));
}

/// What any complete run of these settings must have.
template <class Scalar>
void is_complete(result<Scalar> const& r, settings const& s) {
  BOOST_TEST((r.reason == stop_reason::steps_done));
  BOOST_TEST(r.steps == s.steps);
  BOOST_TEST(r.rounds == (s.steps + s.local_steps - 1) / s.local_steps);
  BOOST_TEST(r.exchanges == r.rounds);
  BOOST_TEST(r.gradients == s.workers * s.batch_size * s.steps);
  BOOST_TEST(r.history.size() == s.evaluations + 2);
  BOOST_TEST(std::ranges::is_sorted(r.history, {}, &evaluation::steps));
  BOOST_TEST(std::ranges::is_sorted(r.history, {}, &evaluation::seconds));
  BOOST_TEST(r.objective - minimum() <= r.certificate);
  BOOST_TEST(r.objective < r.history.front().objective);
}

}  // namespace

BOOST_AUTO_TEST_CASE(one_thread_is_cut_in_every_round) {
  // The next meeting, after this round, announces that the round after it is the last.
  std::array<asynchronous, 1> pool{asynchronous(1)};
  for (std::size_t const workers : {1u, 5u}) {
    settings s = fifty;
    s.workers = workers;
    BOOST_TEST(support::survives_cuts(pool[0], pool, support::all_but_times{},
                                      logistic_regression(), s, 4, 50)
                   .made == 48u);
  }
}

BOOST_AUTO_TEST_CASE(delays_are_the_same_after_a_cut) {
  std::array<asynchronous, 1> pool{asynchronous(1)};
  BOOST_TEST(support::survives_cuts(pool[0], pool, support::all_but_times{}, logistic_regression(),
                                    fifty, 4, 50, delay_adaptive(constant_step(1), 0.5))
                 .made == 48u);
}

BOOST_AUTO_TEST_CASE(the_aggregate_of_iterates_of_float_is_stored_as_double) {
  std::array<asynchronous, 1> pool{asynchronous(1)};
  BOOST_TEST(support::survives_cuts(pool[0], pool, support::all_but_times{},
                                    logistic_regression<float>(), fifty, 4, 50)
                 .made == 48u);
}

BOOST_AUTO_TEST_CASE(checkpoints_do_not_change_the_run_of_one_thread) {
  support::temporary_path const path;
  asynchronous pool(1);
  auto const expected = everything(minimize(logistic_regression(), fifty, pool));
  for (std::uint64_t const rounds : {1u, 3u}) {
    auto const r =
        minimize(logistic_regression(), fifty, pool, checkpoint(path(), every_rounds(rounds)));
    BOOST_TEST((everything(r) == expected));
    BOOST_TEST(!fs::exists(path()));
  }
}

BOOST_AUTO_TEST_CASE(no_step_of_several_threads_is_lost_or_made_twice) {
  support::temporary_path const path;
  settings const s = fifty;
  std::size_t cut_runs = 0;
  for (std::size_t round = 0; round < 50; round += 3) {
    auto made = no_steps(s);
    std::stop_source source;
    asynchronous first(1 + round % 4), second(1 + (round + 1) % 4);
    auto const cut = minimize(logistic_regression(), s, first,
                              counting_sampler{{{}, &source, 4 * round}, &made},
                              checkpoint(path(), every_rounds(5, source.get_token())));
    if (cut.reason == stop_reason::interrupted) {
      ++cut_runs;
      BOOST_TEST(cut.usable());
      BOOST_TEST(cut.steps == 4 * cut.rounds);
      BOOST_TEST(cut.history.back().steps == cut.steps);
      BOOST_TEST(cut.history.back().drift > 0);  // of this round
      BOOST_TEST(cut.objective - minimum() <= cut.certificate);
      for (auto const& of_worker : made)  // the steps of the rounds so far, and no others
        for (std::size_t t = 0; t != of_worker.size(); ++t)
          BOOST_TEST(of_worker[t] == (t < cut.steps ? 1 : 0));
      auto const r = minimize(logistic_regression(), s, second, counting_sampler{{}, &made},
                              checkpoint(path(), every_rounds(5)));
      is_complete(r, s);
      BOOST_TEST(r.delay >= cut.delay);
    } else {
      is_complete(cut, s);
    }
    BOOST_TEST(all_made_once(made));
    BOOST_TEST(!fs::exists(path()));
  }
  BOOST_TEST(cut_runs > 8u);  // stops are granted at the next multiple of 5 rounds, if not earlier
}

BOOST_AUTO_TEST_CASE(workers_that_wait_for_slow_ones_meet_as_well) {
  support::temporary_path const path;
  settings s = fifty;
  s.evaluations = 9;
  for (std::uint64_t const staleness : {0u, 6u}) {
    auto made = no_steps(s);
    std::stop_source source;
    asynchronous pool(3, staleness);
    auto const cut = minimize(logistic_regression(), s, pool,
                              counting_sampler{{{}, &source, 60}, &made},
                              checkpoint(path(), every_rounds(4, source.get_token())));
    BOOST_TEST((cut.reason == stop_reason::interrupted));
    // If the steps of a resumed run were counted from 0, the delay would be that of the whole run.
    auto const r = minimize(logistic_regression(), s, pool, counting_sampler{{}, &made},
                            checkpoint(path(), every_rounds(4)));
    is_complete(r, s);
    BOOST_TEST(r.delay <= std::max<std::uint64_t>(staleness, s.local_steps));
    BOOST_TEST(all_made_once(made));
  }
}

BOOST_AUTO_TEST_CASE(a_periodic_checkpoint_is_there_after_an_exception) {
  support::temporary_path const path;
  struct failing {
    std::uint64_t rounds;
    proceed after_evaluation(evaluation const& e, plan const&) const {
      if (e.rounds >= rounds) throw std::domain_error("mine");
      return proceed::yes;
    }
  };
  settings s = fifty;
  s.evaluations = 9;  // every 5 rounds
  for (std::uint64_t const rounds : {5u, 25u, 50u}) {
    asynchronous pool(3);
    BOOST_CHECK_THROW(minimize(logistic_regression(), s, pool, failing{rounds},
                               checkpoint(path(), every_rounds(4))),
                      std::domain_error);
    BOOST_REQUIRE(fs::exists(path()));
    is_complete(minimize(logistic_regression(), s, pool, checkpoint(path(), only_stops())), s);
  }
}

BOOST_AUTO_TEST_CASE(a_run_that_diverges_ends_and_leaves_no_file) {
  support::temporary_path const path;
  support::custom const f{&few_samples().dense, &few_samples().reals};
  settings s = fifty;
  s.steps = 40000;
  for (std::size_t const threads : {1u, 3u})
    for (std::uint64_t const rounds : {1u, 4u, 1000u}) {
      asynchronous pool(threads);
      auto const r =
          minimize(f, s, pool, constant_step{10}, checkpoint(path(), every_rounds(rounds)));
      BOOST_TEST((r.reason == stop_reason::diverged));
      BOOST_TEST(!fs::exists(path()));
    }
}

BOOST_AUTO_TEST_CASE(ranks_resume_what_other_ranks_or_threads_have_left) {
  support::temporary_path const folder;
  fs::create_directory(folder());
  fs::path const path = folder() / "run.checkpoint";
  auto made = no_steps(fifty);
  std::optional<result<double>> last;
  std::uint64_t before = 0;
  for (std::size_t const size : {3u, 2u, 0u, 4u}) {  // 0: in one process
    std::stop_source source;
    counting_sampler const sampler{{{}, size == 4 ? nullptr : &source, before + 10}, &made};
    if (size == 0) {
      asynchronous pool(2);
      last = minimize(logistic_regression(), fifty, pool, sampler,
                      checkpoint(path, every_rounds(3, source.get_token())));
    } else {
      std::vector<std::optional<result<double>>> all(size);
      support::on_mailboxes(size, [&](support::post_office& office, std::size_t r) {
        ranks synchronizer({.threads = 1}, office, r);
        all[r] = minimize(logistic_regression(), fifty, synchronizer, sampler,
                          checkpoint(path, every_rounds(3, r + 1 == size ? source.get_token()
                                                                         : std::stop_token())));
      });
      for (auto const& each : all) BOOST_TEST((everything(*each) == everything(*all[0])));
      last = all[0];
    }
    if (size == 4) break;
    BOOST_REQUIRE((last->reason == stop_reason::interrupted));
    BOOST_REQUIRE(fs::exists(path));
    BOOST_TEST(last->steps > before + 10);
    before = last->steps;
  }
  is_complete(*last, fifty);
  BOOST_TEST(all_made_once(made));
  BOOST_TEST(!fs::exists(path));
}

BOOST_AUTO_TEST_CASE(ranks_that_diverge_end_together) {
  support::temporary_path const folder;
  fs::create_directory(folder());
  support::custom const f{&few_samples().dense, &few_samples().reals};
  settings s = fifty;
  s.steps = 40000;
  support::on_mailboxes(3, [&](support::post_office& office, std::size_t r) {
    ranks synchronizer({.threads = 1}, office, r);
    auto const outcome = minimize(f, s, synchronizer, constant_step{10},
                                  checkpoint(folder() / "run.checkpoint", every_rounds(7)));
    if (outcome.reason != stop_reason::diverged) throw std::logic_error("has not diverged");
  });
  BOOST_TEST(!fs::exists(folder() / "run.checkpoint"));
}
