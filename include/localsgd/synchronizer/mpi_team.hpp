// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/kernels/combine.hpp"
#include "localsgd/communicator/mpi/member.hpp"
#include "localsgd/synchronizer/concept.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <vector>

/// @file
/// @brief A team of threads on the ranks of an MPI job.

namespace localsgd {

/// @brief One thread of one rank of a synchronous team: Algorithm 1 on many processes.
///
/// An average in fixed order: each rank sends to every other one that one's slice of the coordinates
/// of each of its workers, averages its own slice over all workers in the order of their numbers,
/// and sends what came out to everybody. Short points go to everybody as they are.
class mpi_team : protected detail::mpi_member {
 public:
  using detail::mpi_member::mpi_member;

  std::size_t member() const noexcept { return number(); }
  std::size_t members() const noexcept { return shared().layout.members(); }
  bool leads() const noexcept { return thread() == 0; }
  index_range workers() const noexcept {
    return detail::even_split(shared().workers, members(), member());
  }

  template <class Scalar, class Averager>
  bool exchange(iterates<Scalar>& x, Averager& averager, std::uint64_t /*t*/) {
    start_average(x);
    return finish_average(x, averager);
  }

  /// @brief Collective: the coordinates that a worker touched become their averages, for all. See
  ///        detail::touched_average.
  /// @return whether all averages are finite
  template <class Workers>
  bool exchange_touched(Workers& all, std::span<double const> weights, std::size_t dimension) {
    collect_touched(all, dimension);
    detail::mpi_shared& s = shared();
    std::size_t const count = s.all_touched.size();
    index_range const mine = workers(), here = s.layout.rows_of(s.rank, s.workers);
    first_thread([&] {
      s.coordinates.resize(here.size() * count);
      s.mean.resize(count);
    });
    auto const row = [&](std::size_t k) {
      return std::span<double>(s.coordinates).subspan((k - here.first) * count, count);
    };
    for (std::size_t k = mine.first; k != mine.last; ++k)
      for (std::size_t i = 0; i != count; ++i) row(k)[i] = all[k].coordinate(s.all_touched[i]);
    combine<double>(s.workers, row, std::span<double>(s.mean),
                    [&](auto const rows, std::size_t first, std::size_t last, auto const out) {
                      for (std::size_t i = first; i != last; ++i) {
                        double const base = rows[0][i];
                        double sum = 0;
                        for (std::size_t k = 1; k != rows.size(); ++k)
                          sum += weights[k] * (rows[k][i] - base);
                        out[i] = base + sum;
                      }
                    });
    for (std::size_t k = mine.first; k != mine.last; ++k)
      for (std::size_t i = 0; i != count; ++i) all[k].move(s.all_touched[i], s.mean[i]);
    finite_ = detail::all_finite(std::span<double const>(s.mean));
    count_round();
    return finite_;
  }

  /// @brief Collective among the threads of a rank: see detail::mpi_member. Then, and only then,
  ///        finite(), if all answered true: on all ranks, if they all have the same numbers.
  template <class Scalar, class Work>
  bool split(std::size_t dimension, Work const& work) {
    return finite_ = mpi_member::split<Scalar>(dimension, work);
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
    auto const to = std::span<Scalar>(x.consensus[now_]);
    mpi_member::split<Scalar>(from.size(), [&](std::size_t first, std::size_t last) {
      std::ranges::copy(from.subspan(first, last - first), to.subspan(first).begin());
      return true;
    });
    finite_ = true;
  }
  bool finite() const noexcept { return finite_; }

  template <class Scalar>
  void average(iterates<Scalar>& x, std::span<Scalar> out) {
    start_ordered(x, out.size());
    finish_ordered(x, out, [](std::size_t, std::span<Scalar>) {});
  }

  void sum(std::span<std::vector<double> const> parts, std::span<double> total) {
    combine<double const>(
        parts.size(), [&](std::size_t p) { return std::span<double const>(parts[p]); }, total,
        [](auto const rows, std::size_t first, std::size_t last, auto const out) {
          for (std::size_t i = first; i != last; ++i) out[i] = 0;
          for (auto const& each : rows)
            for (std::size_t i = first; i != last; ++i) out[i] += each[i];
        });
  }

  int agree(int answer) {
    auto& agreed = shared().here.answer;
    barrier();  // nobody reads the last one any more
    first_thread([&] {
      agreed = answer;
      std::size_t const one = 1;
      gather(std::span(&agreed, one),
             [&](std::size_t r) { return index_range{0, r == 0 ? one : 0}; });
    });
    return agreed;
  }

  template <class Value, class Owned>
  void share(std::span<Value> values, Owned const& owned) {
    barrier();
    first_thread([&] {
      auto const& first = shared().layout.first;
      gather(values, [&](std::size_t r) {
        return index_range{owned(first[r]).first, owned(first[r + 1] - 1).last};
      });
    });
  }

  std::uint64_t exchange_bytes(std::size_t vector_bytes) const noexcept {
    if (!shared().fast) return combine_bytes(shared().workers, vector_bytes);
    return std::uint64_t{2} * (shared().layout.ranks() - 1) * vector_bytes;
  }
  static std::uint64_t delay() noexcept { return 0; }

