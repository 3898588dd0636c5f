// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/error.hpp"
#include "localsgd/minimize.hpp"
#include "localsgd/objective/concept.hpp"
#include "localsgd/objective/sharded_concept.hpp"
#include "localsgd/planning/lambda_sequence.hpp"
#include "localsgd/planning/screening.hpp"
#include "localsgd/report.hpp"
#include "localsgd/result.hpp"
#include "localsgd/run/components.hpp"
#include "localsgd/run/defaults.hpp"
#include "localsgd/settings.hpp"
#include "localsgd/warm_start.hpp"

#include <algorithm>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <optional>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

/// @file
/// @brief Models for a sequence of penalty strengths, each started from the previous one.

namespace localsgd {

/// @brief The model for one λ.
template <class Scalar = double>
struct path_point {
  double lambda = 0;        ///< λ
  std::size_t support = 0;  ///< Number of nonzero coefficients, not counting an intercept.
  result<Scalar> fit;       ///< The answer of minimize().
};

/// @brief The models for all λ, in the order of the sequence.
template <class Scalar = double>
struct path_result {
  std::vector<path_point<Scalar>> points;  ///< One for each λ, unless an observer stopped the path.
  double tolerance = 0;                    ///< For the certificate of each run, in the units of f.
  std::uint64_t gradients = 0;             ///< Total over all runs: see result::gradients.
  double seconds = 0;                      ///< Total over all runs: see result::seconds.
};

/// @brief Options for the computation of a path.
struct path_options {
  /// Whether features that are not expected to have a nonzero coefficient at the next λ are
  /// excluded from its run. The certificates cover all features in any case, and the answers are as
  /// accurate. Available for `linear_objective` with a csr_matrix and `l1`, `elastic_net`, `box` or
  /// `nonnegative` with the same strengths and bounds for all features, without
  /// settings::evaluations and without a LocalWorker, StepSize or Observer. Other paths are
  /// computed without screening.
  bool screening = true;
};

namespace detail {

/// @brief Without settings::tolerance, the tolerance of paths is f(0) times this.
inline constexpr double path_tolerance = 1e-4;

template <class Make>
using objective_made_by = std::remove_cvref_t<std::invoke_result_t<Make const&, double>>;

/// @brief A function of λ that returns objectives.
template <class Make>
concept objective_maker =
    std::invocable<Make const&, double> && Objective<objective_made_by<Make>>;

/// @brief Components other than those that a path sets itself, and other than a file that every run
///        would change.
template <class C, class F>
concept component_of_paths = ComponentFor<std::remove_cvref_t<C>, F> &&
                             !std::same_as<std::remove_cvref_t<C>, warm_start> &&
                             !std::same_as<std::remove_cvref_t<C>, checkpoint>;

inline void check_lambdas(std::span<double const> lambdas) {
  require(!lambdas.empty(), "lambdas", "{}", "at least one number");
  for (std::size_t i = 0; i != lambdas.size(); ++i) {
    std::string const name = "lambdas[" + std::to_string(i) + "]";
    require_positive(name, lambdas[i]);
    if (i != 0)
      require(lambdas[i] < lambdas[i - 1], name, lambdas[i],
              "below the previous one, " + shown(lambdas[i - 1]));
  }
}

/// @brief The tolerance of a path of such objectives: the given one or, if that is 0, 1e-4·|f(0)|.
template <Objective F>
double tolerance_of_path(F const& f, settings const& s) {
  if (s.tolerance > 0) return s.tolerance;
  if constexpr (ShardedObjective<F>) {
    refuse_setting("tolerance", s.tolerance, "> 0 for a path of a sharded objective");
  } else {
    std::vector<typename F::scalar> const zero(f.dimension());
    double const at_zero =
        std::abs(evaluate_all(f, std::span<typename F::scalar const>(zero)).objective);
    return std::clamp(path_tolerance * at_zero, std::numeric_limits<double>::min(),
                      std::numeric_limits<double>::max());
  }
}

/// @brief The number of nonzero coordinates of x, not counting an intercept.
template <Objective F>
std::size_t support_of(F const& f, std::span<typename F::scalar const> x) {
  if constexpr (requires { { f.intercept() } -> std::convertible_to<double>; })
    if (f.intercept() != 0) x = x.first(x.size() - 1);
  return x.size() - static_cast<std::size_t>(std::ranges::count(x, typename F::scalar{0}));
}

/// @brief The starting points of the runs of a path: the minimiser for the previous λ or, with a
///        nonsmooth regularizer, a point on the line through the last two minimisers, as a
///        function of log λ.
///
/// Between two λ at which its zeros change, the minimiser is a smooth function of λ. Coefficients
/// that are 0 stay 0, and no coefficient changes its sign.
template <Objective F>
class path_starts {
 public:
  using scalar = typename F::scalar;

  void add(double lambda, std::span<scalar const> x) {
    before_.swap(last_);
    last_.assign(x.begin(), x.end());
    lambda_before_ = lambda_;
    lambda_ = lambda;
  }
  /// @brief The starting point for λ; empty before the first minimiser is known.
  std::span<scalar const> at([[maybe_unused]] F const& f, [[maybe_unused]] double lambda) {
    if constexpr (proximal<F>) {
      if (before_.empty()) return last_;
      double const ahead = std::log(lambda / lambda_) / std::log(lambda_ / lambda_before_);
      if (!(ahead <= farthest)) return last_;
      start_ = last_;
      std::size_t const penalized = penalized_coordinates(f);
      for (std::size_t j = 0; j != start_.size(); ++j) {
        double const now = static_cast<double>(last_[j]);
        double const next = now + ahead * (now - static_cast<double>(before_[j]));
        if (j >= penalized || now != 0)
          start_[j] = j >= penalized || next * now > 0 ? static_cast<scalar>(next) : scalar{0};
      }
      return start_;
    } else {
      return last_;
    }
  }

