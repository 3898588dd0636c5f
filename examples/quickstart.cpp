// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0

// Trains a classifier on 60,000 images of clothes (Fashion-MNIST) with Local SGD on all cores, for
// four values of H.
//
// usage: quickstart [folder of the IDX files] [epochs]

#include "support/fashion_mnist.hpp"

#include <localsgd/localsgd.hpp>

#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <string>

namespace {

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

  auto const [pictures, labels, test_pictures, test_labels] = support::read_fashion_mnist(folder);

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
