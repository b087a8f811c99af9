// Vectors, messages and what else leads on to other memory. Expected texts are what strace 6.1 prints.
#include <catch2/catch.hpp>

#include "tests/analyzer/decode_support.h"

using namespace tarry;
using tarry::testing::CallText;
using tarry::testing::Memory;

namespace {

CallText failedReceive() {
  CallText call("recvmsg");
  call.args({3, 0, 0x40}).unrecorded(1).ret(-11);
  return call;
}

// struct msghdr: an address of `name_length` bytes if there is one, one buffer, `control` bytes.
Memory header(uint64_t name_length, uint64_t control) {
  return Memory()
      .u64(name_length > 0 ? 0x30 : 0)
      .u64(name_length)
      .u64(0x10)
      .u64(1)
      .u64(control > 0 ? 0x40 : 0)
      .u64(control)
      .u32(0)
      .u32(0);
}

}  // namespace

TEST_CASE("vectors show the start of every buffer") {
  // 8 bytes were kept of the whole (part 3), and the first 8 of each later buffer (part 5).
  const auto vec = Memory().u64(0x10).u64(3).u64(0x20).u64(20).u64(0x30).u64(2).u64(0x40).u64(30);
  CHECK(CallText("writev")
            .args({4, 0, 4})
            .unrecorded(1)
            .in(1, vec, 2)
            .in(1, Memory().text("abcdefgh"), 3)
            .in(1, Memory().text("defghijkyz01234567"), 5)
            .ret(55)
            .line() ==
        "4, [{iov_base=\"abc\", iov_len=3}, {iov_base=\"defghijk\"..., iov_len=20}, "
        "{iov_base=\"yz\", iov_len=2}, {iov_base=\"01234567\"..., iov_len=30}], 4 = 55");
  // A second buffer that part 3 still covers is not repeated in part 5.
  const auto small = Memory().u64(0x10).u64(3).u64(0x20).u64(2).u64(0x30).u64(100);
  CHECK(CallText("readv")
            .args({4, 0, 3})
            .unrecorded(1)
            .out(1, small, 2)
            .out(1, Memory().text("abcdefgh"), 3)
            .out(1, Memory().text("fghijklm"), 5)
            .ret(50)
            .line() ==
        "4, [{iov_base=\"abc\", iov_len=3}, {iov_base=\"de\", iov_len=2}, "
        "{iov_base=\"fghijklm\"..., iov_len=100}], 3 = 50");
}

TEST_CASE("vectors of 32-bit callers, and those that are addresses only") {
  CHECK(CallText("writev", Abi::i386)
            .args({4, 0, 1})
            .unrecorded(1)
            .in(1, Memory().u32(0x10).u32(2), 2)
            .in(1, Memory().text("ab"), 3)
            .ret(2)
            .line() == "4, [{iov_base=\"ab\", iov_len=2}], 1 = 2");
  CHECK(CallText("process_vm_readv")
            .args({7, 0, 1, 0, 1, 0})
            .unrecorded(1)
            .unrecorded(3)
            .out(1, Memory().u64(0x10).u64(2), 2)
            .out(1, Memory().text("ab"), 3)
            .in(3, Memory().u64(0x7700).u64(2), 2)
            .ret(2)
            .line() == "7, [{iov_base=\"ab\", iov_len=2}], 1, [{iov_base=0x7700, iov_len=2}], 1, 0 = 2");
}

TEST_CASE("messages show their control data") {
  const auto control =
      Memory().u64(24).u32(1).u32(1).u32(0).u32(5).u64(28).u32(1).u32(2).u32(9).u32(0).u32(0).u32(0);
  CHECK(CallText("sendmsg")
            .args({8, 0, 0})
            .unrecorded(1)
            .in(1, header(0, 52))
            .in(1, Memory().u64(0x10).u64(2), 2)
            .in(1, Memory().text("ab"), 3)
            .in(1, control, 4)
            .ret(2)
            .line() ==
        "8, {msg_name=NULL, msg_namelen=0, msg_iov=[{iov_base=\"ab\", iov_len=2}], msg_iovlen=1, "
        "msg_control=[{cmsg_len=24, cmsg_level=SOL_SOCKET, cmsg_type=SCM_RIGHTS, cmsg_data=[0, 5]}, "
        "{cmsg_len=28, cmsg_level=SOL_SOCKET, cmsg_type=SCM_CREDENTIALS, cmsg_data={pid=9, uid=0, "
        "gid=0}}], msg_controllen=52, msg_flags=0}, 0 = 2");
  // What was not kept is not invented.
  CHECK(CallText("sendmsg")
            .args({8, 0, 0})
            .unrecorded(1)
            .in(1, header(0, 600))
            .in(1, Memory().u64(0x10).u64(0), 2)
            .in(1, Memory().u64(24).u32(1).u32(1).u32(0), 4)
            .ret(0)
            .argsText()
            .find("msg_control=[...], msg_controllen=600") != std::string::npos);
}

