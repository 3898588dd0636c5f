// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#include <localsgd/localsgd.hpp>

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <span>
#include <string>
#include <type_traits>
#include <utility>
#include <vector>

// What compressed exchanges save, and what they cost, as counts, not as times: epochs and bytes until
// f - f* is 1e-3 of f(0) - f*, on a generated logistic problem with a million features, lambda = 100/n,
// K = 4.

using namespace localsgd;

namespace {

constexpr std::size_t samples = 10000, dimension = 1000000, row = 50;

/// Rows of 50 features whose frequencies follow a power law, as words do, of length 1; labels by a
/// hidden weight of each feature.
std::pair<csr_matrix<float>, std::vector<double>> generate() {
  std::vector<std::size_t> starts{0};
  std::vector<std::uint32_t> indices;
  std::vector<float> values;
  std::vector<double> labels;
  for (std::size_t i = 0; i != samples; ++i) {
    std::vector<std::uint32_t> mine;
    double margin = 0;
    for (std::size_t j = 0; j != row; ++j) {
      auto const words = random_words(1, random_stream::noise, 5, i * row + j);
      auto const feature = static_cast<std::uint32_t>(
          std::pow(static_cast<double>(dimension), unit_interval(words[0]))) - 1;
      mine.push_back(feature);
      margin += standard_normal(random_words(1, random_stream::noise, 6, feature));
    }
    std::sort(mine.begin(), mine.end());
    mine.erase(std::unique(mine.begin(), mine.end()), mine.end());
    for (std::uint32_t const feature : mine) {
      indices.push_back(feature);
      values.push_back(static_cast<float>(1 / std::sqrt(static_cast<double>(mine.size()))));
    }
    starts.push_back(indices.size());
    labels.push_back(margin > 0 ? 1 : -1);
  }
  auto const vector_of = [](auto const& v) {
    using value = typename std::remove_cvref_t<decltype(v)>::value_type;
    return detail::to_vector<value>(std::span<value const>(v));
  };
  return {csr_matrix<float>(dimension, vector_of(starts), vector_of(indices), vector_of(values)),
          std::move(labels)};
}

struct cost {
  double epochs = 0, megabytes = 0;
};

/// Ends the run once the objective is low enough.
struct until {
  double objective;
  cost* seen;
  proceed after_evaluation(evaluation const& e, plan const&) {
    *seen = {static_cast<double>(e.gradients) / samples, static_cast<double>(e.bytes) / 1e6};
    return e.objective <= objective ? proceed::no : proceed::yes;
  }
};

template <class... Components>
cost measured(auto const& f, double objective, Components const&... components) {
  cost seen;
  minimize(f, {.workers = 4, .local_steps = 250, .epochs = 60, .evaluations = 120},
           until{objective, &seen}, components...);
  return seen;
}

}  // namespace

int main() {
  auto const [features, labels] = generate();
  linear_objective const f(features, labels, logistic{}, l2{1e-2});
  auto const best = minimize(f, {.tolerance = 1e-6});
  double const start = minimize(f, {.epochs = 0}).objective;
  double const wanted = best.objective - best.certificate + 1e-3 * (start - best.objective);
  std::printf("f(0) = %.6f, f* = %.6f; to f* + 1e-3 (f(0) - f*), d = 10^6, K = 4, H = 250\n", start,
              best.objective);
  linear_sgd const dense{exchanged_coordinates::all};
  auto const show = [&, whole = measured(f, wanted, dense)](char const* name, cost const& c) {
    std::printf("%-34s %7.2f epochs %10.2f MB   epochs x %.3f   bytes x %.5f\n", name, c.epochs,
                c.megabytes, c.epochs / whole.epochs, c.megabytes / whole.megabytes);
  };
  show("identity, all coordinates", measured(f, wanted, dense));
  show("identity, touched coordinates", measured(f, wanted, linear_sgd{}));
  for (double const fraction : {0.1, 0.01, 0.001})
    show(("top_k{" + std::to_string(fraction) + "}").c_str(),
         measured(f, wanted, dense, top_k{fraction}));
}
