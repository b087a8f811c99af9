#include "format/open_blocks.h"

#include "format/fold_codec.h"
#include "format/header_codec.h"
#include "format/packet_codec.h"
#include "format/plaintext_codec.h"
#include "format/sched_codec.h"
#include "format/signal_codec.h"
#include "format/socket_codec.h"

namespace tarry {

void encodeRows(std::vector<SwitchEvent>& rows, schema::Block::Builder out) {
  encodeSwitches(rows, out.initSwitches());
}
void encodeRows(std::vector<WakeEvent>& rows, schema::Block::Builder out) {
  encodeWakes(rows, out.initWakes());
}
void encodeRows(std::vector<SignalEvent>& rows, schema::Block::Builder out) {
  encodeSignals(rows, out.initSignals());
}
void encodeRows(std::vector<SocketEvent>& rows, schema::Block::Builder out) {
  encodeSockets(rows, out.initSockets());
}
void encodeRows(ByteRows<PlaintextEvent>& rows, schema::Block::Builder out) {
  encodePlaintexts(rows, out.initPlaintexts());
}
void encodeRows(ByteRows<PacketEvent>& rows, schema::Block::Builder out) {
  encodePackets(rows, out.initPackets());
}
void encodeRows(std::vector<FoldEvent>& rows, schema::Block::Builder out) {
  encodeFolds(rows, out.initFolds());
}
void encodeRows(std::vector<LossEvent>& rows, schema::Block::Builder out) {
  encodeLosses(rows, out.initLosses(static_cast<unsigned>(rows.size())));
}
void encodeRows(std::vector<ClockPoint>& rows, schema::Block::Builder out) {
  encodeClocks(rows, out.initClocks(static_cast<unsigned>(rows.size())));
}

}  // namespace tarry
