// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/checksum.hpp"
#include "localsgd/core/compiler.hpp"
#include "localsgd/core/error.hpp"
#include "localsgd/regularizer/concept.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <string>
#include <vector>

/// @file
/// @brief The group lasso.

namespace localsgd {

/// @brief The weight w_g of the norm of a group.
enum class group_weights {
  square_root_of_size,  ///< √|g|: groups of different sizes are penalised equally
  equal,                ///< 1
};

/// @brief r(x) = λ Σ_g w_g ‖x_g‖ over a partition of the coordinates into groups, the group lasso
///        \cite yuan2006group : at the minimum entire groups are zero.
///
/// w_g = √|g| or 1. prox(x, η)_g = x_g·max(1 − ηλw_g/‖x_g‖, 0); r*(u) is 0 if ‖u_g‖ ≤ λw_g for
/// all g, else +∞. Not separable unless all groups have size 1. Immutable, so it can be used from
/// several threads.
class group_l1 {
 public:
  /// @param groups a partition of 0, …, d − 1
  /// @param lambda λ, finite and ≥ 0
  /// @throws invalid_settings if a group is empty, or an index is in two groups or in none
  group_l1(std::vector<std::vector<std::size_t>> const& groups, double lambda,
           group_weights weights = group_weights::square_root_of_size)
      : lambda_(lambda), weights_(weights), begins_{0} {
    detail::require_nonnegative("group_l1.lambda", lambda);
    for (auto const& group : groups) {
      if (group.empty())
        refuse("[" + std::to_string(begins_.size() - 1) + "]", "empty",
               "a group of at least one index");
      members_.insert(members_.end(), group.begin(), group.end());
      begins_.push_back(members_.size());
    }
    if (members_.empty()) refuse("", "empty", partition);
    std::vector<bool> seen(members_.size());
    bool too_large = false;
    for (std::size_t const j : members_) {
      if (j >= seen.size()) {
        too_large = true;
      } else if (seen[j]) {
        refuse("", "index " + std::to_string(j) + " twice", partition);
      } else {
        seen[j] = true;
      }
    }
    if (too_large) {  // there are as many indices as coordinates, so another one is missing
      auto const missing = std::find(seen.begin(), seen.end(), false) - seen.begin();
      refuse("", "no index " + std::to_string(missing), partition);
    }
  }

  /// @brief Groups {0, …, size−1}, {size, …, 2size−1}, …: the blocks of one-hot encoded features,
  ///        or the classes of softmax regression if size is the number of columns.
  /// @throws invalid_settings unless d is a positive multiple of size
  static group_l1 consecutive(std::size_t d, std::size_t size, double lambda,
                              group_weights weights = group_weights::square_root_of_size) {
    check_multiple(d, size, "group_l1.size");
    std::vector<std::vector<std::size_t>> groups(d / size);
    for (std::size_t j = 0; j != d; ++j) groups[j / size].push_back(j);
    return group_l1(groups, lambda, weights);
  }
  /// @brief Groups {j, j + stride, j + 2stride, …} for each j < stride: if stride is the number of
  ///        columns, the features of softmax regression, each with its coefficients of all classes,
  ///        so that either all classes use a feature or none does.
  /// @throws invalid_settings unless d is a positive multiple of stride
  static group_l1 strided(std::size_t d, std::size_t stride, double lambda,
                          group_weights weights = group_weights::square_root_of_size) {
    check_multiple(d, stride, "group_l1.stride");
    std::vector<std::vector<std::size_t>> groups(stride);
    for (std::size_t j = 0; j != d; ++j) groups[j % stride].push_back(j);
    return group_l1(groups, lambda, weights);
  }

  std::size_t groups() const noexcept { return begins_.size() - 1; }
  /// The indices of group g.
  std::span<std::size_t const> group(std::size_t g) const noexcept {
    return std::span(members_).subspan(begins_[g], begins_[g + 1] - begins_[g]);
  }
  double lambda() const noexcept { return lambda_; }
  /// λw_g
  double strength(std::size_t g) const noexcept {
    if (weights_ == group_weights::equal) return lambda_;
    return lambda_ * std::sqrt(static_cast<double>(begins_[g + 1] - begins_[g]));
  }

