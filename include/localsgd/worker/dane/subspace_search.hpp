// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/compiler.hpp"
#include "localsgd/core/index_range.hpp"
#include "localsgd/evaluation/full_gradient.hpp"
#include "localsgd/kernels/rows.hpp"
#include "localsgd/kernels/simd.hpp"
#include "localsgd/loss/evaluate.hpp"
#include "localsgd/objective/linear_concept.hpp"
#include "localsgd/objective/regularized.hpp"
#include "localsgd/objective/sharded_concept.hpp"
#include "localsgd/settings.hpp"
#include "localsgd/worker/dane/subspace_newton.hpp"
#include "localsgd/worker/newton/hessian.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <concepts>
#include <cstddef>
#include <span>
#include <vector>

/// @file
/// @brief The minimum of f along a few directions, by messages of a few numbers.

namespace localsgd::detail {

/// @brief Objectives for which only products with the rows are needed along lines.
template <class F>
concept has_products_along_lines = linear_with_ridge<stepped_objective<F>>;

/// @brief Minimises f(x + Σ α_i v_i) over α, by detail::subspace_newton: sequential subspace
///        optimisation \cite narkiss2005sequential.
///
/// For a linear model the owner of row a_j computes the products ⟨a_j, x⟩ and ⟨a_j, v_i⟩ once; then
/// f, its gradient and its Hessian in α cost O(m²) a row and a message of m(m+3)/2 + 1 numbers. For
/// other objectives they are computed from m + 1 gradients, the Hessian as their differences. The
/// first two α, which are always evaluated, share a message. Sums are in the order of the parts:
/// the same bits on any number of threads and ranks, which therefore need no message to decide
/// alike.
template <Objective F>
class subspace_search {
 public:
  using scalar = typename F::scalar;
  using directions = std::span<std::vector<double> const>;
  struct nothing {
    constexpr double operator()(std::size_t) const noexcept { return 0; }
  };

  subspace_search(F const& f, plan const& p)
      : samples_(static_cast<double>(p.samples)),
        first_(f, plan_of(p, 2)),
        message_(f, plan_of(p, 1)),
        tables_(message_.parts()) {}

  /// @brief The number of parts of the sums.
  std::size_t parts() const noexcept { return first_.parts(); }

  /// @brief Collective. `x` and `along` are equal on all ranks, and do not change.
  /// @param summed called by every thread after each message: summed(passes), with the passes over
  ///               the samples that it took; 0 on threads that do not lead
  /// @param carry  carry(part) on the thread of a part: a number that travels along: see carried()
  template <class T, class Summed, class Carry = nothing>
  void operator()(F const& f, std::span<scalar const> x, directions along, T& team,
                  Summed const& summed, Carry const& carry = {}) {
    bool const leader = team.leads();
    std::size_t const m = along.size(), derivatives = m + packed_size(m);
    if (leader) begin(f, x, along);
    team.barrier();
    constexpr std::array<double, most> start{}, full{1};
    first_.each_share(f, team, [&](auto const& share, index_range samples, std::span<double> sum,
                                   std::size_t part) {
      std::size_t const second = sum.size() / 2 - 1;
      add(share, samples, sum, sum[sum.size() - 2], tables_[part], x, along, start, true);
      add(share, samples, sum.subspan(second), sum[2 * second], tables_[part], x, along, full,
          false);
      sum.back() = carry(part);
    });
    team.template count<double>(2 * (derivatives + 1));
    if (leader) {
      std::span<double const> const sums = first_.sum();
      std::size_t const second = sums.size() / 2;
      newton_.goes_on();  // to α = 0
      take(sums.first(derivatives), first_.last());
      newton_.goes_on();  // to α = e_0
      take(sums.subspan(second, derivatives), sums.back());
    }
    summed(leader ? passes_ : 0);
    team.barrier();  // the sums have been read
    while (team.broadcast_here(leader && newton_.goes_on() ? 1 : 0) != 0) {
      message_.each_share(
          f, team,
          [&](auto const& share, index_range samples, std::span<double> sum, std::size_t part) {
            add(share, samples, sum, sum[sum.size() - 2], tables_[part], x, along, newton_.trial(),
                false);
          });
      team.template count<double>(derivatives + 1);
      double const before = passes_;
      if (leader) take(message_.sum().first(derivatives), message_.last());
      summed(leader ? passes_ - before : 0);
      team.barrier();
    }
  }

