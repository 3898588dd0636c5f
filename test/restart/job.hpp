// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/checkpoint/checkpoint.hpp"
#include "localsgd/core/checksum.hpp"
#include "localsgd/core/index_range.hpp"
#include "test/support/runs.hpp"

#include <csignal>
#include <cstddef>
#include <cstdio>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <span>
#include <string>

/// @file
/// @brief A job whose ranks are killed, for test/restart/kills.sh.
///
/// usage: PROGRAM FOLDER ROUNDS KILLS SEED
///
/// A run of ROUNDS rounds that keeps a checkpoint in FOLDER after every fifth, and adds to
/// FOLDER/rounds the rounds whose evaluation it has seen. As long as LOCALSGD_ATTEMPT is below KILLS, a
/// random rank is killed in a random step. Rank 0 prints the length of the history and a checksum of
/// the bits.

namespace support {

struct killed_job {
  static constexpr std::size_t workers = 5, local_steps = 4;

  std::filesystem::path folder;
  std::size_t rounds, kills, seed;
  std::size_t when = 0;  // the step of this rank, from 1, in which it is killed; 0 = none
  problem data{50, 40};

  explicit killed_job(char** argv)
      : folder(argv[1]),
        rounds(std::stoul(argv[2])),
        kills(std::stoul(argv[3])),
        seed(std::stoul(argv[4])) {}

  /// @brief All starts that are cut get less far, together, than the end of the run.
  void choose_victim(std::size_t rank, std::size_t ranks) {
    char const* const text = std::getenv("LOCALSGD_ATTEMPT");
    std::size_t const attempt = text == nullptr ? 0 : std::stoul(text);
    if (attempt >= kills) return;
    auto const drawn = localsgd::random_words(seed, localsgd::random_stream::noise, 4, attempt);
    if (drawn[0] % ranks != rank) return;
    std::size_t const steps =  // of this rank in a round
        localsgd::detail::even_split(workers, ranks, rank).size() * local_steps;
    when = 1 + drawn[1] % (rounds / (kills + 1) * steps);
  }

  struct objective : custom {
    std::size_t when;
    std::size_t* steps;
    double gradient(std::span<double const> x, std::span<std::size_t const> batch,
                    std::span<double> g) const {
      if (batch.size() == 1 && ++*steps == when) std::raise(SIGKILL);
      return custom::gradient(x, batch, g);
    }
  };
  struct witness {
    std::ofstream seen;
    localsgd::proceed after_evaluation(localsgd::evaluation const& e, localsgd::plan const&) {
      seen << e.rounds << std::endl;  // the system has it, even if this process is killed
      return localsgd::proceed::yes;
    }
  };

  template <class Ranks>
  void run(std::size_t rank, std::size_t size, Ranks& ranks) {
    choose_victim(rank, size);
    std::size_t steps = 0;
    objective const f{{&data.dense, &data.reals}, when, &steps};
    localsgd::settings const s{.workers = workers,
                               .local_steps = local_steps,
                               .steps = rounds * local_steps,
                               .evaluations = rounds - 1};
    witness seen;
    if (rank == 0) seen.seen.open(folder / "rounds", std::ios::app);
    auto const r =
        minimize(f, s, ranks, seen, localsgd::sgd{}, localsgd::constant_step{0.02},
                 localsgd::checkpoint(folder / "run.checkpoint", {.rounds = 5, .seconds = 0}));
    auto const all = bits_without_bytes(r);
    if (rank == 0)
      std::printf("%zu %llx\n", r.history.size(),
                  static_cast<unsigned long long>(
                      localsgd::detail::checksum(all.data(), all.size() * sizeof all[0])));
  }
};

/// @brief `main`, which calls `on_ranks(job)`.
template <class OnRanks>
int main_of_job(int argc, char** argv, OnRanks const& on_ranks) {
  if (argc != 5) return 2;
  try {
    killed_job job(argv);
    on_ranks(job);
    return 0;
  } catch (std::exception const& e) {
    std::fprintf(stderr, "%s\n", e.what());
    return 1;
  }
}

}  // namespace support
