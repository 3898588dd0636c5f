// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/error.hpp"
#include "localsgd/objective/concept.hpp"
#include "localsgd/objective/fingerprint.hpp"
#include "localsgd/settings.hpp"
#include "localsgd/version.hpp"

#include <cstddef>
#include <string>
#include <type_traits>
#include <typeinfo>

/// @file
/// @brief The identity of a run, as text.

namespace localsgd::detail {

/// @brief A name of a type, the same in all processes of one build, with or without RTTI.
template <class T>
char const* type_name() noexcept {
#if defined(__cpp_rtti) || !defined(__GNUC__)
  return typeid(T).name();
#else
  return __PRETTY_FUNCTION__;
#endif
}

/// @brief A line "name = value" for each property that is equal in all runs with the same bits.
class run_identity {
 public:
  template <class T>
  void add(std::string const& name, T const& value) {
    text_ += name + " = " + shown(value) + "\n";
  }
  void add_text(std::string const& name, std::string const& value) {
    text_ += name + " = " + value + "\n";
  }
  std::string const& text() const noexcept { return text_; }

 private:
  std::string text_;
};

/// @brief The library, the plan and the schedule. Reads no data.
template <class S>
void add_plan(run_identity& all, plan const& p, S const& schedule) {
  all.add_text("version", std::to_string(version.major) + "." + std::to_string(version.minor) +
                              "." + std::to_string(version.patch));
  all.add("samples", p.samples);
  all.add("dimension", p.dimension);
  all.add("scalar bytes", p.scalar_bytes);
  all.add("workers", p.workers);
  all.add("batch_size", p.batch_size);
  all.add("steps", p.steps);
  all.add("local_steps", p.local_steps);
  all.add("second sync time", schedule.next(schedule.next(0)));
  all.add("seed", p.seed);
  all.add("tolerance", p.tolerance);
  all.add("evaluations", p.evaluations);
  all.add("checksum of the start", p.start);
}

/// @brief How workers wait for each other and, if time is simulated, on which machines.
///        Synchronizers whose checkpoints are interchangeable have the same lines.
template <class S>
void add_protocol(run_identity& all, [[maybe_unused]] S const& synchronizer) {
  using protocol = typename S::protocol;
  all.add_text("protocol", protocol::never_waits       ? "asynchronous"
                           : protocol::averages_travel ? "overlapped"
                                                       : "synchronous");
  all.add_text("time", protocol::keeps_time ? "simulated" : "measured");
  if constexpr (requires { synchronizer.machines().for_each_member([](auto&&...) {}); })
    synchronizer.machines().for_each_member(
        [&](std::string const& name, auto const& value) { all.add(name, value); });
}

/// @brief The data: one pass over the samples.
template <Objective F>
void add_data(run_identity& all, F const& f) {
  objective_fingerprint const print = fingerprint_of(f);
  all.add("strong_convexity", strong_convexity_of(f));
  all.add("loss at a point", print.loss);
  all.add("checksum of gradients there", print.gradients);
}

}  // namespace localsgd::detail
