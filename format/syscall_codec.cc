// What is predictable in a stream of system calls, so that its column is nearly all zeros:
// the call that follows another one in a thread, the file behind an fd, a call's number in its
// thread, the fd of an object (it stands in the arguments already), repeated lengths and flags.
// What is not: times and results, whose low bytes are noise. Grouping a column by shape puts
// equal distributions side by side (docs/trace-format.md has the measured bytes per column).
#include "format/syscall_codec.h"

#include <algorithm>
#include <array>

#include "format/int_column.h"

namespace tarry {

struct SyscallColumns {
  IntColumn shape, thread, seq, enter, dur, ret, user_stack;
  std::array<IntColumn, kMaxArgs> args;
  IntColumn fds, resources, ready_data, strings;
};

namespace {

// Where the values of each shape begin in the columns that are ordered by shape.
struct ShapeLayout {
  struct Start {
    size_t row = 0, object = 0, ready = 0, string = 0;
    std::array<size_t, kMaxArgs> arg{};
  };
  std::vector<Start> starts;  // one a shape
  Start total;

  ShapeLayout(const SyscallRows& rows, const std::vector<uint32_t>& rows_per_shape) {
    for (size_t s = 0; s < rows.shapes.size(); ++s) {
      const CallShape& shape = rows.shapes[s];
      const size_t n = rows_per_shape[s];
      starts.push_back(total);
      total.row += n;
      total.object += n * shape.roles.size();
      total.ready += n * static_cast<size_t>(std::count(shape.roles.begin(), shape.roles.end(),
                                                        static_cast<uint8_t>(ObjectRole::ready)));
      total.string += n * shape.strings.size();
      for (size_t i = 0; i < kMaxArgs; ++i) total.arg[i] += (shape.arg_mask >> i & 1) != 0 ? n : 0;
    }
  }
};

// Remembers the last resource behind a key; forgets on collisions, alike on both sides.
class ResourceMemory {
 public:
  uint32_t& of(uint32_t owner, uint32_t what) {
    const uint64_t key = (uint64_t{owner} << 32 | what) * 0x9E3779B97F4A7C15U;
    return slots_[key >> (64 - kBits)];
  }

 private:
  static constexpr int kBits = 12;
  std::vector<uint32_t> slots_ = std::vector<uint32_t>(size_t{1} << kBits);
};

template <class Mode>
class RowCoder {
 public:
  RowCoder(SyscallRows& rows, SyscallColumns& columns, const ShapeLayout& layout)
      : rows_(rows),
        columns_(columns),
        cursors_(layout.starts),
        ends_(rows.threads.size(), rows.base_ns),
        shapes_(rows.shapes.size()) {
    for (size_t s = 0; s < shapes_.size(); ++s) shapes_[s].fds.resize(rows.shapes[s].roles.size());
  }

  void code(CallRow& row) {
    const CallShape& shape = rows_.shapes[row.shape];
    ShapeLayout::Start& at = cursors_[row.shape];
    LastOfShape& last = shapes_[row.shape];

    tarry::code(kMode, columns_.enter, at.row, row.enter_ns, ends_[row.thread]);
    tarry::code(kMode, columns_.dur, at.row, row.dur_ns, int64_t{0});
    tarry::code(kMode, columns_.ret, at.row, row.ret, last.ret);
    tarry::code(kMode, columns_.user_stack, at.row, row.user_stack, last.user_stack);
    last.ret = row.ret;
    last.user_stack = row.user_stack;
    ends_[row.thread] =
        static_cast<int64_t>(static_cast<uint64_t>(row.enter_ns) + static_cast<uint64_t>(row.dur_ns));
    ++at.row;

    std::array<int64_t, kMaxArgs> args{};
    codeArgs(row, shape, at, last, args);
    const uint32_t path = codeStrings(row, shape, at);
    codeObjects(row, shape, at, last, args, path);
  }

 private:
  struct LastOfShape {
    int64_t ret = 0;
    uint32_t user_stack = 0;
    std::array<int64_t, kMaxArgs> args{};
    std::vector<int32_t> fds;
  };

