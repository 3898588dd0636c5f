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

#include "benchmark/compare/problem.hpp"

#include <linear.h>

#include <cstdlib>
#include <exception>
#include <iostream>
#include <sstream>
#include <string_view>

namespace {

using compare::json;

/// The problem in the form LIBLINEAR wants: rows of (index from 1, value), each ended by -1.
class liblinear_problem {
 public:
  explicit liblinear_problem(compare::samples const& data) {
    std::size_t const n = data.features.rows();
    nodes_.reserve(data.features.nonzeros() + n);
    std::vector<std::size_t> starts;
    for (std::size_t i = 0; i != n; ++i) {
      starts.push_back(nodes_.size());
      auto const row = data.features.row(i);
      for (std::size_t k = 0; k != row.indices.size(); ++k)
        nodes_.push_back(
            {static_cast<int>(row.indices[k]) + 1, static_cast<double>(row.values[k])});
      nodes_.push_back({-1, 0});
    }
    for (std::size_t const start : starts) rows_.push_back(nodes_.data() + start);
    targets_.assign(data.targets.begin(), data.targets.end());
    problem_.l = static_cast<int>(n);
    problem_.n = static_cast<int>(data.features.columns());
    problem_.y = targets_.data();
    problem_.x = rows_.data();
    problem_.bias = -1;
  }
  liblinear_problem(liblinear_problem const&) = delete;
  liblinear_problem& operator=(liblinear_problem const&) = delete;

  /// Trains, and returns x and the seconds that took.
  std::pair<std::vector<double>, double> train(int solver, double eps) const {
    parameter p{};
    p.solver_type = solver;
    p.eps = eps;
    p.C = 1 / (compare::lambda(rows_.size()) * static_cast<double>(rows_.size()));
    p.p = 0.1;
    if (char const* const error = check_parameter(&problem_, &p)) throw std::runtime_error(error);
    // LIBLINEAR's own generator: the same numbers in every run, whatever ran before.
    std::srand(1);
    model* m = nullptr;
    double const time = compare::seconds([&] { m = ::train(&problem_, &p); });
    // Its w belongs to the label it lists first.
    double const sign = m->label[0] == 1 ? 1 : -1;
    std::vector<double> x(m->w, m->w + m->nr_feature);
    for (double& v : x) v *= sign;
    free_and_destroy_model(&m);
    return {std::move(x), time};
  }

 private:
  std::vector<feature_node> nodes_;
  std::vector<feature_node*> rows_;
  std::vector<double> targets_;
  problem problem_{};
};

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

std::string run_liblinear(liblinear_problem const& problem, compare::judge const& judge,
                          std::istream& words) {
  int solver = 0;
  double eps = 0;
  words >> solver >> eps;
  if (!words) throw std::runtime_error("liblinear SOLVER EPS");
  auto const [x, time] = problem.train(solver, eps);
  return "{\"seconds\":" + json(time) + ",\"objective\":" + json(judge.value(x)) + "}";
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
  liblinear_problem const problem(data);
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
      std::cout << run_liblinear(problem, judge, words) << std::endl;
    else
      throw std::runtime_error("there is no command '" + command + "'");
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
