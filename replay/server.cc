#include "replay/server.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <poll.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cmath>
#include <cstring>
#include <deque>
#include <utility>

#include "format/readable.h"
#include "format/unique_fd.h"
#include "replay/dns_message.h"
#include "replay/http_message.h"

namespace tarry::replay {
namespace {

constexpr uint16_t kIpv6 = 10;
constexpr int64_t kMs = 1'000'000;
// After so long without another byte, a question that is not the recorded one is taken as complete.
constexpr int64_t kQuietNs = 200 * kMs;
constexpr size_t kMostRequest = size_t{64} << 20U;
constexpr size_t kMostUnknown = 20;
constexpr uint16_t kDns = 53;

int64_t nowNs() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1'000'000'000 + now.tv_nsec;
}

struct SocketAddress {
  sockaddr_storage storage{};
  socklen_t size = 0;
  sockaddr* get() { return reinterpret_cast<sockaddr*>(&storage); }
};

SocketAddress toSockaddr(const Endpoint& endpoint) {
  SocketAddress address;
  if (endpoint.family == kIpv6) {
    sockaddr_in6 in{};
    in.sin6_family = AF_INET6;
    in.sin6_port = htons(endpoint.port);
    std::memcpy(&in.sin6_addr, endpoint.addr.data(), 16);
    std::memcpy(&address.storage, &in, sizeof in);
    address.size = sizeof in;
  } else {
    sockaddr_in in{};
    in.sin_family = AF_INET;
    in.sin_port = htons(endpoint.port);
    std::memcpy(&in.sin_addr, endpoint.addr.data(), 4);
    std::memcpy(&address.storage, &in, sizeof in);
    address.size = sizeof in;
  }
  return address;
}

Endpoint onLoopback(Endpoint endpoint, uint16_t port) {
  endpoint.port = port;
  endpoint.addr = {};
  if (endpoint.family == kIpv6) endpoint.addr[15] = 1;
  else endpoint.addr = {127, 0, 0, 1};
  return endpoint;
}

uint16_t portOf(int fd) {
  sockaddr_storage storage{};
  socklen_t size = sizeof storage;
  if (getsockname(fd, reinterpret_cast<sockaddr*>(&storage), &size) != 0) return 0;
  in_port_t port = 0;  // at the same place in both families
  std::memcpy(&port, reinterpret_cast<const char*>(&storage) + sizeof(sa_family_t), sizeof port);
  return ntohs(port);
}

UniqueFd boundSocket(const Endpoint& at, bool datagrams) {
  UniqueFd fd(socket(at.family == kIpv6 ? AF_INET6 : AF_INET,
                     (datagrams ? SOCK_DGRAM : SOCK_STREAM) | SOCK_CLOEXEC | SOCK_NONBLOCK, 0));
  if (!fd) return fd;
  const int on = 1;
  setsockopt(fd.get(), SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
  if (at.family == kIpv6) setsockopt(fd.get(), IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on);
  SocketAddress address = toSockaddr(at);
  if (bind(fd.get(), address.get(), address.size) != 0) return {};
  if (!datagrams && ::listen(fd.get(), SOMAXCONN) != 0) return {};
  return fd;
}

}  // namespace

struct ReplayServer::Query {
  const RecordedQuery* query = nullptr;
  int uses = 0;
};

// What was recorded of one server.
struct ReplayServer::Target {
  Endpoint recorded;
  bool http = false;
  struct Candidate {
    RecordedConnection* connection = nullptr;
    bool used = false;
  };
  struct Request {  // of HTTP
    Turn turn;
    bool closes = false;
    int64_t connect_ns = 0;
    int uses = 0;
  };
  std::vector<Candidate> connections;
  std::vector<Request> requests;
  std::vector<Query> queries;         // of datagrams
  std::vector<Query> stream_queries;  // of DNS over TCP
  std::deque<RecordedQuery> split;    // the latter themselves
};

struct ReplayServer::Listener {
  UniqueFd fd;
  Target* target = nullptr;
  bool datagrams = false;
  struct Pending {
    int64_t due_ns = 0;
    SocketAddress to;
    Bytes bytes;
  };
  std::vector<Pending> pending;
};

struct ReplayServer::Client {
  UniqueFd fd;
  Target* target = nullptr;
  int64_t accepted_ns = 0;
  int64_t heard_ns = 0;  // the last byte
  Bytes asked;           // and not answered yet
  bool peer_ended = false;
  bool interim_sent = false;  // "100 Continue" of the request that is coming
  bool over = false;          // close when all has been sent
  struct Due {
    int64_t due_ns = 0;
    Bytes bytes;
  };
  std::vector<Due> due;  // in order
  size_t sent = 0;       // of due.front()
  // Of other protocols than HTTP:
  RecordedConnection* connection = nullptr;
  size_t turn = 0;

