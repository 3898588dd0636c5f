// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0

// From a LIBSVM text file to a model file, as liblinear-train does it.
//
// usage: benchmark.compare.file_to_model FILE MODEL TARGET
//   Ends at the first evaluation with f ≤ TARGET, made when the library sees fit; fails when 400
//   epochs do not get there. Prints f.

#include "benchmark/compare/problem.hpp"

#include <exception>

namespace {

struct until {
  double target;
  localsgd::proceed after_evaluation(localsgd::evaluation const& e,
                                     localsgd::plan const&) const noexcept {
    return e.objective <= target ? localsgd::proceed::no : localsgd::proceed::yes;
  }
};

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 4)
    throw std::runtime_error("usage: benchmark.compare.file_to_model FILE MODEL TARGET");
  auto const data = localsgd::read_libsvm(argv[1]);
  auto const f = compare::objective_of(data);
  double const target = std::stod(argv[3]);
  until reached{target};
  auto const r = localsgd::minimize(f, {.epochs = 400, .tolerance = 1e-9}, reached);
  if (r.objective > target)
    throw std::runtime_error("400 epochs end at " + compare::json(r.objective));

  std::unique_ptr<std::FILE, int (*)(std::FILE*)> const out(std::fopen(argv[2], "w"), std::fclose);
  if (!out) throw std::runtime_error(std::string(argv[2]) + ": cannot be written");
  for (double const v : r.x) std::fprintf(out.get(), "%.17g\n", v);
  std::printf("%.17g\n", r.objective);
} catch (std::exception const& error) {
  std::fprintf(stderr, "benchmark.compare.file_to_model: %s\n", error.what());
  return 1;
}
