// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0

// Chooses the penalty of a sparse logistic regression by 5-fold cross-validation, and prints the path
// and the nonzero coefficients.
//
// usage: lasso_path <LIBSVM file, plain or gzipped, with labels -1 and +1> [number of lambdas]

#include "support/gunzip.hpp"

#include <localsgd/localsgd.hpp>

#include <cstddef>
#include <cstdio>
#include <exception>
#include <iostream>
#include <stdexcept>
#include <string>

int main(int argc, char** argv) try {
  if (argc < 2) throw std::runtime_error("usage: lasso_path <LIBSVM file> [number of lambdas]");
  std::string const text = support::gunzip(argv[1]);
  auto const data = localsgd::parse_libsvm<float>(text, argv[1], {});
  std::size_t const count = argc > 2 ? std::stoul(argv[2]) : 20;

  auto const make = [](auto const& part, double lambda) {
    return localsgd::linear_objective(part.features, part.targets, localsgd::logistic{},
                                      localsgd::l1{lambda});
  };
  auto const lambdas = localsgd::lambda_sequence(make(data, 1), count);
  auto const cv = localsgd::cross_validate(data.features, data.targets, make, lambdas,
                                           localsgd::mean_loss{}, {.folds = 5});

  std::cout << "all samples\n" << to_string(cv.path) << "\n5 folds, mean loss\n" << to_string(cv);
  auto const& x = cv.path.points[cv.one_standard_error].fit.x;
  std::cout << "\ncoefficients at lambda = " << lambdas[cv.one_standard_error] << "\n";
  for (std::size_t j = 0; j != x.size(); ++j)
    if (x[j] != 0) std::printf("%8zu %12.5g\n", j + 1, x[j]);
} catch (std::exception const& error) {
  std::fprintf(stderr, "lasso_path: %s\n", error.what());
  return 1;
}
