#include "replay/dns_message.h"

#include <algorithm>

namespace tarry::replay {
namespace {

constexpr size_t kHeader = 12;
constexpr size_t kId = 2;

std::span<const uint8_t> withoutId(const Bytes& message) {
  return std::span(message).subspan(std::min(message.size(), kId));
}

// The name and type: what flags and options stand around them may differ.
std::span<const uint8_t> question(const Bytes& message) {
  size_t at = kHeader;
  while (at < message.size() && message[at] != 0 && message[at] < 64) at += size_t{message[at]} + 1;
  const size_t end = std::min(message.size(), at + 5);
  return end > kHeader ? std::span(message).subspan(kHeader, end - kHeader) : std::span<const uint8_t>();
}

bool sameId(const Bytes& a, const Bytes& b) {
  return a.size() >= kHeader && b.size() >= kHeader && std::equal(a.begin(), a.begin() + kId, b.begin());
}

}  // namespace

int dnsLikeness(const Bytes& recorded, const Bytes& asked) {
  if (recorded == asked) return 3;
  if (std::ranges::equal(withoutId(recorded), withoutId(asked))) return 2;
  return std::ranges::equal(question(recorded), question(asked)) ? 1 : 0;
}

Bytes dnsAnswerTo(const Bytes& asked, Bytes answer) {
  if (answer.size() >= kId && asked.size() >= kId) std::copy_n(asked.begin(), kId, answer.begin());
  return answer;
}

std::span<const uint8_t> nextDnsMessage(std::span<const uint8_t> stream, size_t& at) {
  if (stream.size() < at + 2) return {};
  const size_t length = size_t{stream[at]} << 8U | stream[at + 1];
  if (length == 0 || stream.size() < at + 2 + length) return {};
  const std::span<const uint8_t> message = stream.subspan(at + 2, length);
  at += 2 + length;
  return message;
}

Bytes withDnsLength(const Bytes& message) {
  Bytes framed = {static_cast<uint8_t>(message.size() >> 8U), static_cast<uint8_t>(message.size())};
  framed.insert(framed.end(), message.begin(), message.end());
  return framed;
}

std::vector<RecordedQuery> dnsQueriesOf(const RecordedConnection& connection) {
  Bytes asked, answered;
  struct End {
    size_t bytes;  // of all answers
    int64_t offset_ns;
  };
  std::vector<End> ends;
  for (const Turn& turn : connection.turns) {
    asked.insert(asked.end(), turn.asked.begin(), turn.asked.end());
    for (const Answer& answer : turn.answers) {
      answered.insert(answered.end(), answer.bytes.begin(), answer.bytes.end());
      ends.push_back({answered.size(), answer.offset_ns});
    }
  }
  std::vector<RecordedQuery> queries;
  size_t at = 0;
  for (auto message = nextDnsMessage(asked, at); !message.empty(); message = nextDnsMessage(asked, at)) {
    RecordedQuery& query = queries.emplace_back();
    query.server = connection.server;
    query.asked.assign(message.begin(), message.end());
  }
  if (at != asked.size()) return {};
  at = 0;
  for (auto message = nextDnsMessage(answered, at); !message.empty();
       message = nextDnsMessage(answered, at)) {
    const auto end = std::find_if(ends.begin(), ends.end(), [&](const End& one) { return one.bytes >= at; });
    const Bytes bytes(message.begin(), message.end());
    const auto query = std::find_if(queries.begin(), queries.end(), [&](const RecordedQuery& one) {
      return one.answers.empty() && sameId(one.asked, bytes);
    });
    if (query != queries.end()) query->answers.push_back({end == ends.end() ? 0 : end->offset_ns, bytes});
  }
  return queries;
}

}  // namespace tarry::replay
