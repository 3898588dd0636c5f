// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0

// The C++ side of the comparison of penalties: localsgd as it comes, and LIBLINEAR, on a LIBSVM
// file.
//
// usage: benchmark.compare.penalties FILE
//   Answers each line of the standard input with a line of JSON, until the input ends:
//     localsgd LOSS L1 L2 INTERCEPT OFFSETS TOLERANCE SECONDS XFILE
//         r(x) = L1·‖x‖₁ + L2/2·‖x‖². Nothing but the tolerance is set, and a time limit.
//         LOSS: logistic, squared_hinge, squared, poisson, softmax (labels 0, 1, …), quantile:τ:γ.
//         INTERCEPT: none, penalized or free; it is the last number of x. OFFSETS: a file of
//         native doubles, or "-". x goes to XFILE as native doubles; "-": not.
//     path LARGEST SMALLEST COUNT START TOLERANCE XFILE
//         L1-penalised logistic regression for COUNT strengths in geometric sequence. START: warm
//         (regularization_path) or cold. XFILE gets one x after the other.
//     liblinear SOLVER EPS C INTERCEPT XFILE
//     version
//         LIBLINEAR's

#include "benchmark/compare/liblinear.hpp"
#include "benchmark/compare/serving.hpp"

#include <algorithm>
#include <concepts>
#include <cstdio>
#include <exception>
#include <iostream>
#include <map>
#include <memory>
#include <sstream>
#include <string>
#include <vector>

