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
// f - f* is 1e-3 of f(0) - f*, for plain steps, variance-reduced ones and those that minimize() chooses.
//
// usage: benchmark.compression [FILE [WORKERS [LOCAL_STEPS]]]
//
// FILE is a LIBSVM file with two labels, and lambda is 1/n. Without one: a generated logistic problem with a
// million features, and lambda = 100/n. WORKERS is 8, LOCAL_STEPS the library's choice.

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
  bool done = false;
};

/// Ends the run once the objective is low enough.
struct until {
  double objective, samples;
  cost* seen;
  proceed after_evaluation(evaluation const& e, plan const&) {
    *seen = {static_cast<double>(e.gradients) / samples, static_cast<double>(e.bytes) / 1e6,
             e.objective <= objective};
    return seen->done ? proceed::no : proceed::yes;
  }
};

/// All compressors on one kind of steps.
template <class F>
class comparison {
 public:
  comparison(F const& f, settings const& s) : f_(f), s_(s) {
    s_.epochs = 40;
    s_.evaluations = 160;
    auto const best = minimize(f, {.tolerance = 1e-6});
    double const start = minimize(f, {.epochs = 0}).objective;
    least_ = best.objective;
    wanted_ = least_ + 1e-3 * (start - least_);
    std::printf("n = %zu, d = %zu, K = %zu, f(0) = %.6f, f* = %.6f\n", f.samples(), f.dimension(),
                s.workers, start, least_);
  }

  void operator()(char const* steps, auto const& worker) const {
    std::printf("%s\n", steps);
    cost const whole = measured(worker);
    auto const show = [&](std::string const& name, cost const& c) {
      std::printf("  %-30s %7.2f epochs %10.3f MB   epochs x %.2f   bytes x %.4f%s\n", name.c_str(),
                  c.epochs, c.megabytes, c.epochs / whole.epochs, c.megabytes / whole.megabytes,
                  c.done ? "" : "   not reached");
      std::fflush(stdout);
    };
    show("identity", whole);
    auto const run = [&](auto const& compressor) {
      show(compressor.identity(), measured(worker, compressor));
    };
    std::size_t const d = f_.dimension();
    for (double const fraction : {0.1, 0.03, 0.01, 0.001})
      if (fraction * static_cast<double>(d) >= 1) run(top_k{fraction});
    for (double const fraction : {0.3, 0.1}) run(random_k{fraction});
    for (unsigned const bits : {8u, 4u, 3u, 2u}) run(quantized{bits});
  }

 private:
  cost measured(auto const&... components) const {
    cost seen;
    minimize(f_, s_, until{wanted_, static_cast<double>(f_.samples()), &seen}, components...);
    return seen;
  }

  F const& f_;
  settings s_;
  double least_ = 0, wanted_ = 0;
};

void compare(auto const& features, std::vector<double> const& labels, double lambda, settings const& s) {
  linear_objective const f(features, labels, logistic{}, l2{lambda});
  comparison const all(f, s);
  all("plain steps", linear_sgd{});
  all("variance-reduced steps", svrg{});
  all("plain steps, then variance-reduced ones", sgd_then_svrg<linear_sgd>{});
}

}  // namespace

int main(int count, char** arguments) {
  settings s{.workers = count > 2 ? std::stoul(arguments[2]) : 8};
  if (count > 3) s.local_steps = std::stoul(arguments[3]);
  if (count > 1) {
    auto const data = read_libsvm(arguments[1]);
    compare(data.features, encode_binary(data.targets).labels,
            1 / static_cast<double>(data.features.rows()), s);
  } else {
    auto const [features, labels] = generate();
    compare(features, labels, 1e-2, s);
  }
}
