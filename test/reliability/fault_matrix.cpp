// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#define BOOST_TEST_MODULE reliability_fault_matrix
#include "test/support/faults.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <functional>
#include <initializer_list>
#include <new>
#include <string>
#include <thread>
#include <type_traits>
#include <vector>

#include "test/support/holdings.hpp"
#include "test/support/temporary_path.hpp"

// Every component fails for every worker in every round, on every synchronizer of one process. All
// workers then have the same averages, the caller gets the error of the lowest worker, and the
// synchronizer makes the next run as if nothing had happened.

using namespace localsgd;
using support::faults::fault;
using support::faults::kind;
using support::faults::part;
using support::faults::script;
namespace faults = support::faults;

namespace {

constexpr std::size_t workers = 5, samples = 23, dimension = 37;  // 37: three cache lines
constexpr std::uint64_t local_steps = 2, rounds = 4;

support::problem const& data() {
  static support::problem const p(samples, dimension);
  return p;
}

/// A run with these faults; components beyond those of all runs are `more`.
template <class S, class... More>
result<double> run(S& synchronizer, script& s, std::size_t evaluations, More const&... more) {
  faults::objective const f(data(), s);
  settings const all{.workers = workers,
                     .local_steps = local_steps,
                     .steps = local_steps * rounds,
                     .evaluations = evaluations};
  return minimize(f, all, synchronizer, constant_step{0.05}, faults::sampler{&s},
                  faults::worker{&s}, faults::observer{&s}, more...);
}

/// What can be said of the runs of a synchronizer, and how it makes one.
struct subject {
  std::function<result<double>(script&)> run = {};
  enum : std::uint8_t { waits, travels, orders_nothing } points = waits;
  bool averager = true, compressor = false;
  bool every_round = true;  ///< whether f is evaluated after each round
};

struct untouched {
  script s{workers, local_steps};
  std::vector<std::uint64_t> bits;
  explicit untouched(subject const& on) : bits(support::bits(on.run(s))) {}
};

std::vector<fault> all_faults(subject const& on) {
  std::vector<fault> all;
  auto const add = [&](part where, std::uint64_t first, std::uint64_t last, auto... kinds) {
    for (std::size_t k = 0; k != (faults::knows_worker(where) ? workers : 1); ++k)
      for (std::uint64_t r = first; r != last; ++r)
        (all.push_back({where, kinds, k, r}), ...);
  };
  add(part::gradient, 0, rounds, kind::throws, kind::has_no_memory, kind::is_slow,
      kind::is_not_finite);
  for (part const each : {part::sampler, part::prox})
    add(each, 0, rounds, kind::throws, kind::has_no_memory);
  if (on.compressor)
    for (part const each : {part::encode, part::decode})
      add(each, 0, rounds, kind::throws, kind::has_no_memory);
  if (on.averager)
    for (part const each : {part::begin_round, part::apply})
      add(each, 0, rounds, kind::throws, kind::has_no_memory);
  for (std::uint64_t r = 0; r <= rounds; r += on.every_round ? 1 : rounds)
    add(part::observer, r, r + 1, kind::throws, kind::has_no_memory, kind::asks_to_stop);
  return all;
}

std::string text_of(fault const& f) {
  constexpr char const* parts[] = {"none",        "gradient", "sampler", "prox",    "encode",
                                   "begin_round", "apply",    "decode",  "observer"};
  constexpr char const* kinds[] = {"throws", "has no memory", "is slow", "is not finite",
                                   "asks to stop"};
  return std::string(parts[static_cast<std::size_t>(f.where)]) + " " +
         kinds[static_cast<std::size_t>(f.what)] + ", " + faults::failure::text(f);
}

bool is_prefix(auto const& part, auto const& whole) {
  return part.size() <= whole.size() && std::equal(part.begin(), part.end(), whole.begin());
}

/// All workers have the same averages, those of an untouched run; of so many rounds, if all wait.
void holds_whole_averages(subject const& on, script const& seen, untouched const& good,
                          std::uint64_t expected) {
  if (on.points == subject::orders_nothing) return;
  std::size_t fewest = rounds, most = 0;
  for (std::size_t k = 0; k != workers; ++k) {
    BOOST_TEST(is_prefix(seen.points[k], good.s.points[k]));
    fewest = std::min(fewest, seen.points[k].size());
    most = std::max(most, seen.points[k].size());
  }
  BOOST_TEST(is_prefix(seen.objectives, good.s.objectives));
  if (on.points == subject::waits) {
    BOOST_TEST(fewest == expected);
    BOOST_TEST(most == expected);
    BOOST_TEST(seen.objectives.size() == expected + 1);  // that of the start is the first
  } else {
    BOOST_TEST(most - fewest <= 1U);
  }
}

void ends_as_told(subject const& on, fault const& f, untouched const& good) {
  script s(workers, local_steps, {f});
  try {
    auto const r = on.run(s);
    switch (f.what) {
      case kind::is_slow:
        if (on.points != subject::orders_nothing) BOOST_TEST((support::bits(r) == good.bits));
        break;
      case kind::is_not_finite:
        BOOST_TEST((r.reason == stop_reason::diverged));
        for (auto const* each : {&r.x, &r.last, &r.average})
          BOOST_TEST(std::ranges::all_of(*each, [](double e) { return std::isfinite(e); }));
        if (on.points != subject::waits) break;
        BOOST_TEST(r.rounds == f.round + 1);
        for (auto const& points : s.points) BOOST_TEST(points.size() == f.round);
        if (!on.averager) break;  // asynchronous: the others have added their changes
        if (f.round > 0)
          BOOST_TEST(detail::checksum(r.last.data(), r.last.size() * sizeof(double)) ==
                     good.s.points[0][f.round - 1]);
        else
          BOOST_TEST(std::ranges::all_of(r.last, [](double e) { return e == 0; }));
        break;
      case kind::asks_to_stop:
        BOOST_TEST((r.reason == (f.round < rounds ? stop_reason::observer_request
                                                  : stop_reason::steps_done)));
        BOOST_TEST(r.rounds == f.round);
        holds_whole_averages(on, s, good, f.round);
        break;
      default: BOOST_ERROR("nothing was thrown");
    }
  } catch (faults::failure const& e) {
    BOOST_TEST((f.what == kind::throws));
    BOOST_TEST(e.what() == faults::failure::text(f));
    holds_whole_averages(on, s, good, f.round);
  } catch (std::bad_alloc const&) {
    BOOST_TEST((f.what == kind::has_no_memory));
    holds_whole_averages(on, s, good, f.round);
  }
}

void survives_all_faults(subject const& on) {
  untouched const good(on);
  BOOST_TEST(good.s.points[workers - 1].size() == rounds);
  for (fault const& f : all_faults(on)) BOOST_TEST_CONTEXT(text_of(f)) {
      ends_as_told(on, f, good);
      script again(workers, local_steps);
      auto const r = on.run(again);
      BOOST_TEST(r.usable());
      if (on.points != subject::orders_nothing) BOOST_TEST((support::bits(r) == good.bits));
    }
}

/// Two workers fail: in the same round the lower one is heard of, otherwise the earlier one.
void reports_the_lowest_worker(subject const& on) {
  auto const heard = [&](fault const& one, fault const& other) {
    script s(workers, local_steps, {one, other});
    try {
      on.run(s);
    } catch (faults::failure const& e) {
      return std::string(e.what());
    }
    return std::string("nothing");
  };
  for (std::size_t low = 0; low != workers; ++low)
    for (std::size_t high = low + 1; high != workers; ++high)
      for (std::uint64_t r = 0; r != rounds; ++r) {
        fault const a{part::gradient, kind::throws, low, r},
            b{part::gradient, kind::throws, high, r},
            late{part::gradient, kind::throws, low, r + 1};
        BOOST_TEST(heard(b, a) == faults::failure::text(a));
        if (r + 1 != rounds) BOOST_TEST(heard(b, late) == faults::failure::text(b));
      }
}

/// Runs `body(subject)`, for runs with an averager, with a new synchronizer for each number of
/// threads; none of them leaves a thread.
template <class S, class Make, class Body>
void on_threads(std::initializer_list<std::size_t> counts, subject how, Make const& make,
                Body const& body) {
  for (std::size_t const n : counts) BOOST_TEST_CONTEXT(n << " threads") {
      std::thread([] {}).join();  // with the first one ThreadSanitizer starts one of its own
      std::ptrdiff_t const before = support::settled_threads();
      {
        S synchronizer = make(n);
        std::ptrdiff_t const own = support::threads();
        std::size_t const evaluations = how.every_round ? rounds - 1 : 0;
        how.run = [&](script& s) {
          if constexpr (S::protocol::never_waits)
            return run(synchronizer, s, evaluations);
          else
            return run(synchronizer, s, evaluations, faults::averager{&s});
        };
        body(how);
        BOOST_TEST(support::threads() == own);
      }
      BOOST_TEST(support::threads_are(before));
    }
}

constexpr auto by_threads = []<class S>(std::type_identity<S>) {
  return [](std::size_t n) { return S(n); };
};
simulated on_a_virtual_cluster(std::size_t n) {
  cost_model const costs{
      .gradient_seconds = 1e-3, .latency_seconds = 0.05, .bytes_per_second = 1e5};
  return simulated(cluster{.costs = costs}, n);
}

/// A run with an averager, a compressor and a checkpoint.
template <class S>
result<double> kept(S& synchronizer, script& s, checkpoint_options options,
                    std::filesystem::path const& path) {
  options.signals = false;
  options.seconds = 0;
  options.stop = s.stop.get_token();
  return run(synchronizer, s, rounds - 1, faults::averager{&s}, faults::compressor{&s},
             checkpoint(path, options));
}

template <class S>
void survives_with_a_compressor(S& synchronizer) {
  support::temporary_path const path;
  subject on{.compressor = true};
  on.run = [&](script& s) {
    std::error_code ignored;
    std::filesystem::remove(path(), ignored);
    return kept(synchronizer, s, {}, path());
  };
  survives_all_faults(on);
  reports_the_lowest_worker(on);
}

template <class S>
void continues_after_a_fault(S& synchronizer) {
  support::temporary_path const path;
  auto const go = [&](script& s) { return kept(synchronizer, s, {.rounds = 1}, path()); };
  untouched const good(subject{.run = go});
  BOOST_TEST(!std::filesystem::exists(path()));
  std::vector<fault> all;
  for (std::size_t k = 0; k < workers; k += 2)
    for (std::uint64_t r = 0; r != rounds; ++r) {
      all.push_back({part::gradient, kind::throws, k, r});
      all.push_back({part::gradient, kind::asks_to_stop, k, r});
      all.push_back({part::encode, kind::has_no_memory, k, r});
      if (k == 0) all.push_back({part::apply, kind::throws, 0, r});
      if (k == 0) all.push_back({part::observer, kind::throws, 0, r + 1});
    }
  for (fault const& f : all) BOOST_TEST_CONTEXT(text_of(f)) {
      script s(workers, local_steps, {f});
      std::uint64_t done = f.where == part::observer ? std::min(f.round, rounds - 1) : f.round;
      try {
        auto const r = go(s);
        BOOST_TEST((f.what == kind::asks_to_stop));
        bool const ended = r.reason == stop_reason::steps_done;  // at the end none is needed
        BOOST_TEST((ended || r.reason == stop_reason::interrupted));
        BOOST_TEST((ended ? r.rounds == rounds : r.rounds > f.round && r.rounds <= f.round + 3));
        done = ended ? 0 : r.rounds;
      } catch (faults::failure const&) {
        BOOST_TEST((f.what == kind::throws));
      } catch (std::bad_alloc const&) {
        BOOST_TEST((f.what == kind::has_no_memory));
      }
      BOOST_TEST(std::filesystem::exists(path()) == (done > 0));
      script rest(workers, local_steps);
      BOOST_TEST((support::bits(go(rest)) == good.bits));
      for (auto const& points : rest.points) BOOST_TEST(points.size() == rounds - done);
      BOOST_TEST(!std::filesystem::exists(path()));
    }
}

}  // namespace

