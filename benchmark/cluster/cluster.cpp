// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0

// Mini-batch SGD and Local SGD on two hosts with a slow line between them: the seconds to a goal,
// the bytes on the line, and what the simulator said of both. run.sh builds and starts it.
//
// usage: mpirun -np 2 … benchmark.cluster DEVICE W8A FASHION_MNIST FOLDER TURNS PRIORITY BURST
//   DEVICE is the network device whose bytes are counted on rank 0; W8A a file, FASHION_MNIST a
//   folder, or - for none. Writes results.csv and table.txt to FOLDER. PRIORITY is `precedence`,
//   over all other programs while something is timed, or `ordinary`. BURST: bytes that the line lets
//   pass at once.

#include "benchmark/cluster/line.hpp"
#include "examples/support/fashion_mnist.hpp"
#include "examples/support/gunzip.hpp"

#include <localsgd/localsgd.hpp>
#include <localsgd/mpi.hpp>

#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <exception>
#include <stdexcept>
#include <string>
#include <vector>

using namespace localsgd;

namespace {

// One worker for each rank. With b = 1 rounds of H = 1 on w8a would exchange only what they
// touched.
constexpr std::size_t workers = 2, batch_size = 4;

settings settings_of(std::uint64_t gap, std::uint64_t rounds) {
  return {.workers = workers, .local_steps = gap, .batch_size = batch_size, .steps = gap * rounds};
}

/// What was found out of one H.
struct measured {
  std::uint64_t gap = 1, rounds = 0, bytes = 0;
  double wire = 0;  // bytes of the line
  std::vector<double> seconds = {};
  double objective = 0, predicted = 0, predicted_objective = 0;
};

class report {
 public:
  report(std::string const& folder, std::string const& device, int repeats, bool precedence,
         double burst_bytes)
      : device_(device), repeats_(repeats), precedence_(precedence), burst_bytes_(burst_bytes) {
    if (line::rank() != 0) return;
    csv_ = open(folder + "/results.csv");
    table_ = open(folder + "/table.txt");
    std::fprintf(csv_,
                 "data,workers,batch_size,H,rounds,bytes,wire_bytes,wire_ratio,seconds,seconds_max,"
                 "predicted_seconds,predicted_ratio,speed_up,gradient_seconds,"
                 "latency_seconds,bytes_per_second\n");
    say("%-14s %6s %7s %13s %13s %6s %9s %9s %6s %8s\n", "data", "H", "rounds", "result.bytes",
        "on the wire", "ratio", "seconds", "predicted", "ratio", "speed-up");
  }
  ~report() {
    if (csv_ != nullptr) std::fclose(csv_);
    if (table_ != nullptr) std::fclose(table_);
  }
  report(report const&) = delete;
  report& operator=(report const&) = delete;

  /// All about one problem. Collective.
  /// @param reached `reached(result)`: whether the goal is reached, on rank 0
  /// @param advised `advised(cost_model, gradients)`: an H, on rank 0, for a run of about so many
  template <class F, StepSize Step, class Reached, class Advised>
  void study(char const* name, F const& f, Step const& step, Reached const& reached,
             Advised const& advised) {
    auto const run = [&](measured const& m, auto& synchronizer) {
      return minimize(f, settings_of(m.gap, m.rounds), step, synchronizer);
    };
    // Both "hosts" are one machine: they must not notice.
    mpi ranks(MPI_COMM_WORLD, {.threads = 1, .shared_memory = false});
    line::speeds seen;
    take_speeds(seen, f, step);

    std::vector<measured> all;
    for (std::uint64_t const gap : {1u, 8u, 64u, 0u}) {  // 0: as advised
      measured m{.gap = gap};
      if (line::rank() == 0) {
        if (gap == 0)
          m.gap = advised(seen.model(),
                          static_cast<double>(all[1].gap * all[1].rounds * workers * batch_size));
        serial alone;
        auto const there = [&](std::uint64_t rounds) {
          measured const tried{.gap = m.gap, .rounds = rounds};
          return reached(run(tried, alone));
        };
        std::uint64_t const epoch = f.samples() / (workers * batch_size);
        std::uint64_t const before = all.empty() ? epoch : all.back().gap * all.back().rounds;
        m.rounds = rounds_until(there, before / m.gap, 200 * epoch / m.gap);
      }
      m.gap = line::shared(m.gap), m.rounds = line::shared(m.rounds);
      if (m.rounds == 0) throw std::runtime_error(std::string(name) + ": did not reach its goal");
      all.push_back(m);
    }

    for (int turn = 0; turn != repeats_; ++turn) {
      for (measured& m : all) {
        take_speeds(seen, f, step);
        line::precedence const first(precedence_);
        double spent = 0;  // short runs are made several times
        for (int i = 0; i == 0 || (i != 20 && spent < 1); ++i) {
          std::uint64_t const before = passed();
          auto const r = run(m, ranks);
          double const around = static_cast<double>(passed() - before);
          if (line::rank() == 0 && !reached(r))
            throw std::runtime_error(std::string(name) + ": did not reach the goal, unlike serial");
          m.seconds.push_back(r.seconds);
          m.bytes = r.bytes;
          m.objective = r.objective;
          spent += line::shared(r.seconds);
          if (turn == 0 && i == 0) m.wire = wire_bytes(m, around, run, ranks);
        }
        if (line::rank() == 0)
          std::fprintf(stderr, "%s, H = %ju, turn %d of %d: %.4g s\n", name, std::uintmax_t{m.gap},
                       turn + 1, repeats_, std::ranges::min(m.seconds));
      }
    }
    if (line::rank() != 0) return;
    simulated predicted({.costs = seen.model(), .burst_bytes = burst_bytes_}, 1);
    for (measured& m : all) {
      auto const r = run(m, predicted);
      m.predicted = r.seconds;
      if (r.objective != m.objective)
        throw std::runtime_error(std::string(name) + ": the simulator and MPI give different bits");
    }
    write(name, all, seen.model());
  }

