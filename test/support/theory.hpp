// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/loss/logistic.hpp"
#include "localsgd/loss/squared_hinge.hpp"
#include "localsgd/objective/linear.hpp"
#include "localsgd/objective/quadratic.hpp"
#include "localsgd/sampler/with_replacement.hpp"
#include "localsgd/schedule/every.hpp"
#include "localsgd/theory/bound.hpp"
#include "localsgd/theory/constant_step_bound.hpp"
#include "localsgd/worker/sgd.hpp"
#include "test/support/problems.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <deque>
#include <span>
#include <utility>
#include <vector>

/// @file
/// @brief Algorithms 1 and 2 step by step, so that everything the theory speaks of can be measured.

namespace support {

using point = std::vector<double>;

/// @brief A mean over independent runs.
class mean_over_runs {
 public:
  void add(double value) {
    double const before = value - mean_;
    mean_ += before / ++count_;
    squares_ += before * (value - mean_);
  }
  double mean() const { return mean_; }
  double standard_error() const { return std::sqrt(squares_ / (count_ - 1) / count_); }

 private:
  double count_ = 0, mean_ = 0, squares_ = 0;
};

/// @brief The sequences of all workers of a plan, and their mean.
template <localsgd::Objective F, localsgd::StepSize E>
class sequences {
 public:
  sequences(F const& f, E const& eta, localsgd::plan const& p, point const& start)
      : mean_(p.dimension), one_(p.dimension) {
    all_.reserve(p.workers);
    for (std::size_t k = 0; k != p.workers; ++k) {
      all_.push_back(localsgd::sgd{}.bind(f, sampler_, eta, p, k));
      assign(k, start);
    }
  }
  sequences(sequences const&) = delete;  // they borrow the sampler
  sequences& operator=(sequences const&) = delete;

  std::size_t size() const { return all_.size(); }
  void advance(std::uint64_t t) {
    for (auto& each : all_) each.advance(t, t + 1);
  }
  std::span<double> local(std::size_t k) { return all_[k].local(); }
  void assign(std::size_t k, point const& x) { all_[k].assign(std::span<double const>(x)); }

  /// x̄, until the next call of mean() or average().
  point const& mean() {
    return mean_of([&](std::size_t k, std::span<double> out) {
      std::ranges::copy(local(k), out.begin());
    });
  }
  /// x̂ = (1/K) Σ_k Σ_t w_t x_t^k/Σ_t w_t, likewise.
  point const& average() {
    return mean_of([&](std::size_t k, std::span<double> out) { all_[k].average(out); });
  }

 private:
  template <class Write>
  point const& mean_of(Write write) {
    std::ranges::fill(mean_, 0.0);
    for (std::size_t k = 0; k != size(); ++k) {
      write(k, std::span<double>(one_));
      for (std::size_t j = 0; j != mean_.size(); ++j) mean_[j] += one_[j];
    }
    for (double& e : mean_) e /= static_cast<double>(size());
    return mean_;
  }

