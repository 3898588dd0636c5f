// Copyright (c) 2026 The localsgd authors
// SPDX-License-Identifier: BSL-1.0
#pragma once

#include "localsgd/core/compiler.hpp"
#include "localsgd/core/error.hpp"

#include <bit>
#include <cmath>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <span>
#include <type_traits>
#include <vector>

/// @file
/// @brief Compact encodings of numbers in messages.

namespace localsgd::detail {

/// @brief The first 16 bits of a `float`: sign, 8 bits of exponent, 7 of fraction.
struct short_float {
  std::uint16_t bits = 0;

  /// @brief The nearest value; the largest finite one if |v| exceeds it. Relative error at most 2⁻⁸
  ///        for absolute values from 2⁻¹²⁶ to 3.3·10³⁸. @pre v is finite
  static short_float nearest(double v) noexcept {
    constexpr double largest = 0x1.fep127;
    if (std::abs(v) >= largest) v = std::copysign(largest, v);
    auto const word = std::bit_cast<std::uint32_t>(static_cast<float>(v));
    return {static_cast<std::uint16_t>((word + 0x7fffu + ((word >> 16) & 1u)) >> 16)};
  }
  /// @brief The smallest value that is not below v ≥ 0, or the largest finite one.
  static short_float above(double v) noexcept {
    short_float up = nearest(v);
    if (up.value() < v && up.bits < 0x7f7f) ++up.bits;
    return up;
  }
  double value() const noexcept {
    return static_cast<double>(std::bit_cast<float>(std::uint32_t{bits} << 16));
  }
};

[[noreturn]] LOCALSGD_COLD inline void refuse_message() {
  throw invalid_data("message", "damaged bytes", "a message that encode() of this version wrote");
}
/// @brief Checks a rule that every message obeys. @throws invalid_data unless it holds
inline void require_message(bool ok) {
  if (!ok) refuse_message();
}

/// @brief Appends a number to a message.
template <class Number>
  requires std::is_trivially_copyable_v<Number>
void put(std::vector<std::byte>& message, Number number) {
  std::size_t const at = message.size();
  message.resize(at + sizeof number);
  std::memcpy(message.data() + at, &number, sizeof number);
}
/// @pre the message contains these bytes
template <class Number>
  requires std::is_trivially_copyable_v<Number>
Number get(std::span<std::byte const> message, std::size_t at) noexcept {
  Number number;
  std::memcpy(&number, message.data() + at, sizeof number);
  return number;
}

/// @brief Appends a number, 7 bits per byte, lowest first; only the last byte is below 128.
inline void put_varint(std::vector<std::byte>& message, std::uint64_t number) {
  for (; number >= 128; number >>= 7) message.push_back(static_cast<std::byte>(number | 128));
  message.push_back(static_cast<std::byte>(number));
}
/// @brief Reads the number that starts at message[at] and moves `at` past it.
/// @throws invalid_data if the message ends before the number does, or it has more than 64 bits
inline std::uint64_t get_varint(std::span<std::byte const> message, std::size_t& at) {
  if (at >= message.size()) refuse_message();
  auto number = static_cast<std::uint64_t>(message[at++]);
  if (number < 128) return number;  // the usual case
  number &= 127;
  for (unsigned shift = 7; at < message.size() && shift < 64; shift += 7) {
    auto const byte = static_cast<std::uint64_t>(message[at++]);
    number |= (byte & 127) << shift;
    if (byte < 128) return number;
  }
  refuse_message();
}

/// @brief Appends numbers of a few bits each without gaps, and pads the last byte.
class bit_writer {
 public:
  explicit bit_writer(std::vector<std::byte>& message) noexcept : message_(&message) {}
  /// @pre number < 2^bits, bits ≤ 16
  void put(std::uint32_t number, unsigned bits) {
    open_ |= number << filled_;
    for (filled_ += bits; filled_ >= 8; filled_ -= 8, open_ >>= 8)
      message_->push_back(static_cast<std::byte>(open_ & 255));
  }
  void finish() {
    if (filled_ != 0) message_->push_back(static_cast<std::byte>(open_ & 255));
    open_ = 0, filled_ = 0;
  }

 private:
  std::vector<std::byte>* message_;
  std::uint32_t open_ = 0;
  unsigned filled_ = 0;
};

/// @brief Reads the numbers written by a bit_writer, starting at the first byte.
class bit_reader {
 public:
  explicit bit_reader(std::span<std::byte const> message) noexcept : next_(message.data()) {}
  /// @pre the message has at least `bits` bits left, bits ≤ 16
  std::uint32_t get(unsigned bits) noexcept {
    for (; left_ < bits; left_ += 8) open_ |= static_cast<std::uint32_t>(*next_++) << left_;
    std::uint32_t const number = open_ & ((1u << bits) - 1);
    open_ >>= bits;
    left_ -= bits;
    return number;
  }

 private:
  std::byte const* next_;
  std::uint32_t open_ = 0;
  unsigned left_ = 0;
};
/// @brief The number of bytes that n numbers of `bits` bits take.
constexpr std::size_t packed_bytes(std::size_t n, unsigned bits) noexcept {
  return (n * bits + 7) / 8;
}

}  // namespace localsgd::detail
