#include "format/packet_codec.h"

#include <tuple>

#include "format/dictionary.h"
#include "format/int_column.h"

namespace tarry {
namespace {

struct Columns {
  IntColumn thread, interface, direction, ts, resource, length, size;
};

// Index, name, link.
using Interface = std::tuple<uint32_t, uint32_t, uint8_t>;

// What has one value a row and is no index.
template <class Mode>
void codeRows(std::vector<PacketRows::Row>& rows, int64_t base_ns, Columns& columns) {
  const Mode mode{};
  int64_t last_ns = base_ns;
  uint32_t last_resource = 0;
  for (size_t i = 0; i < rows.size(); ++i) {
    PacketEvent& event = rows[i].event;
    code(mode, columns.ts, i, event.ts_ns, last_ns);
    code(mode, columns.resource, i, event.resource.value, last_resource);
    code(mode, columns.size, i, rows[i].size, uint32_t{0});
    code(mode, columns.length, i, event.length, rows[i].size);
    last_ns = event.ts_ns;
    last_resource = event.resource.value;
  }
}

}  // namespace

void encodePackets(PacketRows& rows, schema::Packets::Builder out) {
  Dictionary<uint32_t> threads;
  Dictionary<Interface> interfaces;
  Columns columns;
  for (const PacketRows::Row& row : rows.rows) {
    const PacketEvent& event = row.event;
    columns.thread.push_back(zigzag(threads.indexOf(event.thread.value)));
    columns.interface.push_back(zigzag(interfaces.indexOf(
        {event.interface_index, event.interface_name.value, static_cast<uint8_t>(event.link)})));
    columns.direction.push_back(zigzag(static_cast<uint64_t>(event.direction)));
  }
  for (IntColumn* column : {&columns.ts, &columns.resource, &columns.length, &columns.size})
    column->resize(rows.rows.size());
  const int64_t base_ns = rows.rows.empty() ? 0 : rows.rows.front().event.ts_ns;
  codeRows<Writing>(rows.rows, base_ns, columns);

  out.setBaseNs(base_ns);
  out.setThreads(kj::arrayPtr(threads.values().data(), threads.values().size()));
  auto list = out.initInterfaces(static_cast<unsigned>(interfaces.values().size()));
  for (unsigned i = 0; i < list.size(); ++i) {
    const auto& [index, name, link] = interfaces.values()[i];
    list[i].setIndex(index);
    list[i].setName(name);
    list[i].setLink(link);
  }
  putColumn(columns.thread, [&] { return out.initThread(); });
  putColumn(columns.interface, [&] { return out.initInterface(); });
  putColumn(columns.direction, [&] { return out.initDirection(); });
  putColumn(columns.ts, [&] { return out.initTs(); });
  putColumn(columns.resource, [&] { return out.initResource(); });
  putColumn(columns.length, [&] { return out.initLength(); });
  putColumn(columns.size, [&] { return out.initSize(); });
  out.setBytes(kj::arrayPtr(rows.bytes.data(), rows.bytes.size()));
}

void decodePackets(schema::Packets::Reader in, uint32_t count, PacketRows& rows) {
  const auto threads = in.getThreads();
  const auto interfaces = in.getInterfaces();
  checkedSize(interfaces);
  Columns columns;
  getPlanes(in.getThread(), count, columns.thread);
  getPlanes(in.getInterface(), count, columns.interface);
  getPlanes(in.getDirection(), count, columns.direction);
  getPlanes(in.getTs(), count, columns.ts);
  getPlanes(in.getResource(), count, columns.resource);
  getPlanes(in.getLength(), count, columns.length);
  getPlanes(in.getSize(), count, columns.size);
  checkIndexes(columns.thread, threads.size());
  checkIndexes(columns.interface, interfaces.size());
  rows.clear();
  rows.rows.resize(count);
  codeRows<Reading>(rows.rows, in.getBaseNs(), columns);
  const auto bytes = in.getBytes();
  rows.place({bytes.begin(), bytes.size()});
  for (size_t i = 0; i < count; ++i) {
    PacketRows::Row& row = rows.rows[i];
    const auto interface = interfaces[static_cast<unsigned>(unzigzag(columns.interface[i]))];
    row.event.thread = ThreadId{threads[static_cast<unsigned>(unzigzag(columns.thread[i]))]};
    row.event.interface_index = interface.getIndex();
    row.event.interface_name = StringId{interface.getName()};
    row.event.link = knownOr(interface.getLink(), PacketLink::loopback, PacketLink::raw_ip);
    row.event.direction =
        unzigzag(columns.direction[i]) == 0 ? PacketDirection::received : PacketDirection::sent;
  }
}

}  // namespace tarry
