// One order holds the file together: whatever a block refers to stands before it in its epoch.
// So definitions are queued when an event that uses them is added, and written whenever an event
// block is closed: strings, stacks, resources, processes, then the events.
#include "format/trace_writer.h"

#include <kj/exception.h>

#include <algorithm>
#include <string>
#include <unordered_map>

#include "format/block_output.h"
#include "format/call_folder.h"
#include "format/definition_codec.h"
#include "format/definition_tables.h"
#include "format/errors.h"
#include "format/header_codec.h"
#include "format/open_blocks.h"
#include "format/stop_folder.h"

namespace tarry {
namespace {

constexpr uint64_t kMaxStringTableBytes = 32U << 20;
constexpr uint64_t kMaxStringTableGrowth = 16U << 20;  // in an epoch: only between them texts are forgotten
constexpr size_t kMaxStackTableEntries = 1U << 18;
// A call that began so long before the newest event goes to a block of its kind, so that the
// others cover a short time and a reader that sorts need not hold many of them at once.
constexpr int64_t kLateCallNs = 500'000'000;
// What is kept of a packet where payload is left out: Ethernet, IPv6 and TCP headers with options.
constexpr size_t kPacketHeadBytes = 96;

int64_t addNs(int64_t a, int64_t b) {
  return static_cast<int64_t>(static_cast<uint64_t>(a) + static_cast<uint64_t>(b));
}

struct LiveThread {
  ThreadDef def;
  LifeEvent info;  // last info or exec; thread none: not seen yet
};

struct LiveResource {
  Resource resource;
  uint32_t written = 0;  // in which epoch, from 1
};

}  // namespace

struct TraceWriter::Impl {
  Impl(std::unique_ptr<ByteSink> sink, const TraceHeader& trace_header, WriterOptions writer_options)
      : options(writer_options),
        header(trace_header),
        output(std::move(sink), writer_options.compression_level),
        strings(kMaxStringTableBytes),
        stacks(strings, kMaxStackTableEntries) {
    options.block_rows = std::clamp(options.block_rows, 1U, kMaxBlockRows);
    options.block_bytes = std::clamp<uint64_t>(options.block_bytes, 1, kMaxBlockBytes / 4);
    // What has not been compressed yet is not counted: it must be little beside the size to keep.
    if (const uint64_t most = options.max_bytes; most != 0) {
      options.block_bytes = std::min(options.block_bytes, std::max<uint64_t>(most / 16, 16U << 10));
      options.block_rows =
          static_cast<uint32_t>(std::min<uint64_t>(options.block_rows, std::max<uint64_t>(most / 64, 1024)));
    }
    header.format_version = kFormatVersion;
    writeHeader();
  }

  WriterOptions options;
  TraceHeader header;
  BlockOutput output;
  StringTable strings;
  StackTable stacks;
  std::unordered_map<ThreadId, LiveThread> threads;
  std::unordered_map<ResourceId, LiveResource> resources;

  std::vector<Resource> pending_resources;
  ProcessRows processes;
  Cover processes_cover;
  OpenBlocks open;

  CallFolder folder;  // where the file has a size to keep
  StopFolder stops;

  uint32_t epoch = 0;
  uint64_t epoch_start_bytes = 0;
  int64_t epoch_start_ns = INT64_MIN;  // none yet
  int64_t newest_ns = INT64_MIN;       // of the events
  int64_t ticked_ns = INT64_MIN;
  uint64_t next_link = 1;
  uint64_t lost = 0;
  uint64_t last_closed_bytes = 0;  // what closing all blocks took in the file, the last time
  bool finished = false;

  // ---- definitions ----

  void use(ResourceId id) {
    if (!id) return;
    const auto found = resources.find(id);
    if (found == resources.end() || found->second.written == epoch + 1) return;
    found->second.written = epoch + 1;
    strings.use(found->second.resource.path);
    pending_resources.push_back(found->second.resource);
  }

  void queue(const ThreadDef& def) {
    strings.use(def.comm);
    processes.threads.push_back(def);
  }

  void useStringsOf(const LifeEvent& event) {
    for (StringId id : {event.comm, event.info.exe, event.info.cmdline, event.info.cwd, event.info.cgroup}) {
      strings.use(id);
    }
  }

  // ---- writing ----

