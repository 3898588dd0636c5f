// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "examples/support/gunzip.hpp"

#include <localsgd/localsgd.hpp>

#include <algorithm>
#include <array>
#include <chrono>
#include <cmath>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <limits>
#include <memory>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

/// @file
/// @brief The problem that all systems of the comparison are given: L2-regularised logistic
///        regression, λ = 1/n, no intercept, and how it passes from program to program.

namespace compare {

using samples = localsgd::dataset<localsgd::csr_matrix<float>>;
using objective = localsgd::linear_objective<localsgd::csr_matrix<float>, localsgd::logistic>;

/// @brief The strength of the penalty for n samples.
inline double lambda(std::size_t n) { return 1 / static_cast<double>(n); }

/// @brief f, afresh for each run, so that no run finds anything another one has left.
inline objective objective_of(samples const& data) {
  return {data.features, data.targets, localsgd::logistic{},
          localsgd::l2{lambda(data.features.rows())}};
}

/// @brief Seconds that `work` takes.
template <class Work>
double seconds(Work&& work) {
  using clock = std::chrono::steady_clock;
  auto const start = clock::now();
  work();
  return std::chrono::duration<double>(clock::now() - start).count();
}

/// @brief A number as JSON readers in Python take it.
inline std::string json(double v) {
  if (std::isnan(v)) return "NaN";
  if (std::isinf(v)) return v > 0 ? "Infinity" : "-Infinity";
  std::array<char, 32> text{};
  std::snprintf(text.data(), text.size(), "%.17g", v);
  return text.data();
}

/// @brief A sparse problem like those of text: 10⁶ rows of 50 distinct features out of 10⁵, the
///        j-th of them about as frequent as 1/(j + 1), rows of length 1. Labels from a random
///        linear model, with noise. A function of nothing, so the same everywhere.
inline samples generated(std::size_t rows = 1'000'000, std::size_t columns = 100'000,
                         std::size_t per_row = 50) {
  using namespace localsgd;
  auto const shape = [](std::size_t n) { return std::array<std::size_t, 1>{n}; };
  vector<std::size_t> starts(shape(rows + 1));
  vector<std::uint32_t> indices(shape(rows * per_row));
  vector<float> values(shape(rows * per_row));
  vector<double> targets(shape(rows));
  std::vector<double> model(columns);
  for (std::size_t j = 0; j != columns; ++j)
    model[j] = standard_normal(random_words(2, random_stream::noise, 0, j));

  double const range = std::log(static_cast<double>(columns) + 1);
  std::vector<std::uint32_t> row;
  std::vector<double> weights(per_row);
  starts.data()[0] = 0;
  for (std::size_t i = 0; i != rows; ++i) {
    auto const lane = static_cast<std::uint32_t>(i);
    std::uint64_t position = 0;
    row.clear();
    while (row.size() != per_row) {
      for (std::uint64_t const word : random_words(1, random_stream::samples, lane, position++)) {
        double const j = std::floor(std::exp(range * unit_interval(word))) - 1;
        auto const column =
            static_cast<std::uint32_t>(std::clamp(j, 0.0, static_cast<double>(columns - 1)));
        if (row.size() != per_row && std::ranges::find(row, column) == row.end())
          row.push_back(column);
      }
    }
    std::ranges::sort(row);
    double squares = 0, score = 0;
    for (std::size_t k = 0; k != per_row; ++k) {
      weights[k] = std::exp(
          0.5 * standard_normal(random_words(1, random_stream::noise, lane, std::uint64_t{k})));
      squares += weights[k] * weights[k];
    }
    for (std::size_t k = 0; k != per_row; ++k) {
      auto const value = static_cast<float>(weights[k] / std::sqrt(squares));
      indices.data()[i * per_row + k] = row[k];
      values.data()[i * per_row + k] = value;
      score += static_cast<double>(value) * model[row[k]];
    }
    double const u = unit_interval(random_words(3, random_stream::noise, lane, 0)[0]);
    targets.data()[i] = u < 1 / (1 + std::exp(-4 * score)) ? 1 : -1;
    starts.data()[i + 1] = (i + 1) * per_row;
  }
  return {csr_matrix<float>(columns, std::move(starts), std::move(indices), std::move(values)),
          std::move(targets)};
}

// --- the file that hands a problem to the other systems ------------------------------------------
//
// Native byte order: n, d and the number of nonzeros as uint64, f* as double, then y as n doubles,
// row_starts as n + 1 uint64, indices as uint32 and values as float.

namespace detail {

template <class T>
void put(std::ostream& out, std::span<T const> data) {
  out.write(reinterpret_cast<char const*>(data.data()),
            static_cast<std::streamsize>(data.size_bytes()));
}

template <class T>
void get(std::istream& in, std::span<T> data) {
  in.read(reinterpret_cast<char*>(data.data()), static_cast<std::streamsize>(data.size_bytes()));
}

}  // namespace detail

/// @brief Writes a problem and its optimum, under another name first: no file is ever half there.
inline void save(std::filesystem::path const& path, samples const& data, double optimum) {
  std::size_t const n = data.features.rows(), nonzeros = data.features.nonzeros();
  std::filesystem::path const unfinished = path.string() + ".part";
  {
    std::ofstream out(unfinished, std::ios::binary);
    std::array<std::uint64_t, 3> const sizes{n, data.features.columns(), nonzeros};
    detail::put(out, std::span<std::uint64_t const>(sizes));
    detail::put(out, std::span<double const>(&optimum, 1));
    detail::put(out, std::span<double const>(data.targets.data(), n));
    std::uint64_t start = 0;
    detail::put(out, std::span<std::uint64_t const>(&start, 1));
    for (std::size_t i = 0; i != n; ++i) {
      start += data.features.row(i).values.size();
      detail::put(out, std::span<std::uint64_t const>(&start, 1));
    }
    for (std::size_t i = 0; i != n; ++i) detail::put(out, data.features.row(i).indices);
    for (std::size_t i = 0; i != n; ++i) detail::put(out, data.features.row(i).values);
    out.flush();
    if (!out) throw std::runtime_error(unfinished.string() + ": cannot be written");
  }
  std::filesystem::rename(unfinished, path);
}

/// @brief What `save` wrote; f* in `second`.
inline std::pair<samples, double> load(std::filesystem::path const& path) {
  using namespace localsgd;
  std::ifstream in(path, std::ios::binary);
  std::array<std::uint64_t, 3> sizes{};
  double optimum = 0;
  detail::get(in, std::span<std::uint64_t>(sizes));
  detail::get(in, std::span<double>(&optimum, 1));
  if (!in) throw std::runtime_error(path.string() + ": cannot be read");
  auto const [n, d, nonzeros] = sizes;
  vector<double> targets(std::array<std::size_t, 1>{n});
  vector<std::size_t> starts(std::array<std::size_t, 1>{n + 1});
  vector<std::uint32_t> indices(std::array<std::size_t, 1>{nonzeros});
  vector<float> values(std::array<std::size_t, 1>{nonzeros});
  detail::get(in, std::span<double>(targets.data(), n));
  detail::get(in, std::span<std::size_t>(starts.data(), n + 1));
  detail::get(in, std::span<std::uint32_t>(indices.data(), nonzeros));
  detail::get(in, std::span<float>(values.data(), nonzeros));
  if (!in) throw std::runtime_error(path.string() + ": is truncated");
  return {samples{csr_matrix<float>(d, std::move(starts), std::move(indices), std::move(values)),
                  std::move(targets)},
          optimum};
}

// --- the functions all systems are judged by -----------------------------------------------------

/// @brief f and its derivatives, written out once more: nothing here is the library's.
class judge {
 public:
  explicit judge(samples const& data)
      : data_(&data),
        n_(data.features.rows()),
        d_(data.features.columns()),
        lambda_(lambda(n_)),
        bends_(n_) {}