  void codeArgs(const CallRow& row, const CallShape& shape, ShapeLayout::Start& at, LastOfShape& last,
                std::array<int64_t, kMaxArgs>& args) {
    size_t next = row.args_at;
    for (size_t i = 0; i < kMaxArgs; ++i) {
      if ((shape.arg_mask >> i & 1) == 0) continue;
      int64_t& value = rows_.args[next++];
      tarry::code(kMode, columns_.args[i], at.arg[i]++, value, last.args[i]);
      last.args[i] = value;
      args[i] = value;
    }
  }

  // Returns the last string.
  uint32_t codeStrings(const CallRow& row, const CallShape& shape, ShapeLayout::Start& at) {
    uint32_t path = 0;
    for (size_t i = 0; i < shape.strings.size(); ++i) {
      StringArg& string = rows_.strings[row.strings_at + i];
      if constexpr (!Mode::kWriting) {
        string.arg = shape.strings[i] & 127;
        string.truncated = (shape.strings[i] & CallShape::kTruncated) != 0;
      }
      tarry::code(kMode, columns_.strings, at.string++, string.text.value, last_string_);
      last_string_ = path = string.text.value;
    }
    return path;
  }

  void codeObjects(const CallRow& row, const CallShape& shape, ShapeLayout::Start& at, LastOfShape& last,
                   const std::array<int64_t, kMaxArgs>& args, uint32_t path) {
    for (size_t i = 0; i < shape.roles.size(); ++i) {
      ObjectRef& object = rows_.objects[row.objects_at + i];
      if constexpr (!Mode::kWriting) object.role = static_cast<ObjectRole>(shape.roles[i]);
      const size_t role = shape.roles[i];
      int32_t expected_fd = last.fds[i];
      if (role < kMaxArgs && (shape.arg_mask >> role & 1) != 0)
        expected_fd = static_cast<int32_t>(args[role]);
      if (object.role == ObjectRole::returned) expected_fd = static_cast<int32_t>(row.ret);
      tarry::code(kMode, columns_.fds, at.object, object.fd, expected_fd);
      last.fds[i] = object.fd;
      codeResource(row.thread, object, path, columns_.resources[at.object]);
      if (object.role == ObjectRole::ready) {
        tarry::code(kMode, columns_.ready_data, at.ready++, object.ready_data, last_ready_);
        last_ready_ = object.ready_data;
      }
      ++at.object;
    }
  }

  void codeResource(uint32_t thread, ObjectRef& object, uint32_t path, uint64_t& coded) {
    constexpr uint32_t kOfPath = ~0U, kCwd = 0x80000000U;
    const bool is_cwd = object.role == ObjectRole::cwd;
    uint32_t& by_fd = memory_.of(thread, is_cwd ? kCwd : static_cast<uint32_t>(object.fd));
    uint32_t& by_path = memory_.of(kOfPath, path);
    const bool opened = object.role == ObjectRole::returned && path != 0;
    uint32_t expected = by_fd;
    if (object.role == ObjectRole::returned) expected = opened && by_path != 0 ? by_path : highest_ + 1;
    const uint32_t next = highest_ + 1;
    uint32_t& value = object.resource.value;
    if constexpr (Mode::kWriting) {
      coded = value == expected ? 0 : 1 + zigzag(uint64_t{value} - uint64_t{next});
    } else {
      value = coded == 0 ? expected : static_cast<uint32_t>(uint64_t{next} + unzigzag(coded - 1));
    }
    highest_ = std::max(highest_, value);
    by_fd = value;
    if (opened) by_path = value;
  }