namespace {

using compare::json;

/// A question after the loss.
struct question {
  double l1 = 0, l2 = 0;
  localsgd::linear_options options;
  double tolerance = 0, seconds = 0;
};

/// make(regularizer) is the objective. Regularizers: those that it is compared with.
template <class... Regularizers, class Make>
compare::answer run(question const& q, Make const& make) {
  using localsgd::elastic_net, localsgd::l1, localsgd::l2;
  auto const with = [&](auto r) { return compare::minimize(make(r), q.tolerance, q.seconds); };
  if constexpr ((std::same_as<Regularizers, l1> || ...))
    if (q.l2 == 0) return with(l1{q.l1});
  if constexpr ((std::same_as<Regularizers, l2> || ...))
    if (q.l1 == 0) return with(l2{q.l2});
  if constexpr ((std::same_as<Regularizers, elastic_net> || ...))
    if (q.l1 != 0 && q.l2 != 0) return with(elastic_net{q.l1, q.l2});
  throw std::runtime_error("this loss is not compiled with this penalty");
}

compare::answer run(compare::data_in_memory const& p, std::string const& loss, question const& q) {
  using localsgd::elastic_net, localsgd::l1, localsgd::l2;
  auto const& y = p.data().targets;
  auto const linear = [&](auto const& a, auto phi) {
    return [&, phi](auto r) { return localsgd::linear_objective(a, y, phi, r, q.options); };
  };
  auto const& sparse = p.data().features;
  if (loss == "logistic") return run<l1, l2, elastic_net>(q, linear(sparse, localsgd::logistic{}));
  if (loss == "squared_hinge") return run<l1>(q, linear(sparse, localsgd::squared_hinge{}));
  if (loss == "softmax") {
    auto const classes = static_cast<std::size_t>(*std::ranges::max_element(y)) + 1;
    return run<l1, elastic_net>(
        q, [&](auto r) { return localsgd::softmax_objective(sparse, y, classes, r); });
  }
  return p.with_features([&](auto const& a) {
    if (loss == "squared") return run<l1, l2, elastic_net>(q, linear(a, localsgd::squared{}));
    if (loss == "poisson") return run<l1, l2, elastic_net>(q, linear(a, localsgd::poisson{}));
    double tau = 0, gamma = 0;
    if (std::sscanf(loss.c_str(), "quantile:%lf:%lf", &tau, &gamma) == 2)
      return run<l1>(q, linear(a, localsgd::smoothed_quantile{tau, gamma}));
    throw std::runtime_error("unknown loss " + loss);
  });
}

enum class bias { none, penalized, free };

bias parse_bias(std::string const& text) {
  if (text == "none") return bias::none;
  if (text == "penalized") return bias::penalized;
  if (text == "free") return bias::free;
  throw std::runtime_error("not an intercept: " + text);
}

std::string localsgd_answer(compare::data_in_memory const& p, std::istream& words) {
  std::string loss, intercept, offsets, x_file;
  question q;
  words >> loss >> q.l1 >> q.l2 >> intercept >> offsets >> q.tolerance >> q.seconds >> x_file;
  if (!words) throw std::runtime_error("not a question for localsgd");
  std::vector<double> const shifts = compare::read_numbers(offsets, p.rows());
  q.options.intercept = parse_bias(intercept) == bias::none ? 0 : 1;
  q.options.regularize_intercept = parse_bias(intercept) == bias::penalized;
  q.options.offset = shifts;
  auto const a = run(p, loss, q);
  compare::write_x(x_file, {a.run.x.data(), a.run.x.size()});
  return compare::report(a);
}

std::string path_answer(compare::data_in_memory const& p, std::istream& words) {
  double largest = 0, smallest = 0, tolerance = 0;
  std::size_t count = 0;
  std::string start, x_file;
  words >> largest >> smallest >> count >> start >> tolerance >> x_file;
  if (!words || (start != "warm" && start != "cold"))
    throw std::runtime_error("not a question for a path");
  auto const lambdas = localsgd::geometric_sequence(largest, smallest / largest, count);
  auto const make = [&](double lambda) {
    return localsgd::linear_objective(p.data().features, p.data().targets, localsgd::logistic{},
                                      localsgd::l1{lambda});
  };
  localsgd::path_result<> path;
  auto const time = compare::timed([&] {
    if (start == "warm") {
      path = localsgd::regularization_path(make, lambdas, {.tolerance = tolerance});
    } else {
      for (double const lambda : lambdas) {
        path.points.push_back(
            {lambda, 0, localsgd::minimize(make(lambda), {.tolerance = tolerance})});
        path.gradients += path.points.back().fit.gradients;
      }
    }
  });
  std::vector<double> all;
  std::size_t there = 0;
  for (auto const& point : path.points) {
    all.insert(all.end(), point.fit.x.begin(), point.fit.x.end());
    there += point.fit.certificate <= tolerance ? 1 : 0;
  }
  compare::write_x(x_file, all);
  return compare::report(time) + ",\"there\":" + std::to_string(there) +
         ",\"epochs\":" + json(static_cast<double>(path.gradients) / static_cast<double>(p.rows()));
}

std::string liblinear_answer(compare::data_in_memory const& p, std::istream& words) {
  static std::map<bool, std::unique_ptr<compare::liblinear_problem>> problems;
  int solver = 0;
  double eps = 0, c = 0;
  std::string intercept, x_file;
  words >> solver >> eps >> c >> intercept >> x_file;
  if (!words) throw std::runtime_error("not a question for LIBLINEAR");
  bool const constant = parse_bias(intercept) != bias::none;
  auto& problem = problems[constant];
  if (!problem) problem = std::make_unique<compare::liblinear_problem>(p.data(), constant ? 1 : -1);
  auto const [x, time] = problem->train(solver, eps, c, parse_bias(intercept) == bias::free);
  compare::write_x(x_file, x);
  return compare::report(time);
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 2) throw std::runtime_error("usage: benchmark.compare.penalties FILE");
  compare::data_in_memory const p(localsgd::parse_libsvm(support::gunzip(argv[1]), argv[1]));
  set_print_string_function([](char const*) {});
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream words(line);
    std::string command;
    words >> command;
    std::cout << "{"
              << (command == "localsgd"    ? localsgd_answer(p, words)
                  : command == "path"      ? path_answer(p, words)
                  : command == "liblinear" ? liblinear_answer(p, words)
                  : command == "version"
                      ? "\"liblinear\":" + std::to_string(LIBLINEAR_VERSION)
                      : throw std::runtime_error("unknown command '" + command + "'"))
              << "}" << std::endl;
  }
} catch (std::exception const& error) {
  std::fprintf(stderr, "benchmark.compare.penalties: %s\n", error.what());
  return 1;
}
