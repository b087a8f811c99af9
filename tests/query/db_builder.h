// DbBuilder: a database with an invented timeline, as the loader would have written it, for tests of
// what is computed over the tables. Times are in milliseconds.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>

#include "analyzer/schema.h"
#include "analyzer/sqlite.h"
#include "format/syscall_table.h"

namespace tarry::testing {

inline constexpr int64_t kMs = 1'000'000;

struct Wait {
  std::string_view kind = "unknown";
  std::string_view call = {};
  int64_t waker = 0;     // utid, 0: none
  int64_t resource = 0;  // 0: none
  std::string_view role = {};
  std::string_view waker_call = {};
  std::string_view phase = {};
  int64_t peer = 0;  // utid, 0: none
};

class DbBuilder {
 public:
  DbBuilder() { createSchema(db_); }

  Database& db() { return db_; }

  void meta(std::string_view key, std::string_view value) {
    auto s = db_.prepare("INSERT INTO meta (key, value) VALUES (?, ?)");
    s.bind(1, key).bind(2, value).run();
  }

  // A process with its main thread: the thread's utid is the upid, its tid the pid.
  void process(int64_t upid, int64_t parent, std::string_view cmdline, int64_t start_ms = 0,
               int64_t end_ms = -1, int64_t exit_code = 0) {
    const std::string comm(cmdline.substr(0, cmdline.find(' ')));
    auto s = db_.prepare(
        "INSERT INTO process (upid, pid, parent_upid, main_utid, start_ts, end_ts, comm, cmdline, exit_code, "
        "recorded,"
        " existed) VALUES (?1, ?1 + 1000, ?2, ?1, ?3, ?4, ?5, ?6, ?7, 1, 0)");
    s.bind(1, upid).bind(3, start_ms * kMs).bind(5, comm).bind(6, cmdline);
    if (parent == 0) s.bindNull(2);
    else s.bind(2, parent);
    if (end_ms < 0) s.bindNull(4).bindNull(7);
    else s.bind(4, end_ms * kMs).bind(7, exit_code);
    s.run();
    thread(upid, upid, true);
    if (start_ms > 0) now_[upid] = start_ms;
  }

  void thread(int64_t utid, int64_t upid, bool main = false, int64_t start_ms = 0) {
    auto s = db_.prepare(
        "INSERT INTO thread (utid, tid, upid, name, start_ts, is_main, recorded) VALUES (?1, ?1 + 1000, ?2, "
        "'worker',"
        " ?3, ?4, 1)");
    s.bind(1, utid).bind(2, upid).bind(3, start_ms * kMs).bind(4, static_cast<int64_t>(main)).run();
    now_[utid] = start_ms;
  }

  void resource(int64_t id, std::string_view kind, std::string_view name, std::string_view path = {}) {
    auto s = db_.prepare("INSERT INTO resource (id, kind, name, path) VALUES (?, ?, ?, ?)");
    s.bind(1, id).bind(2, kind).bind(3, name);
    if (path.empty()) s.bindNull(4);
    else s.bind(4, path);
    s.run();
  }

  void socket(int64_t id, std::string_view remote_addr, int64_t remote_port, int64_t peer_upid = 0) {
    resource(id, "socket", std::string("TCP 127.0.0.1:40000 → ") + std::string(remote_addr));
    auto s = db_.prepare(
        "UPDATE resource SET remote_addr = ?2, remote_port = ?3, peer_upid = ?4, protocol = 'TCP' WHERE id = "
        "?1");
    s.bind(1, id).bind(2, remote_addr).bind(3, remote_port);
    if (peer_upid == 0) s.bindNull(4);
    else s.bind(4, peer_upid);
    s.run();
  }