  template <class Fill>
  void write(size_t rows, const Cover& cover, Fill fill) {
    requireOpen();
    const bool timed = !cover.empty();
    try {
      BlockMessage message(epoch, rows, timed ? cover.min_ns : 0, timed ? cover.max_ns : 0);
      fill(message.block());
      output.write(message);
    } catch (const kj::Exception& e) {
      throw TraceError(std::string("cannot encode a block: ") + e.getDescription().cStr());
    }
  }

  void writeHeader() {
    write(1, {}, [&](schema::Block::Builder block) { encodeHeader(header, block.initHeader()); });
  }

  void writeDefinitions() {
    if (strings.hasPending()) {
      const std::vector<StringRow> rows = strings.takePending();
      write(rows.size(), {}, [&](schema::Block::Builder block) { encodeStrings(rows, block.initStrings()); });
    }
    if (stacks.hasPending()) {
      StackRows rows = stacks.takePending();
      write(rows.size(), {}, [&](schema::Block::Builder block) { encodeStacks(rows, block.initStacks()); });
    }
    if (!pending_resources.empty()) {
      write(pending_resources.size(), {},
            [&](schema::Block::Builder block) { encodeResources(pending_resources, block.initResources()); });
      pending_resources.clear();
    }
    if (processes.size() != 0) {
      write(processes.size(), processes_cover,
            [&](schema::Block::Builder block) { encodeProcesses(processes, block.initProcesses()); });
      processes = {};
      processes_cover = {};
    }
  }

  // Bounds what waits in definitions when no event block closes for long (a snapshot), or events
  // use very many.
  void limitDefinitions() {
    if (processes.size() >= options.block_rows || pending_resources.size() >= options.block_rows ||
        strings.pendingBytes() >= options.block_bytes || strings.pendingRows() >= options.block_rows ||
        stacks.pendingRefs() >= kMaxBlockFrameRefs / 4) {
      writeDefinitions();
    }
  }

  void close(CallBlock& block) {
    if (block.empty()) return;
    writeDefinitions();
    SyscallRows& rows = block.calls.rows();
    if (!block.payloads.rows.empty()) {
      block.payloads.link = next_link++;
      rows.payload_link = block.payloads.link;
      write(block.payloads.rows.size(), {},
            [&](schema::Block::Builder out) { encodePayloads(block.payloads, out.initPayloads()); });
    }
    write(rows.rows.size(), block.cover,
          [&](schema::Block::Builder out) { encodeSyscalls(rows, out.initSyscalls()); });
    block.clear();
  }

  template <class Rows>
  void close(OpenBlock<Rows>& block) {
    if (block.empty()) return;
    writeDefinitions();
    write(block.rows.size(), block.cover, [&](schema::Block::Builder out) { encodeRows(block.rows, out); });
    block.clear();
  }

  // Adds a row that covers from … to.
  template <class Event>
  void append(EventBlock<Event>& block, const Event& event, int64_t from_ns, int64_t to_ns) {
    block.rows.push_back(event);
    block.cover.add(from_ns, to_ns, now());
    if (block.rows.size() >= options.block_rows) close(block);
  }
  template <class Event>
  void append(ByteBlock<Event>& block, const Event& event, int64_t from_ns, int64_t to_ns) {
    block.rows.add(event);
    block.cover.add(from_ns, to_ns, now());
    if (block.rows.size() >= options.block_rows || block.rows.bytes.size() >= options.block_bytes) {
      close(block);
    }
  }

  void closeAll() {
    const uint64_t bytes = output.bytesWritten();
    addFolds();
    writeDefinitions();
    open.each([&](auto& block) { close(block); });
    last_closed_bytes = output.bytesWritten() - bytes;
  }

  void requireOpen() const {
    if (finished) throw TraceError("the trace is finished: nothing may follow");
  }

