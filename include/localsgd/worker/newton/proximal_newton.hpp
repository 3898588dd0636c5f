// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/communicator/traffic.hpp"
#include "localsgd/core/index_range.hpp"
#include "localsgd/evaluation/full_gradient.hpp"
#include "localsgd/kernels/packed_cholesky.hpp"
#include "localsgd/objective/sharded_concept.hpp"
#include "localsgd/regularizer/separable.hpp"
#include "localsgd/settings.hpp"
#include "localsgd/kernels/coordinate_descent.hpp"
#include "localsgd/worker/newton/class_columns.hpp"
#include "localsgd/worker/newton/class_hessian.hpp"
#include "localsgd/worker/newton/class_set.hpp"
#include "localsgd/worker/newton/hessian_work.hpp"
#include "localsgd/worker/newton/newton.hpp"
#include "localsgd/worker/newton/working_set.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <memory>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

/// @file
/// @brief The Newton direction with a nonsmooth regularizer.

namespace localsgd::detail {

/// @brief argmin_p r(x + p) + ⟨∇φ(x), p⟩ + ½⟨p, Hp⟩, H = ∇²φ(x), φ the mean of the losses of a
///        linear model or of softmax regression and r separable: the proximal Newton method
///        \cite lee2014proximal .
///
/// p moves only the coordinates of a working_set, and is computed by coordinate_descent_on, with H
/// or, if counted work is less, with the columns of the set. All threads sum H in the order of the
/// parts, or collect the columns in that order, so p has the same bits on any number of threads;
/// the leader of each process does the rest.
template <Objective F>
  requires has_proximal_newton_steps<stepped_objective<F>>
class newton_direction<F> {
 public:
  using scalar = typename F::scalar;

  newton_direction() = default;
  newton_direction(F const&, plan const& p) : samples_(static_cast<double>(p.samples)), plan_(p) {
    plan_.flops_per_sample = 0;  // those of a Hessian differ
  }

  /// @brief Collective, once: determines the cost of an epoch of local steps.
  template <class T>
  void prepare(F const& f, full_gradient& pass, T& team) {
    std::size_t const d = plan_.dimension;
    pass.each_share(f, team, [d](auto const& share, index_range samples, std::span<double> sum,
                                 std::size_t) {
      for (std::size_t i = samples.first; i != samples.last; ++i) {
        pass_work const work = work_of_sample(share, i, d);
        sum[0] += work.local_step;
        sum[1] += work.gradient;
      }
    });
    if (!team.leads()) return;
    steps_ = pass.totals()[0];
    gradients_ = 2;
    epochs_ = 3 * pass.totals()[1] / steps_;  // until the first direction
  }

  bool exists() const noexcept { return steps_ > 0; }
  /// @brief The cost of a direction, in epochs of local steps. @pre prepare()
  double epochs() const noexcept { return epochs_; }
  static constexpr double share_of_price() noexcept { return 1; }
  /// @brief The work of a direction divided by that of ∇f.
  double gradients_per_sample() const noexcept { return gradients_; }
  static constexpr std::size_t sums() noexcept { return 1; }

  /// @brief Leader only: stores ∇φ(x). @param pass its last evaluation was that of f at x
  void keep_gradient(full_gradient const& pass) {
    gradient_.assign(pass.sum().begin(), pass.sum().end());
  }

  /// @brief Leader only: φ'' is its mean over [z − width, z + width] from the next direction on.
  void widen(double width) noexcept { width_ = width; }

