// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0

// dane and distributed L-BFGS on two hosts with a slow line between them: the seconds until f − f*
// is a millionth of what it is at 0, and what the simulator said of dane. run.sh builds and starts
// it.
//
// usage: mpirun -np 2 … benchmark.to_accuracy FOLDER TURNS PRIORITY BURST NAME=FILE…
//   Logistic regression with λ = 1/n on each FILE, each rank with a random half of its samples.
//   Writes to_accuracy.csv and to_accuracy.txt to FOLDER. PRIORITY is `precedence`, over all other
//   programs while something is timed, or `ordinary`. BURST: bytes that the line lets pass at once.

#include "benchmark/cluster/line.hpp"
#include "benchmark/cluster/team_cluster.hpp"
#include "benchmark/order_of_samples.hpp"
#include "examples/support/gunzip.hpp"

#include <localsgd/localsgd.hpp>
#include <localsgd/mpi.hpp>

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <stdexcept>
#include <string>
#include <vector>

using namespace localsgd;

namespace {

constexpr std::size_t workers = 2;
constexpr double accuracy = 1e-6;  // of f(0) − f*

/// The samples of both hosts. Each makes its objective of its own half only; a run without the line
/// needs both.
class halves {
 public:
  explicit halves(dataset<csr_matrix<float>> const& data)
      : lambda_(1 / static_cast<double>(data.targets.size())) {
    std::size_t const n = data.targets.size();
    std::span<double const> const labels(data.targets.data(), n);
    std::vector<std::size_t> const order = bench::order_of_samples(labels, false);
    for (std::size_t k = 0; k != workers; ++k) {
      auto const at = [&](std::size_t i) {
        return order.begin() + static_cast<std::ptrdiff_t>(n * i / workers);
      };
      std::vector<std::size_t> const own(at(k), at(k + 1));
      rows_[k] = select_rows(data.features, own);
      for (std::size_t const i : own) labels_[k].push_back(labels[i]);
    }
  }
  /// Collective if the synchronizer is.
  template <class Ranks>
  auto objective(Ranks& ranks) const {
    return sharded_objective(ranks, workers, [this](std::size_t k) {
      return linear_objective(rows_[k], labels_[k], logistic{}, l2{lambda_});
    });
  }

 private:
  double lambda_;
  std::array<csr_matrix<float>, workers> rows_;
  std::array<std::vector<double>, workers> labels_;
};

/// One method; one element of `seconds` for each run.
struct measured {
  std::string method;
  std::uint64_t rounds = 0, messages = 0;  // messages: one after the other
  std::vector<double> seconds = {};
  double best() const { return std::ranges::min(seconds); }
};

/// Ends a run at a value of f.
struct until {
  double goal;
  proceed after_evaluation(evaluation const& e, plan const&) const {
    return e.objective <= goal ? proceed::no : proceed::yes;
  }
};

class study {
 public:
  study(std::string name, dataset<csr_matrix<float>> const& data, bool precedence, double burst)
      : name_(std::move(name)),
        precedence_(precedence),
        burst_(burst),
        ranks_(MPI_COMM_WORLD, {.threads = 1, .shared_memory = false}),
        halves_(data),
        all_(halves_.objective(alone_)),
        split_(halves_.objective(ranks_)) {
    if (line::rank() == 0) {
      linear_objective const whole(data.features, data.targets, logistic{},
                                   l2{1 / static_cast<double>(data.targets.size())});
      double const least = minimize(whole, {.tolerance = 1e-12}, alone_).objective;
      auto const some = minimize(all_, {.workers = workers, .epochs = 1}, dane{}, alone_);
      goal_ = least + accuracy * (some.history.front().objective - least);
      until stop{goal_};
      auto const r = minimize(all_, {.workers = workers, .tolerance = 1e-12}, dane{}, alone_, stop);
      if (r.objective > goal_) throw std::runtime_error(name_ + ": dane did not reach the goal");
      methods_[0].rounds = r.rounds;
    }
    goal_ = line::shared(goal_);
    methods_[0].rounds = line::shared(methods_[0].rounds);
  }

  /// Everything once more. Collective.
  void turn() {
    take_speeds();
    line::precedence const first(precedence_);
    for (double spent = 0; spent < 1;) spent += line::shared(run_dane());
    for (measured& m : std::span(methods_).subspan(1)) {
      exchanges::lbfgs_run run(split_, workers, m.method == pairs_10 ? 10 : 30, goal_);
      for (double spent = 0; spent < 1; spent += line::shared(run.seconds())) {
        line::barrier();
        run.on(ranks_);
        if (run.objective() > goal_) throw std::runtime_error(name_ + ": L-BFGS ended too early");
        m.seconds.push_back(run.seconds());
        m.rounds = run.iterations();
        m.messages = run.messages();
      }
    }
  }

