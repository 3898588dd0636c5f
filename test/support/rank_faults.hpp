// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "test/support/faults.hpp"
#include "test/support/holdings.hpp"

#include "localsgd/communicator/rank_failed.hpp"

#include <boost/test/unit_test.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdlib>
#include <exception>
#include <new>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

/// @file
/// @brief All faults on ranks: every rank makes the same runs and keeps what it sees, which is checked
///        afterwards.

namespace support::faults {

constexpr std::size_t workers = 5;
constexpr std::uint64_t local_steps = 2, rounds = 4;

/// @brief Short points are sent to all ranks, long ones in slices.
inline problem const& short_points() {
  static problem const p(23, 37);  // 37: three cache lines
  return p;
}
inline problem const& long_points() {
  static problem const p(7, 1501);
  return p;
}

/// @brief The faults of one run. Those of a worker are where it is carried.
struct trial {
  std::vector<fault> faults;
  std::optional<std::size_t> only_on = {};  ///< The rank, of faults that know no worker.
  std::optional<std::size_t> late = {};     ///< The rank that looks late at what it receives.
};

/// @brief What a rank has seen of a run.
struct outcome {
  std::string how;  ///< "a result", or the exception.
  localsgd::result<double> r = {};
  std::vector<std::vector<std::uint64_t>> points = {};  ///< As in script.
  std::vector<double> objectives = {};
};

/// @brief How a rank makes its runs, and what can be said of them.
struct subject {
  std::size_t rank = 0;
  std::vector<std::size_t> carrier = {};  ///< The rank of each worker.
  bool travels = false;                   ///< Averages arrive a round later.
  bool* late = nullptr;                   ///< Whether this rank is to look late at what it receives.

