// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/checksum.hpp"
#include "localsgd/core/error.hpp"
#include "localsgd/core/index_range.hpp"
#include "localsgd/loss/lipschitz.hpp"
#include "localsgd/objective/concept.hpp"
#include "localsgd/objective/estimate.hpp"
#include "localsgd/objective/fingerprint.hpp"
#include "localsgd/objective/linear_concept.hpp"
#include "localsgd/objective/regularized.hpp"
#include "localsgd/objective/shard_totals.hpp"
#include "localsgd/objective/sharded_concept.hpp"
#include "localsgd/objective/stable_step.hpp"
#include "localsgd/settings.hpp"

#include <algorithm>
#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <utility>
#include <vector>

/// @file
/// @brief Data in K shards, so that no process has to hold all samples.

namespace localsgd {

namespace detail {

/// @brief The properties of a shard that all processes know.
struct shard_facts {
  std::size_t samples = 0, dimension = 0;
  double strong_convexity = 0, penalty_convexity = 0, flops_per_sample = 0;
  double ridge = 0;                      // λ if the regularizer is (λ/2)‖x‖²
  std::array<char, 104> regularizer{};   // its identity, possibly truncated
  std::uint64_t regularizer_number = 0;  // a checksum of the entire identity
  std::size_t classes = 1;  // of softmax regression
  double intercept = 0;
  bool regularizes_intercept = true, has_lipschitz_loss = false, has_offset = false;
  curvature_bounds curvature;
  objective_fingerprint fingerprint;

  template <Objective F>
  static shard_facts of(F const& f, std::size_t workers) {
    shard_facts facts;
    facts.samples = f.samples();
    facts.dimension = f.dimension();
    facts.strong_convexity = strong_convexity_of(f);
    facts.fingerprint = fingerprint_of(f);
    if constexpr (knows_flops_per_sample<F>) facts.flops_per_sample = f.flops_per_sample();
    if constexpr (has_ridge<F>) facts.ridge = f.regularizer().ridge_strength();
    facts.penalty_convexity = penalty_convexity_of(f);
    if constexpr (has_regularizer<F>) {
      std::string const identity = f.regularizer().identity();
      identity.copy(facts.regularizer.data(), facts.regularizer.size() - 1);
      facts.regularizer_number = checksum(identity.data(), identity.size());
    }
    if constexpr (requires { f.classes(); }) facts.classes = f.classes();
    if constexpr (requires { f.intercept(); }) facts.intercept = f.intercept();
    facts.regularizes_intercept = !has_free_intercept(f);
    if constexpr (LinearObjective<F>) {
      facts.has_lipschitz_loss = detail::has_lipschitz_loss(f);
      facts.has_offset = !offsets_of(f).empty();
    }
    if constexpr (requires { f.step_curvature(workers); })
      facts.curvature = f.step_curvature(workers);
    else
      facts.curvature = estimate_curvature(f);
    return facts;
  }

  std::string_view regularizer_name() const noexcept { return regularizer.data(); }
};

}  // namespace detail

/// @brief f(x) = Σ_k (n_k/n) f_k(x): the mean over all samples, where worker k alone holds n_k of
///        them, with the objective f_k.
///
/// Worker k makes its steps on f_k only. Averages are weighted by n_k, and f and the certificate
/// refer to all samples. Weights count as in one objective over all samples: S is their sum over
/// all shards. Each process creates the shards of the workers that its synchronizer carries:
/// ~~~{.cpp}
/// mpi ranks;
/// std::vector<dataset<csr_matrix<float>>> data(K);  // filled for the workers of this rank alone
/// sharded_objective const f(ranks, K, [&](std::size_t k) {
///   data[k] = read_libsvm("file", {.columns = d, .shard = k, .shards = K});
///   return linear_objective(data[k].features, data[k].targets, logistic{}, l2{lambda});
/// });
/// auto const r = minimize(f, {.workers = K}, ranks);
/// ~~~
/// The result depends on K, but not on which process holds which shard: on any number of ranks and
/// threads it has the same bits as a `serial` run that holds all shards.
///
/// The default step size is the smallest over all shards, since each worker uses only its shard
/// between two averages. μ is also the smallest. The certificate is ‖∇f‖²/(2μ), or the one for a
/// free intercept or a nonsmooth regularizer; the tighter one for linear models with an L2
/// penalty needs all slopes in one process. Immutable, so it can be used from several threads.
template <Objective F>
  requires std::move_constructible<F>
class sharded_objective {
 public:
  using scalar = typename F::scalar;
  using shard_type = F;

