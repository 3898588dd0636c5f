// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "gunzip.hpp"

#include <localsgd/localsgd.hpp>

#include <cstddef>
#include <string>
#include <vector>

/// @file
/// @brief Fashion-MNIST as softmax regression wants it, for examples and benchmarks.

namespace support {

/// @brief Pictures of clothes, one row of 28 × 28 pixels each, and their labels 0 … 9.
struct fashion_mnist {
  using matrix = localsgd::dense_matrix<float>;

  matrix pictures, labels;            ///< To train with: 60000 × 784 and 60000 × 1.
  matrix test_pictures, test_labels;  ///< To judge by: 10000 × 784 and 10000 × 1.
};

/// @brief Divides pixels by 255, after the mean picture of `pictures` is taken from both: then no
///        direction dominates the curvature, and the steps can be larger.
/// @pre Both have as many columns.
inline void normalise(fashion_mnist::matrix& pictures, fashion_mnist::matrix& others) {
  std::size_t const n = pictures.shape(0), pixels = pictures.shape(1);
  std::vector<double> mean(pixels);
  for (std::size_t i = 0; i != n; ++i)
    for (std::size_t j = 0; j != pixels; ++j) mean[j] += pictures(i, j) / static_cast<double>(n);
  for (auto* some : {&pictures, &others})
    for (std::size_t i = 0; i != some->shape(0); ++i)
      for (std::size_t j = 0; j != pixels; ++j)
        (*some)(i, j) = ((*some)(i, j) - static_cast<float>(mean[j])) / 255;
}

/// @brief Reads the four IDX files of `folder`, named as they are published, gzipped or not, and
///        normalises the pictures.
/// @throws std::runtime_error naming the file, when it is missing or damaged;
///         localsgd::invalid_data, when it is not in IDX format.
inline fashion_mnist read_fashion_mnist(std::string const& folder) {
  auto const read = [&](char const* name) {
    std::string const path = folder + "/" + name;
    return localsgd::parse_idx<float>(gunzip(path), path);
  };
  fashion_mnist data;
  data.pictures = read("train-images-idx3-ubyte.gz");
  data.test_pictures = read("t10k-images-idx3-ubyte.gz");
  normalise(data.pictures, data.test_pictures);
  data.labels = read("train-labels-idx1-ubyte.gz");
  data.test_labels = read("t10k-labels-idx1-ubyte.gz");
  return data;
}

}  // namespace support
