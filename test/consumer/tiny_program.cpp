// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0

// Uses every library that localsgd includes, and compiles in less time than a run.
#include <localsgd/loss/squared.hpp>
#include <localsgd/objective/linear.hpp>          // xtensor, xsimd
#include <localsgd/synchronizer/thread_pool.hpp>  // Asio, threads
#include <localsgd/version.hpp>

#include <cstdio>
#include <vector>

int main() {
  localsgd::dense_matrix<float> const rows{{1, 0}, {0, 1}};
  std::vector<double> const labels{1, -1};
  localsgd::linear_objective const f(rows, labels, localsgd::squared{}, localsgd::l2{1});
  localsgd::thread_pool pool{2};
  auto const v = localsgd::version;
  std::printf("localsgd %d.%d.%d: %zu coordinates\n", v.major, v.minor, v.patch, f.dimension());
  return f.dimension() == 2 ? 0 : 1;
}