  template <class Scalar>
  double value(std::span<Scalar const> x) const noexcept {
    double sum = 0;
    for (std::size_t g = 0; g != groups(); ++g) sum += strength(g) * norm_of(x, g, 1);
    return sum;
  }
  template <class Scalar>
  void prox(std::span<Scalar> x, double step) const noexcept {
    for (std::size_t g = 0; g != groups(); ++g) shrink(x, g, step * strength(g));
  }
  template <class Scalar>
  void subgradient(std::span<Scalar const> x, std::span<Scalar> g) const noexcept {
    for (std::size_t k = 0; k != groups(); ++k) {
      double const norm = norm_of(x, k, 1), slope = strength(k) / norm;
      if (norm == 0)
        shrink(g, k, strength(k));
      else
        for (std::size_t const j : group(k))
          g[j] = static_cast<Scalar>(static_cast<double>(g[j]) + slope * static_cast<double>(x[j]));
    }
  }
  double conjugate(std::span<double const> u) const noexcept {
    for (std::size_t g = 0; g != groups(); ++g)
      if (norm_of(u, g, 1) > strength(g)) return std::numeric_limits<double>::infinity();
    return 0;
  }
  /// The computed conjugate(c·u) is 0 for the returned c and for all smaller values.
  double dual_scale(std::span<double const> u) const noexcept {
    double c = 1;
    for (std::size_t g = 0; g != groups(); ++g) {
      double const norm = norm_of(u, g, c), most = strength(g);
      if (!(norm > most)) continue;
      c *= most / norm;
      // A few units in the last place; each attempt subtracts twice as much.
      for (double off = 0x1p-53; norm_of(u, g, c) > most; off *= 2) c *= 1 - off;
    }
    return c;
  }
  static double strong_convexity() noexcept { return 0; }
  std::string identity() const {
    auto const sum = [](std::vector<std::size_t> const& v) {
      return std::to_string(detail::checksum(v.data(), v.size() * sizeof(std::size_t)));
    };
    return "group_l1(" + std::to_string(groups()) + " groups " + sum(members_) + " " +
           sum(begins_) + ", " + detail::shown(lambda_) +
           (weights_ == group_weights::equal ? ", equal)" : ", square_root_of_size)");
  }
  /// @throws invalid_settings unless the groups have d indices
  void check_dimension(std::size_t d) const {
    if (members_.size() != d)
      refuse("", std::to_string(members_.size()) + " indices",
             "a partition of 0, ..., " + std::to_string(d - 1));
  }

 private:
  static constexpr char const* partition =
      "a partition of 0, ..., d-1, with each index in exactly one group";

  [[noreturn]] LOCALSGD_COLD static void refuse(std::string const& where, std::string const& found,
                                                std::string const& rule) {
    throw invalid_settings("group_l1.groups" + where, found, rule);
  }
  static void check_multiple(std::size_t d, std::size_t divisor, char const* field) {
    detail::require(divisor != 0 && d != 0 && d % divisor == 0, field, divisor,
                    "a divisor of " + std::to_string(d));
  }

  // ‖c·x_g‖. One compiled copy: dual_scale and conjugate must round in the same way.
  template <class Scalar>
  LOCALSGD_ONE_COPY double norm_of(std::span<Scalar> x, std::size_t g, double c) const noexcept {
    double squares = 0;
    for (std::size_t const j : group(g)) {
      double const e = c * static_cast<double>(x[j]);
      squares += e * e;
    }
    return std::sqrt(squares);
  }
  // v_g ← v_g·max(1 − threshold/‖v_g‖, 0); NaN stays NaN.
  template <class Scalar>
  void shrink(std::span<Scalar> v, std::size_t g, double threshold) const noexcept {
    double const norm = norm_of(v, g, 1);
    double const factor = norm <= threshold ? 0 : 1 - threshold / norm;
    for (std::size_t const j : group(g))
      v[j] =
          norm <= threshold ? Scalar{0} : static_cast<Scalar>(factor * static_cast<double>(v[j]));
  }

  double lambda_;
  group_weights weights_;
  std::vector<std::size_t> members_, begins_;  // group g begins at members_[begins_[g]]
};
static_assert(Regularizer<group_l1> && Regularizer<group_l1, float>);

}  // namespace localsgd
