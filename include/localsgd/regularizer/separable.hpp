// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/checksum.hpp"
#include "localsgd/core/compiler.hpp"
#include "localsgd/core/error.hpp"
#include "localsgd/regularizer/concept.hpp"
#include "localsgd/regularizer/interval_penalty.hpp"

#include <algorithm>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <utility>

/// @file
/// @brief The members that all separable stock regularizers have in common.

namespace localsgd::detail {

/// @brief `r.penalty_at(j)`: r(x) = Σ_j r_j(x_j), where every r_j is an interval_penalty. If
///        `r.length()` is 0, it is the same for all j; otherwise x has that length.
template <class R>
concept sum_of_interval_penalties = requires(R const& r, std::size_t j) {
  { r.penalty_at(j) } -> std::same_as<interval_penalty>;
  { r.length() } -> std::same_as<std::size_t>;
};
/// @brief The regularizers that box, nonnegative and weighted accept.
template <class R>
concept separable_stock = bool(sum_of_interval_penalties<R> || ridge_regularizer<R>);

/// @brief r_j of a separable stock regularizer.
template <separable_stock R>
interval_penalty penalty_of(R const& r, std::size_t j) noexcept {
  if constexpr (sum_of_interval_penalties<R>)
    return r.penalty_at(j);
  else
    return {.l2 = r.ridge_strength()};
}
/// @brief The length of x, or 0 if r has any length.
template <separable_stock R>
std::size_t length_of(R const& r) noexcept {
  if constexpr (sum_of_interval_penalties<R>)
    return r.length();
  else
    return 0;
}

/// @brief Throws invalid_settings unless `length`, the length of the vector `field`, is d.
inline void require_length(std::string_view field, std::size_t length, std::size_t d) {
  if (length != d)
    refuse_setting(field, std::to_string(length) + " numbers",
                   std::to_string(d) + ", one for each coordinate of x");
}

/// @brief A vector as part of an identity: its length and a checksum of its bytes.
inline std::string summary_of(std::span<double const> v) {
  return std::to_string(v.size()) + " numbers " +
         std::to_string(checksum(v.data(), v.size_bytes()));
}

/// @brief The base class of a separable stock regularizer Self, which has penalty_at(j) and
///        length().
///
/// prox(x, s) and prox_at(j, x_j, s) compute the same bits. For iterates of type float, the bounds
/// are the nearest floats, so that r is finite at the result of `prox`.
template <class Self>
class separable {
 public:
  template <class Scalar>
  LOCALSGD_ONE_COPY double value(std::span<Scalar const> x) const noexcept {
    double parts[8] = {};  // independent sums, for accuracy
    each(x.size(), [&](std::size_t j, interval_penalty const& r) {
      parts[j % 8] += r.template of<Scalar>().value(static_cast<double>(x[j]));
    });
    return ((parts[0] + parts[1]) + (parts[2] + parts[3])) +
           ((parts[4] + parts[5]) + (parts[6] + parts[7]));
  }
  template <class Scalar>
  LOCALSGD_ONE_COPY void prox(std::span<Scalar> x, double step) const noexcept {
    if (self().length() == 0) {
      interval_prox const one = self().penalty_at(0).prox(step);
      for (Scalar& e : x) e = static_cast<Scalar>(one(static_cast<double>(e)));
    } else {
      for (std::size_t j = 0; j != x.size(); ++j)
        x[j] = static_cast<Scalar>(prox_at(j, static_cast<double>(x[j]), step));
    }
  }
  double prox_at(std::size_t j, double v, double step) const noexcept {
    return self().penalty_at(j).prox(step)(v);
  }
  double steps_at(std::size_t j, double v, double slope, double step,
                  std::uint64_t count) const noexcept {
    return self().penalty_at(j).steps(v, slope, step, count);
  }
  template <class Scalar>
  LOCALSGD_ONE_COPY void subgradient(std::span<Scalar const> x,
                                     std::span<Scalar> g) const noexcept {
    each(x.size(), [&](std::size_t j, interval_penalty const& r) {
      g[j] = static_cast<Scalar>(r.template of<Scalar>().least_subgradient(
          static_cast<double>(x[j]), static_cast<double>(g[j])));
    });
  }
  LOCALSGD_ONE_COPY double conjugate(std::span<double const> u) const noexcept {
    double parts[8] = {};
    each(u.size(),
         [&](std::size_t j, interval_penalty const& r) { parts[j % 8] += r.conjugate(u[j]); });
    return ((parts[0] + parts[1]) + (parts[2] + parts[3])) +
           ((parts[4] + parts[5]) + (parts[6] + parts[7]));
  }
  double dual_scale(std::span<double const> u) const noexcept {
    double c = 1;
    each(u.size(),
         [&](std::size_t j, interval_penalty const& r) { c = std::min(c, r.dual_scale(u[j])); });
    return c;
  }
  std::pair<double, double> zero_interval(std::size_t j) const noexcept {
    return self().penalty_at(j).zero_interval();
  }
  double strong_convexity() const noexcept {
    double least = self().penalty_at(0).l2;
    for (std::size_t j = 1; j < self().length(); ++j)
      least = std::min(least, self().penalty_at(j).l2);
    return least;
  }

 private:
  friend Self;
  separable() = default;

  Self const& self() const noexcept { return static_cast<Self const&>(*this); }

  template <class Function>
  void each(std::size_t d, Function const& f) const noexcept {
    if (self().length() == 0) {
      interval_penalty const r = self().penalty_at(0);
      for (std::size_t j = 0; j != d; ++j) f(j, r);
    } else {
      for (std::size_t j = 0; j != d; ++j) f(j, self().penalty_at(j));
    }
  }
};

}  // namespace localsgd::detail
