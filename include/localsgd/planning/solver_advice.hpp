// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/communicator/simulated/cluster.hpp"
#include "localsgd/core/error.hpp"
#include "localsgd/minimize.hpp"
#include "localsgd/objective/concept.hpp"
#include "localsgd/objective/regularized.hpp"
#include "localsgd/objective/sharded_concept.hpp"
#include "localsgd/observer/concept.hpp"
#include "localsgd/planning/goal.hpp"
#include "localsgd/step_size/automatic_step.hpp"
#include "localsgd/synchronizer/simulated.hpp"
#include "localsgd/worker/dane/dane.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

/// @file
/// @brief Which local steps, K and H reach an accuracy fastest on a given cluster.

namespace localsgd {

/// @brief The local steps that solver_advice chooses among.
enum class local_solver {
  plain,             ///< Plain steps of the objective: minimize() with `automatic_step{}`.
  variance_reduced,  ///< What minimize() chooses if a tolerance is set.
  dane,              ///< `dane{}`: few exchanges.
};

/// @brief The name of a local solver, as spelled in the code.
constexpr std::string_view to_string(local_solver solver) noexcept {
  switch (solver) {
    case local_solver::plain: return "plain";
    case local_solver::variance_reduced: return "variance_reduced";
    case local_solver::dane: return "dane";
  }
  return "unknown";
}

/// @brief One way to run, and its cost on the simulated cluster.
struct solver_candidate {
  local_solver solver = local_solver::variance_reduced;
  std::size_t workers = 1;      ///< K
  std::size_t batch_size = 1;   ///< b
  std::uint64_t local_steps = 0;  ///< H; for `dane`, whose rounds are solves, an epoch of a worker.
  std::uint64_t steps = 0;      ///< T when the goal was reached.
  std::uint64_t gradients = 0, exchanges = 0, bytes = 0;  ///< As in result.
  double seconds = 0;           ///< Virtual time on the cluster, evaluations excluded.
  std::string why = {};         ///< Why it was chosen or rejected.
};

/// @brief The recommended local steps, K, b and H.
struct solver_advice : solver_candidate {
  std::vector<solver_candidate> rejected = {};  ///< In the order in which they were tried.
  localsgd::settings settings = {};             ///< For minimize_as_advised().
};

namespace detail {

/// @brief An Observer that ends a run once f ≤ `enough`, or at the limit of seconds or gradients.
struct race_observer {
  double enough, most_seconds, most_gradients;
  bool reached = false;
  evaluation at = {};
  std::uint64_t local_steps = 0;

  proceed after_evaluation(evaluation const& e, plan const& p) {
    at = e;
    local_steps = p.local_steps;
    reached = e.objective <= enough || (p.tolerance > 0 && e.certificate <= p.tolerance);
    bool const late = e.seconds > most_seconds || static_cast<double>(e.gradients) > most_gradients;
    return reached || late ? proceed::no : proceed::yes;
  }
};

/// @brief An Observer that ends a run after T local steps.
struct stop_after {
  std::uint64_t steps;
  proceed after_evaluation(evaluation const& e, plan const&) const noexcept {
    return e.steps >= steps ? proceed::no : proceed::yes;
  }
};

/// @brief `minimize` with the steps of a local solver.
template <Objective F, class... Components>
result<typename F::scalar> minimize_by(local_solver solver, F const& f, settings const& s,
                                       Components&&... components) {
  if (solver == local_solver::plain) return minimize(f, s, automatic_step{}, components...);
  if constexpr (!proximal<stepped_objective<F>>)
    if (solver == local_solver::dane) return minimize(f, s, dane{}, components...);
  require(solver != local_solver::dane, "solver", to_string(solver),
          "plain or variance_reduced for a nonsmooth regularizer");
  return minimize(f, s, components...);
}

/// @brief Simulates all choices, each until it is slower than the best one so far.
template <Objective F>
class solver_race {
 public:
  solver_race(F const& f, goal const& wish, cluster const& machines, choices const& among)
      : f_(f), wish_(wish), machines_(machines), among_(among) {
    wish.validate();
    among.validate(f.samples());
    machines.validate();
    require(wish.accuracy > 0 || wish.tolerance > 0, "goal.accuracy", wish.accuracy,
            "> 0 unless goal.tolerance is set");
    require(wish.accuracy == 0 || wish.tolerance == 0, "goal.tolerance", wish.tolerance,
            "0 if goal.accuracy is set");
    tolerance_ = wish.tolerance > 0 ? wish.tolerance : wish.accuracy / 8;
    if (wish.accuracy > 0) {
      auto const solved = minimize(f, {.workers = among.workers[0], .tolerance = tolerance_});
      require(solved.certificate <= tolerance_, "goal.accuracy", wish.accuracy,
              "large enough for a run to prove; f* is known only to within " + shown(solved.certificate));
      enough_ = solved.objective + wish.accuracy - tolerance_;
    }
  }