 private:
  static std::FILE* open(std::string const& path) {
    std::FILE* const file = std::fopen(path.c_str(), "w");
    if (file == nullptr) throw std::runtime_error(path + ": cannot be written");
    return file;
  }
  template <class... Values>
  void say(char const* format, Values... values) {
    for (std::FILE* to : {stdout, table_}) {
      std::fprintf(to, format, values...);
      std::fflush(to);
    }
  }

  std::uint64_t passed() const {
    line::barrier();
    return line::rank() == 0 ? line::passed(device_) : 0;
  }

  /// The rounds after which a run is there, to half a percent; 0 if it takes more than `most`.
  /// Looks from `guess` on by doubling or halving, then between the two.
  template <class There>
  static std::uint64_t rounds_until(There const& there, std::uint64_t guess, std::uint64_t most) {
    std::uint64_t not_yet = 0, enough = std::max<std::uint64_t>(1, guess);
    if (there(enough)) {
      while (enough > 1 && not_yet == 0)
        if (there(enough / 2))
          enough /= 2;
        else
          not_yet = enough / 2;
    } else {
      do {
        if (enough > most) return 0;
        not_yet = enough;
        enough *= 2;
      } while (!there(enough));
    }
    while (enough - not_yet > 1 + enough / 200) {
      std::uint64_t const middle = not_yet + (enough - not_yet) / 2;
      (there(middle) ? enough : not_yet) = middle;
    }
    return enough;
  }

  /// A gradient on one thread, without any network, both ranks at the same time: that of the
  /// slower one, for whom the other has to wait. And the line.
  template <class F, class Step>
  void take_speeds(line::speeds& seen, F const& f, Step const& step) const {
    line::precedence const first(precedence_);
    constexpr double long_enough = 0.05;
    constexpr int times = 5;
    serial alone;
    auto const seconds = [&](std::uint64_t steps) {
      line::barrier();
      return line::larger(
          minimize(f, {.workers = 1, .local_steps = 4096, .batch_size = batch_size, .steps = steps},
                   step, alone)
              .seconds);
    };
    std::uint64_t steps = 4096;
    while (seconds(steps) < long_enough) steps *= 2;
    for (int i = 0; i != times; ++i)
      seen.gradient.push_back(seconds(steps) / static_cast<double>(steps * batch_size));
    auto const link = line::speed::measured();
    seen.latency.push_back(link.latency_seconds);
    seen.bandwidth.push_back(link.bytes_per_second);
  }

  /// What the rounds put on the line. A run also begins, evaluates twice, which result::bytes does
  /// not count, and ends: a run of one round does so, too.
  template <class Run>
  double wire_bytes(measured const& m, double around, Run const& run, mpi& ranks) const {
    constexpr std::uint64_t few = 40;
    auto const bytes_of = [&](std::uint64_t rounds) {
      std::uint64_t const before = passed();
      run(measured{.gap = m.gap, .rounds = rounds}, ranks);
      return static_cast<double>(passed() - before);
    };
    std::uint64_t const rounds = std::max(few, m.rounds);
    if (rounds != m.rounds) around = bytes_of(rounds);
    double const each = (around - bytes_of(1)) / static_cast<double>(rounds - 1);
    return each * static_cast<double>(m.rounds);
  }

