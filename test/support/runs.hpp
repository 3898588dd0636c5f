// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/localsgd.hpp"

#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <stdexcept>
#include <vector>
#include <version>
#if defined(__cpp_lib_jthread)
#include <stop_token>
#endif

/// @file
/// @brief Small problems for whole runs, and what two runs are compared by.

namespace support {

/// @brief A least-squares objective as a user would write it: nothing but the required members.
struct custom {
  using scalar = double;
  localsgd::dense_matrix<double> const* a;
  std::vector<double> const* y;

  std::size_t dimension() const { return a->shape(1); }
  std::size_t samples() const { return a->shape(0); }
  double gradient(std::span<double const> x, std::span<std::size_t const> batch,
                  std::span<double> g) const {
    double loss = 0;
    for (double& e : g) e = 0;
    for (std::size_t const i : batch) {
      double r = -(*y)[i];
      for (std::size_t j = 0; j != x.size(); ++j) r += (*a)(i, j) * x[j];
      loss += r * r / 2 / static_cast<double>(batch.size());
      for (std::size_t j = 0; j != x.size(); ++j)
        g[j] += r * (*a)(i, j) / static_cast<double>(batch.size());
    }
    return loss;
  }
};
static_assert(localsgd::Objective<custom>);

/// @brief n rows of d features in (−1, 1), a share of them 0, and targets ±1 and real.
struct problem {
  explicit problem(std::size_t n, std::size_t d, double density = 1)
      : dense({n, d}), dense_float({n, d}), labels(n), classes(n), reals(n) {
    std::vector<std::size_t> starts{0};
    std::vector<std::uint32_t> indices;
    std::vector<float> values;
    for (std::size_t i = 0; i != n; ++i) {
      double sum = 0;
      for (std::size_t j = 0; j != d; ++j) {
        auto const words = localsgd::random_words(7, localsgd::random_stream::noise, 2, i * d + j);
        bool const there = localsgd::unit_interval(words[1]) < density;
        float const value =
            there ? static_cast<float>(2 * localsgd::unit_interval(words[0]) - 1) : 0.0f;
        dense(i, j) = dense_float(i, j) = value;
        sum += (j % 2 == 0 ? 1.0 : -0.5) * static_cast<double>(value);
        if (there) {
          indices.push_back(static_cast<std::uint32_t>(j));
          values.push_back(value);
        }
      }
      starts.push_back(indices.size());
      auto const noise = localsgd::random_words(7, localsgd::random_stream::noise, 3, i);
      reals[i] = sum + 0.3 * localsgd::standard_normal(noise);
      labels[i] = reals[i] > 0 ? 1 : -1;
      classes[i] = reals[i] > 0.5 ? 2 : (reals[i] > -0.5 ? 1 : 0);
    }
    sparse =
        localsgd::csr_matrix<float>(d, vector_of(starts), vector_of(indices), vector_of(values));
  }

  template <class T>
  static localsgd::vector<T> vector_of(std::vector<T> const& v) {
    return localsgd::detail::to_vector<T>(std::span<T const>(v));
  }

  localsgd::dense_matrix<double> dense;
  localsgd::dense_matrix<float> dense_float;
  localsgd::csr_matrix<float> sparse;
  std::vector<double> labels;
  std::vector<int> classes;
  std::vector<double> reals;
};

/// @brief Every number of a result that must not depend on who carried the workers, bit by bit.
template <class Scalar>
std::vector<std::uint64_t> bits(localsgd::result<Scalar> const& r) {
  std::vector<std::uint64_t> all;
  auto const add = [&](auto number) {
    all.push_back(std::bit_cast<std::uint64_t>(static_cast<double>(number)));
  };
  for (auto const* v : {&r.average, &r.last, &r.x})
    for (Scalar const e : *v) add(e);
  add(r.objective), add(r.certificate);
  for (auto const& e : r.history) add(e.objective), add(e.certificate), add(e.drift), add(e.bytes);
  for (auto const n : {r.steps, r.rounds, r.gradients, r.exchanges, r.bytes}) all.push_back(n);
  return all;
}

/// @brief support::bits() but for the bytes, which depend on how changes travel and between whom.
template <class Scalar>
std::vector<std::uint64_t> bits_without_bytes(localsgd::result<Scalar> r) {
  r.bytes = 0;
  for (auto& e : r.history) e.bytes = 0;
  return bits(r);
}

/// @brief max |a_i − b_i| / max(1, max |b_i|)
inline double distance(auto const& a, auto const& b) {
  double size = 1, apart = a.size() == b.size() ? 0 : 1e300;
  for (std::size_t i = 0; i != a.size() && i != b.size(); ++i) {
    size = std::max(size, std::abs(static_cast<double>(b.data()[i])));
    apart = std::max(apart,
                     std::abs(static_cast<double>(a.data()[i]) - static_cast<double>(b.data()[i])));
  }
  return apart / size;
}

#if defined(__cpp_lib_jthread)
/// @brief Requests a stop after so many rounds.
struct stops_after {
  std::stop_source* source;
  std::uint64_t rounds;
  localsgd::proceed after_evaluation(localsgd::evaluation const& e, localsgd::plan const&) const {
    if (e.rounds >= rounds) source->request_stop();
    return localsgd::proceed::yes;
  }
};
#endif

}  // namespace support
