#include "recorder/bpf_resource_table.h"

#include <sys/socket.h>
#include <sys/stat.h>

#include <catch2/catch.hpp>
#include <string>

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
