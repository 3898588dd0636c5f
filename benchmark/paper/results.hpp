// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "benchmark/paper/race.hpp"

#include <array>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <mutex>
#include <optional>
#include <set>
#include <stdexcept>
#include <string>

/// @file
/// @brief The points of the figures, and the CSV they are kept in.

namespace paper {

/// @brief One point: what is asked for.
struct cell {
  std::size_t batch;
  double epsilon;
  std::size_t workers;
  std::uint64_t local_steps;
  bool waits;           ///< Algorithm 1; else Algorithm 2
  std::uint64_t delay;  ///< τ of Algorithm 2
  std::uint64_t seed;

  /// What tells it from all others, as it is in the CSV.
  std::string key() const {
    std::array<char, 128> text{};
    std::snprintf(text.data(), text.size(), "%zu,%g,%zu,%llu,%s,%llu,%llu", batch, epsilon, workers,
                  static_cast<unsigned long long>(local_steps),
                  waits ? "synchronous" : "asynchronous", static_cast<unsigned long long>(delay),
                  static_cast<unsigned long long>(seed));
    return text.data();
  }
};

/// @brief A CSV that grows by a row as a point is done. Thread safe.
class results {
 public:
  static constexpr char const* header =
      "b,epsilon,K,H,algorithm,tau,seed,step_size,power,reached_by,T,rounds";

  explicit results(std::filesystem::path const& file) {
    bool fresh = true;
    std::uintmax_t whole = 0;  // bytes up to the last end of a line
    {
      std::ifstream in(file);
      std::string line;
      while (std::getline(in, line) && !in.eof()) {
        if (fresh && line != header)
          throw std::runtime_error(file.string() + ": is in another format; move it away");
        fresh = false;
        whole += line.size() + 1;
        std::size_t end = 0;
        for (int column = 0; column != 7 && end != std::string::npos; ++column)
          end = line.find(',', end + 1);
        done_.insert(line.substr(0, end));
      }
    }
    // A row that a killed run left half written is done again.
    if (std::filesystem::exists(file)) std::filesystem::resize_file(file, whole);
    out_.open(file, std::ios::app);
    if (fresh) out_ << header << '\n';
    out_.flush();
    if (!out_) throw std::runtime_error(file.string() + ": cannot be written");
  }

  bool has(cell const& c) const { return done_.contains(c.key()); }

  void add(cell const& c, std::optional<best> const& found) {
    std::lock_guard const lock(writing_);
    out_ << c.key() << ',';
    if (found) {
      auto const& w = found->winner;
      out_ << shape_names[static_cast<std::size_t>(w.rule.kind)] << ',' << w.rule.power << ','
           << candidate_names[w.candidate] << ',' << found->time << ',' << found->rounds << '\n';
    } else {
      out_ << ",,,,\n";  // not reached
    }
    out_.flush();
    if (!out_) throw std::runtime_error("the results cannot be written");
  }

 private:
  std::set<std::string> done_;
  std::ofstream out_;
  std::mutex writing_;
};

}  // namespace paper
