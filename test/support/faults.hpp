// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/averager/concept.hpp"
#include "localsgd/compressor/concept.hpp"
#include "localsgd/core/checksum.hpp"
#include "localsgd/observer/concept.hpp"
#include "localsgd/regularizer/concept.hpp"
#include "localsgd/sampler/with_replacement.hpp"
#include "localsgd/worker/sgd.hpp"
#include "test/support/runs.hpp"

#include <algorithm>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <limits>
#include <new>
#include <span>
#include <stdexcept>
#include <stop_token>
#include <string>
#include <thread>
#include <vector>

/// @file
/// @brief Components that fail where data say so: one type of run for all faults.

namespace support::faults {

using localsgd::plan;

/// @brief The component that fails. The first five know the worker; the others fail in a round.
enum class part { none, gradient, sampler, prox, encode, begin_round, apply, decode, observer };
enum class kind { throws, has_no_memory, is_slow, is_not_finite, asks_to_stop };

constexpr bool knows_worker(part p) { return p <= part::encode; }

/// @brief One fault, in a round counted from 0. An observer is called before its round.
struct fault {
  part where = part::none;
  kind what = kind::throws;
  std::size_t worker = 0;
  std::uint64_t round = 0;
};

/// @brief What a fault throws.
struct failure : std::runtime_error {
  explicit failure(fault const& f) : std::runtime_error(text(f)) {}
  static std::string text(fault const& f) {
    return (knows_worker(f.where) ? "worker " + std::to_string(f.worker) + ", " : "") + "round " +
           std::to_string(f.round);
  }
};

/// @brief The worker and the round that this thread is stepping, if any.
struct place {
  static constexpr std::size_t nowhere = std::numeric_limits<std::size_t>::max();
  std::size_t worker = nowhere;
  std::uint64_t round = 0;
};
inline place& here() {
  thread_local place p;
  return p;
}

/// @brief The faults of a run, and what is seen of it. Each worker writes to entries of its own.
struct script {
  std::vector<fault> faults = {};
  std::uint64_t local_steps = 1;  ///< H, of all rounds
  std::stop_source stop = {};

  std::vector<std::vector<std::uint64_t>> points = {};  ///< checksums of what each worker was given
  std::vector<double> objectives = {};                  ///< what the observer has seen

  script(std::size_t workers, std::uint64_t steps_of_a_round, std::vector<fault> all = {})
      : faults(std::move(all)), local_steps(steps_of_a_round), points(workers) {}

  /// @return whether the gradient is not to be finite
  bool at(part p, std::size_t worker, std::uint64_t round) {
    bool spoiled = false;
    for (fault const& f : faults)
      if (f.where == p && f.round == round && (!knows_worker(p) || f.worker == worker))
        spoiled = happen(f) || spoiled;
    return spoiled;
  }
  bool at(part p) { return here().worker != place::nowhere && at(p, here().worker, here().round); }

 private:
  bool happen(fault const& f) {
    switch (f.what) {
      case kind::throws: throw failure(f);
      case kind::has_no_memory: throw std::bad_alloc();
      case kind::is_slow: std::this_thread::sleep_for(std::chrono::milliseconds(1)); return false;
      case kind::is_not_finite: return true;
      case kind::asks_to_stop: stop.request_stop(); return false;
    }
    return false;
  }
};

/// @brief λ‖x‖², which has a gradient, as something that has only a proximal operator.
struct penalty {
  script* s;
  double value(std::span<double const> x) const {
    double sum = 0;
    for (double const e : x) sum += e * e;
    return 0.01 * sum;
  }
  void prox(std::span<double> x, double step) const {
    s->at(part::prox);
    for (double& e : x) e /= 1 + 0.02 * step;
  }
  double strong_convexity() const { return 0.02; }
  std::string identity() const { return "penalty"; }
};
static_assert(localsgd::Regularizer<penalty>);

/// @brief Least squares with that penalty.
struct objective : custom {
  script* s;
  objective(problem const& data, script& of) : custom{&data.dense, &data.reals}, s(&of) {}

  double gradient(std::span<double const> x, std::span<std::size_t const> batch,
                  std::span<double> g) const {
    bool const spoiled = s->at(part::gradient);
    double const loss = custom::gradient(x, batch, g);
    if (spoiled) g[g.size() / 2] = std::numeric_limits<double>::quiet_NaN();
    return loss + regularizer().value(x);
  }
  penalty regularizer() const { return {s}; }
};

struct sampler {
  script* s;
  void draw(plan const& p, std::size_t worker, std::uint64_t t, std::span<std::size_t> out) const {
    s->at(part::sampler);
    localsgd::with_replacement{}.draw(p, worker, t, out);
  }
  std::size_t shard_size(plan const& p, std::size_t) const { return p.samples; }
};

/// @brief Plain SGD that says where it is, and notes what its workers are given.
struct worker {
  script* s;

