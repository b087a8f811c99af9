// The words that enumerations of a trace go by wherever they are read by programs: in the tables, in
// JSON. A value that this version does not know is "unknown".
#pragma once

#include <string_view>

#include "format/events.h"

namespace tarry {

std::string_view levelName(Level level);
std::string_view targetKindName(TargetKind kind);
std::string_view endReasonName(EndReason reason);
std::string_view lossSourceName(LossSource source);
std::string_view socketEventName(SocketEventKind kind);
std::string_view tcpStateName(TcpState state);  // as ss prints it
std::string_view foldKindName(FoldKind kind);
std::string_view tlsLibraryName(TlsLibrary library);
std::string_view packetDirectionName(PacketDirection direction);
std::string_view payloadDirectionName(PayloadDirection direction);

}  // namespace tarry
