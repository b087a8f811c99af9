# The blocks of a tarry trace. A trace is a plain concatenation of zstd frames, each holding one
# message of type Block in standard stream framing, so that stock tools read it:
#
#   zstd -dc FILE | capnp convert binary:json format/trace.capnp Block
#
# docs/trace-format.md explains the rules: what may refer to what, epochs, how each column is coded.
# Evolution: fields and union members are only ever appended; a default means "written by an older
# recorder". Enumerations are numbers whose names are in format/events.h: a reader takes a number
# it does not know as "unknown".

@0xc291d11127fb1ef8;

using Cxx = import "/capnp/c++.capnp";
$Cxx.namespace("tarry::schema");

using TimeNs = Int64;      # CLOCK_BOOTTIME
using ThreadId = UInt32;   # ids are valid in the whole trace; 0 is none
using StringId = UInt32;
using ResourceId = UInt32;

struct Block {
  signature @0 :UInt32;    # always 0x59525254, "TRRY" as little-endian bytes
  epoch @1 :UInt32;        # counts from 0
  rows @2 :UInt32;         # of the event or definition columns below
  minNs @3 :TimeNs;        # earliest and latest instant that the events in this block cover;
  maxNs @4 :TimeNs;        # definitions: both 0
  union {
    unknown @5 :Void;      # what a reader sees in a block of a newer kind
    header @6 :Header;
    strings @7 :Strings;
    processes @8 :Processes;
    resources @9 :Resources;
    stacks @10 :Stacks;
    syscalls @11 :Syscalls;
    payloads @12 :Payloads;
    switches @13 :Switches;
    wakes @14 :Wakes;
    losses @15 :List(Loss);
    clocks @16 :List(ClockPoint);
    trailer @17 :Trailer;
    signals @18 :Signals;
    folds @19 :Folds;
    sockets @20 :Sockets;
    plaintexts @21 :Plaintexts;
    packets @22 :Packets;
  }
}

# A column of integers, laid out for the compressor. Each value is zigzag coded (0, -1, 1, -2 … as
# 0, 1, 2, 3 …); plane k holds byte k of every value. Planes that would be zero from k on up are
# left out, so a null column is all zeros. Its count is said where the column is used.
struct Ints {
  planes @0 :List(Data);
}

# ---- about the recording ----------------------------------------------------------------------

struct ClockPoint {
  boottimeNs @0 :Int64;
  monotonicNs @1 :Int64;
  realtimeNs @2 :Int64;
}

struct Header {            # the first block of every epoch
  formatVersion @0 :UInt32;
  tarryVersion @1 :Text;
  hostname @2 :Text;
  kernelRelease @3 :Text;
  machine @4 :Text;
  osName @5 :Text;
  cpuCount @6 :UInt32;
  pageSize @7 :UInt32;
  level @8 :UInt8;         # tarry::Level
  snaplen @9 :Int64;
  backend @10 :Text;
  targetKind @11 :UInt8;   # tarry::TargetKind
  target @12 :List(Data);
  cwd @13 :Data;
  user @14 :Text;
  recorderPid @15 :UInt32;
  start @16 :ClockPoint;   # ts = 0 of the database
  calls @17 :Text;         # only these were recorded, as strace's -e trace= names them; empty: all
}

struct Trailer {
  reason @0 :UInt8;        # tarry::EndReason
  end @1 :ClockPoint;
  commandStatus @2 :Int32 = -1;
  cost @3 :Cost;
  error @4 :Text;
  repaired @5 :Bool;
  index @6 :Index;
  lost @7 :UInt64;         # sum of all losses

  struct Cost {
    userNs @0 :Int64;
    systemNs @1 :Int64;
    drainCpuNs @2 :Int64;
    encodeCpuNs @3 :Int64;
    bpfRunNs @4 :Int64 = -1;
    maxRssBytes @5 :Int64;
    ringBytes @6 :Int64;
  }

