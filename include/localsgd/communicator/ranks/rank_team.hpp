// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/communicator/ranks/message_route.hpp"
#include "localsgd/communicator/ranks/rank_messages.hpp"
#include "localsgd/communicator/team.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <span>
#include <type_traits>
#include <utility>
#include <vector>

/// @file
/// @brief The threads of all ranks, over any Communicator.

namespace localsgd::detail {

/// @brief One thread of one rank: a Team on many processes. The first thread of a rank uses the
///        communicator while the others wait at a barrier.
///
/// In a reduction in fixed order, each rank sends every other rank that rank's slice of the
/// coordinates of each of its workers, reduces its own slice over all workers in order, and
/// sends the result to all. Short vectors are sent whole to all ranks, in one message instead of
/// two, or through a shared board.
template <Communicator C>
class rank_team : public rank_messages<C> {
  using base = rank_messages<C>;

 public:
  using base::base;
  using base::barrier, base::first_thread, base::thread, base::threads;

  template <class Element>
  void start_reduce(std::span<std::span<Element> const> all, std::size_t d) {
    using scalar = std::remove_const_t<Element>;
    std::size_t const n = all.size(), ranks = s().layout.ranks();
    message_route const by = route_of(n, d * sizeof(scalar));
    auto const slice = [&](std::size_t r) { return slice_of<scalar>(by, d, r); };
    index_range const mine = slice(s().rank), here = s().layout.rows_of(s().rank, n);
    auto& rows = std::get<std::vector<std::span<Element>>>(s().rows);

    // Vectors for rank r are stored one after another, starting at here.size()·(start of its
    // slice); if the slice is the whole vector, they are in the same place for all ranks.
    first_thread([&] {
      if (ranks > 1 && !by.posted)
        message_memory::as<scalar>(s().memory.outgoing, here.size() * d);
      rows.resize(n);
    });
    auto const outgoing =
        reinterpret_cast<scalar*>(by.posted ? board_room() : s().memory.outgoing.data());
    index_range const owned = even_split(n, threads(), thread());
    for (std::size_t k = owned.first; k != owned.last; ++k) {
      rows[k] = all[k].subspan(mine.first, mine.size());
      for (std::size_t r = 0; r != ranks; ++r) {
        auto const [first, last] = slice(r);
        bool const is_packed = by.direct && r > (s().rank == 0 ? 1U : 0U);
        if (r != s().rank && first != last && !is_packed)
          std::memcpy(outgoing + here.size() * first + (k - here.first) * (last - first),
                      all[k].data() + first, (last - first) * sizeof(scalar));
      }
    }
    barrier();

    first_thread([&] {
      if (by.posted) {
        if constexpr (has_board<C>) {
          post(here.size() * d * sizeof(scalar));
          for (std::size_t r = 0; r != ranks; ++r) {
            index_range const there = s().layout.rows_of(r, n);
            auto const in =
                reinterpret_cast<scalar*>(s().ranks.board()->of(r)) + there.size() * mine.first;
            for (std::size_t k = there.first; r != s().rank && k != there.last; ++k)
              rows[k] = {in + (k - there.first) * mine.size(), mine.size()};
          }
        }
        return;
      }
      auto const in =
          message_memory::as<scalar>(s().memory.incoming, ranks > 1 ? n * mine.size() : 0);
      for (std::size_t k = 0; k != n; ++k)
        if (k < here.first || k >= here.last) rows[k] = in.subspan(k * mine.size(), mine.size());
      start_messages(
          [&](std::size_t r) {
            auto const [first, last] = slice(r);
            return std::as_bytes(std::span<scalar const>(outgoing + here.size() * first,
                                                         here.size() * (last - first)));
          },
          [&](std::size_t r) {
            index_range const there = s().layout.rows_of(r, n);
            return std::as_writable_bytes(
                in.subspan(there.first * mine.size(), there.size() * mine.size()));
          });
    });
  }