  // When something is to be done without another byte.
  int64_t wakeNs() const {
    int64_t wake = due.empty() ? INT64_MAX : due.front().due_ns;
    if (!asked.empty() && !target->http && target->stream_queries.empty())
      wake = std::min(wake, heard_ns + kQuietNs);
    return wake;
  }
};

ReplayServer::ReplayServer(ReplayScript script, double speed) : script_(std::move(script)), speed_(speed) {
  const auto target = [this](const Endpoint& server) -> Target& {
    std::unique_ptr<Target>& one = targets_[endpointText(server)];
    if (one == nullptr) {
      one = std::make_unique<Target>();
      one->recorded = server;
    }
    return *one;
  };
  for (RecordedConnection& connection : script_.connections)
    target(connection.server).connections.push_back({&connection, false});
  for (const RecordedQuery& query : script_.queries) target(query.server).queries.push_back({&query, 0});
  for (auto& [text, one] : targets_) {
    one->http = !one->connections.empty() &&
                std::all_of(one->connections.begin(), one->connections.end(), [](const auto& candidate) {
                  return looksLikeRequest(candidate.connection->turns.front().asked);
                });
    if (one->recorded.port == kDns) splitIntoQueries(*one);
    if (!one->http) continue;
    for (const auto& candidate : one->connections) {
      const RecordedConnection& connection = *candidate.connection;
      for (size_t i = 0; i < connection.turns.size(); i++) {
        const Turn& turn = connection.turns[i];
        const bool first = i == 0;
        // A body that waited for "100 Continue", or trickled in between, belongs to the request before.
        const bool goes_on = !first && !looksLikeRequest(turn.asked);
        if (goes_on && !one->requests.empty()) {
          Turn& before = one->requests.back().turn;
          before.asked.insert(before.asked.end(), turn.asked.begin(), turn.asked.end());
          before.answers.insert(before.answers.end(), turn.answers.begin(), turn.answers.end());
        } else {
          one->requests.push_back({turn, false, first ? connection.connect_ns : 0, 0});
        }
      }
      if (!one->requests.empty()) one->requests.back().closes = connection.server_ends;
    }
  }
}

void ReplayServer::splitIntoQueries(Target& target) {
  for (const auto& candidate : target.connections) {
    for (RecordedQuery& query : dnsQueriesOf(*candidate.connection)) {
      target.split.push_back(std::move(query));
      target.stream_queries.push_back({&target.split.back(), 0});
    }
  }
}

ReplayServer::~ReplayServer() = default;

int64_t ReplayServer::scaled(int64_t ns) const {
  // A trace of anybody may say anything: sums of a few of these stay within an integer.
  constexpr double kMostNs = 1e17;  // three years
  return std::isinf(speed_)
             ? 0
             : static_cast<int64_t>(std::clamp(static_cast<double>(ns) / speed_, 0.0, kMostNs));
}

std::vector<ReplayServer::Place> ReplayServer::listen(bool at_recorded_addresses,
                                                      std::vector<std::string>& problems) {
  std::vector<Place> places;
  for (auto& [text, target] : targets_) {
    for (const bool datagrams : {false, true}) {
      if (datagrams ? target->queries.empty() : target->connections.empty()) continue;
      auto listener = std::make_unique<Listener>();
      listener->target = target.get();
      listener->datagrams = datagrams;
      Endpoint actual = target->recorded;
      if (!at_recorded_addresses) actual = onLoopback(actual, actual.port);
      listener->fd = boundSocket(actual, datagrams);
      if (!listener->fd && !at_recorded_addresses)
        listener->fd = boundSocket(onLoopback(actual, 0), datagrams);
      if (!listener->fd) {
        problems.push_back(fmt::format("cannot stand in for {}: {}", text, std::strerror(errno)));
        continue;
      }
      actual.port = portOf(listener->fd.get());
      places.push_back({target->recorded, actual, datagrams});
      listeners_.push_back(std::move(listener));
    }
  }
  return places;
}

void ReplayServer::serve(int stop_fd) {
  std::vector<pollfd> fds;
  while (true) {
    fds.assign(1, {stop_fd, POLLIN, 0});
    int64_t wake_ns = INT64_MAX;
    for (const auto& listener : listeners_) {
      fds.push_back({listener->fd.get(), POLLIN, 0});
      for (const auto& pending : listener->pending) wake_ns = std::min(wake_ns, pending.due_ns);
    }
    const int64_t before_ns = nowNs();
    for (const auto& client : clients_) {
      const bool writes = !client->due.empty() && client->due.front().due_ns <= before_ns;
      const bool reads = !client->peer_ended && client->asked.size() < kMostRequest;
      fds.push_back(
          {client->fd.get(), static_cast<int16_t>((reads ? POLLIN : 0) | (writes ? POLLOUT : 0)), 0});
      if (!writes) wake_ns = std::min(wake_ns, client->wakeNs());
    }
    timespec timeout{};
    const int64_t wait_ns = std::max<int64_t>(wake_ns - before_ns, 0);
    timeout.tv_sec = wait_ns / 1'000'000'000;
    timeout.tv_nsec = wait_ns % 1'000'000'000;
    if (ppoll(fds.data(), fds.size(), wake_ns == INT64_MAX ? nullptr : &timeout, nullptr) < 0 &&
        errno != EINTR)
      return;
    if (fds[0].revents != 0) return;
    const size_t known = clients_.size();
    for (size_t i = 0; i < listeners_.size(); i++) {
      Listener& listener = *listeners_[i];
      if (listener.datagrams) answerDatagram(listener);
      else if ((fds[1 + i].revents & POLLIN) != 0) accept(listener);
    }
    for (size_t i = 0; i < known; i++) {
      Client& client = *clients_[i];
      const auto events = fds[1 + listeners_.size() + i].revents;
      bool lives = true;
      if ((events & (POLLIN | POLLHUP | POLLERR)) != 0 && !client.peer_ended) lives = read(client);
      else if ((events & (POLLHUP | POLLERR)) != 0) lives = false;  // it does not listen any more, either
      if (lives) consider(client);
      if (lives) lives = write(client);
      if (lives && client.due.empty()) consider(client);  // what it has said meanwhile
      if (!lives) client.fd = UniqueFd();
    }
    std::erase_if(clients_, [](const auto& client) { return !client->fd; });
  }
}

void ReplayServer::accept(Listener& listener) {
  while (true) {
    UniqueFd fd(accept4(listener.fd.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC));
    if (!fd) return;
    const int on = 1;
    setsockopt(fd.get(), IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    counts_.connections++;
    auto client = std::make_unique<Client>();
    client->fd = std::move(fd);
    client->target = listener.target;
    client->accepted_ns = client->heard_ns = nowNs();
    consider(*client);
    clients_.push_back(std::move(client));
  }
}

bool ReplayServer::read(Client& client) {
  std::array<uint8_t, 65'536> buffer;
  while (client.asked.size() < kMostRequest) {
    const ssize_t got = ::read(client.fd.get(), buffer.data(), buffer.size());
    if (got < 0) return errno == EAGAIN || errno == EINTR;
    if (got == 0) {
      client.peer_ended = true;  // what it has asked may be complete by that
      return true;
    }
    client.heard_ns = nowNs();
    client.asked.insert(client.asked.end(), buffer.begin(), buffer.begin() + got);
  }
  return true;
}

bool ReplayServer::write(Client& client) {
  while (!client.due.empty() && client.due.front().due_ns <= nowNs()) {
    const Client::Due& next = client.due.front();
    const ssize_t done =
        send(client.fd.get(), next.bytes.data() + client.sent, next.bytes.size() - client.sent, MSG_NOSIGNAL);
    if (done < 0) return errno == EAGAIN || errno == EINTR;
    client.sent += static_cast<size_t>(done);
    if (client.sent < next.bytes.size()) return true;
    client.sent = 0;
    client.due.erase(client.due.begin());
  }
  return !client.due.empty() || (!client.over && !client.peer_ended);
}

void ReplayServer::schedule(Client& client, const Turn& turn, size_t first, size_t last) {
  for (size_t i = first; i < std::min(last, turn.answers.size()); i++) {
    const Answer& answer = turn.answers[i];
    client.due.push_back({client.heard_ns + scaled(answer.offset_ns), answer.bytes});
  }
}

void ReplayServer::consider(Client& client) {
  if (client.target->http) {
    while (!client.over && considerHttp(client)) continue;
  } else if (!client.target->stream_queries.empty()) {
    while (!client.over && considerDns(client)) continue;
  } else {
    while (!client.over && considerStream(client)) continue;
  }
}

// True: a request was answered, there may be another one.
bool ReplayServer::considerHttp(Client& client) {
  if (client.asked.empty() || !client.due.empty()) return false;
  const auto extent = requestExtent(client.asked);
  if (!extent) return false;
  const std::span<const uint8_t> all = client.asked;
  const std::span<const uint8_t> asked = all.first(extent->whole != 0 ? extent->whole : extent->head);
  Target::Request* best = nullptr;
  int best_score = 0;
  for (Target::Request& request : client.target->requests) {
    const int alike = likeness(request.turn.asked, asked);
    // Of those that are equally alike the one that was used least, in the order of the recording.
    const int score = alike == 0 ? 0 : alike * 1000 - std::min(request.uses, 999);
    if (score > best_score) {
      best = &request;
      best_score = score;
    }
  }
  const auto is_interim = [](const Answer& answer) {
    constexpr std::string_view kInterim = "HTTP/1.1 100";
    return std::string_view(reinterpret_cast<const char*>(answer.bytes.data()), answer.bytes.size())
        .starts_with(kInterim);
  };
  const bool has_interim =
      best != nullptr && !best->turn.answers.empty() && is_interim(best->turn.answers.front());
  if (extent->whole == 0) {
    if (extent->expects_continue && has_interim && !std::exchange(client.interim_sent, true))
      schedule(client, best->turn, 0, 1);
    return false;
  }
  if (best == nullptr) {
    unknown(client.target->recorded, std::string(requestLine(asked)));
    constexpr std::string_view kAnswer =
        "HTTP/1.1 502 Not in the recording\r\nContent-Type: text/plain\r\nContent-Length: 45\r\n"
        "Connection: close\r\n\r\ntarry: this request is not in the recording.\n";
    client.due.push_back({nowNs(), Bytes(kAnswer.begin(), kAnswer.end())});
    client.over = true;
    client.asked.clear();
    return false;
  }
  if (best->uses == 0 &&
      !std::equal(asked.begin(), asked.end(), best->turn.asked.begin(), best->turn.asked.end()))
    counts_.differing++;
  best->uses++;
  counts_.answered++;
  // What the client waited for the connection is waited for here.
  client.heard_ns += scaled(best->connect_ns);
  schedule(client, best->turn, has_interim && client.interim_sent ? 1 : 0);
  client.interim_sent = false;
  client.over = best->closes;
  client.asked.erase(client.asked.begin(), client.asked.begin() + static_cast<std::ptrdiff_t>(extent->whole));
  return !client.over;
}

// The recorded connection that this one is; nullptr: not known yet, or there is none.
RecordedConnection* ReplayServer::choose(Client& client) {
  std::vector<Target::Candidate>& all = client.target->connections;
  Target::Candidate* chosen = nullptr;
  for (Target::Candidate& candidate : all) {
    if (candidate.used) continue;
    const Bytes& first = candidate.connection->turns.front().asked;
    if (chosen == nullptr) chosen = &candidate;
    const bool same =
        client.asked.size() >= first.size() && std::equal(first.begin(), first.end(), client.asked.begin());
    if (same && (!first.empty() || client.asked.empty())) {
      chosen = &candidate;
      break;
    }
  }
  if (chosen == nullptr) {  // more often than recorded: the last one again
    return all.empty() ? nullptr : all.back().connection;
  }
  const Bytes& first = chosen->connection->turns.front().asked;
  if (client.asked.empty() && !first.empty()) return nullptr;
  if (client.asked.size() < first.size() && nowNs() < client.heard_ns + kQuietNs) return nullptr;
  chosen->used = true;
  return chosen->connection;
}

bool ReplayServer::considerStream(Client& client) {
  if (client.connection == nullptr) {
    client.connection = choose(client);
    if (client.connection == nullptr) return false;
    client.heard_ns += scaled(client.connection->connect_ns);
  }
  const std::vector<Turn>& turns = client.connection->turns;
  if (client.turn >= turns.size()) {
    client.over = client.over || client.connection->server_ends;
    client.asked.clear();
    return false;
  }
  const Turn& turn = turns[client.turn];
  const size_t wanted = turn.asked.size();
  if (client.asked.size() < wanted) {
    // Another question than the recorded one, and it seems to be complete.
    const bool complete =
        !client.asked.empty() && (client.peer_ended || nowNs() >= client.heard_ns + kQuietNs);
    if (!complete) return false;
  }
  const size_t taken = std::min(wanted, client.asked.size());
  if (taken < wanted || !std::equal(turn.asked.begin(), turn.asked.end(), client.asked.begin()))
    counts_.differing++;
  counts_.answered++;
  schedule(client, turn);
  client.asked.erase(client.asked.begin(), client.asked.begin() + static_cast<std::ptrdiff_t>(taken));
  client.turn++;
  if (client.turn == turns.size()) client.over = client.connection->server_ends;
  return true;
}

// Of those that are equally alike the one that was used least, in the order of the recording.
ReplayServer::Query* ReplayServer::chooseQuery(std::vector<Query>& queries, const Bytes& asked, bool dns) {
  Query* best = nullptr;
  int best_score = 0;
  for (Query& one : queries) {
    const int fits = dns ? dnsLikeness(one.query->asked, asked) : (one.query->asked == asked ? 3 : 0);
    const int score = fits == 0 ? 0 : fits * 1000 - std::min(one.uses, 999);
    if (score > best_score) {
      best = &one;
      best_score = score;
    }
  }
  if (best != nullptr || dns) return best;
  // The next one that has not been asked.
  const auto next =
      std::find_if(queries.begin(), queries.end(), [](const auto& one) { return one.uses == 0; });
  if (next == queries.end()) return nullptr;
  counts_.differing++;
  return &*next;
}

// DNS over TCP. True: a question was answered.
bool ReplayServer::considerDns(Client& client) {
  size_t taken = 0;
  const std::span<const uint8_t> message = nextDnsMessage(client.asked, taken);
  if (message.empty()) return false;
  const Bytes asked(message.begin(), message.end());
  client.asked.erase(client.asked.begin(), client.asked.begin() + static_cast<std::ptrdiff_t>(taken));
  Query* best = chooseQuery(client.target->stream_queries, asked, true);
  if (best == nullptr) {
    unknown(client.target->recorded, fmt::format("a question of {} bytes", asked.size()));
    client.over = true;
    return false;
  }
  best->uses++;
  counts_.answered++;
  for (const Answer& answer : best->query->answers) {
    const int64_t due_ns = client.heard_ns + scaled(answer.offset_ns);
    const auto place = std::upper_bound(client.due.begin(), client.due.end(), due_ns,
                                        [](int64_t ns, const Client::Due& one) { return ns < one.due_ns; });
    client.due.insert(client.sent == 0 || place != client.due.begin() ? place : place + 1,
                      {due_ns, withDnsLength(dnsAnswerTo(asked, answer.bytes))});
  }
  return true;
}

void ReplayServer::answerDatagram(Listener& listener) {
  std::array<uint8_t, 65'536> buffer;
  while (true) {
    SocketAddress from;
    from.size = sizeof from.storage;
    const ssize_t got = recvfrom(listener.fd.get(), buffer.data(), buffer.size(), 0, from.get(), &from.size);
    if (got < 0) break;
    const Bytes asked(buffer.begin(), buffer.begin() + got);
    const bool dns = listener.target->recorded.port == kDns;
    Query* best = chooseQuery(listener.target->queries, asked, dns);
    if (best == nullptr) {
      unknown(listener.target->recorded, fmt::format("a datagram of {} bytes", got));
      continue;
    }
    best->uses++;
    counts_.answered++;
    const int64_t now_ns = nowNs();
    for (const Answer& answer : best->query->answers) {
      Bytes bytes = dns ? dnsAnswerTo(asked, answer.bytes) : answer.bytes;
      listener.pending.push_back({now_ns + scaled(answer.offset_ns), from, std::move(bytes)});
    }
  }
  const int64_t now_ns = nowNs();
  std::erase_if(listener.pending, [&](Listener::Pending& one) {
    if (one.due_ns > now_ns) return false;
    sendto(listener.fd.get(), one.bytes.data(), one.bytes.size(), 0, one.to.get(), one.to.size);
    return true;
  });
}

void ReplayServer::unknown(const Endpoint& server, std::string what) {
  counts_.unknown_count++;
  if (counts_.unknown.size() < kMostUnknown)
    counts_.unknown.push_back(fmt::format("{}: {}", endpointText(server), printable(what)));
}

}  // namespace tarry::replay
