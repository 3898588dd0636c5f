// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0

// localsgd on Fashion-MNIST: softmax regression with λ = 1e-4, judged by the test accuracy.
//
// usage: benchmark.compare.pictures FOLDER
//   Answers each line of the standard input, a number of epochs, with a line of JSON, until the
//   input ends.

#include "benchmark/compare/problem.hpp"

#include <exception>
#include <iostream>

namespace {

using matrix = localsgd::dense_matrix<float>;

matrix read(std::string const& path) {
  return localsgd::parse_idx<float>(support::gunzip(path), path);
}

/// Pixels from 0 to 1, less the mean picture.
void normalise(matrix& pictures, matrix& others) {
  std::size_t const n = pictures.shape(0), pixels = pictures.shape(1);
  std::vector<double> mean(pixels);
  for (std::size_t i = 0; i != n; ++i)
    for (std::size_t j = 0; j != pixels; ++j) mean[j] += pictures(i, j) / static_cast<double>(n);
  for (auto* some : {&pictures, &others})
    for (std::size_t i = 0; i != some->shape(0); ++i)
      for (std::size_t j = 0; j != pixels; ++j)
        (*some)(i, j) = ((*some)(i, j) - static_cast<float>(mean[j])) / 255;
}

}  // namespace

int main(int argc, char** argv) try {
  if (argc != 2) throw std::runtime_error("usage: benchmark.compare.pictures FOLDER");
  std::string const folder = argv[1];
  auto pictures = read(folder + "/train-images-idx3-ubyte.gz");
  auto test_pictures = read(folder + "/t10k-images-idx3-ubyte.gz");
  normalise(pictures, test_pictures);
  auto const labels = read(folder + "/train-labels-idx1-ubyte.gz");
  auto const test_labels = read(folder + "/t10k-labels-idx1-ubyte.gz");
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
