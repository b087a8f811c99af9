// Reading in the order of time with bounded memory: event blocks are opened in the order of the
// earliest instant they cover, when the merge has come that far, and closed when their last row is
// delivered. Definitions are delivered in file order, up to the block that is opened.
#include "format/trace_reader.h"

#include <fmt/format.h>

#include <algorithm>
#include <list>

#include "format/block_file.h"
#include "format/definitions.h"
#include "format/errors.h"
#include "format/header_codec.h"
#include "format/loaded_blocks.h"
#include "format/time_merge.h"

namespace tarry {
namespace {

// How much memory a file may ask for: what a trace of its size reasonably needs. A small hostile
// file cannot claim more than the constant part.
uint64_t memoryFor(uint64_t file_bytes) {
  return (128U << 20) + 200 * std::min<uint64_t>(file_bytes, 1ULL << 40);
}

// How many events a file may hold. Rows of zeros cost nothing in a file, but a database of them does: a
// recorded event takes more than a byte, even of a loop that makes the same call as fast as it can, for its
// time and duration are never quite the same.
uint64_t rowsFor(uint64_t file_bytes) {
  return (128U << 10) + 8 * std::min<uint64_t>(file_bytes, 1ULL << 40);
}

// Decoded blocks that readCall() keeps: calls in time order alternate between few of them.
constexpr size_t kCachedBlocks = 4;
constexpr size_t kMaxProblems = 100;

LossSource lossOf(BlockKind kind) {
  switch (kind) {
    case BlockKind::syscalls:
    case BlockKind::folds: return LossSource::syscalls;
    case BlockKind::switches: return LossSource::switches;
    case BlockKind::wakes: return LossSource::wakes;
    case BlockKind::processes: return LossSource::lifecycle;
    case BlockKind::payloads: return LossSource::payload;
    case BlockKind::signals: return LossSource::signals;
    case BlockKind::sockets: return LossSource::sockets;
    case BlockKind::plaintexts: return LossSource::plaintext;
    case BlockKind::packets: return LossSource::packets;
    case BlockKind::strings:
    case BlockKind::resources:
    case BlockKind::stacks: return LossSource::definitions;
    case BlockKind::unknown:
    case BlockKind::header:
    case BlockKind::losses:
    case BlockKind::clocks:
    case BlockKind::trailer: return LossSource::unknown;
  }
  return LossSource::unknown;
}

}  // namespace

struct TraceReader::Impl {
  Impl(std::unique_ptr<ByteSource> source, std::string name)
      : file(std::move(source), std::move(name)), definitions(memoryFor(file.report().file_bytes)) {
    report = file.report();
  }

  BlockFile file;
  Definitions definitions;
  SyscallDecoder decoder;
  ReadReport report;
  struct CachedBlock {
    uint64_t offset = 0;
    std::unique_ptr<LoadedCalls> calls;
  };
  std::list<CachedBlock> cache;  // newest first

  // ---- one pass ----

  struct Pass {
    TraceVisitor& visitor;
    const ReadFilter& filter;
    TimeMerge merge;
    size_t next_definition = 0;  // index in blocks()
    uint64_t rows = 0;           // of events, as far as blocks were opened
  };

  void problem(std::string line) {
    if (report.problems.size() < kMaxProblems) report.problems.push_back(std::move(line));
  }

  void countDropped(uint64_t rows, const BlockInfo& info) {
    if (rows == 0) return;
    report.dropped_rows += rows;
    problem(fmt::format(
        "{} rows of the block of {} at byte {} were dropped: their threads or times make no sense", rows,
        blockKindName(info.kind), info.offset));
  }

  // Runs `use`; a block that turns out to be damaged is counted, and what the index says it held
  // is delivered as a loss.
  template <class Use>
  void tolerating(const BlockInfo& info, Pass& pass, Use use) {
    try {
      use();
    } catch (const BadBlock& e) {
      ++report.damaged_frames;
      report.damaged_bytes += info.file_bytes;
      problem(fmt::format("block of {} at byte {} is damaged ({}): its {} rows are lost",
                          blockKindName(info.kind), info.offset, e.what(), info.rows));
      if (!isTimed(info) || info.rows == 0) return;
      uint64_t dropped = 0;
      pass.merge.add(loadLosses({{.ts_ns = info.min_ns,
                                  .dur_ns = std::max<int64_t>(0, info.max_ns - info.min_ns),
                                  .source = lossOf(info.kind),
                                  .thread = {},
                                  .count = info.rows}},
                                pass.filter, definitions, dropped));
    }
  }

