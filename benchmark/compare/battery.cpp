// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0

// The C++ side of the battery: localsgd as it comes, and LIBLINEAR, on any LIBSVM file.
//
// usage: benchmark.compare.battery FILE LOSS LAMBDA RELATIVE SECONDS [OPTIMUM]
//          LOSS: logistic, squared_hinge, smoothed_hinge, huber, squared, poisson or softmax, whose
//          labels are 0, 1, … LAMBDA: a number, or a number followed by "/n". Minimises f with
//          nothing but the tolerance set, to RELATIVE·(f(0) − f*), for at most about SECONDS, and
//          prints a line of JSON. Without OPTIMUM, f* comes from a run before, and is printed.
//        benchmark.compare.battery FILE serve
//          Answers each line of the standard input with a line of JSON, until the input ends:
//            localsgd LOSS LAMBDA TOLERANCE SECONDS XFILE
//                the same with an absolute tolerance. x goes to XFILE as native doubles; "-": not
//            liblinear SOLVER EPS C XFILE
//                LIBLINEAR's parameters
//
#include "benchmark/compare/liblinear.hpp"
#include "benchmark/compare/serving.hpp"

#include <algorithm>
#include <cstdio>
#include <exception>
#include <iostream>
#include <memory>
#include <sstream>
#include <string>
#include <string_view>

namespace {

using compare::json;

compare::answer run(compare::data_in_memory const& p, std::string_view loss, double lambda,
                    double tolerance, double seconds) {
  localsgd::l2 const penalty{lambda};
  auto const& y = p.data().targets;
  return p.with_features([&](auto const& a) {
    auto const linear = [&](auto phi) {
      return compare::minimize(localsgd::linear_objective(a, y, phi, penalty), tolerance, seconds);
    };
    if (loss == "logistic") return linear(localsgd::logistic{});
    if (loss == "squared_hinge") return linear(localsgd::squared_hinge{});
    if (loss == "smoothed_hinge") return linear(localsgd::smoothed_hinge{});
    if (loss == "huber") return linear(localsgd::huber{});
    if (loss == "squared") return linear(localsgd::squared{});
    if (loss == "poisson") return linear(localsgd::poisson{100});
    if (loss != "softmax") throw std::runtime_error("unknown loss " + std::string(loss));
    auto const classes = static_cast<std::size_t>(*std::ranges::max_element(y)) + 1;
    return compare::minimize(localsgd::softmax_objective(a, y, classes, penalty), tolerance,
                             seconds);
  });
}

/// "100/n" or a plain number.
double parse_lambda(std::string const& text, std::size_t n) {
  std::size_t end = 0;
  double const value = std::stod(text, &end);
  if (text.substr(end) == "/n") return value / static_cast<double>(n);
  if (end != text.size()) throw std::runtime_error("not a lambda: " + text);
  return value;
}

void one_run(compare::data_in_memory const& p, char** words, char const* optimum_given) {
  double const lambda = parse_lambda(words[1], p.rows());
  double const relative = std::stod(words[2]), limit = std::stod(words[3]);
  double const at_zero = run(p, words[0], lambda, 1e300, 0).run.history.front().objective;
  double optimum = 0;
  if (optimum_given != nullptr) {
    optimum = std::stod(optimum_given);
  } else {
    auto const exact = run(p, words[0], lambda, 1e-10 * at_zero, 10 * limit).run;
    optimum = exact.objective;
    if (exact.reason == localsgd::stop_reason::observer_request)
      std::fprintf(stderr, "f* is only known to %g\n", exact.certificate);
  }
  auto const a = run(p, words[0], lambda, relative * (at_zero - optimum), limit);
  std::cout << "{" << compare::report(a)
            << ",\"gap\":" << json((a.run.objective - optimum) / (at_zero - optimum))
            << ",\"at_zero\":" << json(at_zero) << ",\"optimum\":" << json(optimum) << "}\n";
}

void serve(compare::data_in_memory const& p) {
  set_print_string_function([](char const*) {});
  std::unique_ptr<compare::liblinear_problem> theirs;
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream words(line);
    std::string command, loss, x_file;
    words >> command;
    if (command == "localsgd") {
      std::string lambda;
      double tolerance = 0, limit = 0;
      words >> loss >> lambda >> tolerance >> limit >> x_file;
      if (!words) throw std::runtime_error("localsgd LOSS LAMBDA TOLERANCE SECONDS XFILE");
      auto const a = run(p, loss, parse_lambda(lambda, p.rows()), tolerance, limit);
      compare::write_x(x_file, {a.run.x.data(), a.run.x.size()});
      std::cout << "{" << compare::report(a) << "}" << std::endl;
    } else if (command == "liblinear") {
      int solver = 0;
      double eps = 0, c = 0;
      words >> solver >> eps >> c >> x_file;
      if (!words) throw std::runtime_error("liblinear SOLVER EPS C XFILE");
      if (!theirs) theirs = std::make_unique<compare::liblinear_problem>(p.data());
      auto const [x, time] = theirs->train(solver, eps, c);
      compare::write_x(x_file, x);
      std::cout << "{" << compare::report(time) << "}" << std::endl;
    } else {
      throw std::runtime_error("unknown command '" + command + "'");
    }
  }
}

}  // namespace

int main(int argc, char** argv) try {
  bool const serving = argc == 3 && std::string_view(argv[2]) == "serve";
  if (!serving && argc != 6 && argc != 7)
    throw std::runtime_error("usage: FILE LOSS LAMBDA RELATIVE SECONDS [OPTIMUM] | FILE serve");
  compare::data_in_memory const p(localsgd::parse_libsvm(support::gunzip(argv[1]), argv[1]));
  if (serving)
    serve(p);
  else
    one_run(p, argv + 2, argc == 7 ? argv[6] : nullptr);
} catch (std::exception const& error) {
  std::fprintf(stderr, "benchmark.compare.battery: %s\n", error.what());
  return 1;
}
