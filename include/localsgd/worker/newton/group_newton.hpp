// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/communicator/traffic.hpp"
#include "localsgd/core/index_range.hpp"
#include "localsgd/evaluation/full_gradient.hpp"
#include "localsgd/kernels/packed_cholesky.hpp"
#include "localsgd/objective/sharded_concept.hpp"
#include "localsgd/settings.hpp"
#include "localsgd/worker/newton/class_hessian.hpp"
#include "localsgd/worker/newton/class_set.hpp"
#include "localsgd/worker/groups/group_descent.hpp"
#include "localsgd/worker/newton/hessian_work.hpp"
#include "localsgd/worker/newton/newton.hpp"
#include "localsgd/worker/newton/working_set.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <memory>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

/// @file
/// @brief The Newton direction with the group lasso.

namespace localsgd::detail {

/// @brief argmin_p r(x + p) + ⟨∇φ(x), p⟩ + ½⟨p, Hp⟩, H = ∇²φ(x), φ the mean of the losses of a
///        linear model or of softmax regression and r = group_l1, by group_descent.
///
/// p moves only the groups that are not 0, and those that the gradient pushes away from 0 most
/// strongly, with as many coordinates again, but at least 64. There is no direction if a group has
/// more than 32 coordinates, or the groups that are not 0 more than 2048. All threads sum H
/// in the order of the parts, so p has the same bits on any number of threads; the leader of each
/// process does the rest.
template <Objective F>
  requires has_group_newton_steps<stepped_objective<F>>
class newton_direction<F> {
 public:
  using scalar = typename F::scalar;

  newton_direction() = default;
  newton_direction(F const& f, plan const& p) : samples_(static_cast<double>(p.samples)), plan_(p) {
    plan_.flops_per_sample = 0;  // those of a Hessian differ
    exists_ = has_small_groups(f.regularizer());
  }

  template <class T>
  static void prepare(F const&, full_gradient&, T&) noexcept {}
  bool exists() const noexcept { return exists_; }
  /// @brief The steps begin at once, so their cost in epochs of local steps does not matter.
  static constexpr double epochs() noexcept { return 1; }
  static constexpr double share_of_price() noexcept { return 1; }
  /// @brief The work of a direction divided by that of ∇f.
  double gradients_per_sample() const noexcept { return gradients_; }
  static constexpr std::size_t sums() noexcept { return 1; }

  /// @brief Leader only: stores ∇φ(x). @param pass its last evaluation was that of f at x
  void keep_gradient(full_gradient const& pass) {
    gradient_.assign(pass.sum().begin(), pass.sum().end());
  }

  /// @brief Collective: chooses the groups and computes their part of H. @pre keep_gradient()
  template <class T>
  void curvature_at(F const& f, std::span<scalar const> x, full_gradient const&, T& team) {
    bool const leader = team.leads();
    if (leader) {
      choose(f, x);
      plan_.dimension = usable_ ? packed_size(set_.size()) : 1;
      hessian_ = std::make_unique<full_gradient>(f, plan_);
    }
    team.barrier();  // the set is complete
    hessian_->each_share(f, team, [&](auto const& share, index_range samples, std::span<double> sum,
                                      std::size_t) {
      if (usable_) add_hessian(share, x, samples, set_, sum);
    });
    if (usable_) count_sum(team, plan_.dimension, point_.size());
    if (leader && usable_) {
      descent_.take(hessian_->sum(), groups_);
      auto const totals = hessian_->totals();
      double const work = totals[totals.size() - 2], gradient = totals[totals.size() - 1];
      gradients_ = (work + work_of_system(set_.size(), plan_.workers)) / gradient;
    }
    team.barrier();  // every thread may query the cost
  }

  /// @brief Leader only: direction ← p, with H + νB instead of H, B its diagonal blocks.
  /// @param damping ν ≥ 0
  /// @return the decrease of f that the model predicts; not above 0 if there is no direction
  double solve(F const&, double damping, std::span<double> direction) {
    std::fill(direction.begin(), direction.end(), 0.0);
    end_ = point_;
    if (!usable_) return 0;
    std::size_t const m = set_.size();
    std::vector<double> x(m), g(m), u(m);
    for (std::size_t k = 0; k != m; ++k) {
      x[k] = static_cast<double>(point_[set_[k]]);
      g[k] = gradient_[set_[k]];
    }
    double const change = descent_(x, g, damping, samples_, u);
    for (std::size_t k = 0; k != m; ++k) {
      direction[set_[k]] = u[k] - x[k];
      end_[set_[k]] = static_cast<scalar>(u[k]);
    }
    return -change / samples_;
  }
  /// @brief Leader only: x + p of the last solve(), with the exact zeros of r.
  std::span<scalar const> end() const noexcept { return end_; }

  template <class Archive>
  void state(Archive& archive) {
    archive(gradients_);
  }

 private:
  static constexpr std::size_t least = 64, largest_set = 2048;
  static constexpr bool has_classes = knows_probabilities<stepped_objective<F>>;

  // Leader only: the set, and its groups by positions in it.
  void choose(F const& f, std::span<scalar const> x) {
    auto const& r = f.regularizer();  // a group_l1
    auto const slope = least_subgradient(f, x, gradient_, samples_);
    point_.assign(x.begin(), x.end());
    std::size_t const d = x.size(), penalized = penalized_coordinates(f);
    std::vector<std::size_t> chosen, pushed;
    std::vector<double> pushes(r.groups());
    std::size_t size = d - penalized;
    for (std::size_t g = 0; g != r.groups(); ++g) {
      bool moves = false;
      for (std::size_t const j : r.group(g)) {
        moves = moves || x[j] != 0;
        pushes[g] += static_cast<double>(slope[j]) * static_cast<double>(slope[j]);
      }
      if (moves || d <= least)
        chosen.push_back(g), size += r.group(g).size();
      else if (pushes[g] > 0)
        pushed.push_back(g);
    }
    std::ranges::sort(pushed, [&](std::size_t a, std::size_t b) {
      return pushes[a] != pushes[b] ? pushes[a] > pushes[b] : a < b;
    });
    std::size_t const most = std::min(largest_set, size + std::max(least, size));
    for (std::size_t const g : pushed) {
      if (size + r.group(g).size() > most && !chosen.empty()) break;
      chosen.push_back(g), size += r.group(g).size();
    }
    usable_ = size != 0 && size <= largest_set;
    if (!usable_) return;
    std::vector<std::size_t> coordinates;
    for (std::size_t const g : chosen)
      coordinates.insert(coordinates.end(), r.group(g).begin(), r.group(g).end());
    for (std::size_t j = penalized; j != d; ++j) coordinates.push_back(j);
    if constexpr (has_classes)
      set_.take(std::move(coordinates), d, class_layout::of(f));
    else
      set_.take(std::move(coordinates), d);
    groups_.clear();
    for (std::size_t const g : chosen) {
      groups_.push_back({{}, r.strength(g)});
      for (std::size_t const j : r.group(g)) groups_.back().members.push_back(set_.place_of(j));
    }
    for (std::size_t j = penalized; j != d; ++j) groups_.push_back({{set_.place_of(j)}, 0});
  }

  double samples_ = 0, gradients_ = 0;
  bool exists_ = false, usable_ = false;
  plan plan_;
  std::conditional_t<has_classes, class_set, working_set> set_;
  std::vector<penalized_group> groups_;
  std::unique_ptr<full_gradient> hessian_;
  std::vector<double> gradient_;  // n·∇φ(x)
  std::vector<scalar> point_, end_;  // x, and x + p
  group_descent descent_;
};

}  // namespace localsgd::detail
