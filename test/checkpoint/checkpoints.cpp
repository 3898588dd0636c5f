// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE checkpoint_checkpoints
#include "localsgd/checkpoint/checkpoints.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <functional>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <string_view>
#include <vector>

#include "test/support/averagers.hpp"
#include "test/support/cuts.hpp"
#include "test/support/problems.hpp"
#include "test/support/runs.hpp"
#include "test/support/temporary_path.hpp"

#if defined(__unix__)
#include <sys/resource.h>
#include <sys/wait.h>
#include <unistd.h>
#endif

// A run that is cut, and resumed on another number of threads, is the run that was not.

namespace fs = std::filesystem;
using namespace localsgd;
using support::every_rounds;
using support::everything;
using support::only_stops;
using support::outer_momentum;
using support::problem;
using support::stopping_sampler;

namespace {

/// Cuts a run in each of so many rounds of `gap` steps.
template <class F>
support::cuts survives_cuts(F const& f, settings const& s, std::uint64_t gap, std::size_t rounds,
                            auto const&... components) {
  serial alone;
  std::array pools{thread_pool(1), thread_pool(2), thread_pool(3)};
  return support::survives_cuts(alone, pools, support::all_but_times{}, f, s, gap, rounds,
                                components...);
}

/// Does something at the evaluation with this number, from 0.
struct at_evaluation {
  std::size_t number;
  std::function<void()> act;  // one type: each type of an observer is another type of run
  std::size_t seen = 0;
  proceed after_evaluation(evaluation const&, plan const&) {
    if (seen++ == number) act();
    return proceed::yes;
  }
};

/// The usual run: 50 rounds of 4 steps.
settings const fifty{.workers = 4, .local_steps = 4, .steps = 200, .seed = 3, .evaluations = 3};
problem const& data() {
  static problem const it(200, 20);
  return it;
}
support::custom usual() { return {&data().dense, &data().reals}; }

fs::path entry_of(fs::path const& folder) {
  fs::create_directory(folder);
  return folder / "run.checkpoint";
}
std::size_t files_in(fs::path const& folder) {
  return static_cast<std::size_t>(std::distance(fs::directory_iterator(folder), {}));
}

/// Leaves the checkpoint of a cut run at `path`.
void leave_one(auto const& f, fs::path const& path, settings const& s, auto const&... components) {
  std::stop_source source;
  source.request_stop();
  auto const r = minimize(f, s, serial{}, checkpoint(path, only_stops(source.get_token())),
                          components...);
  BOOST_REQUIRE((r.reason == stop_reason::interrupted));
  BOOST_REQUIRE(fs::exists(path));
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_checkpoint_that_is_not_due_changes_nothing) {
  support::temporary_path const path;
  auto const with = minimize(usual(), fifty, serial{}, checkpoint(path(), only_stops()));
  BOOST_TEST((everything(with) == everything(minimize(usual(), fifty, serial{}))));
}

BOOST_AUTO_TEST_CASE(sparse_steps_resume_with_the_same_bits) {
  problem const few(200, 40, 0.1);
  linear_objective const f(few.sparse, few.labels, logistic{}, l2{0.01}, {.intercept = 1});
  BOOST_TEST(survives_cuts(f, fifty, 4, 50).made == 48u);
}

BOOST_AUTO_TEST_CASE(a_run_with_a_free_intercept_does_not_resume_one_that_regularizes_it) {
  problem const few(200, 40, 0.1);
  linear_objective const f(few.sparse, few.labels, logistic{}, l2{0.01}, {.intercept = 1});
  linear_objective const g(few.sparse, few.labels, logistic{}, l2{0.01},
                           {.intercept = 1, .regularize_intercept = true});
  support::temporary_path const path;
  leave_one(f, path(), fifty);
  auto const e = support::error_of<invalid_data>(
      [&] { minimize(g, fifty, serial{}, checkpoint(path(), only_stops())); });
  BOOST_TEST(e.found.find("regularize_intercept = 0") != std::string::npos);
}

BOOST_AUTO_TEST_CASE(sparse_steps_that_exchange_what_they_touched) {
  problem const few(100, 4000, 0.001);
  linear_objective const f(few.sparse, few.labels, logistic{}, l2{0.01});
  BOOST_TEST(survives_cuts(f, fifty, 4, 50).made == 48u);
}

BOOST_AUTO_TEST_CASE(an_interrupted_run_returns_the_point_where_it_was_cut) {
  // Where only what was touched is exchanged, nobody has that point as a vector in between.
  problem const few(100, 4000, 0.001);
  linear_objective const f(few.sparse, few.labels, logistic{}, l2{0.01});
  for (auto const exchanged : {exchanged_coordinates::touched, exchanged_coordinates::all}) {
    support::temporary_path const path;
    std::stop_source source;
    auto const cut =
        minimize(f, fifty, serial{}, linear_sgd{exchanged}, constant_step{0.1},
                 stopping_sampler{{}, &source, 23},
                 checkpoint(path(), only_stops(source.get_token())));
    settings shorter = fifty;
    shorter.steps = 28;
    auto const until_then =
        minimize(f, shorter, serial{}, linear_sgd{exchanged}, constant_step{0.1});
    BOOST_TEST((cut.reason == stop_reason::interrupted));
    BOOST_TEST((cut.last == until_then.last));
    BOOST_TEST((cut.average == until_then.average));
    BOOST_TEST(cut.objective == until_then.objective);
    BOOST_TEST(cut.history.back().drift == until_then.history.back().drift);
  }
}

BOOST_AUTO_TEST_CASE(dense_steps_resume_with_the_same_bits) {
  linear_objective const f(data().dense_float, data().reals, squared{}, l2{0.01});
  BOOST_TEST(survives_cuts(f, fifty, 4, 50).made == 48u);
}

BOOST_AUTO_TEST_CASE(iterates_of_float_resume_with_the_same_bits) {
  linear_objective const f(data().sparse, data().labels, logistic{}, l2{0.01}, {},
                           iterate_type<float>{});
  BOOST_TEST(survives_cuts(f, fifty, 4, 50).made == 48u);
  BOOST_TEST(survives_cuts(f, fifty, 4, 50, sgd{}).made == 48u);
}

BOOST_AUTO_TEST_CASE(softmax_regression_resumes_with_the_same_bits) {
  softmax_objective const f(data().dense_float, data().classes, 3, l2{0.01});
  BOOST_TEST(survives_cuts(f, fifty, 4, 50).made == 48u);
  softmax_objective const sparse(data().sparse, data().classes, 3, l2{0.01});
  BOOST_TEST(survives_cuts(sparse, fifty, 4, 50).made == 48u);
}

BOOST_AUTO_TEST_CASE(a_custom_objective_and_batches) {
  settings s = fifty;
  s.workers = 7;
  s.batch_size = 3;
  BOOST_TEST(survives_cuts(usual(), s, 4, 50).made == 48u);
}

BOOST_AUTO_TEST_CASE(an_averager_with_state) {
  BOOST_TEST(survives_cuts(usual(), fifty, 4, 50, outer_momentum{}).made == 48u);
}

BOOST_AUTO_TEST_CASE(encoders_with_state) {
  BOOST_TEST(survives_cuts(usual(), fifty, 4, 50, top_k{0.2}).made == 48u);
  BOOST_TEST(survives_cuts(usual(), fifty, 4, 50, random_k{0.2}).made == 48u);
  linear_objective const f(data().sparse, data().labels, logistic{}, l2{0.01});
  BOOST_TEST(survives_cuts(f, fifty, 4, 50, svrg{}, quantized{3}).with_anchors == 48u);
}

BOOST_AUTO_TEST_CASE(variance_reduced_steps) {
  settings s = fifty;  // an anchor every 50 steps: every 13th round
  linear_objective const f(data().sparse, data().labels, logistic{}, l2{0.01});
  BOOST_TEST(survives_cuts(f, s, 4, 50, svrg{}).with_anchors == 48u);
  BOOST_TEST(survives_cuts(usual(), s, 4, 50, svrg{}, constant_step{0.01}).with_anchors == 48u);
}

BOOST_AUTO_TEST_CASE(proximal_steps) {
  settings s = fifty;
  linear_objective const f(data().sparse, data().labels, logistic{}, l1{0.02}, {.intercept = 1});
  BOOST_TEST(survives_cuts(f, s, 4, 50).with_anchors == 48u);
  BOOST_TEST(survives_cuts(f, s, 4, 50, sgd{}).made == 48u);
  s.tolerance = 1e-300;  // Newton steps first, then local ones until the run has stalled
  s.steps = 2000;
  BOOST_TEST(survives_cuts(f, s, 4, 500).made > 10u);
  linear_objective const dense(data().dense, data().reals, squared{}, elastic_net{0.02, 0.01});
  BOOST_TEST(survives_cuts(dense, fifty, 4, 50).with_anchors == 48u);
}

BOOST_AUTO_TEST_CASE(variance_reduced_steps_that_are_taken_back) {
  settings s = fifty;  // diverges between anchors: f must not rise, so steps are halved
  linear_objective const f(data().dense, data().reals, squared{}, l2{0.01});
  BOOST_TEST(survives_cuts(f, s, 4, 50, svrg{}, constant_step{2}).made == 48u);
}

BOOST_AUTO_TEST_CASE(a_tolerance_before_and_after_steps_change_over) {
  linear_objective const f(data().sparse, data().labels, logistic{}, l2{0.01});
  settings const s{.workers = 4, .local_steps = 1, .tolerance = 1e-9};
  auto const seen = survives_cuts(f, s, 4, 1000);
  BOOST_TEST(seen.with_anchors > 10u);
  BOOST_TEST(seen.made - seen.with_anchors > 0u);  // some while steps were plain
  linear_objective const shifted(data().sparse, data().labels, logistic{}, l2{0.01},
                                 {.intercept = 1});
  BOOST_TEST(survives_cuts(shifted, s, 4, 1000).with_anchors > 10u);
  softmax_objective const softmax(data().dense_float, data().classes, 3, l2{0.01});
  settings const t{.workers = 4, .local_steps = 2, .tolerance = 1e-5, .evaluations = 200};
  BOOST_TEST(survives_cuts(softmax, t, 10, 1000).made > 4u);
}

BOOST_AUTO_TEST_CASE(a_schedule_that_follows_the_objective) {
  settings s = fifty;
  s.steps = 400;
  s.evaluations = 20;
  linear_objective const f(data().sparse, data().labels, logistic{}, l2{0.01});
  BOOST_TEST(survives_cuts(f, s, 8, 50, adaptive{8}).made > 40u);
  BOOST_TEST(survives_cuts(f, s, 8, 50, growing{1, 1}).made > 10u);
}

BOOST_AUTO_TEST_CASE(one_worker_and_shards) {
  settings s = fifty;
  s.workers = 1;
  BOOST_TEST(survives_cuts(usual(), s, 4, 50).made == 48u);
  support::temporary_path const path;
  s.workers = 3;
  auto const expected = everything(minimize(usual(), s, serial{}, sharded{}, weighted_mean{}));
  leave_one(usual(), path(), s, sharded{}, weighted_mean{});
  auto const resumed = minimize(usual(), s, thread_pool(2), sharded{}, weighted_mean{},
                                checkpoint(path(), only_stops()));
  BOOST_TEST((everything(resumed) == expected));
}

BOOST_AUTO_TEST_CASE(a_run_cut_after_every_round) {
  linear_objective const f(data().sparse, data().labels, logistic{}, l2{0.01});
  settings const s{.workers = 4, .local_steps = 3, .epochs = 30, .tolerance = 1e-7};
  serial alone;
  std::array pools{thread_pool(1), thread_pool(2), thread_pool(3), thread_pool(4)};
  BOOST_TEST(support::survives_a_cut_after_every_round(1, alone, pools, support::all_but_times{}, f,
                                                       s) > 20u);
}

BOOST_AUTO_TEST_CASE(a_periodic_checkpoint_is_there_after_an_exception) {
  support::temporary_path const path;
  settings s = fifty;
  s.evaluations = 9;
  auto const expected = everything(minimize(usual(), s, serial{}));
  for (std::size_t const at : {2u, 5u, 10u}) {  // the last one at the end
    auto const fail = [] { throw std::domain_error("mine"); };
    BOOST_CHECK_THROW(minimize(usual(), s, thread_pool(2), at_evaluation{at, fail},
                               checkpoint(path(), every_rounds(7))),
                      std::domain_error);
    BOOST_REQUIRE(fs::exists(path()));
    bool looked = false;
    auto const look = [&] { looked = true; };
    auto const r = minimize(usual(), s, thread_pool(3), checkpoint(path(), every_rounds(7)),
                            at_evaluation{0, look});
    BOOST_TEST((everything(r) == expected));
    BOOST_TEST(looked);
    BOOST_TEST(!fs::exists(path()));
  }
}

BOOST_AUTO_TEST_CASE(checkpoints_by_time) {
  support::temporary_path const path;
  checkpoint_options options;
  options.seconds = 1e-9;  // after every round
  options.signals = false;
  bool there = false;
  auto const look = [&] { there = fs::exists(path()); };
  auto const r = minimize(usual(), fifty, serial{}, at_evaluation{2, look},
                          checkpoint(path(), options));
  BOOST_TEST(there);
  BOOST_TEST((r.reason == stop_reason::steps_done));
  BOOST_TEST(!fs::exists(path()));
  options.seconds = 3600;
  there = false;
  minimize(usual(), fifty, serial{}, at_evaluation{4, look}, checkpoint(path(), options));
  BOOST_TEST(!there);
}

BOOST_AUTO_TEST_CASE(the_seconds_of_a_resumed_run_continue) {
  support::temporary_path const path;
  std::stop_source source;
  auto const cut = minimize(usual(), fifty, serial{}, stopping_sampler{{}, &source, 100},
                            checkpoint(path(), only_stops(source.get_token())));
  auto const resumed =
      minimize(usual(), fifty, serial{}, stopping_sampler{}, checkpoint(path(), only_stops()));
  BOOST_TEST(cut.seconds > 0);
  BOOST_TEST(resumed.seconds > cut.history[cut.history.size() - 2].seconds);
  BOOST_TEST(std::ranges::is_sorted(resumed.history, {}, &evaluation::seconds));
}

BOOST_AUTO_TEST_CASE(an_end_by_the_observer_removes_it_and_so_does_divergence) {
  support::temporary_path const path;
  struct ends {
    proceed after_evaluation(evaluation const& e, plan const&) {
      return e.steps > 100 ? proceed::no : proceed::yes;
    }
  };
  auto const r = minimize(usual(), fifty, serial{}, ends{}, checkpoint(path(), every_rounds(1)));
  BOOST_TEST((r.reason == stop_reason::observer_request));
  BOOST_TEST(!fs::exists(path()));
  settings s = fifty;
  s.steps = 40000;
  auto const d =
      minimize(usual(), s, serial{}, constant_step{10}, checkpoint(path(), every_rounds(1)));
  BOOST_TEST((d.reason == stop_reason::diverged));
  BOOST_TEST(!fs::exists(path()));
}

BOOST_AUTO_TEST_CASE(the_checkpoint_of_another_run_is_refused_by_what_differs) {
  support::temporary_path const path;
  auto const f = usual();
  leave_one(f, path(), fifty, constant_step{0.01});
  auto const bytes = fs::file_size(path());
  auto const refused = [&](std::string_view line, auto const& g, settings const& s,
                           auto const&... components) {
    auto const e = support::error_of<invalid_data>([&] {
      minimize(g, s, thread_pool(2), checkpoint(path(), only_stops()), components...);
    });
    BOOST_TEST(e.file == path().string());
    BOOST_TEST_INFO(e.what() << " names " << line);
    BOOST_TEST(e.found.find("the checkpoint of a run with " + std::string(line)) == 0u);
    BOOST_TEST(e.expected.find("to start a new run, remove the file") != std::string::npos);
  };
  auto const with = [](auto member, auto value) {
    settings s = fifty;
    s.*member = value;
    return s;
  };
  constant_step const eta{0.01};
  refused("workers = 4", f, with(&settings::workers, std::size_t{5}), eta);
  refused("batch_size = 1", f, with(&settings::batch_size, std::size_t{2}), eta);
  refused("steps = 200", f, with(&settings::steps, std::uint64_t{201}), eta);
  refused("local_steps = 4", f, with(&settings::local_steps, std::size_t{5}), eta);
  refused("seed = 3", f, with(&settings::seed, std::uint64_t{4}), eta);
  refused("tolerance = 0", f, with(&settings::tolerance, 1e-3), eta);
  refused("evaluations = 3", f, with(&settings::evaluations, std::size_t{4}), eta);
  refused("first step size = 0.01", f, fifty, constant_step{0.02});
  refused("averager = mean", f, fifty, eta, outer_momentum{});
  refused("component", f, fifty, eta, shuffled{});
  refused("last step size = 0.01", f, fifty, inverse_time_step{0.01, 1});

  problem const more(201, 20), wider(200, 21);
  refused("samples = 200", support::custom{&more.dense, &more.reals}, fifty, eta);
  refused("dimension = 20", support::custom{&wider.dense, &wider.reals}, fifty, eta);
  auto targets = data().reals;
  for (double& y : targets) y = -y;
  refused("loss at a point", support::custom{&data().dense, &targets}, fifty, eta);

  BOOST_TEST(fs::file_size(path()) == bytes);  // it is still there, for the right one
  auto const r = minimize(f, fifty, eta, checkpoint(path(), only_stops()));
  BOOST_TEST((everything(r) == everything(minimize(f, fifty, eta))));
}

BOOST_AUTO_TEST_CASE(a_damaged_file_is_refused_and_nothing_is_started) {
  support::temporary_path const path("not a checkpoint");
  std::size_t looks = 0;
  auto const look = [&] { ++looks; };
  auto const e = support::error_of<invalid_data>([&] {
    minimize(usual(), fifty, thread_pool(3), checkpoint(path()), at_evaluation{0, look});
  });
  BOOST_TEST(e.found == "a file in another format");
  BOOST_TEST(looks == 0u);
}

namespace {

/// Says another state when it is read than when it is written.
struct forgetful {
  bool too_much = false;

