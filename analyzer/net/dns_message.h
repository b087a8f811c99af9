// A DNS message (RFC 1035), taken apart as far as its bytes are in the trace. Names are decompressed by
// libc's resolver, which follows no loops. Everything is bounded: questions and answers beyond the limits are
// counted.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace tarry::analysis {

struct DnsQuestion {
  std::string name;  // without the dot at the end; the root is "."
  uint16_t type = 0;
};

struct DnsRecord {
  std::string name;
  uint16_t type = 0;
  uint32_t ttl = 0;
  std::string data;  // as in a zone file: "192.0.2.1", "10 mail.example.org"
};

struct DnsMessage {
  static constexpr size_t kMostQuestions = 32;
  static constexpr size_t kMostAnswers = 256;

  uint16_t id = 0;
  bool response = false;
  bool truncated = false;
  uint16_t rcode = 0;  // with the bits that EDNS adds
  std::vector<DnsQuestion> questions;
  std::vector<DnsRecord> answers;
  uint32_t answers_missing = 0;  // that the message has beyond these
};

// nullopt for what is no DNS message. `whole`: all of it is in `bytes`; otherwise the answers behind the cut
// are missing.
std::optional<DnsMessage> parseDnsMessage(std::span<const uint8_t> bytes, bool whole);

// Whether these can be the first bytes of a message, as far as they go.
bool looksLikeDns(std::span<const uint8_t> start);

std::string dnsTypeName(uint16_t type);    // "A", "TYPE1234"
std::string dnsRcodeName(uint16_t rcode);  // "NXDOMAIN", "RCODE20"

// Names compare without regard to case.
std::string dnsLowerCase(std::string_view name);

// Of a record whose data lies at `begin` of the message; in the form of RFC 3597 (\# LENGTH HEX) where the
// type is not known or the data is not as it should be.
std::string dnsDataText(std::span<const uint8_t> message, size_t begin, size_t length, uint16_t type);

// The name that begins at `at`, which then is behind it. nullopt: there is none.
std::optional<std::string> dnsName(std::span<const uint8_t> message, size_t& at);

}  // namespace tarry::analysis
