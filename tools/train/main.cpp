// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0

// localsgd-train: trains linear models on files, predicts with them and measures them.

#include "commands.hpp"
#include "help.hpp"

#include <localsgd/communicator/rank_failed.hpp>
#include <localsgd/core/error.hpp>
#include <localsgd/version.hpp>

#include <CLI/CLI.hpp>

#include <cmath>
#include <cstdio>
#include <exception>
#include <new>
#include <string>
#include <string_view>
#include <vector>

namespace {

constexpr int failed = 1, misused = 2;

/// @brief One line, whatever the message holds. @param place on which rank
void complain(std::string const& place, std::string_view message) {
  constexpr std::string_view prefix = "localsgd: ";
  if (message.starts_with(prefix)) message.remove_prefix(prefix.size());
  std::string text(message);
  for (char& c : text)
    if (c == '\n' || c == '\r') c = ' ';
  std::fprintf(stderr, "localsgd-train: %s%s\n", place.c_str(), text.c_str());
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

CLI::Validator share(bool ends) {
  return ends ? number("a number from 0 to 1", [](double x) { return x >= 0 && x <= 1; })
              : number("a number between 0 and 1", [](double x) { return x > 0 && x < 1; });
}
/// @brief Replaces "auto" by 0.
CLI::Validator automatic() {
  return {[](std::string& text) {
            if (text == "auto") text = "0";
            return std::string();
          },
          ""};
}

void add_input(CLI::App& app, train::data_options& o) {
  app.add_option("data", o.data,
                 "The samples: a LIBSVM, CSV, npy, IDX or cache file, plain or gzipped")
      ->required();
  app.add_option("--data-format", o.format, "Format of the samples; auto: by name and first bytes")
      ->check(CLI::IsMember({"auto", "libsvm", "csv", "npy", "idx", "cache"}))
      ->capture_default_str();
  app.add_option("--labels", o.labels, "File of the labels of npy and IDX files: npy, IDX or text");
  app.add_option("--separator", o.separator, "Character between the fields of a CSV file, or tab")
      ->capture_default_str();
}

void add_objective(CLI::App& app, train::objective_options& o) {
  add_input(app, o.input);
  app.add_option("--label", o.input.label,
                 "Column of the labels of a CSV file: a name, or a number from 1 or, from the end, "
                 "from -1");
  app.add_option("--categorical", o.input.categorical,
                 "Columns of numbers of a CSV file that are categories, separated by commas")
      ->delimiter(',');
  app.add_option("--features", o.input.features,
                 "Number of features of a LIBSVM file; 0: the largest index in the file")
      ->check(nonnegative())
      ->capture_default_str();
  app.add_option("--loss", o.loss, "Loss function; default: logistic for two labels")
      ->check(CLI::IsMember({"logistic", "squared_hinge", "smoothed_hinge", "softmax", "squared",
                             "huber", "smoothed_quantile", "poisson", "gamma"}));
  app.add_option("--threads", o.threads,
                 "Number of threads, on each rank if there are several; 0: one for each core")
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
  app.add_flag("-q,--quiet", o.quiet, "Print errors and results only");
}

CLI::Option* add_lambda(CLI::App& app, train::objective_options& o) {
  auto* const lambda = app.add_option("--lambda", o.lambda, "Strength of the penalty; default: 1/n")
                           ->check(nonnegative());
  app.add_option("-C,--cost", o.cost, "LIBLINEAR's C: lambda = 1/(C n)")
      ->check(positive())
      ->excludes(lambda);
  return lambda;
}

void add_l1_ratio(CLI::App& app, train::objective_options& o, CLI::Validator const& range) {
  app.add_option("--l1-ratio", o.l1_ratio,
                 "Share of the L1 penalty: 0 is L2, 1 is L1, between is the elastic net")
      ->check(range)
      ->capture_default_str();
}

void add_loss_parameters(CLI::App& app, train::objective_options& o) {
  app.add_option("--delta", o.delta,
                 "Scale of huber and smoothed_quantile, in the units of the targets")
      ->check(positive())
      ->capture_default_str();
  app.add_option("--tau", o.tau, "Quantile of smoothed_quantile")
      ->check(share(false))
      ->capture_default_str();
}

void add_lambdas(CLI::App& app, std::vector<double>& lambdas) {
  app.add_option("--lambdas", lambdas,
                 "Strengths of the penalty, separated by commas; default: a sequence that starts "
                 "where all coefficients are 0")
      ->delimiter(',')
      ->check(positive());
}

void add_train(CLI::App& app, train::train_options& o) {
  add_objective(app, o);
  app.add_option("-m,--model", o.model,
                 "File for the model: JSON if its name ends in .json, otherwise LIBLINEAR's format")
      ->required();
  app.add_option("--format", o.model_format, "Format of the model file; auto: by its name")
      ->check(CLI::IsMember({"auto", "liblinear", "json"}))
      ->capture_default_str();
  app.add_option("--report", o.report, "File for a report of the run: an HTML page with charts");
  auto* const lambda = add_lambda(app, o);
  add_l1_ratio(app, o, share(true));
  add_loss_parameters(app, o);
  app.add_option("-K,--workers", o.workers,
                 "Number of workers whose iterates are averaged; affects the result, not the speed")
      ->check(positive())
      ->capture_default_str();
  app.add_option("-H,--local-steps", o.local_steps,
                 "Local steps between two averages; 0 or auto: automatic")
      ->check(nonnegative())
      ->transform(automatic())
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
  auto* const folds =
      app.add_option("--cross-validate", o.folds,
                     "Choose the lambda with the smallest loss in a cross-validation of so many folds")
          ->check(number("a number of folds >= 2", [](double x) { return x >= 2; }))
          ->excludes(lambda)
          ->excludes("--cost");
  add_lambdas(app, o.lambdas);
  auto* const validation =
      app.add_option("--validation", o.validation,
                     "Hold out this share of the samples, and stop when their loss no longer falls")
          ->check(share(false))
          ->excludes(folds);
  auto* const checkpoint =
      app.add_option("--checkpoint", o.checkpoint,
                     "File from which an interrupted run continues; removed at its end")
          ->excludes(folds)
          ->excludes(validation);
  app.add_option("--checkpoint-every", o.checkpoint_every,
                 "Rounds between two checkpoints; default: a checkpoint every 60 seconds")
      ->check(positive())
      ->needs(checkpoint);
  app.add_flag("--resume", o.resume, "Continue the run of the checkpoint")->needs(checkpoint);
}

void add_path(CLI::App& app, train::path_options& o) {
  o.l1_ratio = 1;
  add_objective(app, o);
  add_l1_ratio(app, o, number("a number > 0 and <= 1", [](double x) { return x > 0 && x <= 1; }));
  add_loss_parameters(app, o);
  auto* const count = app.add_option("--count", o.count, "Length of the default sequence")
                          ->check(number("a number from 1 to 10000",
                                         [](double x) { return x >= 1 && x <= 10000; }))
                          ->capture_default_str();
  add_lambdas(app, o.lambdas);
  app.get_option("--lambdas")->excludes(count);
  app.add_option("--tolerance", o.tolerance,
                 "Accuracy of each objective; default: 1e-4 times the objective at 0")
      ->check(positive());
  app.add_option("-o,--output", o.output, "Output file; default: standard output");
  app.add_option("--models", o.models, "Write each model to a file PREFIX-<number>.json");
}

void add_advise(CLI::App& app, train::advise_options& o) {
  add_objective(app, o);
  add_lambda(app, o);
  app.add_option("--accuracy", o.accuracy, "Goal: how close the objective is to its minimum")
      ->check(positive());
  app.add_option("--tolerance", o.tolerance,
                 "Goal: how close the objective is proven to be to its minimum")
      ->check(positive());
  app.add_option("--gradient-seconds", o.gradient_seconds,
                 "Seconds that a machine needs for the gradient of one sample")
      ->required()
      ->check(positive());
  app.add_option("--latency", o.latency, "Seconds of an empty message")->required()->check(positive());
  app.add_option("--bandwidth", o.bandwidth, "Bytes per second of a link")
      ->required()
      ->check(positive());
  app.add_option("--network", o.network, "How machines average; shared: they share their memory")
      ->check(CLI::IsMember({"ring", "tree", "master", "shared"}))
      ->capture_default_str();
  app.add_option("--machines", o.machines, "Number of machines; 0: one for each worker")
      ->check(nonnegative())
      ->capture_default_str();
  app.add_option("--noise", o.noise, "How the times of the same work differ")
      ->check(CLI::IsMember({"none", "exponential", "log-normal"}))
      ->capture_default_str();
  app.add_option("--slow-share", o.slow_share, "Share of slow workers")
      ->check(share(true))
      ->capture_default_str();
  app.add_option("--slow-factor", o.slow_factor, "How many times slower they are")
      ->check(number("a number >= 1", [](double x) { return x >= 1; }))
      ->capture_default_str();
  app.add_option("-K,--workers", o.workers, "Numbers of workers to try, separated by commas")
      ->delimiter(',')
      ->check(positive())
      ->capture_default_str();
  app.add_option("-b,--batch-sizes", o.batch_sizes,
                 "Samples per gradient to try, separated by commas")
      ->delimiter(',')
      ->check(positive())
      ->capture_default_str();
}

void add_predict(CLI::App& app, train::predict_options& o) {
  add_input(app, o.input);
  app.add_option("model", o.model, "The model, in LIBLINEAR's format or JSON")->required();
  app.add_option("-o,--output", o.output, "Output file; default: standard output");
  app.add_flag("--ignore-unknown-features", o.ignore_unknown,
               "Ignore features, columns and categories that the model does not have");
}

/// @brief How a command ended on this rank.
struct outcome {
  int code = 0;
  std::string message;
  bool elsewhere = false;  ///< Whether it failed on another rank.
};

template <class Command>
outcome attempt(Command const& command) {
  try {
    command();
  } catch (train::failed_elsewhere const& e) {
    return {failed, e.what(), true};
  } catch (localsgd::rank_failed const& e) {
    return {failed, e.what(), true};
  } catch (train::usage_error const& e) {
    return {misused, e.what()};
  } catch (localsgd::invalid_settings const& e) {
    return {misused, e.what()};
  } catch (std::bad_alloc const&) {
    return {failed, "not enough memory"};
  } catch (std::exception const& e) {
    return {failed, e.what()};
  }
  return {};
}

}  // namespace

int main(int argc, char** argv) {
  train::job const ranks(argc, argv);
  CLI::App app("Trains and evaluates linear models on files, and predicts with them.",
               "localsgd-train");
  app.set_version_flag("--version", "localsgd-train " + version_text());
  app.footer(
      "Examples:\n"
      "  localsgd-train train a9a -m a9a.model\n"
      "  localsgd-train train mails.gz -m mails.json --l1-ratio 1 --lambda 1e-4 --balanced\n"
      "  localsgd-train train diamonds.csv --label price --loss squared -m diamonds.json\n"
      "  localsgd-train path a9a --count 20\n"
      "  localsgd-train predict a9a.t a9a.model -o labels\n"
      "  localsgd-train evaluate a9a.t a9a.model\n"
      "Exit code: 0 on success, 1 if an operation failed, 2 if the command line is invalid.");
  train::train_options training;
  train::path_options walking;
  train::advise_options asking;
  train::predict_options predicting, evaluating;
  bool manual = false;
  std::string shell;
  app.add_flag("--man", manual, "Print the manual page");
  app.add_option("--completion", shell, "Print a script for this shell that completes the options")
      ->check(CLI::IsMember({"bash", "zsh"}));
  auto* const train = app.add_subcommand("train", "Fit a model to samples and save it");
  auto* const predict =
      app.add_subcommand("predict", "Print the predictions of a model, one line for each sample");
  auto* const evaluate = app.add_subcommand("evaluate", "Print the accuracy of a model on samples");
  auto* const path =
      app.add_subcommand("path", "Print the objective and the nonzeros for a sequence of penalties");
  auto* const advise = app.add_subcommand(
      "advise", "Print which solver, K, b and H reach a goal first on a cluster, by simulation");
  add_train(*train, training);
  add_path(*path, walking);
  add_advise(*advise, asking);
  add_predict(*predict, predicting);
  predict->add_flag("--probabilities", predicting.probabilities,
                    "Also print the probabilities of all classes");
  add_predict(*evaluate, evaluating);
  outcome const end = attempt([&] {
    std::string command = "help";
    ranks.do_together([&] {
      try {
        app.parse(argc, argv);
      } catch (CLI::Success const& e) {
        if (ranks.leads()) app.exit(e);
        return;
      } catch (CLI::ParseError const& e) {
        throw train::usage_error(std::string(e.what()) + " (see --help)");
      }
      if (manual || !shell.empty()) {
        if (ranks.leads())
          train::write_text(manual            ? train::manual_page(app, version_text())
                            : shell == "bash" ? train::bash_completion(app)
                                              : train::zsh_completion(app),
                            {});
        return;
      }
      if (app.get_subcommands().empty())
        throw train::usage_error(
            "specify a command: train, predict, evaluate, path or advise (see --help)");
      command = app.get_subcommands().front()->get_name();
    });
    ranks.require_same("command", command);
    if (command == "help") return;
    if (*train) train::train_model(training, ranks);
    if (*path) train::print_path(walking, ranks);
    if (!ranks.leads()) return;  // rank 0 does the rest alone
    if (*advise) train::print_advice(asking);
    if (*predict) train::predict_samples(predicting);
    if (*evaluate) train::evaluate_model(evaluating);
  });
  auto const [code, speaks] = ranks.conclude(end.code, end.elsewhere);
  if (speaks) complain(ranks.prefix(), end.message);
  return code;
}
