// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0

// Four runs on one synchronizer, and one hash of each: what must not depend on who carries the
// workers. Synchronizers that make the same algorithm print the same line. See run.sh.
//
// usage: same_bits serial
//        same_bits threads N
//        same_bits simulated N
//        same_bits mpi THREADS [--messages]
//        same_bits overlapped N
//        same_bits simulated-overlapped N
//        same_bits overlapped-mpi THREADS [--messages]
//        same_bits gloo RANKS [THREADS] | overlapped-gloo RANKS
//        same_bits forked RANKS [THREADS] | overlapped-forked RANKS
//
// Compiled with SAME_BITS_MORE it makes four other runs. Every rank prints its own line, so that
// ranks that disagree are seen. It uses only what localsgd.hpp and mpi.hpp declare, so that it also
// compiles against earlier versions.

#include "examples/support/gunzip.hpp"
#include "test/support/runs.hpp"

#include <localsgd/localsgd.hpp>

#if defined(SAME_BITS_MPI)
#include <localsgd/mpi.hpp>
#endif
#if defined(SAME_BITS_GLOO)
#include <localsgd/gloo.hpp>
#endif
#if __has_include("test/support/processes.hpp")
#include "examples/forked_communicator.hpp"
#include "test/support/processes.hpp"

#include <localsgd/synchronizer/basic_ranks.hpp>

#include <sys/mman.h>

#include <algorithm>
#include <filesystem>
#include <memory>
#endif

#include <array>
#include <bit>
#include <cinttypes>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

#if !defined(LOCALSGD_DEFAULT_DATA)
#define LOCALSGD_DEFAULT_DATA "../shared/data"
#endif

using namespace localsgd;

namespace {

constexpr std::size_t workers = 8;

// --- the problems -----------------------------------------------------------------------------

#if !defined(SAME_BITS_MORE)
/// w8a, or rows of its shape: 49,749 of 300 binary features, 11.65 nonzeros each on average.
dataset<csr_matrix<float>> sparse_data() {
  char const* const named = std::getenv("LOCALSGD_DATA");
  std::filesystem::path const folder =
      named != nullptr && *named != '\0' ? named : LOCALSGD_DEFAULT_DATA;
  for (char const* const name : {"w8a", "w8a.gz"})
    if (std::filesystem::is_regular_file(folder / name))
      return parse_libsvm(support::gunzip(folder / name), (folder / name).string());

  std::fprintf(stderr, "no w8a in %s: generated rows of the same shape take its place\n",
               folder.c_str());
  constexpr std::size_t n = 49749, d = 300;
  std::vector<std::size_t> starts{0};
  std::vector<std::uint32_t> columns;
  dataset<csr_matrix<float>> data;
  std::vector<double> labels(n);
  for (std::size_t i = 0; i != n; ++i) {
    double score = -1;
    for (std::size_t j = 0; j != d; ++j) {
      auto const words = random_words(11, random_stream::noise, 0, i * d + j);
      if (unit_interval(words[0]) >= 0.0388) continue;
      columns.push_back(static_cast<std::uint32_t>(j));
      score += j % 3 == 0 ? 0.8 : -0.3;
    }
    starts.push_back(columns.size());
    labels[i] = score + standard_normal(random_words(11, random_stream::noise, 1, i)) > 0 ? 1 : -1;
  }
  std::vector<float> const ones(columns.size(), 1.0f);
  using support::problem;
  data.features = csr_matrix<float>(d, problem::vector_of(starts), problem::vector_of(columns),
                                    problem::vector_of(ones));
  data.targets = problem::vector_of(labels);
  return data;
}
#endif

/// An intercept that is penalised like every other coordinate, whatever the default is.
template <class Options>
Options penalized_intercept(Options options) {
  options.intercept = 1;
  if constexpr (requires { options.regularize_intercept; }) options.regularize_intercept = true;
  return options;
}

// --- the hash ---------------------------------------------------------------------------------

/// FNV-1a over the bytes of 64-bit words, the lowest byte first.
class fingerprint {
 public:
  void add(std::uint64_t word) {
    for (int i = 0; i != 8; ++i) {
      hash_ = (hash_ ^ (word & 0xff)) * 0x100000001b3;
      word >>= 8;
    }
  }
  void add(double number) { add(std::bit_cast<std::uint64_t>(number)); }
  std::uint64_t value() const { return hash_; }