  # One row a block before the trailer, in file order. A block starts where the one before it ends.
  struct Index {
    count @0 :UInt32;      # 0 in a file with blocks: too many to list, read the frames
    kind @1 :Ints;         # which member of Block's union: 1 header, 2 strings …
    fileBytes @2 :Ints;
    decodedBytes @3 :Ints;
    rows @4 :Ints;
    epoch @5 :Ints;        # delta
    minNs @6 :Ints;        # delta to the row before
    maxNs @7 :Ints;        # minus minNs
  }
}

# ---- definitions ------------------------------------------------------------------------------

struct Strings {           # columns of Block.rows values
  ids @0 :Ints;            # delta - 1
  lengths @1 :Ints;
  bytes @2 :Data;          # the texts behind each other; need not be UTF-8
}

struct Processes {
  threads @0 :List(Thread);
  life @1 :List(LifeEvent);
  openFds @2 :OpenFds;
  infos @3 :List(LifeEvent);  # at the start of an epoch: what every living process was last seen to
                              # be, for readers that miss what came before
  epollMembers @4 :EpollMembers;
}

struct Thread {
  id @0 :ThreadId;
  tid @1 :Int32;
  pid @2 :Int32;
  nsTid @3 :Int32;
  nsPid @4 :Int32;
  startNs @5 :TimeNs;
  leader @6 :ThreadId;
  creator @7 :ThreadId;
  ppid @8 :Int32;
  comm @9 :StringId;
  recorded @10 :Bool;
  existed @11 :Bool;
}

struct LifeEvent {
  kind @0 :UInt8;          # tarry::LifeKind
  state @1 :UInt8;         # tarry::TaskState
  groupDead @2 :Bool;
  tsNs @3 :TimeNs;
  thread @4 :ThreadId;
  other @5 :ThreadId;
  comm @6 :StringId;
  exitStatus @7 :Int32;
  info @8 :ProcessInfo;    # null: empty
  pending @9 :PendingCall; # null: none
  exit @10 :ExitUsage;     # null: zeros
  startBlockedNs @11 :TimeNs;
}

struct ProcessInfo {
  exe @0 :StringId;
  cmdline @1 :StringId;
  cwd @2 :StringId;
  cgroup @3 :StringId;
  uid @4 :UInt32;
  gid @5 :UInt32;
}

struct PendingCall {
  abi @0 :UInt8;           # tarry::Abi
  nr @1 :Int32 = -1;
  args @2 :List(Int64);
  resource @3 :ResourceId;
  polled @4 :UInt8;        # tarry::PolledSet
}

struct ExitUsage {
  userNs @0 :Int64;
  systemNs @1 :Int64;
  maxRssBytes @2 :Int64;
}

struct OpenFds {           # columns of `count` values
  count @0 :UInt32;
  process @1 :Ints;        # delta
  fd @2 :Ints;             # delta - 1 within the same process, else the fd
  resource @3 :Ints;       # delta - 1
}

struct EpollMembers {      # columns of `count` values
  count @0 :UInt32;
  process @1 :Ints;        # delta
  epollFd @2 :Ints;        # delta
  fd @3 :Ints;             # delta
  resource @4 :Ints;       # delta - 1
  data @5 :Ints;           # delta
}

struct Resources {         # columns of Block.rows values; deltas are to the row before
  id @0 :Ints;             # delta - 1
  kind @1 :Ints;           # tarry::ResourceKind
  devMajor @2 :Ints;       # delta
  devMinor @3 :Ints;       # delta
  inode @4 :Ints;          # delta
  generation @5 :Ints;
  rdevMajor @6 :Ints;
  rdevMinor @7 :Ints;
  path @8 :Ints;           # delta
  family @9 :Ints;
  sockType @10 :Ints;
  protocol @11 :Ints;
  listening @12 :Ints;     # 0, 1
  localAddr @13 :Ints;     # two values a row: the 16 bytes as two little-endian numbers; delta
  remoteAddr @14 :Ints;    # likewise
  localPort @15 :Ints;     # delta
  remotePort @16 :Ints;    # delta
  cookie @17 :Ints;        # delta
  peerInode @18 :Ints;     # delta
  peerPid @19 :Ints;
}