  /// @brief Leader only: Σ carry(part) of the last search.
  double carried() const noexcept { return first_.totals().back(); }
  /// @brief Leader only: α, the decrease of f, and the curvature along v_0.
  subspace_newton const& found() const noexcept { return newton_; }
  /// @brief The cost of the last search, in passes over the samples for a gradient.
  double passes() const noexcept { return passes_; }

 private:
  static constexpr std::size_t most = subspace_newton::most;
  static constexpr double shift = std::same_as<scalar, double> ? 1e-5 : 3e-3;

  // A message of the derivatives at so many α, and the values at all but one of them.
  static plan plan_of(plan p, std::size_t values) noexcept {
    std::size_t const m = subspace_newton::dimensions_for(p.dimension);
    p.dimension = values * (m + packed_size(m) + 1) - 1;
    p.flops_per_sample = 0;  // those of a search differ
    return p;
  }

  // Leader only.
  void begin(F const& f, std::span<scalar const> x, directions along) {
    std::size_t const m = along.size();
    newton_.begin(m);
    passes_ = 0;
    if constexpr (has_products_along_lines<F>) {
      passes_ = static_cast<double>(m + 1) / 2;
      std::size_t const penalized = penalized_coordinates(f);
      ridge_ = ridge_of(f);
      gram_ = {};
      for (std::size_t j = 0; j != penalized; ++j) {
        double const at = static_cast<double>(x[j]);
        gram_[0] += at * at;
        for (std::size_t i = 0; i != m; ++i) {
          gram_[1 + i] += at * along[i][j];
          for (std::size_t k = 0; k <= i; ++k)
            gram_[1 + m + packed_size(i) + k] += along[i][j] * along[k][j];
        }
      }
    } else {
      double const length = std::sqrt(squared_norm(x));
      for (std::size_t i = 0; i != m; ++i) {
        double const direction = std::sqrt(squared_norm(std::span<double const>(along[i])));
        probe_[i] = direction > 0 ? shift * (1 + length) / direction : 1;
      }
    }
  }

  // Leader only: the sums at newton_.trial().
  void take(std::span<double const> derivatives, double objective) {
    std::size_t const m = newton_.dimensions();
    std::array<double, subspace_newton::sums + 1> sums{};
    for (std::size_t i = 0; i != derivatives.size(); ++i) sums[i] = derivatives[i] / samples_;
    double value = objective / samples_;
    if constexpr (has_products_along_lines<F>) {
      passes_ += 1;
      auto const alpha = newton_.trial();
      double square = gram_[0];
      for (std::size_t i = 0; i != m; ++i) {
        double along = gram_[1 + i];
        for (std::size_t k = 0; k != m; ++k) {
          double const each = gram_[1 + m + (k <= i ? packed_size(i) + k : packed_size(k) + i)];
          along += alpha[k] * each;
          if (k <= i) sums[m + packed_size(i) + k] += ridge_ * each;
        }
        square += alpha[i] * (gram_[1 + i] + along);
        sums[i] += ridge_ * along;
      }
      value += ridge_ / 2 * square;
    } else {
      passes_ += static_cast<double>(m + 1);
    }
    newton_.take(value, {sums.data(), sums.size()});
  }

