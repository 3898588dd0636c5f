// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/averager/concept.hpp"
#include "localsgd/communicator/team.hpp"
#include "localsgd/kernels/combine.hpp"
#include "localsgd/protocol/iterates.hpp"

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <span>

/// @file
/// @brief Algorithm 1: all workers wait for the average.

namespace localsgd::detail {

/// @brief Whether a team can use its communicator's sum for averages: `averaging::fast`.
template <class T>
concept averages_in_any_order =
    requires(T& team, std::span<std::span<double> const> rows, std::span<double const> weights,
             std::span<double> out, bool (*complete)(std::size_t, std::span<double>)) {
      team.start_fast_average(rows, weights, weights);
      team.finish_fast_average(weights, out, complete);
    };

/// @brief One thread of a synchronous run: Algorithm 1 \cite stich2019local, on any Team.
template <Team T>
class synchronous_protocol : public T {
 public:
  using T::T;
  template <class Scalar>
  using points = iterates<Scalar>;  ///< The argument of exchange() and the other members.

  static constexpr bool never_waits = false;       ///< Between evaluations.
  static constexpr bool averages_travel = false;   ///< During the next local steps.
  static constexpr bool orders_workers = false;    ///< Whether advance() makes the local steps.

  /// @brief Collective, after the local steps of a round: computes the new consensus from x.local.
  /// @return finite(): if false, neither the consensus nor the averager has changed
  template <class Scalar, class A>
  bool exchange(iterates<Scalar>& x, A& averager, round_info const& info) {
    start_average(x, std::span<std::span<Scalar> const>(x.local), averager, info);
    return finish_average(x, std::span<std::span<Scalar> const>(x.local), averager);
  }

  /// @brief Collective: sets the consensus to what `make(first, out)` writes to ranges that cover
  ///        it, if it returns true, meaning finite, for all of them.
  /// @return finite(): if false, the consensus has not changed
  template <class Scalar, class Make>
  bool make_consensus(iterates<Scalar>& x, Make const& make) {
    std::span<Scalar> const next = x.consensus[1 - now_];
    finite_ = T::template split<Scalar>(next.size(), [&](std::size_t first, std::size_t last) {
      return make(first, next.subspan(first, last - first));
    });
    if (finite_) now_ = 1 - now_;
    return finite_;
  }

  /// @brief Collective: an exchange whose mean is written by `make(first, out)` instead of being
  ///        the weighted mean of x.local.
  template <class Scalar, class A, class Make>
  bool exchange_made(iterates<Scalar>& x, A& averager, round_info const& info, Make const& make) {
    if (this->leads()) averager.begin_round(info);
    std::span<Scalar const> const previous = x.consensus[now_];
    make_consensus(x, [&](std::size_t first, std::span<Scalar> out) {
      if (!make(first, out)) return false;
      if constexpr (!A::keeps_mean)
        averager.apply(first, previous.subspan(first, out.size()), out);
      return all_finite(std::span<Scalar const>(out));
    });
    note_round(averager, finite_);
    return finite_;
  }

  /// @brief The point from which worker k continues.
  template <class Scalar>
  std::span<Scalar const> point(iterates<Scalar>& x, std::size_t /*worker*/) const noexcept {
    return x.consensus[now_];
  }
  /// @brief Collective: the consensus, equal for all; from now on all workers continue from it.
  template <class Scalar>
  std::span<Scalar const> settle(iterates<Scalar>& x) const noexcept {
    return x.consensus[now_];
  }
  /// @brief Collective: `from`, equal for all and finite, becomes the consensus and the point of
  ///        all workers.
  template <class Scalar>
  void move_to(iterates<Scalar>& x, std::span<Scalar const> from) {
    auto const to = std::span<Scalar>(x.consensus[now_]);
    T::template split<Scalar>(from.size(), [&](std::size_t first, std::size_t last) {
      std::copy_n(from.data() + first, last - first, to.data() + first);
      return true;
    });
    finite_ = true;
  }

