#include "analyzer/net/dns.h"

#include <fmt/format.h>

#include <algorithm>

namespace tarry::analysis {
namespace {

// Text of all answers together: names in a hostile message are short references to long texts.
constexpr size_t kMostText = 64U << 20U;
constexpr size_t kMostServers = 16;
// Lookups under way on one socket that an error of it, or an answer without its question, can be about.
constexpr size_t kMostOnChannel = 256;

bool isQuestionOf(const DnsLookup& lookup, const DnsQuestion& question) {
  return lookup.type == question.type && dnsLowerCase(lookup.name) == dnsLowerCase(question.name);
}

// By whom and where the last message of it was sent.
void tellWhere(DnsLookup& lookup, const DnsLog::Context& context, const DnsMessage& message, bool client) {
  lookup.client = client;
  lookup.utid = context.piece.utid;
  lookup.upid = context.piece.upid;
  lookup.resource = context.channel.resource;
  lookup.channel = context.channel.id;
  lookup.id = message.id;
  lookup.tcp = context.tcp;
  lookup.server = client ? context.piece.remote : context.channel.local;
}

}  // namespace

std::string DnsLog::keyOf(const Context& context, bool client, const DnsQuestion& question) {
  std::string key = fmt::format("{} {} {} ", context.piece.upid, client ? 'c' : 's', question.type);
  // Askers choose the ids, each its own.
  if (!client) {
    const Endpoint& asker = context.piece.remote;
    key += fmt::format("{} {} {:02x} ", context.channel.id, asker.port, fmt::join(asker.addr, ""));
  }
  return key + dnsLowerCase(question.name);
}

void DnsLog::message(const Context& context, std::span<const uint8_t> bytes, bool whole) {
  std::optional<DnsMessage> message = parseDnsMessage(bytes, whole);
  if (!message) {
    malformed_++;
    return;
  }
  const bool sent = context.piece.flow == Flow::sent;
  if (!message->response) {
    // What others ask by multicast is no question to this process.
    if (context.multicast && !sent) return;
    for (const DnsQuestion& question : message->questions) ask(context, *message, question, sent);
    return;
  }
  answer(context, *message, !sent);
}

DnsLookup& DnsLog::ask(const Context& context, const DnsMessage& message, const DnsQuestion& question,
                       bool client) {
  const std::string question_key = keyOf(context, client, question);
  const std::string key = fmt::format("{} {}", message.id, question_key);
  auto found = by_question_.find(key);
  // The question that a truncated answer is followed by may have another id.
  if (context.tcp && client && found == by_question_.end()) {
    const auto cut = truncated_.find(question_key);
    if (cut != truncated_.end()) found = by_question_.emplace(key, cut->second).first;
  }
  size_t index = lookups_.size();
  if (found != by_question_.end()) {
    const DnsLookup& before = lookups_[found->second];
    const bool goes_on = !before.answer_ts || (before.truncated && context.tcp && !before.tcp);
    if (goes_on && before.tries > 0) index = found->second;
  }
  if (index == lookups_.size()) {
    lookups_.emplace_back();
    lookups_.back().ts = context.piece.ts;
    lookups_.back().name = question.name;
    lookups_.back().type = question.type;
    by_question_[key] = index;
  }
  truncated_.erase(question_key);
  DnsLookup& lookup = lookups_[index];
  lookup.multicast = context.multicast;
  tellWhere(lookup, context, message, client);
  if (client && lookup.servers.size() < kMostServers &&
      std::find(lookup.servers.begin(), lookup.servers.end(), lookup.server) == lookup.servers.end())
    lookup.servers.push_back(lookup.server);
  lookup.tries++;
  lookup.error = 0;
  if (lookup.answer_ts) {  // over TCP again: what UDP brought was no answer
    lookup.answer_ts.reset();
    lookup.rcode.reset();
    lookup.answers.clear();
    lookup.answers_missing = 0;
  }
  std::vector<size_t>& under_way = by_channel_[context.channel.id];
  if (std::find(under_way.begin(), under_way.end(), index) == under_way.end()) {
    if (under_way.size() >= kMostOnChannel) under_way.erase(under_way.begin());
    under_way.push_back(index);
  }
  return lookup;
}

DnsLookup* DnsLog::pendingWithoutQuestion(const Context& context, const DnsMessage& message, bool client) {
  const auto under_way = by_channel_.find(context.channel.id);
  if (under_way == by_channel_.end()) return nullptr;
  for (const size_t index : under_way->second) {
    DnsLookup& lookup = lookups_[index];
    if (lookup.client != client || lookup.answer_ts) continue;
    if (!context.multicast) {
      if (lookup.id == message.id) return &lookup;
      continue;
    }
    for (const DnsRecord& record : message.answers) {
      if (isQuestionOf(lookup, {record.name, record.type})) return &lookup;
    }
  }
  return nullptr;
}

void DnsLog::answer(const Context& context, DnsMessage& message, bool client) {
  if (message.questions.empty()) {
    // Of answers to several questions at once each gets all records.
    for (int i = 0; i < static_cast<int>(DnsMessage::kMostQuestions); i++) {
      DnsLookup* lookup = pendingWithoutQuestion(context, message, client);
      if (lookup == nullptr) return;
      DnsMessage copy = message;
      settle(*lookup, context, copy);
    }
    return;
  }
  const DnsQuestion& question = message.questions.front();
  const std::string question_key = keyOf(context, client, question);
  const std::string key = fmt::format("{} {}", message.id, question_key);
  const auto found = by_question_.find(key);
  if (found != by_question_.end()) {
    DnsLookup& lookup = lookups_[found->second];
    const bool known =
        !client || context.piece.remote.family == 0 || context.multicast ||
        std::find(lookup.servers.begin(), lookup.servers.end(), context.piece.remote) != lookup.servers.end();
    // A second answer, or one of somebody who was not asked.
    if (lookup.answer_ts || (!known && lookup.tries > 0)) return;
    settle(lookup, context, message);
    if (lookup.truncated && !lookup.tcp) truncated_[question_key] = found->second;
    return;
  }
  if (context.multicast) return;
  lookups_.emplace_back();
  DnsLookup& lookup = lookups_.back();
  lookup.ts = context.piece.ts;
  lookup.name = question.name;
  lookup.type = question.type;
  tellWhere(lookup, context, message, client);
  by_question_.emplace(key, lookups_.size() - 1);
  settle(lookup, context, message);
}

void DnsLog::settle(DnsLookup& lookup, const Context& context, DnsMessage& message) {
  lookup.answer_ts = context.piece.ts;
  lookup.rcode = message.rcode;
  lookup.error = 0;
  if (lookup.client && context.piece.remote.family != 0) lookup.server = context.piece.remote;
  lookup.truncated = lookup.truncated || message.truncated;
  lookup.answers_missing = message.answers_missing;
  for (DnsRecord& record : message.answers) {
    const size_t size = record.name.size() + record.data.size() + sizeof(DnsRecord);
    if (text_bytes_ + size > kMostText) {
      lookup.answers_missing++;
      answers_left_out_++;
      continue;
    }
    text_bytes_ += size;
    lookup.answers.push_back(std::move(record));
  }
  const auto under_way = by_channel_.find(context.channel.id);
  if (under_way == by_channel_.end()) return;
  std::erase(under_way->second, static_cast<size_t>(&lookup - lookups_.data()));
  if (under_way->second.empty()) by_channel_.erase(under_way);
}

void DnsLog::failed(const Context& context, std::span<const uint8_t> bytes, int32_t error) {
  if (context.piece.flow == Flow::sent) {
    const std::optional<DnsMessage> message = parseDnsMessage(bytes, true);
    if (!message || message->response) return;
    for (const DnsQuestion& question : message->questions)
      ask(context, *message, question, true).error = error;
    return;
  }
  const auto under_way = by_channel_.find(context.channel.id);
  if (under_way == by_channel_.end()) return;
  for (const size_t index : under_way->second) {
    DnsLookup& lookup = lookups_[index];
    if (!lookup.client || lookup.answer_ts || lookup.channel != context.channel.id) continue;
    // What came first failed it; poll's word only stands until the socket says which error it is.
    if (lookup.error == 0 || lookup.error == ChannelDecoder::kSomeError) lookup.error = error;
  }
}

}  // namespace tarry::analysis
