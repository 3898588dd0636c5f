// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/averager/concept.hpp"
#include "localsgd/communicator/threads/barrier.hpp"
#include "localsgd/kernels/combine.hpp"
#include "localsgd/synchronizer/concept.hpp"

#include <algorithm>
#include <exception>
#include <span>
#include <utility>
#include <vector>

/// @file
/// @brief A team of threads that share memory, and how to run one on any threads.

namespace localsgd {

namespace detail {

/// @brief What the members of one run have in common.
struct shared_team {
  shared_team(std::size_t all_workers, std::size_t all_members)
      : workers(all_workers), members(all_members), meeting(all_members), flags(all_members) {}

  struct alignas(64) flag {  // one per member, on its own cache line
    bool finite = true;
    std::exception_ptr failure;
  };

  std::size_t workers, members;
  barrier meeting;
  std::vector<flag> flags;
  int answer = 0;
};

}  // namespace detail

/// @brief One thread of a synchronous team: Algorithm 1 in shared memory.
///
/// An exchange is two barriers: after the first, every member averages its own coordinates over all
/// workers, in the order of their numbers; after the second, the new consensus is there for all.
class thread_team {
 public:
  thread_team(detail::shared_team& shared, std::size_t member)
      : shared_(&shared), member_(member) {}

  std::size_t member() const noexcept { return member_; }
  std::size_t members() const noexcept { return shared_->members; }
  index_range workers() const noexcept {
    return detail::even_split(shared_->workers, members(), member_);
  }

  template <class Scalar, class Averager>
  bool exchange(iterates<Scalar>& x, Averager& averager, std::uint64_t /*t*/) {
    std::span<Scalar const> const previous = x.consensus[now_];
    std::span<Scalar> const next = x.consensus[1 - now_];
    auto const average = [&](std::size_t first, std::size_t last) {
      bool finite = detail::weighted_average<Scalar>(x.local, x.weights, first, last, next.data());
      if constexpr (!Averager::keeps_mean) {
        auto const mine = next.subspan(first, last - first);
        averager.apply(first, previous.subspan(first, mine.size()), mine);
        finite = finite && detail::all_finite(mine);
      }
      return finite;
    };
    if (split<Scalar>(next.size(), average)) now_ = 1 - now_;
    return finite_;
  }

  /// @brief Collective, in shared memory: what everybody wrote before is there; `work(first, last)`
  ///        on each member's coordinates of d; and all of it is done.
  /// @return Whether the work answered true on all members: then, and only then, finite().
  template <class Scalar, class Work>
  bool split(std::size_t dimension, Work const& work) {
    barrier();
    auto const [first, last] = my_coordinates<Scalar>(dimension);
    shared_->flags[member_].finite = work(first, last);
    barrier();
    finite_ = std::ranges::all_of(shared_->flags, [](auto const& f) { return f.finite; });
    return finite_;
  }

  template <class Scalar>
  std::span<Scalar const> point(iterates<Scalar>& x, std::size_t /*worker*/) const noexcept {
    return x.consensus[now_];
  }
  template <class Scalar>
  std::span<Scalar const> settle(iterates<Scalar>& x) const noexcept {
    return x.consensus[now_];
  }

  template <class Scalar>
  void resume(iterates<Scalar>& x, std::span<Scalar const> from) {
    barrier();  // nobody reads the old one any more
    auto const [first, last] = my_coordinates<Scalar>(from.size());
    auto& consensus = x.consensus[now_];
    std::copy(from.begin() + static_cast<std::ptrdiff_t>(first),
              from.begin() + static_cast<std::ptrdiff_t>(last),
              consensus.begin() + static_cast<std::ptrdiff_t>(first));
    barrier();
    finite_ = true;
  }

  bool finite() const noexcept { return finite_; }

  template <class Scalar>
  void average(iterates<Scalar>& x, std::span<Scalar> out) {
    barrier();
    auto const [first, last] = my_coordinates<Scalar>(out.size());
    detail::weighted_average<Scalar>(x.local, x.weights, first, last, out.data());
    barrier();
  }

  void sum(std::span<std::vector<double> const> parts, std::span<double> total) {
    barrier();
    auto const [first, last] = my_coordinates<double>(total.size());
    detail::ordered_sum(parts, first, last, total.data());
    barrier();
  }

  int agree(int answer) {
    if (member_ == 0) shared_->answer = answer;
    barrier();
    int const agreed = shared_->answer;
    barrier();  // before anybody can overwrite it
    return agreed;
  }

  std::uint64_t exchange_bytes(std::size_t vector_bytes) const noexcept {
    return std::uint64_t{2} * (shared_->workers - 1) * vector_bytes;
  }
  static std::uint64_t delay() noexcept { return 0; }

 protected:
  template <class Scalar>
  index_range my_coordinates(std::size_t dimension) const noexcept {
    return detail::coordinates_of<Scalar>(dimension, members(), member_);
  }
  void barrier() { shared_->meeting.arrive_and_wait(); }
  detail::shared_team& shared() const noexcept { return *shared_; }

 private:
  detail::shared_team* shared_;
  std::size_t member_;
  bool finite_ = true;
  std::size_t now_ = 0;  // which of the two vectors is the consensus: the same on every member
};
static_assert(Team<thread_team, double> && Team<thread_team, float>);

namespace detail {

/// @brief Runs `program(make(i))` on every member i of any team of threads.
template <class Host, class Make, class Program>
void run_members(shared_team& shared, Host&& host, Make const& make, Program& program) {
  host(shared.members, [&](std::size_t i) noexcept {
    try {
      auto member = make(i);
      program(member);
    } catch (called_off const&) {  // somebody else has failed
    } catch (...) {
      shared.flags[i].failure = std::current_exception();
      shared.meeting.call_off();
    }
  });
  // Members own ascending ranges of workers: the lowest member's failure is the lowest worker's.
  for (auto& flag : shared.flags)
    if (flag.failure) std::rethrow_exception(flag.failure);
}

}  // namespace detail

/// @brief Runs `program(team)` on every member of a synchronous team of threads: all that a
///        Synchronizer on threads of its own needs.
///
/// @param members 1 … workers
/// @param host    `host(members, f)` calls f(0) … f(members−1), each on a thread of its own and all
///                at the same time, and returns when all have returned. f never throws.
/// @throws what left the program on the lowest member that failed, once all have ended
template <class Host, class Program>
void run_team(std::size_t workers, std::size_t members, Host&& host, Program& program) {
  detail::shared_team shared(workers, members);
  detail::run_members(
      shared, std::forward<Host>(host), [&](std::size_t i) { return thread_team(shared, i); },
      program);
}

}  // namespace localsgd
