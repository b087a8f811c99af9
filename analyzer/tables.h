// The tables of the database, each declared once: row struct, columns, documentation.
//
// How to add one: write its row struct and its constexpr Table here (of a protocol: beside its decoder),
// list it in kTables of analyzer/schema.cc, insert rows with Inserter<kYourTable>, and run
// `tarry_schema_doc > docs/schema.md` (a test compares).
#pragma once

#include "analyzer/table.h"

namespace tarry::tables {

struct MetaRow {
  std::string_view key;
  std::string_view value;
};
inline constexpr Table<MetaRow, 2> kMeta{
    "meta",
    "What the recording is: host, kernel, level, target, wall clock of ts = 0.",
    {{{"key", &MetaRow::key, "name of the fact", "PRIMARY KEY"}, {"value", &MetaRow::value, "its value"}}}};

struct StatsRow {
  Label name;
  int64_t value = 0;
  Label description;
};
inline constexpr Table<StatsRow, 3> kStats{
    "stats",
    "Counts of what was recorded, lost, skipped, unknown or damaged, and what the recorder itself cost.",
    {{{"name", &StatsRow::name, "what is counted", "PRIMARY KEY"},
      {"value", &StatsRow::value, "count, bytes or nanoseconds as the description says"},
      {"description", &StatsRow::description, "what the value means"}}}};

struct ClockRow {
  int64_t ts = 0;
  int64_t boottime = 0;
  int64_t monotonic = 0;
  int64_t realtime = 0;
};
inline constexpr Table<ClockRow, 4> kClock{
    "clock",
    "The kernel's clocks read at the same moment: at the start, every 10 s, at the end.",
    {{{"ts", &ClockRow::ts, "trace time"},
      {"boottime", &ClockRow::boottime, "CLOCK_BOOTTIME, ns"},
      {"monotonic", &ClockRow::monotonic, "CLOCK_MONOTONIC, ns"},
      {"realtime", &ClockRow::realtime, "CLOCK_REALTIME, ns since 1970-01-01 UTC"}}}};

struct ProcessRow {
  int64_t upid = 0;
  int64_t pid = 0;
  NullableInteger parent_upid;
  NullableInteger main_utid;
  NullableInteger start_ts;
  NullableInteger end_ts;
  std::string_view comm;
  std::string_view exe;
  std::string_view cmdline;
  std::string_view cwd;
  NullableInteger uid;
  NullableInteger gid;
  std::string_view cgroup;
  NullableInteger exit_code;
  NullableInteger exit_signal;
  NullableInteger user_ns;
  NullableInteger system_ns;
  NullableInteger max_rss;
  NullableInteger ns_pid;
  NullableInteger ppid;
  int64_t recorded = 0;
  int64_t existed = 0;
};
inline constexpr Table<ProcessRow, 22> kProcess{
    "process",
    "Every process seen, recorded or known by name only (a waker, the owner of a socket).",
    {{{"upid", &ProcessRow::upid, "unique in this trace, because pids are reused", "PRIMARY KEY"},
      {"pid", &ProcessRow::pid, "process id in the initial pid namespace"},
      {"parent_upid", &ProcessRow::parent_upid, "process that forked it"},
      {"main_utid", &ProcessRow::main_utid, "its first thread"},
      {"start_ts", &ProcessRow::start_ts, "when it was forked; negative: before the recording"},
      {"end_ts", &ProcessRow::end_ts, "when its last thread ended; NULL: outlived the recording"},
      {"comm", &ProcessRow::comm, "the kernel's short name, the last one it had"},
      {"exe", &ProcessRow::exe, "path of the program, after the last exec"},
      {"cmdline", &ProcessRow::cmdline, "arguments as a shell would take them, after the last exec"},
      {"cwd", &ProcessRow::cwd, "working directory when first seen or at the last exec"},
      {"uid", &ProcessRow::uid, "user id"},
      {"gid", &ProcessRow::gid, "group id"},
      {"cgroup", &ProcessRow::cgroup, "cgroup path"},
      {"exit_code", &ProcessRow::exit_code, "NULL if still alive or killed"},
      {"exit_signal", &ProcessRow::exit_signal, "signal that killed it"},
      {"user_ns", &ProcessRow::user_ns,
       "CPU time in user mode over its life (of the recorded command: from its exec on), ns; known at its "
       "end. "
       "The sum with system_ns is exact, the split by clock ticks of 1 to 10 ms"},
      {"system_ns", &ProcessRow::system_ns, "CPU time in the kernel over its life, ns; known at its end"},
      {"max_rss", &ProcessRow::max_rss, "largest resident memory, bytes; known at its end"},
      {"ns_pid", &ProcessRow::ns_pid, "process id in its own pid namespace"},
      {"ppid", &ProcessRow::ppid, "pid of the parent, also where the parent was not recorded"},
      {"recorded", &ProcessRow::recorded, "1: part of the recording; 0: known by name only"},
      {"existed", &ProcessRow::existed, "1: lived before the recording began"}}},
    {"pid"}};

struct ThreadRow {
  int64_t utid = 0;
  int64_t tid = 0;
  int64_t upid = 0;
  std::string_view name;
  NullableInteger start_ts;
  NullableInteger end_ts;
  NullableInteger creator_utid;
  int64_t is_main = 0;
  int64_t recorded = 0;
  NullableInteger ns_tid;
};
inline constexpr Table<ThreadRow, 10> kThread{
    "thread",
    "Every thread seen. Its life as recorded is covered by thread_state.",
    {{{"utid", &ThreadRow::utid, "unique in this trace, because thread ids are reused", "PRIMARY KEY"},
      {"tid", &ThreadRow::tid, "thread id in the initial pid namespace"},
      {"upid", &ThreadRow::upid, "process.upid"},
      {"name", &ThreadRow::name, "the last name it had"},
      {"start_ts", &ThreadRow::start_ts, "when it was created; negative: before the recording"},
      {"end_ts", &ThreadRow::end_ts, "its last switch out; NULL: outlived the recording"},
      {"creator_utid", &ThreadRow::creator_utid, "thread that created it"},
      {"is_main", &ThreadRow::is_main, "1: the first thread of its process"},
      {"recorded", &ThreadRow::recorded, "1: part of the recording; 0: known by name only"},
      {"ns_tid", &ThreadRow::ns_tid, "thread id in its own pid namespace"}}},
    {"upid", "tid"}};

struct ThreadNameRow {
  int64_t ts = 0;
  int64_t utid = 0;
  std::string_view name;
};
inline constexpr Table<ThreadNameRow, 3> kThreadName{
    "thread_name",
    "The names a thread had, each from ts on.",
    {{{"ts", &ThreadNameRow::ts, "from when on"},
      {"utid", &ThreadNameRow::utid, "thread.utid"},
      {"name", &ThreadNameRow::name, "the kernel's short name (comm)"}}}};

struct ExecRow {
  int64_t ts = 0;
  int64_t upid = 0;
  int64_t utid = 0;
  std::string_view comm;
  std::string_view exe;
  std::string_view cmdline;
  std::string_view cwd;
};
inline constexpr Table<ExecRow, 7> kExec{
    "exec",
    "Each program a process executed.",
    {{{"ts", &ExecRow::ts, "when the exec succeeded"},
      {"upid", &ExecRow::upid, "process.upid"},
      {"utid", &ExecRow::utid,
       "thread that called it (its life may end here, if it was not the main thread)"},
      {"comm", &ExecRow::comm, "the kernel's short name from now on"},
      {"exe", &ExecRow::exe, "path of the program"},
      {"cmdline", &ExecRow::cmdline, "arguments as a shell would take them"},
      {"cwd", &ExecRow::cwd, "working directory"}}},
    {"upid"}};

struct ResourceRow {
  int64_t id = 0;
  Label kind;
  std::string_view dev;
  NullableInteger inode;
  std::string_view path;
  Label protocol;
  std::string_view local_addr;
  NullableInteger local_port;
  std::string_view remote_addr;
  NullableInteger remote_port;
  std::string_view name;
  NullableInteger listening;
  NullableInteger cookie;
  NullableInteger owner_upid;
  NullableInteger peer_upid;
  NullableInteger peer_id;
};
inline constexpr Table<ResourceRow, 16> kResource{
    "resource",
    "What stood behind file descriptors. Rows do not change: a socket that connects gets another row.",
    {{{"id", &ResourceRow::id, "unique in this trace", "PRIMARY KEY"},
      {"kind", &ResourceRow::kind,
       "file, dir, socket, pipe, fifo, unix, tty, device, eventfd, epoll, timerfd, pidfd, memory, ..."},
      {"dev", &ResourceRow::dev, "device that holds it, major:minor; of a device node: itself"},
      {"inode", &ResourceRow::inode, "inode number"},
      {"path", &ResourceRow::path, "absolute path, or name a Unix socket is bound to (@: abstract)"},
      {"protocol", &ResourceRow::protocol, "of a socket: TCP, UDP, ICMP, UNIX-STREAM, ..."},
      {"local_addr", &ResourceRow::local_addr, "this side's address"},
      {"local_port", &ResourceRow::local_port, "this side's port"},
      {"remote_addr", &ResourceRow::remote_addr, "the other side's address"},
      {"remote_port", &ResourceRow::remote_port, "the other side's port"},
      {"name", &ResourceRow::name, "one readable label"},
      {"listening", &ResourceRow::listening, "1: a socket that accepts connections"},
      {"cookie", &ResourceRow::cookie, "the kernel's id of a socket, the same over its rows"},
      {"owner_upid", &ResourceRow::owner_upid, "process that first had it open"},
      {"peer_upid", &ResourceRow::peer_upid, "of a socket: the process at the other end, on this machine"},
      {"peer_id", &ResourceRow::peer_id, "of a socket: resource.id of the other end, on this machine"}}}};

struct OpenFdRow {
  int64_t upid = 0;
  int64_t fd = 0;
  NullableInteger resource_id;
};
inline constexpr Table<OpenFdRow, 3> kOpenFd{"open_fd",
                                             "File descriptors that were open when the recording began.",
                                             {{{"upid", &OpenFdRow::upid, "process.upid"},
                                               {"fd", &OpenFdRow::fd, "number"},
                                               {"resource_id", &OpenFdRow::resource_id, "resource.id"}}}};

struct SyscallRow {
  int64_t id = 0;
  int64_t ts = 0;
  NullableInteger dur;
  int64_t utid = 0;
  int64_t call_seq = 0;
  Label abi;
  int64_t nr = 0;
  Label name;
  NullableInteger a0, a1, a2, a3, a4, a5;
  std::string_view args;
  NullableInteger ret;
  Label errno_name;
  NullableInteger fd;
  Label fd_role;
  NullableInteger resource_id;
  NullableInteger bytes;
  Label path;
  int64_t blocked_ns = 0;
  NullableInteger stack_id;
};
inline constexpr Table<SyscallRow, 24> kSyscall{
    "syscall",
    "Every system call, by the time it was entered.",
    {{{"id", &SyscallRow::id, "in the order of time", "PRIMARY KEY"},
      {"ts", &SyscallRow::ts, "enter time"},
      {"dur", &SyscallRow::dur, "NULL: still pending when the recording or the thread ended"},
      {"utid", &SyscallRow::utid, "thread.utid"},
      {"call_seq", &SyscallRow::call_seq, "counts the calls of a thread from 1; a gap is a loss"},
      {"abi", &SyscallRow::abi, "x86-64, i386, x32, aarch64"},
      {"nr", &SyscallRow::nr, "number in that ABI"},
      {"name", &SyscallRow::name, "name; syscall_NUMBER where not known"},
      {"a0", &SyscallRow::a0, "raw argument; NULL: a pointer without meaning of its own, or not used"},
      {"a1", &SyscallRow::a1, "raw argument"},
      {"a2", &SyscallRow::a2, "raw argument"},
      {"a3", &SyscallRow::a3, "raw argument"},
      {"a4", &SyscallRow::a4, "raw argument"},
      {"a5", &SyscallRow::a5, "raw argument"},
      {"args", &SyscallRow::args, "arguments as strace prints them"},
      {"ret", &SyscallRow::ret, "result; -1 with errno set if it failed; NULL: unfinished"},
      {"errno", &SyscallRow::errno_name, "name of the error, NULL if it succeeded"},
      {"fd", &SyscallRow::fd, "main descriptor: the returned one, otherwise the first argument that is one"},
      {"fd_role", &SyscallRow::fd_role, "where that descriptor stands: arg0 to arg5, dirfd, returned"},
      {"resource_id", &SyscallRow::resource_id, "what is behind fd"},
      {"bytes", &SyscallRow::bytes, "moved by read, write, send, receive and the like"},
      {"path", &SyscallRow::path,
       "first path argument, made absolute where its directory is known, with the root that a chroot(2) set"},
      {"blocked_ns", &SyscallRow::blocked_ns,
       "time in the call that the thread was blocked or queued for a CPU"},
      {"stack_id", &SyscallRow::stack_id, "user stack"}}},
    {"utid, ts", "resource_id"}};

struct SyscallObjectRow {
  int64_t syscall_id = 0;
  Label role;
  NullableInteger fd;
  NullableInteger resource_id;
  Label path;
};
// Only what the call's own row does not say; the view syscall_object has every object.
inline constexpr Table<SyscallObjectRow, 5> kSyscallObjectMore{
    "syscall_object_more",
    "Objects of calls that have more than the one in their own row; read the view syscall_object instead.",
    {{{"syscall_id", &SyscallObjectRow::syscall_id, "syscall.id"},
      {"role", &SyscallObjectRow::role, "see syscall_object"},
      {"fd", &SyscallObjectRow::fd, "descriptor; NULL where there is none"},
      {"resource_id", &SyscallObjectRow::resource_id, "resource.id"},
      {"path", &SyscallObjectRow::path, "path argument that belongs to it"}}},
    {"syscall_id", "resource_id"}};

struct SyscallArgRow {
  int64_t syscall_id = 0;
  int64_t idx = 0;
  Label name;
  Label type;
  std::string_view value;
};
inline constexpr Table<SyscallArgRow, 5> kSyscallArg{
    "syscall_arg",
    "The arguments of each call, decoded one by one. In `tarry query FILE.tarry` computed on demand: ask by "
    "syscall_id.",
    {{{"syscall_id", &SyscallArgRow::syscall_id, "syscall.id"},
      {"idx", &SyscallArgRow::idx, "0 to 5"},
      {"name", &SyscallArgRow::name, "the kernel's name for it"},
      {"type", &SyscallArgRow::type, "fd, path, buffer, flags, ..."},
      {"value", &SyscallArgRow::value, "as strace prints it"}}},
    {},
    "syscall_id, idx"};

struct ThreadStateRow {
  int64_t id = 0;
  int64_t ts = 0;
  NullableInteger dur;
  int64_t utid = 0;
  Label state;
  NullableInteger cpu;
  Label wait_kind;
  Label role;
  NullableInteger resource_id;
  NullableInteger syscall_id;
  Label call_abi;
  NullableInteger call_nr;
  Label call_name;
  NullableInteger waker_utid;
  Label waker_context;
  Label waker_call;
  NullableInteger waker_resource_id;
  NullableInteger kernel_stack_id;
  NullableInteger user_stack_id;
  Label detail;
  NullableInteger since_ts;
  Label phase;
  NullableInteger peer_utid;
};
inline constexpr Table<ThreadStateRow, 23> kThreadState{
    "thread_state",
    "What each recorded thread was doing: for each thread the rows cover its life without gap or overlap. "
    "The "
    "life of the recorded command begins with its exec.",
    {{{"id", &ThreadStateRow::id, "unique", "PRIMARY KEY"},
      {"ts", &ThreadStateRow::ts, "begin"},
      {"dur", &ThreadStateRow::dur, "NULL: still so at the end of the recording"},
      {"utid", &ThreadStateRow::utid, "thread.utid"},
      {"state", &ThreadStateRow::state,
       "running, runnable (wants a CPU), blocked, unknown (events were lost, or it is not known how it "
       "began)"},
      {"cpu", &ThreadStateRow::cpu, "CPU it ran on"},
      {"wait_kind", &ThreadStateRow::wait_kind,
       "blocked: network, ipc, disk, lock, sleep, child, terminal, memory, device, signal, stopped, "
       "recorder, unknown; "
       "runnable: cpu-queue, cpu-limit"},
      {"role", &ThreadStateRow::role,
       "answer: this side spoke last and waits for the peer; idle: waits until someone wants something"},
      {"resource_id", &ThreadStateRow::resource_id,
       "what it waited for; of poll, select, epoll: what ended the wait, else the one polled"},
      {"syscall_id", &ThreadStateRow::syscall_id, "the call it was in; NULL at level waits"},
      {"call_abi", &ThreadStateRow::call_abi, "ABI of that call"},
      {"call_nr", &ThreadStateRow::call_nr, "number of that call"},
      {"call_name", &ThreadStateRow::call_name, "name of that call; NULL: user code, a page fault"},
      {"waker_utid", &ThreadStateRow::waker_utid, "thread that ended the wait"},
      {"waker_context", &ThreadStateRow::waker_context,
       "what ended the wait: thread, or an interrupt: network, disk, timer, softirq, hardirq; NULL: not "
       "known"},
      {"waker_call", &ThreadStateRow::waker_call, "call the waker was in"},
      {"waker_resource_id", &ThreadStateRow::waker_resource_id,
       "what the waker used: resource of its call, or the socket that got data"},
      {"kernel_stack_id", &ThreadStateRow::kernel_stack_id, "where in the kernel it slept"},
      {"user_stack_id", &ThreadStateRow::user_stack_id, "where in the program it slept"},
      {"detail", &ThreadStateRow::detail,
       "blocked: interruptible, uninterruptible, stopped, traced, idle, parked, recorder; runnable: woken, "
       "preempted, "
       "new; "
       "unknown: start (nothing known yet), loss (events were lost), unseen (the kernel kept a switch back), "
       "cut "
       "(the file ends before), replaced (by another thread's exec)"},
      {"since_ts", &ThreadStateRow::since_ts,
       "where the interval began before the recording: when (negative), or 0 if that is not known; else "
       "NULL"},
      {"phase", &ThreadStateRow::phase,
       "of a wait for the network: dns (a name server), connect, tls_handshake, sending (the peer does not "
       "take what was sent), first_byte (of an answer), receiving (the rest of it); NULL: not known"},
      {"peer_utid", &ThreadStateRow::peer_utid,
       "of a wait for the network, where the peer was recorded, too: the thread that answered, or else has "
       "read last what was sent"}}},
    {"utid, ts", "syscall_id", "waker_utid"}};

struct SignalRow {
  int64_t id = 0;
  int64_t ts = 0;
  int64_t utid = 0;
  Label event;
  int64_t signo = 0;
  std::string_view name;
  Label code;
  Label action;
  NullableInteger sender_utid;
  NullableInteger sender_pid;
  NullableInteger sender_uid;
  NullableInteger status;
  NullableInteger addr;
  NullableInteger value;
  std::string_view info;
};
inline constexpr Table<SignalRow, 15> kSignal{
    "signal",
    "Signals that threads took, and stops. Not here: what was blocked to the end, or ignored when it was "
    "sent.",
    {{{"id", &SignalRow::id, "in the order of time", "PRIMARY KEY"},
      {"ts", &SignalRow::ts, "when the thread took it or stopped"},
      {"utid", &SignalRow::utid, "thread.utid of the receiver"},
      {"event", &SignalRow::event, "delivered, or stopped: the thread stops with its process"},
      {"signo", &SignalRow::signo, "number"},
      {"name", &SignalRow::name, "SIGTERM, SIGRT_2"},
      {"code", &SignalRow::code, "si_code: SI_USER, SI_KERNEL, CLD_EXITED, SEGV_MAPERR, ..."},
      {"action", &SignalRow::action,
       "handler, ignore; or what is done without: terminate, core, stop, continue"},
      {"sender_utid", &SignalRow::sender_utid,
       "thread.utid of the sender; NULL: the kernel, a timer, or not seen"},
      {"sender_pid", &SignalRow::sender_pid, "si_pid: the sender's process id as the receiver sees it"},
      {"sender_uid", &SignalRow::sender_uid, "si_uid"},
      {"status", &SignalRow::status,
       "of SIGCHLD: the child's exit status, or the signal that killed, stopped, continued it"},
      {"addr", &SignalRow::addr, "of a fault: the address"},
      {"value", &SignalRow::value, "si_int: what sigqueue() or a timer sent with it"},
      {"info", &SignalRow::info, "all of it as strace prints it"}}},
    {"utid"}};

struct PayloadRow {
  int64_t id = 0;
  int64_t ts = 0;
  int64_t utid = 0;
  NullableInteger syscall_id;
  NullableInteger resource_id;
  Label direction;
  int64_t length = 0;
  Bytes data;
  int64_t arg = 0;
  int64_t part = 0;
};
inline constexpr Table<PayloadRow, 10> kPayload{
    "payload",
    "The first bytes (--snaplen) behind pointer arguments: what was read, written, sent, received, and "
    "structures.",
    {{{"id", &PayloadRow::id, "unique", "PRIMARY KEY"},
      {"ts", &PayloadRow::ts, "enter time of the call"},
      {"utid", &PayloadRow::utid, "thread.utid"},
      {"syscall_id", &PayloadRow::syscall_id, "syscall.id"},
      {"resource_id", &PayloadRow::resource_id, "what was read or written"},
      {"direction", &PayloadRow::direction,
       "in: read by the kernel (write, send); out: written by it (read, receive)"},
      {"length", &PayloadRow::length, "bytes there were; data may be shorter"},
      {"data", &PayloadRow::data, "the bytes"},
      {"arg", &PayloadRow::arg, "argument, from 0"},
      {"part", &PayloadRow::part,
       "of an iovec or msghdr: 0 structure, 1 address, 2 iovec array, 3 data, 4 control data, 5 "
       "starts of later buffers; more in trace-format.md"}}},
    {"syscall_id", "resource_id"}};

struct PlaintextRow {
  int64_t id = 0;
  int64_t ts = 0;
  int64_t dur = 0;
  int64_t utid = 0;
  NullableInteger resource_id;
  int64_t session = 0;
  Label library;
  Label direction;
  int64_t result = 0;
  int64_t length = 0;
  Bytes data;
};
inline constexpr Table<PlaintextRow, 11> kPlaintext{
    "plaintext",
    "What programs gave TLS libraries to send, and what these decrypted: the first bytes (--snaplen) of each "
    "call.",
    {{{"id", &PlaintextRow::id, "in the order of time", "PRIMARY KEY"},
      {"ts", &PlaintextRow::ts, "enter time of the library's function"},
      {"dur", &PlaintextRow::dur, "until it returned"},
      {"utid", &PlaintextRow::utid, "thread.utid"},
      {"resource_id", &PlaintextRow::resource_id,
       "the socket below; NULL: not known, as where the program itself moves the encrypted bytes"},
      {"session", &PlaintextRow::session,
       "the same for one session of a process: the address of its object (SSL *, gnutls_session_t)"},
      {"library", &PlaintextRow::library, "openssl, gnutls"},
      {"direction", &PlaintextRow::direction, "in: to be sent; out: received"},
      {"result", &PlaintextRow::result, "bytes moved; otherwise what the function returned: 0 or less"},
      {"length", &PlaintextRow::length, "bytes moved; data may be shorter"},
      {"data", &PlaintextRow::data, "the bytes"}}},
    {"utid", "resource_id"}};

struct StackRow {
  int64_t stack_id = 0;
  int64_t depth = 0;
  int64_t frame_id = 0;
};
inline constexpr Table<StackRow, 3> kStack{"stack",
                                           "Stacks, a row a frame.",
                                           {{{"stack_id", &StackRow::stack_id, "the stack"},
                                             {"depth", &StackRow::depth, "0 is the innermost frame"},
                                             {"frame_id", &StackRow::frame_id, "frame.id"}}},
                                           {"stack_id, depth"}};

struct FrameRow {
  int64_t id = 0;
  std::string_view symbol;
  std::string_view module;
  std::string_view file;
  NullableInteger line;
  Label language;
  int64_t address = 0;
  int64_t offset = 0;
};
inline constexpr Table<FrameRow, 8> kFrame{
    "frame",
    "A place in code.",
    {{{"id", &FrameRow::id, "unique", "PRIMARY KEY"},
      {"symbol", &FrameRow::symbol, "function; NULL where not resolved"},
      {"module", &FrameRow::module, "kernel, kernel module, or path of the mapped file"},
      {"file", &FrameRow::file, "source file"},
      {"line", &FrameRow::line, "source line"},
      {"language", &FrameRow::language, "native, python, ...; NULL where not known"},
      {"address", &FrameRow::address, "instruction"},
      {"offset", &FrameRow::offset, "from the start of the symbol, bytes"}}}};

struct FoldRow {
  int64_t ts = 0;
  int64_t dur = 0;
  Label kind;
  NullableInteger utid;
  Label abi;
  NullableInteger nr;
  Label name;
  Label errno_name;
  NullableInteger resource_id;
  int64_t count = 0;
  NullableInteger total_ns;
  NullableInteger longest_ns;
  NullableInteger bytes;
};
inline constexpr Table<FoldRow, 13> kFold{
    "fold",
    "What a recording kept as a count alone to stay within --max-size: first payload, then short calls. The "
    "counts are exact: such calls are in no other table.",
    {{{"ts", &FoldRow::ts, "begin of the slice of time that they lie in"},
      {"dur", &FoldRow::dur, "length of the slice"},
      {"kind", &FoldRow::kind, "calls; payload: pieces of it that were left out"},
      {"utid", &FoldRow::utid, "thread.utid; NULL for payload"},
      {"abi", &FoldRow::abi, "of the calls, as in syscall"},
      {"nr", &FoldRow::nr, "number in that ABI"},
      {"name", &FoldRow::name, "name"},
      {"errno", &FoldRow::errno_name,
       "name of the error with which all of them failed, NULL: they succeeded"},
      {"resource_id", &FoldRow::resource_id, "resource.id behind the fd in their arguments"},
      {"count", &FoldRow::count, "how many"},
      {"total_ns", &FoldRow::total_ns, "sum of their durations"},
      {"longest_ns", &FoldRow::longest_ns, "duration of the longest"},
      {"bytes", &FoldRow::bytes, "moved by read, write, send, receive and the like; of payload: left out"}}},
    {"utid", "resource_id"}};

struct LossRow {
  int64_t ts = 0;
  int64_t dur = 0;
  Label source;
  NullableInteger utid;
  int64_t count = 0;
};
inline constexpr Table<LossRow, 5> kLoss{
    "loss",
    "Events that did not fit into the recorder's buffers.",
    {{{"ts", &LossRow::ts, "begin of the slice of time in which they were lost"},
      {"dur", &LossRow::dur, "length of the slice"},
      {"source", &LossRow::source,
       "syscalls, switches, wakes, signals, sockets, packets, lifecycle, definitions, payload, plaintext, "
       "encoder"},
      {"utid", &LossRow::utid, "whose; NULL: not known"},
      {"count", &LossRow::count, "how many"}}}};

}  // namespace tarry::tables