TEST_CASE("a received message shows the room for the address and what was needed") {
  const auto address = Memory().u16(2).u16(0x5000).u32(0x0100007f).zeros(8);
  CHECK(CallText("recvmsg")
            .args({3, 0, 0})
            .unrecorded(1)
            .in(1, header(128, 0))
            .out(1, header(16, 0))
            .out(1, address, 1)
            .out(1, Memory().u64(0x10).u64(100), 2)
            .out(1, Memory().text("hi"), 3)
            .ret(2)
            .line() ==
        "3, {msg_name={sa_family=AF_INET, sin_port=htons(80), sin_addr=inet_addr(\"127.0.0.1\")}, "
        "msg_namelen=128 => 16, msg_iov=[{iov_base=\"hi\", iov_len=100}], msg_iovlen=1, "
        "msg_controllen=0, msg_flags=0}, 0 = 2");
  CHECK(failedReceive().in(1, header(128, 0)).line() ==
        "3, {msg_namelen=128}, MSG_DONTWAIT = -1 EAGAIN (Resource temporarily unavailable)");
  CHECK(failedReceive().line() == "3, 0x..., MSG_DONTWAIT = -1 EAGAIN (Resource temporarily unavailable)");
}

TEST_CASE("several messages: each with its buffers, as far as they were kept") {
  const auto array = Memory()
                         .u64(0)
                         .u64(0)
                         .u64(0x10)
                         .u64(1)
                         .u64(0)
                         .u64(0)
                         .u64(0)
                         .u64(2)
                         .u64(0)
                         .u64(0)
                         .u64(0x20)
                         .u64(1)
                         .u64(0)
                         .u64(0)
                         .u64(0)
                         .u64(3);
  CallText send("sendmmsg");
  send.args({8, 0, 2, 0}).unrecorded(1).in(1, array).ret(1).out(1, Memory().zeros(56).u64(2));
  send.in(1, Memory().u64(0x11).u64(2), 10).in(1, Memory().text("ab"), 11);
  CHECK(send.line() ==
        "8, [{msg_hdr={msg_name=NULL, msg_namelen=0, msg_iov=[{iov_base=\"ab\", iov_len=2}], msg_iovlen=1, "
        "msg_controllen=0, msg_flags=0}, msg_len=2}, {msg_hdr={msg_name=NULL, msg_namelen=0, msg_iov=0x20, "
        "msg_iovlen=1, msg_controllen=0, msg_flags=0}}], 2, 0 = 1");
  CallText receive("recvmmsg");
  receive.args({8, 0, 2, 0, 0}).unrecorded(1).unrecorded(4).in(1, array).out(1, array).ret(1);
  receive.out(1, Memory().u64(0x11).u64(20), 10).out(1, Memory().text("hi"), 11);
  receive.in(4, Memory().u64(1).u64(0)).out(4, Memory().u64(0).u64(7));
  CHECK(receive.line() ==
        "8, [{msg_hdr={msg_name=NULL, msg_namelen=0, msg_iov=[{iov_base=\"hi\", iov_len=20}], msg_iovlen=1, "
        "msg_controllen=0, msg_flags=0}, msg_len=2}], 2, 0, {tv_sec=1, tv_nsec=0} = 1 (left {tv_sec=0, "
        "tv_nsec=7})");
}

TEST_CASE("System V messages and shared memory") {
  CHECK(CallText("msgsnd")
            .args({2, 0, 5, 0})
            .unrecorded(1)
            .in(1, Memory().u64(7).text("hello"))
            .ret(0)
            .line() == "2, {mtype=7, mtext=\"hello\"}, 5, 0 = 0");
  CHECK(CallText("msgrcv")
            .args({2, 0, 50, 0, 0})
            .unrecorded(1)
            .out(1, Memory().u64(7).text("he"))
            .ret(5)
            .line() == "2, {mtype=7, mtext=\"he\"...}, 50, 0, 0 = 5");
  CHECK(CallText("shmctl").args({1, 0, 0}).ret(0).line() == "1, IPC_RMID, NULL = 0");
  const auto state = Memory()
                         .u32(0)
                         .u32(0)
                         .u32(0)
                         .u32(0)
                         .u32(0)
                         .u32(0600)
                         .zeros(24)
                         .u64(4096)
                         .u64(11)
                         .u64(0)
                         .u64(12)
                         .u32(7)
                         .u32(8)
                         .u64(1)
                         .zeros(16);
  CHECK(
      CallText("shmctl").args({1, 2, 0}).unrecorded(2).out(2, state).ret(0).line() ==
      "1, IPC_STAT, {shm_perm={uid=0, gid=0, mode=0600, key=0, cuid=0, cgid=0}, shm_segsz=4096, shm_cpid=7, "
      "shm_lpid=8, shm_nattch=1, shm_atime=11, shm_dtime=0, shm_ctime=12} = 0");
}

TEST_CASE("clone and clone3 show what they wrote back") {
  const auto args = Memory().u64(0x100000 | 0x1000).u64(0x50).u64(0).u64(0x60).u64(17).zeros(48);
  CHECK(CallText("clone3")
            .args({0, 88})
            .unrecorded(0)
            .in(0, args)
            .out(0, Memory().u32(5), 1)
            .out(0, Memory().u32(77), 2)
            .ret(77)
            .line() ==
        "{flags=CLONE_PIDFD|CLONE_PARENT_SETTID, pidfd=0x50, parent_tid=0x60, exit_signal=SIGCHLD, "
        "stack=NULL, stack_size=0} => {pidfd=[5], parent_tid=[77]}, 88 = 77");
  CHECK(CallText("clone").args({0x100000 | 17, 0, 0x60}).out(2, Memory().u32(77)).ret(77).line() ==
        "child_stack=NULL, flags=CLONE_PARENT_SETTID|SIGCHLD, parent_tid=[77] = 77");
  CHECK(CallText("clone").args({0x100000 | 17, 0, 0x60}).ret(-11).argsText() ==
        "child_stack=NULL, flags=CLONE_PARENT_SETTID|SIGCHLD, parent_tid=0x60");
}