  /// @brief Collective: chooses the working set and computes its part of H. @pre keep_gradient()
  template <class T>
  void curvature_at(F const& f, std::span<scalar const> x, full_gradient const&, T& team) {
    bool const leader = team.leads();
    if (leader) choose(f, x);
    team.barrier();  // the set is complete
    if (counts_work_) {
      if (packed_)
        pack(f, x, team);
      else
        work_->each_share(f, team,
                          [&](auto const& share, index_range samples, std::span<double> sum,
                              std::size_t) { add_work_of_hessian(share, samples, set_, sum); });
      if (leader) choose_form();
      team.barrier();  // the form is chosen
    }
    if (by_columns_) return collect_columns(f, x, team);
    if (leader) {
      plan_.dimension = usable_ ? packed_size(set_.size()) : 1;
      hessian_ = std::make_unique<full_gradient>(f, plan_);
    }
    team.barrier();
    hessian_->each_share(f, team, [&](auto const& share, index_range samples, std::span<double> sum,
                                      std::size_t) {
      if (usable_) add_hessian(share, x, samples, set_, sum, width_);
    });
    if (usable_) count_sum(team, plan_.dimension, point_.size());
    if (leader && usable_) {
      matrix_.take(hessian_->sum(), set_.size());
      auto const totals = hessian_->totals();
      double const once = work_of_system(set_.size(), plan_.workers);
      double const work = totals[totals.size() - 2], gradient = totals[totals.size() - 1];
      epochs_ = (work + gradient + once) / steps_;
      gradients_ = (work + once) / gradient;
    }
    team.barrier();  // every thread may query the cost
  }

  /// @brief Leader only: direction ← p, with H + νD instead of H, D its diagonal.
  /// @param damping ν ≥ 0
  /// @return the decrease of f that the model predicts; not above 0 if there is no direction
  double solve(F const& f, double damping, std::span<double> direction) {
    std::fill(direction.begin(), direction.end(), 0.0);
    end_ = point_;
    if (!usable_) return 0;
    auto const& r = f.regularizer();
    std::size_t const m = set_.size();
    std::vector<double> x(m), g(m), u(m);
    for (std::size_t k = 0; k != m; ++k) {
      x[k] = static_cast<double>(point_[set_[k]]);
      g[k] = gradient_[set_[k]];
    }
    std::size_t const penalty_ends = penalized_coordinates(f);
    auto const prox = [&](std::size_t k, double v, double step) {
      return set_[k] < penalty_ends ? r.prox_at(set_[k], v, step) : v;
    };
    auto const penalty = [&](std::span<double const> at) {
      if constexpr (separable_stock<regularizer_type<F>>) return samples_ * penalty_in_set(f, at);
      for (std::size_t k = 0; k != m; ++k) end_[set_[k]] = static_cast<scalar>(at[k]);
      return samples_ * r.value(penalized(f, std::span<scalar const>(end_)));
    };
    double const model = by_columns_ ? columns_(prox, penalty, x, g, damping, samples_, u)
                                     : matrix_(prox, penalty, x, g, damping, samples_, u);
    for (std::size_t k = 0; k != m; ++k) {
      direction[set_[k]] = u[k] - x[k];
      end_[set_[k]] = static_cast<scalar>(u[k]);
    }
    if constexpr (has_classes && separable_stock<regularizer_type<F>>) {
      // The difference of two sums would round away the last steps, which the certificate needs.
      double fall = 0;
      for (std::size_t k = 0; k != m; ++k) {
        double const p = u[k] - x[k], slope = by_columns_ ? columns_.slope(k) : matrix_.slope(k);
        fall -= p * (g[k] + slope) / 2;
        if (set_[k] >= penalty_ends) continue;
        auto const own = penalty_of(r, set_[k]);
        double const length = std::abs(u[k]) - std::abs(x[k]);
        fall -= samples_ * (own.l1 * length + own.l2 / 2 * p * (u[k] + x[k]));
      }
      return fall / samples_;
    }
    return r.value(penalized(f, std::span<scalar const>(point_))) -
           r.value(penalized(f, std::span<scalar const>(end_))) - model / samples_;
  }
  /// @brief Leader only: x + p of the last solve(), with the exact zeros and bounds of r.
  std::span<scalar const> end() const noexcept { return end_; }

  template <class Archive>
  void state(Archive& archive) {
    archive(epochs_, gradients_, steps_);
  }

 private:
  // Below 256 coordinates H fits in the L2 cache, and no form is much faster than the other one.
  static constexpr std::size_t few = 256, largest_matrix = 2048;
  static constexpr double sweeps_expected = 50;
  static constexpr bool has_classes = knows_probabilities<stepped_objective<F>>;
  using column_form = std::conditional_t<has_classes, class_column_descent, column_descent>;