  // Adds to `sum` ∂_i, ∂_i∂_k packed, and to `objective` f, each times the samples.
  template <class G>
  LOCALSGD_ONE_COPY void add(G const& f, index_range samples, std::span<double> sum,
                             double& objective, std::vector<double>& table,
                             std::span<scalar const> x, directions along,
                             std::span<double const> alpha, bool first) const {
    if constexpr (has_products_along_lines<F>) {
      std::size_t const width = along.size() + 1;
      if (first) fill(f, samples, table, x, along);
      constexpr std::size_t block = 64;
      double z[block], y[block], value[block], slope[block], bend[block];
      double const* row = table.data();
      for (std::size_t i = samples.first; i < samples.last; i += block) {
        std::size_t const count = std::min(block, samples.last - i);
        for (std::size_t j = 0; j != count; ++j) {
          double const* const products = row + j * width;
          z[j] = products[0];
          for (std::size_t k = 1; k != width; ++k) z[j] += alpha[k - 1] * products[k];
          y[j] = f.target(i + j);
        }
        evaluate(f.loss(), z, y, count, value, slope);
        second_derivatives(f.loss(), z, y, count, bend);
        for (std::size_t j = 0; j != count; ++j, row += width) {
          double const s = f.scale(i + j);
          objective += s * value[j];
          double* to = sum.data() + width - 1;
          for (std::size_t k = 1; k != width; ++k) {
            sum[k - 1] += s * slope[j] * row[k];
            double const c = s * bend[j] * row[k];
            for (std::size_t l = 1; l <= k; ++l) *to++ += c * row[l];
          }
        }
      }
    } else {
      add_by_gradients(f, samples, sum, objective, x, along, alpha);
    }
  }

  template <class G>
  void fill(G const& f, index_range samples, std::vector<double>& table, std::span<scalar const> x,
            directions along) const {
    table.resize(samples.size() * (along.size() + 1));
    double const intercept = f.intercept();
    double* to = table.data();
    for (std::size_t i = samples.first; i != samples.last; ++i) {
      auto const row = row_of(f.features(), i);
      *to++ = prediction_of(f, i, x);
      for (std::vector<double> const& v : along)
        *to++ = dot(row, v.data()) + (intercept != 0 ? intercept * v.back() : 0);
    }
  }

  template <class G>
  void add_by_gradients(G const& f, index_range samples, std::span<double> sum, double& objective,
                        std::span<scalar const> x, directions along,
                        std::span<double const> alpha) const {
    std::size_t const d = x.size(), m = along.size();
    std::vector<double> at(x.begin(), x.end()), g(d + 2), beside(d + 2);
    for (std::size_t i = 0; i != m; ++i) add_scaled(alpha[i], along[i].data(), at.data(), d);
    std::vector<scalar> point(d);
    auto const evaluate_at = [&](std::vector<double> const* direction, double length,
                                 std::vector<double>& out) {
      for (std::size_t j = 0; j != d; ++j)
        point[j] =
            static_cast<scalar>(at[j] + (direction != nullptr ? length * (*direction)[j] : 0));
      std::ranges::fill(out, 0.0);
      add_samples(f, std::span<scalar const>(point), samples, std::span<double>(out),
                  std::span<double>());
    };
    evaluate_at(nullptr, 0, g);
    objective += g[d];
    for (std::size_t i = 0; i != m; ++i) sum[i] += dot(g.data(), along[i].data(), d);
    for (std::size_t i = 0; i != m; ++i) {
      evaluate_at(&along[i], probe_[i], beside);
      for (std::size_t j = 0; j != d; ++j) beside[j] = (beside[j] - g[j]) / probe_[i];
      for (std::size_t k = 0; k != m; ++k) {
        double const each = dot(beside.data(), along[k].data(), d);
        std::size_t const at_k = k <= i ? packed_size(i) + k : packed_size(k) + i;
        sum[m + at_k] += k == i ? each : each / 2;
      }
    }
  }

  double samples_;
  full_gradient first_, message_;
  std::vector<std::vector<double>> tables_;  // of each part: ⟨a_j, x⟩ + o_j, ⟨a_j, v_0⟩, … a row
  subspace_newton newton_;                   // the leader changes it between two collective calls
  std::array<double, 1 + subspace_newton::sums> gram_{};  // ⟨w,w⟩, ⟨w,v_i⟩, ⟨v_i,v_k⟩ where r acts
  std::array<double, most> probe_{};
  double ridge_ = 0, passes_ = 0;
};

}  // namespace localsgd::detail
