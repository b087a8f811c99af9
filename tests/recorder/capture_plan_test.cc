#include "recorder/capture_plan.h"

#include <algorithm>
#include <catch2/catch.hpp>
#include <string>

using namespace tarry;

namespace {

#if defined(__aarch64__)
constexpr uint8_t kNativeAbi = ABI_AARCH64;
#else
constexpr uint8_t kNativeAbi = ABI_X86_64;
#endif

CallShape shapeOf(const char* name, int64_t snaplen = 0, Abi abi = Abi::x86_64) {
  const SyscallSpec* spec = findSyscall(abi, std::string_view(name));
  REQUIRE(spec != nullptr);
  return planOf(*spec, abi, snaplen);
}

// "what:arg in|out" of each item, in order.
std::vector<std::string> items(const CallShape& shape) {
  std::vector<std::string> result;
  for (int i = 0; i < shape.plan.items; ++i) {
    const plan_item& item = shape.plan.item[i];
    result.push_back(std::to_string(item.what) + ":" + std::to_string(item.arg) +
                     (item.out != 0 ? " out" : " in"));
  }
  return result;
}

std::string item(int what, int arg, const char* direction) {
  return std::to_string(what) + ":" + std::to_string(arg) + " " + direction;
}

bool has(const CallShape& shape, int flag) {
  return (shape.plan.flags & flag) != 0;
}

}  // namespace

TEST_CASE("CapturePlan takes the object and nothing else of a plain call") {
  const CallShape read = shapeOf("read");
  CHECK(read.plan.fd_arg[0] == 0);
  CHECK(read.plan.fd_arg[1] == NO_ARG);
  CHECK(read.plan.items == 0);
  CHECK(has(read, PLAN_SHORT));
  CHECK(read.arg_count == 3);
  CHECK(read.keep_mask == 0b101);  // the buffer's address means nothing
}

TEST_CASE("CapturePlan takes buffers with a snaplen only") {
  const CallShape read = shapeOf("read", 64);
  CHECK(items(read) == std::vector{item(ITEM_RESULT, 1, "out")});
  const CallShape write = shapeOf("write", 64);
  CHECK(items(write) == std::vector{item(ITEM_BUFFER, 1, "in")});
  CHECK(write.plan.item[0].len_arg == 2);
}

TEST_CASE("CapturePlan makes a call short that has one buffer, and nothing behind its third argument") {
  const CallShape read = shapeOf("read", 64), send = shapeOf("sendto", 64);
  CHECK(has(read, PLAN_SHORT));
  CHECK(read.plan.buffer == BUFFER_OUT);
  CHECK(read.plan.zero_args == 0);
  CHECK(has(send, PLAN_SHORT));
  CHECK(send.plan.buffer == BUFFER_IN);
  CHECK(send.plan.zero_args == 3);
  CHECK(has(shapeOf("sendto"), PLAN_SHORT));
  CHECK(shapeOf("sendto").plan.buffer == BUFFER_NONE);
  // more than one part holds, an array of buffers, a structure
  CHECK_FALSE(has(shapeOf("read", -1), PLAN_SHORT));
  CHECK_FALSE(has(shapeOf("readv", 64), PLAN_SHORT));
  CHECK_FALSE(has(shapeOf("fstat", 64), PLAN_SHORT));
}

TEST_CASE("CapturePlan knows where a path starts from") {
  const CallShape openat = shapeOf("openat");
  CHECK(openat.plan.fd_arg[0] == 0);
  CHECK(openat.plan.fd_is_dir == 1);
  CHECK_FALSE(has(openat, PLAN_CWD));
  CHECK(has(openat, PLAN_RETURNS_FD));
  CHECK(items(openat) == std::vector{item(ITEM_STRING, 1, "in")});
  CHECK(openat.plan.item[0].size == STRING_IS_PATH);
  CHECK((openat.keep_mask >> 1 & 1) == 0);

  const CallShape rename = shapeOf("rename");
  CHECK(has(rename, PLAN_CWD));
  CHECK(rename.plan.items == 2);

  const CallShape renameat = shapeOf("renameat2");
  CHECK(renameat.plan.fd_arg[0] == 0);
  CHECK(renameat.plan.fd_arg[1] == 2);
  CHECK(renameat.plan.fd_is_dir == 3);
}

