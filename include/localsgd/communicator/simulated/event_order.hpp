// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/communicator/simulated/virtual_cluster.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <functional>
#include <map>
#include <queue>
#include <tuple>
#include <utility>
#include <vector>

/// @file
/// @brief The order of events in an asynchronous run of a simulated cluster.

namespace localsgd::detail {

/// @brief K workers and one server that holds the aggregate, in the order of virtual time.
///
/// A worker computes a stretch of steps, sends its change to the server, reads the aggregate there
/// and continues. The server has one incoming and one outgoing line: messages queue in the order of
/// arrival, take B/β seconds each, and arrive after the latency. A worker that would get too far
/// ahead, by more than cluster::max_staleness, waits for others. Of equal times, the lower worker's
/// comes first.
class event_order {
 public:
  explicit event_order(virtual_cluster& clock)
      : clock_(&clock), workers_(clock.shape().workers) {
    auto const& costs = clock.machines().costs;
    if (workers_.size() > 1) {  // one worker keeps its own aggregate
      latency_ = costs.latency_seconds;
      sending_ = clock.shape().vector_bytes / costs.bytes_per_second;
    }
    arrived_[0] = workers_.size();
    for (std::size_t k = 0; k != workers_.size(); ++k) push(0, k, what::ready);
  }

  /// @brief A worker that has made its local steps `from` … `to`−1 and is at the server.
  struct visit {
    std::size_t worker;
    std::uint64_t from, to;
  };

  /// @brief The next worker to arrive. Workers that start in the meantime make `gap` steps.
  /// @param room the number of remaining steps, ≥ 1: the last stretch of a run may be shortened.
  visit next(std::uint64_t gap, std::uint64_t room) {
    for (;;) {
      event const e = queue_.top();
      queue_.pop();
      worker& w = workers_[e.worker];
      switch (e.kind) {
        case what::ready:
          if (w.asked != 0)
            clock_->note(time_span::activity::exchanging, e.worker, w.since, e.time);
          begin(e.worker, e.time, gap);
          break;
        case what::computed:
          w.since = e.time;
          in_ = std::max(in_, e.time) + sending_;
          push(in_ + latency_, e.worker, what::arrived);
          break;
        case what::arrived:
          return arrive(e.worker, e.time, gap, room);
      }
    }
  }

  /// @brief Passes everything that changes in a run, except the clock, to a checkpoint's archive.
  template <class Archive>
  void state(Archive& archive) {
    std::vector<event> events;
    for (auto rest = queue_; !rest.empty(); rest.pop()) events.push_back(rest.top());
    archive(workers_, events, in_, out_, waiting_, delay_, visits_);
    queue_ = decltype(queue_)(std::greater<>(), std::move(events));
    arrived_.clear();
    for (worker const& w : workers_) ++arrived_[w.steps];
  }

  /// @brief The largest delay so far: by how many steps the oldest contribution that a worker read
  ///        was behind the worker's own count.
  std::uint64_t delay() const noexcept { return delay_; }
  std::uint64_t visits() const noexcept { return visits_; }

 private:
  enum class what : std::uint8_t { computed, arrived, ready };
  struct event {
    double time;
    std::size_t worker;
    what kind;
    bool operator>(event const& other) const noexcept {
      return std::tie(time, worker, kind) > std::tie(other.time, other.worker, other.kind);
    }
  };
  struct worker {
    std::uint64_t steps = 0, asked = 0;  // steps at the server, and steps of the current stretch
    double took = 0, since = 0;
  };

  void push(double time, std::size_t k, what kind) { queue_.push({time, k, kind}); }

  // Worker k can continue: it does so, or waits for others.
  void begin(std::size_t k, double time, std::uint64_t gap) {
    worker& w = workers_[k];
    std::uint64_t const oldest = arrived_.begin()->first;
    auto const& lead = clock_->machines().max_staleness;
    if (lead && w.steps != oldest && w.steps + gap - oldest > *lead) {
      waiting_.push_back(k);
      return;
    }
    w.asked = gap;
    w.took = clock_->draw(k, static_cast<double>(gap * clock_->shape().batch_size));
    clock_->note(time_span::activity::computing, k, time, time + w.took);
    push(time + w.took, k, what::computed);
  }

  visit arrive(std::size_t k, double time, std::uint64_t gap, std::uint64_t room) {
    worker& w = workers_[k];
    std::uint64_t const from = w.steps, made = std::min(w.asked, room);
    w.steps += made;
    double const share = static_cast<double>(made) / static_cast<double>(w.asked);
    clock_->computed(k, w.took * share, made);
    clock_->set_seconds(time);
    if (++visits_ % workers_.size() == 0) clock_->count_average();

    std::uint64_t const before = arrived_.begin()->first;
    auto const old = arrived_.find(from);
    if (--old->second == 0) arrived_.erase(old);
    ++arrived_[w.steps];
    delay_ = std::max(delay_, w.steps - arrived_.begin()->first);

    out_ = std::max(out_, time) + sending_;
    push(out_ + latency_, k, what::ready);
    if (arrived_.begin()->first != before)
      for (std::size_t const other : std::exchange(waiting_, {})) begin(other, time, gap);
    return {k, from, w.steps};
  }

  virtual_cluster* clock_;
  std::vector<worker> workers_;
  double latency_ = 0, sending_ = 0;  // of one message
  double in_ = 0, out_ = 0;           // when the server's lines are free
  std::priority_queue<event, std::vector<event>, std::greater<>> queue_;
  std::map<std::uint64_t, std::size_t> arrived_;  // workers, by steps at the server
  std::vector<std::size_t> waiting_;
  std::uint64_t delay_ = 0, visits_ = 0;
};

}  // namespace localsgd::detail
