// Events as text, so that a round trip is compared as a whole and a difference can be read.
#pragma once

#include <fmt/format.h>

#include <string>
#include <vector>

#include "format/trace_reader.h"

namespace tarry::testing {

inline std::string textOf(const PendingCall& call) {
  std::string out = fmt::format("{}:{}@{}", static_cast<int>(call.abi), call.nr, call.resource.value);
  for (int64_t arg : call.args) out += fmt::format(",{}", arg);
  if (call.polled != PolledSet::unsaid) out += fmt::format("/{}", static_cast<int>(call.polled));
  return out;
}

inline std::string textOf(const LifeEvent& e) {
  return fmt::format("{} life {} t{} o{} c{} i{},{},{},{},{},{} s{} p{} dead{} st{} {},{},{} b{}", e.ts_ns,
                     static_cast<int>(e.kind), e.thread.value, e.other.value, e.comm.value, e.info.exe.value,
                     e.info.cmdline.value, e.info.cwd.value, e.info.cgroup.value, e.info.uid, e.info.gid,
                     static_cast<int>(e.state), textOf(e.pending), e.group_dead, e.exit_status, e.user_ns,
                     e.system_ns, e.max_rss_bytes, e.start_blocked_ns);
}

inline std::string textOf(const SwitchEvent& e) {
  return fmt::format("{} switch t{} cpu{} in{} s{} io{} th{} p{} u{}", e.ts_ns, e.thread.value, e.cpu, e.in,
                     static_cast<int>(e.state), e.in_iowait, e.throttled, textOf(e.pending),
                     e.user_stack.value);
}

inline std::string textOf(const WakeEvent& e) {
  return fmt::format("{} wake t{} new{} c{} w{} p{} k{}", e.ts_ns, e.thread.value, e.is_new,
                     static_cast<int>(e.context), e.waker.value, textOf(e.waker_call), e.kernel_stack.value);
}

inline std::string textOf(const SignalEvent& e) {
  return fmt::format("{} signal t{} from{} k{} a{} {} c{} e{} {:x},{:x},{:x},{:x}", e.ts_ns, e.thread.value,
                     e.sender.value, static_cast<int>(e.kind), static_cast<int>(e.action), e.signo, e.code,
                     e.error, e.fields[0], e.fields[1], e.fields[2], e.fields[3]);
}

inline std::string textOf(const SocketEvent& e) {
  std::string out =
      fmt::format("{} socket{} k{} t{} r{} s{} e{} f{}", e.ts_ns, e.socket, static_cast<int>(e.kind),
                  e.thread.value, e.resource.value, static_cast<int>(e.state), e.error, int{e.has_facts});
  for (const auto fact : kTcpFacts) out += fmt::format(",{}", e.facts.*fact);
  return out;
}

inline std::string textOf(const PlaintextEvent& e) {
  return fmt::format("{} plaintext +{} t{} d{} l{} r{} s{:x} ={} n{} {:02x}", e.ts_ns, e.dur_ns,
                     e.thread.value, static_cast<int>(e.direction), static_cast<int>(e.library),
                     e.resource.value, e.session, e.result, e.length, fmt::join(e.data, ""));
}

inline std::string textOf(const PacketEvent& e) {
  return fmt::format("{} packet t{} r{} d{} l{} i{},{} n{} {:02x}", e.ts_ns, e.thread.value, e.resource.value,
                     static_cast<int>(e.direction), static_cast<int>(e.link), e.interface_index,
                     e.interface_name.value, e.length, fmt::join(e.data, ""));
}

inline std::string textOf(const FoldEvent& e) {
  return fmt::format("{} fold +{} k{} t{} {}:{} e{} r{} n{} ={} #{} {} {}", e.ts_ns, e.dur_ns,
                     static_cast<int>(e.kind), e.thread.value, static_cast<int>(e.abi), e.nr, e.error,
                     e.resource.value, e.count, e.result_sum, e.last_seq, e.total_ns, e.longest_ns);
}

inline std::string textOf(const LossEvent& e) {
  return fmt::format("{} loss +{} s{} t{} n{}", e.ts_ns, e.dur_ns, static_cast<int>(e.source), e.thread.value,
                     e.count);
}

inline std::string textOf(const ClockPoint& e) {
  return fmt::format("{} clock {} {}", e.boottime_ns, e.monotonic_ns, e.realtime_ns);
}

inline std::string textOf(const SyscallEvent& e) {
  std::string out =
      fmt::format("{} call t{} #{} +{} {}:{} ={} m{:x} f{}{}{} u{} (", e.enter_ns, e.thread.value, e.call_seq,
                  e.dur_ns, static_cast<int>(e.abi), e.nr, e.ret, e.arg_mask, int{e.flags.unfinished},
                  int{e.flags.no_enter}, int{e.flags.restarted}, e.user_stack.value);
  for (size_t i = 0; i < e.args.size(); ++i)
    out += fmt::format("{},", (e.arg_mask >> i & 1) != 0 ? e.args[i] : 0);
  out += ")";
  for (const ObjectRef& o : e.objects) {
    out += fmt::format(" o{}:{}:{}:{}", static_cast<int>(o.role), o.fd, o.resource.value, o.ready_data);
  }
  for (const StringArg& s : e.strings) out += fmt::format(" s{}:{}:{}", s.arg, s.text.value, s.truncated);
  for (const PayloadRef& p : e.payloads) {
    out += fmt::format(" p{}.{}:{}:{}:", p.arg, p.part, static_cast<int>(p.direction), p.length);
    for (uint8_t byte : p.data) out += fmt::format("{:02x}", byte);
  }
  return out;
}

inline std::string textOf(const ThreadDef& d) {
  return fmt::format("thread {} tid{} pid{} ns{},{} start{} leader{} creator{} ppid{} comm{} rec{} ex{}",
                     d.id.value, d.tid, d.pid, d.ns_tid, d.ns_pid, d.start_ns, d.leader.value,
                     d.creator.value, d.ppid, d.comm.value, d.recorded, d.existed);
}

inline std::string textOf(const Resource& r) {
  std::string out =
      fmt::format("resource {} k{} dev{}:{} ino{} gen{} rdev{}:{} path{} f{} t{} p{} l{} ", r.id.value,
                  static_cast<int>(r.kind), r.dev_major, r.dev_minor, r.inode, r.generation, r.rdev_major,
                  r.rdev_minor, r.path.value, r.family, r.sock_type, r.protocol, r.listening);
  for (uint8_t byte : r.local_addr) out += fmt::format("{:02x}", byte);
  out += fmt::format(":{} ", r.local_port);
  for (uint8_t byte : r.remote_addr) out += fmt::format("{:02x}", byte);
  return out + fmt::format(":{} c{} peer{},{}", r.remote_port, r.cookie, r.peer_inode, r.peer_pid);
}

inline std::string textOf(const Frame& f) {
  return fmt::format("frame {} {:x} {} {} +{}", f.id.value, f.address, f.symbol.value, f.module.value,
                     f.offset);
}

inline std::string textOf(const Stack& s) {
  std::string out = fmt::format("stack {} k{}", s.id.value, s.kernel);
  for (FrameId frame : s.frames) out += fmt::format(" {}", frame.value);
  return out;
}

inline std::string textOf(const OpenFd& f) {
  return fmt::format("fd p{} {} r{}", f.process.value, f.fd, f.resource.value);
}

inline std::string textOf(const EpollMember& m) {
  return fmt::format("member p{} {} {} r{} {:x}", m.process.value, m.epoll_fd, m.fd, m.resource.value,
                     m.data);
}

// Keeps what a reader delivers: definitions and events apart, each in the order delivered.
class Transcript : public TraceVisitor {
 public:
  std::vector<std::string> definitions, events;
  void onThread(const ThreadDef& d) override { definitions.push_back(textOf(d)); }
  void onResource(const Resource& r) override { definitions.push_back(textOf(r)); }
  void onFrame(const Frame& f) override { definitions.push_back(textOf(f)); }
  void onStack(const Stack& s) override { definitions.push_back(textOf(s)); }
  void onOpenFd(const OpenFd& f) override { definitions.push_back(textOf(f)); }
  void onEpollMember(const EpollMember& m) override { definitions.push_back(textOf(m)); }
  void onLife(const LifeEvent& e) override { events.push_back(textOf(e)); }
  void onSyscall(const SyscallEvent& e) override { events.push_back(textOf(e)); }
  void onSwitch(const SwitchEvent& e) override { events.push_back(textOf(e)); }
  void onWake(const WakeEvent& e) override { events.push_back(textOf(e)); }
  void onSignal(const SignalEvent& e) override { events.push_back(textOf(e)); }
  void onSocket(const SocketEvent& e) override { events.push_back(textOf(e)); }
  void onPlaintext(const PlaintextEvent& e) override { events.push_back(textOf(e)); }
  void onPacket(const PacketEvent& e) override { events.push_back(textOf(e)); }
  void onFold(const FoldEvent& e) override { events.push_back(textOf(e)); }
  void onLoss(const LossEvent& e) override { events.push_back(textOf(e)); }
  void onClock(const ClockPoint& e) override { events.push_back(textOf(e)); }
};

inline Transcript transcribe(TraceReader& reader, const ReadFilter& filter = {}) {
  Transcript transcript;
  reader.read(transcript, filter);
  return transcript;
}

}  // namespace tarry::testing
