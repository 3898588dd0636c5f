// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE mpi_checkpoint
#include "localsgd/checkpoint/checkpoint.hpp"
#include "localsgd/loss/logistic.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <csignal>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <memory>
#include <optional>
#include <span>
#include <stop_token>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include "test/support/averagers.hpp"
#include "test/support/mpi.hpp"
#include "test/support/temporary_path.hpp"

#include <sys/resource.h>

// A run on ranks that is cut, and resumed by others, is the run that was not. In all of these tests
// the file lies in a folder that rank 0 alone can see.

namespace fs = std::filesystem;
using namespace localsgd;
using support::problem;

using support::mpi_session;
BOOST_TEST_GLOBAL_FIXTURE(mpi_session);

namespace {

/// Ranks with one thread, with two, and with as many as their number says.
mpi& cluster_of(std::size_t i) {
  static std::array<std::unique_ptr<mpi>, 3> const all{[] {
    auto const make = [](std::size_t threads) {
      return std::make_unique<mpi>(MPI_COMM_WORLD,
                                   support::transported({.threads = threads, .deadline = 60}));
    };
    auto one = make(1), two = make(2);  // in the same order on all ranks
    auto more = make(static_cast<std::size_t>(support::mpi_rank()) + 1);
    return std::array{std::move(one), std::move(two), std::move(more)};
  }()};
  return *all[i % all.size()];
}

/// Collective: everybody gets what rank 0 has. Waits without a core: where ranks share one, MPI would
/// take it from the rank that is waited for.
template <class T>
T of_rank_0(T value) {
  MPI_Request request = MPI_REQUEST_NULL;
  MPI_Ibcast(&value, sizeof value, MPI_BYTE, 0, MPI_COMM_WORLD, &request);
  for (int done = 0;;) {
    MPI_Test(&request, &done, MPI_STATUS_IGNORE);
    if (done != 0) return value;
    std::this_thread::sleep_for(std::chrono::microseconds(100));
  }
}

/// A folder on rank 0, and elsewhere the path of one that is not there.
class folder_of_rank_0 {
 public:
  folder_of_rank_0() {
    if (support::mpi_rank() == 0) {
      there_.emplace();
      fs::create_directory((*there_)());
    }
  }
  fs::path file() const {
    return (there_ ? (*there_)() : fs::path("/there/is/no/such/folder")) / "run.checkpoint";
  }
  /// Collective.
  bool has_file() const { return files() != 0; }
  int files() const {
    int count = 0;
    if (there_)
      count = static_cast<int>(std::distance(fs::directory_iterator((*there_)()), {}));
    return of_rank_0(count);
  }

