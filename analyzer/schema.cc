#include "analyzer/schema.h"

#include <vector>

#include "analyzer/net/dns_tables.h"
#include "analyzer/net/http_tables.h"
#include "analyzer/net/packet_tables.h"
#include "analyzer/net/socket_tables.h"
#include "analyzer/net/tls_tables.h"
#include "analyzer/tables.h"

namespace tarry {
namespace {

template <const auto& kTable>
TableInfo tableInfo() {
  static const auto columns = [] {
    std::array<ColumnInfo, kTable.columns.size()> result;
    for (size_t i = 0; i < result.size(); i++) result[i] = columnInfo(kTable.columns[i]);
    return result;
  }();
  size_t indexes = 0;
  while (indexes < kTable.indexes.size() && !kTable.indexes[indexes].empty()) indexes++;
  return {kTable.name, kTable.doc, columns, std::span(kTable.indexes).first(indexes), kTable.key};
}

// In the order of docs/schema.md.
const std::vector<TableInfo>& tableList() {
  using namespace tables;
  static const std::vector<TableInfo> list = {
      tableInfo<kMeta>(),
      tableInfo<kStats>(),
      tableInfo<kLoss>(),
      tableInfo<kFold>(),
      tableInfo<kClock>(),
      tableInfo<kProcess>(),
      tableInfo<kThread>(),
      tableInfo<kThreadName>(),
      tableInfo<kExec>(),
      tableInfo<kThreadState>(),
      tableInfo<kSyscall>(),
      tableInfo<kSyscallArg>(),
      tableInfo<kSyscallObjectMore>(),
      tableInfo<kSignal>(),
      tableInfo<kResource>(),
      tableInfo<kOpenFd>(),
      tableInfo<kSocket>(),
      tableInfo<kTcpEvent>(),
      tableInfo<kPacket>(),
      tableInfo<kPayload>(),
      tableInfo<kPlaintext>(),
      tableInfo<kHttp>(),
      tableInfo<kHttpBody>(),
      tableInfo<kStack>(),
      tableInfo<kFrame>(),
      tableInfo<kDns>(),
      tableInfo<kDnsAnswer>(),
      tableInfo<kTls>(),
  };
  return list;
}

constexpr ColumnInfo viewColumn(std::string_view name, std::string_view type, std::string_view doc) {
  return {name, type, true, {}, doc};
}

constexpr std::array kWaitColumns = {
    viewColumn("id", "INTEGER", "thread_state.id"),
    viewColumn("ts", "INTEGER", "begin"),
    viewColumn("dur", "INTEGER", "NULL: still waiting at the end of the recording"),
    viewColumn("utid", "INTEGER", "thread.utid"),
    viewColumn("upid", "INTEGER", "process.upid"),
    viewColumn("pid", "INTEGER", "process id"),
    viewColumn("tid", "INTEGER", "thread id"),
    viewColumn("process", "TEXT", "short name of the process"),
    viewColumn("thread", "TEXT", "name of the thread"),
    viewColumn("state", "TEXT", "blocked or runnable"),
    viewColumn("kind", "TEXT", "thread_state.wait_kind"),
    viewColumn("role", "TEXT", "answer, idle"),
    viewColumn("call", "TEXT", "system call it was in"),
    viewColumn("resource_id", "INTEGER", "resource.id"),
    viewColumn("resource", "TEXT", "label of what it waited for"),
    viewColumn("peer", "TEXT", "process at the other end of that socket, on this machine"),
    viewColumn("syscall_id", "INTEGER", "syscall.id"),
    viewColumn("waker_context", "TEXT", "what ended the wait"),
    viewColumn("waker_utid", "INTEGER", "thread that ended the wait"),
    viewColumn("waker_pid", "INTEGER", "its process id"),
    viewColumn("waker", "TEXT", "its name"),
    viewColumn("waker_call", "TEXT", "the call it was in"),
    viewColumn("waker_resource", "TEXT", "label of what it used"),
    viewColumn("kernel_stack_id", "INTEGER", "stack.stack_id"),
    viewColumn("user_stack_id", "INTEGER", "stack.stack_id"),
    viewColumn("since_ts", "INTEGER", "thread_state.since_ts"),
    viewColumn("phase", "TEXT", "of waits for the network: thread_state.phase"),
    viewColumn("peer_utid", "INTEGER", "thread at the other end of that socket"),
};

constexpr std::string_view kWaitSql = R"(SELECT s.id, s.ts, s.dur, s.utid, t.upid, p.pid, t.tid,
  p.comm AS process, t.name AS thread, s.state, s.wait_kind AS kind, s.role, s.call_name AS call,
  s.resource_id, r.name AS resource, pp.comm || ' (pid ' || pp.pid || ')' AS peer, s.syscall_id,
  s.waker_context, s.waker_utid, wp.pid AS waker_pid, w.name AS waker, s.waker_call,
  wr.name AS waker_resource, s.kernel_stack_id, s.user_stack_id, s.since_ts, s.phase, s.peer_utid
FROM thread_state s
JOIN thread t ON t.utid = s.utid
JOIN process p ON p.upid = t.upid
LEFT JOIN resource r ON r.id = s.resource_id
LEFT JOIN process pp ON pp.upid = r.peer_upid
LEFT JOIN thread w ON w.utid = s.waker_utid
LEFT JOIN process wp ON wp.upid = w.upid
LEFT JOIN resource wr ON wr.id = s.waker_resource_id
WHERE s.state IN ('blocked', 'runnable'))";

constexpr std::array kObjectColumns = {
    viewColumn("syscall_id", "INTEGER", "syscall.id"),
    viewColumn("role", "TEXT",
               "arg0 to arg5, dirfd, old, new, cwd, returned, ready, root (where absolute paths start, after "
               "a chroot)"),
    viewColumn("fd", "INTEGER", "descriptor; NULL where there is none"),
    viewColumn("resource_id", "INTEGER", "resource.id"),
    viewColumn("path", "TEXT", "path argument that belongs to it"),
};

constexpr std::string_view kObjectSql = R"(SELECT id AS syscall_id, fd_role AS role, fd, resource_id, path
FROM syscall WHERE fd_role IS NOT NULL
UNION ALL SELECT syscall_id, role, fd, resource_id, path FROM syscall_object_more)";

