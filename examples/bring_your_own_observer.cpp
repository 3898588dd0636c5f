// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0

// A custom observer: stops a run once evaluations hardly improve f.

#include <localsgd/localsgd.hpp>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <random>
#include <vector>

//! [own observer]
/// Stops the run when an evaluation improves f by less than 1 %.
struct until_it_stalls {
  double best = std::numeric_limits<double>::infinity();
  localsgd::proceed after_evaluation(localsgd::evaluation const& e, localsgd::plan const& /*p*/) {
    bool const better = e.objective < 0.99 * best;
    best = std::min(best, e.objective);
    return better ? localsgd::proceed::yes : localsgd::proceed::no;
  }
};
static_assert(localsgd::Observer<until_it_stalls>);
//! [own observer]

int main() {
  using namespace localsgd;
  std::mt19937 random(1);
  std::normal_distribution<> noise;
  dense_matrix<double> rows({2000, 10});
  std::vector<double> labels(2000);
  for (std::size_t i = 0; i != labels.size(); ++i) {
    double score = noise(random);
    for (std::size_t j = 0; j != 10; ++j) score += rows(i, j) = noise(random);
    labels[i] = score > 0 ? 1 : -1;
  }
  linear_objective const f(rows, labels, logistic{}, l2{0.01});
  settings const s{.workers = 4, .epochs = 100, .evaluations = 50};

  //! [observer]
  until_it_stalls observer;  // an lvalue is used in place, so it can be read afterwards
  result const stopped = minimize(f, s, observer);
  if (stopped.reason == stop_reason::observer_request)
    std::printf("f = %.4f was good enough after %ju steps\n", observer.best,
                std::uintmax_t{stopped.steps});
  //! [observer]
  result const full = minimize(f, s);
  std::printf("f = %.4f after all %ju\n", full.objective, std::uintmax_t{full.steps});
  return stopped.reason == stop_reason::observer_request && 2 * stopped.steps < full.steps &&
                 stopped.objective < 1.02 * full.objective
             ? 0
             : 1;
}
