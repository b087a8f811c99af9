// ReplayServer: listens where recorded servers did, and says what they said. One thread, one poll(2).
//
// HTTP/1 requests get the answer of the recorded request that they are most like; one that has been answered
// already counts less. Other connections are answered in the order in which they were recorded, the one with
// the same first bytes first: an answer comes when as many bytes have been asked as were then. Datagrams get
// the answer to the same question; of DNS, also over TCP, the id is the new question's.
#pragma once

#include <cstdint>
#include <map>
#include <memory>
#include <string>
#include <vector>

#include "replay/script.h"

namespace tarry::replay {

struct ReplayCounts {
  int64_t connections = 0;
  int64_t answered = 0;
  int64_t differing = 0;             // asked with other bytes than recorded, and answered all the same
  std::vector<std::string> unknown;  // was asked, but never recorded: at most 20 readable lines
  int64_t unknown_count = 0;
};

class ReplayServer {
 public:
  struct Place {
    Endpoint recorded;
    Endpoint actual;
    bool datagrams = false;
  };

  // Takes the script over. speed: 2 is twice as fast; infinity: at once.
  ReplayServer(ReplayScript script, double speed);
  ~ReplayServer();
  ReplayServer(const ReplayServer&) = delete;
  ReplayServer& operator=(const ReplayServer&) = delete;

  // Opens its sockets: at the recorded addresses, or on 127.0.0.1 and ::1, at the same ports where these are
  // free. Where one cannot be opened `problems` gets a line.
  std::vector<Place> listen(bool at_recorded_addresses, std::vector<std::string>& problems);
  // Serves until `stop_fd` can be read.
  void serve(int stop_fd);
  const ReplayCounts& counts() const { return counts_; }

 private:
  struct Query;
  struct Target;
  struct Listener;
  struct Client;

  void accept(Listener& listener);
  void answerDatagram(Listener& listener);
  bool read(Client& client);      // false: it is over
  bool write(Client& client);     // likewise
  void consider(Client& client);  // what it has said by now
  bool considerHttp(Client& client);
  bool considerStream(Client& client);
  bool considerDns(Client& client);
  Query* chooseQuery(std::vector<Query>& queries, const Bytes& asked, bool dns);
  void schedule(Client& client, const Turn& turn, size_t first = 0, size_t last = SIZE_MAX);
  RecordedConnection* choose(Client& client);
  static void splitIntoQueries(Target& target);
  void unknown(const Endpoint& server, std::string what);
  int64_t scaled(int64_t ns) const;

  ReplayScript script_;
  const double speed_;
  std::map<std::string, std::unique_ptr<Target>> targets_;  // by recorded endpoint
  std::vector<std::unique_ptr<Listener>> listeners_;
  std::vector<std::unique_ptr<Client>> clients_;
  ReplayCounts counts_;
};

}  // namespace tarry::replay
