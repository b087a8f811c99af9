// What a DNS record says, as text.
#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "analyzer/net/dns_message.h"
#include "analyzer/resource_label.h"

namespace tarry::analysis {
namespace {

constexpr uint16_t kAfInet = 2;
constexpr uint16_t kAfInet6 = 10;
constexpr size_t kMostBytes = 64;   // of data that is shown as it is
constexpr size_t kMostText = 4096;  // characters of one record

// Reads data from front to back. What goes over its end makes all of it wrong.
class Data {
 public:
  Data(std::span<const uint8_t> message, size_t begin, size_t length)
      : message_(message), at_(begin), end_(begin + length) {}

  uint64_t number(size_t bytes) {
    uint64_t value = 0;
    for (const uint8_t byte : take(bytes)) value = value << 8U | byte;
    return value;
  }
  std::string name() {
    // A name may point back, but what stands here ends here.
    std::optional<std::string> name = dnsName(message_, at_);
    if (!name || at_ > end_) ok_ = false;
    return ok_ ? *name : std::string();
  }
  std::string address(uint16_t family, size_t size) {
    std::array<uint8_t, 16> addr{};
    const std::span<const uint8_t> bytes = take(size);
    std::copy(bytes.begin(), bytes.end(), addr.begin());
    return addressText(family, addr);
  }
  std::span<const uint8_t> take(size_t bytes) {
    if (!ok_ || end_ - at_ < bytes) {
      ok_ = false;
      return {};
    }
    at_ += bytes;
    return message_.subspan(at_ - bytes, bytes);
  }
  // Its length stands before it.
  std::string string() { return quoted(take(static_cast<size_t>(number(1)))); }
  std::string rest() { return quoted(take(left())); }

  static std::string quoted(std::span<const uint8_t> bytes) {
    std::string text = "\"";
    for (const uint8_t byte : bytes) {
      if (byte == '"' || byte == '\\') text += '\\';
      if (byte < 0x20 || byte >= 0x7f) text += fmt::format("\\{:03}", byte);
      else text += static_cast<char>(byte);
    }
    return text + '"';
  }

  size_t left() const { return end_ - at_; }
  bool ok() const { return ok_; }
  bool done() const { return ok_ && at_ == end_; }

 private:
  std::span<const uint8_t> message_;
  size_t at_, end_;
  bool ok_ = true;
};

std::string listOf(std::span<const uint8_t> value, uint16_t family, size_t size) {
  std::string text;
  for (size_t at = 0; value.size() - at >= size && text.size() < kMostText; at += size) {
    std::array<uint8_t, 16> addr{};
    std::copy_n(value.begin() + static_cast<std::ptrdiff_t>(at), size, addr.begin());
    text += fmt::format("{}{}", text.empty() ? "" : ",", addressText(family, addr));
  }
  return text;
}

// RFC 9460: SVCB and HTTPS.
std::string serviceParameter(uint16_t key, std::span<const uint8_t> value) {
  switch (key) {
    case 1: {
      std::string protocols;
      while (!value.empty() && value[0] < value.size()) {
        const std::string one = Data::quoted(value.subspan(1, value[0]));
        protocols += fmt::format("{}{}", protocols.empty() ? "" : ",",
                                 std::string_view(one).substr(1, one.size() - 2));
        value = value.subspan(size_t{1} + value[0]);
      }
      return fmt::format("alpn=\"{}\"", protocols);
    }
    case 2: return "no-default-alpn";
    case 3: return value.size() == 2 ? fmt::format("port={}", value[0] << 8U | value[1]) : "port";
    case 4: return "ipv4hint=" + listOf(value, kAfInet, 4);
    case 5: return "ech=…";
    case 6: return "ipv6hint=" + listOf(value, kAfInet6, 16);
    default:
      return fmt::format("key{}={}", key, Data::quoted(value.first(std::min(value.size(), kMostBytes))));
  }
}

std::string known(Data& data, uint16_t type) {
  switch (type) {
    case 1: return data.address(kAfInet, 4);
    case 28: return data.address(kAfInet6, 16);
    case 2:
    case 5:
    case 12:
    case 39: return data.name();
    case 6: {
      std::string text = data.name();
      text += ' ' + data.name();
      for (int i = 0; i < 5; i++) text += fmt::format(" {}", data.number(4));
      return text;
    }
    case 15:
    case 18: {
      const uint64_t preference = data.number(2);
      return fmt::format("{} {}", preference, data.name());
    }
    case 16:
    case 99: {
      std::string text = data.string();
      while (data.ok() && data.left() > 0 && text.size() < kMostText) text += ' ' + data.string();
      data.take(data.left());
      return text;
    }
    case 33: {
      const uint64_t priority = data.number(2);
      const uint64_t weight = data.number(2);
      const uint64_t port = data.number(2);
      return fmt::format("{} {} {} {}", priority, weight, port, data.name());
    }
    case 64:
    case 65: {
      std::string text = fmt::format("{}", data.number(2));
      text += ' ' + data.name();
      while (data.ok() && data.left() > 0 && text.size() < kMostText) {
        const auto key = static_cast<uint16_t>(data.number(2));
        const std::span<const uint8_t> value = data.take(static_cast<size_t>(data.number(2)));
        if (data.ok()) text += ' ' + serviceParameter(key, value);
      }
      data.take(data.left());
      return text;
    }
    case 257: {
      const uint64_t flags = data.number(1);
      const std::string tag = data.string();
      return fmt::format("{} {} {}", flags, tag.substr(1, tag.size() - 2), data.rest());
    }
    default: data.number(data.left() + 1); return {};
  }
}

}  // namespace

std::string dnsDataText(std::span<const uint8_t> message, size_t begin, size_t length, uint16_t type) {
  Data data(message, begin, length);
  std::string text = known(data, type);
  if (data.done()) {
    if (text.size() > kMostText) text = text.substr(0, kMostText) + "…";
    return text;
  }
  text = fmt::format("\\# {}", length);
  if (length > 0) text += ' ';
  for (const uint8_t byte : message.subspan(begin, std::min(length, kMostBytes)))
    text += fmt::format("{:02x}", byte);
  return length > kMostBytes ? text + "…" : text;
}

}  // namespace tarry::analysis