  /// @brief Collective, for a checkpoint: completes pending averages without changing the run.
  /// @return whether all exchanges so far were finite, equal for all
  template <class Scalar>
  bool come_to_rest(iterates<Scalar>&) const noexcept {
    return finite_;
  }
  /// @brief On the thread that carries worker k, after come_to_rest() or resume(): passes the data
  ///        that this protocol stores for the worker to the archive of a checkpoint.
  template <class Scalar, class Archive>
  void worker_state(Archive&, std::size_t) const noexcept {}
  /// @brief On the leader: passes the data that the threads share, other than the consensus.
  template <class Scalar, class Archive>
  void shared_state([[maybe_unused]] iterates<Scalar>& x, [[maybe_unused]] Archive& archive) {
    if constexpr (T::keeps_time) T::clock_state(archive);
  }
  /// @brief Collective: continues the run after t steps, from a consensus that was restored from a
  ///        checkpoint. The states of the workers follow.
  template <class Scalar>
  void resume(iterates<Scalar>& x, std::span<Scalar const> consensus,
              [[maybe_unused]] std::uint64_t t) {
    move_to(x, consensus);
    if constexpr (T::keeps_time) T::resume_clock(t);
  }

  /// @brief Whether all exchanges since the last move_to() were finite; after settle(), equal for
  ///        all.
  bool finite() const noexcept { return finite_; }
  /// @brief Ends a round: one thread of each process commits or rolls back the averager.
  template <class A>
  void note_round(A& averager, bool finite) {
    finite_ = finite;
    if (this->leads()) finite_ ? averager.commit() : averager.rollback();
    ++this->sent().exchanges;
    if constexpr (requires { this->state().round; })
      if (this->leads()) ++this->state().round;
  }

  /// @brief The largest delay seen, in local steps.
  static std::uint64_t delay() noexcept { return 0; }

  /// @brief The state that an idle thread needs: see thread_team::regroup().
  std::array<std::uint64_t, 2> place() const noexcept { return {now_, finite_ ? 1U : 0U}; }
  void go_to(std::array<std::uint64_t, 2> const& place) noexcept {
    now_ = static_cast<std::size_t>(place[0]);
    finite_ = place[1] != 0;
  }

 protected:
  // The first half of an exchange. @pre the rows do not change until the second half
  template <class Scalar, class A>
  void start_average(iterates<Scalar>& x, std::span<std::span<Scalar> const> rows, A& averager,
                     round_info const& info) {
    if (this->leads()) averager.begin_round(info);
    if constexpr (averages_in_any_order<T>) {
      if (this->state().fast)
        return T::start_fast_average(rows, std::span<double const>(x.weights),
                                     std::span<Scalar const>(x.consensus[now_]));
    }
    T::template start_reduce<Scalar>(rows, x.consensus[now_].size());
  }

  // The second half: sets the new consensus if it is finite.
  template <class Scalar, class A>
  bool finish_average(iterates<Scalar>& x, std::span<std::span<Scalar> const> rows, A& averager) {
    std::span<Scalar const> const previous = x.consensus[now_];
    std::span<Scalar> const next = x.consensus[1 - now_];
    auto const finish = [&] {
      if constexpr (averages_in_any_order<T>) {
        if (this->state().fast)
          return T::finish_fast_average(previous, next, complete_of(x, averager));
      }
      return T::finish_reduce(rows, next, combine_of(x, averager), complete_of(x, averager));
    };
    end_round(averager, finish());
    return finite_;
  }

  // Computes the mean of all rows, coordinate by coordinate.
  template <class Scalar, class A>
  auto combine_of(iterates<Scalar>& x, A& averager) {
    return [weights = std::span<double const>(x.weights), &averager](
               std::span<std::span<Scalar> const> rows, std::size_t first, std::size_t last,
               std::size_t, std::span<Scalar> slice) {
      static_cast<void>(averager);  // unused for some averagers
      if constexpr (combines_rows<A, Scalar>) {
        averager.combine(rows, first, last, slice);
        return all_finite(std::span<Scalar const>(slice.subspan(first, last - first)));
      } else {
        return weighted_average<Scalar>(rows, weights, first, last, slice.data());
      }
    };
  }

  // Applies the averager to the mean.
  template <class Scalar, class A>
  auto complete_of(iterates<Scalar>& x, A& averager) {
    return [previous = std::span<Scalar const>(x.consensus[now_]), &averager](
               [[maybe_unused]] std::size_t first, [[maybe_unused]] std::span<Scalar> mean) {
      static_cast<void>(averager);  // unused for some averagers
      if constexpr (!A::keeps_mean) {
        averager.apply(first, previous.subspan(first, mean.size()), mean);
        return all_finite(std::span<Scalar const>(mean));
      }
      return true;
    };
  }

  template <class A>
  void end_round(A& averager, bool finite) {
    if (finite) now_ = 1 - now_;
    note_round(averager, finite);
  }

  bool finite_ = true;
  std::size_t now_ = 0;  // which of the two vectors is the consensus: the same on every thread
};

}  // namespace localsgd::detail
