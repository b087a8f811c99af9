#include "analyzer/net/dns_message.h"

#include <arpa/nameser.h>
#include <fmt/format.h>
#include <resolv.h>

#include <algorithm>
#include <array>

namespace tarry::analysis {
namespace {

constexpr size_t kHeader = 12;
constexpr size_t kRecordFixed = 10;  // type, class, TTL, length
constexpr uint16_t kOpt = 41;
constexpr int kMostOpcode = 6;  // RFC 8490: DSO
// Records that are looked at in search of the EDNS bits, behind the answers.
constexpr uint32_t kMostOthers = 512;

uint16_t u16(std::span<const uint8_t> bytes, size_t at) {
  return static_cast<uint16_t>(bytes[at] << 8U | bytes[at + 1]);
}

struct Word {
  uint16_t value;
  std::string_view name;
};

// https://www.iana.org/assignments/dns-parameters: those in use.
constexpr Word kTypes[] = {
    {1, "A"},      {2, "NS"},     {5, "CNAME"},    {6, "SOA"},         {12, "PTR"},   {13, "HINFO"},
    {15, "MX"},    {16, "TXT"},   {17, "RP"},      {18, "AFSDB"},      {28, "AAAA"},  {29, "LOC"},
    {33, "SRV"},   {35, "NAPTR"}, {37, "CERT"},    {39, "DNAME"},      {41, "OPT"},   {43, "DS"},
    {44, "SSHFP"}, {46, "RRSIG"}, {47, "NSEC"},    {48, "DNSKEY"},     {50, "NSEC3"}, {51, "NSEC3PARAM"},
    {52, "TLSA"},  {59, "CDS"},   {60, "CDNSKEY"}, {61, "OPENPGPKEY"}, {64, "SVCB"},  {65, "HTTPS"},
    {99, "SPF"},   {249, "TKEY"}, {250, "TSIG"},   {251, "IXFR"},      {252, "AXFR"}, {255, "ANY"},
    {256, "URI"},  {257, "CAA"},
};
constexpr Word kRcodes[] = {
    {0, "NOERROR"},  {1, "FORMERR"}, {2, "SERVFAIL"}, {3, "NXDOMAIN"},  {4, "NOTIMP"},     {5, "REFUSED"},
    {6, "YXDOMAIN"}, {7, "YXRRSET"}, {8, "NXRRSET"},  {9, "NOTAUTH"},   {10, "NOTZONE"},   {11, "DSOTYPENI"},
    {16, "BADVERS"}, {17, "BADKEY"}, {18, "BADTIME"}, {22, "BADTRUNC"}, {23, "BADCOOKIE"},
};

std::string nameOf(std::span<const Word> words, uint16_t value, std::string_view otherwise) {
  const auto found =
      std::find_if(words.begin(), words.end(), [&](const Word& word) { return word.value == value; });
  return found != words.end() ? std::string(found->name) : fmt::format("{}{}", otherwise, value);
}

// One record after the other. False: its bytes are not there, or make no sense.
class Records {
 public:
  Records(std::span<const uint8_t> bytes, size_t at) : bytes_(bytes), at_(at) {}

  bool question(DnsQuestion& question) {
    std::optional<std::string> name = dnsName(bytes_, at_);
    if (!name || bytes_.size() - at_ < 4) return false;
    question.name = std::move(*name);
    question.type = u16(bytes_, at_);
    at_ += 4;
    return true;
  }

  bool record(DnsRecord& record, bool with_data) {
    std::optional<std::string> name = dnsName(bytes_, at_);
    if (!name || bytes_.size() - at_ < kRecordFixed) return false;
    record.type = u16(bytes_, at_);
    record.ttl = static_cast<uint32_t>(u16(bytes_, at_ + 4)) << 16U | u16(bytes_, at_ + 6);
    const size_t length = u16(bytes_, at_ + 8);
    at_ += kRecordFixed;
    if (bytes_.size() - at_ < length) return false;
    if (with_data) {
      record.name = std::move(*name);
      record.data = dnsDataText(bytes_, at_, length, record.type);
    }
    at_ += length;
    return true;
  }

 private:
  std::span<const uint8_t> bytes_;
  size_t at_;
};

}  // namespace

std::optional<std::string> dnsName(std::span<const uint8_t> message, size_t& at) {
  if (at >= message.size()) return std::nullopt;
  std::array<char, NS_MAXDNAME> text{};
  const uint8_t* const begin = message.data();
  const int length = dn_expand(begin, begin + message.size(), begin + at, text.data(), text.size());
  if (length <= 0) return std::nullopt;
  at += static_cast<size_t>(length);
  return text[0] == '\0' ? "." : std::string(text.data());
}

std::string dnsTypeName(uint16_t type) {
  return nameOf(kTypes, type, "TYPE");
}

std::string dnsRcodeName(uint16_t rcode) {
  return nameOf(kRcodes, rcode, "RCODE");
}

std::string dnsLowerCase(std::string_view name) {
  std::string lower(name);
  for (char& c : lower) {
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  }
  return lower;
}

bool looksLikeDns(std::span<const uint8_t> start) {
  if (start.size() < kHeader) return false;
  const int opcode = start[2] >> 3U & 0xF;
  const bool reserved = (start[3] & 0x40U) != 0;
  return opcode <= kMostOpcode && !reserved && u16(start, 4) <= DnsMessage::kMostQuestions;
}

std::optional<DnsMessage> parseDnsMessage(std::span<const uint8_t> bytes, bool whole) {
  if (!looksLikeDns(bytes)) return std::nullopt;
  DnsMessage message;
  message.id = u16(bytes, 0);
  message.response = (bytes[2] & 0x80U) != 0;
  message.truncated = (bytes[2] & 0x02U) != 0;
  message.rcode = bytes[3] & 0x0FU;
  const uint16_t questions = u16(bytes, 4);
  const uint16_t answers = u16(bytes, 6);
  const uint32_t others = static_cast<uint32_t>(u16(bytes, 8)) + u16(bytes, 10);
  Records records(bytes, kHeader);
  for (uint16_t i = 0; i < questions; i++) {
    DnsQuestion question;
    if (!records.question(question)) return std::nullopt;
    message.questions.push_back(std::move(question));
  }
  for (uint32_t i = 0; i < static_cast<uint32_t>(answers) + std::min(others, kMostOthers); i++) {
    DnsRecord record;
    const bool wanted = i < DnsMessage::kMostAnswers && i < answers;
    if (!records.record(record, wanted)) {
      // A truncated answer may end anywhere.
      if (whole && !message.truncated) return std::nullopt;
      break;
    }
    if (wanted) message.answers.push_back(std::move(record));
    else if (record.type == kOpt && i >= answers)
      message.rcode = static_cast<uint16_t>((record.ttl >> 24U) << 4U | (message.rcode & 0x0FU));
  }
  message.answers_missing = answers - static_cast<uint32_t>(message.answers.size());
  return message;
}

}  // namespace tarry::analysis