 private:
  std::optional<support::temporary_path> there_;
};

/// Samples as ever. When the first worker of this rank makes step `at`, asks for a stop, or sends a
/// signal to this rank: if it is the one to do so.
struct stopping_sampler : with_replacement {
  std::stop_source* source = nullptr;
  int signal = 0;
  std::size_t first = 0;  // worker of this rank
  std::uint64_t at = 0;
  void draw(plan const& p, std::size_t worker, std::uint64_t step,
            std::span<std::size_t> out) const {
    std::uint64_t const end = step + out.size() / p.batch_size;
    if (worker == first && step <= at && at < end) {
      if (source != nullptr) source->request_stop();
      if (signal != 0) std::raise(signal);
    }
    with_replacement::draw(p, worker, step, out);
  }
};

checkpoint_options only_stops(std::stop_token stop = {}) {
  return {.rounds = 0, .seconds = 0, .signals = false, .stop = std::move(stop)};
}
checkpoint_options every_rounds(std::uint64_t rounds) {
  return {.rounds = rounds, .seconds = 0, .signals = false, .stop = {}};
}

/// All of a result but its times, and the bytes that depend on who sent them.
template <class Scalar>
std::vector<std::uint64_t> everything(result<Scalar> const& r) {
  auto all = support::bits_without_bytes(r);
  for (auto const& e : r.history) all.insert(all.end(), {e.steps, e.rounds, e.gradients});
  all.insert(all.end(), {r.history.size(), static_cast<std::uint64_t>(r.reason), r.delay});
  return all;
}

/// Runs until rank `who` is asked to stop in this step; all of them must end in its round.
template <class F>
auto cut_at(fs::path const& path, mpi& cluster, int who, F const& f, settings const& s,
            std::uint64_t step, auto const&... components) {
  std::stop_source source;
  bool const mine = cluster.rank() == who;
  stopping_sampler const sampler{
      {}, mine ? &source : nullptr, 0, cluster.carries(s.workers).first, step};
  return minimize(f, s, cluster, sampler, checkpoint(path, only_stops(source.get_token())),
                  components...);
}

/// Cuts a run at every `stride`-th multiple of `gap` steps, by a request to one rank or another. It
/// goes on with other threads, or in rank 0 alone, which must come to the same.
/// @return how often it was cut
template <class F>
std::size_t survives_cuts(F const& f, settings const& s, std::size_t stride, std::uint64_t gap,
                          auto const&... components) {
  folder_of_rank_0 const folder;
  int const ranks = support::mpi_ranks(), rank = support::mpi_rank();
  // With a checkpoint that is not due all three runs are of one type, and compile once.
  auto const uncut = minimize(f, s, cluster_of(0), stopping_sampler{},
                              checkpoint(folder.file(), only_stops()), components...);
  auto const expected = everything(uncut);
  std::size_t made = 0;
  for (std::size_t r = 0;; r += stride, ++made)
    BOOST_TEST_CONTEXT("cut in round " << r + 1 << ", on rank " << rank) {
      int const who = (ranks - 1 + static_cast<int>(made)) % ranks;
      auto const cut = cut_at(folder.file(), cluster_of(made), who, f, s, r * gap, components...);
      if (cut.reason != stop_reason::interrupted) {  // it was at its end
        BOOST_TEST((everything(cut) == expected));
        BOOST_TEST(!folder.has_file());
        return made;
      }
      BOOST_TEST(cut.rounds <= uncut.rounds);
      BOOST_TEST(cut.history.back().steps == cut.steps);
      BOOST_TEST(of_rank_0(cut.steps) == cut.steps);
      BOOST_TEST(of_rank_0(cut.rounds) == cut.rounds);
      BOOST_TEST(folder.files() == 1);
      if (made % 3 != 2) {
        auto const resumed = minimize(f, s, cluster_of(made + 1), stopping_sampler{},
                                      checkpoint(folder.file(), only_stops()), components...);
        BOOST_TEST((everything(resumed) == expected));
      } else if (rank == 0) {
        auto const resumed = minimize(f, s, thread_pool(2), stopping_sampler{},
                                      checkpoint(folder.file(), only_stops()), components...);
        BOOST_TEST((everything(resumed) == expected));
      }
      BOOST_TEST(!folder.has_file());
    }
}

/// The usual run: 50 rounds of 4 steps, on workers that 2, 3 or 4 ranks do not divide evenly.
settings const fifty{.workers = 5, .local_steps = 4, .steps = 200, .seed = 3, .evaluations = 3};
problem const& data() {
  static problem const it(200, 37);
  return it;
}
support::custom usual() { return {&data().dense, &data().reals}; }

}  // namespace

BOOST_AUTO_TEST_CASE(a_run_is_cut_in_every_round) {
  linear_objective const f(data().sparse, data().labels, logistic{}, l2{0.01});
  BOOST_TEST(survives_cuts(f, fifty, 1, 4) == 49u);
}

BOOST_AUTO_TEST_CASE(rounds_that_exchange_what_they_touched) {
  problem const few(100, 4000, 0.001);
  linear_objective const f(few.sparse, few.labels, logistic{}, l2{0.01});
  BOOST_TEST(survives_cuts(f, fifty, 5, 4) == 10u);
}

BOOST_AUTO_TEST_CASE(a_tolerance_before_and_after_steps_change_over) {
  linear_objective const f(data().sparse, data().labels, logistic{}, l2{0.01});
  settings const s{.workers = 5, .local_steps = 3, .tolerance = 1e-9};
  BOOST_TEST(survives_cuts(f, s, 2, 3) > 10u);
}