  solver_advice operator()() {
    for (std::size_t const k : among_.workers) {
      if constexpr (!proximal<stepped_objective<F>>) attempt(local_solver::dane, k, 1, 0);
      std::size_t const b = *std::ranges::min_element(among_.batch_sizes);
      for (std::size_t const h : gaps(k, b, {0.5, 1, 4, 16})) attempt(local_solver::variance_reduced, k, b, h);
    }
    for (std::size_t const k : among_.workers)
      for (std::size_t const b : among_.batch_sizes)
        for (std::size_t const h : gaps(k, b, {1, 4, 32, 256})) attempt(local_solver::plain, k, b, h);
    if (best_ == none) refuse();
    solver_advice a;
    static_cast<solver_candidate&>(a) = tried_[best_];
    tried_.erase(tried_.begin() + static_cast<std::ptrdiff_t>(best_));
    for (solver_candidate& each : tried_)
      if (each.why.empty()) each.why = slower(each.seconds / a.seconds);
    a.why = "the shortest time";
    a.rejected = std::move(tried_);
    a.settings = settings_of(a.solver, a.workers, a.batch_size, a.local_steps);
    return a;
  }

 private:
  static constexpr std::size_t none = std::numeric_limits<std::size_t>::max();
  static constexpr double most_epochs = 100;  // of plain steps

  settings settings_of(local_solver solver, std::size_t k, std::size_t b, std::uint64_t h) const {
    settings s{.workers = k,
               .local_steps = static_cast<std::size_t>(h),
               .batch_size = b,
               .tolerance = tolerance_};
    if (solver == local_solver::plain) {
      s.epochs = most_epochs;
      s.evaluations = 200;
    }
    return s;
  }

  // The given H; otherwise the default of minimize(), and 1/parts of an epoch of each worker.
  std::vector<std::size_t> gaps(std::size_t k, std::size_t b, std::array<double, 4> parts) const {
    if (!among_.local_steps.empty()) return {among_.local_steps.begin(), among_.local_steps.end()};
    std::vector<std::size_t> all = {0};
    if (k == 1) return all;  // nothing is averaged
    double const epoch = static_cast<double>(f_.samples()) / static_cast<double>(k * b);
    for (double const part : parts)
      all.push_back(static_cast<std::size_t>(std::max(1.0, epoch / part)));
    all.erase(std::unique(all.begin(), all.end()), all.end());
    return all;
  }

  void attempt(local_solver solver, std::size_t k, std::size_t b, std::size_t h) {
    if constexpr (ShardedObjective<F>)
      if (k != f_.shards()) return;
    double const limit = wish_.seconds > 0 ? wish_.seconds : infinity;
    race_observer race{enough_, std::min(limit, fastest_),
                       wish_.gradients > 0 ? wish_.gradients : infinity};
    simulated sim(machines_);
    auto const run = minimize_by(solver, f_, settings_of(solver, k, b, h), sim, race);
    solver_candidate c{solver, k, b, race.local_steps, race.at.steps, race.at.gradients, race.at.exchanges,
                       race.at.bytes, race.at.seconds, {}};
    if (static_cast<double>(c.gradients) > race.most_gradients) {
      c.why = "more gradients than allowed";
    } else if (c.seconds > limit) {
      c.why = "more time than allowed";
    } else if (!race.reached) {
      c.why = c.seconds > fastest_ ? "slower than another when it was stopped"
                                   : "ended without reaching the goal: " +
                                         std::string(to_string(run.reason));
    } else if (c.seconds < fastest_) {
      fastest_ = c.seconds;
      best_ = tried_.size();
    }
    tried_.push_back(std::move(c));
  }

  static std::string slower(double times) {
    std::array<char, 64> text{};
    std::snprintf(text.data(), text.size(), "%.2f times the time", times);
    return text.data();
  }

