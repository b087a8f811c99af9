// What is behind an fd or a link of a tracee, numbered and defined as the BPF programs do (rec_resource).
//
// Which file an fd is cannot be told from the calls seen, for fd tables are shared, inherited and passed on:
// it is looked up (two system calls), and believed until some thread has made a call that may have changed
// that.
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <unordered_map>
#include <unordered_set>

#include "recorder/ptrace/channel.h"
#include "recorder/ptrace/tracee.h"

namespace tarry::ptracing {

class ResourceFinder {
 public:
  explicit ResourceFinder(RecordSink& sink) : sink_(sink) {}

  // A call that may change what an fd is, or what its file is called, begins or ends.
  void mayHaveChanged() { ++generation_; }
  // False: there are calls that nobody tells of.
  void seesAllCalls(bool all) { sees_all_calls_ = all; }

  // 0: not known. `changed`: the call that has just ended may have connected or bound it.
  uint32_t ofFd(const Tracee& tracee, int fd, bool changed = false);
  // Of an fd that the call returned: a new object, or, with copy_of >= 0, that of another fd.
  uint32_t ofNewFd(const Tracee& tracee, int fd, int copy_of);
  // A socket that could not be connected: the address that it was to be connected to (a sockaddr).
  uint32_t ofUnconnected(const Tracee& tracee, int fd, const void* address, size_t size);
  // By a link in /proc/TID: "cwd", "exe", "root".
  uint32_t ofLink(pid_t tid, const char* link);
  // A pipe or a FIFO?
  bool isPipe(uint32_t resource) const { return pipes_.contains(resource); }
  struct TcpSocket {
    rec_socket ends;
    uint64_t inode;
  };
  // nullptr: not a TCP socket that is connected
  const TcpSocket* connection(uint32_t resource) const {
    const auto known = connections_.find(resource);
    return known == connections_.end() ? nullptr : &known->second;
  }
  // Resources are numbered anew in each (RecordSink::epoch()).
  uint32_t epoch() const { return epoch_; }
  // The root directory of a thread, 0: that of its mount namespace.
  uint32_t changedRoot(pid_t tid);

 private:
  void followEpoch();
  uint32_t lookUpFd(const Tracee& tracee, int fd, bool changed);
  uint32_t socket(const Tracee& tracee, int fd, uint64_t inode, bool changed);
  uint32_t defineSocket(uint64_t inode, const rec_socket& socket, std::string_view name);
  uint32_t define(rec_resource& record, std::string_view text, const std::string& key);
  uint32_t ofText(int directory_fd, const char* name, const std::string& text, uint64_t object);
  uint64_t anonymousObject(const Tracee& tracee, int fd, const std::string& text);

  RecordSink& sink_;
  bool sees_all_calls_ = true;
  uint64_t generation_ = 1;
  uint32_t epoch_ = 0;
  uint32_t last_id_ = 0;
  uint64_t last_object_ = 0;
  bool last_is_open_ended_ = false;  // the last lookup was of a socket whose addresses any call can change
  std::unordered_map<std::string, uint32_t> by_key_;
  std::unordered_set<uint32_t> pipes_;
  std::unordered_map<uint32_t, TcpSocket> connections_;
  std::unordered_map<uint64_t, uint32_t> settled_sockets_;  // by inode: nothing will change unseen
};

// A path's names from the last to the first, each with its NUL, as rec_resource has them.
std::string reversedNames(std::string_view path);

}  // namespace tarry::ptracing
