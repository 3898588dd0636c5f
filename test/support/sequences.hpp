// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/iterate_weights/concept.hpp"
#include "localsgd/sampler/concept.hpp"
#include "localsgd/step_size/concept.hpp"
#include "localsgd/worker/concept.hpp"
#include "test/support/problems.hpp"

/// @file
/// @brief What a sequence of local steps must give, step by step from its definition.

namespace support {

template <class Scalar>
struct iterate_and_average {
  std::vector<Scalar> x, average;
};

/// @brief What a sequence has come to.
template <class Scalar, localsgd::LocalSequence<Scalar> Q>
iterate_and_average<Scalar> state_of(Q& sequence, std::size_t d) {
  iterate_and_average<Scalar> s{std::vector<Scalar>(d), std::vector<Scalar>(d)};
  sequence.average(std::span<Scalar>(s.average));
  auto const x = sequence.local();
  std::copy(x.begin(), x.end(), s.x.begin());
  return s;
}

/// @brief x_T and Σ w_t x_t/Σ w_t of `steps` steps x ← x − η_t g_t from x_0 = 0, by the book.
template <class F, localsgd::Sampler S, localsgd::StepSize E, localsgd::IterateWeights W>
iterate_and_average<double> by_the_book(F const& f, S const& sampler, E const& eta,
                                        W const& iterate_weights, localsgd::plan const& p,
                                        std::size_t worker, std::uint64_t steps) {
  std::vector<double> x(p.dimension);
  std::vector<long double> sum(p.dimension);
  long double weights = 0;
  std::vector<std::size_t> batch(p.batch_size);
  for (std::uint64_t t = 0; t != steps; ++t) {
    auto const w = static_cast<long double>(iterate_weights.weight(t));
    weights += w;
    sampler.draw(p, worker, t, batch);
    auto const g = at(f, x, batch).gradient;
    for (std::size_t j = 0; j != x.size(); ++j) {
      sum[j] += w * static_cast<long double>(x[j]);
      x[j] -= eta(t) * g[j];
    }
  }
  iterate_and_average<double> result{x, x};
  for (std::size_t j = 0; j != x.size(); ++j)
    result.average[j] = static_cast<double>(sum[j] / weights);
  return result;
}
/// @brief With the weights that go with the step size.
template <class F, localsgd::Sampler S, localsgd::StepSize E>
iterate_and_average<double> by_the_book(F const& f, S const& sampler, E const& eta,
                                        localsgd::plan const& p, std::size_t worker,
                                        std::uint64_t steps) {
  return by_the_book(f, sampler, eta, localsgd::recommended_weights(eta), p, worker, steps);
}

}  // namespace support
