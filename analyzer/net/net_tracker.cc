#include "analyzer/net/net_tracker.h"

#include "analyzer/net/dns.h"
#include "analyzer/net/http1.h"
#include "analyzer/net/http2.h"
#include "analyzer/net/http_log.h"
#include "analyzer/net/tls.h"

namespace tarry::analysis {

// The protocols with what they have found out, each in a type of its own.
struct NetTracker::Protocols {
  DnsLog dns;
  TlsLog tls;
  HttpLog http;
};

NetTracker::NetTracker(const ResourceTracker& resources)
    : resources_(resources),
      protocols_(std::make_unique<Protocols>()),
      streams_(resources, [this](const Channel& channel) {
        // A pipe carries what two programs of one machine agree on, never a protocol of the network.
        const bool talks = channel.plaintext || channel.kind == ResourceKind::socket ||
                           channel.kind == ResourceKind::unix_socket;
        return talks ? routeChannel(recognised_) : nullptr;
      }) {
  recognised_.push_back(dnsProtocol(protocols_->dns));
  recognised_.push_back(tlsProtocol(protocols_->tls));
  recognised_.push_back(http2Protocol(protocols_->http));
  recognised_.push_back(http1Protocol(protocols_->http));
}

NetTracker::~NetTracker() = default;

void NetTracker::store(Database& db, int64_t from_ts, int64_t to_ts) const {
  protocols_->dns.store(db, from_ts, to_ts);
  protocols_->tls.store(db, from_ts, to_ts,
                        [this](ResourceId socket) { return streams_.hasPlaintext(socket); });
  protocols_->http.store(db, resources_, from_ts, to_ts);
}

}  // namespace tarry::analysis
