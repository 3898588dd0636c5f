// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0

// Trains a classifier on scaled features, measures it on samples that it has not seen, saves it in the
// format of LIBLINEAR, and predicts with the model that it reads back.

#include <localsgd/localsgd.hpp>

#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <random>
#include <string>
#include <vector>

namespace {

struct flats {
  localsgd::dense_matrix<double> features;  // area in m2, rooms, distance to the station in m
  std::vector<std::string> labels;          // "let" or "vacant"
};

// Large flats near the station are let, with some exceptions.
flats some_flats(std::size_t count, unsigned seed) {
  std::mt19937 random(seed);
  std::normal_distribution<> noise;
  flats all{localsgd::dense_matrix<double>::from_shape({count, 3}), {}};
  for (std::size_t i = 0; i != count; ++i) {
    double const area = 60 + 20 * noise(random), distance = 1500 + 600 * noise(random);
    all.features(i, 0) = area;
    all.features(i, 1) = 1 + area / 30 + noise(random) / 2;
    all.features(i, 2) = distance;
    double const merit = (area - 60) / 20 - (distance - 1500) / 600 + noise(random) / 2;
    all.labels.push_back(merit > 0 ? "let" : "vacant");
  }
  return all;
}

}  // namespace

int main() {
  using namespace localsgd;
  flats const train = some_flats(500, 1), test = some_flats(200, 2);

  // Labels become -1 and +1, features get mean 0 and standard deviation 1.
  label_encoding const y = encode_binary(train.labels);
  feature_scaling const scaling = standard_scaling(train.features);
  auto const rows = scaled(train.features, scaling);

  linear_objective const f(rows, y.labels, logistic{}, l2{1e-3}, {.intercept = 1});
  auto const r = minimize(f, {.workers = 4, .tolerance = 1e-6});
  linear_model const m = unscale(make_model(f, r.x, y), scaling);  // takes features as they are

  std::vector<double> const known = encode_like(y, test.labels);
  std::vector<double> const p = predict_probability(m, test.features);
  double const right = accuracy(known, predict(m, test.features));
  std::cout << "accuracy " << right << ", log loss " << log_loss(known, p, m.labels) << ", AUC "
            << auc(known, decision_function(m, test.features), m.labels[1]) << "\n";

  // The format has no names, so predictions of the model that comes back are -1 and +1.
  auto const path = std::filesystem::temp_directory_path() / "flats.model";
  save_liblinear(m, path);
  linear_model const back = load_liblinear(path);
  std::filesystem::remove(path);
  std::cout << "the first flat is " << predict_names(m, test.features)[0] << " with probability "
            << p[0] << " of " << m.names[1] << "; the file says "
            << y.name_of(predict(back, test.features)[0]) << "\n";
  bool const same = decision_function(back, test.features) == decision_function(m, test.features);
  return same && right > 0.85 ? EXIT_SUCCESS : EXIT_FAILURE;
}
