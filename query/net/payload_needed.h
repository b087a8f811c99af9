// What the verbs over conversations ask of a trace.
#pragma once

namespace tarry {

class Database;

// Throws TraceError, which says how to record it, where the trace has no payload.
void requirePayload(Database& db);

}  // namespace tarry
