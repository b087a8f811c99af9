// The table-valued SQL functions wait_path(upid) and wait_behind(state_id): the rule whose wait
// counts (query/why/critical_path.h), row by row. Columns: ts, dur, depth, upid, utid, state_id,
// state, wait_kind.
#pragma once

namespace tarry {

class Database;

// The timeline is read from the database at the first use and kept with the connection; `db` must
// not be moved afterwards.
void registerPathTables(Database& db);

}  // namespace tarry