  static constexpr Mode kMode{};
  SyscallRows& rows_;
  SyscallColumns& columns_;
  std::vector<ShapeLayout::Start> cursors_;
  std::vector<int64_t> ends_;  // of the last call of each thread
  std::vector<LastOfShape> shapes_;
  ResourceMemory memory_;
  uint32_t last_string_ = 0;
  uint64_t last_ready_ = 0;
  uint32_t highest_ = 0;  // resource seen so far
};

// shape, thread and seq: known before the layout of the rest is.
template <class Mode>
void codeRowHeads(SyscallRows& rows, SyscallColumns& columns) {
  const Mode mode{};
  std::vector<uint32_t> follower(rows.shapes.size() + 1), last_shape(rows.threads.size());
  std::vector<uint32_t> last_seq(rows.threads.size());
  uint32_t last_thread = 0;
  for (size_t i = 0; i < rows.rows.size(); ++i) {
    CallRow& row = rows.rows[i];
    if constexpr (Mode::kWriting) {
      columns.thread[i] = row.thread == last_thread ? 0 : uint64_t{row.thread} + 1;
    } else {
      row.thread = columns.thread[i] == 0 ? last_thread : static_cast<uint32_t>(columns.thread[i] - 1);
      if (columns.thread[i] > rows.threads.size()) throw BadBlock("a call of a thread that is not listed");
    }
    last_thread = row.thread;
    uint32_t& follows = follower[last_shape[row.thread]];
    if constexpr (Mode::kWriting) {
      columns.shape[i] = row.shape == follows ? 0 : uint64_t{row.shape} + 1;
    } else {
      row.shape = columns.shape[i] == 0 ? follows : static_cast<uint32_t>(columns.shape[i] - 1);
      if (columns.shape[i] > rows.shapes.size()) throw BadBlock("a call of a shape that is not listed");
    }
    follows = row.shape;
    last_shape[row.thread] = row.shape;
    code(mode, columns.seq, i, row.seq, last_seq[row.thread] + 1);
    last_seq[row.thread] = row.seq;
  }
}

std::vector<uint32_t> countShapes(const SyscallRows& rows) {
  std::vector<uint32_t> counts(rows.shapes.size());
  for (const CallRow& row : rows.rows) ++counts[row.shape];
  return counts;
}

CallShape getShape(schema::Syscalls::Shape::Reader in) {
  CallShape shape;
  shape.abi = in.getAbi() <= static_cast<uint8_t>(Abi::aarch64) ? static_cast<Abi>(in.getAbi()) : Abi::none;
  shape.arg_mask = in.getArgMask() & ((1U << kMaxArgs) - 1);
  if (shape.arg_mask != in.getArgMask()) throw BadBlock("a call of more than six arguments");
  shape.flags = in.getFlags();
  shape.nr = in.getNr();
  shape.roles.assign(in.getRoles().begin(), in.getRoles().end());
  shape.strings.assign(in.getStrings().begin(), in.getStrings().end());
  if (shape.roles.size() > kMaxObjectsPerCall || shape.strings.size() > kMaxStringsPerCall) {
    throw BadBlock("a call of too many objects or strings");
  }
  return shape;
}

bool isKnownRole(uint8_t role) {
  return role <= static_cast<uint8_t>(ObjectRole::root);
}

// Takes out objects in roles that only a newer recorder knows.
void dropUnknownRoles(SyscallRows& rows) {
  std::vector<ObjectRef> kept;
  for (CallRow& row : rows.rows) {
    const CallShape& shape = rows.shapes[row.shape];
    const auto first = static_cast<uint32_t>(kept.size());
    for (size_t i = 0; i < shape.roles.size(); ++i) {
      if (isKnownRole(shape.roles[i])) kept.push_back(rows.objects[row.objects_at + i]);
    }
    row.objects_at = first;
  }
  rows.objects = std::move(kept);
  for (CallShape& shape : rows.shapes)
    std::erase_if(shape.roles, [](uint8_t role) { return !isKnownRole(role); });
}

}  // namespace

void encodeSyscalls(SyscallRows& rows, schema::Syscalls::Builder out) {
  out.setBaseNs(rows.base_ns);
  out.setPayloadLink(rows.payload_link);
  out.setThreads(kj::arrayPtr(rows.threads.data(), rows.threads.size()));
  auto shapes = out.initShapes(static_cast<unsigned>(rows.shapes.size()));
  for (unsigned s = 0; s < shapes.size(); ++s) {
    const CallShape& shape = rows.shapes[s];
    shapes[s].setAbi(static_cast<uint8_t>(shape.abi));
    shapes[s].setArgMask(shape.arg_mask);
    shapes[s].setFlags(shape.flags);
    shapes[s].setNr(shape.nr);
    shapes[s].setRoles(kj::arrayPtr(shape.roles.data(), shape.roles.size()));
    shapes[s].setStrings(kj::arrayPtr(shape.strings.data(), shape.strings.size()));
  }

  const size_t n = rows.rows.size();
  const ShapeLayout layout(rows, countShapes(rows));
  SyscallColumns columns;
  for (IntColumn* column : {&columns.shape, &columns.thread, &columns.seq, &columns.enter, &columns.dur,
                            &columns.ret, &columns.user_stack}) {
    column->resize(n);
  }
  for (size_t i = 0; i < kMaxArgs; ++i) columns.args[i].resize(layout.total.arg[i]);
  columns.fds.resize(layout.total.object);
  columns.resources.resize(layout.total.object);
  columns.ready_data.resize(layout.total.ready);
  columns.strings.resize(layout.total.string);

  codeRowHeads<Writing>(rows, columns);
  RowCoder<Writing> coder(rows, columns, layout);
  for (CallRow& row : rows.rows) coder.code(row);

  putColumn(columns.shape, [&] { return out.initShape(); });
  putColumn(columns.thread, [&] { return out.initThread(); });
  putColumn(columns.seq, [&] { return out.initSeq(); });
  putColumn(columns.enter, [&] { return out.initEnter(); });
  putColumn(columns.dur, [&] { return out.initDur(); });
  putColumn(columns.ret, [&] { return out.initRet(); });
  putColumn(columns.user_stack, [&] { return out.initUserStack(); });
  auto args = out.initArgs(kMaxArgs);
  for (unsigned i = 0; i < kMaxArgs; ++i) putPlanes(columns.args[i], args[i]);
  putColumn(columns.fds, [&] { return out.initFds(); });
  putColumn(columns.resources, [&] { return out.initResources(); });
  putColumn(columns.ready_data, [&] { return out.initReadyData(); });
  putColumn(columns.strings, [&] { return out.initStrings(); });
}

SyscallDecoder::SyscallDecoder() : columns_(std::make_unique<SyscallColumns>()) {}
SyscallDecoder::~SyscallDecoder() = default;

void SyscallDecoder::decode(schema::Syscalls::Reader in, uint32_t count, SyscallRows& rows) {
  rows.clear();
  rows.base_ns = in.getBaseNs();
  rows.payload_link = in.getPayloadLink();
  checkedSize(in.getThreads());
  checkedSize(in.getShapes());
  for (uint32_t thread : in.getThreads()) rows.threads.push_back(thread);
  for (auto shape : in.getShapes()) rows.shapes.push_back(getShape(shape));
  if (count > 0 && (rows.threads.empty() || rows.shapes.empty()))
    throw BadBlock("calls without threads or shapes");
  rows.rows.resize(count);

  SyscallColumns& columns = *columns_;
  getPlanes(in.getShape(), count, columns.shape);
  getPlanes(in.getThread(), count, columns.thread);
  getPlanes(in.getSeq(), count, columns.seq);
  codeRowHeads<Reading>(rows, columns);

  const ShapeLayout layout(rows, countShapes(rows));
  if (layout.total.object > kMaxObjectsPerBlock || layout.total.string > kMaxObjectsPerBlock) {
    throw BadBlock("too many objects or strings");
  }
  getPlanes(in.getEnter(), count, columns.enter);
  getPlanes(in.getDur(), count, columns.dur);
  getPlanes(in.getRet(), count, columns.ret);
  getPlanes(in.getUserStack(), count, columns.user_stack);
  auto args = in.getArgs();
  // A block without calls may have none at all.
  if (args.size() != kMaxArgs && (count > 0 || args.size() != 0))
    throw BadBlock("not six columns of arguments");
  size_t arg_total = 0;
  for (unsigned i = 0; i < args.size(); ++i) {
    getPlanes(args[i], layout.total.arg[i], columns.args[i]);
    arg_total += layout.total.arg[i];
  }
  getPlanes(in.getFds(), layout.total.object, columns.fds);
  getPlanes(in.getResources(), layout.total.object, columns.resources);
  getPlanes(in.getReadyData(), layout.total.ready, columns.ready_data);
  getPlanes(in.getStrings(), layout.total.string, columns.strings);
  rows.args.resize(arg_total);
  rows.objects.resize(layout.total.object);
  rows.strings.resize(layout.total.string);

  RowCoder<Reading> coder(rows, columns, layout);
  std::vector<uint32_t> arg_counts;
  for (const CallShape& shape : rows.shapes) arg_counts.push_back(static_cast<uint32_t>(shape.argCount()));
  uint32_t args_at = 0, objects_at = 0, strings_at = 0;
  for (CallRow& row : rows.rows) {
    const CallShape& shape = rows.shapes[row.shape];
    row.args_at = args_at;
    row.objects_at = objects_at;
    row.strings_at = strings_at;
    args_at += arg_counts[row.shape];
    objects_at += static_cast<uint32_t>(shape.roles.size());
    strings_at += static_cast<uint32_t>(shape.strings.size());
    coder.code(row);
  }
  const bool all_known = std::all_of(rows.shapes.begin(), rows.shapes.end(), [](const CallShape& shape) {
    return std::all_of(shape.roles.begin(), shape.roles.end(), isKnownRole);
  });
  if (!all_known) dropUnknownRoles(rows);
}

// ---- payloads ---------------------------------------------------------------------------------

void PayloadRows::add(uint32_t call_row, std::span<const PayloadRef> payloads) {
  for (const PayloadRef& payload : payloads) {
    const size_t space = std::min<size_t>(kMaxPayloadBytes, kMaxBlockPayloadBytes - bytes.size());
    const auto data = payload.data.first(std::min(payload.data.size(), space));
    rows.push_back({.call_row = call_row,
                    .arg = payload.arg,
                    .part = payload.part,
                    .direction = payload.direction,
                    .length = payload.length,
                    .size = static_cast<uint32_t>(data.size()),
                    .at = static_cast<uint32_t>(bytes.size())});
    bytes.insert(bytes.end(), data.begin(), data.end());
  }
}

void PayloadRows::clear() {
  rows.clear();
  bytes.clear();
}

namespace {

struct PayloadColumns {
  IntColumn row, arg, part, direction, length, size;
};

template <class Mode>
void codePayloads(PayloadRows& payloads, PayloadColumns& columns) {
  const Mode mode{};
  uint32_t last_row = 0, last_size = 0;
  for (size_t i = 0; i < payloads.rows.size(); ++i) {
    PayloadRow& row = payloads.rows[i];
    code(mode, columns.row, i, row.call_row, last_row);
    if (row.call_row < last_row) throw BadBlock("payloads out of order");
    last_row = row.call_row;
    code(mode, columns.arg, i, row.arg, uint8_t{0});
    code(mode, columns.part, i, row.part, uint16_t{0});
    auto direction = static_cast<uint8_t>(row.direction);
    code(mode, columns.direction, i, direction, uint8_t{0});
    row.direction = direction == 0 ? PayloadDirection::in : PayloadDirection::out;
    code(mode, columns.size, i, row.size, last_size);
    last_size = row.size;
    code(mode, columns.length, i, row.length, uint64_t{row.size});
  }
}

}  // namespace

void encodePayloads(PayloadRows& rows, schema::Payloads::Builder out) {
  PayloadColumns columns;
  for (IntColumn* column :
       {&columns.row, &columns.arg, &columns.part, &columns.direction, &columns.length, &columns.size}) {
    column->resize(rows.rows.size());
  }
  codePayloads<Writing>(rows, columns);
  out.setLink(rows.link);
  putColumn(columns.row, [&] { return out.initRow(); });
  putColumn(columns.arg, [&] { return out.initArg(); });
  putColumn(columns.part, [&] { return out.initPart(); });
  putColumn(columns.direction, [&] { return out.initDirection(); });
  putColumn(columns.length, [&] { return out.initLength(); });
  putColumn(columns.size, [&] { return out.initSize(); });
  out.setBytes(kj::arrayPtr(rows.bytes.data(), rows.bytes.size()));
}

void decodePayloads(schema::Payloads::Reader in, uint32_t count, PayloadRows& rows) {
  rows.clear();
  rows.link = in.getLink();
  rows.rows.resize(count);
  const auto bytes = in.getBytes();
  rows.bytes.assign(bytes.begin(), bytes.end());
  PayloadColumns columns;
  getPlanes(in.getRow(), count, columns.row);
  getPlanes(in.getArg(), count, columns.arg);
  getPlanes(in.getPart(), count, columns.part);
  getPlanes(in.getDirection(), count, columns.direction);
  getPlanes(in.getLength(), count, columns.length);
  getPlanes(in.getSize(), count, columns.size);
  codePayloads<Reading>(rows, columns);
  uint64_t at = 0;
  for (PayloadRow& row : rows.rows) {
    row.at = static_cast<uint32_t>(at);
    at += row.size;
    if (at > rows.bytes.size()) throw BadBlock("payloads larger than their bytes");
  }
}

}  // namespace tarry
