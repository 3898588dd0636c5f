// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/compressor/concept.hpp"
#include "localsgd/compressor/packing.hpp"
#include "localsgd/core/cache_aligned.hpp"
#include "localsgd/core/error.hpp"
#include "localsgd/core/random.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <string>
#include <vector>

/// @file
/// @brief Sends changes with a few bits per coordinate, rounded at random.

namespace localsgd {

/// @brief Sends all coordinates of Δ_k + e_k, each rounded at random, without bias, to one of
///        2^bits − 1 levels \cite alistarh2017qsgd ; the rounding error is kept in the worker's
///        error memory e_k \cite karimireddy2019error .
///
/// a ← e + Δ, in blocks of 128 coordinates. M is the largest absolute value of a block, L =
/// 2^(bits−1) − 1, and u is uniform in (0, 1), a function of seed, worker, round and coordinate.
/// The message is Q(a)_i = (M/L)·⌊a_i L/M + u_i⌋, and e ← a − Q(a). E Q(a) = a. If E‖Q(a) − a‖² =
/// ω‖a‖² with ω > ½, as with 2 bits, the message is Q(a)/(1+ω), since otherwise e could grow
/// without bound. e = 0 at the start and whenever the consensus is reset. The mean of the messages
/// is quantized in the same way, with two more bits and a separate error memory
/// \cite tang2019doublesqueeze .
///
/// A block takes 3 + 16·bits bytes, fewer if most of its levels are 0, and one byte if all are;
/// every 32 blocks take 8 more bytes, and a message one more. Memory: a vector of length d per
/// worker. Encoding costs O(d). With 4 bits and 8 workers, variance-reduced runs on w8a, a9a and
/// 6,046 mails (d = 262,144) sent 9 to 12 percent of the bytes and took 1 to 1.23 times the epochs.
struct quantized {
  unsigned bits = 4;  ///< 2 to 16, per coordinate.

  template <class Scalar>
  class bound {
   public:
    static constexpr bool compresses_mean = true;

    bound(unsigned bits, plan const& p, std::size_t worker)
        : bits_(bits),
          most_((1u << (bits - 1)) - 1),
          seed_(p.seed),
          lane_(static_cast<std::uint32_t>(worker)),
          error_(p.dimension) {}

    void encode(std::span<Scalar const> change, std::vector<std::byte>& message) {
      std::size_t const d = error_.size(), blocks = (d + block - 1) / block;
      message.assign(place_at(0) + (blocks + run - 1) / run * sizeof(std::uint64_t), std::byte{0});
      message[0] = static_cast<std::byte>(bits_);
      for (std::size_t b = 0; b != blocks; ++b) {
        if (b % run == 0) {
          std::uint64_t const here = message.size();
          std::memcpy(message.data() + place_at(b / run), &here, sizeof here);
        }
        std::size_t const first = b * block;
        encode_block(change, first, std::min(block, d - first), message);
      }
      ++round_;
    }

    void decode(std::span<std::byte const> message, double weight, std::size_t first,
                std::span<double> add_to) const {
      std::size_t const d = error_.size(), last = first + add_to.size();
      if (first == last) return;
      std::size_t b = first / block / run * run;
      detail::require_message(message.size() >= place_at(b / run + 1));
      auto const width = static_cast<unsigned>(message[0]);  // larger for the mean
      detail::require_message(width >= 2 && width <= 16);
      double const most = (1u << (width - 1)) - 1;
      auto at = static_cast<std::size_t>(detail::get<std::uint64_t>(message, place_at(b / run)));
      for (; b * block < last; ++b) {
        std::size_t const begin = b * block, size = std::min(block, d - begin);
        detail::require_message(at < message.size());
        auto const form = static_cast<std::size_t>(message[at++]);
        if (form == empty) continue;
        detail::require_message(bytes_of_block(form, size, width) <= message.size() - at);
        double const unit = weight * detail::get<detail::short_float>(message, at).value();
        at += sizeof(detail::short_float);
        std::size_t const count = form == full ? size : form, places = at;
        if (form != full) at += count;
        detail::bit_reader levels(message.subspan(at));
        for (std::size_t j = 0; begin + size > first && j != count; ++j) {
          std::size_t const i =
              begin + (form == full ? j : static_cast<std::size_t>(message[places + j]));
          double const level = static_cast<double>(levels.get(width)) - most;
          if (i >= first && i < last) add_to[i - first] += unit * level;
        }
        at += detail::packed_bytes(count, width);
      }
    }

    void reset() noexcept { std::fill(error_.begin(), error_.end(), Scalar{0}); }
    template <class Archive>
    void state(Archive& archive) {
      archive(error_, round_);
    }

