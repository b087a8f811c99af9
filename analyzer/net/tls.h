// TlsLog: the TLS sessions on the sockets of a trace, as far as they can be read without their keys: the
// hellos, how long the handshake took, alerts, and how many bytes of application data went each way.
#pragma once

#include <array>
#include <cstdint>
#include <deque>
#include <functional>
#include <memory>
#include <optional>
#include <string>

#include "analyzer/net/protocol_router.h"
#include "analyzer/net/tls_hello.h"
#include "analyzer/sqlite.h"

namespace tarry::analysis {

struct TlsSession {
  int64_t ts = 0;       // of the first hello that was seen
  int64_t last_ts = 0;  // of the last record
  ResourceId resource{};
  Upid upid = 0;
  Utid utid = 0;
  bool client = true;
  std::optional<TlsClientHello> client_hello;
  std::optional<TlsServerHello> server_hello;
  int64_t server_hello_ts = 0;
  std::optional<int64_t> finished_ts;  // the handshake's end
  std::string alert;  // the first in clear that says more than goodbye: "received fatal unknown_ca"
  std::array<uint64_t, 2> data_bytes{};  // by Flow: of application data records, in them encrypted
  std::array<bool, 2> incomplete{};      // not all records were seen, so neither were all bytes
};

class TlsLog {
 public:
  // Stays where it is.
  TlsSession& begin() { return sessions_.emplace_back(); }
  void store(Database& db, int64_t from_ts, int64_t to_ts,
             const std::function<bool(ResourceId)>& has_plaintext = {}) const;

 private:
  std::deque<TlsSession> sessions_;
};

// The protocol whose sessions go to `log`, which must outlive it.
std::unique_ptr<Protocol> tlsProtocol(TlsLog& log);

}  // namespace tarry::analysis