  // The index may say something else than the block.
  BlockView load(const BlockInfo& info) {
    BlockView view = file.load(info);
    const BlockInfo found = view.info();
    if (found.kind != info.kind || found.rows != info.rows) throw BadBlock("not what the index says");
    return view;
  }

  void define(const BlockInfo& info, Pass& pass) {
    const BlockView view = load(info);
    const auto block = view.block();
    switch (info.kind) {
      case BlockKind::strings: {
        std::vector<StringRow> rows;
        guarded([&] { decodeStrings(block.getStrings(), block.getRows(), rows); });
        definitions.add(rows);
        break;
      }
      case BlockKind::stacks: {
        StackRows rows;
        guarded([&] { decodeStacks(block.getStacks(), rows); });
        definitions.add(rows, pass.visitor);
        break;
      }
      case BlockKind::resources: {
        std::vector<Resource> rows;
        guarded([&] { decodeResources(block.getResources(), block.getRows(), rows); });
        definitions.add(rows, pass.visitor);
        break;
      }
      case BlockKind::processes: {
        ProcessRows rows;
        guarded([&] { decodeProcesses(block.getProcesses(), rows); });
        for (LifeEvent& event : rows.infos) event.ts_ns = std::max(event.ts_ns, pass.merge.deliveredNs());
        definitions.add(rows, pass.visitor);
        auto life = loadLife(std::move(rows.life));
        life->offset = info.offset;
        countDropped(pass.merge.add(std::move(life)), info);
        break;
      }
      case BlockKind::unknown:
      case BlockKind::header:
      case BlockKind::syscalls:
      case BlockKind::payloads:
      case BlockKind::switches:
      case BlockKind::wakes:
      case BlockKind::losses:
      case BlockKind::clocks:
      case BlockKind::trailer:
      case BlockKind::signals:
      case BlockKind::folds:
      case BlockKind::sockets:
      case BlockKind::plaintexts:
      case BlockKind::packets: break;
    }
  }

  static bool defines(BlockKind kind) {
    return kind == BlockKind::strings || kind == BlockKind::stacks || kind == BlockKind::resources ||
           kind == BlockKind::processes;
  }

  void defineUpTo(uint64_t offset, Pass& pass) {
    const auto& blocks = file.blocks();
    for (; pass.next_definition < blocks.size() && blocks[pass.next_definition].offset <= offset;
         ++pass.next_definition) {
      const BlockInfo& info = blocks[pass.next_definition];
      if (defines(info.kind)) tolerating(info, pass, [&] { define(info, pass); });
    }
  }

  std::unique_ptr<LoadedCalls> loadCalls(const BlockInfo& info, bool payloads) {
    std::unique_ptr<LoadedCalls> calls;
    {
      const BlockView view = load(info);
      calls = guarded([&] {
        return std::make_unique<LoadedCalls>(decoder, view.block().getSyscalls(), view.block().getRows(),
                                             info.offset);
      });
    }
    if (payloads && calls->wantsPayloads()) attachPayloads(info, *calls);
    calls->check(definitions);
    return calls;
  }

  // A block's payloads stand right before it.
  void attachPayloads(const BlockInfo& info, LoadedCalls& calls) {
    const auto& blocks = file.blocks();
    const auto at =
        std::lower_bound(blocks.begin(), blocks.end(), info.offset,
                         [](const BlockInfo& block, uint64_t offset) { return block.offset < offset; });
    try {
      if (at == blocks.begin() || (at - 1)->kind != BlockKind::payloads) throw BadBlock("it is missing");
      const BlockView view = load(*(at - 1));
      PayloadRows rows;
      guarded([&] { decodePayloads(view.block().getPayloads(), view.block().getRows(), rows); });
      if (rows.link != calls.payloadLink()) throw BadBlock("it is missing");
      calls.attach(std::move(rows));
    } catch (const BadBlock& e) {
      ++report.damaged_frames;
      problem(fmt::format("the payloads of the calls at byte {} are lost: {}", info.offset, e.what()));
    }
  }

