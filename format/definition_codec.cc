#include "format/definition_codec.h"

#include <array>
#include <cstring>

#include "format/int_column.h"

namespace tarry {
namespace {

// ---- resources: every field a column ----------------------------------------------------------

struct ResourceColumns {
  IntColumn id, kind, dev_major, dev_minor, inode, generation, rdev_major, rdev_minor, path, family,
      sock_type, protocol, listening, local_addr, remote_addr, local_port, remote_port, cookie, peer_inode,
      peer_pid;
};

// Each column with its getter and setter in the schema.
template <class Columns, class Visit>
void eachColumn(Columns& c, Visit visit) {
  using In = schema::Resources::Reader;
  using Out = schema::Resources::Builder;
  visit(c.id, 1, &In::getId, &Out::initId);
  visit(c.kind, 1, &In::getKind, &Out::initKind);
  visit(c.dev_major, 1, &In::getDevMajor, &Out::initDevMajor);
  visit(c.dev_minor, 1, &In::getDevMinor, &Out::initDevMinor);
  visit(c.inode, 1, &In::getInode, &Out::initInode);
  visit(c.generation, 1, &In::getGeneration, &Out::initGeneration);
  visit(c.rdev_major, 1, &In::getRdevMajor, &Out::initRdevMajor);
  visit(c.rdev_minor, 1, &In::getRdevMinor, &Out::initRdevMinor);
  visit(c.path, 1, &In::getPath, &Out::initPath);
  visit(c.family, 1, &In::getFamily, &Out::initFamily);
  visit(c.sock_type, 1, &In::getSockType, &Out::initSockType);
  visit(c.protocol, 1, &In::getProtocol, &Out::initProtocol);
  visit(c.listening, 1, &In::getListening, &Out::initListening);
  visit(c.local_addr, 2, &In::getLocalAddr, &Out::initLocalAddr);
  visit(c.remote_addr, 2, &In::getRemoteAddr, &Out::initRemoteAddr);
  visit(c.local_port, 1, &In::getLocalPort, &Out::initLocalPort);
  visit(c.remote_port, 1, &In::getRemotePort, &Out::initRemotePort);
  visit(c.cookie, 1, &In::getCookie, &Out::initCookie);
  visit(c.peer_inode, 1, &In::getPeerInode, &Out::initPeerInode);
  visit(c.peer_pid, 1, &In::getPeerPid, &Out::initPeerPid);
}

template <class Mode>
void codeAddress(Mode mode, IntColumn& column, size_t row, std::array<uint8_t, 16>& address,
                 const std::array<uint8_t, 16>& before) {
  for (size_t half = 0; half < 2; ++half) {
    uint64_t value = 0, expected = 0;
    for (size_t i = 0; i < 8; ++i) {
      value |= uint64_t{address[half * 8 + i]} << (8 * i);
      expected |= uint64_t{before[half * 8 + i]} << (8 * i);
    }
    code(mode, column, row * 2 + half, value, expected);
    for (size_t i = 0; i < 8; ++i) address[half * 8 + i] = static_cast<uint8_t>(value >> (8 * i));
  }
}

template <class Mode>
void codeResources(std::vector<Resource>& rows, ResourceColumns& c) {
  const Mode mode{};
  Resource before;
  for (size_t i = 0; i < rows.size(); ++i) {
    Resource& row = rows[i];
    code(mode, c.id, i, row.id.value, before.id.value + 1);
    auto kind = static_cast<uint8_t>(row.kind);
    code(mode, c.kind, i, kind, uint8_t{0});
    row.kind = kind <= static_cast<uint8_t>(ResourceKind::memory) ? static_cast<ResourceKind>(kind)
                                                                  : ResourceKind::unknown;
    code(mode, c.dev_major, i, row.dev_major, before.dev_major);
    code(mode, c.dev_minor, i, row.dev_minor, before.dev_minor);
    code(mode, c.inode, i, row.inode, before.inode);
    code(mode, c.generation, i, row.generation, uint32_t{0});
    code(mode, c.rdev_major, i, row.rdev_major, uint32_t{0});
    code(mode, c.rdev_minor, i, row.rdev_minor, uint32_t{0});
    code(mode, c.path, i, row.path.value, before.path.value);
    code(mode, c.family, i, row.family, uint16_t{0});
    code(mode, c.sock_type, i, row.sock_type, uint16_t{0});
    code(mode, c.protocol, i, row.protocol, uint16_t{0});
    auto listening = static_cast<uint8_t>(row.listening);
    code(mode, c.listening, i, listening, uint8_t{0});
    row.listening = listening != 0;
    codeAddress(mode, c.local_addr, i, row.local_addr, before.local_addr);
    codeAddress(mode, c.remote_addr, i, row.remote_addr, before.remote_addr);
    code(mode, c.local_port, i, row.local_port, before.local_port);
    code(mode, c.remote_port, i, row.remote_port, before.remote_port);
    code(mode, c.cookie, i, row.cookie, before.cookie);
    code(mode, c.peer_inode, i, row.peer_inode, before.peer_inode);
    code(mode, c.peer_pid, i, row.peer_pid, int32_t{0});
    before = row;
  }
}

// ---- stacks -----------------------------------------------------------------------------------

struct StackColumns {
  IntColumn frame_id, address, symbol, module, offset, stack_id, kernel, depth, refs;
};

template <class Mode>
void codeFrames(std::vector<Frame>& frames, StackColumns& c) {
  const Mode mode{};
  Frame before;
  for (size_t i = 0; i < frames.size(); ++i) {
    Frame& frame = frames[i];
    code(mode, c.frame_id, i, frame.id.value, before.id.value + 1);
    code(mode, c.address, i, frame.address, before.address);
    code(mode, c.symbol, i, frame.symbol.value, before.symbol.value);
    code(mode, c.module, i, frame.module.value, before.module.value);
    code(mode, c.offset, i, frame.offset, uint64_t{0});
    before = frame;
  }
}

// Reading: the depths become the sizes of the frame lists, which codeRefs then fills.
template <class Mode>
void codeStackHeads(std::vector<StackRow>& stacks, StackColumns& c) {
  const Mode mode{};
  uint32_t before = 0;
  for (size_t i = 0; i < stacks.size(); ++i) {
    StackRow& stack = stacks[i];
    code(mode, c.stack_id, i, stack.id, before + 1);
    before = stack.id;
    auto kernel = static_cast<uint8_t>(stack.kernel);
    code(mode, c.kernel, i, kernel, uint8_t{0});
    stack.kernel = kernel != 0;
    auto depth = static_cast<uint32_t>(stack.frames.size());
    code(mode, c.depth, i, depth, uint32_t{0});
    if (depth > kMaxStackDepth) throw BadBlock("a stack that is too deep");
    stack.frames.resize(depth);
  }
}

template <class Mode>
void codeRefs(std::vector<StackRow>& stacks, StackColumns& c) {
  const Mode mode{};
  uint32_t before = 0;
  size_t at = 0;
  for (StackRow& stack : stacks) {
    for (FrameId& frame : stack.frames) {
      code(mode, c.refs, at++, frame.value, before);
      before = frame.value;
    }
  }
}

size_t refCount(const std::vector<StackRow>& stacks) {
  size_t count = 0;
  for (const StackRow& stack : stacks) count += stack.frames.size();
  return count;
}

// ---- open fds ---------------------------------------------------------------------------------

struct OpenFdColumns {
  IntColumn process, fd, resource;
};

template <class Mode>
void codeOpenFds(std::vector<OpenFd>& fds, OpenFdColumns& c) {
  const Mode mode{};
  OpenFd before;
  for (size_t i = 0; i < fds.size(); ++i) {
    OpenFd& fd = fds[i];
    code(mode, c.process, i, fd.process.value, before.process.value);
    const auto next = static_cast<int32_t>(static_cast<uint32_t>(before.fd) + 1);
    code(mode, c.fd, i, fd.fd, fd.process == before.process ? next : 0);
    code(mode, c.resource, i, fd.resource.value, before.resource.value + 1);
    before = fd;
  }
}

struct EpollMemberColumns {
  IntColumn process, epoll_fd, fd, resource, data;
};

template <class Mode>
void codeEpollMembers(std::vector<EpollMember>& members, EpollMemberColumns& c) {
  const Mode mode{};
  EpollMember before;
  for (size_t i = 0; i < members.size(); ++i) {
    EpollMember& member = members[i];
    code(mode, c.process, i, member.process.value, before.process.value);
    code(mode, c.epoll_fd, i, member.epoll_fd, before.epoll_fd);
    code(mode, c.fd, i, member.fd, before.fd);
    code(mode, c.resource, i, member.resource.value, before.resource.value + 1);
    code(mode, c.data, i, member.data, before.data);
    before = member;
  }
}

// ---- threads and their life -------------------------------------------------------------------

void putThread(const ThreadDef& thread, schema::Thread::Builder out) {
  out.setId(thread.id.value);
  out.setTid(thread.tid);
  out.setPid(thread.pid);
  out.setNsTid(thread.ns_tid);
  out.setNsPid(thread.ns_pid);
  out.setStartNs(thread.start_ns);
  out.setLeader(thread.leader.value);
  out.setCreator(thread.creator.value);
  out.setPpid(thread.ppid);
  out.setComm(thread.comm.value);
  out.setRecorded(thread.recorded);
  out.setExisted(thread.existed);
}

ThreadDef getThread(schema::Thread::Reader in) {
  return {.id = ThreadId{in.getId()},
          .tid = in.getTid(),
          .pid = in.getPid(),
          .ns_tid = in.getNsTid(),
          .ns_pid = in.getNsPid(),
          .start_ns = in.getStartNs(),
          .leader = ThreadId{in.getLeader()},
          .creator = ThreadId{in.getCreator()},
          .ppid = in.getPpid(),
          .comm = StringId{in.getComm()},
          .recorded = in.getRecorded(),
          .existed = in.getExisted()};
}

bool isEmpty(const ProcessInfo& info) {
  return !info.exe && !info.cmdline && !info.cwd && !info.cgroup && info.uid == 0 && info.gid == 0;
}

bool isEmpty(const PendingCall& call) {
  return call.nr < 0 && call.abi == Abi::none && !call.resource && call.args == decltype(call.args){};
}

void putLife(const LifeEvent& event, schema::LifeEvent::Builder out) {
  out.setKind(static_cast<uint8_t>(event.kind));
  out.setState(static_cast<uint8_t>(event.state));
  out.setGroupDead(event.group_dead);
  out.setTsNs(event.ts_ns);
  out.setThread(event.thread.value);
  out.setOther(event.other.value);
  out.setComm(event.comm.value);
  out.setExitStatus(event.exit_status);
  out.setStartBlockedNs(event.start_blocked_ns);
  if (!isEmpty(event.info)) {
    auto info = out.initInfo();
    info.setExe(event.info.exe.value);
    info.setCmdline(event.info.cmdline.value);
    info.setCwd(event.info.cwd.value);
    info.setCgroup(event.info.cgroup.value);
    info.setUid(event.info.uid);
    info.setGid(event.info.gid);
  }
  if (!isEmpty(event.pending)) {
    auto pending = out.initPending();
    pending.setAbi(static_cast<uint8_t>(event.pending.abi));
    pending.setNr(event.pending.nr);
    pending.setArgs(kj::arrayPtr(event.pending.args.data(), event.pending.args.size()));
    pending.setResource(event.pending.resource.value);
    pending.setPolled(static_cast<uint8_t>(event.pending.polled));
  }
  if (event.user_ns != 0 || event.system_ns != 0 || event.max_rss_bytes != 0) {
    auto exit = out.initExit();
    exit.setUserNs(event.user_ns);
    exit.setSystemNs(event.system_ns);
    exit.setMaxRssBytes(event.max_rss_bytes);
  }
}

LifeEvent getLife(schema::LifeEvent::Reader in) {
  LifeEvent event;
  event.kind = static_cast<LifeKind>(in.getKind());  // the reader drops those it does not know
  event.state = in.getState() <= static_cast<uint8_t>(TaskState::recorder)
                    ? static_cast<TaskState>(in.getState())
                    : TaskState::unknown;
  event.group_dead = in.getGroupDead();
  event.ts_ns = in.getTsNs();
  event.thread = ThreadId{in.getThread()};
  event.other = ThreadId{in.getOther()};
  event.comm = StringId{in.getComm()};
  event.exit_status = in.getExitStatus();
  event.start_blocked_ns = in.getStartBlockedNs();
  const auto info = in.getInfo();
  event.info = {.exe = StringId{info.getExe()},
                .cmdline = StringId{info.getCmdline()},
                .cwd = StringId{info.getCwd()},
                .cgroup = StringId{info.getCgroup()},
                .uid = info.getUid(),
                .gid = info.getGid()};
  const auto pending = in.getPending();
  event.pending.abi =
      pending.getAbi() <= static_cast<uint8_t>(Abi::aarch64) ? static_cast<Abi>(pending.getAbi()) : Abi::none;
  event.pending.nr = pending.getNr();
  event.pending.resource = ResourceId{pending.getResource()};
  event.pending.polled = knownOr(pending.getPolled(), PolledSet::several, PolledSet::unsaid);
  const auto args = pending.getArgs();
  for (unsigned i = 0; i < args.size() && i < kMaxArgs; ++i) event.pending.args[i] = args[i];
  const auto exit = in.getExit();
  event.user_ns = exit.getUserNs();
  event.system_ns = exit.getSystemNs();
  event.max_rss_bytes = exit.getMaxRssBytes();
  return event;
}

void checkCount(uint32_t count) {
  if (count > kMaxBlockRows) throw BadBlock("too many rows");
}

}  // namespace

// ---- strings ----------------------------------------------------------------------------------

void encodeStrings(const std::vector<StringRow>& rows, schema::Strings::Builder out) {
  IntColumn ids, lengths;
  size_t bytes = 0;
  uint32_t before = 0;
  for (const StringRow& row : rows) {
    ids.push_back(zigzag(uint64_t{row.id} - before - 1));
    before = row.id;
    lengths.push_back(zigzag(row.text.size()));
    bytes += row.text.size();
  }
  putColumn(ids, [&] { return out.initIds(); });
  putColumn(lengths, [&] { return out.initLengths(); });
  auto blob = out.initBytes(static_cast<unsigned>(bytes));
  uint8_t* at = blob.begin();
  for (const StringRow& row : rows) {
    if (!row.text.empty()) std::memcpy(at, row.text.data(), row.text.size());
    at += row.text.size();
  }
}

void decodeStrings(schema::Strings::Reader in, uint32_t count, std::vector<StringRow>& rows) {
  IntColumn ids, lengths;
  getPlanes(in.getIds(), count, ids);
  getPlanes(in.getLengths(), count, lengths);
  const auto blob = in.getBytes();
  std::string_view left(reinterpret_cast<const char*>(blob.begin()), blob.size());
  rows.clear();
  uint32_t before = 0;
  for (size_t i = 0; i < count; ++i) {
    const uint64_t length = unzigzag(lengths[i]);
    if (length > left.size()) throw BadBlock("strings larger than their bytes");
    before = static_cast<uint32_t>(before + 1 + unzigzag(ids[i]));
    rows.push_back({before, left.substr(0, length)});
    left.remove_prefix(length);
  }
}

// ---- stacks, resources, processes -------------------------------------------------------------

void encodeStacks(StackRows& rows, schema::Stacks::Builder out) {
  StackColumns c;
  for (IntColumn* column : {&c.frame_id, &c.address, &c.symbol, &c.module, &c.offset})
    column->resize(rows.frames.size());
  for (IntColumn* column : {&c.stack_id, &c.kernel, &c.depth}) column->resize(rows.stacks.size());
  c.refs.resize(refCount(rows.stacks));
  codeFrames<Writing>(rows.frames, c);
  codeStackHeads<Writing>(rows.stacks, c);
  codeRefs<Writing>(rows.stacks, c);
  out.setFrameCount(static_cast<uint32_t>(rows.frames.size()));
  out.setStackCount(static_cast<uint32_t>(rows.stacks.size()));
  out.setRefCount(static_cast<uint32_t>(c.refs.size()));
  putColumn(c.frame_id, [&] { return out.initFrameId(); });
  putColumn(c.address, [&] { return out.initAddress(); });
  putColumn(c.symbol, [&] { return out.initSymbol(); });
  putColumn(c.module, [&] { return out.initModule(); });
  putColumn(c.offset, [&] { return out.initOffset(); });
  putColumn(c.stack_id, [&] { return out.initStackId(); });
  putColumn(c.kernel, [&] { return out.initKernel(); });
  putColumn(c.depth, [&] { return out.initDepth(); });
  putColumn(c.refs, [&] { return out.initRefs(); });
}

void decodeStacks(schema::Stacks::Reader in, StackRows& rows) {
  StackColumns c;
  const uint32_t frames = in.getFrameCount(), stacks = in.getStackCount(), refs = in.getRefCount();
  checkCount(frames);
  checkCount(stacks);
  if (refs > kMaxBlockFrameRefs) throw BadBlock("too many frames");
  getPlanes(in.getFrameId(), frames, c.frame_id);
  getPlanes(in.getAddress(), frames, c.address);
  getPlanes(in.getSymbol(), frames, c.symbol);
  getPlanes(in.getModule(), frames, c.module);
  getPlanes(in.getOffset(), frames, c.offset);
  getPlanes(in.getStackId(), stacks, c.stack_id);
  getPlanes(in.getKernel(), stacks, c.kernel);
  getPlanes(in.getDepth(), stacks, c.depth);
  uint64_t depths = 0;
  for (uint64_t depth : c.depth) {
    if (unzigzag(depth) > kMaxStackDepth) throw BadBlock("a stack that is too deep");
    depths += unzigzag(depth);
  }
  if (depths != refs) throw BadBlock("stacks that do not match their frames");
  getPlanes(in.getRefs(), refs, c.refs);
  rows.frames.assign(frames, {});
  rows.stacks.assign(stacks, {});
  codeFrames<Reading>(rows.frames, c);
  codeStackHeads<Reading>(rows.stacks, c);
  codeRefs<Reading>(rows.stacks, c);
}

void encodeResources(std::vector<Resource>& rows, schema::Resources::Builder out) {
  ResourceColumns columns;
  eachColumn(columns,
             [&](IntColumn& column, size_t per_row, auto, auto) { column.resize(rows.size() * per_row); });
  codeResources<Writing>(rows, columns);
  eachColumn(columns, [&](IntColumn& column, size_t, auto, auto init) {
    putColumn(column, [&] { return (out.*init)(); });
  });
}

void decodeResources(schema::Resources::Reader in, uint32_t count, std::vector<Resource>& rows) {
  ResourceColumns columns;
  eachColumn(columns, [&](IntColumn& column, size_t per_row, auto get, auto) {
    getPlanes((in.*get)(), count * per_row, column);
  });
  rows.assign(count, {});
  codeResources<Reading>(rows, columns);
}

namespace {

void putOpenFds(std::vector<OpenFd>& rows, schema::OpenFds::Builder out) {
  const size_t n = rows.size();
  OpenFdColumns columns{IntColumn(n), IntColumn(n), IntColumn(n)};
  codeOpenFds<Writing>(rows, columns);
  out.setCount(static_cast<uint32_t>(n));
  putColumn(columns.process, [&] { return out.initProcess(); });
  putColumn(columns.fd, [&] { return out.initFd(); });
  putColumn(columns.resource, [&] { return out.initResource(); });
}

void getOpenFds(schema::OpenFds::Reader in, std::vector<OpenFd>& rows) {
  const uint32_t count = in.getCount();
  checkCount(count);
  OpenFdColumns columns;
  getPlanes(in.getProcess(), count, columns.process);
  getPlanes(in.getFd(), count, columns.fd);
  getPlanes(in.getResource(), count, columns.resource);
  rows.assign(count, {});
  codeOpenFds<Reading>(rows, columns);
}

void putEpollMembers(std::vector<EpollMember>& rows, schema::EpollMembers::Builder out) {
  const size_t n = rows.size();
  EpollMemberColumns columns{IntColumn(n), IntColumn(n), IntColumn(n), IntColumn(n), IntColumn(n)};
  codeEpollMembers<Writing>(rows, columns);
  out.setCount(static_cast<uint32_t>(n));
  putColumn(columns.process, [&] { return out.initProcess(); });
  putColumn(columns.epoll_fd, [&] { return out.initEpollFd(); });
  putColumn(columns.fd, [&] { return out.initFd(); });
  putColumn(columns.resource, [&] { return out.initResource(); });
  putColumn(columns.data, [&] { return out.initData(); });
}

void getEpollMembers(schema::EpollMembers::Reader in, std::vector<EpollMember>& rows) {
  const uint32_t count = in.getCount();
  checkCount(count);
  EpollMemberColumns columns;
  getPlanes(in.getProcess(), count, columns.process);
  getPlanes(in.getEpollFd(), count, columns.epoll_fd);
  getPlanes(in.getFd(), count, columns.fd);
  getPlanes(in.getResource(), count, columns.resource);
  getPlanes(in.getData(), count, columns.data);
  rows.assign(count, {});
  codeEpollMembers<Reading>(rows, columns);
}

}  // namespace

void encodeProcesses(ProcessRows& rows, schema::Processes::Builder out) {
  auto threads = out.initThreads(static_cast<unsigned>(rows.threads.size()));
  for (unsigned i = 0; i < threads.size(); ++i) putThread(rows.threads[i], threads[i]);
  auto life = out.initLife(static_cast<unsigned>(rows.life.size()));
  for (unsigned i = 0; i < life.size(); ++i) putLife(rows.life[i], life[i]);
  auto infos = out.initInfos(static_cast<unsigned>(rows.infos.size()));
  for (unsigned i = 0; i < infos.size(); ++i) putLife(rows.infos[i], infos[i]);
  if (!rows.open_fds.empty()) putOpenFds(rows.open_fds, out.initOpenFds());
  if (!rows.epoll_members.empty()) putEpollMembers(rows.epoll_members, out.initEpollMembers());
}

void decodeProcesses(schema::Processes::Reader in, ProcessRows& rows) {
  rows = {};
  checkedSize(in.getThreads());
  checkedSize(in.getLife());
  checkedSize(in.getInfos());
  for (auto thread : in.getThreads()) rows.threads.push_back(getThread(thread));
  for (auto event : in.getLife()) rows.life.push_back(getLife(event));
  for (auto event : in.getInfos()) rows.infos.push_back(getLife(event));
  getOpenFds(in.getOpenFds(), rows.open_fds);
  getEpollMembers(in.getEpollMembers(), rows.epoll_members);
}

}  // namespace tarry
