// Signals of tracees: what a signal-delivery stop and a group stop tell (ptrace(2)).
#pragma once

#include "recorder/ptrace/channel.h"
#include "recorder/ptrace/lives.h"

namespace tarry::ptracing {

// In the stop, before the signal is delivered.
void putSignal(RecordSink& sink, Lives& lives, const Tracee& tracee, int signal, int64_t now_ns);
void putGroupStop(RecordSink& sink, const Tracee& tracee, int signal, int64_t now_ns);

}  // namespace tarry::ptracing