  template <class Sequence>
  class traced {
   public:
    template <class... Arguments>
    traced(script* of, std::size_t k, Arguments const&... arguments)
        : s_(of), k_(k), sequence_(localsgd::sgd{}.bind(arguments..., k)) {}

    void advance(std::uint64_t from, std::uint64_t to) {
      struct visit {
        visit(std::size_t k, std::uint64_t round) { here() = {k, round}; }
        ~visit() { here() = {}; }
      } const now(k_, from / s_->local_steps);
      sequence_.advance(from, to);
    }
    std::span<double> local() { return sequence_.local(); }
    std::span<double> scratch() { return sequence_.scratch(); }
    void average(std::span<double> out) const { sequence_.average(out); }
    void assign(std::span<double const> x) {
      s_->points[k_].push_back(localsgd::detail::checksum(x.data(), x.size_bytes()));
      sequence_.assign(x);
    }
    template <class Archive>
    void state(Archive& archive) {
      archive(sequence_);
    }

   private:
    script* s_;
    std::size_t k_;
    Sequence sequence_;
  };

  template <class F, class S, class E, class W>
  auto bind(F const& f, S const& samples, E const& step_size, W const& weights, plan const& p,
            std::size_t k) const {
    using sequence =
        decltype(localsgd::sgd{}.bind(f, samples, step_size, weights, p, std::size_t{}));
    return traced<sequence>(s, k, f, samples, step_size, weights, p);
  }
};

/// @brief The mean, followed by half a step more.
struct averager {
  script* s;
  struct bound {
    static constexpr bool keeps_mean = false;
    script* s;
    std::size_t workers;
    std::uint64_t round = 0;

    double weight(std::size_t) const { return 1 / static_cast<double>(workers); }
    void begin_round(localsgd::round_info const& info) {
      round = info.round;
      s->at(part::begin_round, 0, round);
    }
    void apply(std::size_t, std::span<double const> previous, std::span<double> mean) const {
      s->at(part::apply, 0, round);
      for (std::size_t i = 0; i != mean.size(); ++i) mean[i] += (mean[i] - previous[i]) / 2;
    }
    void commit() {}
    void rollback() {}
    void reset(std::span<double const>) {}
    template <class Archive>
    void state(Archive&) {}
  };
  template <class Scalar>
  bound bind(plan const& p, std::span<std::size_t const>) const {
    return {s, p.workers};
  }
  std::string identity() const { return "half a step more"; }
};
static_assert(localsgd::Averager<averager>);

/// @brief Sends each change as it is.
struct compressor {
  script* s;
  struct bound {
    script* s;
    std::size_t worker;
    std::uint64_t round = 0;

    void encode(std::span<double const> change, std::vector<std::byte>& message) {
      s->at(part::encode, worker, round++);
      message.resize(change.size_bytes());
      std::memcpy(message.data(), change.data(), change.size_bytes());
    }
    void decode(std::span<std::byte const> message, double weight, std::size_t first,
                std::span<double> add_to) const {
      s->at(part::decode, 0, round - 1);
      for (std::size_t i = 0; i != add_to.size(); ++i) {
        double value = 0;
        std::memcpy(&value, message.data() + (first + i) * sizeof value, sizeof value);
        add_to[i] += weight * value;
      }
    }
    void reset() {}
    template <class Archive>
    void state(Archive& archive) {
      archive(round);
    }
  };
  template <class Scalar>
  bound bind(plan const&, std::size_t k) const {
    return {s, k};
  }
  std::string identity() const { return "each change as it is"; }
};
static_assert(localsgd::Compressor<compressor>);

struct observer {
  script* s;
  localsgd::proceed after_evaluation(localsgd::evaluation const& e, plan const&) {
    s->objectives.push_back(e.objective);
    auto const stops = [&](fault const& f) {
      return f.where == part::observer && f.what == kind::asks_to_stop && f.round == e.rounds;
    };
    if (std::ranges::any_of(s->faults, stops)) return localsgd::proceed::no;
    s->at(part::observer, 0, e.rounds);
    return localsgd::proceed::yes;
  }
};
static_assert(localsgd::Observer<observer>);

}  // namespace support::faults
