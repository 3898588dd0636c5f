// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/communicator/simulated/cluster.hpp"
#include "localsgd/communicator/simulated/report.hpp"
#include "localsgd/core/cache_aligned.hpp"
#include "localsgd/kernels/combine.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <utility>
#include <vector>

/// @file
/// @brief The clock and the event log of a simulated run.

namespace localsgd::detail {

/// @brief The data that a simulated run needs in advance.
struct simulated_plan {
  std::size_t workers = 0, batch_size = 0;
  std::uint64_t steps = 0, seed = 0;
  double vector_bytes = 0;  ///< d·sizeof(scalar)
};

/// @brief The virtual time of one run. Members for a worker may be called concurrently for
///        different workers; all others are called by one thread while the others wait.
class virtual_cluster {
 public:
  /// @pre The cluster fits the shape.
  virtual_cluster(cluster const& machines, simulated_plan const& shape)
      : cluster_(&machines),
        shape_(shape),
        factors_(machines.worker_factors(shape.workers, shape.seed)),
        round_seconds_(machines.round_seconds(shape.workers, shape.vector_bytes)),
        latencies_(machines.round_seconds(shape.workers, 0)),
        burst_(machines.burst_bytes / machines.costs.bytes_per_second),
        last_(shape.workers),
        stretches_(shape.workers),
        ready_(machines.costs.members_for(shape.workers)) {
    report_.computing.resize(shape.workers);
    report_.steps.resize(shape.workers);
    report_.timeline.reserve(std::min<std::size_t>(machines.trace_events, 1 << 16));
  }

  cluster const& machines() const noexcept { return *cluster_; }
  simulated_plan const& shape() const noexcept { return shape_; }
  double seconds() const noexcept { return now_; }

  /// @brief Draws how long worker k takes for its next stretch, which has the given number of
  ///        component gradients.
  double draw(std::size_t k, double gradients) noexcept {
    return last_[k] = gradients * cluster_->costs.gradient_seconds * factors_[k] *
                      cluster_->draw(shape_.seed, k, stretches_[k]++);
  }
  /// @brief Records the time and the steps of worker k.
  void computed(std::size_t k, double seconds, std::uint64_t steps) noexcept {
    report_.computing[k] += seconds;
    report_.steps[k] += steps;
  }

  /// @brief All workers have drawn. The average of their points is available at seconds(). Machines
  ///        that overlap start the next steps at once and wait only for the previous average; the
  ///        others wait for this one.
  /// @param vector_bytes the size of a vector as it was sent
  void average(bool overlaps, double vector_bytes) {
    double const round = vector_bytes == shape_.vector_bytes
                             ? round_seconds_
                             : cluster_->round_seconds(shape_.workers, vector_bytes);
    carried_ += vector_bytes;
    double last = now_;
    for (std::size_t m = 0; m != ready_.size(); ++m) {
      ready_[m] =
          std::max(computed_from(overlaps ? ready_[m] : std::max(ready_[m], now_), m), now_);
      last = std::max(last, ready_[m]);
    }
    now_ = last + (burst_ > 0 ? waiting(last, round) : round);
    ++report_.averages;
    if (now_ > last) note(time_span::activity::averaging, shape_.workers, last, now_);
  }

  /// @brief All workers have drawn. Each group of workers averages: a machine continues when the
  ///        averages of all its workers are available. The clock stays: no one waits for all.
  void average_in_groups(std::size_t groups) {
    for (std::size_t m = 0; m != ready_.size(); ++m)
      ready_[m] = computed_from(std::max(ready_[m], now_), m);
    std::vector<double> const arrived = ready_;
    for (std::size_t g = 0; g != groups; ++g) {
      index_range const of = even_split(shape_.workers, groups, g);
      auto const part = [&](std::size_t m) {
        index_range const carried = even_split(shape_.workers, ready_.size(), m);
        return carried.first < of.last && of.first < carried.last;
      };
      double last = 0;
      std::size_t machines = 0;
      for (std::size_t m = 0; m != ready_.size(); ++m)
        if (part(m)) last = std::max(last, arrived[m]), ++machines;
      last += cluster_->group_seconds(machines, shape_.vector_bytes);
      for (std::size_t m = 0; m != ready_.size(); ++m)
        if (part(m)) ready_[m] = std::max(ready_[m], last);
    }
  }

  /// @brief All workers compute this many gradients and average a vector of this many bytes, and
  ///        all workers wait for the average.
  void rendezvous(double gradients, double vector_bytes) {
    for (std::size_t k = 0; k != shape_.workers; ++k) computed(k, draw(k, gradients), 0);
    average(false, vector_bytes);
    std::fill(ready_.begin(), ready_.end(), now_);
  }

  // For asynchronous runs.
  void set_seconds(double now) noexcept { now_ = now; }
  void count_average() noexcept { ++report_.averages; }
  void note(time_span::activity what, std::size_t worker, double begin, double end) {
    if (report_.timeline.size() < cluster_->trace_events)
      report_.timeline.push_back({what, worker, begin, end});
    else
      ++report_.left_out;
  }

  /// @brief Passes everything that changes in a run to the archive of a checkpoint.
  template <class Archive>
  void state(Archive& archive) {
    archive(carried_, paid_, now_, last_, stretches_, ready_, report_.averages, report_.computing,
            report_.steps, report_.timeline, report_.left_out);
  }

  /// @brief The report of the run. @param links if empty, those of the averages
  simulation_report finish(std::vector<link_traffic> links = {}) {
    report_.seconds = now_;
    report_.links = std::move(links);
    if (report_.links.empty())
      report_.links = cluster_->traffic(
          shape_.workers,
          report_.averages == 0 ? 0 : carried_ / static_cast<double>(report_.averages),
          static_cast<double>(report_.averages));
    return std::move(report_);
  }

 private:
  // When machine m, starting at `time`, finishes the last stretches of its workers, one by one.
  double computed_from(double time, std::size_t m) {
    index_range const carried = even_split(shape_.workers, ready_.size(), m);
    for (std::size_t k = carried.first; k != carried.last; ++k) {
      note(time_span::activity::computing, k, time, time + last_[k]);
      time += last_[k];
    }
    return time;
  }

  // Seconds from the last step of a round until its average is available, if links transfer some
  // bytes at once: they have earned these by paid_, and so finish earlier by burst_.
  double waiting(double from, double round) noexcept {
    paid_ = std::max(paid_, from) + (round - latencies_);
    return latencies_ + std::max(0.0, paid_ - from - burst_);
  }

  cluster const* cluster_;
  simulated_plan shape_;
  std::vector<double> factors_;
  double round_seconds_, latencies_;  // of an average; the part that does not depend on its bytes
  double burst_;                      // seconds in which a link earns a burst
  double carried_ = 0;                // bytes of the vectors in all averages
  double paid_ = 0, now_ = 0;
  aligned_vector<double> last_;               // seconds of each worker's last stretch
  aligned_vector<std::uint64_t> stretches_;   // the number of stretches it has drawn
  std::vector<double> ready_;             // when each machine can continue
  simulation_report report_;
};

}  // namespace localsgd::detail