  void write(char const* name, std::vector<measured> const& all, cost_model const& costs) {
    double const slowest = std::ranges::min(all[0].seconds);
    for (measured const& m : all) {
      double const seconds = std::ranges::min(m.seconds), bytes = static_cast<double>(m.bytes);
      say("%-14s %6ju %7ju %13ju %13.0f %6.3f %9.4g %9.4g %6.2f %8.1f\n", name,
          std::uintmax_t{m.gap}, std::uintmax_t{m.rounds}, std::uintmax_t{m.bytes}, m.wire,
          m.wire / bytes, seconds, m.predicted, m.predicted / seconds, slowest / seconds);
      std::fprintf(
          csv_, "%s,%zu,%zu,%ju,%ju,%ju,%.0f,%.4f,%.6g,%.6g,%.6g,%.4f,%.4g,%.4g,%.4g,%.5g\n", name,
          workers, batch_size, std::uintmax_t{m.gap}, std::uintmax_t{m.rounds},
          std::uintmax_t{m.bytes}, m.wire, m.wire / bytes, seconds, std::ranges::max(m.seconds),
          m.predicted, m.predicted / seconds, slowest / seconds, costs.gradient_seconds,
          costs.latency_seconds, costs.bytes_per_second);
    }
    say("  a gradient %.3g us, half the latency of a message %.3g us, and %.4g MB/s\n",
        1e6 * costs.gradient_seconds,
        1e6 * costs.latency_seconds, 1e-6 * costs.bytes_per_second);
  }

  std::string device_;
  int repeats_;
  bool precedence_;
  double burst_bytes_;
  std::FILE *csv_ = nullptr, *table_ = nullptr;
};

/// Logistic regression, λ = 1/n, to f − f* ≤ 1e-3.
void w8a(report& to, std::string const& path) {
  auto const data = parse_libsvm(support::gunzip(path), path);
  linear_objective const f(data.features, data.targets, logistic{},
                           l2{1 / static_cast<double>(data.features.rows())});
  constexpr double accuracy = 1e-3;
  // The η_t of H = 1, for all H; automatic_step would choose no others up to H = 2/(μη₀).
  auto const step = automatic_step{}.choose(f, detail::make_plan(f, settings_of(1, 1), false));
  serial alone;
  auto const solved = minimize(f, {.tolerance = 1e-10}, alone);
  auto const advised = [&](cost_model const& costs, double) {
    auto const rehearsed =
        rehearse(f, accuracy, alone,
                 {.workers = workers, .batch_size = batch_size, .optimum = solved.objective});
    problem_shape const shape{f.samples(), f.dimension()};
    return advise(measure_constants(f, solved), costs, shape, {.accuracy = accuracy},
                  {.workers = {workers}, .batch_sizes = {batch_size}}, rehearsed)
        .local_steps;
  };
  to.study(
      "w8a", f, step, [&](auto const& r) { return r.objective <= solved.objective + accuracy; },
      advised);
}

/// Softmax regression, λ = 1e-4, to an accuracy of 0.84 on pictures it has not seen.
void fashion_mnist(report& to, std::string const& folder) {
  auto const data = support::read_fashion_mnist(folder);
  l2 const penalty{1e-4};
  softmax_objective const f(data.pictures, data.labels, 10, penalty);
  softmax_objective const test(data.test_pictures, data.test_labels, 10, penalty);
  auto const advised = [&](cost_model const& costs, double gradients) {
    serial alone;
    auto const some = minimize(f, {.workers = workers, .epochs = 1}, alone);
    using scalar = decltype(f)::scalar;
    problem_shape const shape{f.samples(), f.dimension(), sizeof(scalar)};
    return advise(measure_constants(f, some), costs, shape, {.gradients = gradients},
                  {.workers = {workers}, .batch_sizes = {batch_size}})
        .local_steps;
  };
  to.study(
      "Fashion-MNIST", f, constant_step(0.1),
      [&](auto const& r) {
        return test.accuracy({r.x.data(), r.x.size()}) >= 0.84;
      },
      advised);
}

}  // namespace

int main(int argc, char** argv) {
  int provided = 0;
  MPI_Init_thread(&argc, &argv, MPI_THREAD_FUNNELED, &provided);
  try {
    int size = 0;
    MPI_Comm_size(MPI_COMM_WORLD, &size);
    if (argc != 8 || size != 2)
      throw std::runtime_error(
          "usage: mpirun -np 2 ... benchmark.cluster DEVICE W8A FASHION_MNIST FOLDER TURNS "
          "PRIORITY BURST");
    if (!line::two_hosts()) throw std::runtime_error("both ranks are on one host");
    bool const apart = line::keep_apart();
    if (!apart && line::rank() == 1)
      std::fprintf(stderr, "warning: there is no processor for each rank, so times mean little\n");
    report to(argv[4], argv[1], std::stoi(argv[5]), apart && std::string(argv[6]) == "precedence",
              std::stod(argv[7]));
    if (std::string(argv[2]) != "-") w8a(to, argv[2]);
    if (std::string(argv[3]) != "-") fashion_mnist(to, argv[3]);
  } catch (std::exception const& error) {
    std::fprintf(stderr, "benchmark.cluster: %s\n", error.what());
    MPI_Abort(MPI_COMM_WORLD, 1);
  }
  MPI_Finalize();
}
