// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/error.hpp"
#include "localsgd/minimize.hpp"
#include "localsgd/synchronizer/serial.hpp"
#include "localsgd/warm_start.hpp"
#include "test/support/hard_problems.hpp"

#include <algorithm>
#include <boost/test/unit_test.hpp>
#include <cmath>
#include <cstddef>
#include <exception>
#include <functional>
#include <limits>
#include <map>
#include <span>
#include <sstream>
#include <string>
#include <vector>

/// @file
/// @brief Runs on hard problems, whose certificates are compared with the true gaps.

namespace hard {

using localsgd::settings;
using localsgd::stop_reason;

/// @brief What a result claims, with x in double.
struct claim {
  std::vector<localsgd::evaluation> history;
  point x, average, last;
  double objective = 0, certificate = 0;
  stop_reason reason = stop_reason::steps_done;
  settings s;
  std::string worker;
  bool usable = true;
};

/// @brief The worker of a run by name: "" (chosen by the library), "svrg", "dane"; the start may be
/// empty.
using runner = std::function<claim(settings const&, std::string const& worker, point const& start)>;

template <class Result>
claim claim_of(Result const& r, settings const& s, std::string const& worker) {
  return {r.history,
          point(r.x.begin(), r.x.end()),
          point(r.average.begin(), r.average.end()),
          point(r.last.begin(), r.last.end()),
          r.objective,
          r.certificate,
          r.reason,
          s,
          worker,
          r.usable()};
}

/// @brief What F is in long double.
struct exact_functions {
  std::function<real(std::span<double const>)> value;
  std::function<double(std::span<double const>)> rounding;
  std::function<real(std::span<double const>)> polished;
};

/// @brief Counts of one family, printed with --log_level=message.
struct tally {
  std::size_t problems = 0, refused = 0, evaluations = 0, certified = 0, faults = 0;
  double least_ratio =
      infinity;  // of a final certificate and its gap, where that is above rounding
};
inline std::map<std::string, tally>& tallies() {
  static std::map<std::string, tally> all;
  return all;
}
struct report {
  ~report() {
    std::ostringstream text;
    text << "family: problems, refused, evaluations, certified, least certificate/gap, faults";
    for (auto const& [name, t] : tallies())
      text << "\n  " << name << ": " << t.problems << ", " << t.refused << ", " << t.evaluations
           << ", " << t.certified << ", " << t.least_ratio << ", " << t.faults;
    BOOST_TEST_MESSAGE(text.str());
  }
};

inline bool all_finite(point const& x) {
  return std::ranges::all_of(x, [](double e) { return std::isfinite(e); });
}

/// @brief Runs a problem several times and compares what the results claim with the best point
/// found.
inline void attack(std::string const& name, problem& p, runner const& run,
                   exact_functions const& exact, std::vector<std::string> const& workers,
                   double scalar_epsilon = 0x1p-52) {
  tally& counts = tallies()[name];
  ++counts.problems;
  std::size_t const faults_before = counts.faults;
  std::vector<claim> claims;
  auto const fault = [&](std::string const& what, claim const* c = nullptr) {
    ++counts.faults;
    std::ostringstream text;
    text.precision(17);
    text << name << ", " << name_of(p.loss.which) << ", problem " << p.seed << ": " << what
         << " (n " << p.n << ", d " << p.d << ", features " << p.feature_scale << ", targets "
         << p.target_scale << ", lambda " << p.lambda << ", intercept " << p.intercept
         << (p.free ? " free" : "");
    if (c != nullptr)
      text << "; K " << c->s.workers << ", epochs " << c->s.epochs << ", tolerance "
           << c->s.tolerance << ", worker '" << c->worker << "', " << to_string(c->reason)
           << ", objective " << c->objective << ", certificate " << c->certificate << ", x";
    if (c != nullptr)
      for (double const each : c->x) text << ' ' << each;
    BOOST_ERROR(text.str() + ")");
  };
  auto const make = [&](settings s, std::string const& worker, point const& start) {
    s.seed = p.seed;
    s.workers = p.workers;
    try {
      claims.push_back(run(s, worker, start));
    } catch (localsgd::invalid_settings const&) {
      ++counts.refused;
      return false;
    } catch (localsgd::invalid_data const&) {
      ++counts.refused;
      return false;
    } catch (std::exception const& e) {
      fault(std::string("an exception: ") + e.what());
      return false;
    }
    return true;
  };
  std::string const& worker = workers[p.random.below(workers.size())];
  constexpr double u = 0x1p-53;
  if (!make({.epochs = 3, .evaluations = 3}, worker, {})) return;
  double const size = std::isfinite(claims[0].objective) ? std::abs(claims[0].objective) : 1;
  make({.epochs = 60, .tolerance = std::max(1e-13 * size, 1e-300)}, "", {});
  make({.epochs = p.random.between(0, 12),
        .tolerance = std::max(size * std::pow(10.0, -p.random.between(0, 17)), 1e-300),
        .evaluations = p.random.below(3) * 10},
       worker, {});
  // Near the optimum.
  point start = claims[1 < claims.size() ? 1 : 0].x;
  double const moved = std::pow(10.0, -p.random.between(4, 17));
  for (double& each : start) each *= 1 + moved * p.random.between(-1, 1);
  make({.epochs = 8,
        .tolerance = std::max(size * u * std::pow(10.0, p.random.between(-2, 3)), 1e-300)},
       "", start);
  make({.epochs = 0, .evaluations = 0}, "", start);

  real best = std::numeric_limits<real>::infinity();
  double rounding = 0;
  claim const* lowest = nullptr;
  for (claim const& c : claims) {
    if (!all_finite(c.x)) continue;
    real const there = exact.value(c.x);
    double const off = exact.rounding(c.x);
    if (c.usable && std::isfinite(off)) rounding = std::max(rounding, off);
    if (there < best) best = there, lowest = &c;
  }
  if (lowest != nullptr) best = std::min(best, exact.polished(lowest->x));
  double const off_best = lowest != nullptr ? exact.rounding(lowest->x) : 0;

  for (claim const& c : claims) {
    if (!all_finite(c.x) || !all_finite(c.average) || !all_finite(c.last))
      fault("x is not finite", &c);
    if (std::isnan(c.objective)) fault("the objective is NaN", &c);
    if (!(c.certificate >= 0)) fault("the certificate is negative or NaN", &c);
    bool const reached = c.s.tolerance > 0 && c.certificate <= c.s.tolerance;
    if (c.usable && reached != (c.reason == stop_reason::tolerance_reached))
      fault("the reason contradicts the certificate", &c);
    if (!all_finite(c.x) || !std::isfinite(static_cast<double>(best))) continue;
    if (std::isfinite(c.certificate) && c.usable) {
      real const there = exact.value(c.x);
      double const off = exact.rounding(c.x), gap = static_cast<double>(there - best);
      // Of f(x) as reported: its rounding, in the precision of x.
      if (std::abs(static_cast<double>(there - c.objective)) >
              (off + scalar_epsilon * std::abs(c.objective)) &&
          std::isfinite(off))
        fault("the objective is off by " +
                  std::to_string(static_cast<double>((there - c.objective) / (off + 1e-300))) +
                  " allowances",
              &c);
      // The rounding of the exact values: those of long double have 11 bits more.
      double const unknown = (off + off_best) / 512 + std::numeric_limits<double>::min();
      if (gap > 64 * unknown)
        counts.least_ratio = std::min(counts.least_ratio, c.certificate / gap);
      if (c.certificate < gap - unknown) {
        std::ostringstream text;
        text.precision(17);
        text << "the certificate is below the gap, " << gap << ", ratio " << c.certificate / gap
             << ", F* " << static_cast<double>(best) << ", known to " << unknown;
        fault(text.str(), &c);
      }
    }
    for (auto const& e : c.history) {
      ++counts.evaluations;
      if (std::isnan(e.objective)) fault("an objective of the history is NaN", &c);
      if (!(e.certificate >= 0)) fault("a certificate of the history is negative or NaN", &c);
      if (std::isnan(e.drift)) fault("a drift is NaN", &c);
      if (!std::isfinite(e.certificate) || !c.usable) continue;
      ++counts.certified;
      double const gap = static_cast<double>(e.objective - best);
      double const off = rounding + 64 * scalar_epsilon * std::abs(e.objective);
      if (e.certificate < gap - off) {
        std::ostringstream text;
        text.precision(17);
        text << "a certificate of the history, " << e.certificate << " after " << e.steps
             << " steps, is below the gap, " << gap << ", ratio " << e.certificate / gap;
        fault(text.str(), &c);
      }
    }
  }
  BOOST_TEST(counts.faults == faults_before);
}

}  // namespace hard
