#include "recorder/raw_resource_table.h"

#include <sys/socket.h>
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <string>

#include "format/testing/trace_builder.h"
#include "format/trace_reader.h"
#include "tests/recorder/raw_records.h"

using namespace tarry;
using namespace std::string_literals;

namespace {

rec_resource object(uint32_t mode, uint64_t magic, bool detached = false) {
  rec_resource head{};
  head.mode = static_cast<uint16_t>(mode);
  head.magic = magic;
  head.detached = detached ? 1 : 0;
  return head;
}

constexpr uint64_t kExt4 = 0xef53;
constexpr uint64_t kTmpfs = 0x01021994;
constexpr uint64_t kAnon = 0x09041934;

}  // namespace

TEST_CASE("joinNames makes a path of names that stand from the leaf to the root") {
  CHECK(joinNames("passwd\0etc\0"s) == "/etc/passwd");
  CHECK(joinNames("") == "/");
  CHECK(joinNames("a b\0\xff\0"s) == "/\xff/a b");
}

TEST_CASE("kindOf tells what is behind an fd") {
  CHECK(kindOf(object(S_IFREG, kExt4), "f\0"s) == ResourceKind::file);
  CHECK(kindOf(object(S_IFDIR, kExt4), ""s) == ResourceKind::dir);
  CHECK(kindOf(object(S_IFIFO, 0x50495045, true), "\0"s) == ResourceKind::pipe);
  CHECK(kindOf(object(S_IFIFO, kExt4), "fifo\0"s) == ResourceKind::fifo);
  CHECK(kindOf(object(S_IFBLK, kTmpfs), "sda\0dev\0"s) == ResourceKind::block_device);
  CHECK(kindOf(object(S_IFREG, kTmpfs, true), "memfd:x\0"s) == ResourceKind::memfd);
  CHECK(kindOf(object(S_IFREG, kTmpfs), "x\0shm\0dev\0"s) == ResourceKind::memory);
  CHECK(kindOf(object(S_IFREG, kTmpfs), "x\0tmp\0"s) == ResourceKind::file);
  CHECK(kindOf(object(S_IFREG, 0x50494446), "pidfd\0"s) == ResourceKind::pidfd);
}

TEST_CASE("kindOf tells terminals from other character devices") {
  rec_resource pts = object(S_IFCHR, 0x1cd1);
  pts.rdev = 136U << 20 | 3;
  CHECK(kindOf(pts, "3\0pts\0dev\0"s) == ResourceKind::tty);
  rec_resource null = object(S_IFCHR, kTmpfs);
  null.rdev = 1U << 20 | 3;
  CHECK(kindOf(null, "null\0dev\0"s) == ResourceKind::device);
}

TEST_CASE("kindOf knows anonymous inodes by their class") {
  CHECK(kindOf(object(S_IFREG, kAnon, true), "[eventfd]\0"s) == ResourceKind::eventfd);
  CHECK(kindOf(object(0, kAnon, true), "[eventpoll]\0"s) == ResourceKind::epoll);
  CHECK(kindOf(object(0, kAnon, true), "inotify\0"s) == ResourceKind::inotify);
  CHECK(kindOf(object(0, kAnon, true), "bpf-map\0"s) == ResourceKind::bpf);
  CHECK(kindOf(object(0, kAnon, true), "[kvm-vm]\0"s) == ResourceKind::anon);
}

TEST_CASE("kindOf knows sockets by their family") {
  rec_resource head = object(S_IFSOCK, 0x534F434B);
  head.is_socket = 1;
  head.socket.family = AF_INET6;
  CHECK(kindOf(head, "") == ResourceKind::socket);
  head.socket.family = AF_UNIX;
  CHECK(kindOf(head, "") == ResourceKind::unix_socket);
  head.socket.family = AF_NETLINK;
  CHECK(kindOf(head, "") == ResourceKind::netlink);
  head.socket.family = AF_PACKET;
  CHECK(kindOf(head, "") == ResourceKind::other_socket);
}