  void addCall(const SyscallEvent& event, int64_t end_ns) {
    const size_t objects = std::min(event.objects.size(), kMaxObjectsPerCall);
    for (const ObjectRef& object : event.objects.first(objects)) use(object.resource);
    for (const StringArg& string : event.strings) strings.use(string.text);
    stacks.use(event.user_stack);
    limitDefinitions();
    CallBlock& block = addNs(newest_ns, -event.enter_ns) > kLateCallNs ? open.late_calls : open.calls;
    const auto row = static_cast<uint32_t>(block.calls.rows().rows.size());
    block.calls.add(event);
    block.payloads.add(row, event.payloads);
    // A call that never ended covers the time until it was written.
    block.cover.add(event.enter_ns, event.flags.unfinished ? newest_ns : end_ns, now());
    if (row + 1 >= options.block_rows || block.payloads.rows.size() >= options.block_rows ||
        block.calls.bytes() >= options.block_bytes || block.payloads.bytes.size() >= options.block_bytes) {
      close(block);
    }
  }

  // ---- keeping within a size ----

  Thrift thrift() const {
    const uint64_t most = options.max_bytes;
    if (most == 0) return Thrift::none;
    const uint64_t eighths = output.bytesWritten() / std::max<uint64_t>(most / 8, 1);
    if (eighths < 4) return Thrift::none;
    if (eighths < 5) return Thrift::payload;
    return eighths < 6 ? Thrift::calls : Thrift::files;
  }

  // True: it has become a part of a count.
  bool folded(const SyscallEvent& event, Thrift step) {
    const auto object = event.objects.empty() ? resources.end() : resources.find(event.objects[0].resource);
    const ResourceKind kind =
        object == resources.end() ? ResourceKind::unknown : object->second.resource.kind;
    if (!folder.folds(event, kind, step)) return false;
    folder.add(event);
    return true;
  }

  void addFolds() {
    for (const SwitchEvent& event : stops.takeOlder(INT64_MAX)) addSwitch(event);
    if (folder.empty()) return;
    for (const FoldEvent& fold : folder.take()) addFold(fold);
  }

  // What else is known of the thread comes after.
  void releaseStops(ThreadId thread) {
    for (const SwitchEvent& event : stops.take(thread)) addSwitch(event);
  }

  void addSwitch(const SwitchEvent& event) {
    use(event.pending.resource);
    stacks.use(event.user_stack);
    limitDefinitions();
    append(open.switches, event, event.ts_ns, event.ts_ns);
  }

  void addFold(const FoldEvent& fold) {
    use(fold.resource);
    limitDefinitions();
    append(open.folds, fold, fold.ts_ns, addNs(fold.ts_ns, fold.dur_ns));
  }

  // ---- time ----

  // A recorder that lags behind adds events that are old already: what counts is how long a row has
  // waited here, or each tick of the lag would close blocks of a few rows.
  int64_t now() const { return std::max(newest_ns, ticked_ns); }

  // When the oldest row that waits came, INT64_MAX if none does.
  int64_t oldestNs() {
    int64_t oldest = processes_cover.empty() ? INT64_MAX : processes_cover.first_ns;
    open.each([&](const auto& block) {
      if (!block.empty()) oldest = std::min(oldest, block.cover.first_ns);
    });
    return oldest;
  }

  // Called before a row is added: the events' own time also closes blocks and epochs.
  void advance(int64_t ts_ns) {
    requireOpen();
    if (ts_ns > newest_ns) {
      newest_ns = ts_ns;
      closeOld(ts_ns);
    }
  }

  void closeOld(int64_t now_ns) {
    if (epoch_start_ns == INT64_MIN) epoch_start_ns = now_ns;
    if (folder.due(now_ns)) addFolds();
    for (const SwitchEvent& event : stops.takeOlder(addNs(now_ns, -StopFolder::kSpanNs))) addSwitch(event);
    const int64_t oldest = oldestNs();
    if (oldest != INT64_MAX && addNs(now_ns, -oldest) >= options.block_ns) closeAll();
    const bool long_enough = addNs(now_ns, -epoch_start_ns) >= options.epoch_ns;
    if (long_enough || output.decodedBytes() - epoch_start_bytes >= options.epoch_bytes ||
        strings.grownBytes() >= kMaxStringTableGrowth) {
      beginEpoch(now_ns);
    }
  }

