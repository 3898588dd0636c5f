// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/detail/combine.hpp"
#include "localsgd/detail/compiler.hpp"
#include "localsgd/detail/simd.hpp"
#include "localsgd/objective/concept.hpp"
#include "localsgd/settings.hpp"
#include "localsgd/synchronizer/concept.hpp"

#include <algorithm>
#include <cstddef>
#include <numeric>
#include <span>
#include <vector>

/// @file
/// @brief f(x) and ∇f(x) over all samples, by all members, in a fixed order.

namespace localsgd::detail {

/// @brief Adds Σ_i ∇f_i(x) over the samples `first` … `last`−1 to `sum`, and Σ_i f_i(x) to its last
///        element. @pre sum has length d+1.
template <Objective F>
LOCALSGD_ONE_COPY void add_samples(F const& f, std::span<typename F::scalar const> x,
                                   index_range samples, std::span<double> sum) {
  using scalar = typename F::scalar;
  // As many samples a call as there are coordinates: then the sum costs no more than the gradients.
  std::size_t const d = x.size();
  std::size_t const block = std::clamp<std::size_t>(d, 256, 65536);
  std::vector<std::size_t> batch(std::min(block, samples.size()));
  std::vector<scalar> g(d);
  for (std::size_t i = samples.first; i < samples.last; i += block) {
    batch.resize(std::min(block, samples.last - i));
    std::iota(batch.begin(), batch.end(), i);
    double const count = static_cast<double>(batch.size());
    double const loss = f.gradient(x, std::span<std::size_t const>(batch), std::span<scalar>(g));
    sum[d] += count * loss;
    for (std::size_t j = 0; j != d; ++j) sum[j] += count * static_cast<double>(g[j]);
  }
}

/// @brief The full gradient as a sum of parts: parts are consecutive samples, and their number
///        depends on the problem and on K, never on the team.
class full_gradient {
 public:
  explicit full_gradient(plan const& p)
      : samples_(p.samples),
        parts_(part_count(p), std::vector<double>(p.dimension + 1)),
        total_(p.dimension + 1) {}

  /// @brief What is known of f at a point.
  struct value {
    double objective = 0;              ///< f(x)
    double squared_gradient_norm = 0;  ///< ‖∇f(x)‖²
  };

  /// @brief Collective: evaluates f at x. Only member 0 gets the answer.
  template <Objective F, class T>
  value operator()(F const& f, std::span<typename F::scalar const> x, T& team) {
    index_range const mine = even_split(parts_.size(), team.members(), team.member());
    for (std::size_t p = mine.first; p != mine.last; ++p) {
      std::ranges::fill(parts_[p], 0.0);
      add_samples(f, x, even_split(samples_, parts_.size(), p), parts_[p]);
    }
    team.sum(parts_, total_);
    if (team.member() != 0) return {};
    double const n = static_cast<double>(samples_);
    std::span<double const> const gradient(total_.data(), total_.size() - 1);
    return {total_.back() / n, squared_norm(gradient) / n / n};
  }

 private:
  // One part for each worker, but not more memory than 16 MiB or 8 vectors of length d.
  static std::size_t part_count(plan const& p) noexcept {
    std::size_t const room = std::max<std::size_t>(8, (std::size_t{2} << 20) / (p.dimension + 1));
    return std::min({p.workers, p.samples, room, std::size_t{64}});
  }

  std::size_t samples_;
  std::vector<std::vector<double>> parts_;
  std::vector<double> total_;
};

}  // namespace localsgd::detail
