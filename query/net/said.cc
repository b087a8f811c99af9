#include "query/net/said.h"

#include <fmt/format.h>

#include <algorithm>
#include <limits>

#include "analyzer/net/moved_bytes.h"
#include "analyzer/resource_label.h"

namespace tarry {
namespace {

using analysis::MovingCall;
using analysis::PayloadUse;

constexpr int64_t kPeek = 0x2;                   // MSG_PEEK
constexpr uint64_t kPlain = uint64_t{1} << 63U;  // no channel has such a number

// Calls that read and write at a place of a file: no flow, but what `files` asks for.
struct PlacedCall {
  std::string_view name;
  bool sent;
};
constexpr PlacedCall kPlacedCalls[] = {
    {"pread64", false}, {"preadv", false}, {"pwrite64", true}, {"pwritev", true}};
constexpr int64_t kDataPart = 3;  // docs/trace-format.md: what an iovec points to

bool isConversation(std::string_view kind) {
  return kind == "socket" || kind == "unix" || kind == "pipe" || kind == "fifo";
}

bool isMessages(std::string_view protocol) {
  return protocol != "TCP" && protocol != "MPTCP" && protocol != "UNIX-STREAM" && !protocol.empty();
}

bool hasTable(Database& db, std::string_view name) {
  auto q = db.prepare("SELECT 1 FROM sqlite_master WHERE type = 'table' AND name = ?");
  return q.bind(1, name).step();
}

// What a system call of this name does, looked up once.
struct CallUse {
  const MovingCall* moving = nullptr;
  const PlacedCall* placed = nullptr;
};
CallUse useOf(std::string_view name) {
  CallUse use;
  use.moving = analysis::findMovingCall(name);
  const auto* placed = std::find_if(std::begin(kPlacedCalls), std::end(kPlacedCalls),
                                    [&](const PlacedCall& call) { return call.name == name; });
  if (placed != std::end(kPlacedCalls)) use.placed = placed;
  return use;
}

}  // namespace

SaidPieces::SaidPieces(Database& db, bool files)
    : payload_(db.prepare("SELECT data FROM payload WHERE id = ?")) {
  loadResources(db);
  loadLosses(db);
  gatherPayloads(db, files);
  if (hasTable(db, "plaintext")) gatherPlaintext(db);
  sortAndLink();
}

void SaidPieces::loadResources(Database& db) {
  std::map<std::string, uint64_t> channels;
  auto q = db.prepare(
      "SELECT id, kind, protocol, path, name, local_addr, local_port, remote_addr, remote_port, peer_id, "
      "cookie,"
      " dev, inode FROM resource");
  while (q.step()) {
    Thing thing;
    thing.kind = q.text(1);
    thing.protocol = q.isNull(2) ? std::string_view() : q.text(2);
    thing.path = q.isNull(3) ? std::string_view() : q.text(3);
    thing.name = q.text(4);
    thing.local_addr = q.isNull(5) ? std::string_view() : q.text(5);
    thing.local_port = q.isNull(6) ? 0 : q.integer(6);
    thing.remote_addr = q.isNull(7) ? std::string_view() : q.text(7);
    thing.remote_port = q.isNull(8) ? 0 : q.integer(8);
    thing.peer_id = q.isNull(9) ? 0 : q.integer(9);
    std::string key = fmt::format("resource {}", q.integer(0));
    if (!q.isNull(10)) key = fmt::format("cookie {}", q.integer(10));
    else if (!q.isNull(12))
      key =
          fmt::format("{} {} {}", thing.kind, q.isNull(11) ? std::string_view() : q.text(11), q.integer(12));
    thing.channel = channels.emplace(key, channels.size() + 1).first->second;
    resources_.emplace(q.integer(0), std::move(thing));
  }
}

// Times in which calls, or their bytes, were lost or left out.
void SaidPieces::loadLosses(Database& db) {
  auto q = db.prepare(
      "SELECT ts, dur FROM loss WHERE source NOT IN ('switches', 'wakes', 'signals')"
      " UNION ALL SELECT ts, dur FROM fold ORDER BY 1");
  while (q.step()) losses_.emplace_back(q.integer(0), q.integer(0) + std::max<int64_t>(q.integer(1), 0));
}

uint64_t SaidPieces::flowOf(const Thing& thing, const SaidPiece& piece) {
  return flows_.emplace(std::pair(thing.channel, piece.sent ? 1 : 0), flows_.size() + 1).first->second;
}

void SaidPieces::gatherPayloads(Database& db, bool files) {
  std::unordered_map<std::string, CallUse> uses;
  std::string names;  // of our own tables, so they need no quoting
  auto all = db.prepare("SELECT DISTINCT name FROM syscall");
  while (all.step()) {
    const std::string name(all.text(0));
    const CallUse use = tarry::useOf(name);
    if (use.moving == nullptr && (use.placed == nullptr || !files)) continue;
    uses.emplace(name, use);
    names += fmt::format("{}'{}'", names.empty() ? "" : ", ", name);
  }
  if (uses.contains("splice")) gatherSplices(db);
  auto q = db.prepare(
      "SELECT s.id, s.ts, s.dur, s.utid, t.upid, s.name, s.ret, s.a2, s.a3, s.resource_id, p.id, p.arg, "
      "p.part,"
      " p.direction, p.length, length(p.data) FROM syscall s JOIN thread t ON t.utid = s.utid LEFT JOIN "
      "payload p"
      " ON p.syscall_id = s.id WHERE s.name IN (" +
      names +
      ") AND s.errno IS NULL AND s.dur IS NOT NULL AND s.ret >= 0 AND s.resource_id IS NOT NULL ORDER BY "
      "s.id, p.id");
  SaidPiece address_of;  // the call whose address was seen last
  SaidPiece messages;    // the call that moved several of which one was seen last
  int64_t message_count = 0, seen = 0;
  const auto seenUntil = [&](int64_t message) {
    messages.moved = 1;  // at least: nothing of those between is in the trace
    if (seen < message) pieces_.push_back(messages);
    seen = message + 1;
  };
  const auto endMessages = [&] {
    if (message_count > 0) seenUntil(message_count);
    message_count = 0;
  };
  while (q.step()) {
    if (q.integer(0) != messages.syscall_id) endMessages();
    const CallUse use = uses.at(std::string(q.text(5)));
    const auto resource = resources_.find(q.integer(9));
    if (resource == resources_.end()) continue;
    const Thing& thing = resource->second;
    if (!files && !isConversation(thing.kind)) continue;
    if (use.moving != nullptr) {
      const int flags_arg = analysis::flagsArgOf(*use.moving);
      if (flags_arg == 2 || flags_arg == 3) {
        const int column = flags_arg == 2 ? 7 : 8;
        if (!q.isNull(column) && (q.integer(column) & kPeek) != 0) continue;
      }
    }
    SaidPiece piece;
    piece.syscall_id = q.integer(0);
    piece.sent =
        use.moving != nullptr ? analysis::flowOf(*use.moving) == analysis::Flow::sent : use.placed->sent;
    if (q.text(5) == "splice") piece.sent = false;  // of its first descriptor
    piece.call_ts = q.integer(1);
    piece.ts = piece.sent ? piece.call_ts : piece.call_ts + std::max<int64_t>(q.integer(2), 0);
    piece.utid = q.integer(3);
    piece.upid = q.integer(4);
    piece.resource_id = q.integer(9);
    const bool whole = use.placed != nullptr || isMessages(thing.protocol);
    if (!whole) piece.flow = flowOf(thing, piece);
    const auto moved = static_cast<uint64_t>(q.integer(6));
    piece.moved = moved;
    // Of one call: the addresses come before or behind the data.
    if (q.isNull(10)) {
      if (moved > 0) pieces_.push_back(piece);  // its bytes are not in the trace
      continue;
    }
    const int64_t arg = q.integer(11);
    const int64_t part = q.integer(12);
    PayloadUse payload_use = PayloadUse::other;
    if (use.placed != nullptr) {
      if (arg == 1 && (part == 0 || part == kDataPart)) payload_use = PayloadUse::data;
    } else {
      payload_use = analysis::useOf(*use.moving, arg, part,
                                    q.text(13) == "in" ? PayloadDirection::in : PayloadDirection::out);
    }
    const bool same_call = !pieces_.empty() && pieces_.back().syscall_id == piece.syscall_id;
    switch (payload_use) {
      case PayloadUse::other: break;
      case PayloadUse::address:
        address_of = piece;
        address_of.source_id = q.integer(10);
        if (same_call && arg == 4) pieces_.back().address_id = address_of.source_id;
        break;
      case PayloadUse::message_data:
        if (analysis::messageOf(part) >= q.integer(6)) break;  // it was not moved
        if (message_count == 0) {
          messages = piece;
          message_count = q.integer(6);
          seen = 0;
        }
        seenUntil(analysis::messageOf(part));
        piece.moved = static_cast<uint64_t>(std::max<int64_t>(q.integer(14), 0));
        [[fallthrough]];
      case PayloadUse::data:
        piece.source = SaidIn::payload;
        piece.source_id = q.integer(10);
        piece.kept = std::min(static_cast<uint64_t>(std::max<int64_t>(q.integer(15), 0)), piece.moved);
        if (address_of.syscall_id == piece.syscall_id) piece.address_id = address_of.source_id;
        pieces_.push_back(piece);
        break;
    }
  }
  endMessages();
}

// What splice moved into its second descriptor: bytes that nobody has seen.
void SaidPieces::gatherSplices(Database& db) {
  auto q = db.prepare(
      "SELECT s.id, s.ts, s.ret, o.resource_id FROM syscall s JOIN syscall_object_more o ON o.syscall_id = "
      "s.id"
      " WHERE s.name = 'splice' AND o.role = 'arg2' AND s.errno IS NULL AND s.ret > 0 AND s.dur IS NOT NULL");
  while (q.step()) {
    const auto resource = resources_.find(q.integer(3));
    if (resource == resources_.end() || isMessages(resource->second.protocol)) continue;
    SaidPiece piece;
    piece.sent = true;
    piece.syscall_id = q.integer(0);
    piece.ts = piece.call_ts = q.integer(1);
    piece.moved = static_cast<uint64_t>(q.integer(2));
    piece.flow = flowOf(resource->second, piece);
    pieces_.push_back(piece);
  }
}

// What programs handed to their TLS library, and got from it.
void SaidPieces::gatherPlaintext(Database& db) {
  plaintext_ = db.prepare("SELECT data FROM plaintext WHERE id = ?");
  auto q = db.prepare(
      "SELECT p.id, p.ts, p.dur, p.utid, t.upid, p.resource_id, p.session, p.direction, p.length, "
      "length(p.data)"
      " FROM plaintext p JOIN thread t ON t.utid = p.utid ORDER BY p.id");
  while (q.step()) {
    SaidPiece piece;
    piece.source = SaidIn::plaintext;
    piece.source_id = q.integer(0);
    piece.call_ts = q.integer(1);
    piece.sent = q.text(7) == "in" || q.text(7) == "sent";
    piece.ts = piece.sent || q.isNull(2) ? piece.call_ts : piece.call_ts + std::max<int64_t>(q.integer(2), 0);
    piece.utid = q.integer(3);
    piece.upid = q.integer(4);
    piece.resource_id = q.isNull(5) ? 0 : q.integer(5);
    piece.moved = static_cast<uint64_t>(std::max<int64_t>(q.integer(8), 0));
    piece.kept = std::min(static_cast<uint64_t>(std::max<int64_t>(q.integer(9), 0)), piece.moved);
    const uint64_t session = kPlain | static_cast<uint64_t>(q.isNull(6) ? 0 : q.integer(6));
    // An address is used again, for a session over another socket or in another process.
    const auto below = resources_.find(piece.resource_id);
    const uint64_t which = below != resources_.end() ? below->second.channel << 1U
                                                     : static_cast<uint64_t>(piece.upid) << 1U | 1U;
    const std::pair key(session, which << 1U | (piece.sent ? 1U : 0U));
    piece.flow = flows_.emplace(key, flows_.size() + 1).first->second;
    pieces_.push_back(piece);
  }
}

void SaidPieces::sortAndLink() {
  std::stable_sort(pieces_.begin(), pieces_.end(),
                   [](const SaidPiece& a, const SaidPiece& b) { return a.ts < b.ts; });
  struct Last {
    int64_t ts = std::numeric_limits<int64_t>::min();
    bool gap = false;
  };
  std::vector<Last> last(flows_.size() + 1);
  for (SaidPiece& piece : pieces_) {
    if (piece.flow == 0) continue;
    Last& before = last[piece.flow];
    piece.after_gap = before.gap;
    const auto loss = std::partition_point(losses_.begin(), losses_.end(),
                                           [&](const auto& l) { return l.second < before.ts; });
    if (loss != losses_.end() && loss->first <= piece.ts && before.ts != std::numeric_limits<int64_t>::min())
      piece.after_gap = true;
    before = {piece.ts, piece.kept < piece.moved};
  }
  // Without bytes they have only said where something is missing.
  std::erase_if(pieces_,
                [](const SaidPiece& piece) { return piece.source == SaidIn::none || piece.kept == 0; });
  std::vector<SaidPiece*> ends(flows_.size() + 1);
  for (SaidPiece& piece : pieces_) ends[piece.flow] = &piece;
  for (SaidPiece* piece : ends) {
    if (piece != nullptr) piece->last = true;
  }
}

std::span<const uint8_t> SaidPieces::data(const SaidPiece& piece) {
  Statement& statement = piece.source == SaidIn::plaintext ? plaintext_ : payload_;
  statement.reset();
  if (!statement.bind(1, piece.source_id).step()) return {};
  const std::span<const uint8_t> bytes = statement.blob(0);
  return bytes.first(std::min<size_t>(bytes.size(), piece.kept));
}

std::string_view SaidPieces::kind(const SaidPiece& piece) const {
  const auto found = resources_.find(piece.resource_id);
  return found == resources_.end() ? std::string_view() : std::string_view(found->second.kind);
}

SaidEnds SaidPieces::ends(const SaidPiece& piece) {
  SaidEnds ends;
  const auto found = resources_.find(piece.resource_id);
  if (found == resources_.end()) return ends;
  const Thing& thing = found->second;
  if (thing.kind != "socket") {
    ends.local = !thing.path.empty() && thing.kind != "unix" ? thing.path : thing.name;
    constexpr std::string_view kToNamed = "unix → ";
    if (ends.local.starts_with(kToNamed)) {
      ends.remote = ends.local.substr(kToNamed.size());
      ends.local = "unix";
    }
    return ends;
  }
  ends.local_addr = thing.local_addr;
  ends.local_port = thing.local_port;
  ends.remote_addr = thing.remote_addr;
  ends.remote_port = thing.remote_port;
  if (piece.address_id != 0) {
    payload_.reset();
    if (payload_.bind(1, piece.address_id).step()) {
      if (const auto named = analysis::endpointOf(payload_.blob(0))) {
        ends.remote_addr = analysis::addressText(named->family, named->addr);
        ends.remote_port = named->port;
      }
    }
  }
  ends.local = analysis::endpointText(ends.local_addr, static_cast<uint16_t>(ends.local_port));
  if (!ends.remote_addr.empty())
    ends.remote = analysis::endpointText(ends.remote_addr, static_cast<uint16_t>(ends.remote_port));
  return ends;
}

uint64_t SaidPieces::wayOf(const SaidPiece& piece) const {
  const auto found = resources_.find(piece.resource_id);
  if (found == resources_.end()) return 0;
  const Thing& thing = found->second;
  if (thing.kind == "pipe" || thing.kind == "fifo") return thing.channel << 1U;
  const auto peer = resources_.find(thing.peer_id);
  if (peer == resources_.end()) return 0;
  // Of two channels the lower number stands for both, its last bit for who of them speaks.
  const uint64_t sender = piece.sent ? thing.channel : peer->second.channel;
  const uint64_t lower = std::min(thing.channel, peer->second.channel);
  const uint64_t plain = piece.source == SaidIn::plaintext ? kPlain : 0;
  return plain | lower << 1U | (sender == lower ? 1U : 0U);
}

}  // namespace tarry