BOOST_AUTO_TEST_CASE(a_schedule_that_follows_the_objective) {
  settings s = fifty;
  s.steps = 400;
  s.evaluations = 20;
  linear_objective const f(data().sparse, data().labels, logistic{}, l2{0.01});
  BOOST_TEST(survives_cuts(f, s, 4, 8, adaptive{8}) > 10u);
}

BOOST_AUTO_TEST_CASE(variance_reduced_steps) {
  settings s = fifty;  // an anchor every 40 steps: every 10th round
  s.tolerance = 1e-12;
  linear_objective const f(data().sparse, data().labels, logistic{}, l2{0.01});
  BOOST_TEST(survives_cuts(f, s, 3, 4, svrg{}, constant_step{0.05}) >= 16u);
  BOOST_TEST(survives_cuts(f, s, 1, 4, svrg{}) >= 10u);  // ended by Newton steps
}

BOOST_AUTO_TEST_CASE(an_averager_with_state) {
  BOOST_TEST(survives_cuts(usual(), fifty, 2, 4, support::outer_momentum{}) == 25u);
  BOOST_TEST(survives_cuts(usual(), fifty, 10, 4, top_k{0.3}, server_momentum{.beta = 0.5}) == 5u);
}

BOOST_AUTO_TEST_CASE(iterates_of_float_resume_with_the_same_bits) {
  linear_objective const f(data().sparse, data().labels, logistic{}, l2{0.01}, {},
                           iterate_type<float>{});
  BOOST_TEST(survives_cuts(f, fifty, 5, 4, support::outer_momentum{}) == 10u);
}

BOOST_AUTO_TEST_CASE(large_states_of_an_objective_with_classes) {
  problem const wide(60, 9000, 0.01);  // far more than is sent without asking
  softmax_objective const f(wide.sparse, wide.classes, 3, l2{0.01});
  BOOST_TEST(survives_cuts(f, fifty, 9, 4) == 6u);
}

BOOST_AUTO_TEST_CASE(a_run_that_was_cut_in_one_process_goes_on_on_ranks) {
  folder_of_rank_0 const folder;
  auto const expected = everything(minimize(usual(), fifty, cluster_of(1), stopping_sampler{},
                                            support::outer_momentum{}));
  for (std::uint64_t const step : {0u, 51u, 180u}) {
    if (support::mpi_rank() == 0) {
      std::stop_source source;
      auto const cut = minimize(usual(), fifty, serial{},
                                stopping_sampler{{}, &source, 0, 0, step},
                                checkpoint(folder.file(), only_stops(source.get_token())),
                                support::outer_momentum{});
      BOOST_TEST((cut.reason == stop_reason::interrupted));
    }
    BOOST_TEST(folder.files() == 1);
    // On ranks it is cut once more.
    auto const again = cut_at(folder.file(), cluster_of(2), 0, usual(), fifty, step + 11,
                              support::outer_momentum{});
    BOOST_TEST((again.reason == stop_reason::interrupted));
    auto const resumed = minimize(usual(), fifty, cluster_of(0), stopping_sampler{},
                                  checkpoint(folder.file(), only_stops()),
                                  support::outer_momentum{});
    BOOST_TEST((everything(resumed) == expected));
    BOOST_TEST(!folder.has_file());
  }
}

