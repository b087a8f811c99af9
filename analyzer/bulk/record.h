// RecordWriter: values of one row as SQLite stores them (https://sqlite.org/fileformat2.html, section 2.1):
// the length of the header and the type of each value as varints, then the values.
#pragma once

#include <array>
#include <bit>
#include <cstdint>
#include <cstring>
#include <span>
#include <string_view>
#include <vector>

namespace tarry::bulk {

inline constexpr size_t kMaxVarint = 9;

// Big-endian base 128, 7 bits a byte but for the ninth, which has 8. Returns the end.
inline uint8_t* putVarint(uint8_t* to, uint64_t value) {
  if (value < 0x80) {
    *to = static_cast<uint8_t>(value);
    return to + 1;
  }
  if (value >> 56U != 0) {
    to[8] = static_cast<uint8_t>(value);
    value >>= 8U;
    for (int i = 7; i >= 0; i--) {
      to[i] = static_cast<uint8_t>(value | 0x80U);
      value >>= 7U;
    }
    return to + kMaxVarint;
  }
  const int bytes = (static_cast<int>(std::bit_width(value)) + 6) / 7;
  for (int i = bytes - 1; i >= 0; i--) {
    to[i] = static_cast<uint8_t>(value | 0x80U);
    value >>= 7U;
  }
  to[bytes - 1] &= 0x7fU;
  return to + bytes;
}

class RecordWriter {
 public:
  RecordWriter() : buffer_(kHeaderRoom + 1024) { clear(); }

  static constexpr size_t kMaxColumns = 32;

  void clear() {
    types_end_ = types_.data();
    end_ = kHeaderRoom;
  }
  void null() { *types_end_++ = 0; }
  void integer(int64_t value) {
    // Types 8 and 9 are the values 0 and 1; 1 to 6 are integers of 1, 2, 3, 4, 6 and 8 bytes.
    if (value == 0 || value == 1) {
      *types_end_++ = static_cast<uint8_t>(8 + value);
      return;
    }
    const auto magnitude = static_cast<uint64_t>(value < 0 ? ~value : value);
    const auto bits = static_cast<size_t>(std::bit_width(magnitude)) + 1;  // with the sign
    const uint8_t bytes = kBytesOfBits[bits];
    *types_end_++ = kTypeOfBytes[bytes];
    uint8_t* to = room(8);
    const uint64_t big_endian = __builtin_bswap64(static_cast<uint64_t>(value) << (64U - 8U * bytes));
    std::memcpy(to, &big_endian, 8);
    end_ += bytes;
  }
  void text(std::string_view text) { bytes(text.data(), text.size(), 13); }
  void blob(const void* data, size_t size) { bytes(data, size, 12); }

  // Valid until the next clear().
  std::span<const uint8_t> record() {
    const auto types = static_cast<size_t>(types_end_ - types_.data());
    // The length counts itself, and one byte is enough up to 127.
    std::array<uint8_t, kMaxVarint> length;
    size_t of_length = 1;
    if (types + 1 > 127) of_length = 2;
    putVarint(length.data(), types + of_length);
    const size_t begin = kHeaderRoom - types - of_length;
    std::memcpy(buffer_.data() + begin, length.data(), of_length);
    std::memcpy(buffer_.data() + begin + of_length, types_.data(), types);
    return {buffer_.data() + begin, end_ - begin};
  }

 private:
  static constexpr size_t kHeaderRoom = 2 + kMaxColumns * kMaxVarint;

  static constexpr std::array<uint8_t, 65> kBytesOfBits = [] {
    std::array<uint8_t, 65> bytes{};
    for (size_t bits = 0; bits <= 64; bits++) {
      const size_t whole = (bits + 7) / 8;
      bytes[bits] = static_cast<uint8_t>(whole == 5 ? 6 : whole == 7 ? 8 : whole);
    }
    return bytes;
  }();
  static constexpr std::array<uint8_t, 9> kTypeOfBytes = {0, 1, 2, 3, 4, 0, 5, 0, 6};

  uint8_t* room(size_t size) {
    if (end_ + size > buffer_.size()) buffer_.resize((end_ + size) * 2);
    return buffer_.data() + end_;
  }
  void bytes(const void* data, size_t size, uint64_t type) {
    types_end_ = putVarint(types_end_, type + 2 * size);
    if (size == 0) return;
    std::memcpy(room(size), data, size);
    end_ += size;
  }

  std::array<uint8_t, kMaxColumns * kMaxVarint> types_;
  uint8_t* types_end_ = nullptr;
  std::vector<uint8_t> buffer_;  // room for the header, then values up to end_
  size_t end_ = kHeaderRoom;
};

}  // namespace tarry::bulk