 private:
  static constexpr double farthest = 2;

  double lambda_ = 0, lambda_before_ = 0;
  std::vector<scalar> last_, before_, start_;
};

/// @brief Minimises make(λ) for each λ. `visit(i, f, r)` receives each answer and may take
///        ownership.
///        @return the tolerance
template <class Make, class Visit, class... Components>
double walk_path(Make const& make, std::span<double const> lambdas, settings s,
                 path_options const& options, Visit const& visit, Components&... components) {
  s.validate();
  check_lambdas(lambdas);
  using scalar = typename objective_made_by<Make>::scalar;
  using objective = objective_made_by<Make>;
  path_starts<objective> starts;
  [[maybe_unused]] path_screening<objective> screening;
  for (std::size_t i = 0; i != lambdas.size(); ++i) {
    auto const f = make(lambdas[i]);
    if (i == 0) s.tolerance = tolerance_of_path(f, s);
    std::span<scalar const> const start = starts.at(f, lambdas[i]);
    std::optional<result<scalar>> screened;
    if constexpr (path_screening<objective>::possible &&
                  leaves_steps_open<objective, std::remove_cv_t<Components>...> &&
                  count_of<observer_kind, objective, std::remove_cv_t<Components>...> == 0)
      if (options.screening) screened = screening(f, s, start, components...);
    result<scalar> r = screened        ? *std::move(screened)
                       : start.empty() ? minimize(f, s, components...)
                                       : minimize(f, s, warm_start(start), components...);
    if (r.usable()) starts.add(lambdas[i], {r.x.data(), r.x.size()});
    bool const stopped = r.reason == stop_reason::observer_request;
    visit(i, f, std::move(r));
    if (stopped) break;
  }
  return s.tolerance;
}

}  // namespace detail

/// @brief Minimises the objectives for a decreasing sequence of λ, each from the minimiser of the
///        previous one (a warm start): see detail::path_starts.
///
/// ~~~{.cpp}
/// auto const make = [&](double v) { return linear_objective(rows, y, logistic{}, l1{v}); };
/// auto const path = regularization_path(make, lambda_sequence(make(0)));
/// std::cout << to_string(path);
/// ~~~
///
/// Neighbouring λ have similar minimisers, so the runs need far fewer gradients than runs from 0
/// \cite friedman2010regularization . `make` interprets λ: as the strength of l1 or l2, or as in
/// `elastic_net{alpha * lambda, (1 - alpha) * lambda}`. With ranks, all ranks make the same call.
///
/// @param make       λ ↦ objective, of the same type and dimension for all λ
/// @param lambdas    finite, > 0, strictly decreasing
/// @param s          the settings of each run. A `tolerance` of 0 means 1e-4·|f(0)|, where f
///                   is the first objective, which is the accuracy of scikit-learn. A sharded
///                   objective requires an explicit tolerance.
/// @param options    whether features are excluded from runs: see detail::path_screening
/// @param components those of minimize(), for each run; neither warm_start nor checkpoint. If an
///                   observer stops a run, the path ends there.
/// @throws invalid_settings naming the λ that violates a rule; and any exception of minimize()
///
/// Thread safe if `make` is. Gives the same bits on any number of threads. Without screening, they
/// are those of the same calls of minimize().
template <detail::objective_maker Make, class... Components>
  requires(detail::component_of_paths<Components, detail::objective_made_by<Make>> && ...)
path_result<typename detail::objective_made_by<Make>::scalar> regularization_path(
    Make const& make, std::span<double const> lambdas, settings const& s,
    path_options const& options, Components&&... components) {
  path_result<typename detail::objective_made_by<Make>::scalar> path;
  auto const visit = [&](std::size_t i, auto const& f, auto&& r) {
    path.gradients += r.gradients;
    path.seconds += r.seconds;
    std::size_t const support = detail::support_of(f, {r.x.data(), r.x.size()});
    path.points.push_back({lambdas[i], support, std::forward<decltype(r)>(r)});
  };
  path.tolerance = detail::walk_path(make, lambdas, s, options, visit, components...);
  return path;
}

/// @brief The same with default options.
template <detail::objective_maker Make, class... Components>
  requires(detail::component_of_paths<Components, detail::objective_made_by<Make>> && ...)
path_result<typename detail::objective_made_by<Make>::scalar> regularization_path(
    Make const& make, std::span<double const> lambdas, settings const& s = {},
    Components&&... components) {
  return regularization_path(make, lambdas, s, path_options{}, components...);
}

/// @brief A human-readable table: a line for each λ, with the answer and its cost.
template <class Scalar>
std::string to_string(path_result<Scalar> const& path) {
  std::string text;
  auto const cell = [&](std::string const& value, std::size_t width) {
    text.append(width > value.size() ? width - value.size() : 1, ' ').append(value);
  };
  cell("lambda", 12);
  cell("support", 10);
  cell("objective", 14);
  cell("certificate", 13);
  cell("gradients", 14);
  text += "  reason\n";
  for (auto const& each : path.points) {
    cell(detail::reported(each.lambda, 4), 12);
    cell(detail::reported_count(each.support), 10);
    cell(detail::reported(each.fit.objective, 6), 14);
    cell(std::isfinite(each.fit.certificate) ? detail::reported_bound(each.fit.certificate)
                                             : "not known",
         13);
    cell(detail::reported_count(each.fit.gradients), 14);
    text.append("  ").append(to_string(each.fit.reason)) += '\n';
  }
  text += "component gradients in all: " + detail::reported_count(path.gradients) +
          ", training time: " + detail::reported_time(path.seconds) + "\n";
  return text;
}

}  // namespace localsgd