BOOST_AUTO_TEST_CASE(a_signal_to_one_rank_ends_the_run_on_all) {
  static volatile std::sig_atomic_t mine = 0;
  linear_objective const f(data().sparse, data().labels, logistic{}, l2{0.01});
  checkpoint_options const by_signal{.rounds = 0, .seconds = 0, .signals = true, .stop = {}};
  auto const expected = everything(minimize(f, fifty, cluster_of(0), stopping_sampler{}));
  for (int const signal : {SIGTERM, SIGINT}) {
    auto* const before = std::signal(signal, [](int) { mine = mine + 1; });
    mine = 0;
    for (int who = 0; who != support::mpi_ranks(); ++who) {
      folder_of_rank_0 const folder;
      mpi& cluster = cluster_of(static_cast<std::size_t>(who));
      bool const raises = cluster.rank() == who;
      stopping_sampler const sampler{
          {}, nullptr, raises ? signal : 0, cluster.carries(fifty.workers).first, 101};
      auto const cut = minimize(f, fifty, cluster, sampler, checkpoint(folder.file(), by_signal));
      BOOST_TEST((cut.reason == stop_reason::interrupted));
      BOOST_TEST(cut.usable());
      BOOST_TEST(cut.rounds == 26u);  // step 101 is of the 26th
      BOOST_TEST(mine == 0);          // nobody hears of it twice
      BOOST_TEST(folder.files() == 1);
      auto const resumed = minimize(f, fifty, cluster_of(1), stopping_sampler{},
                                    checkpoint(folder.file(), by_signal));
      BOOST_TEST((everything(resumed) == expected));
      BOOST_TEST(!folder.has_file());
    }
    std::raise(signal);
    BOOST_TEST(mine == 1);
    std::signal(signal, before);
  }
}

namespace {

/// Expects that `call` fails with Error on rank 0, and that the others say so.
template <class Error>
void fails_on_rank_0(std::string const& words, auto const& call) {
  if (support::mpi_rank() == 0)
    BOOST_CHECK_EXCEPTION(call(), Error, [&](Error const& e) {
      BOOST_TEST_INFO(e.what());
      BOOST_TEST(std::string(e.what()).find(words) != std::string::npos);
      return true;
    });
  else
    BOOST_CHECK_EXCEPTION(call(), rank_failed, [&](rank_failed const& e) {
      BOOST_TEST_INFO(e.what());
      BOOST_TEST(e.reason.find(words) != std::string::npos);
      return e.rank == 0;
    });
}

std::string bytes_of(fs::path const& path) {
  std::ifstream in(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(in), {}};
}
void put(fs::path const& path, std::string const& bytes) {
  std::ofstream(path, std::ios::binary) << bytes;
}

struct counting {
  std::size_t calls = 0;
  proceed after_evaluation(evaluation const&, plan const&) {
    ++calls;
    return proceed::yes;
  }
};

}  // namespace

BOOST_AUTO_TEST_CASE(a_file_that_does_not_fit_is_refused_on_all_ranks_and_stays) {
  folder_of_rank_0 const folder;
  bool const first = support::mpi_rank() == 0;
  cut_at(folder.file(), cluster_of(1), 0, usual(), fifty, 60);
  std::string const good = first ? bytes_of(folder.file()) : "";
  counting seen;
  auto const go_on = [&](settings const& s) {
    return minimize(usual(), s, cluster_of(1), stopping_sampler{}, seen,
                    checkpoint(folder.file(), only_stops()));
  };
  auto const is_refused = [&](std::string const& bytes, std::string const& words) {
    if (first) put(folder.file(), bytes);
    fails_on_rank_0<invalid_data>(words, [&] { go_on(fifty); });
    if (first) BOOST_TEST((bytes_of(folder.file()) == bytes));
  };
  std::string damaged = good;
  if (first) damaged[damaged.size() / 2] ^= 1;
  is_refused(damaged, "a damaged state");
  is_refused(good.substr(0, good.size() / 2), "bytes, expected");
  is_refused("", "an empty file");
  is_refused("no checkpoint at all, but long enough to be one: 0123456789abcdef", "another format");

  if (first) put(folder.file(), good);
  settings other = fifty;
  other.seed = 4;
  fails_on_rank_0<invalid_data>("seed = 3", [&] { go_on(other); });
  BOOST_TEST(seen.calls == 0u);
  auto const expected = everything(minimize(usual(), fifty, cluster_of(1), stopping_sampler{}));
  BOOST_TEST((everything(go_on(fifty)) == expected));
  BOOST_TEST(!folder.has_file());
}

BOOST_AUTO_TEST_CASE(an_unwritable_path_is_an_error_before_the_first_step) {
  folder_of_rank_0 const folder;
  fs::path const path = folder.file().parent_path() / "missing" / "run.checkpoint";
  counting seen;
  fails_on_rank_0<fs::filesystem_error>("No such file", [&] {
    minimize(usual(), fifty, cluster_of(1), stopping_sampler{}, seen,
             checkpoint(path, only_stops()));
  });
  BOOST_TEST(seen.calls == 0u);
  BOOST_TEST(folder.files() == 0);
}

