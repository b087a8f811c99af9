// Helpers of the reports over table syscall.
#pragma once

namespace tarry {

class Database;

// Throws TraceError where the recording has no system calls to report on (level waits).
void requireCalls(Database& db);

}  // namespace tarry