TEST_CASE("CapturePlan takes arguments of execve whole") {
  CHECK(items(shapeOf("execve")) ==
        std::vector{item(ITEM_STRING, 0, "in"), item(ITEM_ARGV, 1, "in"), item(ITEM_ENVP, 2, "in")});
}

TEST_CASE("CapturePlan takes ready sets and what maps them also without snaplen") {
  const CallShape poll = shapeOf("poll");
  CHECK(items(poll) == std::vector{item(ITEM_READY_POLL, 0, "out")});
  CHECK(poll.plan.item[0].len_arg == 1);
  CHECK(poll.plan.sets == SETS_POLL);
  CHECK(shapeOf("ppoll").plan.sets == SETS_POLL);
  CHECK(shapeOf("select").plan.sets == SETS_SELECT);
  CHECK(shapeOf("pselect6").plan.sets == SETS_SELECT);
  CHECK(shapeOf("epoll_wait").plan.sets == SETS_NONE);
  CHECK(shapeOf("read").plan.sets == SETS_NONE);
  CHECK(items(shapeOf("epoll_wait")) == std::vector{item(ITEM_READY_EPOLL, 1, "out")});
  CHECK(items(shapeOf("epoll_ctl")) == std::vector{item(ITEM_FIXED, 3, "in")});
  CHECK(items(shapeOf("select")) == std::vector{item(ITEM_READY_SELECT, 1, "out")});  // of three sets
}

TEST_CASE("CapturePlan takes what a command points to, with a snaplen") {
  CHECK(shapeOf("fcntl").plan.items == 0);
  CHECK(items(shapeOf("fcntl", 32)) ==
        std::vector{item(ITEM_BY_COMMAND, 2, "in"), item(ITEM_BY_COMMAND, 2, "out")});
  CHECK(shapeOf("fcntl", 32).plan.item[0].size == RULE_FCNTL);
  CHECK(shapeOf("fcntl", 32).plan.item[0].len_arg == 1);
  CHECK(shapeOf("ioctl", 32).plan.item[0].size == RULE_IOCTL);
  CHECK(items(shapeOf("futex", 32)) == std::vector{item(ITEM_BY_COMMAND, 3, "in")});
  CHECK(shapeOf("futex", 32).plan.item[0].len_arg == 1);
  CHECK(shapeOf("futex_time64", 32, Abi::i386).plan.item[0].size == RULE_FUTEX64);
  CHECK(items(shapeOf("prctl", 32)) == std::vector{item(ITEM_BY_COMMAND, 1, "in"),
                                                   item(ITEM_BY_COMMAND, 1, "out"),
                                                   item(ITEM_BY_COMMAND, 2, "in")});
  CHECK(items(shapeOf("rt_sigreturn", 32)) == std::vector{item(ITEM_SIGRETURN, 0, "in")});
  CHECK(shapeOf("rt_sigreturn").plan.items == 0);
  CHECK(shapeOf("rt_sigreturn", 32, Abi::i386).plan.items == 1);
  CHECK(shapeOf("rt_sigreturn", 32, Abi::x32).plan.items == 0);
}

TEST_CASE("CapturePlan takes messages, one or several") {
  CHECK(items(shapeOf("recvmsg", 32)) == std::vector{item(ITEM_FIXED, 1, "in"), item(ITEM_MSGHDR, 1, "out")});
  CHECK(shapeOf("recvmsg", 32).plan.item[0].size == 56);
  CHECK(shapeOf("recvmsg", 32, Abi::i386).plan.item[0].size == 28);
  const CallShape several = shapeOf("sendmmsg", 32);
  CHECK(items(several) ==
        std::vector{item(ITEM_COUNTED, 1, "in"), item(ITEM_COUNTED, 1, "out"), item(ITEM_MMSGHDR, 1, "in")});
  CHECK(several.plan.item[0].size == 64);
  CHECK(several.plan.item[2].len_arg == 2);
}