BOOST_AUTO_TEST_CASE(a_full_disk_ends_the_run_on_all_ranks_and_the_last_good_file_stays) {
  folder_of_rank_0 const folder;
  auto const expected = everything(minimize(usual(), fifty, cluster_of(1)));
  // A limit on the size of files stands for the full disk.
  struct ::rlimit before {};
  BOOST_REQUIRE(::getrlimit(RLIMIT_FSIZE, &before) == 0);
  auto* const handler = std::signal(SIGXFSZ, SIG_IGN);
  struct filling {
    struct ::rlimit tight;
    std::size_t calls = 0;
    proceed after_evaluation(evaluation const&, plan const&) {
      if (++calls == 3) ::setrlimit(RLIMIT_FSIZE, &tight);
      return proceed::yes;
    }
  } fill{before};
  fill.tight.rlim_cur = 1000;
  fails_on_rank_0<fs::filesystem_error>("File too large", [&] {
    minimize(usual(), fifty, cluster_of(1), fill, checkpoint(folder.file(), every_rounds(1)));
  });
  ::setrlimit(RLIMIT_FSIZE, &before);
  std::signal(SIGXFSZ, handler);
  BOOST_TEST(folder.files() == 1);
  counting rest;
  auto const r =
      minimize(usual(), fifty, cluster_of(2), rest, checkpoint(folder.file(), every_rounds(7)));
  BOOST_TEST((everything(r) == expected));
  BOOST_TEST(rest.calls < r.history.size());  // those of before are known
  BOOST_TEST(folder.files() == 0);
}

BOOST_AUTO_TEST_CASE(an_exception_on_any_rank_leaves_the_last_periodic_checkpoint) {
  struct failing_sampler : with_replacement {
    bool fails = false;
    void draw(plan const& p, std::size_t worker, std::uint64_t step,
              std::span<std::size_t> out) const {
      if (fails && step >= 100) throw std::domain_error("a bad sample");
      with_replacement::draw(p, worker, step, out);
    }
  };
  auto const expected = everything(minimize(usual(), fifty, cluster_of(0), failing_sampler{}));
  for (int who = 0; who != support::mpi_ranks(); ++who) {
    folder_of_rank_0 const folder;
    bool const fails = support::mpi_rank() == who;
    auto const run = [&] {
      minimize(usual(), fifty, cluster_of(1), failing_sampler{{}, fails},
               checkpoint(folder.file(), every_rounds(7)));
    };
    if (fails)
      BOOST_CHECK_THROW(run(), std::domain_error);
    else
      BOOST_CHECK_THROW(run(), rank_failed);
    BOOST_TEST(folder.files() == 1);
    auto const r = minimize(usual(), fifty, cluster_of(2), failing_sampler{},
                            checkpoint(folder.file(), every_rounds(7)));
    BOOST_TEST((everything(r) == expected));
  }
}

BOOST_AUTO_TEST_CASE(an_average_whose_order_mpi_chooses_goes_on_as_well) {
  mpi fast(MPI_COMM_WORLD, support::transported({.threads = 2,
                                                 .averaging = averaging::fast,
                                                 .deadline = 60}));
  folder_of_rank_0 const folder;
  auto const expected =
      minimize(usual(), fifty, fast, stopping_sampler{}, support::outer_momentum{});
  auto const cut = cut_at(folder.file(), fast, support::mpi_ranks() - 1, usual(), fifty, 90,
                          support::outer_momentum{});
  BOOST_TEST((cut.reason == stop_reason::interrupted));
  auto const r =
      minimize(usual(), fifty, fast, stopping_sampler{}, support::outer_momentum{},
               checkpoint(folder.file(), only_stops()));
  BOOST_TEST(support::distance(r.last, expected.last) < 1e-12);  // sums of another order
  BOOST_TEST(support::distance(r.average, expected.average) < 1e-12);
}
