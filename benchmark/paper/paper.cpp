// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0

// The experiment of Stich (ICLR 2019), section 4: how many steps K workers with H local steps need
// to reach a target, each with its best step size.
//
// usage: benchmark.paper --check
//          compares the engine with the library, on a problem it makes up
//        benchmark.paper --theory COST...
//          prints CSV: the theoretical speed-up, a message costing so many gradients
//        benchmark.paper --run FILE --csv FILE [--full] [--threads N]
//          appends the points that are missing to the CSV

#include "benchmark/paper/check.hpp"
#include "benchmark/paper/results.hpp"

#include <localsgd/data/parallel_for.hpp>
#include <localsgd/theory/speed_up.hpp>

#include <atomic>
#include <exception>
#include <set>
#include <span>
#include <string>
#include <string_view>
#include <thread>

namespace {

using namespace paper;

struct target {
  std::size_t batch;
  double epsilon;
};
constexpr std::array targets{target{4, 0.005}, target{16, 0.0001}};
constexpr std::array<std::size_t, 3> delays{0, 16, 256};  // τ of Algorithm 2

/// 1, f, f², … up to `last`.
std::vector<std::size_t> powers(std::size_t factor, std::size_t last) {
  std::vector<std::size_t> all;
  for (std::size_t k = 1; k <= last; k *= factor) all.push_back(k);
  return all;
}

std::vector<cell> cells(bool full) {
  std::vector<cell> all;
  std::set<std::string> known;
  auto const add = [&](cell c) {
    if (c.waits && c.workers == 1) c.local_steps = 1;  // nothing to average
    if (known.insert(c.key()).second) all.push_back(c);
  };
  for (std::uint64_t seed = 1; seed <= (full ? 3u : 1u); ++seed) {
    for (auto const& [b, epsilon] : targets) {
      std::size_t const factor = full ? 2 : 4;
      for (std::size_t const K : powers(factor, 1024))
        for (std::size_t const H : powers(factor, 64)) add({b, epsilon, K, H, true, 0, seed});
    }
    auto const& [b, epsilon] = targets[1];
    for (std::size_t const K : {16u, 64u})
      for (std::size_t const H : powers(2, 64)) add({b, epsilon, K, H, true, 0, seed});
    for (std::size_t const K : full ? powers(2, 64) : powers(4, 64))
      for (std::size_t const H : powers(4, 64))
        for (std::size_t const delay : delays)
          if (K > 1 && seed == 1) add({b, epsilon, K, H, false, delay, seed});
  }
  // All points are measured against K = 1, whose chance is theirs too: more of it.
  for (auto const& [b, epsilon] : targets)
    for (std::uint64_t seed = 1; seed <= (full ? 9u : 5u); ++seed)
      add({b, epsilon, 1, 1, true, 0, seed});
  // A seed after the other; what takes long goes first, so that the threads end together.
  std::ranges::stable_sort(all, {}, [](cell const& c) {
    double const cost = static_cast<double>(c.batch * c.workers * c.local_steps) *
                        static_cast<double>(c.delay + 64) * (c.waits ? 1 : 4);
    return std::pair(c.seed, -cost);
  });
  return all;
}

std::optional<best> measure(samples const& data, value_of const& value, double optimum,
                            cell const& c) {
  setting const s{c.workers, c.local_steps, c.batch, c.seed};
  std::size_t const n = data.features.rows();
  // A thousand epochs for each worker at most, and 2^36 samples in all.
  double const of_each =
      std::min(1e3 * static_cast<double>(n), 0x1p36 / static_cast<double>(c.workers));
  double const most = of_each / static_cast<double>(c.batch);
  auto const windows = first_windows(c.workers, c.epsilon);
  auto const find = [&](auto const& start) {
    return search(start, windows, value, optimum, c.epsilon, static_cast<std::uint64_t>(most), n);
  };
  if (c.waits)
    return find([&](std::vector<step_rule> const& rules) {
      return synchronous_run<packs>(data, s, rules);
    });
  return find([&](std::vector<step_rule> const& rules) {
    return asynchronous_run<packs>(data, s, c.delay, rules);
  });
}

/// "1/25" or "0.04"
double number(std::string const& text) {
  std::size_t const slash = text.find('/');
  double const above = std::stod(text);
  return slash == std::string::npos ? above : above / std::stod(text.substr(slash + 1));
}

/// The speed-up of K workers if T is what makes Corollary 2.3 equal to ε, all constants one:
/// ε = 1/(KT) + (1+H)/(KT²) + H²/T². Messages are free.
double of_corollary(double epsilon, std::size_t workers, std::size_t local_steps) {
  double const K = static_cast<double>(workers), H = static_cast<double>(local_steps);
  return K / (0.5 + 0.5 * std::sqrt(1 + 4 * epsilon * K * (1 + H + H * H * K)));
}

void theory(std::span<char*> costs) {
  // Algorithm 2 has H + τ in the place of H.
  std::set<std::size_t> spans;
  for (std::size_t const H : powers(2, 64))
    for (std::size_t const delay : delays) spans.insert(H + delay);
  std::printf("b,epsilon,K,H,message_cost,speed_up,of_corollary\n");
  for (auto const& [b, epsilon] : targets)
    for (char const* const text : costs) {
      // The model's unit of time is the gradient of a step, here of b samples.
      localsgd::speed_up_model const model{.accuracy = epsilon,
                                           .message_cost = number(text) / static_cast<double>(b)};
      for (std::size_t const K : powers(2, 1024))
        for (std::size_t const H : spans)
          std::printf("%zu,%g,%zu,%zu,%s,%.6g,%.6g\n", b, epsilon, K, H, text, model.speed_up(H, K),
                      of_corollary(epsilon, K, H));
    }
}

void run(std::string const& file, std::string const& csv, bool full, std::size_t threads) {
  results out(csv);
  auto const data = read(file);
  double const f_star = optimum(data);
  constexpr double known = 0.12618068651051342;  // of w8a, by Newton's method and by LIBLINEAR
  std::fprintf(stderr, "f* = %.17g, %+.1e from the known one of w8a\n", f_star, f_star - known);
  if (data.features.rows() == 49749 && !(std::abs(f_star - known) <= 1e-10))
    throw std::runtime_error("the optimum of w8a differs from the expected one");

  value_of const value(data);
  auto all = cells(full);
  std::erase_if(all, [&](cell const& c) { return out.has(c); });
  std::atomic<std::size_t> done{0};
  localsgd::detail::parallel_for(all.size(), threads, [&](std::size_t i) {
    out.add(all[i], measure(data, value, f_star, all[i]));
    if (std::size_t const now = ++done; now % 20 == 0 || now == all.size())
      std::fprintf(stderr, "%zu of %zu points done\n", now, all.size());
  });
}

}  // namespace

int main(int argc, char** argv) try {
  std::vector<std::string_view> const words(argv + 1, argv + argc);
  if (words.size() == 1 && words[0] == "--check") {
    check();
    return 0;
  }
  if (words.size() >= 2 && words[0] == "--theory") {
    theory(std::span(argv + 2, argv + argc));
    return 0;
  }
  std::string file, csv;
  bool full = false;
  std::size_t threads = std::max(1u, std::thread::hardware_concurrency());
  for (std::size_t i = 0; i != words.size(); ++i) {
    bool const more = i + 1 != words.size();
    if (words[i] == "--full")
      full = true;
    else if (words[i] == "--run" && more)
      file = words[++i];
    else if (words[i] == "--csv" && more)
      csv = words[++i];
    else if (words[i] == "--threads" && more)
      threads = std::stoul(std::string(words[++i]));
    else
      throw std::runtime_error("unknown argument '" + std::string(words[i]) + "'");
  }
  if (file.empty() || csv.empty())
    throw std::runtime_error("usage: benchmark.paper --run FILE --csv FILE [--full] [--threads N]");
  run(file, csv, full, threads);
} catch (std::exception const& error) {
  std::fprintf(stderr, "benchmark.paper: %s\n", error.what());
  return 1;
}
