// SQL functions that tarry adds to a database connection, for queries and reports:
//
//   duration(ns)             text, "12.3 ms"; NULL for NULL
//   size(bytes)              text, "1.50 KiB"
//   percentile(x, p)         aggregate: the value at position p (0 … 1) of the sorted x
//   errno_name(n)            "ENOENT"
//   signal_name(n)           "SIGTERM"
//   wall_clock(ts)           local time of a trace time, "2026-03-01 12:00:00.123456"
//   kernel_area(abi, name, resource_kind, path)   "files", "network", … as in `tarry summary`
//
// and table-valued functions over thread_state (query/sql/path_tables.h):
//
//   wait_path(upid)          whose waits a process's real time went to: ts, dur, depth, upid, utid, state_id
//   wait_behind(state_id)    the same from one wait on: what the process that ended it did meanwhile
#pragma once

namespace tarry {

class Database;

// Throws TraceError if SQLite refuses. The functions live as long as the connection.
void registerFunctions(Database& db);

}  // namespace tarry
