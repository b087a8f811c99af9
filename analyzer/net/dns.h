// DnsLog: the lookups that programs made, and those that servers were asked, put together from the messages
// on port 53 (UDP and TCP) and, of multicast DNS, the questions a program itself asked on port 5353.
//
// One lookup is one question of one process: its repetitions, also to other servers, and an answer that came
// truncated and was asked for again over TCP belong to it. Messages to a local resolver that are no DNS
// (nscd, systemd-resolved's socket) are left alone.
#pragma once

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

#include "analyzer/net/dns_message.h"
#include "analyzer/net/protocol_router.h"
#include "analyzer/sqlite.h"

namespace tarry::analysis {

struct DnsLookup {
  int64_t ts = 0;                    // of the first question; of the answer, where no question was seen
  std::optional<int64_t> answer_ts;  // none: there was no answer
  Utid utid = 0;
  Upid upid = 0;
  ResourceId resource{};
  uint64_t channel = 0;  // of the last question
  bool tcp = false;
  bool client = true;
  bool multicast = false;
  Endpoint server;                // that answered, or was asked last
  std::vector<Endpoint> servers;  // all that were asked
  uint16_t id = 0;
  std::string name;
  uint16_t type = 0;
  std::optional<uint16_t> rcode;
  int32_t error = 0;  // the socket's, with which it failed
  std::vector<DnsRecord> answers;
  uint32_t answers_missing = 0;  // not in the trace, or too many
  uint32_t tries = 0;            // 0: the question is not in the trace
  bool truncated = false;
};

class DnsLog {
 public:
  // What a message was said on.
  struct Context {
    const Channel& channel;
    const Piece& piece;
    bool tcp = false;
    bool multicast = false;
  };

  // `whole`: nothing of the message is missing.
  void message(const Context& context, std::span<const uint8_t> bytes, bool whole);
  // Sending (then the bytes are what it tried to send) or receiving failed.
  void failed(const Context& context, std::span<const uint8_t> bytes, int32_t error);

  const std::vector<DnsLookup>& lookups() const { return lookups_; }
  void store(Database& db, int64_t from_ts, int64_t to_ts) const;

 private:
  static std::string keyOf(const Context& context, bool client, const DnsQuestion& question);
  DnsLookup& ask(const Context& context, const DnsMessage& message, const DnsQuestion& question, bool client);
  void answer(const Context& context, DnsMessage& message, bool client);
  void settle(DnsLookup& lookup, const Context& context, DnsMessage& message);
  DnsLookup* pendingWithoutQuestion(const Context& context, const DnsMessage& message, bool client);

  std::vector<DnsLookup> lookups_;
  // The last one for a question: with the id of its message, and, where the answer was truncated, without.
  std::unordered_map<std::string, size_t> by_question_, truncated_;
  std::unordered_map<uint64_t, std::vector<size_t>> by_channel_;  // that may be under way
  size_t text_bytes_ = 0;
  int64_t malformed_ = 0;
  int64_t answers_left_out_ = 0;
};

// The protocol that hands its messages to `log`, which must outlive it.
std::unique_ptr<Protocol> dnsProtocol(DnsLog& log);

}  // namespace tarry::analysis