  [[noreturn]] void refuse() const {
    require(!tried_.empty(), "choices.workers", "{…}", "to include the number of shards");
    auto const stopped = [&](std::string_view why) {
      return std::ranges::any_of(tried_, [&](solver_candidate const& c) { return c.why == why; });
    };
    require(!stopped("more time than allowed"), "goal.seconds", wish_.seconds,
            "enough for one of the choices, or 0 for no limit");
    require(!stopped("more gradients than allowed"), "goal.gradients", wish_.gradients,
            "enough for one of the choices, or 0 for no limit");
    throw invalid_settings(wish_.tolerance > 0 ? "goal.tolerance" : "goal.accuracy",
                           wish_.tolerance > 0 ? wish_.tolerance : wish_.accuracy,
                           "large enough for a run to reach; the first choice " + tried_[0].why);
  }

  static constexpr double infinity = std::numeric_limits<double>::infinity();

  F const& f_;
  goal wish_;
  cluster const& machines_;
  choices among_;
  double tolerance_ = 0, enough_ = -infinity, fastest_ = infinity;
  std::size_t best_ = none;
  std::vector<solver_candidate> tried_;
};

}  // namespace detail

/// @brief Advice for a run on a cluster: plain, variance-reduced or `dane` steps, with K, b and H,
///        whichever reaches the goal first.
///
/// Runs every choice on `simulated` until it reaches the goal or exceeds the time of the fastest
/// choice so far. The arithmetic is real, so the number of steps is that of the real run, and time
/// is virtual, so slow links, stragglers and groups of machines count as the cluster describes
/// them. Takes about as long as all these runs take on this machine. Without
/// `choices::local_steps`, H is the default of minimize() and 1/16, 1/4, 1 and 2 epochs of one
/// worker or, for plain steps, 1/256, 1/32, 1/4 and 1. Variance-reduced steps use the smallest of
/// `choices::batch_sizes`; `dane` has no b and no H.
///
/// The same arguments give the same advice on any number of threads.
/// @param wish an accuracy, f(x) − f* ≤ ε, or a tolerance, which the certificate must prove; and
///             limits of virtual seconds and of gradients, if any
/// @throws invalid_settings naming the argument: neither an accuracy nor a tolerance, or both; a
///   limit that no choice satisfies; an accuracy that no choice reaches; those of minimize()
template <Objective F>
solver_advice advise(F const& f, goal const& wish, cluster const& machines,
                     choices const& among = {}) {
  return detail::solver_race<F>(f, wish, machines, among)();
}

/// @brief Calls `minimize(f, advice.settings, …)` with the advised local steps, and ends the run
///        after T of them. On the simulated cluster of the advice, this is the predicted run.
/// @param components such as a Synchronizer, but no LocalWorker and no StepSize. With a custom
///        Observer, the run ends when a tolerance, or ε/8, is proved
template <Objective F, class... Components>
result<typename F::scalar> minimize_as_advised(F const& f, solver_advice const& advice,
                                               Components&&... components) {
  if constexpr ((... || Observer<std::remove_cvref_t<Components>>))
    return detail::minimize_by(advice.solver, f, advice.settings, components...);
  else
    return detail::minimize_by(advice.solver, f, advice.settings, components...,
                               detail::stop_after{advice.steps});
}

/// @brief A table of the advice: the recommended run and the first ten rejected ones, ordered by
///        time. The time of a run that was stopped is the time at which it was stopped.
inline std::string to_string(solver_advice const& a) {
  std::string text =
      "local steps           K     b        H          T  exchanges      bytes    seconds  why\n";
  auto const row = [&](solver_candidate const& c) {
    std::array<char, 160> line{};
    std::snprintf(line.data(), line.size(), "%-17.17s %5zu %5zu %8s %10.4g %10.4g %10.3g %10.3g  ",
                  to_string(c.solver).data(), c.workers, c.batch_size,
                  c.solver == local_solver::dane ? "-" : std::to_string(c.local_steps).c_str(),
                  static_cast<double>(c.steps), static_cast<double>(c.exchanges),
                  static_cast<double>(c.bytes), c.seconds);
    text += line.data() + c.why + "\n";
  };
  row(a);
  std::vector<solver_candidate> others = a.rejected;
  std::ranges::stable_sort(others, {}, &solver_candidate::seconds);
  std::size_t const shown = std::min<std::size_t>(others.size(), 10);
  for (std::size_t i = 0; i != shown; ++i) row(others[i]);
  if (shown != others.size())
    text += "and " + std::to_string(others.size() - shown) + " slower ones\n";
  return text;
}

}  // namespace localsgd
