// The events a trace is made of, as the recorder hands them to TraceWriter and as TraceReader hands
// them to a TraceVisitor. How they lie in the file is the business of format/ alone
// (docs/trace-format.md).
//
// Every `*_ns` is nanoseconds of CLOCK_BOOTTIME unless its comment says otherwise. Spans and string
// views borrow: in events that go to the writer they must live until the call returns, in events
// that come from the reader they live until the visitor returns.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "format/ids.h"

namespace tarry {

inline constexpr uint32_t kFormatVersion = 1;
inline constexpr int kMaxArgs = 6;  // arguments of a Linux system call

// ---- header, clock, trailer -------------------------------------------------------------------

enum class Level : uint8_t { waits = 1, syscalls = 2, full = 3 };

// The calling convention a system call came in by: decides the meaning of its number.
enum class Abi : uint8_t { none = 0, x86_64 = 1, i386 = 2, x32 = 3, aarch64 = 4 };

enum class TargetKind : uint8_t { command = 1, pids = 2, cgroup = 3, unit = 4, all = 5 };

// The three clocks read together (the recorder takes one at the start, every 10 s and at the end).
struct ClockPoint {
  int64_t boottime_ns = 0;
  int64_t monotonic_ns = 0;
  int64_t realtime_ns = 0;  // since 1970-01-01 UTC
};

struct TraceHeader {
  uint32_t format_version = kFormatVersion;
  std::string tarry_version{};
  std::string hostname{};
  std::string kernel_release{};  // uname -r
  std::string machine{};         // uname -m
  std::string os_name{};         // PRETTY_NAME of os-release
  uint32_t cpu_count = 0;
  uint32_t page_size = 0;
  Level level = Level::syscalls;
  int64_t snaplen = 0;    // payload bytes kept per call; -1 all
  std::string backend{};  // "bpf", "ptrace"
  TargetKind target_kind = TargetKind::command;
  std::vector<std::string> target{};  // argv of the command, pids, cgroup path, unit name
  std::string cwd{};                  // of the recorder (and so of the command) at the start
  std::string user{};                 // as whom the command ran
  uint32_t recorder_pid = 0;
  ClockPoint start{};   // ts = 0 of the database
  std::string calls{};  // only these were recorded (syscall_set.h); empty: all
};

enum class EndReason : uint8_t {
  unknown = 0,       // no trailer: the file was cut
  target_ended = 1,  // the command, or the last process of the target, exited
  duration = 2,      // --for
  interrupted = 3,   // SIGINT, SIGTERM
  max_size = 4,
  error = 5,
};

// What the recorder itself cost.
struct RecorderCost {
  int64_t user_ns = 0;
  int64_t system_ns = 0;
  int64_t drain_cpu_ns = 0;   // of the draining thread
  int64_t encode_cpu_ns = 0;  // of the encoding thread
  int64_t bpf_run_ns = -1;    // in BPF programs, -1 where the kernel does not say
  int64_t max_rss_bytes = 0;
  int64_t ring_bytes = 0;  // locked memory of the rings
};

struct Trailer {
  EndReason reason = EndReason::unknown;
  ClockPoint end{};
  int32_t command_status = -1;  // wait status (wait(2)) of the launched command, -1 without one
  RecorderCost cost{};
  std::string error{};    // with EndReason::error
  bool repaired = false;  // written by `tarry check --repair`, not by the recorder
};

// ---- threads and processes --------------------------------------------------------------------

// Who a thread is. Repeated at the start of every epoch; a later definition replaces an earlier one.
struct ThreadDef {
  ThreadId id{};
  int32_t tid = 0;     // in the initial pid namespace
  int32_t pid = 0;     // thread group, in the initial pid namespace
  int32_t ns_tid = 0;  // in the thread's own pid namespace
  int32_t ns_pid = 0;
  int64_t start_ns = 0;
  ThreadId leader{};   // the thread that stands for the process; equal to id in a leader
  ThreadId creator{};  // thread that forked/cloned this one, none where not known
  int32_t ppid = 0;
  StringId comm{};
  bool recorded = false;  // false: known by name only (a waker, a socket's owner)
  bool existed = false;   // lived before the recording began
};

// What a process is, at the moment it is first seen and after each exec. Strings may be none.
struct ProcessInfo {
  StringId exe{};
  StringId cmdline{};  // arguments separated by NUL
  StringId cwd{};
  StringId cgroup{};
  uint32_t uid = 0;
  uint32_t gid = 0;
};

// The state of a task that is not running, as at a switch out (include/linux/sched.h).
enum class TaskState : uint8_t {
  unknown = 0,
  runnable = 1,         // preempted or yielded: still wants a CPU
  sleeping = 2,         // interruptible
  uninterruptible = 3,  // D
  stopped = 4,
  traced = 5,
  dead = 6,
  idle = 7,  // uninterruptible without load (kernel threads)
  parked = 8,
  recorder = 9,  // in a stop that the recorder makes (ptrace)
};

// What PendingCall::resource is among the fds that a poll or select waits for.
enum class PolledSet : uint8_t {
  unsaid = 0,   // older traces: the only one of a select, and of a poll of one fd
  sole = 1,     // the only one, but for those that are there to wake the loop up
  several = 2,  // one that stands for several of its kind
};

// The system call a thread is in. nr < 0: none (user code, a page fault, a kernel thread).
struct PendingCall {
  Abi abi = Abi::none;
  int32_t nr = -1;
  std::array<int64_t, kMaxArgs> args{};
  // Behind the first argument that is an fd; in a page fault the mapped file. Of poll and select what it
  // waits for, where that can be said (format/polled_set.h).
  ResourceId resource{};
  PolledSet polled = PolledSet::unsaid;
};

enum class LifeKind : uint8_t {
  info = 1,     // first sight of a process, by snapshot or first event: `info`
  fork = 2,     // `thread` created `other` (clone, fork, vfork; a new thread or a new process)
  exec = 3,     // `info`, `comm`; `other`: who called execve where that was not the leader, whose
                // life ends here and goes on as the leader
  comm = 4,     // renamed: `comm`
  exit = 5,     // of the thread; exit_* and rusage are those of the process in its last thread
  blocked = 6,  // snapshot: `thread` is at ts in `state` and (if blocked) in `pending`
};

// Lifecycle: rare, never lost in a storm.
struct LifeEvent {
  LifeKind kind = LifeKind::info;
  int64_t ts_ns = 0;
  ThreadId thread{};
  ThreadId other{};
  StringId comm{};
  ProcessInfo info{};
  TaskState state = TaskState::unknown;
  PendingCall pending{};
  bool group_dead = false;  // exit: the last thread of its process
  int32_t exit_status = 0;  // exit: wait(2) encoding
  int64_t user_ns = 0;      // exit: CPU time of the thread group if group_dead, else of the thread
  int64_t system_ns = 0;
  int64_t max_rss_bytes = 0;
  int64_t start_blocked_ns = 0;  // blocked: when it began to block, 0 where not known
};

// ---- resources --------------------------------------------------------------------------------

enum class ResourceKind : uint8_t {
  unknown = 0,
  file = 1,
  dir = 2,
  symlink = 3,
  block_device = 4,
  device = 5,  // character device that is no terminal
  tty = 6,
  socket = 7,  // IPv4, IPv6
  unix_socket = 8,
  netlink = 9,
  other_socket = 10,
  pipe = 11,
  fifo = 12,
  eventfd = 13,
  epoll = 14,
  timerfd = 15,
  signalfd = 16,
  inotify = 17,
  fanotify = 18,
  pidfd = 19,
  io_uring = 20,
  memfd = 21,
  perf_event = 22,
  bpf = 23,
  userfaultfd = 24,
  message_queue = 25,
  anon = 26,    // another anonymous inode: `path` has its class
  memory = 27,  // shared memory, /dev/shm, SysV
};

// What is behind an fd. Immutable: a socket that connects, a file that is renamed gets a new row
// (same cookie; same dev, inode, generation).
struct Resource {
  ResourceId id{};
  ResourceKind kind = ResourceKind::unknown;
  uint32_t dev_major = 0, dev_minor = 0;
  uint64_t inode = 0;
  uint32_t generation = 0;
  uint32_t rdev_major = 0, rdev_minor = 0;  // of a device node
  StringId path{};                          // absolute; Unix sockets: bound name ('\0' first: abstract)
  uint16_t family = 0;                      // AF_*
  uint16_t sock_type = 0;                   // SOCK_*
  uint16_t protocol = 0;                    // IPPROTO_*
  bool listening = false;
  std::array<uint8_t, 16> local_addr{}, remote_addr{};  // network order; IPv4 in the first 4 bytes
  uint16_t local_port = 0, remote_port = 0;             // host order
  uint64_t cookie = 0;                                  // of a socket, the same over all its rows
  uint64_t peer_inode = 0;                              // Unix socket: inode of the other end
  int32_t peer_pid = 0;                                 // Unix socket: SO_PEERCRED, 0 unknown
};

// An fd that was open when the recording began (sockets of all processes, all fds of recorded ones).
struct OpenFd {
  ThreadId process{};  // leader
  int32_t fd = -1;
  ResourceId resource{};
};

// What an epoll set held when the recording began: that of the epoll instance behind `epoll_fd`.
struct EpollMember {
  ThreadId process{};  // leader
  int32_t epoll_fd = -1;
  int32_t fd = -1;  // as which it was added; -1: no member, all members of the set have been named
  ResourceId resource{};
  uint64_t data = 0;  // what epoll_wait returns for it
};

// ---- stacks -----------------------------------------------------------------------------------

struct Frame {
  FrameId id{};
  uint64_t address = 0;
  StringId symbol{};    // none: not resolved
  StringId module{};    // "kernel", a kernel module, or the path of the mapped file
  uint64_t offset = 0;  // from the symbol's start
};

struct Stack {
  StackId id{};
  bool kernel = true;
  std::span<const FrameId> frames{};  // innermost first
};

// ---- system calls -----------------------------------------------------------------------------

// Where in a call an object or string stands. 0..5: that argument.
enum class ObjectRole : uint8_t {
  arg0 = 0,
  arg1,
  arg2,
  arg3,
  arg4,
  arg5,
  returned = 6,   // the returned fd; first of a pair (pipe, socketpair)
  returned2 = 7,  // second of a pair
  cwd = 8,        // directory a relative path was resolved from
  ready = 9,      // fd that poll/select reported; repeated. epoll: fd is the low half of `data`
  root = 10,      // directory an absolute path was resolved from, after a chroot
};

struct ObjectRef {
  ObjectRole role = ObjectRole::arg0;
  int32_t fd = -1;
  ResourceId resource{};    // none: bad fd, or not known
  uint64_t ready_data = 0;  // role ready: revents of poll, or epoll's whole `data`
};

struct StringArg {
  uint8_t arg = 0;
  StringId text{};  // argv: arguments joined by NUL, each with its NUL
  bool truncated = false;
};

enum class PayloadDirection : uint8_t { in = 0, out = 1 };  // read by the kernel, written by it

// Bytes behind a pointer argument: a buffer, or a structure as it lies in the caller's memory
// (decode with the call's ABI). An argument that leads to several places (iovec, msghdr) has
// several payloads told apart by `part`; see docs/trace-format.md.
struct PayloadRef {
  uint8_t arg = 0;
  uint16_t part = 0;  // 0: what the argument points to; msghdr: 1 name, 2 iovec array, 3 data
  PayloadDirection direction = PayloadDirection::in;
  uint64_t length = 0;  // bytes that were there; data may be shorter (snaplen)
  std::span<const uint8_t> data{};
};

struct CallFlags {
  bool unfinished = false;  // still pending at the end of the recording or of the thread
  bool no_enter = false;    // enter not seen (seccomp, attached in the middle): enter_ns = exit
  bool restarted = false;   // reserved for restart_syscall bookkeeping
};

// Names a row in the file, for TraceReader::readCall.
struct CallLocator {
  uint64_t block_offset = 0;
  uint32_t row = 0;
};

struct SyscallEvent {
  ThreadId thread{};
  uint32_t call_seq = 0;  // counts the calls of the thread from 1; a gap is a loss
  int64_t enter_ns = 0;
  int64_t dur_ns = 0;  // meaningless if unfinished
  Abi abi = Abi::none;
  int32_t nr = -1;
  int64_t ret = 0;
  uint8_t arg_mask = 0;  // bit i: args[i] is recorded; otherwise it is a pointer without meaning
                         // that was not NULL (its bytes are in payloads or strings where captured)
  CallFlags flags{};
  std::array<int64_t, kMaxArgs> args{};
  std::span<const ObjectRef> objects{};
  std::span<const StringArg> strings{};
  std::span<const PayloadRef> payloads{};
  StackId user_stack{};
  CallLocator locator{};  // set by the reader
};

// ---- scheduling -------------------------------------------------------------------------------

// Where it is not known on which CPU a thread ran.
inline constexpr uint16_t kNoCpu = 0xffff;

struct SwitchEvent {
  int64_t ts_ns = 0;
  ThreadId thread{};
  uint16_t cpu = 0;                      // kNoCpu: not known
  bool in = false;                       // true: got a CPU, the rest is empty
  TaskState state = TaskState::unknown;  // why it left the CPU
  bool in_iowait = false;
  bool throttled = false;  // its cgroup has used up its CPU quota
  PendingCall pending{};
  StackId user_stack{};
};

enum class WakerContext : uint8_t {
  unknown = 0,
  thread = 1,
  hardirq = 2,
  softirq = 3,
  timer = 4,    // timer interrupt or softirq
  network = 5,  // network receive softirq
  disk = 6,     // block completion
};

struct WakeEvent {
  int64_t ts_ns = 0;
  ThreadId thread{};  // who was woken
  bool is_new = false;
  WakerContext context = WakerContext::unknown;
  ThreadId waker{};          // context thread only
  PendingCall waker_call{};  // args empty; resource: of its fd, or the socket that got data
  StackId kernel_stack{};    // of the woken thread, where its sleep was long enough
};

// ---- signals ----------------------------------------------------------------------------------

enum class SignalKind : uint8_t {
  unknown = 0,
  delivered = 1,  // the thread took the signal and acts on it
  stopped = 2,    // the thread stops with its process: only `signo` is filled
};

enum class SignalAction : uint8_t { unknown = 0, handler = 1, ignored = 2, by_default = 3 };

// What kill -9 and other fatal signals send is delivered once a process, to the first of its threads
// that takes note.
struct SignalEvent {
  int64_t ts_ns = 0;
  ThreadId thread{};  // who gets it
  ThreadId sender{};  // none: the kernel, an interrupt, or not seen
  SignalKind kind = SignalKind::delivered;
  SignalAction action = SignalAction::unknown;
  int32_t signo = 0;
  int32_t error = 0;  // si_errno
  int32_t code = 0;   // si_code
  // What follows in siginfo_t of a 64-bit ABI, whatever the thread's own: pid and uid, fault address …
  // (include/uapi/asm-generic/siginfo.h; low half first).
  std::array<uint64_t, 4> fields{};
};

// ---- sockets ------------------------------------------------------------------------------------

// What happened to a TCP socket (other kinds are told by their calls alone).
enum class SocketEventKind : uint8_t {
  unknown = 0,
  connecting = 1,   // sends its SYN
  established = 2,  // the handshake of a connect is done
  accepted = 3,     // likewise on the listener's side: the connection waits for accept(2), or is taken
  listening = 4,
  state = 5,              // went on to `state`, where no other kind says so
  retransmit = 6,         // a segment was sent again
  synack_retransmit = 7,  // a listener sent the answer to a SYN again; `resource` names both ends
  reset_sent = 8,
  reset_received = 9,
  failed = 10,  // the connect did, with `error`
  closed = 11,  // its state is `close`; `error`: why, where that was not its owner's wish
  facts = 12,   // what the kernel counted so far, of a socket that lives when the recording ends
};

// include/net/tcp_states.h
enum class TcpState : uint8_t {
  unknown = 0,
  established = 1,
  syn_sent = 2,
  syn_recv = 3,
  fin_wait1 = 4,
  fin_wait2 = 5,
  time_wait = 6,
  close = 7,
  close_wait = 8,
  last_ack = 9,
  listen = 10,
  closing = 11,
};

// What the kernel keeps of a TCP connection, as in tcp_info (include/uapi/linux/tcp.h).
struct TcpFacts {
  uint64_t srtt_us = 0;     // smoothed round trip; 0: none measured
  uint64_t min_rtt_us = 0;  // 0: none measured
  uint64_t rtt_var_us = 0;
  uint64_t bytes_sent = 0;  // with what was sent again
  uint64_t bytes_acked = 0;
  uint64_t bytes_received = 0;
  uint64_t bytes_retrans = 0;
  uint64_t segs_out = 0, segs_in = 0;
  uint64_t data_segs_out = 0, data_segs_in = 0;
  uint64_t retransmits = 0;        // segments, SYNs among them
  uint64_t busy_us = 0;            // had something to send or to be acknowledged; of that:
  uint64_t rwnd_limited_us = 0;    // the peer's receive window was full
  uint64_t sndbuf_limited_us = 0;  // the own send buffer was
  uint64_t send_queue = 0;         // bytes not acknowledged yet
  uint64_t receive_queue = 0;      // bytes not read yet
  uint64_t cwnd = 0;               // congestion window, segments
  uint64_t mss = 0;
  friend bool operator==(const TcpFacts&, const TcpFacts&) = default;
};

// Their order in the file.
inline constexpr std::array kTcpFacts = {
    &TcpFacts::srtt_us,       &TcpFacts::min_rtt_us,      &TcpFacts::rtt_var_us,
    &TcpFacts::bytes_sent,    &TcpFacts::bytes_acked,     &TcpFacts::bytes_received,
    &TcpFacts::bytes_retrans, &TcpFacts::segs_out,        &TcpFacts::segs_in,
    &TcpFacts::data_segs_out, &TcpFacts::data_segs_in,    &TcpFacts::retransmits,
    &TcpFacts::busy_us,       &TcpFacts::rwnd_limited_us, &TcpFacts::sndbuf_limited_us,
    &TcpFacts::send_queue,    &TcpFacts::receive_queue,   &TcpFacts::cwnd,
    &TcpFacts::mss,
};

struct SocketEvent {
  int64_t ts_ns = 0;
  SocketEventKind kind = SocketEventKind::unknown;
  ThreadId thread{};      // that did it; none: an interrupt
  uint32_t socket = 0;    // tells the recording's sockets apart, whatever inode or addresses they have yet
  ResourceId resource{};  // as it is addressed now; none: not known. Before accept(2) it has no inode
  TcpState state = TcpState::unknown;  // from now on
  int32_t error = 0;                   // errno
  bool has_facts = false;
  TcpFacts facts{};
};

// ---- TLS ----------------------------------------------------------------------------------------

enum class TlsLibrary : uint8_t { unknown = 0, openssl = 1, gnutls = 2 };

// A call of a TLS library's function that takes or gives plaintext (SSL_write, gnutls_record_recv …).
struct PlaintextEvent {
  int64_t ts_ns = 0;  // enter
  int64_t dur_ns = 0;
  ThreadId thread{};
  PayloadDirection direction = PayloadDirection::in;  // in: to be sent; out: received
  TlsLibrary library = TlsLibrary::unknown;
  ResourceId resource{};  // the socket below, none where not known
  uint64_t session = 0;   // the same for one session of a process: the address of its object
  int64_t result = 0;     // bytes moved; otherwise what the function returned: 0 or less
  uint64_t length = 0;    // bytes moved; data may be shorter (snaplen)
  std::span<const uint8_t> data{};
};

// ---- packets ------------------------------------------------------------------------------------

enum class PacketDirection : uint8_t { received = 0, sent = 1 };

// What the bytes of a packet begin with.
enum class PacketLink : uint8_t {
  raw_ip = 0,    // its IP header
  ethernet = 1,  // an Ethernet header
  loopback = 2,  // likewise, on an interface whose packets come back: each is there as sent and as received
};

// A packet as an interface was given it to send, or gave it to the protocols. Before it is cut into segments
// by the interface, or after it has put segments together: it may be longer than the link carries.
struct PacketEvent {
  int64_t ts_ns = 0;
  ThreadId thread{};      // that sent it by a call; none: the kernel did on its own, or it was received
  ResourceId resource{};  // the socket, none where not known; of a handshake that has none yet: the listener
  PacketDirection direction = PacketDirection::received;
  PacketLink link = PacketLink::raw_ip;
  uint32_t interface_index = 0;
  StringId interface_name{};
  uint32_t length = 0;  // bytes there were; data may be shorter
  std::span<const uint8_t> data{};
};

// ---- what a bounded file leaves out ---------------------------------------------------------------

enum class FoldKind : uint8_t { unknown = 0, calls = 1, payload = 2 };

// What the writer kept as a count alone, so that the file stays within its size (CallFolder): calls of one
// thread that are alike, or payload of any. Counts and sums are exact, and no call is in two of them.
struct FoldEvent {
  FoldKind kind = FoldKind::calls;
  int64_t ts_ns = 0;  // the slice of time that they all lie in
  int64_t dur_ns = 0;
  uint64_t count = 0;      // calls; payloads
  int64_t result_sum = 0;  // of calls that succeeded; bytes of payload
  // Of calls only:
  ThreadId thread{};
  Abi abi = Abi::none;
  int32_t nr = -1;
  int32_t error = 0;      // errno, 0: they succeeded
  ResourceId resource{};  // behind the fd in their arguments
  uint32_t last_seq = 0;  // call_seq of the last one
  int64_t total_ns = 0;   // sum of their durations
  int64_t longest_ns = 0;
};

// ---- losses -----------------------------------------------------------------------------------

enum class LossSource : uint8_t {
  unknown = 0,
  syscalls = 1,
  switches = 2,
  wakes = 3,
  lifecycle = 4,
  definitions = 5,
  payload = 6,
  encoder = 7,  // the recorder itself could not keep up
  signals = 8,
  sockets = 9,
  packets = 10,
  plaintext = 11,
};

struct LossEvent {
  int64_t ts_ns = 0;  // the slice in which count events were lost
  int64_t dur_ns = 0;
  LossSource source = LossSource::unknown;
  ThreadId thread{};  // none: not known
  uint64_t count = 0;
};

}  // namespace tarry
