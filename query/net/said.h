// SaidPieces: what the recorded programs said to each other, read from the tables: every piece that a call
// moved, in the order in which it was said (sent: at the enter of the call, received: at its return).
//
// A list of the pieces without their bytes is made at once; data() fetches them. Works on a trace just loaded
// and on a database that `tarry load` wrote.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <utility>
#include <vector>

#include "analyzer/sqlite.h"

namespace tarry {

enum class SaidIn : uint8_t { none, payload, plaintext };  // table that has the bytes

struct SaidPiece {
  int64_t ts = 0;       // when it was said
  int64_t call_ts = 0;  // enter of the call
  int64_t utid = 0, upid = 0;
  int64_t syscall_id = 0;  // 0: none
  int64_t resource_id = 0;
  int64_t source_id = 0;   // row of the table
  int64_t address_id = 0;  // payload.id of the address that the call named, 0: none
  uint64_t flow = 0;       // pieces of one flow follow each other; 0: this one is whole, a message
  uint64_t moved = 0;      // bytes
  uint64_t kept = 0;       // of which the table has the first
  SaidIn source = SaidIn::none;
  bool sent = false;
  bool last = false;       // of its flow
  bool after_gap = false;  // what was said between this piece and the one of its flow before is not known
};

struct SaidEnds {
  std::string local, remote;  // "127.0.0.1:80", a path, "pipe:[12]"; remote may be empty
  std::string local_addr, remote_addr;
  int64_t local_port = 0, remote_port = 0;  // 0: none
};

class SaidPieces {
 public:
  // `files`: also what was read from and written to files, devices and the terminal.
  SaidPieces(Database& db, bool files);

  const std::vector<SaidPiece>& all() const { return pieces_; }
  // Valid until the next call.
  std::span<const uint8_t> data(const SaidPiece& piece);
  SaidEnds ends(const SaidPiece& piece);
  std::string_view kind(const SaidPiece& piece) const;  // resource.kind, empty where not known

  // A number for the bytes that go one way through a connection or pipe, the same at both its ends, of what
  // TLS carries another than of the TLS; 0 where the other end is not known.
  uint64_t wayOf(const SaidPiece& piece) const;

 private:
  struct Thing {
    std::string kind, protocol, path, name, local_addr, remote_addr;
    int64_t local_port = 0, remote_port = 0;
    uint64_t channel = 0;  // one socket or pipe, whatever its rows
    int64_t peer_id = 0;
  };

  void loadResources(Database& db);
  void loadLosses(Database& db);
  void gatherPayloads(Database& db, bool files);
  void gatherSplices(Database& db);
  void gatherPlaintext(Database& db);
  void sortAndLink();
  uint64_t flowOf(const Thing& thing, const SaidPiece& piece);

  std::vector<SaidPiece> pieces_;
  std::unordered_map<int64_t, Thing> resources_;
  std::map<std::pair<uint64_t, uint64_t>, uint64_t> flows_;  // (channel or session, direction) -> flow
  std::vector<std::pair<int64_t, int64_t>> losses_;          // begin, end; in order
  Statement payload_, plaintext_;
};

}  // namespace tarry