constexpr std::array<ViewInfo, 2> kViews = {{
    {"wait", "Every wait: the blocked and runnable rows of thread_state, with names resolved.", kWaitSql,
     kWaitColumns},
    {"syscall_object", "Every object of every call: rename, splice, openat, poll sets.", kObjectSql,
     kObjectColumns},
}};

}  // namespace

std::string indexName(std::string_view table, size_t i) {
  return std::string(table) + "_" + std::to_string(i + 1);
}

std::string insertSql(std::string_view table, std::span<const ColumnInfo> columns) {
  std::string sql = "INSERT INTO main." + std::string(table) + " (";
  std::string values;
  for (const ColumnInfo& column : columns) {
    if (!values.empty()) {
      sql += ", ";
      values += ", ";
    }
    sql += column.name;
    values += "?";
  }
  return sql + ") VALUES (" + values + ")";
}

std::span<const TableInfo> allTables() {
  return tableList();
}
std::span<const ViewInfo> allViews() {
  return kViews;
}

void createSchema(Database& db) {
  for (const TableInfo& table : tableList()) {
    std::string sql = "CREATE TABLE " + std::string(table.name) + " (";
    bool first = true;
    for (const ColumnInfo& column : table.columns) {
      sql += first ? "\n  " : ",\n  ";
      first = false;
      sql += std::string(column.name) + " " + std::string(column.sql_type);
      if (!column.constraint.empty()) {
        sql += " " + std::string(column.constraint);
      } else if (!column.nullable) {
        sql += " NOT NULL";
      }
    }
    if (!table.key.empty()) sql += ",\n  PRIMARY KEY (" + std::string(table.key) + ")";
    db.execute(sql + (table.key.empty() ? "\n)" : "\n) WITHOUT ROWID"));
  }
  for (const ViewInfo& view : kViews) {
    db.execute("CREATE VIEW " + std::string(view.name) + " AS " + std::string(view.sql));
  }
}

void createIndexes(Database& db) {
  for (const TableInfo& table : tableList()) {
    for (size_t i = 0; i < table.indexes.size(); i++) {
      db.execute("CREATE INDEX " + indexName(table.name, i) + " ON " + std::string(table.name) + " (" +
                 std::string(table.indexes[i]) + ")");
    }
  }
}

}  // namespace tarry