  void open(const BlockInfo& info, Pass& pass) {
    pass.rows += info.rows;
    if (pass.rows > rowsFor(report.file_bytes)) throw BadBlock("more rows than a file of this size can hold");
    std::unique_ptr<LoadedBlock> loaded;
    uint64_t dropped = 0;
    if (info.kind == BlockKind::syscalls) {
      auto calls = loadCalls(info, pass.filter.payloads);
      calls->select(pass.filter, definitions);
      dropped = calls->dropped();
      loaded = std::move(calls);
    } else {
      const BlockView view = load(info);
      const auto block = view.block();
      guarded([&] {
        if (block.isSwitches()) {
          std::vector<SwitchEvent> rows;
          decodeSwitches(block.getSwitches(), block.getRows(), rows);
          loaded = loadSwitches(std::move(rows), pass.filter, definitions, dropped);
        } else if (block.isWakes()) {
          std::vector<WakeEvent> rows;
          decodeWakes(block.getWakes(), block.getRows(), rows);
          loaded = loadWakes(std::move(rows), pass.filter, definitions, dropped);
        } else if (block.isSignals()) {
          std::vector<SignalEvent> rows;
          decodeSignals(block.getSignals(), block.getRows(), rows);
          loaded = loadSignals(std::move(rows), pass.filter, definitions, dropped);
        } else if (block.isPlaintexts()) {
          PlaintextRows rows;
          decodePlaintexts(block.getPlaintexts(), block.getRows(), rows);
          loaded = loadPlaintexts(std::move(rows), pass.filter, definitions, dropped);
        } else if (block.isPackets()) {
          PacketRows rows;
          decodePackets(block.getPackets(), block.getRows(), rows);
          loaded = loadPackets(std::move(rows), pass.filter, definitions, dropped);
        } else if (block.isFolds()) {
          std::vector<FoldEvent> rows;
          decodeFolds(block.getFolds(), block.getRows(), rows);
          loaded = loadFolds(std::move(rows), pass.filter, definitions, dropped);
        } else if (block.isSockets()) {
          std::vector<SocketEvent> rows;
          decodeSockets(block.getSockets(), block.getRows(), rows);
          loaded = loadSockets(std::move(rows), pass.filter, definitions, dropped);
        } else if (block.isLosses()) {
          std::vector<LossEvent> rows;
          decodeLosses(block.getLosses(), rows);
          loaded = loadLosses(std::move(rows), pass.filter, definitions, dropped);
        } else if (block.isClocks()) {
          std::vector<ClockPoint> rows;
          decodeClocks(block.getClocks(), rows);
          loaded = loadClocks(std::move(rows), dropped);
        }
      });
    }
    if (loaded) {
      loaded->offset = info.offset;
      dropped += pass.merge.add(std::move(loaded));
    }
    countDropped(dropped, info);
  }

  bool isWanted(const BlockInfo& info, const ReadFilter& filter) const {
    switch (info.kind) {
      case BlockKind::syscalls:
        if (!filter.syscalls) return false;
        break;
      case BlockKind::switches:
      case BlockKind::wakes:
        if (!filter.scheduling) return false;
        break;
      case BlockKind::signals:
      case BlockKind::folds:
      case BlockKind::sockets:
      case BlockKind::plaintexts:
      case BlockKind::packets:
      case BlockKind::losses: break;
      case BlockKind::clocks: return true;
      case BlockKind::unknown:
      case BlockKind::header:
      case BlockKind::strings:
      case BlockKind::processes:
      case BlockKind::resources:
      case BlockKind::stacks:
      case BlockKind::payloads:
      case BlockKind::trailer: return false;
    }
    return info.max_ns >= filter.from_ns && info.min_ns <= filter.to_ns;
  }

  void read(TraceVisitor& visitor, const ReadFilter& filter) {
    report = file.report();
    definitions.restart();
    cache.clear();
    Pass pass{visitor, filter, {}};
    // Wanted event blocks by when they must be open. Lifecycle comes with the definitions, so a
    // block of it that begins earlier than what stands before it must be reached in time too.
    std::vector<const BlockInfo*> pending;
    for (const BlockInfo& info : file.blocks()) {
      if (isWanted(info, filter) || info.kind == BlockKind::processes) pending.push_back(&info);
    }
    std::stable_sort(pending.begin(), pending.end(),
                     [](const BlockInfo* a, const BlockInfo* b) { return startOf(*a) < startOf(*b); });
    const uint64_t max_bytes = memoryFor(report.file_bytes);
    bool crowded = false;
    for (const BlockInfo* info : pending) {
      pass.merge.deliverBefore(startOf(*info), visitor);
      while (pass.merge.bytes() > max_bytes) {
        crowded = true;
        pass.merge.deliverSome(visitor);
      }
      defineUpTo(info->offset, pass);
      if (info->kind != BlockKind::processes) tolerating(*info, pass, [&] { open(*info, pass); });
    }
    defineUpTo(UINT64_MAX, pass);
    pass.merge.deliverBefore(INT64_MAX, visitor);
    report.dropped_rows += definitions.dropped();
    if (crowded) problem("too many blocks cover the same time: some events had to be left out");
  }

