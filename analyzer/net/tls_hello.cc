#include "analyzer/net/tls_hello.h"

#include <algorithm>
#include <array>

namespace tarry::analysis {
namespace {

constexpr size_t kRandom = 32;
constexpr size_t kMostProtocols = 32;
constexpr uint16_t kTls12 = 0x0303;

// Extensions, https://www.iana.org/assignments/tls-extensiontype-values
constexpr uint16_t kServerName = 0;
constexpr uint16_t kAlpn = 16;
constexpr uint16_t kSupportedVersions = 43;

// RFC 8446, 4.1.3: the random of a ServerHello that is a HelloRetryRequest.
constexpr std::array<uint8_t, kRandom> kRetryRandom = {
    0xCF, 0x21, 0xAD, 0x74, 0xE5, 0x9A, 0x61, 0x11, 0xBE, 0x1D, 0x8C, 0x02, 0x1E, 0x65, 0xB8, 0x91,
    0xC2, 0xA2, 0x11, 0x16, 0x7A, 0xBB, 0x8C, 0x5E, 0x07, 0x9E, 0x09, 0xE2, 0xC8, 0xA8, 0x33, 0x9C};

// Reads from front to back; what is not there ends it.
class Bytes {
 public:
  explicit Bytes(std::span<const uint8_t> bytes) : bytes_(bytes) {}

  bool done() const { return bytes_.empty(); }
  bool cut() const { return cut_; }
  std::span<const uint8_t> take(size_t count) {
    cut_ = cut_ || count > bytes_.size();
    const std::span<const uint8_t> taken = bytes_.first(std::min(count, bytes_.size()));
    bytes_ = bytes_.subspan(taken.size());
    return taken;
  }
  size_t number(size_t size) {
    const std::span<const uint8_t> bytes = take(size);
    if (bytes.size() < size) return 0;
    size_t value = 0;
    for (const uint8_t byte : bytes) value = value << 8U | byte;
    return value;
  }
  // Behind its length, which takes `size` bytes.
  std::span<const uint8_t> vector(size_t size) { return take(number(size)); }

 private:
  std::span<const uint8_t> bytes_;
  bool cut_ = false;
};

std::string textOf(std::span<const uint8_t> bytes) {
  return {bytes.begin(), bytes.end()};
}

// GREASE (RFC 8701): values that nobody means.
bool isGrease(size_t value) {
  return (value & 0x0F0FU) == 0x0A0A && value >> 8U == (value & 0xFFU);
}

std::vector<std::string> protocolsOf(std::span<const uint8_t> extension) {
  std::vector<std::string> protocols;
  Bytes list(Bytes(extension).vector(2));
  while (!list.done() && protocols.size() < kMostProtocols) {
    const std::span<const uint8_t> name = list.vector(1);
    if (list.cut()) break;
    if (name.size() == 2 && isGrease(static_cast<size_t>(name[0] << 8U | name[1]))) continue;
    protocols.push_back(textOf(name));
  }
  return protocols;
}

std::string serverNameOf(std::span<const uint8_t> extension) {
  Bytes list(Bytes(extension).vector(2));
  constexpr size_t kHostName = 0;
  while (!list.done()) {
    const size_t type = list.number(1);
    const std::span<const uint8_t> name = list.vector(2);
    if (list.cut()) return {};
    if (type == kHostName) return textOf(name);
  }
  return {};
}

uint16_t highestOf(std::span<const uint8_t> extension) {
  Bytes list(Bytes(extension).vector(1));
  size_t highest = 0;
  while (!list.done()) {
    const size_t version = list.number(2);
    if (!isGrease(version)) highest = std::max(highest, version);
  }
  return static_cast<uint16_t>(highest);
}

// Calls take(type, data) of each extension that is there whole. False: there were others.
template <typename Take>
bool eachExtension(Bytes& hello, const Take& take) {
  if (hello.done()) return true;
  const size_t length = hello.number(2);
  Bytes list(hello.take(length));
  while (!list.done()) {
    const size_t type = list.number(2);
    const std::span<const uint8_t> data = list.vector(2);
    if (list.cut()) return false;
    take(type, data);
  }
  return !hello.cut();
}

}  // namespace

std::optional<TlsClientHello> parseClientHello(std::span<const uint8_t> body, bool whole) {
  Bytes hello(body);
  TlsClientHello client;
  const size_t legacy = hello.number(2);
  hello.take(kRandom);
  hello.vector(1);  // session
  if (hello.cut() || legacy >> 8U != 3) return std::nullopt;
  const size_t ciphers = hello.number(2);
  if (!hello.cut()) client.ciphers = static_cast<uint32_t>(ciphers / 2);
  hello.take(ciphers);
  hello.vector(1);  // compression
  bool versions = false;
  const bool all = !hello.cut() && eachExtension(hello, [&](size_t type, std::span<const uint8_t> data) {
    if (type == kServerName) client.server_name = serverNameOf(data);
    else if (type == kAlpn) client.alpn = protocolsOf(data);
    else if (type == kSupportedVersions) {
      client.version = highestOf(data);
      versions = true;
    }
  });
  // Without that extension it is as the old field says, if all extensions have been seen.
  if (!versions && all && whole) client.version = static_cast<uint16_t>(legacy);
  return client;
}

std::optional<TlsServerHello> parseServerHello(std::span<const uint8_t> body, bool whole) {
  Bytes hello(body);
  TlsServerHello server;
  const size_t legacy = hello.number(2);
  const std::span<const uint8_t> random = hello.take(kRandom);
  hello.vector(1);  // session
  server.cipher = static_cast<uint16_t>(hello.number(2));
  hello.take(1);  // compression
  if (hello.cut() || legacy >> 8U != 3) return std::nullopt;
  server.retry = std::equal(random.begin(), random.end(), kRetryRandom.begin());
  bool versions = false;
  const bool all = eachExtension(hello, [&](size_t type, std::span<const uint8_t> data) {
    if (type == kAlpn) {
      std::vector<std::string> chosen = protocolsOf(data);
      if (!chosen.empty()) server.alpn = std::move(chosen.front());
    } else if (type == kSupportedVersions) {
      server.version = static_cast<uint16_t>(Bytes(data).number(2));
      versions = true;
    }
  });
  if (!versions && (legacy < kTls12 || (all && whole))) server.version = static_cast<uint16_t>(legacy);
  return server;
}

}  // namespace tarry::analysis