  bool carries(std::size_t k) const { return carrier[k] == rank; }
  std::size_t ranks() const { return carrier.back() + 1; }
};

template <class S>
subject subject_on(S& synchronizer) {
  subject on{.rank = static_cast<std::size_t>(synchronizer.rank())};
  for (std::size_t k = 0; k != workers; ++k) on.carrier.push_back(synchronizer.rank_of(workers, k));
  return on;
}

/// @brief A run with all components.
template <class S>
localsgd::result<double> run(S& synchronizer, problem const& data, script& s,
                             std::size_t evaluations) {
  objective const f(data, s);
  double const eta = 1 / static_cast<double>(data.dense.shape(1));
  localsgd::settings const all{.workers = workers,
                               .local_steps = local_steps,
                               .steps = local_steps * rounds,
                               .evaluations = evaluations};
  return localsgd::minimize(f, all, synchronizer, localsgd::constant_step{eta},
                            sampler{&s}, worker{&s}, observer{&s}, averager{&s});
}

template <class Run>
outcome outcome_of(subject const& on, trial const& t, Run const& make) {
  bool const here = !t.only_on || *t.only_on == on.rank;
  script s(workers, local_steps, here ? t.faults : std::vector<fault>{});
  outcome out;
  if (on.late != nullptr) *on.late = t.late == on.rank;
  try {
    out.r = make(s);
    out.how = "a result";
  } catch (localsgd::rank_failed const& e) {
    out.how = "rank " + std::to_string(e.rank) + " in round " + std::to_string(e.round) + ": " +
              e.reason;
  } catch (failure const& e) {
    out.how = e.what();
  } catch (std::bad_alloc const&) {
    out.how = "std::bad_alloc";
  } catch (std::exception const& e) {
    out.how = std::string("another exception: ") + e.what();
  }
  out.points = std::move(s.points);
  out.objectives = std::move(s.objectives);
  return out;
}

/// @brief A run without faults; then, for each trial, one with its faults and another one without.
template <class Run>
std::vector<outcome> outcomes(subject const& on, std::vector<trial> const& all, Run const& make) {
  std::vector<outcome> seen{outcome_of(on, {}, make)};
  for (trial const& t : all) {
    seen.push_back(outcome_of(on, t, make));
    seen.push_back(outcome_of(on, {}, make));
  }
  return seen;
}

inline std::string text_of(trial const& t) {
  constexpr char const* parts[] = {"none",        "gradient", "sampler", "prox",    "encode",
                                   "begin_round", "apply",    "decode",  "observer"};
  constexpr char const* kinds[] = {"throws", "has no memory", "is slow", "is not finite",
                                   "asks to stop"};
  std::string text;
  for (fault const& f : t.faults)
    if (&f == &t.faults.front() || f.what != kind::is_slow)
      text += std::string(text.empty() ? "" : " and ") + parts[static_cast<std::size_t>(f.where)] +
            " " + kinds[static_cast<std::size_t>(f.what)] + ", " + failure::text(f);
  if (t.only_on) text += ", on rank " + std::to_string(*t.only_on);
  if (t.late) text += ", rank " + std::to_string(*t.late) + " is late";
  return text;
}

/// @brief All single faults.
inline std::vector<trial> all_trials(subject const& on) {
  std::vector<trial> all;
  auto const add = [&](part where, auto... kinds) {
    for (std::uint64_t r = 0; r != rounds; ++r)
      if (knows_worker(where))
        for (std::size_t k = 0; k != workers; ++k) (all.push_back({{{where, kinds, k, r}}}), ...);
      else {
        (all.push_back({{{where, kinds, 0, r}}}), ...);
        for (std::size_t only = 0; on.ranks() != 1 && only != on.ranks(); ++only)
          (all.push_back({{{where, kinds, 0, r}}, only}), ...);
      }
  };
  add(part::gradient, kind::throws, kind::has_no_memory, kind::is_slow, kind::is_not_finite);
  for (part const each : {part::sampler, part::prox, part::begin_round, part::apply})
    add(each, kind::throws, kind::has_no_memory);
  for (std::uint64_t r = 0; r <= rounds; r += on.travels ? rounds : 1)
    for (kind const what : {kind::throws, kind::has_no_memory, kind::asks_to_stop})
      all.push_back({{{part::observer, what, 0, r}}});
  return all;
}

/// @brief The ranks where a fault happens.
inline bool happens_on(subject const& on, trial const& t, fault const& f, std::size_t rank) {
  if (t.only_on) return rank == *t.only_on;
  if (f.where == part::observer) return rank == 0;
  return !knows_worker(f.where) || on.carrier[f.worker] == rank;
}

/// @brief What a rank is to throw when faults happen in one round: its own one, of its lowest worker,
///        or that of the lowest rank.
inline std::string expected_error(subject const& on, trial const& t) {
  auto const first_on = [&](std::size_t rank) -> fault const* {
    fault const* lowest = nullptr;
    for (fault const& f : t.faults)
      if (f.what != kind::is_slow && happens_on(on, t, f, rank) &&
          (lowest == nullptr || f.worker < lowest->worker))
        lowest = &f;
    return lowest;
  };
  auto const text = [](fault const& f) {
    return f.what == kind::throws ? failure::text(f) : std::string("std::bad_alloc");
  };
  if (fault const* own = first_on(on.rank)) return text(*own);
  std::size_t rank = 0;
  while (first_on(rank) == nullptr) ++rank;
  fault const& f = *first_on(rank);
  return "rank " + std::to_string(rank) + " in round " + std::to_string(f.round) + ": " + text(f);
}

inline bool is_prefix(auto const& part, auto const& whole) {
  return part.size() <= whole.size() && std::equal(part.begin(), part.end(), whole.begin());
}

/// @brief The workers of this rank have the averages of an untouched run, of so many rounds.
inline void holds_averages(subject const& on, outcome const& seen, outcome const& good,
                           std::uint64_t least, std::uint64_t most) {
  for (std::size_t k = 0; k != workers; ++k) {
    BOOST_TEST(is_prefix(seen.points[k], good.points[k]));
    if (!on.carries(k)) continue;
    BOOST_TEST(seen.points[k].size() >= least);
    BOOST_TEST(seen.points[k].size() <= most);
  }
  BOOST_TEST(is_prefix(seen.objectives, good.objectives));
}

inline void is_as_told(subject const& on, trial const& t, outcome const& seen,
                       outcome const& good) {
  fault const& f = t.faults.front();
  bool const fails = f.what == kind::throws || f.what == kind::has_no_memory;
  if (!fails) {
    BOOST_REQUIRE(seen.how == "a result");
  } else if (!on.travels) {
    BOOST_TEST(seen.how == expected_error(on, t));
  }
  localsgd::result<double> const& r = seen.r;
  // What fails on one rank only, after all points were sent, is heard of with the next message.
  bool const late = t.only_on && f.where != part::begin_round;
  std::uint64_t const unknown = on.travels ? 1 : 0;
  switch (f.what) {
    case kind::throws:
    case kind::has_no_memory:
      holds_averages(on, seen, good, f.round - std::min(f.round, unknown),
                     f.round + unknown + (late ? 1 : 0));
      break;
    case kind::is_slow: BOOST_TEST((bits(r) == bits(good.r))); break;
    case kind::is_not_finite:
      BOOST_TEST((r.reason == localsgd::stop_reason::diverged));
      for (auto const* each : {&r.x, &r.last, &r.average})
        BOOST_TEST(std::ranges::all_of(*each, [](double e) { return std::isfinite(e); }));
      if (on.travels) break;
      BOOST_TEST(r.rounds == f.round + 1);
      for (std::size_t k = 0; k != workers; ++k) {
        BOOST_TEST(is_prefix(seen.points[k], good.points[k]));
        BOOST_TEST(seen.points[k].size() == (on.carries(k) ? f.round : 0));
      }
      break;
    case kind::asks_to_stop:
      if (f.where == part::observer) {
        BOOST_TEST((r.reason == (f.round < rounds ? localsgd::stop_reason::observer_request
                                                  : localsgd::stop_reason::steps_done)));
        BOOST_TEST(r.rounds == f.round);
        if (!on.travels) holds_averages(on, seen, good, f.round, f.round);
      }
      break;
  }
}

/// @brief Checks what a rank has seen of all trials.
inline void check(subject const& on, std::vector<trial> const& all,
                  std::vector<outcome> const& seen) {
  BOOST_REQUIRE(seen.size() == 2 * all.size() + 1);
  outcome const& good = seen.front();
  BOOST_REQUIRE(good.how == "a result");
  for (std::size_t k = 0; k != workers; ++k)
    BOOST_TEST(good.points[k].size() == (on.carries(k) ? rounds : 0));
  for (std::size_t i = 0; i != all.size(); ++i)
    BOOST_TEST_CONTEXT("rank " << on.rank << " of " << on.ranks() << ": " << text_of(all[i])) {
      is_as_told(on, all[i], seen[2 * i + 1], good);
      outcome const& next = seen[2 * i + 2];
      BOOST_TEST(next.how == "a result");
      BOOST_TEST((bits(next.r) == bits(good.r)));
      BOOST_TEST((next.points == good.points));
    }
}

/// @brief A part of them, spread evenly; all of them if LOCALSGD_ALL_FAULTS is set.
inline std::vector<trial> sample_of(std::vector<trial> const& all, std::size_t one_of) {
  if (std::getenv("LOCALSGD_ALL_FAULTS") != nullptr) return all;
  std::vector<trial> some;
  for (std::size_t i = 0; i < all.size(); i += one_of) some.push_back(all[i]);
  return some;
}

/// @brief Every two workers fail in the same round.
inline std::vector<trial> two_fail() {
  std::vector<trial> all;
  for (std::size_t low = 0; low != workers; ++low)
    for (std::size_t high = low + 1; high != workers; ++high)
      for (std::uint64_t r = 0; r != rounds; ++r)
        all.push_back({{{part::gradient, kind::throws, high, r},
                        {part::gradient, kind::throws, low, r}}});
  return all;
}

/// @brief A worker fails while another rank has not yet looked at what it received in the round before;
///        or long after another one has failed.
inline std::vector<trial> at_different_times(subject const& on) {
  std::vector<trial> all;
  for (std::size_t k = 0; k != workers; ++k)
    for (std::uint64_t r = 1; r != rounds; ++r) {
      for (std::size_t late = 0; late != on.ranks(); ++late)
        if (on.carrier[k] != late)
          all.push_back({{{part::gradient, kind::throws, k, r}}, std::nullopt, late});
      // Others may be busy while the one that failed already begins the next run.
      trial busy{{{part::gradient, kind::throws, k, r}}};
      busy.faults.resize(31, {part::gradient, kind::is_slow, k == 0 ? workers - 1 : 0, r});
      all.push_back(std::move(busy));
      if (on.carrier[k] == 0) continue;
      trial slow{{{part::gradient, kind::throws, k, r}}};
      slow.faults.resize(11, {part::gradient, kind::is_slow, 0, r});
      slow.faults.push_back({part::gradient, kind::throws, 0, r});
      all.push_back(std::move(slow));
    }
  return all;
}

/// @brief The faults that these ranks are to survive: if one may be late those at different times,
///        otherwise all single ones and those of two workers.
inline std::vector<trial> trials_of(subject const& on, std::size_t one_of) {
  if (on.late != nullptr) return sample_of(at_different_times(on), one_of);
  std::vector<trial> all = all_trials(on);
  for (trial& each : two_fail()) all.push_back(std::move(each));
  return sample_of(all, one_of);
}

/// @brief The evaluations of their runs. Where averages travel or a rank is late, these would let no
///        rank be behind.
inline std::size_t evaluations_of(subject const& on) {
  return on.travels || on.late != nullptr ? 0 : rounds - 1;
}

}  // namespace support::faults