BOOST_AUTO_TEST_CASE(a_serial_run_survives_all_faults) {
  on_threads<serial>({1}, {}, [](std::size_t) { return serial{}; }, [](subject const& on) {
    survives_all_faults(on);
    reports_the_lowest_worker(on);
  });
}

BOOST_AUTO_TEST_CASE(a_thread_pool_survives_all_faults) {
  on_threads<thread_pool>({2, 3, 5}, {}, by_threads(std::type_identity<thread_pool>{}),
                          [](subject const& on) {
                            survives_all_faults(on);
                            reports_the_lowest_worker(on);
                          });
}

BOOST_AUTO_TEST_CASE(an_overlapped_run_survives_all_faults) {
  on_threads<overlapped>({1, 3, 5}, {.points = subject::travels, .every_round = false},
                         by_threads(std::type_identity<overlapped>{}), [](subject const& on) {
                           survives_all_faults(on);
                           reports_the_lowest_worker(on);
                         });
}

BOOST_AUTO_TEST_CASE(a_simulated_run_survives_all_faults) {
  on_threads<simulated>({3}, {}, on_a_virtual_cluster, [](subject const& on) {
    survives_all_faults(on);
    reports_the_lowest_worker(on);
  });
}

BOOST_AUTO_TEST_CASE(an_asynchronous_run_survives_all_faults) {
  auto const make = by_threads(std::type_identity<asynchronous>{});
  on_threads<asynchronous>({1}, {.averager = false}, make, survives_all_faults);
  on_threads<asynchronous>({3}, {.points = subject::orders_nothing, .averager = false}, make,
                           survives_all_faults);
}

BOOST_AUTO_TEST_CASE(runs_with_a_compressor_survive_all_faults) {
  serial one;
  survives_with_a_compressor(one);
  thread_pool three(3);
  survives_with_a_compressor(three);
}

BOOST_AUTO_TEST_CASE(a_run_with_a_checkpoint_continues_after_any_fault_as_if_there_had_been_none) {
  serial one;
  continues_after_a_fault(one);
  thread_pool three(3);
  continues_after_a_fault(three);
}
