// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/detail/barrier.hpp"
#include "localsgd/detail/combine.hpp"
#include "localsgd/detail/mpi_link.hpp"
#include "localsgd/detail/mpi_window.hpp"
#include "localsgd/detail/own_lines.hpp"
#include "localsgd/detail/team.hpp"
#include "localsgd/synchronizer/concept.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <memory>
#include <span>
#include <tuple>
#include <type_traits>
#include <vector>

/// @file
/// @brief What the threads of a rank do together, and how vectors on many ranks become one.

namespace localsgd::detail {

/// @brief Which members and workers each rank has.
struct mpi_layout {
  std::vector<std::size_t> first{0};  ///< Rank r has the members first[r] … first[r+1]−1.

  std::size_t ranks() const noexcept { return first.size() - 1; }
  std::size_t members() const noexcept { return first.back(); }
  std::size_t members_of(std::size_t r) const noexcept { return first[r + 1] - first[r]; }

  /// @brief Of n workers, or parts, those that the members of rank r own.
  index_range rows_of(std::size_t r, std::size_t n) const noexcept {
    return {even_split(n, members(), first[r]).first,
            even_split(n, members(), first[r + 1] - 1).last};
  }

  /// @brief As many members as the ranks have threads, but at most one for each worker: the rank
  ///        with the most of them gives one away first, of several the last one.
  /// @pre workers ≥ threads.size(), and no rank has 0 threads.
  static mpi_layout of(std::vector<std::size_t> threads, std::size_t workers) {
    std::size_t all = 0;
    for (std::size_t const n : threads) all += n;
    for (; all > workers; --all) {
      auto most = threads.begin();
      for (auto it = threads.begin(); it != threads.end(); ++it)
        if (*it >= *most) most = it;
      --*most;
    }
    mpi_layout layout;
    for (std::size_t const n : threads) layout.first.push_back(layout.first.back() + n);
    return layout;
  }
};

/// @brief What the members of one run have in common on a rank.
struct mpi_shared {
  mpi_shared(mpi_link& the_link, mpi_layout the_layout, std::size_t all_workers, bool is_fast)
      : link(the_link),
        layout(std::move(the_layout)),
        workers(all_workers),
        fast(is_fast),
        rank(static_cast<std::size_t>(the_link.rank())),
        here(all_workers, layout.members_of(rank)),
        touched(here.members) {}
  mpi_shared(mpi_shared const&) = delete;
  mpi_shared& operator=(mpi_shared const&) = delete;
  /// @brief Collective, if there is a window: after the run is closed.
  ~mpi_shared() {
    if (window && link.lost().empty())
      window->free();
    else
      static_cast<void>(window.release());  // somebody may still use it
  }

  mpi_link& link;
  mpi_layout const layout;
  std::size_t const workers;
  bool const fast;
  std::size_t const rank;
  shared_team here;  // the threads of this rank
  own_vector<std::byte> incoming;
  std::tuple<std::vector<std::span<double>>, std::vector<std::span<float>>,
             std::vector<std::span<double const>>>
      rows;  // of one slice, of all ranks
  std::vector<std::vector<std::uint32_t>> touched;  // by thread of this rank
  std::vector<std::uint32_t> all_touched;           // by anybody, ascending
  std::unique_ptr<mpi_window> window;   // of asynchronous runs
  own_vector<double> coordinates, mean;             // at those: of each worker here, and of all

  // The first n elements of it, as T.
  template <class T>
  static std::span<T> as(own_vector<std::byte>& room, std::size_t n) {
    if (room.size() < n * sizeof(T)) room.resize(n * sizeof(T));
    return {reinterpret_cast<T*>(room.data()), n};
  }
};

/// @brief A thread of a rank: what it does with the other threads, and those with other ranks.
///
/// The first thread of a rank speaks MPI; the others wait at a barrier meanwhile.
class mpi_member {
 public:
  mpi_member(mpi_shared& shared, std::size_t thread) : shared_(&shared), thread_(thread) {}

  std::size_t thread() const noexcept { return thread_; }
  std::size_t threads() const noexcept { return shared_->here.members; }
  mpi_shared& shared() const noexcept { return *shared_; }
  std::size_t number() const noexcept { return shared_->layout.first[shared_->rank] + thread_; }

