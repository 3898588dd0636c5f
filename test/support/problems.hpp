// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/tensor.hpp"
#include "localsgd/data/csr_matrix.hpp"
#include "localsgd/objective/concept.hpp"
#include "localsgd/settings.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <limits>
#include <numeric>
#include <random>
#include <span>
#include <stdexcept>
#include <tuple>
#include <type_traits>
#include <vector>

/// @file
/// @brief Small random problems, and what can be measured on any objective.

namespace support {

inline constexpr double not_a_number = std::numeric_limits<double>::quiet_NaN();
inline constexpr double infinity = std::numeric_limits<double>::infinity();

/// @brief Random numbers that are the same with every standard library.
class numbers {
 public:
  explicit numbers(std::uint64_t seed) : engine_(seed) {}

  std::size_t below(std::size_t n) { return static_cast<std::size_t>(engine_() % n); }
  double between(double low, double high) {
    return low + (high - low) * static_cast<double>(engine_() >> 11) * 0x1p-53;
  }
  /// A multiple of 1/64 in [-2, 2]: exact in float too, and so is its sum with 2^-10.
  double on_grid() { return static_cast<double>(below(257)) / 64 - 2; }
  double sign() { return below(2) == 0 ? -1 : 1; }

 private:
  std::mt19937_64 engine_;
};

/// @brief n × d numbers on the grid, of which about the share `density` is not zero.
template <class Value>
localsgd::dense_matrix<Value> random_features(std::size_t n, std::size_t d, std::uint64_t seed,
                                              double density = 1) {
  numbers random(seed);
  localsgd::dense_matrix<Value> a(std::array<std::size_t, 2>{n, d});
  for (Value& e : a) {
    bool const zero = random.between(0, 1) >= density;
    double const value = random.on_grid();
    e = zero ? Value{0} : static_cast<Value>(value);
  }
  return a;
}

/// @brief Combinations of random_features() whose lengths go from 1 to 10⁻⁴: the Hessian is
///        ill-conditioned, and no diagonal helps.
inline localsgd::dense_matrix<double> mixed_features(std::size_t n, std::size_t d,
                                                     std::uint64_t seed) {
  auto const mixed = random_features<double>(d, d, 2), b = random_features<double>(n, d, seed);
  localsgd::dense_matrix<double> a(std::array<std::size_t, 2>{n, d}, 0.0);
  for (std::size_t i = 0; i != n; ++i)
    for (std::size_t k = 0; k != d; ++k) {
      double const size = std::pow(10.0, -4.0 * static_cast<double>(k) / static_cast<double>(d));
      for (std::size_t j = 0; j != d; ++j) a(i, j) += b(i, k) * size * mixed(k, j);
    }
  return a;
}

/// @brief The same features in the layout `Matrix`: dense_matrix or csr_matrix.
template <class Matrix, class Value>
Matrix in_layout(localsgd::dense_matrix<Value> const& dense) {
  if constexpr (std::is_same_v<Matrix, localsgd::csr_matrix<Value>>)
    return localsgd::to_csr(dense);
  else
    return dense;
}

/// @brief n targets of -1 and +1.
inline std::vector<double> random_signs(std::size_t n, std::uint64_t seed) {
  numbers random(seed);
  std::vector<double> y(n);
  for (double& e : y) e = random.sign();
  return y;
}

template <class Scalar = double>
std::vector<Scalar> random_point(std::size_t d, std::uint64_t seed) {
  numbers random(seed);
  std::vector<Scalar> x(d);
  for (Scalar& e : x) e = static_cast<Scalar>(random.on_grid());
  return x;
}

/// @brief 0, 1, …, n−1: the batch that makes `gradient` the full gradient.
inline std::vector<std::size_t> all_samples(std::size_t n) {
  std::vector<std::size_t> all(n);
  std::iota(all.begin(), all.end(), std::size_t{0});
  return all;
}

/// @brief Mean gradient and mean loss over a batch.
template <class Scalar>
struct slope_and_value {
  std::vector<Scalar> gradient;
  double value;
};

// Not inlined: where g++ 12 sees a length of 1 it warns of the loops for longer vectors.
template <class F, class Scalar = typename F::scalar>
[[gnu::noinline]] slope_and_value<Scalar> at(F const& f, std::vector<Scalar> const& x,
                                             std::vector<std::size_t> const& batch) {
  // What was in g must not matter.
  std::vector<Scalar> g(x.size(), std::numeric_limits<Scalar>::quiet_NaN());
  double const value = f.gradient(std::span<Scalar const>(x), std::span(batch), std::span(g));
  return {g, value};
}
template <class F, class Scalar = typename F::scalar>
slope_and_value<Scalar> at(F const& f, std::vector<Scalar> const& x) {
  return at(f, x, all_samples(f.samples()));
}

/// @brief ‖a − b‖
template <class A, class B>
double euclidean_distance(A const& a, B const& b) {
  double sum = 0;
  for (std::size_t i = 0; i != a.size(); ++i)
    sum += std::pow(static_cast<double>(a[i]) - static_cast<double>(b[i]), 2);
  return std::sqrt(sum);
}
template <class A>
double norm(A const& a) {
  double sum = 0;
  for (auto const e : a) sum += static_cast<double>(e) * static_cast<double>(e);
  return std::sqrt(sum);
}
/// @brief ‖a − b‖ as a share of the larger norm; 0 if both are zero.
template <class A, class B>
double relative_distance(A const& a, B const& b) {
  double const size = std::max(norm(a), norm(b));
  return size > 0 ? euclidean_distance(a, b) / size : 0;
}
inline double relative_distance(double a, double b) {
  return relative_distance(std::array{a}, std::array{b});
}

/// @brief How far the gradient is from central differences of the loss, at random points and over
///        single samples, repeated samples and all samples: ‖g − differences‖/(1 + ‖g‖), the worst.
///
/// With steps of h the differences are off by h²/6 of a third derivative, which is below 100 for
/// these problems, and by the rounding of the loss over h. In double h = 2^-17: 1e-9 and 1e-10 of
/// the loss; in float h = 2^-10: 2e-5, more than the rounding of the gradient to float.
template <localsgd::Objective F>
double worst_central_difference(F const& f) {
  using scalar = typename F::scalar;
  scalar const h = static_cast<scalar>(sizeof(scalar) == sizeof(float) ? 0x1p-10 : 0x1p-17);
  double worst = 0;
  std::vector<std::vector<std::size_t>> const batches{
      {f.samples() - 1}, {0, f.samples() / 2, 0}, all_samples(f.samples())};
  for (std::uint64_t seed = 1; seed != 4; ++seed) {
    auto x = random_point<scalar>(f.dimension(), seed);
    for (auto& e : x) e /= 2;
    for (auto const& batch : batches) {
      auto const g = at(f, x, batch).gradient;
      std::vector<double> differences(x.size());
      for (std::size_t j = 0; j != x.size(); ++j) {
        auto left = x, right = x;
        left[j] -= h;
        right[j] += h;
        differences[j] =
            (at(f, right, batch).value - at(f, left, batch).value) / (2 * static_cast<double>(h));
      }
      worst = std::max(worst, euclidean_distance(g, differences) / (1 + norm(g)));
    }
  }
  return worst;
}
template <class Scalar>
inline constexpr double central_difference_tolerance = std::is_same_v<Scalar, float> ? 2e-5 : 1e-8;

/// @brief How far the mean of all single-sample gradients and losses is from those of all samples.
template <localsgd::Objective F>
double worst_mean_of_singles(F const& f, std::vector<typename F::scalar> const& x) {
  std::vector<double> gradient(x.size());
  double value = 0, n = static_cast<double>(f.samples());
  for (std::size_t i = 0; i != f.samples(); ++i) {
    auto const one = at(f, x, {i});
    value += one.value / n;
    for (std::size_t j = 0; j != x.size(); ++j)
      gradient[j] += static_cast<double>(one.gradient[j]) / n;
  }
  auto const all = at(f, x);
  return std::max(relative_distance(gradient, all.gradient), relative_distance(value, all.value));
}

/// @brief The largest ‖∇f(x) − ∇f(y)‖/‖x − y‖ over random pairs: at most L.
template <localsgd::Objective F>
double steepest_pair(F const& f) {
  double steepest = 0;
  for (std::uint64_t seed = 0; seed != 40; ++seed) {
    auto const x = random_point<typename F::scalar>(f.dimension(), 2 * seed);
    auto y = random_point<typename F::scalar>(f.dimension(), 2 * seed + 1);
    if (seed % 2 == 0)  // near pairs see the curvature of one place
      for (std::size_t j = 0; j != y.size(); ++j) y[j] = x[j] + y[j] / 64;
    double const change = euclidean_distance(at(f, x).gradient, at(f, y).gradient);
    steepest = std::max(steepest, change / euclidean_distance(x, y));
  }
  return steepest;
}

/// @brief A plan for n samples, d coordinates, K workers and batches of b.
inline localsgd::plan make_plan(std::size_t n, std::size_t d, std::size_t workers,
                                std::size_t batch_size, std::uint64_t seed = 0) {
  localsgd::plan p;
  p.samples = n;
  p.dimension = d;
  p.workers = workers;
  p.batch_size = batch_size;
  p.seed = seed;
  p.local_steps = 1;
  return p;
}

/// @brief Every type of feature matrix.
using layouts = std::tuple<localsgd::dense_matrix<float>, localsgd::dense_matrix<double>,
                           localsgd::csr_matrix<float>, localsgd::csr_matrix<double>>;

/// @brief Random features in a layout, the same for all of one value type; `density` of them not 0.
template <class Matrix>
Matrix features(std::size_t n, std::size_t d, double density) {
  return in_layout<Matrix>(random_features<typename Matrix::value_type>(n, d, 1, density));
}

/// @brief The error that `call` throws. @throws std::logic_error if it throws nothing.
template <class Error, class Call>
Error error_of(Call const& call) {
  try {
    call();
  } catch (Error const& e) {
    return e;
  }
  throw std::logic_error("nothing was thrown");
}

}  // namespace support
