// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/compressor/concept.hpp"
#include "localsgd/compressor/packing.hpp"
#include "localsgd/compressor/share_of_coordinates.hpp"
#include "localsgd/core/cache_aligned.hpp"
#include "localsgd/core/error.hpp"
#include "localsgd/core/random.hpp"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <vector>

/// @file
/// @brief Sends random coordinates and adds the others to the next change.

namespace localsgd {

/// @brief Sends m = fraction·d random coordinates of Δ_k + e_k, rounded; the others are kept in the
///        worker's error memory e_k \cite stich2018sparsified.
///
/// a ← e + Δ; the message holds a_i for the coordinates i of this round; e ← a minus the message.
/// The coordinates are split into m ranges, and one coordinate of each is chosen uniformly
/// at random, as a function of seed, round and range. All workers choose the same ones, so
/// the indices need not be sent. The mean is sent back to all in a message of the same kind. e = 0
/// at the start and whenever the consensus is reset.
///
/// A message takes 2m bytes, plus a few for the round; the rounding errors of the 16-bit values are
/// also kept in e. Memory: a vector of length d per worker. Encoding costs O(d). `top_k` takes
/// fewer epochs if few coordinates hold most of a change. Variance-reduced steps clear the memory
/// at every anchor, so with them a small fraction costs many epochs. Convergence is proved for
/// convex objectives and one step per round \cite stich2018sparsified.
struct random_k {
  double fraction = 0.01;  ///< In (0, 1]: the fraction of the d coordinates that is sent.

  template <class Scalar>
  class bound {
   public:
    static constexpr bool compresses_mean = true;

    bound(std::size_t entries, plan const& p)
        : entries_(entries),
          seed_(p.seed),
          length_(p.dimension / entries),
          longer_(p.dimension % entries),
          error_(p.dimension) {}

    void encode(std::span<Scalar const> change, std::vector<std::byte>& message) {
      for (std::size_t i = 0; i != change.size(); ++i) error_[i] += change[i];
      message.clear();
      message.reserve(10 + 2 * entries_);
      detail::put_varint(message, round_);
      for (std::size_t j = 0; j != entries_; ++j) {
        Scalar& error = error_[chosen(j, round_)];
        auto const value = detail::short_float::nearest(static_cast<double>(error));
        detail::put(message, value);
        error -= static_cast<Scalar>(value.value());
      }
      ++round_;
    }

    void decode(std::span<std::byte const> message, double weight, std::size_t first,
                std::span<double> add_to) const {
      std::size_t begin = 0;
      std::uint64_t const round = detail::get_varint(message, begin);
      detail::require_message(message.size() - begin == entries_ * sizeof(detail::short_float));
      std::size_t const last = first + add_to.size();
      for (std::size_t j = range_of(first); j != entries_ && edge(j) < last; ++j) {
        std::size_t const i = chosen(j, round);
        if (i < first || i >= last) continue;
        auto const value =
            detail::get<detail::short_float>(message, begin + j * sizeof(detail::short_float));
        add_to[i - first] += weight * value.value();
      }
    }

    void reset() noexcept { std::fill(error_.begin(), error_.end(), Scalar{0}); }
    template <class Archive>
    void state(Archive& archive) {
      archive(error_, round_);
    }

   private:
    // The first coordinate of range j: see detail::even_split.
    std::size_t edge(std::size_t j) const noexcept { return length_ * j + longer_ * j / entries_; }
    // The range that contains coordinate i.
    std::size_t range_of(std::size_t i) const noexcept {
      std::size_t low = 0;
      for (std::size_t length = entries_; length > 1;) {
        std::size_t const half = length / 2;
        if (edge(low + half) <= i) low += half;
        length -= half;
      }
      return low;
    }
    // The coordinate of range j that is chosen in the given round.
    std::size_t chosen(std::size_t j, std::uint64_t round) const noexcept {
      auto const words = random_words(seed_, random_stream::compression, 0, round * entries_ + j);
      std::size_t const begin = edge(j);
      return begin + static_cast<std::size_t>(index_below(edge(j + 1) - begin, words[0]));
    }

    std::size_t entries_;
    std::uint64_t seed_;
    std::size_t length_, longer_;
    detail::aligned_vector<Scalar> error_;  // e
    std::uint64_t round_ = 0;
  };

  /// @throws invalid_settings
  template <class Scalar>
  bound<Scalar> bind(plan const& p, std::size_t /*worker*/) const {
    return {detail::share_of_coordinates("random_k", fraction, p.dimension), p};
  }
  std::string identity() const { return "random_k{fraction = " + detail::shown(fraction) + "}"; }
};
static_assert(Compressor<random_k, double> && Compressor<random_k, float>);

}  // namespace localsgd