  void barrier() const { shared_->here.meeting.arrive_and_wait(); }

  /// @brief What the first thread does while the others wait; then all go on.
  template <class Work>
  void first_thread(Work const& work) const {
    if (thread_ == 0) {
      try {
        work();
      } catch (called_off const&) {  // by another rank
        shared_->here.meeting.call_off();
        throw;
      }
    }
    barrier();
  }

  /// @brief Among the threads of this rank: what all wrote before is there; `work(first, last)` on
  ///        each one's coordinates; and all of it is done.
  /// @return whether all answered true
  template <class Scalar, class Work>
  bool split(std::size_t dimension, Work const& work) const {
    barrier();
    auto const [first, last] = coordinates_of<Scalar>(dimension, threads(), thread_);
    shared_->here.flags[thread_].finite = work(first, last);
    barrier();
    return std::ranges::all_of(shared_->here.flags, [](auto const& f) { return f.finite; });
  }

  /// @brief Starts to send to every other rank what `to(r)` says, and to receive what `from(r)`
  ///        says. First thread. What is sent lies in `outgoing`.
  template <class To, class From>
  void start_messages(To const& to, From const& from) const {
    mpi_link& link = shared_->link;
    int const ranks = link.ranks(), rank = link.rank();
    for (int i = 1; i < ranks; ++i) {
      int const r = (rank + i) % ranks;
      link.receive(r, std::as_writable_bytes(from(static_cast<std::size_t>(r))));
    }
    for (int i = 1; i < ranks; ++i) {  // not all to the same one first
      int const r = (rank + ranks - i) % ranks;
      link.send(r, std::as_bytes(to(static_cast<std::size_t>(r))));
    }
  }
  /// @brief Until all that was started is done. First thread.
  void finish_messages() const {
    shared_->link.wait([&] { return shared_->here.meeting.is_called_off(); });
  }

  /// @brief Everybody gets the elements of `all` that range(r) gives from rank r. First thread.
  template <class T, class Range>
  void gather(std::span<T> all, Range const& range) const {
    if (shared_->layout.ranks() == 1) return;
    auto const part = [&](std::size_t r) {
      index_range const of = range(r);
      return all.subspan(of.first, of.size());
    };
    auto const mine = part(shared_->rank);
    auto const out = mpi_shared::as<T>(shared_->link.outgoing, mine.size());
    std::ranges::copy(mine, out.begin());
    start_messages([&](std::size_t) { return std::span<T const>(out); }, part);
    finish_messages();
  }

  /// @brief Collective: vectors of length out.size(), each on the rank of the member that owns it,
  ///        become one on all ranks.
  ///
  /// Each rank gets its slice of all vectors, `work(rows, first, last, slice)` makes one of them,
  /// at the indices first … last−1 of the slice for each thread, and the slices go to everybody.
  /// Of short vectors every rank gets all, and makes all of the one: one message in place of two.
  /// @param n    how many vectors; the member owns its even split of them, and has written it
  /// @param row  `row(k)`: vector k, a span of Element, for those of this rank
  template <class Element, class Row, class Work>
  void combine(std::size_t n, Row const& row, std::span<std::remove_const_t<Element>> out,
               Work const& work) const {
    start_combine<Element>(n, row, out.size());
    finish_combine<Element>(n, out, work);
  }

