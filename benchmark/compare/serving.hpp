// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "benchmark/compare/problem.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <ctime>
#include <fstream>
#include <optional>
#include <span>
#include <stdexcept>
#include <string>
#include <utility>
#include <vector>

/// @file
/// @brief What the programs share that hold a data set and answer questions about it.

namespace compare {

/// @brief Stops a run after `seconds`.
struct time_limit {
  double seconds;
  std::chrono::steady_clock::time_point start = std::chrono::steady_clock::now();
  localsgd::proceed after_evaluation(localsgd::evaluation const&,
                                     localsgd::plan const&) const noexcept {
    std::chrono::duration<double> const gone = std::chrono::steady_clock::now() - start;
    return gone.count() > seconds ? localsgd::proceed::no : localsgd::proceed::yes;
  }
};

/// @brief Seconds on the wall, and of all threads.
struct times {
  double wall = 0, cpu = 0;
};

template <class Work>
times timed(Work&& work) {
  std::clock_t const start = std::clock();
  times t;
  t.wall = seconds(work);
  t.cpu = static_cast<double>(std::clock() - start) / CLOCKS_PER_SEC;
  return t;
}

inline std::string report(times const& t) {
  return "\"seconds\":" + json(t.wall) + ",\"cpu\":" + json(t.cpu);
}

/// @brief One or more calls of `minimize`.
struct answer {
  localsgd::result<> run;
  times time;
  double samples = 0;
};

/// @brief minimize(f, {.tolerance = …}), stopped after about `most_seconds`.
template <class Objective>
answer minimize(Objective const& f, double tolerance, double most_seconds) {
  answer a;
  a.samples = static_cast<double>(f.samples());
  a.time = timed([&] {
    time_limit limit{most_seconds};
    a.run = localsgd::minimize(f, {.tolerance = tolerance}, limit);
  });
  return a;
}

inline std::string report(answer const& a) {
  return report(a.time) + ",\"epochs\":" + json(static_cast<double>(a.run.gradients) / a.samples) +
         ",\"reason\":\"" + std::string(to_string(a.run.reason)) +
         "\",\"objective\":" + json(a.run.objective) +
         ",\"certificate\":" + json(a.run.certificate);
}

/// @brief A data set in the form that a user would choose: dense rows where half of all entries or
///        more are not 0, else sparse rows.
class data_in_memory {
 public:
  explicit data_in_memory(samples data) : data_(std::move(data)) {
    std::size_t const n = data_.features.rows(), d = data_.features.columns();
    if (2 * data_.features.nonzeros() < n * d) return;
    dense_.emplace(localsgd::dense_matrix<float>::from_shape({n, d}));
    std::fill(dense_->begin(), dense_->end(), 0.0F);
    for (std::size_t i = 0; i != n; ++i) {
      auto const row = data_.features.row(i);
      for (std::size_t k = 0; k != row.indices.size(); ++k)
        dense_->data()[i * d + row.indices[k]] = row.values[k];
    }
  }
  data_in_memory(data_in_memory const&) = delete;
  data_in_memory& operator=(data_in_memory const&) = delete;

  samples const& data() const noexcept { return data_; }
  std::size_t rows() const noexcept { return data_.features.rows(); }

  /// @brief work(features)
  template <class Work>
  auto with_features(Work const& work) const {
    return dense_ ? work(*dense_) : work(data_.features);
  }

 private:
  samples data_;
  std::optional<localsgd::dense_matrix<float>> dense_;
};

/// @brief Native doubles; to "-": none.
inline void write_x(std::string const& path, std::span<double const> x) {
  if (path == "-") return;
  std::ofstream out(path, std::ios::binary);
  detail::put(out, x);
  out.flush();
  if (!out) throw std::runtime_error(path + ": cannot be written");
}

/// @brief As many native doubles as there are samples; of "-": none.
inline std::vector<double> read_numbers(std::string const& path, std::size_t count) {
  if (path == "-") return {};
  std::vector<double> numbers(count);
  std::ifstream in(path, std::ios::binary);
  detail::get(in, std::span(numbers));
  if (!in) throw std::runtime_error(path + ": cannot be read");
  return numbers;
}

}  // namespace compare