   private:
    // A message consists of `bits`, the offset of each run of blocks, and the blocks. A block
    // consists of its form, the unit of its levels, and either the levels of all coordinates or the
    // indices and levels of the nonzero ones.
    static constexpr std::size_t block = 128, run = 32;
    enum : std::size_t { empty = 0, full = 255 };  // other values: the number of nonzero levels

    static constexpr std::size_t place_at(std::size_t r) noexcept {
      return 1 + r * sizeof(std::uint64_t);
    }

    // The bytes of a block after its form, which is not `empty`.
    static constexpr std::size_t bytes_of_block(std::size_t form, std::size_t size,
                                                unsigned width) noexcept {
      std::size_t const levels = detail::packed_bytes(form == full ? size : form, width);
      return sizeof(detail::short_float) + (form == full ? 0 : form) + levels;
    }

    void encode_block(std::span<Scalar const> change, std::size_t first, std::size_t size,
                      std::vector<std::byte>& message) {
      double largest = 0;
      for (std::size_t i = 0; i != size; ++i) {
        error_[first + i] += change[first + i];
        largest = std::max(largest, static_cast<double>(std::abs(error_[first + i])));
      }
      double const levels = most_;
      double unit = detail::short_float::above(largest / levels).value();
      std::array<std::int32_t, block> level{};
      std::size_t count = 0;
      if (unit > 0) {
        round_block(first, size, unit, level);
        count = size - static_cast<std::size_t>(std::count(
                           level.begin(), level.begin() + static_cast<std::ptrdiff_t>(size), 0));
      }
      if (count == 0) {
        message.push_back(std::byte{empty});
        return;
      }
      auto const sent_unit = detail::short_float::nearest(unit * shrinkage(first, size, unit));
      unit = sent_unit.value();
      bool const all =
          count + detail::packed_bytes(count, bits_) >= detail::packed_bytes(size, bits_);
      message.push_back(static_cast<std::byte>(all ? std::size_t{full} : count));
      detail::put(message, sent_unit);
      for (std::size_t i = 0; !all && i != size; ++i)
        if (level[i] != 0) message.push_back(static_cast<std::byte>(i));
      detail::bit_writer packed(message);
      for (std::size_t i = 0; i != size; ++i) {
        if (level[i] == 0 && !all) continue;
        packed.put(static_cast<std::uint32_t>(level[i] + static_cast<std::int32_t>(most_)), bits_);
        error_[first + i] -= static_cast<Scalar>(unit * level[i]);
      }
      packed.finish();
    }

    // level_i ← ⌊a_i/unit + u_i⌋, within −L … L.
    void round_block(std::size_t first, std::size_t size, double unit,
                     std::array<std::int32_t, block>& level) const noexcept {
      std::array<std::uint64_t, 2> words{};
      double const most = most_;
      std::uint64_t const numbers = (error_.size() + 3) / 4;  // four per pair of words
      for (std::size_t i = 0; i != size; ++i) {
        if (i % 4 == 0)
          words = random_words(seed_, random_stream::compression, lane_,
                               round_ * numbers + (first + i) / 4);
        auto const u =
            (static_cast<double>((words[i % 4 / 2] >> (i % 2 * 32)) & 0xffffffffu) + 0.5) * 0x1p-32;
        double const rounded = std::floor(static_cast<double>(error_[first + i]) / unit + u);
        level[i] = static_cast<std::int32_t>(std::clamp(rounded, -most, most));
      }
    }

    // 1, or 1/(1+ω) if ω > ½.
    double shrinkage(std::size_t first, std::size_t size, double unit) const noexcept {
      double variance = 0, squares = 0;
      for (std::size_t i = 0; i != size; ++i) {
        double const scaled = static_cast<double>(error_[first + i]) / unit;
        double const part = scaled - std::floor(scaled);
        variance += part * (1 - part);
        squares += scaled * scaled;
      }
      return variance > squares / 2 ? squares / (squares + variance) : 1;
    }

    unsigned bits_, most_;  // L
    std::uint64_t seed_;
    std::uint32_t lane_;
    detail::aligned_vector<Scalar> error_;  // e
    std::uint64_t round_ = 0;
  };

  /// @throws invalid_settings
  template <class Scalar>
  bound<Scalar> bind(plan const& p, std::size_t worker) const {
    detail::require(bits >= 2 && bits <= 16, "quantized.bits", bits,
                    "from 2 to 16; to send unquantized numbers, use identity");
    return {worker == p.workers ? std::min(bits + 2, 16u) : bits, p, worker};
  }
  std::string identity() const { return "quantized{bits = " + detail::shown(bits) + "}"; }
};
static_assert(Compressor<quantized, double> && Compressor<quantized, float>);

}  // namespace localsgd