  /// @brief Its first half: the slices are on their way. The vectors stay as they are until the
  ///        second, and no other call comes between.
  template <class Element, class Row>
  void start_combine(std::size_t n, Row const& row, std::size_t d) const {
    using scalar = std::remove_const_t<Element>;
    mpi_shared& s = *shared_;
    std::size_t const ranks = s.layout.ranks();
    auto const slice = [&](std::size_t r) { return slice_of<scalar>(n, d, r); };
    index_range const mine = slice(s.rank), here = s.layout.rows_of(s.rank, n);
    bool const direct = is_direct(n, d * sizeof(scalar));
    auto& rows = std::get<std::vector<std::span<Element>>>(s.rows);

    // Vectors that go to rank r lie one after another, from here.size()·(where its slice begins) on:
    // where the slice is all of them, at the same place for everybody.
    first_thread([&] {
      if (ranks > 1) mpi_shared::as<scalar>(s.link.outgoing, here.size() * d);
      rows.resize(n);
    });
    auto const outgoing = reinterpret_cast<scalar*>(s.link.outgoing.data());
    index_range const owned = even_split(n, s.layout.members(), number());
    for (std::size_t k = owned.first; k != owned.last; ++k) {
      std::span<Element> const all = row(k);
      rows[k] = all.subspan(mine.first, mine.size());
      for (std::size_t r = 0; r != ranks; ++r) {
        auto const [first, last] = slice(r);
        bool const is_packed = direct && r > (s.rank == 0 ? 1U : 0U);
        if (r != s.rank && first != last && !is_packed)
          std::memcpy(outgoing + here.size() * first + (k - here.first) * (last - first),
                      all.data() + first, (last - first) * sizeof(scalar));
      }
    }
    barrier();

    first_thread([&] {
      auto const in = mpi_shared::as<scalar>(s.incoming, ranks > 1 ? n * mine.size() : 0);
      for (std::size_t k = 0; k != n; ++k)
        if (k < here.first || k >= here.last) rows[k] = in.subspan(k * mine.size(), mine.size());
      start_messages(
          [&](std::size_t r) {
            auto const [first, last] = slice(r);
            return std::span<scalar const>(outgoing + here.size() * first,
                                           here.size() * (last - first));
          },
          [&](std::size_t r) {
            index_range const there = s.layout.rows_of(r, n);
            return in.subspan(there.first * mine.size(), there.size() * mine.size());
          });
    });
  }

  /// @brief Its second half: out is there on all ranks.
  template <class Element, class Work>
  void finish_combine(std::size_t n, std::span<std::remove_const_t<Element>> out,
                      Work const& work) const {
    using scalar = std::remove_const_t<Element>;
    mpi_shared& s = *shared_;
    auto const slice = [&](std::size_t r) { return slice_of<scalar>(n, out.size(), r); };
    index_range const mine = slice(s.rank);
    auto const& rows = std::get<std::vector<std::span<Element>>>(s.rows);
    first_thread([&] { finish_messages(); });
    auto const [first, last] = coordinates_of<scalar>(mine.size(), threads(), thread_);
    work(std::span<std::span<Element> const>(rows), first, last,
         out.subspan(mine.first, mine.size()));
    barrier();
    if (!is_direct(n, out.size_bytes())) first_thread([&] { gather(out, slice); });
  }

  /// @brief Of vectors of length d the coordinates that rank r makes.
  template <class Scalar>
  index_range slice_of(std::size_t n, std::size_t d, std::size_t r) const noexcept {
    if (is_direct(n, d * sizeof(Scalar))) return {0, d};
    return coordinates_of<Scalar>(d, shared_->layout.ranks(), r);
  }

  /// @brief Bytes that all ranks together send when vectors of so many bytes become one.
  std::uint64_t combine_bytes(std::size_t n, std::size_t vector_bytes) const noexcept {
    return is_direct(n, vector_bytes) ? direct_bytes(n, vector_bytes)
                                      : slices_bytes(n, vector_bytes);
  }

 private:
  // A message costs about as much time as some thousand bytes.
  static constexpr std::size_t worth_a_message = 4096;

  bool is_direct(std::size_t n, std::size_t vector_bytes) const noexcept {
    return direct_bytes(n, vector_bytes) <=
           slices_bytes(n, vector_bytes) + worth_a_message * shared_->layout.ranks();
  }
  std::uint64_t direct_bytes(std::size_t n, std::size_t vector_bytes) const noexcept {
    return std::uint64_t{shared_->layout.ranks() - 1} * n * vector_bytes;
  }
  std::uint64_t slices_bytes(std::size_t n, std::size_t vector_bytes) const noexcept {
    mpi_layout const& layout = shared_->layout;
    std::size_t const ranks = layout.ranks();
    std::uint64_t sum = std::uint64_t{ranks - 1} * vector_bytes;
    for (std::size_t r = 0; r != ranks; ++r) {
      index_range const slice = coordinates_of<std::byte>(vector_bytes, ranks, r);
      sum += std::uint64_t{layout.rows_of(r, n).size()} * (vector_bytes - slice.size());
    }
    return sum;
  }

  mpi_shared* shared_;
  std::size_t thread_;
};

}  // namespace localsgd::detail