struct Stacks {            # frames and stacks, each in columns
  frameCount @0 :UInt32;
  frameId @1 :Ints;        # delta - 1
  address @2 :Ints;        # delta
  symbol @3 :Ints;         # delta
  module @4 :Ints;         # delta
  offset @5 :Ints;
  stackCount @6 :UInt32;
  stackId @7 :Ints;        # delta - 1
  kernel @8 :Ints;         # 0, 1
  depth @9 :Ints;
  refCount @10 :UInt32;    # sum of depth
  refs @11 :Ints;          # frame ids, innermost first, stack after stack; delta
}

# ---- events -----------------------------------------------------------------------------------

# System calls in drain order, which is roughly the order of their ends.
struct Syscalls {
  baseNs @0 :TimeNs;
  payloadLink @1 :UInt64;  # Payloads.link of the block with this one's payloads, 0: none
  threads @2 :List(ThreadId);  # dictionary of the column `thread`
  shapes @3 :List(Shape);      # dictionary of the column `shape`

  # One value a row, in row order:
  shape @4 :Ints;          # 0: the shape that followed this thread's last shape the last time;
                           # otherwise index in shapes + 1
  thread @5 :Ints;         # 0: as the row before; otherwise index in threads + 1
  seq @6 :Ints;            # call_seq, minus that of the thread's row before, minus 1
  # One value a row, ordered by shape, then row:
  enter @7 :Ints;          # minus the end of the thread's call before (its first: minus baseNs)
  dur @8 :Ints;
  ret @9 :Ints;            # delta to the row of the same shape before
  userStack @10 :Ints;     # minus that of the row of the same shape before
  # One value for each argument that the shape's mask names, ordered by position, shape, row:
  args @11 :List(Ints);    # six; delta to the same argument in the row of the same shape before
  # One value for each object, string … of the shape, ordered by shape, row, slot:
  fds @12 :Ints;           # minus the argument of that role; returned: minus ret; otherwise delta
                           # to the same slot of the row of the same shape before
  resources @13 :Ints;     # see docs/trace-format.md, "Predicting resources"
  readyData @14 :Ints;     # objects of role ready only; delta to the one before
  strings @15 :Ints;       # delta to the string before in row order

  struct Shape {
    abi @0 :UInt8;         # tarry::Abi
    argMask @1 :UInt8;
    flags @2 :UInt8;       # 1 unfinished, 2 no enter seen, 4 restarted
    nr @3 :Int32;
    roles @4 :Data;        # a byte for each object: tarry::ObjectRole
    strings @5 :Data;      # a byte for each string: argument, plus 128 if it is truncated
  }
}

# Bytes behind pointer arguments of the syscalls block with the same link, which follows.
struct Payloads {          # columns of Block.rows values
  link @0 :UInt64;
  row @1 :Ints;            # of the call in its block; delta, never negative
  arg @2 :Ints;
  part @3 :Ints;
  direction @4 :Ints;      # tarry::PayloadDirection
  length @5 :Ints;         # minus size
  size @6 :Ints;           # delta
  bytes @7 :Data;          # the kept bytes behind each other
}

struct CallKind {          # what the rows of switches and wakes have in common
  abi @0 :UInt8;
  nr @1 :Int32;
  state @2 :UInt8;         # switches: tarry::TaskState; wakes: tarry::WakerContext
  flags @3 :UInt8;         # switches: 1 in, 2 iowait, 4 throttled, 8 × tarry::PolledSet; wakes: 1 new task
}

struct Switches {          # columns of Block.rows values where nothing else is said
  baseNs @0 :TimeNs;
  threads @1 :List(ThreadId);
  kinds @2 :List(CallKind);
  kind @3 :Ints;           # index in kinds
  thread @4 :Ints;         # index in threads
  ts @5 :Ints;             # delta
  cpu @6 :Ints;            # delta
  # The rest predicts from the last row with the same thread and kind (zeros before the first):
  resource @7 :Ints;       # switches out only; delta
  userStack @8 :Ints;      # switches out only; delta
  args @9 :List(Ints);     # six; switches out with nr >= 0 only; delta
}

