// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0

// localsgd-train: trains linear models on files, predicts with them and measures them.

#include "commands.hpp"

#include <localsgd/core/error.hpp>
#include <localsgd/version.hpp>

#include <CLI/CLI.hpp>

#include <cmath>
#include <cstdio>
#include <exception>
#include <new>
#include <string>
#include <string_view>

namespace {

constexpr int failed = 1, misused = 2;

/// @brief One line, whatever the message holds.
int complain(std::string_view message, int code) {
  constexpr std::string_view prefix = "localsgd: ";
  if (message.starts_with(prefix)) message.remove_prefix(prefix.size());
  std::string text(message);
  for (char& c : text)
    if (c == '\n' || c == '\r') c = ' ';
  std::fprintf(stderr, "localsgd-train: %s\n", text.c_str());
  return code;
}

std::string version_text() {
  auto const v = localsgd::version;
  return std::to_string(v.major) + "." + std::to_string(v.minor) + "." + std::to_string(v.patch);
}

/// @brief A number for which `fits` holds, and what a message calls that.
CLI::Validator number(std::string const& rule, bool (*fits)(double)) {
  return {[=](std::string& text) {
            double value = 0;
            bool const read = CLI::detail::lexical_cast(text, value) && std::isfinite(value);
            return read && fits(value) ? std::string() : "found " + text + ", expected " + rule;
          },
          "NUMBER"};
}
CLI::Validator positive() {
  return number("a number > 0", [](double x) { return x > 0; });
}
CLI::Validator nonnegative() {
  return number("a number >= 0", [](double x) { return x >= 0; });
}

void add_train(CLI::App& app, train::train_options& o) {
  app.add_option("data", o.data, "The samples: a LIBSVM file, plain or gzipped")->required();
  app.add_option("-m,--model", o.model,
                 "File for the model: JSON if its name ends in .json, otherwise LIBLINEAR's format")
      ->required();
  app.add_option("--report", o.report, "File for a report of the run: an HTML page with charts");
  app.add_option("--loss", o.loss, "Loss function; default: logistic for two labels")
      ->check(CLI::IsMember({"logistic", "squared_hinge", "smoothed_hinge", "softmax", "squared",
                             "huber", "smoothed_quantile", "poisson", "gamma"}));
  auto* const lambda = app.add_option("--lambda", o.lambda, "Strength of the penalty; default: 1/n")
                           ->check(nonnegative());
  app.add_option("-C,--cost", o.cost, "LIBLINEAR's C: lambda = 1/(C n)")
      ->check(positive())
      ->excludes(lambda);
  app.add_option("--l1-ratio", o.l1_ratio,
                 "Share of the L1 penalty: 0 is L2, 1 is L1, between is the elastic net")
      ->check(number("a number from 0 to 1", [](double x) { return x >= 0 && x <= 1; }))
      ->capture_default_str();
  app.add_option("--delta", o.delta,
                 "Scale of huber and smoothed_quantile, in the units of the targets")
      ->check(positive())
      ->capture_default_str();
  app.add_option("--tau", o.tau, "Quantile of smoothed_quantile")
      ->check(number("a number between 0 and 1", [](double x) { return x > 0 && x < 1; }))
      ->capture_default_str();
  app.add_option("-K,--workers", o.workers,
                 "Number of workers whose iterates are averaged; affects the result, not the speed")
      ->check(positive())
      ->capture_default_str();
  app.add_option("-H,--local-steps", o.local_steps,
                 "Local steps between two averages; 0: automatic")
      ->check(nonnegative())
      ->capture_default_str();
  app.add_option("-b,--batch-size", o.batch_size, "Samples per gradient")
      ->check(positive())
      ->capture_default_str();
  app.add_option("--epochs", o.epochs, "Maximum number of passes over the data")
      ->check(nonnegative());
  app.add_option("--tolerance", o.tolerance,
                 "Stop when the objective is proven to be this close to its minimum; default "
                 "without --epochs: 1e-7 times the objective at 0")
      ->check(nonnegative());
  app.add_option("--threads", o.threads, "Number of threads; 0: one for each core")
      ->check(nonnegative())
      ->capture_default_str();
  app.add_option("--seed", o.seed, "Seed of the random numbers")
      ->check(nonnegative())
      ->capture_default_str();
  auto* const none =
      app.add_flag("--no-intercept", o.no_intercept, "Fit a model without an intercept");
  app.add_flag("--penalize-intercept", o.penalize_intercept,
               "Penalize the intercept, as LIBLINEAR does")
      ->excludes(none);
  app.add_flag("--balanced", o.balanced, "Give all classes the same total weight");
  app.add_option("--scale", o.scale,
                 "Scale the features for training; the saved model applies to unscaled features")
      ->check(CLI::IsMember({"none", "standard", "max-abs"}))
      ->capture_default_str();
  app.add_option("--features", o.features, "Number of features; 0: the largest index in the file")
      ->check(nonnegative())
      ->capture_default_str();
  app.add_option("--format", o.format, "Format of the model file; auto: by its name")
      ->check(CLI::IsMember({"auto", "liblinear", "json"}))
      ->capture_default_str();
  app.add_flag("-q,--quiet", o.quiet, "Print errors only");
}

void add_predict(CLI::App& app, train::predict_options& o) {
  app.add_option("data", o.data, "The samples: a LIBSVM file, plain or gzipped")->required();
  app.add_option("model", o.model, "The model, in LIBLINEAR's format or JSON")->required();
  app.add_option("-o,--output", o.output, "Output file; default: standard output");
  app.add_flag("--ignore-unknown-features", o.ignore_unknown,
               "Ignore features that the model does not have");
}

}  // namespace