  // Blocks of definitions alone (min = max = 0) are needed when what follows them is.
  static int64_t startOf(const BlockInfo& info) { return isTimed(info) ? info.min_ns : INT64_MAX; }

  static bool isTimed(const BlockInfo& info) {
    return isEventBlock(info.kind) &&
           (info.kind != BlockKind::processes || info.min_ns != 0 || info.max_ns != 0);
  }
};

TraceReader::TraceReader(std::unique_ptr<Impl> impl) : impl_(std::move(impl)) {}
TraceReader::~TraceReader() = default;
TraceReader::TraceReader(TraceReader&&) noexcept = default;
TraceReader& TraceReader::operator=(TraceReader&&) noexcept = default;

TraceReader TraceReader::open(const std::string& path) {
  return TraceReader(std::make_unique<Impl>(openByteSource(path), path == "-" ? "standard input" : path));
}

TraceReader TraceReader::fromMemory(std::vector<uint8_t> bytes, std::string name) {
  return TraceReader(std::make_unique<Impl>(memoryByteSource(std::move(bytes)), std::move(name)));
}

const std::string& TraceReader::name() const {
  return impl_->file.name();
}
const TraceHeader& TraceReader::header() const {
  return impl_->file.header();
}
const std::optional<Trailer>& TraceReader::trailer() const {
  return impl_->file.trailer();
}

int64_t TraceReader::startNs() const {
  int64_t start = INT64_MAX;
  for (const BlockInfo& info : impl_->file.blocks()) {
    if (Impl::isTimed(info)) start = std::min(start, info.min_ns);
  }
  return start == INT64_MAX ? header().start.boottime_ns : start;
}

int64_t TraceReader::endNs() const {
  int64_t end = INT64_MIN;
  for (const BlockInfo& info : impl_->file.blocks()) {
    if (Impl::isTimed(info)) end = std::max(end, info.max_ns);
  }
  return end == INT64_MIN ? header().start.boottime_ns : end;
}

void TraceReader::read(TraceVisitor& visitor, const ReadFilter& filter) {
  impl_->read(visitor, filter);
}

std::string_view TraceReader::text(StringId id) const {
  return impl_->definitions.text(id);
}

const SyscallEvent& TraceReader::readCall(const CallLocator& locator) {
  auto& cache = impl_->cache;
  auto found = std::find_if(cache.begin(), cache.end(),
                            [&](const auto& block) { return block.offset == locator.block_offset; });
  try {
    if (found == cache.end()) {
      const auto& blocks = impl_->file.blocks();
      const auto at =
          std::lower_bound(blocks.begin(), blocks.end(), locator.block_offset,
                           [](const BlockInfo& info, uint64_t offset) { return info.offset < offset; });
      if (at == blocks.end() || at->offset != locator.block_offset) throw BadBlock("there is no such block");
      cache.push_front({locator.block_offset, impl_->loadCalls(*at, true)});
      if (cache.size() > kCachedBlocks) cache.pop_back();
    } else {
      cache.splice(cache.begin(), cache, found);
    }
    const SyscallEvent* event = cache.front().calls->event(locator.row);
    if (event == nullptr) throw BadBlock("there is no such row");
    return *event;
  } catch (const BadBlock& e) {
    throw TraceError(fmt::format("cannot read {}: no call {} at byte {}: {}", name(), locator.row,
                                 locator.block_offset, e.what()),
                     static_cast<int64_t>(locator.block_offset));
  }
}

const ReadReport& TraceReader::report() const {
  return impl_->report;
}

std::vector<BlockTotals> TraceReader::totals() const {
  std::vector<BlockTotals> all(kBlockKinds);
  for (const BlockInfo& info : impl_->file.blocks()) {
    BlockTotals& totals = all[static_cast<size_t>(info.kind)];
    ++totals.blocks;
    totals.rows += info.rows;
    totals.file_bytes += info.file_bytes;
    totals.decoded_bytes += info.decoded_bytes;
  }
  for (size_t kind = 0; kind < all.size(); ++kind)
    all[kind].kind = blockKindName(static_cast<BlockKind>(kind));
  std::erase_if(all, [](const BlockTotals& totals) { return totals.blocks == 0; });
  return all;
}

}  // namespace tarry
