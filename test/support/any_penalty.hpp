// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include <span>
#include <string>
#include <variant>

/// @file
/// @brief Regularizers of one type, so that minimize() is compiled once for all of them.

namespace support {

/// @brief Any of some regularizers without a gradient: not separable, for all that is known.
template <class... Regularizers>
struct any_penalty {
  std::variant<Regularizers...> one;

  double value(std::span<double const> x) const {
    return std::visit([=](auto const& r) { return r.value(x); }, one);
  }
  void prox(std::span<double> x, double step) const {
    std::visit([=](auto const& r) { r.prox(x, step); }, one);
  }
  void subgradient(std::span<double const> x, std::span<double> g) const {
    std::visit([=](auto const& r) { r.subgradient(x, g); }, one);
  }
  double conjugate(std::span<double const> u) const {
    return std::visit([=](auto const& r) { return r.conjugate(u); }, one);
  }
  double dual_scale(std::span<double const> u) const {
    return std::visit([=](auto const& r) { return r.dual_scale(u); }, one);
  }
  double strong_convexity() const {
    return std::visit([](auto const& r) { return r.strong_convexity(); }, one);
  }
  std::string identity() const {
    return std::visit([](auto const& r) { return r.identity(); }, one);
  }
};

}  // namespace support