int main(int argc, char** argv) {
  CLI::App app("Trains and evaluates linear models on files, and predicts with them.",
               "localsgd-train");
  app.set_version_flag("--version", "localsgd-train " + version_text());
  app.footer(
      "Examples:\n"
      "  localsgd-train train a9a -m a9a.model\n"
      "  localsgd-train train mails.gz -m mails.json --l1-ratio 1 --lambda 1e-4 --balanced\n"
      "  localsgd-train predict a9a.t a9a.model -o labels\n"
      "  localsgd-train evaluate a9a.t a9a.model\n"
      "Exit code: 0 on success, 1 if an operation failed, 2 if the command line is invalid.");
  train::train_options training;
  train::predict_options predicting, evaluating;
  auto* const train = app.add_subcommand("train", "Fit a model to samples and save it");
  auto* const predict =
      app.add_subcommand("predict", "Print the predictions of a model, one line for each sample");
  auto* const evaluate = app.add_subcommand("evaluate", "Print the accuracy of a model on samples");
  add_train(*train, training);
  add_predict(*predict, predicting);
  predict->add_flag("--probabilities", predicting.probabilities,
                    "Also print the probabilities of all classes");
  add_predict(*evaluate, evaluating);
  try {
    app.parse(argc, argv);
  } catch (CLI::Success const& e) {
    return app.exit(e);
  } catch (CLI::ParseError const& e) {
    return complain(std::string(e.what()) + " (see --help)", misused);
  }
  if (app.get_subcommands().empty())
    return complain("specify a command: train, predict or evaluate (see --help)", misused);
  try {
    if (*train) train::train_model(training);
    if (*predict) train::predict_samples(predicting);
    if (*evaluate) train::evaluate_model(evaluating);
  } catch (train::usage_error const& e) {
    return complain(e.what(), misused);
  } catch (localsgd::invalid_settings const& e) {
    return complain(e.what(), misused);
  } catch (std::bad_alloc const&) {
    return complain("not enough memory", failed);
  } catch (std::exception const& e) {
    return complain(e.what(), failed);
  }
  return 0;
}
