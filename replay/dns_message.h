// DNS messages as far as a stand-in has to know them (RFC 1035, 4.1 and 4.2.2): the same question is asked
// with another id each time, and over TCP a message stands behind its length.
#pragma once

#include <span>
#include <vector>

#include "replay/script.h"

namespace tarry::replay {

// How much a question is like a recorded one: 3 the same bytes, 2 another id, 1 the same name and type; 0
// not.
int dnsLikeness(const Bytes& recorded, const Bytes& asked);
// The answer as one to this question.
Bytes dnsAnswerTo(const Bytes& asked, Bytes recorded_answer);

// The next message of a TCP stream behind `at`, which moves on; empty: it is not there as a whole.
std::span<const uint8_t> nextDnsMessage(std::span<const uint8_t> stream, size_t& at);
// As it is sent by TCP.
Bytes withDnsLength(const Bytes& message);

// What was asked and answered in a connection, message by message. Empty if it is not of such messages.
std::vector<RecordedQuery> dnsQueriesOf(const RecordedConnection& connection);

}  // namespace tarry::replay