  localsgd::with_replacement sampler_;
  point mean_, one_;
  std::vector<decltype(localsgd::sgd{}.bind(std::declval<F const&>(),
                                            std::declval<localsgd::with_replacement const&>(),
                                            std::declval<E const&>(),
                                            std::declval<localsgd::plan const&>(), 0))>
      all_;
};

/// @brief Where a run ends.
struct ends {
  point average;  ///< x̂_T
  point last;     ///< x̄_T
};

/// @brief Algorithm 1, p.steps steps from `start`. `look(t, sequences, x̄_t)` before every step t.
template <class F, class E, localsgd::Schedule S, class Look>
ends synchronous_run(F const& f, E const& eta, S const& schedule, localsgd::plan const& p,
                     point const& start, Look look) {
  sequences<F, E> x(f, eta, p, start);
  std::uint64_t sync = schedule.next(0);
  for (std::uint64_t t = 0; t != p.steps; ++t) {
    look(t, x);
    x.advance(t);
    if (t + 1 != sync && t + 1 != p.steps) continue;
    point const& consensus = x.mean();
    for (std::size_t k = 0; k != x.size(); ++k) x.assign(k, consensus);
    sync = schedule.next(sync);
  }
  return {x.average(), x.mean()};
}

/// @brief Algorithm 2 with writes that others see `write_delay` steps later. Worker k comes at the
///        steps ≡ k mod H, and at T. `look(t, sequences, virtual_mean)` before every step t.
/// @return x̂_T, the virtual mean, and the largest delay τ of what a worker read.
template <class F, class E, class Look>
std::pair<ends, std::uint64_t> asynchronous_run(F const& f, E const& eta, std::uint64_t period,
                                                std::uint64_t write_delay,
                                                localsgd::plan const& p, point const& start,
                                                Look look) {
  struct update {
    std::uint64_t from;  // the step after which it is seen
    std::uint64_t made;
    std::size_t worker;
    point change;
  };
  sequences<F, E> x(f, eta, p, start);
  double const share = 1 / static_cast<double>(p.workers);
  point aggregate = start, virtual_mean = start;
  std::vector<point> read(p.workers, start);
  std::vector<std::uint64_t> seen(p.workers, 0);  // up to which step the aggregate holds a worker
  std::deque<update> under_way;
  std::uint64_t longest = 0;
  auto const add = [&](point& to, point const& change) {
    for (std::size_t j = 0; j != to.size(); ++j) to[j] += change[j];
  };
  for (std::uint64_t t = 0; t != p.steps; ++t) {
    look(t, x, virtual_mean);
    point const before = x.mean();
    x.advance(t);
    point const& after = x.mean();
    for (std::size_t j = 0; j != after.size(); ++j) virtual_mean[j] += after[j] - before[j];

    auto const comes = [&](std::size_t k) {
      return (t + 1) % period == k % period || t + 1 == p.steps;
    };
    for (std::size_t k = 0; k != p.workers; ++k) {
      if (!comes(k)) continue;
      point change(p.dimension);
      for (std::size_t j = 0; j != change.size(); ++j)
        change[j] = share * (x.local(k)[j] - read[k][j]);
      under_way.push_back({t + 1 + write_delay, t + 1, k, std::move(change)});
    }
    while (!under_way.empty() && under_way.front().from <= t + 1) {
      add(aggregate, under_way.front().change);
      seen[under_way.front().worker] = under_way.front().made;
      under_way.pop_front();
    }
    for (std::size_t k = 0; k != p.workers; ++k) {
      if (!comes(k)) continue;
      read[k] = aggregate;
      for (update const& each : under_way)  // a worker does not forget what it has written itself
        if (each.worker == k) add(read[k], each.change);
      x.assign(k, read[k]);
      for (std::size_t other = 0; other != p.workers; ++other)
        if (other != k) longest = std::max(longest, t + 1 - seen[other]);
    }
  }
  return {ends{x.average(), virtual_mean}, longest};
}

/// @brief A quadratic with L = 1 and μ = 1/κ in 3 dimensions; σ² = 1, ‖x_0 − x*‖² = 3, f* = 0.
struct theory_problem {
  explicit theory_problem(double kappa)
      : f(options(kappa, 1)), exact(options(kappa, 0)), start(3, 0.0) {}

  static localsgd::quadratic_options options(double kappa, double variance) {
    return {.spectrum = {1, 1 / std::sqrt(kappa), 1 / kappa},
            .minimiser = {1, -1, 1},
            .samples = 16,
            .variance = variance,
            .minimum = 0,
            .seed = 1};
  }

  /// f(x) − f* and ‖∇f(x)‖².
  std::pair<double, double> gap_and_slope(std::span<double const> x) const {
    std::size_t const any = 0;
    std::array<double, 3> g{};
    double const gap = exact.gradient(x, std::span(&any, 1), std::span<double>(g));
    double square = 0;
    for (double const e : g) square += e * e;
    return {gap, square};
  }
  double squared_distance(std::span<double const> x) const {
    double const distance = euclidean_distance(x, f.minimiser());
    return distance * distance;
  }

  /// G² as it is at the start.
  localsgd::constants constants() const {
    return {.smoothness = f.smoothness(),
            .strong_convexity = f.strong_convexity(),
            .variance = f.variance(),
            .second_moment = f.variance() + gap_and_slope(start).second,
            .squared_distance = squared_distance(start)};
  }

  localsgd::quadratic<double> f, exact;  // the same objective, with and without noise
  point start;
};

/// @brief What many runs of one shape have come to.
struct measured_runs {
  mean_over_runs gap;        ///< f(x̂_T) − f*
  mean_over_runs last_gap;   ///< f(x̄_T) − f*
  mean_over_runs distance;   ///< ‖x̄_T − x*‖²
  std::vector<double> slope; ///< at each t, the mean of ‖∇f(x_t^k)‖² over workers and runs
  std::vector<double> drift; ///< at each t, the mean of ‖x_t^k − x̄_t‖²
  std::uint64_t delay = 0;   ///< the largest seen

  /// max_t E‖∇f_B(x_t^k)‖² for a batch B of this variance.
  double second_moment(double variance) const {
    return variance + *std::ranges::max_element(slope);
  }

