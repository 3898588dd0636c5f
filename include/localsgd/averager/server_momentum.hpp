// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/averager/concept.hpp"
#include "localsgd/averager/weighted_mean.hpp"
#include "localsgd/core/cache_aligned.hpp"
#include "localsgd/core/compiler.hpp"
#include "localsgd/core/error.hpp"

#include <algorithm>
#include <cstddef>
#include <span>
#include <string>
#include <utility>

/// @file
/// @brief An outer optimiser with momentum.

namespace localsgd {

/// @brief Applies the mean change of a round, Δ = x̄ − x, as a step with momentum
///        \cite wang2020slowmo.
///
/// v ← βv + Δ, then x ← x + γv, or with `nesterov` x ← x + γ(Δ + βv). With β = 0 and γ = 1 this is
/// `weighted_mean`, up to rounding. v = 0 at the start and whenever the consensus is reset, at an
/// anchor of variance-reduced steps or by a warm start. Memory: two vectors of length d. With local
/// steps, no theorem covers the convex case.
struct server_momentum {
  double beta = 0.9;       ///< β, in [0, 1), dimensionless.
  bool nesterov = false;   ///< Whether to use Nesterov momentum, which looks ahead along v.
  double step_size = 1;    ///< γ > 0, finite, dimensionless.

  template <class Scalar>
  class bound : public memoryless_average<Scalar> {
   public:
    static constexpr bool keeps_mean = false;

    bound(double beta, double gamma, bool nesterov, weighted_mean::bound<Scalar> weights,
          std::size_t dimension)
        : beta_(static_cast<Scalar>(beta)),
          gamma_(static_cast<Scalar>(gamma)),
          nesterov_(nesterov),
          weights_(std::move(weights)),
          velocity_(dimension),
          next_(dimension) {}

    /// @return n_k / Σ n, dimensionless: 1/K if all shards have the same size.
    double weight(std::size_t worker) const noexcept { return weights_.weight(worker); }

    LOCALSGD_ONE_COPY void apply(std::size_t first, std::span<Scalar const> previous,
                                 std::span<Scalar> mean) noexcept {
      for (std::size_t i = 0; i != mean.size(); ++i) {
        Scalar const change = mean[i] - previous[i];
        Scalar const v = beta_ * velocity_[first + i] + change;
        next_[first + i] = v;
        mean[i] = previous[i] + gamma_ * (nesterov_ ? change + beta_ * v : v);
      }
    }
    void commit() noexcept { std::swap(velocity_, next_); }
    void reset(std::span<Scalar const>) noexcept {
      std::fill(velocity_.begin(), velocity_.end(), Scalar{0});
    }
    template <class Archive>
    void state(Archive& archive) {
      archive(velocity_);
    }

   private:
    Scalar beta_, gamma_;
    bool nesterov_;
    weighted_mean::bound<Scalar> weights_;
    detail::aligned_vector<Scalar> velocity_, next_;  // v, and its value if the round is accepted
  };

  /// @throws invalid_settings
  template <class Scalar>
  bound<Scalar> bind(plan const& p, std::span<std::size_t const> shard_sizes) const {
    detail::require(beta >= 0 && beta < 1, "server_momentum.beta", beta, "in [0, 1)");
    detail::require_positive("server_momentum.step_size", step_size);
    return {beta, step_size, nesterov, weighted_mean{}.template bind<Scalar>(p, shard_sizes),
            p.dimension};
  }
  std::string identity() const {
    return "server_momentum{beta = " + detail::shown(beta) +
           ", nesterov = " + (nesterov ? "true" : "false") +
           ", step_size = " + detail::shown(step_size) + "}";
  }
};
static_assert(Averager<server_momentum, double> && Averager<server_momentum, float>);

}  // namespace localsgd
