// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/objective/fingerprint.hpp"
#include "localsgd/core/error.hpp"
#include "localsgd/objective/concept.hpp"
#include "localsgd/settings.hpp"
#include "localsgd/version.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

/// @file
/// @brief What all ranks of a run must have in common, and how they find out that they have not.

namespace localsgd::detail {

/// @brief What an error calls a number, and how to show it: a checksum means nothing to anybody.
struct mpi_agreement_field {
  std::string_view name;
  bool is_real = false, is_secret = false;
};

/// @brief A run as one rank has it, in numbers that can be sent and compared.
struct mpi_agreement {
  using field = mpi_agreement_field;
  // In the order of `values`.
  static constexpr std::array<field, 17> fields{{{"localsgd::version"},
                                                 {"sizeof(scalar)"},
                                                 {"samples"},
                                                 {"dimension"},
                                                 {"workers"},
                                                 {"local_steps"},
                                                 {"batch_size"},
                                                 {"steps"},
                                                 {"tolerance", true},
                                                 {"seed"},
                                                 {"evaluations"},
                                                 {"averaging"},
                                                 {"components", false, true},
                                                 {"warm_start", false, true},
                                                 {"strong_convexity", true},
                                                 {"objective", true},
                                                 {"gradients of the objective", false, true}}};
  std::array<std::uint64_t, fields.size()> values{};

  /// @brief What this rank has. Makes one pass over its samples: data that differ are found by what
  ///        they do.
  /// @param averaging how the ranks average, as a number
  template <Objective F>
  static mpi_agreement of(F const& f, plan const& p, std::uint64_t averaging) {
    objective_fingerprint const print = fingerprint_of(f);
    auto const real = [](double v) { return std::bit_cast<std::uint64_t>(v); };
    std::uint64_t const number = (LOCALSGD_VERSION_MAJOR * std::uint64_t{1000} +
                                  LOCALSGD_VERSION_MINOR) * 1000 + LOCALSGD_VERSION_PATCH;
    return {{number, sizeof(typename F::scalar), p.samples, p.dimension, p.workers, p.local_steps,
             p.batch_size, p.steps, real(p.tolerance), p.seed, p.evaluations, averaging,
             p.components, p.start, real(strong_convexity_of(f)), real(print.loss), print.gradients}};
  }

  /// @brief A value as the error shows it.
  std::string shown(std::size_t i) const {
    if (fields[i].is_secret) return "others";
    return fields[i].is_real ? detail::shown(std::bit_cast<double>(values[i]))
                             : std::to_string(values[i]);
  }

  /// @param all of every rank
  /// @throws invalid_settings, the same on all ranks, with the first field in which a rank differs
  ///         from rank 0
  static void require_equal(std::span<mpi_agreement const> all) {
    for (std::size_t i = 0; i != fields.size(); ++i)
      for (std::size_t r = 1; r < all.size(); ++r)
        if (all[r].values[i] != all[0].values[i])
          throw invalid_settings(
              std::string(fields[i].name) + " on rank " + std::to_string(r), all[r].shown(i),
              (fields[i].is_secret ? "those of rank 0" : all[0].shown(i) + ", as on rank 0") +
                  std::string(": the ranks of a run need the same data and settings"));
  }
};

}  // namespace localsgd::detail