TEST_CASE("CapturePlan takes lengths before and after the call, and whole pselect6") {
  CHECK(items(shapeOf("getsockname", 32)) ==
        std::vector{item(ITEM_SOCKLEN, 1, "out"), item(ITEM_FIXED, 2, "in"), item(ITEM_FIXED, 2, "out")});
  const std::vector<std::string> pselect = items(shapeOf("pselect6", 32));
  CHECK(std::count(pselect.begin(), pselect.end(), item(ITEM_SIGMASK, 5, "in")) == 1);
  const CallShape dirents = shapeOf("getdents64", 32);
  CHECK(items(dirents) == std::vector{item(ITEM_DIRENTS, 1, "out")});
  CHECK(dirents.plan.item[0].size == 16);
  CHECK(shapeOf("getdents", 32, Abi::i386).plan.item[0].size == 8);
}

TEST_CASE("CapturePlan knows returned fds") {
  CHECK(has(shapeOf("dup2"), PLAN_RETURNS_FD));
  CHECK(shapeOf("dup2").plan.fd_arg[1] == 1);
  CHECK(has(shapeOf("fcntl"), PLAN_RETURNS_FD));
  CHECK(shapeOf("fcntl").plan.returns_if_dup == 1);
  CHECK(has(shapeOf("pipe2"), PLAN_PAIR));
  CHECK(shapeOf("socketpair").plan.pair_arg == 3);
  CHECK_FALSE(has(shapeOf("read"), PLAN_RETURNS_FD));
}

TEST_CASE("CapturePlan looks at a socket again after a call that changes it") {
  for (const char* name : {"connect", "bind", "listen"}) CHECK(has(shapeOf(name), PLAN_LATE_RESOURCE));
  CHECK_FALSE(has(shapeOf("connect"), PLAN_SHORT));
}

TEST_CASE("CapturePlan keeps the ABIs apart") {
  const CapturePlan plan(0);
#if defined(__x86_64__)
  REQUIRE(plan.find(ABI_X86_64, 0) != nullptr);
  CHECK(plan.find(ABI_X86_64, 0)->plan.fd_arg[0] == 0);  // read
  REQUIRE(plan.find(ABI_I386, 5) != nullptr);
  CHECK((plan.find(ABI_I386, 5)->plan.flags & PLAN_RETURNS_FD) != 0);  // open
  REQUIRE(plan.find(ABI_X32, 0x40000000) != nullptr);
  CHECK(plan.find(ABI_X32, 0x40000000)->plan.fd_arg[0] == 0);
#endif
  CHECK(plan.find(kNativeAbi, 1023) == nullptr);
  CHECK(plan.find(kNativeAbi, -1) == nullptr);
  CHECK(plan.find(kNativeAbi, 100000) == nullptr);
}

TEST_CASE("CapturePlan is sound for every call of every ABI") {
  for (const Abi abi : {Abi::x86_64, Abi::i386, Abi::x32, Abi::aarch64}) {
    for (const SyscallSpec& spec : allSyscalls(abi)) {
      for (const int64_t snaplen : {int64_t{0}, int64_t{32}}) {
        INFO(spec.name);
        const CallShape shape = planOf(spec, abi, snaplen);
        CHECK(shape.plan.items < MAX_ITEMS);  // or one may have been left out
        for (int i = 0; i < shape.plan.items; ++i) {
          const plan_item& one = shape.plan.item[i];
          if (one.what == ITEM_SIGRETURN) continue;  // behind the stack pointer
          CHECK(one.arg < spec.arg_count);
          CHECK((one.len_arg == NO_ARG || one.len_arg < spec.arg_count));
          CHECK(one.size <= 1024);
          // what is copied for it is no number, unless a command or a flag says otherwise
          if (one.what == ITEM_BY_COMMAND || spec.name == "clone") continue;
          CHECK((shape.keep_mask >> one.arg & 1) == 0);
        }
        const bool whole = (shape.plan.flags & PLAN_SHORT) == 0 || shape.plan.zero_args > 0;
        if (!whole) CHECK(shape.plan.items == (shape.plan.buffer == BUFFER_NONE ? 0 : 1));
      }
    }
  }
}
