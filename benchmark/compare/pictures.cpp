// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0

// localsgd on Fashion-MNIST: softmax regression with λ = 1e-4, judged by the test accuracy.
//
// usage: benchmark.compare.pictures FOLDER
//   Answers each line of the standard input, a number of epochs, with a line of JSON, until the
//   input ends.

#include "benchmark/compare/problem.hpp"
#include "examples/support/fashion_mnist.hpp"

#include <exception>
#include <iostream>

int main(int argc, char** argv) try {
  if (argc != 2) throw std::runtime_error("usage: benchmark.compare.pictures FOLDER");
  auto const [pictures, labels, test_pictures, test_labels] = support::read_fashion_mnist(argv[1]);
  localsgd::l2 const penalty{1e-4};
  localsgd::softmax_objective const test(test_pictures, test_labels, 10, penalty);

  for (double epochs = 0; std::cin >> epochs;) {
    localsgd::softmax_objective const f(pictures, labels, 10, penalty);
    auto const r = localsgd::minimize(f, {.epochs = epochs});
    std::cout << "{\"seconds\":" << compare::json(r.seconds)
              << ",\"accuracy\":" << compare::json(test.accuracy({r.x.data(), r.x.size()})) << "}"
              << std::endl;
  }
} catch (std::exception const& error) {
  std::fprintf(stderr, "benchmark.compare.pictures: %s\n", error.what());
  return 1;
}
