// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0

// Trains a classifier of 60,000 pictures of clothes (Fashion-MNIST) with Local SGD on all cores, at
// four frequencies of averaging.
//
// usage: quickstart [folder of the IDX files] [epochs]

#include "support/gunzip.hpp"

#include <localsgd/localsgd.hpp>

#include <cstdint>
#include <cstdio>
#include <exception>
#include <string>
#include <vector>

namespace {

localsgd::dense_matrix<float> read(std::string const& path) {
  return localsgd::parse_idx<float>(support::gunzip(path), path);
}

/// Pixels from 0 to 1, less the mean picture: then no direction dominates the curvature, and the
/// steps can be larger.
void normalise(localsgd::dense_matrix<float>& pictures, localsgd::dense_matrix<float>& others) {
  std::size_t const n = pictures.shape(0), pixels = pictures.shape(1);
  std::vector<double> mean(pixels);
  for (std::size_t i = 0; i != n; ++i)
    for (std::size_t j = 0; j != pixels; ++j) mean[j] += pictures(i, j) / static_cast<double>(n);
  for (auto* some : {&pictures, &others})
    for (std::size_t i = 0; i != some->shape(0); ++i)
      for (std::size_t j = 0; j != pixels; ++j)
        (*some)(i, j) = ((*some)(i, j) - static_cast<float>(mean[j])) / 255;
}

using classifier = localsgd::softmax_objective<localsgd::dense_matrix<float>, float>;

/// One line of the table: trains with K = 8 workers that average every `local_steps` steps.
std::string train(std::string const& name, std::size_t local_steps, double epochs,
                  classifier const& pictures, classifier const& test) {
  localsgd::progress_bar bar(name);
  auto const r = localsgd::minimize(
      pictures,
      {.workers = 8, .local_steps = local_steps, .epochs = epochs, .evaluations = 9}, bar);
  char line[160];
  std::snprintf(line, sizeof line, "%-16s %8ju %10.1f %9.2f %11.5f %13.3g %10.4f\n", name.c_str(),
                std::uintmax_t{r.rounds}, static_cast<double>(r.bytes) / 1e6, r.seconds,
                r.objective, r.certificate, test.accuracy({r.x.data(), r.x.size()}));
  return line;
}

}  // namespace

int main(int argc, char** argv) try {
  std::string const folder = argc > 1 ? argv[1] : "/usr/share/datasets/fashion-mnist";
  double const epochs = argc > 2 ? std::stod(argv[2]) : 10;

  auto pictures = read(folder + "/train-images-idx3-ubyte.gz");
  auto test_pictures = read(folder + "/t10k-images-idx3-ubyte.gz");
  normalise(pictures, test_pictures);
  auto const labels = read(folder + "/train-labels-idx1-ubyte.gz");
  auto const test_labels = read(folder + "/t10k-labels-idx1-ubyte.gz");

  localsgd::l2 const penalty{1e-4};
  classifier const f(pictures, labels, 10, penalty);
  classifier const test(test_pictures, test_labels, 10, penalty);

  std::string table;
  table += train("H = 1", 1, epochs, f, test);
  table += train("H = 8", 8, epochs, f, test);
  table += train("H = 64", 64, epochs, f, test);
  table += train("H = default", 0, epochs, f, test);

  std::printf("\nsoftmax regression, %zu pictures, %zu classes, %g epochs, K = 8 workers\n",
              f.samples(), f.classes(), epochs);
  std::printf("                   rounds  exchanged   seconds   objective   certificate       test\n"
              "                                  MB  training           f    f - f* <=   accuracy\n");
  std::fputs(table.c_str(), stdout);
} catch (std::exception const& error) {
  std::fprintf(stderr, "quickstart: %s\n", error.what());
  return 1;
}
