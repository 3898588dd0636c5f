// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/communicator/threads/barrier.hpp"
#include "localsgd/kernels/combine.hpp"
#include "localsgd/communicator/mpi/shared.hpp"

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

  /// @brief Whether ranks post, in place of sending, what takes `bytes(r)` bytes on rank r: the same
  ///        answer on all of them.
  template <class Bytes>
  bool is_posted(Bytes const& bytes) const {
    if (shared_->board == nullptr) return false;
    for (std::size_t r = 0; r != shared_->layout.ranks(); ++r)
      if (bytes(r) > mpi_board::side) return false;
    return true;
  }
  /// @brief Until all others have posted. First thread.
  void finish_posts() const {
    shared_->link.wait_for(
        [&](int r) { return shared_->board->has_posted(static_cast<std::size_t>(r)); },
        [&] { return shared_->here.meeting.is_called_off(); });
  }

  /// @brief Everybody gets the elements of `all` that range(r) gives from rank r. First thread.
  template <class T, class Range>
  void gather(std::span<T> all, Range const& range) const {
    std::size_t const ranks = shared_->layout.ranks();
    if (ranks == 1) return;
    auto const part = [&](std::size_t r) {
      index_range const of = range(r);
      return all.subspan(of.first, of.size());
    };
    auto const mine = part(shared_->rank);
    if (is_posted([&](std::size_t r) { return part(r).size_bytes(); })) {
      mpi_board& board = *shared_->board;
      std::ranges::copy(std::as_bytes(mine), board.mine());
      board.post();
      finish_posts();
      for (std::size_t r = 0; r != ranks; ++r)
        if (r != shared_->rank)
          std::copy_n(board.of(r), part(r).size_bytes(), std::as_writable_bytes(part(r)).data());
      return;
    }
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
    route const by = route_of(n, d * sizeof(scalar));
    auto const slice = [&](std::size_t r) { return slice_of<scalar>(n, d, r); };
    index_range const mine = slice(s.rank), here = s.layout.rows_of(s.rank, n);
    auto& rows = std::get<std::vector<std::span<Element>>>(s.rows);

    // Vectors that go to rank r lie one after another, from here.size()·(where its slice begins) on:
    // where the slice is all of them, at the same place for everybody.
    first_thread([&] {
      if (ranks > 1 && !by.posted) mpi_shared::as<scalar>(s.link.outgoing, here.size() * d);
      rows.resize(n);
    });
    auto const outgoing =
        reinterpret_cast<scalar*>(by.posted ? s.board->mine() : s.link.outgoing.data());
    index_range const owned = even_split(n, s.layout.members(), number());
    for (std::size_t k = owned.first; k != owned.last; ++k) {
      std::span<Element> const all = row(k);
      rows[k] = all.subspan(mine.first, mine.size());
      for (std::size_t r = 0; r != ranks; ++r) {
        auto const [first, last] = slice(r);
        bool const is_packed = by.direct && r > (s.rank == 0 ? 1U : 0U);
        if (r != s.rank && first != last && !is_packed)
          std::memcpy(outgoing + here.size() * first + (k - here.first) * (last - first),
                      all.data() + first, (last - first) * sizeof(scalar));
      }
    }
    barrier();

    first_thread([&] {
      if (by.posted) {
        s.board->post();
        for (std::size_t r = 0; r != ranks; ++r) {
          index_range const there = s.layout.rows_of(r, n);
          auto const in = reinterpret_cast<scalar*>(s.board->of(r)) + there.size() * mine.first;
          for (std::size_t k = there.first; r != s.rank && k != there.last; ++k)
            rows[k] = {in + (k - there.first) * mine.size(), mine.size()};
        }
        return;
      }
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
    route const by = route_of(n, out.size_bytes());
    auto const slice = [&](std::size_t r) { return slice_of<scalar>(n, out.size(), r); };
    index_range const mine = slice(s.rank);
    auto const& rows = std::get<std::vector<std::span<Element>>>(s.rows);
    first_thread([&] { by.posted ? finish_posts() : finish_messages(); });
    auto const [first, last] = coordinates_of<scalar>(mine.size(), threads(), thread_);
    work(std::span<std::span<Element> const>(rows), first, last,
         out.subspan(mine.first, mine.size()));
    barrier();
    if (!by.direct) first_thread([&] { gather(out, slice); });
  }

  /// @brief Of vectors of length d the coordinates that rank r makes.
  template <class Scalar>
  index_range slice_of(std::size_t n, std::size_t d, std::size_t r) const noexcept {
    if (route_of(n, d * sizeof(Scalar)).direct) return {0, d};
    return coordinates_of<Scalar>(d, shared_->layout.ranks(), r);
  }

  /// @brief Bytes that all ranks together send when vectors of so many bytes become one.
  std::uint64_t combine_bytes(std::size_t n, std::size_t vector_bytes) const noexcept {
    return route_of(n, vector_bytes).direct ? direct_bytes(n, vector_bytes)
                                            : slices_bytes(n, vector_bytes);
  }

 private:
  // A message costs about as much time as some thousand bytes.
  static constexpr std::size_t worth_a_message = 4096;

  // How n vectors of so many bytes become one. The same on all ranks.
  struct route {
    bool direct = false;  // every rank gets all of them, not only its slice
    bool posted = false;  // through the memory that the ranks share
  };
  // Asked for several times in every round: remembered, for its divisions take a microsecond.
  route route_of(std::size_t n, std::size_t vector_bytes) const {
    if (n != known_vectors_ || vector_bytes != known_bytes_) {
      known_vectors_ = n;
      known_bytes_ = vector_bytes;
      known_route_.direct =
          direct_bytes(n, vector_bytes) <=
          slices_bytes(n, vector_bytes) + worth_a_message * shared_->layout.ranks();
      known_route_.posted = is_posted(
          [&](std::size_t r) { return shared_->layout.rows_of(r, n).size() * vector_bytes; });
    }
    return known_route_;
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
  mutable std::size_t known_vectors_ = 0, known_bytes_ = 0;
  mutable route known_route_;
};

}  // namespace localsgd::detail