  /// On rank 0.
  void write(std::FILE* table, std::FILE* csv) {
    cost_model const costs = seen_.model();
    simulated predicted({.costs = costs, .burst_bytes = burst_}, 1);
    auto const r = minimize(all_, settings_of_dane(), dane{}, predicted);
    if (r.objective != objective_)
      throw std::runtime_error(name_ + ": the simulator and MPI give different bits");
    methods_[0].messages = predicted.report().averages;
    double const fastest = std::min(methods_[1].best(), methods_[2].best());
    for (measured const& m : methods_) {
      double const seconds = m.best(), foreseen = &m == &methods_[0] ? r.seconds : 0;
      std::string const also = foreseen == 0 ? "" : with_ratio(foreseen, seconds);
      for (std::FILE* to : {stdout, table})
        std::fprintf(to, "%-8s %-18s %6ju %8ju %9.4g %9.2f %s\n", name_.c_str(), m.method.c_str(),
                     std::uintmax_t{m.rounds}, std::uintmax_t{m.messages}, seconds,
                     fastest / seconds, also.c_str());
      std::fprintf(csv, "%s,\"%s\",%ju,%ju,%.6g,%.6g,%.4f,%.6g,%.4g,%.4g,%.5g\n", name_.c_str(),
                   m.method.c_str(), std::uintmax_t{m.rounds}, std::uintmax_t{m.messages}, seconds,
                   std::ranges::max(m.seconds), fastest / seconds, foreseen, costs.gradient_seconds,
                   costs.latency_seconds, costs.bytes_per_second);
    }
  }

 private:
  static constexpr char const* pairs_10 = "L-BFGS, 10 pairs";

  static std::string with_ratio(double predicted, double seconds) {
    std::array<char, 64> text{};
    std::snprintf(text.data(), text.size(), "%9.4g %6.2f", predicted, predicted / seconds);
    return text.data();
  }
  settings settings_of_dane() const {
    return {.workers = workers, .epochs = static_cast<double>(methods_[0].rounds)};
  }

  double run_dane() {
    line::barrier();
    auto const r = minimize(split_, settings_of_dane(), dane{}, ranks_);
    if (r.objective > goal_ || r.rounds != methods_[0].rounds)
      throw std::runtime_error(name_ + ": dane did not reach the goal, unlike serial");
    objective_ = r.objective;
    methods_[0].seconds.push_back(r.seconds);
    return r.seconds;
  }

  /// A gradient, as the same run of dane without the line makes them, on both ranks at the same
  /// time: that of the slower one, for whom the other has to wait. And the line, for vectors of f.
  void take_speeds() {
    line::precedence const first(precedence_);
    line::barrier();
    auto const r = minimize(all_, settings_of_dane(), dane{}, alone_);
    seen_.gradient.push_back(line::larger(r.seconds / static_cast<double>(r.gradients)));
    auto const link = line::speed::measured(std::max<std::size_t>(8 * all_.dimension(), 1 << 18));
    seen_.latency.push_back(link.latency_seconds);
    seen_.bandwidth.push_back(link.bytes_per_second);
  }

  std::string name_;
  bool precedence_;
  double burst_;
  mpi ranks_;
  serial alone_;
  halves halves_;
  using objective = decltype(halves_.objective(alone_));
  objective all_, split_;
  double goal_ = 0, objective_ = 0;
  std::array<measured, 3> methods_{{{"dane{}"}, {pairs_10}, {"L-BFGS, 30 pairs"}}};
  line::speeds seen_;
};

std::FILE* open(std::string const& path) {
  std::FILE* const file = std::fopen(path.c_str(), "w");
  if (file == nullptr) throw std::runtime_error(path + ": cannot be written");
  return file;
}

void run(int argc, char** argv) {
  int size = 0;
  MPI_Comm_size(MPI_COMM_WORLD, &size);
  if (argc < 5 || size != 2)
    throw std::runtime_error(
        "usage: mpirun -np 2 ... benchmark.to_accuracy FOLDER TURNS PRIORITY BURST NAME=FILE...");
  if (!line::two_hosts()) throw std::runtime_error("both ranks are on one host");
  bool const apart = line::keep_apart();
  if (!apart && line::rank() == 1)
    std::fprintf(stderr, "warning: there is no processor for each rank, so times mean little\n");
  bool const leads = line::rank() == 0;
  std::string const folder = argv[1];
  std::FILE* const table = leads ? open(folder + "/to_accuracy.txt") : nullptr;
  std::FILE* const csv = leads ? open(folder + "/to_accuracy.csv") : nullptr;
  if (leads) {
    for (std::FILE* to : {stdout, table})
      std::fprintf(to, "%-8s %-18s %6s %8s %9s %9s %9s %6s\n", "data", "method", "rounds",
                   "messages", "seconds", "speed-up", "predicted", "ratio");
    std::fprintf(csv,
                 "data,method,rounds,messages,seconds,seconds_max,speed_up,predicted_seconds,"
                 "gradient_seconds,latency_seconds,bytes_per_second\n");
  }
  for (int i = 5; i < argc; ++i) {
    std::string const given = argv[i], path = given.substr(given.find('=') + 1);
    study one(given.substr(0, given.find('=')), parse_libsvm<float>(support::gunzip(path), path),
              apart && std::string(argv[3]) == "precedence", std::stod(argv[4]));
    for (int turn = 0; turn != std::stoi(argv[2]); ++turn) one.turn();
    if (leads) one.write(table, csv);
  }
  for (std::FILE* each : {table, csv})
    if (each != nullptr) std::fclose(each);
}

}  // namespace

int main(int argc, char** argv) {
  int provided = 0;
  MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &provided);
  try {
    run(argc, argv);
  } catch (std::exception const& error) {
    std::fprintf(stderr, "benchmark.to_accuracy: %s\n", error.what());
    MPI_Abort(MPI_COMM_WORLD, 1);
  }
  MPI_Finalize();
}