  explicit measured_runs(std::uint64_t steps) : slope(steps), drift(steps) {}

  template <class Sequences>
  void look(theory_problem const& problem, std::uint64_t t, Sequences& x, point const& mean,
            double share) {
    for (std::size_t k = 0; k != x.size(); ++k) {
      slope[t] += share * problem.gap_and_slope(x.local(k)).second;
      drift[t] += share * std::pow(euclidean_distance(x.local(k), mean), 2);
    }
  }
  void end(theory_problem const& problem, ends const& at) {
    gap.add(problem.gap_and_slope(at.average).first);
    last_gap.add(problem.gap_and_slope(at.last).first);
    distance.add(problem.squared_distance(at.last));
  }
};

inline localsgd::plan plan_of(localsgd::run_shape const& s, std::size_t samples,
                              std::size_t dimension, std::uint64_t seed) {
  auto p = make_plan(samples, dimension, s.workers, s.batch_size, seed);
  p.steps = s.steps;
  p.local_steps = s.local_steps;
  return p;
}

/// @brief Algorithm 1 with one seed after the other.
template <localsgd::StepSize E>
measured_runs measure(theory_problem const& problem, localsgd::run_shape const& s, E const& eta,
                      std::size_t runs) {
  measured_runs result(s.steps);
  double const share = 1 / static_cast<double>(runs * s.workers);
  for (std::size_t seed = 1; seed <= runs; ++seed) {
    auto const p = plan_of(s, problem.f.samples(), problem.f.dimension(), seed);
    result.end(problem, synchronous_run(problem.f, eta, localsgd::every{s.local_steps}, p,
                                        problem.start, [&](std::uint64_t t, auto& x) {
                                          result.look(problem, t, x, x.mean(), share);
                                        }));
  }
  return result;
}

/// @brief Algorithm 2 with one seed after the other; of `s.delay`, the part that is not H − 1 is the
///        delay of the writes.
template <localsgd::StepSize E>
measured_runs measure_asynchronous(theory_problem const& problem, localsgd::run_shape const& s,
                                   E const& eta, std::size_t runs) {
  measured_runs result(s.steps);
  double const share = 1 / static_cast<double>(runs * s.workers);
  for (std::size_t seed = 1; seed <= runs; ++seed) {
    auto const p = plan_of(s, problem.f.samples(), problem.f.dimension(), seed);
    auto const [at, delay] = asynchronous_run(
        problem.f, eta, s.local_steps, s.delay - (s.local_steps - 1), p, problem.start,
        [&](std::uint64_t t, auto& x, point const& mean) {
          result.look(problem, t, x, mean, share);
        });
    result.end(problem, at);
    result.delay = std::max(result.delay, delay);
  }
  return result;
}

/// @brief Every cell of the test of Theorem 2.2: κ, K, H, b, and T long enough to leave the start.
template <class Visit>
void for_each_cell(Visit visit) {
  for (double const kappa : {1.0, 5.0, 50.0}) {
    theory_problem const problem(kappa);
    for (std::size_t const workers : {1u, 4u, 16u})
      for (std::uint64_t const local_steps : {1u, 4u, 16u})
        for (std::size_t const batch_size : {1u, 4u})
          visit(problem, localsgd::run_shape{.workers = workers,
                                             .local_steps = local_steps,
                                             .batch_size = batch_size,
                                             .steps = kappa > 10 ? 768u : 256u});
  }
}
inline constexpr std::size_t runs_per_cell = 200;

/// @brief What Theorem 2.2 needs, with the measured G², when mini-batches count as samples: their
///        variance is σ²/b and their second moment is smaller too, so the bound is stronger.
inline std::pair<localsgd::constants, localsgd::run_shape> as_single_samples(
    theory_problem const& problem, localsgd::run_shape s, measured_runs const& m) {
  auto c = problem.constants();
  c.variance = problem.f.variance() / static_cast<double>(s.batch_size);
  c.second_moment = {m.second_moment(c.variance.value), localsgd::origin::estimate};
  s.batch_size = 1;
  return {c, s};
}

/// @brief A straight line through points (x, y ± error), by least squares with weights 1/error².
struct line {
  double slope, standard_error;
};
struct point_of_line {
  double x, y, error;
};
inline line fit(std::vector<point_of_line> const& points) {
  double w = 0, x = 0, y = 0, xx = 0, xy = 0;
  for (auto const& p : points) w += 1 / (p.error * p.error);
  for (auto const& p : points) {
    x += p.x / (p.error * p.error) / w;
    y += p.y / (p.error * p.error) / w;
  }
  for (auto const& p : points) {
    xx += (p.x - x) * (p.x - x) / (p.error * p.error);
    xy += (p.x - x) * (p.y - y) / (p.error * p.error);
  }
  return {xy / xx, 1 / std::sqrt(xx)};
}

/// @brief A linear model whose runs start at its minimiser, so that all of the error is noise.
template <localsgd::Loss L>
struct noisy_problem {
  noisy_problem(localsgd::dense_matrix<double> a, std::vector<double> y, double lambda)
      : features(std::move(a)),
        labels(std::move(y)),
        f(features, labels, L{}, localsgd::l2{lambda}),
        minimiser(f.dimension(), 0.0) {
    for (int step = 0; step != 4000; ++step) {
      auto const g = at(f, minimiser).gradient;
      for (std::size_t j = 0; j != g.size(); ++j) minimiser[j] -= g[j] / f.smoothness();
    }
    minimum = at(f, minimiser).value;
  }
  noisy_problem(noisy_problem const&) = delete;  // f borrows the features
  noisy_problem& operator=(noisy_problem const&) = delete;