  /// @brief f(x).
  double value(std::span<double const> x) const {
    double sum = 0;
    for (std::size_t i = 0; i != n_; ++i) sum += loss(data_->targets.data()[i] * product(i, x));
    return sum / static_cast<double>(n_) + lambda_ / 2 * dot(x, x);
  }

  /// @brief The x of the least f, to ‖∇f‖ ≤ 1e-12 or as near as rounding allows.
  ///
  /// Newton's method; each direction by conjugate gradients, preconditioned by the diagonal.
  std::vector<double> minimiser() {
    std::vector<double> x(d_), g(d_), step(d_), next(d_), diagonal(d_);
    double size = derivatives(x, g, diagonal);
    constexpr int most = 200;
    for (int iteration = 0; iteration != most && size > 1e-12; ++iteration) {
      direction(g, size, diagonal, step);
      double const f = value(x), slope = dot(g, step);
      double length = 1;
      for (int halving = 0; halving != 40; ++halving, length /= 2) {
        for (std::size_t j = 0; j != d_; ++j) next[j] = x[j] + length * step[j];
        // Where f no longer shows a difference, the gradient has to.
        if (value(next) <= f + 1e-4 * length * slope + 4e-16 * std::abs(f)) break;
      }
      std::vector<double> g_next(d_), diagonal_next(d_);
      double const size_next = derivatives(next, g_next, diagonal_next);
      if (size < 1e-9 && size_next >= size) break;  // rounding
      x.swap(next), g.swap(g_next), diagonal.swap(diagonal_next);
      size = size_next;
    }
    if (!(size <= 1e-9)) throw std::runtime_error("Newton's method did not find the optimum");
    return x;
  }