  /// @brief Collective if the synchronizer has several processes: all of them must call it.
  /// @param ranks   the synchronizer of the subsequent runs
  /// @param workers K of these runs
  /// @param make    `make(k)` returns f_k; called for this process's workers in ascending order
  /// @throws invalid_settings on all processes if K is out of range, or if shards differ in their
  ///         dimension, their regularizer, their intercept or whether it is free; names a worker
  ///         that differs from worker 0, and its rank
  /// @throws any exception of `make`; on the other processes, rank_failed
  template <class Ranks, class Make>
  sharded_objective(Ranks& ranks, std::size_t workers, Make const& make) {
    settings s;
    s.workers = workers;
    s.validate();
    index_range const here = ranks.carries(workers);
    first_ = here.first;
    facts_.resize(workers);
    auto const make_all = [&] {
      shards_.reserve(here.size());
      for (std::size_t k = here.first; k != here.last; ++k) shards_.emplace_back(make(k));
    };
    auto const look_at_all = [&] {
      for (std::size_t k = here.first; k != here.last; ++k)
        facts_[k] = detail::shard_facts::of(shards_[k - here.first], workers);
    };
    if constexpr (detail::has_mean_weight<F>) {
      // Weights are relative to all samples, so their sum must be known before any measurement.
      std::vector<detail::shard_totals> totals(workers);
      ranks.all_gather(std::span(totals.data(), totals.size()), [&] {
        make_all();
        for (std::size_t k = here.first; k != here.last; ++k)
          totals[k] = detail::shard_totals::of(shards_[k - here.first]);
      });
      detail::shard_totals all;
      for (auto const& each : totals) all.add(each);
      for (F& f : shards_) all.apply_to(f);
      ranks.all_gather(std::span(facts_.data(), facts_.size()), look_at_all);
    } else {
      ranks.all_gather(std::span(facts_.data(), facts_.size()), [&] {
        make_all();
        look_at_all();
      });
    }

    for (std::size_t k = 0; k != workers; ++k) {
      std::string name = "the shard of worker " + std::to_string(k);
      if constexpr (requires { ranks.rank_of(workers, k); })
        name += " on rank " + std::to_string(ranks.rank_of(workers, k));
      auto const as_the_first = [&](std::string const& what, auto const& fact) {
        detail::require(facts_[k].*fact == facts_[0].*fact, what + " of " + name, facts_[k].*fact,
                        detail::shown(facts_[0].*fact) + ", as in the shard of worker 0");
      };
      detail::require(facts_[k].samples >= 1, "samples of " + name, facts_[k].samples, ">= 1");
      as_the_first("dimension", &detail::shard_facts::dimension);
      as_the_first("classes", &detail::shard_facts::classes);
      detail::require(facts_[k].regularizer_number == facts_[0].regularizer_number,
                      "regularizer of " + name, facts_[k].regularizer_name(),
                      std::string(facts_[0].regularizer_name()) + ", as in the shard of worker 0");
      as_the_first("intercept", &detail::shard_facts::intercept);
      as_the_first("regularize_intercept", &detail::shard_facts::regularizes_intercept);
      begins_.push_back(begins_.back() + facts_[k].samples);
    }
  }

  std::size_t dimension() const noexcept { return facts_[0].dimension; }
  std::size_t samples() const noexcept { return begins_.back(); }  ///< n, over all shards

  /// @throws std::out_of_range for a sample held by another process
  double gradient(std::span<scalar const> x, std::span<std::size_t const> batch,
                  std::span<scalar> g) const {
    std::vector<scalar> part(g.size());
    std::vector<double> sum(g.size());
    std::vector<std::size_t> own;
    double loss = 0;
    for (std::size_t i = 0; i != batch.size(); i += own.size()) {  // consecutive ones of one shard
      std::size_t const k = shard_of(batch[i]);
      own.clear();
      for (std::size_t j = i; j != batch.size() && shard_of(batch[j]) == k; ++j)
        own.push_back(batch[j] - begins_[k]);
      double const share = static_cast<double>(own.size()) / static_cast<double>(batch.size());
      loss += share * shard(k).gradient(x, std::span<std::size_t const>(own), part);
      for (std::size_t j = 0; j != g.size(); ++j) sum[j] += share * static_cast<double>(part[j]);
    }
    for (std::size_t j = 0; j != g.size(); ++j) g[j] = static_cast<scalar>(sum[j]);
    return loss;
  }