TEST_CASE("RawResourceTable forgets what is not used and defines it again under its id") {
  std::vector<uint8_t> bytes;
  WriterOptions options;
  options.epoch_bytes = 1;  // every flushed block ends its epoch
  TraceWriter writer(testing::memorySink(bytes), TraceHeader{}, options);
  RawResourceTable table;
  std::vector<uint8_t> ring;
  put(ring, file(7, 42, "f\0"s), "f\0"s);
  forEachRecord(ring, [&](std::span<const uint8_t> record) { table.define(record); });
  ThreadDef owner;
  owner.id = ThreadId{1};
  writer.define(owner);
  std::vector<ResourceId> ids;
  for (int i = 0; i < 3; ++i) {
    ids.push_back(table.use(7, writer));
    OpenFd fd;
    fd.process = owner.id;
    fd.fd = i;
    fd.resource = ids.back();
    writer.add(fd);
    writer.flush();
    for (int64_t sweep = 1; sweep < 5; ++sweep) table.tick((i * 10 + sweep) * 31'000'000'000, writer);
  }
  CHECK(ids == std::vector<ResourceId>(3, ids[0]));
  CHECK_FALSE(table.use(8, writer));
  writer.finish({});
  TraceReader reader = TraceReader::fromMemory(bytes);
  struct Fds : TraceVisitor {
    std::vector<ResourceId> seen;
    void onOpenFd(const OpenFd& fd) override { seen.push_back(fd.resource); }
  } fds;
  reader.read(fds);
  CHECK(fds.seen == ids);
  CHECK(reader.report().clean());
}

TEST_CASE("RawResourceTable forgets what the kernel defines no more, and keeps what it does") {
  std::vector<uint8_t> bytes;
  TraceWriter writer(testing::memorySink(bytes), TraceHeader{});
  RawResourceTable table;
  int64_t now_ns = 1'000'000'000;
  uint32_t next_id = 1;
  const auto define = [&](uint32_t epoch, uint64_t inode, const std::string& names, uint32_t type = S_IFREG) {
    rec_resource record = file(next_id, inode, names);
    record.resource_epoch = epoch;
    record.mode = static_cast<uint16_t>(type | 0600);
    std::vector<uint8_t> ring;
    put(ring, record, names);
    forEachRecord(ring, [&](std::span<const uint8_t> one) { table.define(one); });
    return next_id++;
  };
  const auto endBatch = [&] { table.tick(now_ns += 1'000'000, writer); };

  const uint32_t idle = define(0, 1, "idle\0"s);
  const ResourceId idle_id = table.use(idle, writer);
  const ResourceId queue_id = table.use(define(0, 3, "fifo\0"s, S_IFIFO), writer);
  ResourceId busy_id;
  for (uint32_t epoch = 0; epoch < 5; ++epoch) {
    const uint32_t busy = define(epoch, 2, "busy\0"s);
    if (!busy_id) busy_id = table.use(busy, writer);
    CHECK(table.use(busy, writer) == busy_id);
    CHECK(table.wantedEpoch() == epoch);
    while (table.wantedEpoch() == epoch) table.use(define(epoch, 1000 + next_id, "new\0"s), writer);
    CHECK(table.wantedEpoch() == epoch + 1);
    endBatch();
    CHECK((table.use(idle, writer) == idle_id) == (epoch < 2));
    CHECK(table.size() <= 2 * RawResourceTable::kEpochDefinitions + 3);
  }
  CHECK_FALSE(table.use(idle, writer));
  CHECK(table.use(define(4, 1, "idle\0"s), writer) > idle_id);
  CHECK(table.use(define(4, 3, "fifo\0"s, S_IFIFO), writer) == queue_id);
}

TEST_CASE("RawResourceTable knows outdated numbers to the end of the batch that outdates them") {
  std::vector<uint8_t> bytes;
  TraceWriter writer(testing::memorySink(bytes), TraceHeader{});
  RawResourceTable table;
  std::vector<uint8_t> ring;
  for (uint32_t epoch = 0; epoch < 3; ++epoch) {
    rec_resource record = file(epoch + 1, 40 + epoch, "f\0"s);
    record.resource_epoch = epoch;
    put(ring, record, "f\0"s);
  }
  forEachRecord(ring, [&](std::span<const uint8_t> one) { table.define(one); });
  CHECK(table.use(1, writer));
  table.tick(1, writer);
  CHECK_FALSE(table.use(1, writer));
  CHECK(table.use(2, writer));
}

TEST_CASE("RawResourceTable gives a page fault's file the path that it was opened by") {
  std::vector<uint8_t> bytes;
  TraceWriter writer(testing::memorySink(bytes), TraceHeader{});
  RawResourceTable table;
  const auto define = [&](uint32_t id, uint64_t inode, const std::string& names, bool no_mount) {
    rec_resource record = file(id, inode, names);
    record.dev = 4000U << 20 | 1;  // mounted nowhere here
    record.no_mount = no_mount ? 1 : 0;
    std::vector<uint8_t> ring;
    put(ring, record, names);
    forEachRecord(ring, [&](std::span<const uint8_t> one) { table.define(one); });
  };
  define(1, 42, "sh\0bin\0"s, false);
  define(2, 42, "sh\0bin\0lower\0"s, true);
  define(3, 43, "sh\0bin\0lower\0"s, true);
  CHECK(table.path(2, writer) == writer.intern("/bin/sh"));
  CHECK(table.use(2, writer) == table.use(1, writer));
  CHECK(table.path(3, writer) == writer.intern("/lower/bin/sh"));
  CHECK(table.use(3, writer) != table.use(1, writer));
}
