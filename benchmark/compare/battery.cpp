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
// Rows are kept dense where half of all entries or more are not 0, as sparse rows otherwise.

#include "benchmark/compare/liblinear.hpp"
#include "benchmark/compare/problem.hpp"

#include <algorithm>
#include <array>
#include <exception>
#include <fstream>
#include <iostream>
#include <memory>
#include <optional>
#include <sstream>
#include <string>
#include <string_view>
#include <variant>

namespace {

using compare::json;

/// Ends a run that has taken long enough.
struct time_limit {
  double seconds;
  std::chrono::steady_clock::time_point start = std::chrono::steady_clock::now();
  localsgd::proceed after_evaluation(localsgd::evaluation const&,
                                     localsgd::plan const&) const noexcept {
    std::chrono::duration<double> const gone = std::chrono::steady_clock::now() - start;
    return gone.count() > seconds ? localsgd::proceed::no : localsgd::proceed::yes;
  }
};

struct answer {
  localsgd::result<> run;
  double seconds = 0, samples = 0;
};

template <class Objective>
answer minimize(Objective const& f, double tolerance, double most_seconds) {
  answer a;
  a.samples = static_cast<double>(f.samples());
  a.seconds = compare::seconds([&] {
    time_limit limit{most_seconds};
    a.run = localsgd::minimize(f, {.tolerance = tolerance}, limit);
  });
  return a;
}

/// A data set in the form that a user would choose.
class data_in_memory {
 public:
  explicit data_in_memory(compare::samples data) : data_(std::move(data)) {
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

  compare::samples const& data() const noexcept { return data_; }
  std::size_t samples() const noexcept { return data_.features.rows(); }

  answer run(std::string_view loss, double lambda, double tolerance, double seconds) const {
    return dense_ ? run(*dense_, loss, lambda, tolerance, seconds)
                  : run(data_.features, loss, lambda, tolerance, seconds);
  }

 private:
  template <class Matrix>
  answer run(Matrix const& a, std::string_view loss, double lambda, double tolerance,
             double seconds) const {
    localsgd::l2 const penalty{lambda};
    auto const linear = [&](auto phi) {
      return minimize(localsgd::linear_objective(a, data_.targets, phi, penalty), tolerance,
                      seconds);
    };
    if (loss == "logistic") return linear(localsgd::logistic{});
    if (loss == "squared_hinge") return linear(localsgd::squared_hinge{});
    if (loss == "smoothed_hinge") return linear(localsgd::smoothed_hinge{});
    if (loss == "huber") return linear(localsgd::huber{});
    if (loss == "squared") return linear(localsgd::squared{});
    if (loss == "poisson") return linear(localsgd::poisson{100});
    if (loss != "softmax") throw std::runtime_error("no loss is called " + std::string(loss));
    double const last = *std::ranges::max_element(data_.targets);
    return minimize(
        localsgd::softmax_objective(a, data_.targets, static_cast<std::size_t>(last) + 1, penalty),
        tolerance, seconds);
  }

  compare::samples data_;
  std::optional<localsgd::dense_matrix<float>> dense_;
};

std::string report(answer const& a) {
  return "\"seconds\":" + json(a.seconds) +
         ",\"epochs\":" + json(static_cast<double>(a.run.gradients) / a.samples) +
         ",\"reason\":\"" + std::string(to_string(a.run.reason)) +
         "\",\"objective\":" + json(a.run.objective) +
         ",\"certificate\":" + json(a.run.certificate);
}

/// "100/n" or a plain number.
double parse_lambda(std::string const& text, std::size_t n) {
  std::size_t end = 0;
  double const value = std::stod(text, &end);
  if (text.substr(end) == "/n") return value / static_cast<double>(n);
  if (end != text.size()) throw std::runtime_error("not a lambda: " + text);
  return value;
}

void write_x(std::string const& path, std::span<double const> x) {
  if (path == "-") return;
  std::ofstream out(path, std::ios::binary);
  compare::detail::put(out, x);
  out.flush();
  if (!out) throw std::runtime_error(path + ": cannot be written");
}

void one_run(data_in_memory const& p, char** words, char const* optimum_given) {
  double const lambda = parse_lambda(words[1], p.samples());
  double const relative = std::stod(words[2]), limit = std::stod(words[3]);
  double const at_zero = p.run(words[0], lambda, 1e300, 0).run.history.front().objective;
  double optimum = 0;
  if (optimum_given != nullptr) {
    optimum = std::stod(optimum_given);
  } else {
    auto const exact = p.run(words[0], lambda, 1e-10 * at_zero, 10 * limit).run;
    optimum = exact.objective;
    if (exact.reason == localsgd::stop_reason::observer_request)
      std::fprintf(stderr, "f* is only known to %g\n", exact.certificate);
  }
  auto const a = p.run(words[0], lambda, relative * (at_zero - optimum), limit);
  std::cout << "{" << report(a)
            << ",\"gap\":" << json((a.run.objective - optimum) / (at_zero - optimum))
            << ",\"at_zero\":" << json(at_zero) << ",\"optimum\":" << json(optimum) << "}\n";
}

void serve(data_in_memory const& p) {
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
      auto const a = p.run(loss, parse_lambda(lambda, p.samples()), tolerance, limit);
      write_x(x_file, {a.run.x.data(), a.run.x.size()});
      std::cout << "{" << report(a) << "}" << std::endl;
    } else if (command == "liblinear") {
      int solver = 0;
      double eps = 0, c = 0;
      words >> solver >> eps >> c >> x_file;
      if (!words) throw std::runtime_error("liblinear SOLVER EPS C XFILE");
      if (!theirs) theirs = std::make_unique<compare::liblinear_problem>(p.data());
      auto const [x, time] = theirs->train(solver, eps, c);
      write_x(x_file, x);
      std::cout << "{\"seconds\":" << json(time) << "}" << std::endl;
    } else {
      throw std::runtime_error("there is no command '" + command + "'");
    }
  }
}

}  // namespace

int main(int argc, char** argv) try {
  bool const serving = argc == 3 && std::string_view(argv[2]) == "serve";
  if (!serving && argc != 6 && argc != 7)
    throw std::runtime_error("usage: FILE LOSS LAMBDA RELATIVE SECONDS [OPTIMUM] | FILE serve");
  data_in_memory const p(localsgd::parse_libsvm(support::gunzip(argv[1]), argv[1]));
  if (serving)
    serve(p);
  else
    one_run(p, argv + 2, argc == 7 ? argv[6] : nullptr);
} catch (std::exception const& error) {
  std::fprintf(stderr, "benchmark.compare.battery: %s\n", error.what());
  return 1;
}