  template <class Element, class Scalar, class Work, class Complete = nothing_to_complete>
  bool finish_reduce(std::span<std::span<Element> const> all, std::span<Scalar> out,
                     Work const& work, Complete const& complete = {}) {
    message_route const by = route_of(all.size(), out.size_bytes());
    auto const slice = [&](std::size_t r) { return slice_of<Scalar>(by, out.size(), r); };
    index_range const mine = slice(s().rank);
    auto const& rows = std::get<std::vector<std::span<Element>>>(s().rows);
    first_thread([&] { by.posted ? finish_posts() : finish_messages(); });
    auto const [first, last] = coordinates_of<Scalar>(mine.size(), local_threads(), local_);
    work(std::span<std::span<Element> const>(rows), first, last, mine.first,
         out.subspan(mine.first, mine.size()));
    barrier();
    if (!by.direct) first_thread([&] { gather(out, slice); });
    return base::template split<Scalar>(out.size(), [&](std::size_t from, std::size_t to) {
      auto const mine_here = out.subspan(from, to - from);
      return all_finite(std::span<Scalar const>(mine_here)) && complete(from, mine_here);
    });
  }

  void sum(std::span<std::vector<double> const> parts, std::span<double> total) {
    barrier();  // every thread has set the size of its parts
    std::vector<std::span<double const>> rows(parts.begin(), parts.end());
    std::span<std::span<double const> const> const all(rows);
    start_reduce<double const>(all, total.size());
    finish_reduce(all, total,
                  [](auto const parts_here, std::size_t first, std::size_t last, std::size_t,
                     std::span<double> slice) {
                    for (std::size_t i = first; i != last; ++i) slice[i] = 0;
                    for (auto const& each : parts_here)
                      for (std::size_t i = first; i != last; ++i) slice[i] += each[i];
                    return true;
                  });
  }

  /// @brief Collective: x̄ = c + Σ_r Σ_{k of rank r} w_k (x_k − c), where the communicator adds the
  ///        ranks in an unspecified order. First half.
  template <class Scalar>
    requires sums_in_any_order<C>
  void start_fast_average(std::span<std::span<Scalar> const> rows, std::span<double const> weights,
                          std::span<Scalar const> c) {
    index_range const here = s().layout.rows_of(s().rank, s().workers);
    barrier();
    first_thread([&] { message_memory::as<Scalar>(s().memory.reduced, c.size()); });
    auto const sum = message_memory::as<Scalar>(s().memory.reduced, c.size());
    auto const [first, last] = coordinates_of<Scalar>(c.size(), local_threads(), local_);
    std::fill(sum.begin() + static_cast<std::ptrdiff_t>(first),
              sum.begin() + static_cast<std::ptrdiff_t>(last), Scalar{0});
    for (std::size_t k = here.first; k != here.last; ++k) {
      Scalar const weight = static_cast<Scalar>(weights[k]);
      for (std::size_t i = first; i != last; ++i) sum[i] += weight * (rows[k][i] - c[i]);
    }
    barrier();
    first_thread([&] { s().ranks.start_all_reduce(sum); });
    // As in a ring: 2(R−1)/R vectors from each rank.
    std::size_t const ranks = s().layout.ranks();
    sent_.bytes += even_split(2 * (ranks - 1) * c.size_bytes(), ranks, s().rank).size();
  }
  /// @brief Second half. @return whether the mean is finite
  template <class Scalar, class Complete>
    requires sums_in_any_order<C>
  bool finish_fast_average(std::span<Scalar const> c, std::span<Scalar> out,
                           Complete const& complete) {
    first_thread([&] { finish_messages(); });
    auto const sum = message_memory::as<Scalar>(s().memory.reduced, c.size());
    return base::template split<Scalar>(c.size(), [&](std::size_t first, std::size_t last) {
      for (std::size_t i = first; i != last; ++i) out[i] = c[i] + sum[i];
      auto const mine = out.subspan(first, last - first);
      return all_finite(std::span<Scalar const>(mine)) && complete(first, mine);
    });
  }

 private:
  using base::board_room, base::finish_messages, base::finish_posts, base::gather, base::local_,
      base::local_threads, base::post, base::s, base::sent_, base::start_messages;

  // The coordinates, of vectors of length d, that rank r computes.
  template <class Scalar>
  index_range slice_of(message_route const& by, std::size_t d, std::size_t r) const noexcept {
    if (by.direct) return {0, d};
    return coordinates_of<Scalar>(d, s().layout.ranks(), r);
  }
  // Called several times per round, so the result is cached: its divisions take a microsecond.
  message_route route_of(std::size_t n, std::size_t vector_bytes) {
    if (n != known_vectors_ || vector_bytes != known_bytes_) {
      known_vectors_ = n;
      known_bytes_ = vector_bytes;
      known_route_ = message_route::of(s().ranks, s().layout, n, vector_bytes);
    }
    return known_route_;
  }

  std::size_t known_vectors_ = 0, known_bytes_ = 0;
  message_route known_route_;
};

}  // namespace localsgd::detail