struct Wakes {             # columns of Block.rows values where nothing else is said
  baseNs @0 :TimeNs;
  threads @1 :List(ThreadId);  # woken ones and wakers; 0 among them: none
  kinds @2 :List(CallKind);
  kind @3 :Ints;
  thread @4 :Ints;         # index in threads
  ts @5 :Ints;             # delta
  # These predict from the last row with the same thread and kind (zeros before the first):
  waker @6 :Ints;          # index in threads; delta
  resource @7 :Ints;       # delta
  kernelStack @8 :Ints;    # delta
}

struct Signals {           # columns of Block.rows values; deltas are to the row before
  baseNs @0 :TimeNs;
  threads @1 :List(ThreadId);  # receivers and senders; 0 among them: none
  kind @2 :Ints;           # tarry::SignalKind
  action @3 :Ints;         # tarry::SignalAction
  thread @4 :Ints;         # index in threads
  sender @5 :Ints;         # index in threads
  ts @6 :Ints;             # delta
  signo @7 :Ints;
  code @8 :Ints;           # si_code
  error @9 :Ints;          # si_errno
  fields @10 :List(Ints);  # four: the 64-bit words behind si_code in a 64-bit siginfo_t; delta
}

struct FoldKind {          # what the rows of folds have in common
  kind @0 :UInt8;          # tarry::FoldKind
  abi @1 :UInt8;
  nr @2 :Int32;
  error @3 :Int32;         # of the calls that failed; 0: they succeeded
}

struct Folds {             # columns of Block.rows values; deltas are to the row before
  baseNs @0 :TimeNs;
  threads @1 :List(ThreadId);  # 0 among them: none
  kinds @2 :List(FoldKind);
  kind @3 :Ints;           # index in kinds
  thread @4 :Ints;         # index in threads
  ts @5 :Ints;             # delta
  dur @6 :Ints;
  resource @7 :Ints;       # delta
  lastSeq @8 :Ints;        # delta to the last row with the same thread
  count @9 :Ints;
  totalNs @10 :Ints;
  longestNs @11 :Ints;
  resultSum @12 :Ints;
}

struct Sockets {           # columns of Block.rows values; deltas are to the row before
  baseNs @0 :TimeNs;
  threads @1 :List(ThreadId);  # 0 among them: none
  kind @2 :Ints;           # tarry::SocketEventKind
  state @3 :Ints;          # tarry::TcpState
  thread @4 :Ints;         # index in threads
  ts @5 :Ints;             # delta
  socket @6 :Ints;         # delta
  resource @7 :Ints;       # delta
  error @8 :Ints;
  hasFacts @9 :Ints;       # 0, 1
  facts @10 :List(Ints);   # in the order of tarry::kTcpFacts; missing ones are 0
}

struct Plaintexts {        # columns of Block.rows values; deltas are to the row before
  baseNs @0 :TimeNs;
  threads @1 :List(ThreadId);
  thread @2 :Ints;         # index in threads
  ts @3 :Ints;             # delta
  dur @4 :Ints;
  direction @5 :Ints;      # tarry::PayloadDirection
  library @6 :Ints;        # tarry::TlsLibrary
  resource @7 :Ints;       # delta
  session @8 :Ints;        # delta
  result @9 :Ints;
  length @10 :Ints;        # minus size
  size @11 :Ints;          # of the kept bytes
  bytes @12 :Data;         # the kept bytes behind each other
}

struct PacketInterface {
  index @0 :UInt32;        # as the kernel numbers it, in its network namespace
  name @1 :StringId;
  link @2 :UInt8;          # tarry::PacketLink
}

struct Packets {           # columns of Block.rows values; deltas are to the row before
  baseNs @0 :TimeNs;
  threads @1 :List(ThreadId);  # 0 among them: none
  interfaces @2 :List(PacketInterface);
  thread @3 :Ints;         # index in threads
  interface @4 :Ints;      # index in interfaces
  direction @5 :Ints;      # tarry::PacketDirection
  ts @6 :Ints;             # delta
  resource @7 :Ints;       # delta
  length @8 :Ints;         # minus size
  size @9 :Ints;           # of the kept bytes
  bytes @10 :Data;         # the kept bytes behind each other
}

struct Loss {
  tsNs @0 :TimeNs;
  durNs @1 :Int64;
  source @2 :UInt8;        # tarry::LossSource
  thread @3 :ThreadId;
  count @4 :UInt64;
}