 private:
  std::uint64_t hash_ = 0xcbf29ce484222325;
};

/// All that a result holds but seconds, and bytes, which depend on who carries the workers.
template <class Scalar>
std::uint64_t hash_of(result<Scalar> const& r, stop_reason expected) {
  if (r.reason != expected)
    throw std::runtime_error("a run ended with " + std::string(to_string(r.reason)) +
                             ", not with " + std::string(to_string(expected)));
  fingerprint all;
  for (auto const* v : {&r.x, &r.average, &r.last})
    for (Scalar const e : *v) all.add(static_cast<double>(e));
  all.add(r.objective), all.add(r.certificate);
  for (auto const& e : r.history) {
    all.add(e.objective), all.add(e.certificate), all.add(e.drift);
    all.add(e.steps), all.add(e.rounds), all.add(e.gradients);
  }
  all.add(r.steps), all.add(r.rounds), all.add(r.gradients);
  return all.value();
}

// --- the runs ---------------------------------------------------------------------------------

settings plain_steps(std::size_t local_steps) {
  settings s;
  s.workers = workers;
  s.local_steps = local_steps;
  s.epochs = 5;
  s.evaluations = 4;
  return s;
}

using hashes = std::array<std::uint64_t, 4>;

#if !defined(SAME_BITS_MORE)

/// The main paths: sparse steps, variance-reduced steps, dense steps, steps of any objective.
template <class Synchronizer>
hashes runs(Synchronizer& synchronizer) {
  auto const data = sparse_data();
  linear_objective const sparse(data.features, data.targets, logistic{},
                                l2{1 / static_cast<double>(data.features.rows())});

  support::problem const small(2000, 60);
  std::vector<double> weights(small.reals.size());
  for (std::size_t i = 0; i != weights.size(); ++i) weights[i] = 0.5 + static_cast<double>(i % 7);
  linear_options options = penalized_intercept(linear_options{});
  options.weights = weights;
  linear_objective const dense(small.dense_float, small.reals, huber{}, l2{0.01}, options);

  support::custom const custom{&small.dense, &small.reals};

  settings to_tolerance;
  to_tolerance.workers = workers;
  to_tolerance.tolerance = 1e-6;

  auto const done = stop_reason::steps_done;
  return {hash_of(minimize(sparse, plain_steps(16), synchronizer), done),
          hash_of(minimize(sparse, to_tolerance, synchronizer), stop_reason::tolerance_reached),
          hash_of(minimize(dense, plain_steps(16), synchronizer), done),
          hash_of(minimize(custom, plain_steps(16), synchronizer), done)};
}

#else

/// Rounds that exchange what they touched; softmax regression with iterates of `float`; shards of
/// shuffled samples with weights of their own; an adaptive schedule from a given start.
template <class Synchronizer>
hashes runs(Synchronizer& synchronizer) {
  support::problem const wide(600, 3001, 0.01);
  linear_objective const sparse(wide.sparse, wide.labels, logistic{}, l2{0.002},
                                penalized_intercept(linear_options{}));

  support::problem const small(2001, 37, 0.5);  // 2001: shards that differ in size
  softmax_objective const softmax(small.sparse, small.classes, 3, l2{0.01}, iterate_type<float>{});
  linear_objective const dense(small.dense, small.labels, squared_hinge{}, l2{0.01});
  support::custom const custom{&small.dense, &small.reals};
  std::vector<double> start(custom.dimension());
  for (std::size_t j = 0; j != start.size(); ++j) start[j] = 0.1 * static_cast<double>(j % 5);

  settings batches = plain_steps(3);
  batches.batch_size = 2;
  auto const done = stop_reason::steps_done;
  return {
      hash_of(minimize(sparse, batches, synchronizer), done),
      hash_of(minimize(softmax, plain_steps(5), synchronizer), done),
      hash_of(minimize(dense, batches, synchronizer, sharded{shuffled{}}, weighted_mean{}), done),
      hash_of(minimize(custom, plain_steps(0), synchronizer, adaptive{8}, warm_start(start)),
              done)};
}

#endif

template <class Synchronizer>
void print_hashes(Synchronizer& synchronizer) {
  std::string line;  // written at once, so that the lines of several ranks do not mix
  for (std::uint64_t const hash : runs(synchronizer)) {
    char digits[20];
    std::snprintf(digits, sizeof digits, "%016" PRIx64, hash);
    line += (line.empty() ? "" : " ") + std::string(digits);
  }
  line += '\n';
  std::fwrite(line.data(), 1, line.size(), stdout);
  std::fflush(stdout);
}

// --- the synchronizers ------------------------------------------------------------------------

/// Any: its times do not matter here.
cluster any_cluster() {
  cluster machines;
  machines.costs.gradient_seconds = 1e-3;
  machines.costs.latency_seconds = 0.05;
  machines.costs.bytes_per_second = 1e5;
  machines.costs.network = topology::tree;
  return machines;
}

#if defined(SAME_BITS_MPI)
template <class Synchronizer>
void print_hashes_on_ranks(std::size_t threads, bool messages) {
  int provided = 0;
  MPI_Init_thread(nullptr, nullptr, MPI_THREAD_FUNNELED, &provided);
  try {
    mpi_options options;
    options.threads = threads;
    options.deadline = 120;
    options.shared_memory = !messages;
    Synchronizer ranks(MPI_COMM_WORLD, options);
    print_hashes(ranks);
  } catch (std::exception const& failure) {
    std::fprintf(stderr, "same_bits: %s\n", failure.what());
    MPI_Abort(MPI_COMM_WORLD, 1);
  }
  MPI_Finalize();
}
#endif

// Processes without a launcher: Gloo, and the communicator of examples/.
#if __has_include("test/support/processes.hpp")
template <class Make>
bool print_hashes_on_processes(std::size_t ranks, Make const& make) {
  auto const good = support::on_processes(ranks, [&](std::size_t rank) {
    auto const synchronizer = make(rank);
    print_hashes(*synchronizer);
    return true;
  });
  return std::find(good.begin(), good.end(), false) == good.end();
}
template <class Synchronizer>
void print_hashes_on_forked(std::size_t ranks, std::size_t threads) {
  void* const memory = mmap(nullptr, sizeof(forked_memory), PROT_READ | PROT_WRITE,
                            MAP_SHARED | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::runtime_error("no shared memory");
  auto& shared = *static_cast<forked_memory*>(memory);
  if (!print_hashes_on_processes(ranks, [&](std::size_t rank) {
        return std::make_unique<Synchronizer>(rank_options{.threads = threads}, shared, rank, ranks,
                                              120.0);
      }))
    throw std::runtime_error("a process failed");
}
#endif
#if defined(SAME_BITS_GLOO)
template <class Synchronizer>
void print_hashes_on_gloo(std::size_t ranks, std::size_t threads) {
  std::filesystem::path const folder =
      std::filesystem::temp_directory_path() / ("same_bits-" + std::to_string(getpid()));
  std::filesystem::create_directories(folder);
  bool const good = print_hashes_on_processes(ranks, [&](std::size_t rank) {
    return std::make_unique<Synchronizer>(
        gloo_options{.folder = folder, .rank = rank, .size = ranks, .deadline = 120},
        rank_options{.threads = threads});
  });
  std::filesystem::remove_all(folder);
  if (!good) throw std::runtime_error("a process failed");
}
#endif

/// @return false if there is no such synchronizer.
bool run(std::span<std::string_view const> words) {
  auto const is = [&](std::string_view name, std::size_t most) {
    return !words.empty() && words[0] == name && words.size() >= 2 && words.size() <= most;
  };
  if (words.size() == 1 && words[0] == "serial") {
    serial synchronizer;
    print_hashes(synchronizer);
    return true;
  }
  std::size_t const count =
      words.size() < 2 ? 0 : std::strtoull(std::string(words[1]).c_str(), nullptr, 10);
  if (count == 0) return false;
  [[maybe_unused]] std::size_t const second =
      words.size() < 3 ? 1 : std::strtoull(std::string(words[2]).c_str(), nullptr, 10);
  if (is("threads", 2)) {
    thread_pool synchronizer(count);
    print_hashes(synchronizer);
  } else if (is("simulated", 2)) {
    simulated synchronizer(any_cluster(), count);
    print_hashes(synchronizer);
#if __has_include("localsgd/synchronizer/overlapped.hpp")
  } else if (is("overlapped", 2)) {
    overlapped synchronizer(count);
    print_hashes(synchronizer);
#endif
  } else if (is("simulated-overlapped", 2)) {
    simulated_overlapped synchronizer(any_cluster(), count);
    print_hashes(synchronizer);
#if __has_include("test/support/processes.hpp")
  } else if (is("forked", 3)) {
    print_hashes_on_forked<on_ranks<forked_communicator>>(count, second);
  } else if (is("overlapped-forked", 2)) {
    print_hashes_on_forked<overlapped_on_ranks<forked_communicator>>(count, 1);
#endif
#if defined(SAME_BITS_GLOO)
  } else if (is("gloo", 3)) {
    print_hashes_on_gloo<gloo_ranks>(count, second);
  } else if (is("overlapped-gloo", 2)) {
    print_hashes_on_gloo<overlapped_gloo_ranks>(count, 1);
#endif
#if defined(SAME_BITS_MPI)
  } else if (bool const messages = words.back() == "--messages"; is("mpi", messages ? 3 : 2)) {
    print_hashes_on_ranks<mpi>(count, messages);
  } else if (is("overlapped-mpi", messages ? 3 : 2)) {
    print_hashes_on_ranks<overlapped_mpi>(count, messages);
#endif
  } else {
    return false;
  }
  return true;
}

}  // namespace

int main(int argc, char** argv) try {
  std::vector<std::string_view> const words(argv + 1, argv + argc);
  if (run(words)) return 0;
  std::fprintf(
      stderr,
      "usage: same_bits serial | threads N | simulated N | mpi THREADS [--messages] |\n"
      "       overlapped N | simulated-overlapped N | overlapped-mpi THREADS [--messages] |\n"
      "       gloo RANKS [THREADS] | overlapped-gloo RANKS |\n"
      "       forked RANKS [THREADS] | overlapped-forked RANKS\n");
  return 2;
} catch (std::exception const& failure) {
  std::fprintf(stderr, "same_bits: %s\n", failure.what());
  return 1;
}