  // Leader only.
  void choose(F const& f, std::span<scalar const> x) {
    auto const least = least_subgradient(f, x, gradient_, samples_);
    point_.assign(x.begin(), x.end());
    if constexpr (has_classes)
      usable_ = set_.choose(x, std::span<scalar const>(least), penalized_coordinates(f),
                            class_layout::of(f));
    else
      usable_ = set_.choose(x, std::span<scalar const>(least), penalized_coordinates(f));
    packed_ = by_columns_;  // then probably again
    by_columns_ = false;
    counts_work_ = usable_ && set_.size() > few;
    if (!counts_work_) return;
    plan_.dimension = 1;
    work_ = std::make_unique<full_gradient>(f, plan_);
    rows_.resize(work_->parts());
  }

  // Leader only: the work of coordinate descent with H and with columns, in nanoseconds as
  // pass_work.
  void choose_form() {
    double const entries = work_->totals()[0], gradient = work_->totals()[2];
    double const m = static_cast<double>(set_.size());
    double const with_matrix = work_->totals()[1] + work_of_system(set_.size(), plan_.workers) +
                               sweeps_expected * m * (2 + 0.15 * m);
    double const with_columns = gradient + 10 * entries + sweeps_expected * (2 * entries + 4 * m);
    by_columns_ = set_.size() > largest_matrix || with_columns < with_matrix;
    if (!by_columns_) return;
    epochs_ = (with_columns + gradient) / steps_;
    gradients_ = with_columns / gradient;
  }

  // Σ r_j over the set only: d may be much larger.
  double penalty_in_set(F const& f, std::span<double const> u) const {
    double sum = 0;
    for (std::size_t k = 0; k != set_.size(); ++k)
      if (set_[k] < penalized_coordinates(f))
        sum += penalty_of(f.regularizer(), set_[k]).value(u[k]);
    return sum;
  }

  // Collective.
  template <class T>
  void pack(F const& f, std::span<scalar const> x, T& team) {
    work_->each_share(f, team, [&](auto const& share, index_range samples, std::span<double> sum,
                                   std::size_t part) {
      pack_rows(share, x, samples, set_, width_, rows_[part], sum);
    });
  }

  void clear_columns() {
    if constexpr (has_classes) {
      std::vector<class_column_quadratic::place> places;
      for (std::size_t k = 0; k != set_.size(); ++k)
        places.push_back({static_cast<std::uint32_t>(set_.class_of(k)), set_.column_of(k)});
      columns_.clear(std::move(places), set_.classes(), set_.columns().size());
    } else {
      columns_.clear(set_.size());
    }
  }

  // Collective: the columns of the set, for the samples with a curvature.
  template <class T>
  void collect_columns(F const& f, std::span<scalar const> x, T& team) {
    if (!packed_) pack(f, x, team);
    team.all_gather_v(std::span(rows_));
    if (team.leads()) {
      clear_columns();
      for (auto& rows : rows_) {
        if constexpr (has_classes)
          unpack_rows(rows, set_.classes(), columns_);
        else
          unpack_rows(rows, columns_);
        std::vector<std::byte>().swap(rows);
      }
      columns_.finish();
    }
    team.barrier();  // every thread may query the cost
  }

  double samples_ = 0, steps_ = 0, epochs_ = 0, gradients_ = 0, width_ = 0;
  bool usable_ = false, counts_work_ = false, by_columns_ = false, packed_ = false;
  plan plan_;
  std::conditional_t<has_classes, class_set, working_set> set_;
  std::unique_ptr<full_gradient> hessian_, work_;
  std::vector<std::vector<std::byte>> rows_;  // of the parts, in the set
  std::vector<double> gradient_;  // n·∇φ(x)
  std::vector<scalar> point_, end_;  // x, and x + p
  coordinate_descent matrix_;
  column_form columns_;
};

}  // namespace localsgd::detail