  void beginEpoch(int64_t now_ns) {
    closeAll();
    output.sync();
    ++epoch;
    epoch_start_ns = now_ns;
    for (const auto& [id, thread] : threads) {
      strings.touch(thread.def.comm);
      const ProcessInfo& info = thread.info.info;
      for (StringId text : {thread.info.comm, info.exe, info.cmdline, info.cwd, info.cgroup})
        strings.touch(text);
    }
    for (const auto& [id, entry] : resources) strings.touch(entry.resource.path);
    stacks.beginEpoch();
    strings.beginEpoch();
    writeHeader();
    std::vector<const LiveThread*> living;
    for (const auto& [id, thread] : threads) living.push_back(&thread);
    std::sort(living.begin(), living.end(), [](auto* a, auto* b) { return a->def.id < b->def.id; });
    for (const LiveThread* thread : living) {
      queue(thread->def);
      if (thread->info.thread) {
        useStringsOf(thread->info);
        processes.infos.push_back(thread->info);
        processes.infos.back().ts_ns = now_ns;
      }
      limitDefinitions();
    }
    writeDefinitions();
    epoch_start_bytes = output.decodedBytes();
  }

  // ---- lifecycle ----

  void follow(const LifeEvent& event) {
    const auto found = threads.find(event.thread);
    if (found == threads.end()) return;
    LiveThread& thread = found->second;
    switch (event.kind) {
      case LifeKind::info:
      case LifeKind::exec:
        thread.info = {};
        thread.info.kind = LifeKind::info;
        thread.info.thread = event.thread;
        thread.info.comm = event.comm;
        thread.info.info = event.info;
        if (event.comm) thread.def.comm = event.comm;
        break;
      case LifeKind::comm:
        if (event.comm) thread.def.comm = event.comm;
        break;
      case LifeKind::fork:
      case LifeKind::exit:
      case LifeKind::blocked: break;
    }
  }
};

TraceWriter::TraceWriter(std::unique_ptr<ByteSink> sink, const TraceHeader& header, WriterOptions options)
    : impl_(std::make_unique<Impl>(std::move(sink), header, options)) {}
TraceWriter::~TraceWriter() = default;

StringId TraceWriter::intern(std::string_view text) {
  return impl_->strings.intern(text);
}
FrameId TraceWriter::internFrame(const Frame& frame) {
  return impl_->stacks.internFrame(frame);
}
StackId TraceWriter::internStack(bool kernel, std::span<const FrameId> frames) {
  return impl_->stacks.internStack(kernel, frames);
}

void TraceWriter::define(const ThreadDef& thread) {
  impl_->threads[thread.id].def = thread;
  impl_->queue(thread);
  impl_->limitDefinitions();
}

void TraceWriter::define(const Resource& resource) {
  LiveResource& entry = impl_->resources[resource.id];
  entry.resource = resource;
  entry.written = 0;
  impl_->use(resource.id);
  impl_->limitDefinitions();
}

void TraceWriter::forget(ThreadId thread) {
  impl_->folder.forget(thread);
  impl_->releaseStops(thread);
  impl_->threads.erase(thread);
}
void TraceWriter::forget(ResourceId resource) {
  impl_->resources.erase(resource);
}

void TraceWriter::add(const LifeEvent& event) {
  impl_->advance(event.ts_ns);
  impl_->useStringsOf(event);
  impl_->use(event.pending.resource);
  impl_->processes.life.push_back(event);
  impl_->processes_cover.add(event.ts_ns, event.ts_ns, impl_->now());
  impl_->follow(event);
  impl_->limitDefinitions();
}

void TraceWriter::add(const OpenFd& fd) {
  impl_->use(fd.resource);
  impl_->processes.open_fds.push_back(fd);
  impl_->limitDefinitions();
}

void TraceWriter::add(const EpollMember& member) {
  impl_->use(member.resource);
  impl_->processes.epoll_members.push_back(member);
  impl_->limitDefinitions();
}

void TraceWriter::add(const SyscallEvent& event) {
  Impl& w = *impl_;
  const int64_t end_ns = event.flags.unfinished ? event.enter_ns : addNs(event.enter_ns, event.dur_ns);
  w.advance(end_ns);
  const Thrift thrift = w.thrift();
  if (thrift == Thrift::none || event.payloads.empty()) {
    if (thrift < Thrift::calls || !w.folded(event, thrift)) w.addCall(event, end_ns);
    return;
  }
  SyscallEvent stripped = event;
  const std::vector<PayloadRef> needed = w.folder.strip(event);
  stripped.payloads = needed;
  if (!w.folded(stripped, thrift)) w.addCall(stripped, end_ns);
}

void TraceWriter::add(const SwitchEvent& event) {
  Impl& w = *impl_;
  w.advance(event.ts_ns);
  if (w.thrift() != Thrift::none) w.folder.switched(event);
  if (w.thrift() >= Thrift::calls) {
    if (w.stops.holds(event)) return;
    w.releaseStops(event.thread);
    if (w.stops.holds(event)) return;
  }
  w.addSwitch(event);
}

void TraceWriter::add(const WakeEvent& event) {
  Impl& w = *impl_;
  w.advance(event.ts_ns);
  w.releaseStops(event.thread);
  w.use(event.waker_call.resource);
  w.stacks.use(event.kernel_stack);
  w.limitDefinitions();
  w.append(w.open.wakes, event, event.ts_ns, event.ts_ns);
}

void TraceWriter::add(const SignalEvent& event) {
  impl_->advance(event.ts_ns);
  impl_->append(impl_->open.signals, event, event.ts_ns, event.ts_ns);
}

void TraceWriter::add(const SocketEvent& event) {
  Impl& w = *impl_;
  w.advance(event.ts_ns);
  w.use(event.resource);
  w.limitDefinitions();
  w.append(w.open.sockets, event, event.ts_ns, event.ts_ns);
}

void TraceWriter::add(const PlaintextEvent& event) {
  Impl& w = *impl_;
  const int64_t end_ns = addNs(event.ts_ns, event.dur_ns);
  w.advance(end_ns);
  PlaintextEvent kept = event;
  if (w.thrift() != Thrift::none && !event.data.empty()) {
    w.folder.leaveOut(event);
    kept.data = {};
  }
  w.use(kept.resource);
  w.limitDefinitions();
  w.append(w.open.plaintexts, kept, event.ts_ns, end_ns);
}

void TraceWriter::add(const PacketEvent& event) {
  Impl& w = *impl_;
  w.advance(event.ts_ns);
  PacketEvent kept = event;
  if (const Thrift thrift = w.thrift(); thrift != Thrift::none) {
    const size_t head = thrift == Thrift::payload ? kPacketHeadBytes : 0;
    kept.data = event.data.first(std::min(event.data.size(), head));
    if (kept.data.size() < event.data.size()) w.folder.leaveOut(event, kept.data.size());
  }
  w.use(kept.resource);
  w.strings.use(kept.interface_name);
  w.limitDefinitions();
  w.append(w.open.packets, kept, event.ts_ns, event.ts_ns);
}

void TraceWriter::add(const FoldEvent& event) {
  impl_->advance(event.ts_ns);
  impl_->addFold(event);
}

void TraceWriter::add(const LossEvent& event) {
  Impl& w = *impl_;
  w.advance(event.ts_ns);
  w.lost += event.count;
  w.append(w.open.losses, event, event.ts_ns, addNs(event.ts_ns, event.dur_ns));
}

void TraceWriter::add(const ClockPoint& clock) {
  impl_->advance(clock.boottime_ns);
  impl_->append(impl_->open.clocks, clock, clock.boottime_ns, clock.boottime_ns);
}

void TraceWriter::tick(int64_t now_ns) {
  if (impl_->finished) return;
  impl_->ticked_ns = std::max(impl_->ticked_ns, now_ns);
  impl_->closeOld(now_ns);
}

void TraceWriter::flush() {
  impl_->closeAll();
}

void TraceWriter::finish(const Trailer& trailer) {
  Impl& w = *impl_;
  w.closeAll();
  const std::vector<BlockInfo> index = w.output.index();
  w.write(index.size(), {},
          [&](schema::Block::Builder block) { encodeTrailer(trailer, index, w.lost, block.initTrailer()); });
  w.output.writeSeekTable();
  w.output.sync();
  w.finished = true;
}

uint32_t TraceWriter::epoch() const {
  return impl_->epoch;
}

uint64_t TraceWriter::bytesWritten() const {
  return impl_->output.bytesWritten();
}

uint64_t TraceWriter::bytesToFinish() const {
  constexpr uint64_t kTrailerBytes = 1024, kBytesPerBlock = 24;  // as measured, compressed
  return kTrailerBytes + kBytesPerBlock * impl_->output.index().size() + 2 * impl_->last_closed_bytes;
}

}  // namespace tarry