  // The states of a thread follow each other; each lasts until `until_ms`.
  DbBuilder& run(int64_t utid, int64_t until_ms) { return state(utid, until_ms, "running", {}); }
  DbBuilder& queue(int64_t utid, int64_t until_ms, std::string_view kind = "cpu-queue") {
    return state(utid, until_ms, "runnable", {.kind = kind});
  }
  DbBuilder& wait(int64_t utid, int64_t until_ms, const Wait& wait) {
    return state(utid, until_ms, "blocked", wait);
  }
  DbBuilder& unknown(int64_t utid, int64_t until_ms) { return state(utid, until_ms, "unknown", {}); }
  // Still so at the end: the length is NULL.
  DbBuilder& waitOpen(int64_t utid, const Wait& wait) { return state(utid, -1, "blocked", wait); }
  // Skips time in which the thread does not exist.
  void at(int64_t utid, int64_t ms) { now_[utid] = ms; }

  // A system call with its result; resource 0: none.
  void call(int64_t utid, int64_t ts_ms, int64_t dur_ms, std::string_view name, int64_t ret,
            std::string_view error = {}, int64_t resource = 0, int64_t bytes = -1,
            std::string_view path = {}) {
    auto s = db_.prepare(
        "INSERT INTO syscall (ts, dur, utid, call_seq, abi, nr, name, ret, errno, fd, resource_id, bytes, "
        "path, blocked_ns)"
        " VALUES (?1, ?2, ?3, ?4, 'x86-64', ?11, ?5, ?6, ?7, 3, ?8, ?9, ?10, 0)");
    s.bind(1, ts_ms * kMs)
        .bind(2, dur_ms * kMs)
        .bind(3, utid)
        .bind(4, ++calls_[utid])
        .bind(5, name)
        .bind(6, ret)
        .bind(11, static_cast<int64_t>(numberOf(name)));
    if (error.empty()) s.bindNull(7);
    else s.bind(7, error);
    if (resource == 0) s.bindNull(8);
    else s.bind(8, resource);
    if (bytes < 0) s.bindNull(9);
    else s.bind(9, bytes);
    if (path.empty()) s.bindNull(10);
    else s.bind(10, path);
    s.run();
  }

 private:
  static int32_t numberOf(std::string_view name) {
    constexpr int32_t kNumbers = 512;
    for (int32_t nr = 0; nr < kNumbers; ++nr)
      if (const SyscallSpec* spec = findSyscall(Abi::x86_64, nr); spec != nullptr && spec->name == name)
        return nr;
    return -1;
  }

  DbBuilder& state(int64_t utid, int64_t until_ms, std::string_view state, const Wait& wait) {
    auto s = db_.prepare(
        "INSERT INTO thread_state (ts, dur, utid, state, wait_kind, role, resource_id, call_name, waker_utid,"
        " waker_context, waker_call, phase, peer_utid) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)");
    int64_t& now = now_[utid];
    s.bind(1, now * kMs).bind(3, utid).bind(4, state);
    if (until_ms < 0) s.bindNull(2);
    else s.bind(2, (until_ms - now) * kMs);
    const auto text = [&](int index, std::string_view value) {
      if (value.empty()) s.bindNull(index);
      else s.bind(index, value);
    };
    text(5, state == "blocked" || state == "runnable" ? wait.kind : std::string_view());
    text(6, wait.role);
    text(12, wait.phase);
    if (wait.peer == 0) s.bindNull(13);
    else s.bind(13, wait.peer);
    if (wait.resource == 0) s.bindNull(7);
    else s.bind(7, wait.resource);
    text(8, wait.call);
    if (wait.waker == 0) s.bindNull(9).bindNull(10);
    else s.bind(9, wait.waker).bind(10, std::string_view("thread"));
    text(11, wait.waker_call);
    s.run();
    if (until_ms >= 0) now = until_ms;
    return *this;
  }

  Database db_;
  std::map<int64_t, int64_t> now_;  // a thread's last instant so far, ms
  std::map<int64_t, int64_t> calls_;
};

}  // namespace tarry::testing
