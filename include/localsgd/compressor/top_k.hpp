// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/compressor/concept.hpp"
#include "localsgd/compressor/packing.hpp"
#include "localsgd/compressor/share_of_coordinates.hpp"
#include "localsgd/core/cache_aligned.hpp"
#include "localsgd/core/error.hpp"

#include <algorithm>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <functional>
#include <span>
#include <string>
#include <vector>

/// @file
/// @brief Sends only the largest changes and adds the others to the next change.

namespace localsgd {

/// @brief Sends the m = fraction·d coordinates of Δ_k + e_k that are largest in absolute value,
///        rounded; the others are kept in the worker's error memory e_k \cite stich2018sparsified.
///
/// a ← e + Δ; the message holds the largest nonzero entries of a, with ties broken in favour of the
/// lower index; e ← a minus the message. e = 0 at the start and whenever the consensus is reset.
///
/// An entry takes about 3 bytes: a 16-bit value, whose rounding error is also kept in e, and the
/// distance from the previous entry, 7 bits per byte. Every 256 entries take 8 more bytes, and the
/// message 4. Memory: two vectors of length d per worker. Encoding costs O(d). Convergence is
/// proved for convex objectives and one step per round \cite stich2018sparsified.
struct top_k {
  double fraction = 0.01;  ///< In (0, 1]: the fraction of the d coordinates that is sent.

  template <class Scalar>
  class bound {
   public:
    bound(std::size_t entries, std::size_t dimension)
        : entries_(entries), error_(dimension), order_(dimension) {}

    void encode(std::span<Scalar const> change, std::vector<std::byte>& message) {
      for (std::size_t i = 0; i != change.size(); ++i) {
        error_[i] += change[i];
        order_[i] = std::abs(error_[i]);
      }
      auto const last = order_.begin() + static_cast<std::ptrdiff_t>(entries_ - 1);
      std::nth_element(order_.begin(), last, order_.end(), std::greater<>());
      Scalar const least = *last;
      // All larger entries are sent, and of those equal to the smallest one sent, the first few.
      auto const larger = static_cast<std::size_t>(std::count_if(
          order_.begin(), last, [&](Scalar each) { return each > least; }));
      std::size_t equal = least > 0 ? entries_ - larger : 0;
      std::size_t const count = larger + equal;
      places_.clear();
      gaps_.clear();
      message.clear();
      message.reserve(gaps_at(count) + 3 * count);
      detail::put(message, static_cast<std::uint32_t>(count));
      message.resize(gaps_at(count));
      std::size_t before = 0, made = 0;
      for (std::size_t i = 0; made != count; ++i) {
        Scalar const size = std::abs(error_[i]);
        if (!(size > least) && (size != least || equal == 0)) continue;
        if (size == least) --equal;
        if (made != 0 && made % stretch == 0)
          places_.push_back(
              {static_cast<std::uint32_t>(i), static_cast<std::uint32_t>(gaps_.size())});
        else
          detail::put_varint(gaps_, i - before);
        auto const value = detail::short_float::nearest(static_cast<double>(error_[i]));
        std::memcpy(message.data() + value_at(made), &value, sizeof value);
        error_[i] -= static_cast<Scalar>(value.value());
        before = i;
        ++made;
      }
      if (!places_.empty())
        std::memcpy(message.data() + value_at(count), places_.data(),
                    places_.size() * sizeof(place));
      message.insert(message.end(), gaps_.begin(), gaps_.end());
    }

    void decode(std::span<std::byte const> message, double weight, std::size_t first,
                std::span<double> add_to) const {
      detail::require_message(message.size() >= sizeof(std::uint32_t));
      auto const count = std::size_t{detail::get<std::uint32_t>(message, 0)};
      detail::require_message(message.size() >= gaps_at(count));
      std::size_t const stretches = (count + stretch - 1) / stretch;
      auto const begins = [&](std::size_t s) {  // s ≥ 1
        return detail::get<place>(message, value_at(count) + (s - 1) * sizeof(place));
      };
      // The last stretch that begins at or before `first`.
      std::size_t s = 0;
      for (std::size_t length = stretches; length > 1;) {
        std::size_t const half = length / 2;
        if (begins(s + half).index <= first) s += half;
        length -= half;
      }
      std::size_t i = 0, at = gaps_at(count);
      for (std::size_t j = s * stretch; j != count; ++j) {
        if (j != 0 && j % stretch == 0) {
          place const here = begins(j / stretch);
          i = here.index;
          at = gaps_at(count) + here.gap;
        } else {
          i += static_cast<std::size_t>(detail::get_varint(message, at));
        }
        if (i < first) continue;
        if (i - first >= add_to.size()) break;
        add_to[i - first] +=
            weight * detail::get<detail::short_float>(message, value_at(j)).value();
      }
    }

    void reset() noexcept { std::fill(error_.begin(), error_.end(), Scalar{0}); }
    template <class Archive>
    void state(Archive& archive) {
      archive(error_);
    }

   private:
    // A message consists of the number of entries, their values, the start of each stretch of
    // entries but the first, and the distances between the other entries.
    static constexpr std::size_t stretch = 256;
    struct place {
      std::uint32_t index;  // of the first coordinate
      std::uint32_t gap;    // number of preceding bytes of distances
    };
    static constexpr std::size_t value_at(std::size_t j) noexcept {
      return sizeof(std::uint32_t) + j * sizeof(detail::short_float);
    }
    static constexpr std::size_t gaps_at(std::size_t count) noexcept {
      return value_at(count) + (count == 0 ? 0 : (count - 1) / stretch * sizeof(place));
    }

    std::size_t entries_;
    detail::aligned_vector<Scalar> error_;  // e
    std::vector<Scalar> order_;             // scratch
    std::vector<place> places_;
    std::vector<std::byte> gaps_;
  };

  /// @throws invalid_settings
  template <class Scalar>
  bound<Scalar> bind(plan const& p, std::size_t /*worker*/) const {
    std::size_t const entries = detail::share_of_coordinates("top_k", fraction, p.dimension);
    return {entries, p.dimension};
  }
  std::string identity() const { return "top_k{fraction = " + detail::shown(fraction) + "}"; }
};
static_assert(Compressor<top_k, double> && Compressor<top_k, float>);

}  // namespace localsgd
