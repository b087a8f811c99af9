#include "format/header_codec.h"

#include <algorithm>

#include "format/int_column.h"

namespace tarry {
namespace {

capnp::Data::Reader bytesOf(const std::string& text) {
  return {reinterpret_cast<const kj::byte*>(text.data()), text.size()};
}

std::string textOf(capnp::Data::Reader bytes) {
  return {reinterpret_cast<const char*>(bytes.begin()), bytes.size()};
}

std::string textOf(capnp::Text::Reader text) {
  return {text.begin(), text.size()};
}

// Text must not hold NUL bytes inside; what comes from files of the system might.
std::string clean(const std::string& text) {
  std::string out = text;
  std::replace(out.begin(), out.end(), '\0', ' ');
  return out;
}

void putClock(const ClockPoint& clock, schema::ClockPoint::Builder out) {
  out.setBoottimeNs(clock.boottime_ns);
  out.setMonotonicNs(clock.monotonic_ns);
  out.setRealtimeNs(clock.realtime_ns);
}

ClockPoint getClock(schema::ClockPoint::Reader in) {
  return {.boottime_ns = in.getBoottimeNs(),
          .monotonic_ns = in.getMonotonicNs(),
          .realtime_ns = in.getRealtimeNs()};
}

struct IndexColumns {
  IntColumn kind, file_bytes, decoded_bytes, rows, epoch, min_ns, max_ns;
};

template <class Mode>
void codeIndex(std::vector<BlockInfo>& index, IndexColumns& c) {
  const Mode mode{};
  BlockInfo before;
  for (size_t i = 0; i < index.size(); ++i) {
    BlockInfo& block = index[i];
    auto kind = static_cast<uint16_t>(block.kind);
    code(mode, c.kind, i, kind, uint16_t{0});
    block.kind = kind < kBlockKinds ? static_cast<BlockKind>(kind) : BlockKind::unknown;
    code(mode, c.file_bytes, i, block.file_bytes, uint32_t{0});
    code(mode, c.decoded_bytes, i, block.decoded_bytes, uint32_t{0});
    code(mode, c.rows, i, block.rows, uint32_t{0});
    code(mode, c.epoch, i, block.epoch, before.epoch);
    code(mode, c.min_ns, i, block.min_ns, before.min_ns);
    code(mode, c.max_ns, i, block.max_ns, block.min_ns);
    before = block;
  }
}

}  // namespace

void encodeHeader(const TraceHeader& header, schema::Header::Builder out) {
  out.setFormatVersion(header.format_version);
  out.setTarryVersion(clean(header.tarry_version));
  out.setHostname(clean(header.hostname));
  out.setKernelRelease(clean(header.kernel_release));
  out.setMachine(clean(header.machine));
  out.setOsName(clean(header.os_name));
  out.setCpuCount(header.cpu_count);
  out.setPageSize(header.page_size);
  out.setLevel(static_cast<uint8_t>(header.level));
  out.setSnaplen(header.snaplen);
  out.setBackend(clean(header.backend));
  out.setTargetKind(static_cast<uint8_t>(header.target_kind));
  auto target = out.initTarget(static_cast<unsigned>(header.target.size()));
  for (unsigned i = 0; i < target.size(); ++i) target.set(i, bytesOf(header.target[i]));
  out.setCwd(bytesOf(header.cwd));
  out.setUser(clean(header.user));
  out.setRecorderPid(header.recorder_pid);
  putClock(header.start, out.initStart());
  out.setCalls(clean(header.calls));
}

TraceHeader decodeHeader(schema::Header::Reader in) {
  TraceHeader header;
  header.format_version = in.getFormatVersion();
  header.tarry_version = textOf(in.getTarryVersion());
  header.hostname = textOf(in.getHostname());
  header.kernel_release = textOf(in.getKernelRelease());
  header.machine = textOf(in.getMachine());
  header.os_name = textOf(in.getOsName());
  header.cpu_count = in.getCpuCount();
  header.page_size = in.getPageSize();
  const uint8_t level = in.getLevel();
  header.level =
      level >= 1 && level <= static_cast<uint8_t>(Level::full) ? static_cast<Level>(level) : Level::full;
  header.snaplen = in.getSnaplen();
  header.backend = textOf(in.getBackend());
  const uint8_t kind = in.getTargetKind();
  header.target_kind = kind >= 1 && kind <= static_cast<uint8_t>(TargetKind::all)
                           ? static_cast<TargetKind>(kind)
                           : TargetKind::all;
  checkedSize(in.getTarget());
  for (auto word : in.getTarget()) header.target.push_back(textOf(word));
  header.cwd = textOf(in.getCwd());
  header.user = textOf(in.getUser());
  header.recorder_pid = in.getRecorderPid();
  header.calls = textOf(in.getCalls());
  header.start = getClock(in.getStart());
  if (!isSaneTime(header.start.boottime_ns) || !isSaneTime(header.start.realtime_ns) ||
      !isSaneTime(header.start.monotonic_ns)) {
    header.start = {};
  }
  return header;
}

void encodeTrailer(const Trailer& trailer, const std::vector<BlockInfo>& index, uint64_t lost,
                   schema::Trailer::Builder out) {
  out.setReason(static_cast<uint8_t>(trailer.reason));
  putClock(trailer.end, out.initEnd());
  out.setCommandStatus(trailer.command_status);
  auto cost = out.initCost();
  cost.setUserNs(trailer.cost.user_ns);
  cost.setSystemNs(trailer.cost.system_ns);
  cost.setDrainCpuNs(trailer.cost.drain_cpu_ns);
  cost.setEncodeCpuNs(trailer.cost.encode_cpu_ns);
  cost.setBpfRunNs(trailer.cost.bpf_run_ns);
  cost.setMaxRssBytes(trailer.cost.max_rss_bytes);
  cost.setRingBytes(trailer.cost.ring_bytes);
  out.setError(clean(trailer.error));
  out.setRepaired(trailer.repaired);
  out.setLost(lost);
  if (index.size() > kMaxIndexRows) return;
  std::vector<BlockInfo> rows = index;
  IndexColumns c;
  for (IntColumn* column :
       {&c.kind, &c.file_bytes, &c.decoded_bytes, &c.rows, &c.epoch, &c.min_ns, &c.max_ns}) {
    column->resize(rows.size());
  }
  codeIndex<Writing>(rows, c);
  auto columns = out.initIndex();
  columns.setCount(static_cast<uint32_t>(rows.size()));
  putColumn(c.kind, [&] { return columns.initKind(); });
  putColumn(c.file_bytes, [&] { return columns.initFileBytes(); });
  putColumn(c.decoded_bytes, [&] { return columns.initDecodedBytes(); });
  putColumn(c.rows, [&] { return columns.initRows(); });
  putColumn(c.epoch, [&] { return columns.initEpoch(); });
  putColumn(c.min_ns, [&] { return columns.initMinNs(); });
  putColumn(c.max_ns, [&] { return columns.initMaxNs(); });
}

Trailer decodeTrailer(schema::Trailer::Reader in) {
  Trailer trailer;
  trailer.reason = in.getReason() <= static_cast<uint8_t>(EndReason::error)
                       ? static_cast<EndReason>(in.getReason())
                       : EndReason::unknown;
  trailer.end = getClock(in.getEnd());
  if (!isSaneTime(trailer.end.boottime_ns)) trailer.end = {};
  trailer.command_status = in.getCommandStatus();
  const auto cost = in.getCost();
  trailer.cost = {.user_ns = cost.getUserNs(),
                  .system_ns = cost.getSystemNs(),
                  .drain_cpu_ns = cost.getDrainCpuNs(),
                  .encode_cpu_ns = cost.getEncodeCpuNs(),
                  .bpf_run_ns = cost.getBpfRunNs(),
                  .max_rss_bytes = cost.getMaxRssBytes(),
                  .ring_bytes = cost.getRingBytes()};
  trailer.error = textOf(in.getError());
  trailer.repaired = in.getRepaired();
  return trailer;
}

std::vector<BlockInfo> decodeIndex(schema::Trailer::Index::Reader in) {
  const uint32_t count = in.getCount();
  if (count > kMaxIndexRows) throw BadBlock("an index of too many blocks");
  IndexColumns c;
  getPlanes(in.getKind(), count, c.kind);
  getPlanes(in.getFileBytes(), count, c.file_bytes);
  getPlanes(in.getDecodedBytes(), count, c.decoded_bytes);
  getPlanes(in.getRows(), count, c.rows);
  getPlanes(in.getEpoch(), count, c.epoch);
  getPlanes(in.getMinNs(), count, c.min_ns);
  getPlanes(in.getMaxNs(), count, c.max_ns);
  std::vector<BlockInfo> index(count);
  codeIndex<Reading>(index, c);
  uint64_t offset = 0;
  for (BlockInfo& block : index) {
    if (block.file_bytes == 0) throw BadBlock("an index with an empty block");
    if (!isSaneTime(block.min_ns) || !isSaneTime(block.max_ns))
      throw BadBlock("an index of impossible times");
    block.offset = offset;
    offset += block.file_bytes;
  }
  return index;
}

void encodeLosses(const std::vector<LossEvent>& rows, capnp::List<schema::Loss>::Builder out) {
  for (unsigned i = 0; i < out.size(); ++i) {
    out[i].setTsNs(rows[i].ts_ns);
    out[i].setDurNs(rows[i].dur_ns);
    out[i].setSource(static_cast<uint8_t>(rows[i].source));
    out[i].setThread(rows[i].thread.value);
    out[i].setCount(rows[i].count);
  }
}

void decodeLosses(capnp::List<schema::Loss>::Reader in, std::vector<LossEvent>& rows) {
  rows.clear();
  checkedSize(in);
  for (auto loss : in) {
    rows.push_back({.ts_ns = loss.getTsNs(),
                    .dur_ns = loss.getDurNs(),
                    .source = loss.getSource() <= static_cast<uint8_t>(LossSource::plaintext)
                                  ? static_cast<LossSource>(loss.getSource())
                                  : LossSource::unknown,
                    .thread = ThreadId{loss.getThread()},
                    .count = loss.getCount()});
  }
}

void encodeClocks(const std::vector<ClockPoint>& rows, capnp::List<schema::ClockPoint>::Builder out) {
  for (unsigned i = 0; i < out.size(); ++i) putClock(rows[i], out[i]);
}

void decodeClocks(capnp::List<schema::ClockPoint>::Reader in, std::vector<ClockPoint>& rows) {
  rows.clear();
  checkedSize(in);
  for (auto clock : in) rows.push_back(getClock(clock));
}

}  // namespace tarry