  /// E f(x̂_T) − f* of Algorithm 1 with the step size 4/(μ(a+t)), a = 16κ. The same seeds, whatever
  /// the shape, so that shapes can be compared run by run.
  mean_over_runs error(localsgd::run_shape const& s, std::size_t runs) const {
    localsgd::theory_step const eta(f.strong_convexity(),
                                    16 * f.smoothness() / f.strong_convexity());
    auto const all = all_samples(f.samples());
    mean_over_runs gap;
    for (std::size_t seed = 1; seed <= runs; ++seed) {
      auto const p = plan_of(s, f.samples(), f.dimension(), seed);
      auto const x = synchronous_run(f, eta, localsgd::every{s.local_steps}, p, minimiser,
                                     [](auto&&...) {})
                         .average;
      gap.add(at(f, x, all).value - minimum);
    }
    return gap;
  }

  localsgd::dense_matrix<double> features;
  std::vector<double> labels;
  localsgd::linear_objective<localsgd::dense_matrix<double>, L> f;
  point minimiser;
  double minimum = 0;
};

/// @brief Logistic regression: smooth, nearly quadratic near its minimiser. κ = 3.
struct smooth_problem : noisy_problem<localsgd::logistic> {
  smooth_problem() : noisy_problem(random_features<double>(64, 4, 1), random_signs(64, 2), 0.25) {}
};

/// @brief Nine targets in ten are 1 and the squared hinge bends near the minimiser: the mean of
///        local iterates is biased, so that too many local steps can be seen. κ = 22.
struct bent_problem : noisy_problem<localsgd::squared_hinge> {
  bent_problem() : noisy_problem(mostly_positive(), mostly_ones(), 0.05) {}

 private:
  static localsgd::dense_matrix<double> mostly_positive() {
    auto a = random_features<double>(64, 1, 1);
    for (double& e : a) e = e / 2 + 0.5;
    return a;
  }
  static std::vector<double> mostly_ones() {
    numbers random(3);
    std::vector<double> y(64);
    for (double& e : y) e = random.between(0, 1) < 0.9 ? 1 : -1;
    return y;
  }
};

/// @brief The slope of log E f(x̂_T) − f* against log of T, K or b, each with the shape given by
///        `shape_at(2^i)`, i = 0 … 4.
template <class Shape>
line slope_of_the_error(smooth_problem const& problem, Shape shape_at, std::size_t runs) {
  std::vector<point_of_line> points;
  for (std::size_t factor = 1; factor <= 16; factor *= 2) {
    auto const e = problem.error(shape_at(factor), runs);
    points.push_back({std::log(static_cast<double>(factor)), std::log(e.mean()),
                      e.standard_error() / e.mean()});
  }
  return fit(points);
}
inline constexpr std::size_t runs_per_point = 400;

inline localsgd::run_shape longer(std::size_t factor) {
  return {.workers = 4, .local_steps = 8, .batch_size = 1, .steps = 512 * factor};
}
inline localsgd::run_shape wider(std::size_t factor) {
  return {.workers = factor, .local_steps = 8, .batch_size = 1, .steps = 2048};
}
inline localsgd::run_shape fuller(std::size_t factor) {
  return {.workers = 2, .local_steps = 8, .batch_size = factor, .steps = 2048};
}

/// @brief What the bent problem is run with to see how many local steps are too many.
inline localsgd::run_shape many_workers(std::uint64_t steps) {
  return {.workers = 16, .batch_size = 1, .steps = steps};
}
inline constexpr std::size_t runs_per_ratio = 150;

}  // namespace support
