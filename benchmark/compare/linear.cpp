// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0

// The C++ side of the comparison on linear models: localsgd and LIBLINEAR, each with the data in
// its own form in memory.
//
// usage: benchmark.compare.linear prepare SOURCE FILE
//          SOURCE: a LIBSVM file, gzip-compressed or not, or the word "generated". Writes the
//          problem and its optimum into FILE; prints f*.
//        benchmark.compare.linear serve FILE
//          Answers each line of the standard input with a line of JSON, until the input ends:
//            localsgd EPOCHS TOLERANCE EVALUATIONS SECONDS F
//                untuned, until f ≤ F or so many seconds of training are over: its history
//            certified EPOCHS TOLERANCE
//                untuned, until the certificate is at most TOLERANCE: seconds in all
//            liblinear SOLVER EPS
//                0: L2R_LR, 7: L2R_LR_DUAL

#include "benchmark/compare/liblinear.hpp"
#include "benchmark/compare/problem.hpp"

#include <exception>
#include <iostream>
#include <sstream>
#include <string_view>

namespace {

using compare::json;

/// Ends a run that is good enough or has taken long enough.
struct until {
  double target, seconds;
  localsgd::proceed after_evaluation(localsgd::evaluation const& e,
                                     localsgd::plan const&) const noexcept {
    return e.objective <= target || e.seconds > seconds ? localsgd::proceed::no
                                                        : localsgd::proceed::yes;
  }
};

std::string run_localsgd(compare::samples const& data, std::istream& words) {
  double epochs = 0, tolerance = 0, most_seconds = 0, target = 0;
  std::size_t evaluations = 0;
  words >> epochs >> tolerance >> evaluations >> most_seconds >> target;
  if (!words) throw std::runtime_error("localsgd EPOCHS TOLERANCE EVALUATIONS SECONDS F");
  until enough{target, most_seconds};
  auto const f = compare::objective_of(data);
  auto const r = localsgd::minimize(
      f, {.epochs = epochs, .tolerance = tolerance, .evaluations = evaluations}, enough);
  std::string history;
  for (auto const& e : r.history)
    history += (history.empty() ? "[" : ",[") + json(e.seconds) + "," + json(e.objective) + "]";
  return "{\"reason\":\"" + std::string(to_string(r.reason)) + "\",\"history\":[" + history + "]}";
}

std::string run_certified(compare::samples const& data, std::istream& words) {
  double epochs = 0, tolerance = 0;
  words >> epochs >> tolerance;
  if (!words) throw std::runtime_error("certified EPOCHS TOLERANCE");
  auto const f = compare::objective_of(data);
  localsgd::result<> r;
  double const time = compare::seconds(
      [&] { r = localsgd::minimize(f, {.epochs = epochs, .tolerance = tolerance}); });
  return "{\"reason\":\"" + std::string(to_string(r.reason)) + "\",\"seconds\":" + json(time) +
         ",\"objective\":" + json(r.objective) + ",\"certificate\":" + json(r.certificate) + "}";
}

std::string run_liblinear(compare::liblinear_problem const& problem, compare::judge const& judge,
                          double c, std::istream& words) {
  int solver = 0;
  double eps = 0;
  words >> solver >> eps;
  if (!words) throw std::runtime_error("liblinear SOLVER EPS");
  auto const [x, time] = problem.train(solver, eps, c);
  return "{\"seconds\":" + json(time.wall) + ",\"objective\":" + json(judge.value(x)) + "}";
}

void prepare(std::string const& source, std::string const& file) {
  auto const data = source == "generated" ? compare::generated()
                                          : localsgd::parse_libsvm(support::gunzip(source), source);
  compare::judge judge(data);
  double const optimum = judge.value(judge.minimiser());
  compare::save(file, data, optimum);
  std::cout << json(optimum) << '\n';
}

void serve(std::string const& file) {
  auto const data = compare::load(file).first;
  compare::judge const judge(data);
  compare::liblinear_problem const problem(data);
  double const n = static_cast<double>(data.features.rows()),
               c = 1 / (compare::lambda(data.features.rows()) * n);
  set_print_string_function([](char const*) {});
  for (std::string line; std::getline(std::cin, line);) {
    std::istringstream words(line);
    std::string command;
    words >> command;
    if (command == "localsgd")
      std::cout << run_localsgd(data, words) << std::endl;
    else if (command == "certified")
      std::cout << run_certified(data, words) << std::endl;
    else if (command == "liblinear")
      std::cout << run_liblinear(problem, judge, c, words) << std::endl;
    else
      throw std::runtime_error("unknown command '" + command + "'");
  }
}

}  // namespace

int main(int argc, char** argv) try {
  std::string_view const command = argc > 1 ? argv[1] : "";
  if (command == "prepare" && argc == 4)
    prepare(argv[2], argv[3]);
  else if (command == "serve" && argc == 3)
    serve(argv[2]);
  else
    throw std::runtime_error("usage: prepare SOURCE FILE | serve FILE");
} catch (std::exception const& error) {
  std::fprintf(stderr, "benchmark.compare.linear: %s\n", error.what());
  return 1;
}