  template <class Scalar>
  struct bound : outer_momentum::bound<Scalar> {
    bool too_much = false;
    template <class Archive>
    void state(Archive& archive) {
      auto& v = this->velocity;
      if constexpr (std::is_same_v<Archive, detail::state_writer>)
        archive(v);
      else if (!too_much)
        return;
      else
        archive(v, v, v, v, v, v, v, v);
    }
  };
  template <class Scalar>
  bound<Scalar> bind(plan const& p, std::span<std::size_t const> sizes) const {
    return {outer_momentum{}.bind<Scalar>(p, sizes), too_much};
  }
  static std::string identity() { return "forgetful"; }
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_state_that_is_not_read_as_it_was_written_is_an_error) {
  support::temporary_path const path;
  leave_one(usual(), path(), fifty, forgetful{});
  for (bool const too_much : {false, true}) {
    forgetful averager;
    averager.too_much = too_much;
    BOOST_CHECK_THROW(
        minimize(usual(), fifty, serial{}, averager, checkpoint(path(), only_stops())),
        invalid_data);
  }
}

BOOST_AUTO_TEST_CASE(an_unwritable_path_is_an_error_before_the_first_step) {
  support::temporary_path const folder;
  fs::path const path = entry_of(folder()).parent_path() / "missing" / "run.checkpoint";
  std::size_t looks = 0;
  auto const look = [&] { ++looks; };
  auto const e = support::error_of<fs::filesystem_error>([&] {
    minimize(usual(), fifty, thread_pool(2), checkpoint(path), at_evaluation{0, look});
  });
  BOOST_TEST((e.path1() == path));
  BOOST_TEST((e.code() == std::errc::no_such_file_or_directory));
  BOOST_TEST(looks == 0u);
}

BOOST_AUTO_TEST_CASE(a_run_leaves_nothing_but_its_file) {
  support::temporary_path const folder;
  auto const path = entry_of(folder());
  minimize(usual(), fifty, checkpoint(path, every_rounds(3)));
  BOOST_TEST(files_in(folder()) == 0u);
  leave_one(usual(), path, fifty);
  BOOST_TEST(files_in(folder()) == 1u);
}

BOOST_AUTO_TEST_CASE(a_signal_ends_the_run_and_the_previous_handlers_are_restored) {
  static volatile std::sig_atomic_t mine = 0;
  auto* const before = std::signal(SIGTERM, [](int) { mine = mine + 1; });
  support::temporary_path const path;
  checkpoint_options const by_signal{.rounds = 0, .seconds = 0, .signals = true, .stop = {}};
  auto const raise = [] { std::raise(SIGTERM); };
  auto const expected = everything(minimize(usual(), fifty, serial{}));
  auto const cut = minimize(usual(), fifty, thread_pool(2), at_evaluation{1, raise},
                            checkpoint(path(), by_signal));
  BOOST_TEST((cut.reason == stop_reason::interrupted));
  BOOST_TEST(cut.usable());
  BOOST_TEST(cut.rounds < 50u);
  BOOST_TEST(mine == 0);
  std::raise(SIGTERM);
  BOOST_TEST(mine == 1);

  // One that comes too late to end the run is passed on.
  auto const resumed = minimize(usual(), fifty, thread_pool(3), at_evaluation{2, raise},
                                checkpoint(path(), by_signal));
  BOOST_TEST((everything(resumed) == expected));
  BOOST_TEST(mine == 2);

  // So is one that meets an exception.
  auto const raise_and_fail = [] {
    std::raise(SIGTERM);
    throw std::domain_error("mine");
  };
  BOOST_CHECK_THROW(minimize(usual(), fifty, serial{}, at_evaluation{1, raise_and_fail},
                             checkpoint(path(), by_signal)),
                    std::domain_error);
  BOOST_TEST(mine == 3);
  std::signal(SIGTERM, before);
}

BOOST_AUTO_TEST_CASE(the_order_of_components_does_not_matter) {
  support::temporary_path const path;
  auto const expected = everything(minimize(usual(), fifty, sgd{}, constant_step{0.01}));
  leave_one(usual(), path(), fifty, sgd{}, constant_step{0.01});
  auto const r = minimize(usual(), fifty, checkpoint(path(), only_stops()), constant_step{0.01},
                          thread_pool(2), sgd{});
  BOOST_TEST((everything(r) == expected));
}

#if defined(__unix__)

BOOST_AUTO_TEST_CASE(a_full_disk_ends_the_run_and_the_last_good_file_stays) {
  support::temporary_path const folder;
  auto const path = entry_of(folder());
  auto const expected = everything(minimize(usual(), fifty, serial{}));
  // A limit on the size of files stands for the full disk.
  struct ::rlimit before {};
  BOOST_REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
  auto* const handler = std::signal(SIGXFSZ, SIG_IGN);
  for (::rlim_t const limit : {0U, 100U, 1000U}) {
    auto const fill = [&] {
      struct ::rlimit tight = before;
      tight.rlim_cur = limit;
      ::setrlimit(RLIMIT_FSIZE, &tight);
    };
    bool failed = false;
    try {
      minimize(usual(), fifty, thread_pool(2), at_evaluation{2, fill},
               checkpoint(path, every_rounds(1)));
    } catch (fs::filesystem_error const& e) {
      failed = e.path1() == path && e.code() == std::errc::file_too_large;
    }
    ::setrlimit(RLIMIT_FSIZE, &before);
    BOOST_TEST(failed);
    BOOST_TEST(files_in(folder()) == 1u);
    BOOST_REQUIRE(fs::exists(path));
    auto const r = minimize(usual(), fifty, thread_pool(3), checkpoint(path, only_stops()));
    BOOST_TEST((everything(r) == expected));
  }
  std::signal(SIGXFSZ, handler);
}

BOOST_AUTO_TEST_CASE(a_run_that_is_killed_resumes_from_its_last_checkpoint) {
  // 50 kills, or as many as LOCALSGD_KILLS says, each while a checkpoint follows every round.
  char const* const wish = std::getenv("LOCALSGD_KILLS");
  std::size_t const wanted = wish == nullptr ? 50 : std::stoul(wish);
  support::temporary_path const folder;
  auto const path = entry_of(folder());
  problem const wide(50, 3000, 0.3);
  linear_objective const f(wide.dense, wide.reals, squared{}, l2{0.01});
  auto const expected = everything(minimize(f, fifty, serial{}));

  // What a child does.
  auto const run = [&] {
    ::pid_t const child = ::fork();
    if (child == 0) {
      try {
        minimize(f, fifty, serial{}, checkpoint(path, every_rounds(1)));
        ::_exit(0);
      } catch (...) {
        ::_exit(1);
      }
    }
    BOOST_REQUIRE(child > 0);
    return child;
  };
  auto const end_of = [](::pid_t child) {
    int status = 0;
    ::waitpid(child, &status, 0);
    return status;
  };
  using clock = std::chrono::steady_clock;
  auto const start = clock::now();
  BOOST_REQUIRE(end_of(run()) == 0);
  double const whole = std::chrono::duration<double>(clock::now() - start).count();

  support::numbers random(5);
  std::size_t kills = 0, found = 0, half_written = 0;
  for (std::size_t tries = 0; kills != wanted && tries != 20 * wanted; ++tries) {
    ::pid_t const child = run();  // goes on from what the one before it left
    ::usleep(static_cast<::useconds_t>(1e6 * random.between(0, whole)));
    ::kill(child, SIGKILL);
    int const status = end_of(child);
    BOOST_TEST((WIFSIGNALED(status) || WEXITSTATUS(status) == 0));  // never an error
    if (WIFSIGNALED(status)) ++kills;
    if (fs::exists(path)) ++found;
    half_written += files_in(folder()) > (fs::exists(path) ? 1u : 0u) ? 1 : 0;
    if (tries % 3 != 2) continue;
    auto const r = minimize(f, fifty, thread_pool(2), checkpoint(path, only_stops()));
    BOOST_TEST((everything(r) == expected));
    BOOST_TEST(!fs::exists(path));
#if defined(__linux__)
    BOOST_TEST(files_in(folder()) == 0u);  // nor what was half written
#endif
  }
  BOOST_TEST(kills == wanted);
  BOOST_TEST(found > wanted / 4);
  BOOST_TEST_MESSAGE(kills << " kills, " << found << " files found, " << half_written
                           << " half written");
}

#endif