  double strong_convexity() const noexcept {
    return std::ranges::min(facts_, {}, &detail::shard_facts::strong_convexity).strong_convexity;
  }
  /// A step size for which SGD with batches of b is stable on every shard: detail::stable_step.
  double stable_step(std::size_t batch_size) const noexcept {
    double least = std::numeric_limits<double>::infinity();
    for (auto const& shard : facts_)
      least = std::min(least, detail::stable_step(shard.curvature, batch_size));
    return least;
  }
  /// The mean number of multiply-adds of one component gradient.
  double flops_per_sample() const noexcept
    requires detail::knows_flops_per_sample<F>
  {
    double sum = 0;
    for (auto const& shard : facts_)
      sum += static_cast<double>(shard.samples) * shard.flops_per_sample;
    return sum / static_cast<double>(samples());
  }

  // Properties shared by all shards: r, λ, μ of r, and the intercept of a linear model.
  auto const& regularizer() const noexcept
    requires detail::has_regularizer<F>
  {
    return shards_.front().regularizer();
  }
  double ridge_strength() const noexcept
    requires detail::has_ridge<F>
  {
    return facts_[0].ridge;
  }
  double penalty_convexity() const noexcept { return facts_[0].penalty_convexity; }
  double intercept() const noexcept
    requires requires(F const& f) { f.intercept(); }
  {
    return facts_[0].intercept;
  }
  bool regularizes_intercept() const noexcept
    requires requires(F const& f) { f.intercept(); }
  {
    return facts_[0].regularizes_intercept;
  }
  std::size_t classes() const noexcept
    requires requires(F const& f) { f.classes(); }
  {
    return facts_[0].classes;
  }
  bool has_lipschitz_loss() const noexcept
    requires LinearObjective<F>
  {
    return std::ranges::all_of(facts_, &detail::shard_facts::has_lipschitz_loss);
  }
  /// Whether any shard has offsets.
  bool has_offset() const noexcept {
    return std::ranges::any_of(facts_, &detail::shard_facts::has_offset);
  }

  std::size_t shards() const noexcept { return facts_.size(); }
  std::size_t shard_size(std::size_t k) const noexcept { return facts_[k].samples; }
  bool is_here(std::size_t k) const noexcept {
    return k >= first_ && k - first_ < shards_.size();
  }
  /// @throws std::out_of_range if another process holds the shard
  F const& shard(std::size_t k) const {
    if (!is_here(k))
      throw std::out_of_range("localsgd: the shard of worker " + std::to_string(k) +
                              " is in another process");
    return shards_[k - first_];
  }

  /// @brief The fingerprint of all shards, on all processes.
  detail::objective_fingerprint fingerprint() const noexcept {
    detail::objective_fingerprint all;
    for (auto const& shard : facts_) {
      all.loss += shard.fingerprint.loss * static_cast<double>(shard.samples) /
                  static_cast<double>(samples());
      std::uint64_t const chain[] = {all.gradients, shard.samples, shard.fingerprint.gradients};
      all.gradients = detail::checksum(chain, sizeof chain);
    }
    return all;
  }

 private:
  std::size_t shard_of(std::size_t sample) const noexcept {
    auto const next = std::upper_bound(begins_.begin(), begins_.end(), sample);
    return static_cast<std::size_t>(next - begins_.begin()) - 1;
  }

  std::vector<F> shards_;                  // of the workers first_, first_ + 1, …
  std::size_t first_ = 0;
  std::vector<detail::shard_facts> facts_;  // of all
  std::vector<std::size_t> begins_{0};      // shard k has samples begins_[k] … begins_[k+1]−1
};

template <class Ranks, class Make>
sharded_objective(Ranks&, std::size_t, Make const&)
    -> sharded_objective<std::remove_cvref_t<std::invoke_result_t<Make const&, std::size_t>>>;

}  // namespace localsgd
