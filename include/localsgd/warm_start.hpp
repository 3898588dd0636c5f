// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/checksum.hpp"
#include "localsgd/core/error.hpp"
#include "localsgd/core/tensor.hpp"

#include <cmath>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <type_traits>
#include <vector>

/// @file
/// @brief Starting a run from a given point instead of 0.

namespace localsgd {

/// @brief The point x_0 from which all workers of a run start, such as the answer of another run
///        with less data or a larger penalty.
///
/// `minimize(f, s, warm_start(r.x))`. Everything else is as in a run from 0. In particular t, which
/// determines step sizes and samples, starts at 0, so large first steps may move away from x_0.
/// With a tolerance they do not: a point that is accurate enough is returned unchanged; otherwise
/// all steps are variance-reduced, preceded by Newton steps for a separable regularizer without a
/// gradient, such as l1. For many λ, see regularization_path(). All ranks must pass the same point.
/// With a checkpoint, pass the point at which the run first started, even when resuming.
class warm_start {
 public:
  /// @param x any contiguous range with `data()` and `size()`, of float or double: d numbers, which
  ///          are copied. @throws invalid_settings naming an element that is not finite
  template <class Point>
    requires requires(Point const& p) {
      { p.data()[p.size()] } -> std::convertible_to<double>;
    }
  explicit warm_start(Point const& x) : x_(x.data(), x.data() + x.size()) {
    for (std::size_t i = 0; i != x_.size(); ++i)
      detail::require(std::isfinite(x_[i]), "warm_start[" + std::to_string(i) + "]", x_[i],
                      "a finite number");
  }

  std::span<double const> x() const noexcept { return x_; }

 private:
  std::vector<double> x_;
};

namespace detail {

/// @brief A run from x = 0: the default.
struct cold_start {};

/// @brief Identifies the point at which a run starts; 0 stands for x = 0.
constexpr std::uint64_t start_number(cold_start) noexcept { return 0; }
inline std::uint64_t start_number(warm_start const& start) noexcept {
  return checksum(start.x().data(), start.x().size_bytes()) | 1U;
}

template <class Scalar, class Points, class Workers>
constexpr void move_to(cold_start, Points&, Workers&) noexcept {}
/// @brief Moves all points of a run that has not started yet, and its workers, to x_0.
/// @throws invalid_settings if it is not a valid start for such points
template <class Scalar, class Points, class Workers>
void move_to(warm_start const& start, Points& points, Workers& workers) {
  std::size_t const d = points.consensus[0].size();
  require(start.x().size() == d, "warm_start.x().size()", start.x().size(),
          "the dimension of the objective, " + std::to_string(d));
  for (std::size_t i = 0; i != d; ++i) {
    auto const from = static_cast<Scalar>(start.x()[i]);
    require(std::isfinite(from), "warm_start[" + std::to_string(i) + "]", start.x()[i],
            "in the range of the objective's scalar type");
    points.consensus[0][i] = points.consensus[1][i] = from;
  }
  for (auto& each : workers) each.assign(std::span<Scalar const>(points.consensus[0]));
}

}  // namespace detail

}  // namespace localsgd
