// What TLS says in clear (RFC 8446, RFC 5246): the hellos, alerts, and the names of what they hold. A hello
// that is cut gives what stands before the cut.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tarry::analysis {

constexpr uint16_t kTls13 = 0x0304;

struct TlsClientHello {
  std::string server_name;        // empty: none
  std::vector<std::string> alpn;  // that it offers, at most 32
  uint16_t version = 0;           // the highest it offers; 0: not known
  uint32_t ciphers = 0;           // how many it offers
};

struct TlsServerHello {
  uint16_t version = 0;  // that it chose; 0: not known
  uint16_t cipher = 0;
  std::string alpn;    // empty: none, or said in what is encrypted
  bool retry = false;  // asks for another ClientHello
};

// `body`: of the handshake message, behind its type and length; `whole`: all of it. nullopt for what is none.
std::optional<TlsClientHello> parseClientHello(std::span<const uint8_t> body, bool whole);
std::optional<TlsServerHello> parseServerHello(std::span<const uint8_t> body, bool whole);

std::string tlsVersionName(uint16_t version);  // "TLS 1.3"
std::string tlsCipherName(uint16_t cipher);    // "TLS_AES_128_GCM_SHA256", "0x1234"
std::string tlsAlertName(uint8_t alert);       // "unknown_ca"

}  // namespace tarry::analysis