 protected:
  /// @brief The first half of an exchange: the points x.local are on their way, and stay as they
  ///        are until the second. No other collective call comes between.
  template <class Scalar>
  void start_average(iterates<Scalar>& x) {
    std::span<Scalar const> const c = x.consensus[now_];
    if (shared().fast)
      start_fast(x, c);
    else
      start_ordered(x, c.size());
  }
  /// @brief The second half: the new consensus is there, if it is finite.
  template <class Scalar, class Averager>
  bool finish_average(iterates<Scalar>& x, Averager& averager) {
    std::span<Scalar const> const previous = x.consensus[now_];
    std::span<Scalar> const next = x.consensus[1 - now_];
    auto const transform = [&](std::size_t first, std::span<Scalar> mean) {
      if constexpr (!Averager::keeps_mean)
        averager.apply(first, previous.subspan(first, mean.size()), mean);
    };
    if (shared().fast)
      finish_fast(previous, next, transform);
    else
      finish_ordered(x, next, transform);
    split<Scalar>(next.size(), [&](std::size_t first, std::size_t last) {
      return detail::all_finite(std::span<Scalar const>(next).subspan(first, last - first));
    });
    if (finite_) now_ = 1 - now_;
    count_round();
    return finite_;
  }

 private:
  template <class Scalar>
  void start_ordered(iterates<Scalar>& x, std::size_t dimension) {
    start_combine<Scalar>(shared().workers, [&](std::size_t k) { return x.local[k]; }, dimension);
  }
  template <class Scalar, class Transform>
  void finish_ordered(iterates<Scalar>& x, std::span<Scalar> out, Transform const& transform) {
    std::size_t const begin =
        slice_of<Scalar>(shared().workers, out.size(), shared().rank).first;
    finish_combine<Scalar>(shared().workers, out, [&](auto const rows, std::size_t first, std::size_t last,
                                    auto const slice) {
      detail::weighted_average<Scalar>(rows, x.weights, first, last, slice.data());
      transform(begin + first, slice.subspan(first, last - first));
    });
  }

  // x̄ = c + Σ_r Σ_{k of rank r} w_k (x_k − c) with c the last consensus; MPI adds up the ranks.
  template <class Scalar>
  void start_fast(iterates<Scalar>& x, std::span<Scalar const> c) {
    detail::mpi_shared& s = shared();
    index_range const here = s.layout.rows_of(s.rank, s.workers);
    barrier();
    first_thread([&] { s.as<Scalar>(s.link.outgoing, c.size()); });
    auto const sum = s.as<Scalar>(s.link.outgoing, c.size());
    auto const [first, last] = detail::coordinates_of<Scalar>(c.size(), threads(), thread());
    std::fill(sum.begin() + static_cast<std::ptrdiff_t>(first),
              sum.begin() + static_cast<std::ptrdiff_t>(last), Scalar{0});
    for (std::size_t k = here.first; k != here.last; ++k) {
      Scalar const weight = static_cast<Scalar>(x.weights[k]);
      for (std::size_t i = first; i != last; ++i) sum[i] += weight * (x.local[k][i] - c[i]);
    }
    barrier();
    first_thread([&] { s.link.all_reduce(sum); });
  }
  template <class Scalar, class Transform>
  void finish_fast(std::span<Scalar const> c, std::span<Scalar> out, Transform const& transform) {
    first_thread([&] { finish_messages(); });
    auto const sum = shared().as<Scalar>(shared().link.outgoing, c.size());
    auto const [first, last] = detail::coordinates_of<Scalar>(c.size(), threads(), thread());
    for (std::size_t i = first; i != last; ++i) out[i] = c[i] + sum[i];
    transform(first, out.subspan(first, last - first));
  }

  // all_touched ← what the steps of any worker touched, on all ranks.
  template <class Workers>
  void collect_touched(Workers& all, std::size_t dimension) {
    detail::mpi_shared& s = shared();
    index_range const mine = workers();
    auto const order = [](std::vector<std::uint32_t>& list) {
      std::ranges::sort(list);
      list.erase(std::unique(list.begin(), list.end()), list.end());
    };
    auto& own = s.touched[thread()];
    own.clear();
    for (std::size_t k = mine.first; k != mine.last; ++k)
      all[k].for_each_touched(0, dimension, [&](std::size_t j) {
        own.push_back(static_cast<std::uint32_t>(j));
      });
    order(own);
    barrier();
    first_thread([&] {
      for (std::size_t i = 1; i != s.touched.size(); ++i)
        own.insert(own.end(), s.touched[i].begin(), s.touched[i].end());
      order(own);
      std::size_t const ranks = s.layout.ranks();
      std::vector<std::uint64_t> counts(ranks);
      counts[s.rank] = own.size();
      gather(std::span(counts), [](std::size_t r) { return index_range{r, r + 1}; });
      std::vector<std::uint64_t> begins{0};
      for (std::uint64_t const n : counts) begins.push_back(begins.back() + n);
      s.all_touched.resize(begins.back());
      std::ranges::copy(own, s.all_touched.begin() + static_cast<std::ptrdiff_t>(begins[s.rank]));
      gather(std::span(s.all_touched),
             [&](std::size_t r) { return index_range{begins[r], begins[r + 1]}; });
      order(s.all_touched);
    });
  }

  void count_round() {
    if (leads()) ++shared().link.round;
  }

  bool finite_ = true;
  std::size_t now_ = 0;  // which of the two vectors is the consensus: the same on every member
};
static_assert(Team<mpi_team, double> && Team<mpi_team, float>);

}  // namespace localsgd