 private:
  static double dot(std::span<double const> a, std::span<double const> b) {
    double sum = 0;
    for (std::size_t j = 0; j != a.size(); ++j) sum += a[j] * b[j];
    return sum;
  }
  static double loss(double margin) {
    return margin > 0 ? std::log1p(std::exp(-margin)) : std::log1p(std::exp(margin)) - margin;
  }
  double product(std::size_t i, std::span<double const> x) const {
    auto const row = data_->features.row(i);
    double sum = 0;
    for (std::size_t k = 0; k != row.indices.size(); ++k)
      sum += static_cast<double>(row.values[k]) * x[row.indices[k]];
    return sum;
  }

  // The gradient, the diagonal of the Hessian, and what `times` needs. Returns ‖∇f‖.
  double derivatives(std::span<double const> x, std::span<double> g, std::span<double> diagonal) {
    for (std::size_t j = 0; j != d_; ++j) g[j] = lambda_ * x[j], diagonal[j] = lambda_;
    double const share = 1 / static_cast<double>(n_);
    for (std::size_t i = 0; i != n_; ++i) {
      double const y = data_->targets.data()[i];
      double const p = 1 / (1 + std::exp(y * product(i, x)));
      bends_[i] = share * p * (1 - p);
      auto const row = data_->features.row(i);
      for (std::size_t k = 0; k != row.indices.size(); ++k) {
        double const a = static_cast<double>(row.values[k]);
        g[row.indices[k]] -= share * y * p * a;
        diagonal[row.indices[k]] += bends_[i] * a * a;
      }
    }
    return std::sqrt(dot(g, g));
  }

  // h = ∇²f s at the point of the last `derivatives`.
  void times(std::span<double const> s, std::span<double> h) const {
    for (std::size_t j = 0; j != d_; ++j) h[j] = lambda_ * s[j];
    for (std::size_t i = 0; i != n_; ++i) {
      double const c = bends_[i] * product(i, s);
      auto const row = data_->features.row(i);
      for (std::size_t k = 0; k != row.indices.size(); ++k)
        h[row.indices[k]] += c * static_cast<double>(row.values[k]);
    }
  }

  // step ≈ −(∇²f)⁻¹ g, the more exact the smaller g is.
  void direction(std::span<double const> g, double size, std::span<double const> diagonal,
                 std::span<double> step) const {
    std::vector<double> r(d_), z(d_), p(d_), h(d_);
    for (std::size_t j = 0; j != d_; ++j) {
      step[j] = 0;
      r[j] = -g[j];
      p[j] = z[j] = r[j] / diagonal[j];
    }
    double rz = dot(r, z);
    double const enough = size * std::clamp(std::sqrt(size), 1e-4, 0.1);
    for (int k = 0; k != 2000 && std::sqrt(dot(r, r)) > enough; ++k) {
      times(p, h);
      double const a = rz / dot(p, h);
      for (std::size_t j = 0; j != d_; ++j) step[j] += a * p[j], r[j] -= a * h[j];
      for (std::size_t j = 0; j != d_; ++j) z[j] = r[j] / diagonal[j];
      double const before = std::exchange(rz, dot(r, z));
      for (std::size_t j = 0; j != d_; ++j) p[j] = z[j] + rz / before * p[j];
    }
  }

  samples const* data_;
  std::size_t n_, d_;
  double lambda_;
  std::vector<double> bends_;
};

}  // namespace compare
