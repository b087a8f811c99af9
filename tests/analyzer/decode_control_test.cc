// Arguments whose meaning another argument decides. Expected texts are what strace 6.1 prints.
#include <catch2/catch.hpp>

#include "tests/analyzer/decode_support.h"

using namespace tarry;
using tarry::testing::CallText;
using tarry::testing::Memory;

namespace {

std::string ioctlOut(uint32_t request, const Memory& memory, bool abbreviate = true) {
  RenderOptions options;
  options.abbreviate = abbreviate;
  return CallText("ioctl").args({3, request, 0x7ffe0}).out(2, memory).options(options).ret(0).line();
}

}  // namespace

TEST_CASE("terminal settings are named bit by bit") {
  const auto usual = Memory().u32(0x500).u32(0x5).u32(0xbf).u32(0x8a3b).zeros(20);
  CHECK(ioctlOut(0x5401, usual) ==
        "3, TCGETS, {c_iflag=ICRNL|IXON, c_oflag=NL0|CR0|TAB0|BS0|VT0|FF0|OPOST|ONLCR, "
        "c_cflag=B38400|CS8|CREAD, c_lflag=ISIG|ICANON|ECHO|ECHOE|ECHOK|IEXTEN|ECHOCTL|ECHOKE, ...} = 0");
  CHECK(CallText("ioctl").args({3, 0x5403, 0x7ffe0}).in(2, Memory().zeros(36)).ret(0).line() ==
        "3, TCSETSW, {c_iflag=, c_oflag=NL0|CR0|TAB0|BS0|VT0|FF0|, c_cflag=B0|CS5|, c_lflag=, ...} = 0");
  CHECK(ioctlOut(0x5401, Memory().u32(0xff8001).u32(0xff02).u32(0x900d0520 | 0x1002).u32(0x2001).zeros(20)) ==
        "3, TCGETS, {c_iflag=IGNBRK|0xff8000, c_oflag=NL1|CR3|XTABS|BS1|VT1|FF1|OLCUC, "
        "c_cflag=B115200|B3000000<<IBSHIFT|CS7|PARENB|HUPCL|CRTSCTS, c_lflag=ISIG|0x2000, ...} = 0");
  const std::string full = ioctlOut(0x5401, usual, false);
  CHECK(full.find("c_line=N_TTY, c_cc=[[VINTR]=0, [VQUIT]=0, ") != std::string::npos);
  CHECK(full.ends_with("[17]=0, [18]=0]} = 0"));
  // Cut short: nothing is made up.
  CHECK(ioctlOut(0x5401, Memory().u32(1)) == "3, TCGETS, 0x7ffe0 = 0");
}

TEST_CASE("ioctl shows numbers, constants and interfaces") {
  CHECK(ioctlOut(0x541b, Memory().u32(13)) == "3, FIONREAD, [13] = 0");
  CHECK(CallText("ioctl").args({3, 0x5421, 0x7ffe0}).in(2, Memory().u32(1)).ret(0).line() ==
        "3, FIONBIO, [1] = 0");
  CHECK(CallText("ioctl").args({3, 0x540b, 2}).ret(0).line() == "3, TCFLSH, TCIOFLUSH = 0");
  CHECK(CallText("ioctl").args({3, 0x540a, 1}).ret(0).line() == "3, TCXONC, TCOON = 0");
  CHECK(CallText("ioctl").args({3, 0x5418, 0x7ffe0}).in(2, Memory().u32(6)).ret(0).line() ==
        "3, TIOCMSET, [TIOCM_DTR|TIOCM_RTS] = 0");
  const auto interface = [](uint64_t value, int size) {
    return Memory().text("lo").zeros(14).u(value, size).zeros(static_cast<size_t>(24 - size));
  };
  CHECK(ioctlOut(0x8933, interface(1, 4)) == "3, SIOCGIFINDEX, {ifr_name=\"lo\", ifr_ifindex=1} = 0");
  CHECK(ioctlOut(0x8913, interface(0x49, 2)) ==
        "3, SIOCGIFFLAGS, {ifr_name=\"lo\", ifr_flags=IFF_UP|IFF_LOOPBACK|IFF_RUNNING} = 0");
  CHECK(ioctlOut(0x8915, interface(0x0100007f00000002, 8)) ==
        "3, SIOCGIFADDR, {ifr_name=\"lo\", ifr_addr={sa_family=AF_INET, sin_port=htons(0), "
        "sin_addr=inet_addr(\"127.0.0.1\")}} = 0");
  CHECK(ioctlOut(0x8910, interface(1, 4)) == "3, SIOCGIFNAME, {ifr_ifindex=1, ifr_name=\"lo\"} = 0");
  CHECK(CallText("ioctl").args({3, 0x8913, 0x7ffe0}).in(2, interface(0, 2)).ret(-19).line() ==
        "3, SIOCGIFFLAGS, {ifr_name=\"lo\"} = -1 ENODEV (No such device)");
}

TEST_CASE("fcntl shows locks of each ABI and owners") {
  CHECK(CallText("fcntl")
            .args({3, 5, 0x7ffe0})
            .out(2, Memory().u16(2).u16(0).u32(0).u64(2).u64(10).u64(44))
            .ret(0)
            .line() == "3, F_GETLK, {l_type=F_UNLCK, l_whence=SEEK_SET, l_start=2, l_len=10, l_pid=44} = 0");
  CHECK(CallText("fcntl64", Abi::i386)
            .args({3, 13, 0x7ffe0})
            .in(2, Memory().u16(0).u16(1).u64(2).u64(10).u32(0))
            .ret(0)
            .line() == "3, F_SETLK64, {l_type=F_RDLCK, l_whence=SEEK_CUR, l_start=2, l_len=10} = 0");
  CHECK(CallText("fcntl").args({3, 16, 0x7ffe0}).out(2, Memory().u32(1).u32(9)).ret(0).line() ==
        "3, F_GETOWN_EX, {type=F_OWNER_PID, pid=9} = 0");
}

TEST_CASE("prctl and seccomp show what they point to") {
  CHECK(CallText("prctl").args({2, 0x7ffe0}).out(1, Memory().u32(15)).ret(0).line() ==
        "PR_GET_PDEATHSIG, [SIGTERM] = 0");
  CHECK(CallText("prctl").args({37, 0x7ffe0}).out(1, Memory().u32(1)).ret(0).line() ==
        "PR_GET_CHILD_SUBREAPER, [1] = 0");
  CHECK(CallText("prctl").args({23, 21}).ret(1).line() == "PR_CAPBSET_READ, CAP_SYS_ADMIN = 1");
  const auto program = Memory().u64(4).u64(0x7700);
  CHECK(CallText("prctl").args({22, 2, 0x7ffe0}).in(2, program).ret(0).line() ==
        "PR_SET_SECCOMP, SECCOMP_MODE_FILTER, {len=4, filter=0x7700} = 0");
  CHECK(CallText("seccomp").args({1, 0, 0}).unrecorded(2).in(2, program).ret(0).line() ==
        "SECCOMP_SET_MODE_FILTER, 0, {len=4, filter=0x7700} = 0");
}

TEST_CASE("secure bits, ambient capabilities, options of netlink, interrupted sleeps") {
  CHECK(CallText("prctl").args({27, 0, 0, 0, 0}).ret(0x10).line() ==
        "PR_GET_SECUREBITS = 0x10 (SECBIT_KEEP_CAPS)");
  CHECK(CallText("prctl").args({47, 1, 0, 0, 0}).ret(0).line() ==
        "PR_CAP_AMBIENT, PR_CAP_AMBIENT_IS_SET, CAP_CHOWN, 0, 0 = 0");
  CHECK(CallText("setsockopt").args({3, 270, 11, 0, 4}).unrecorded(3).in(3, Memory().u32(1)).ret(0).line() ==
        "3, SOL_NETLINK, NETLINK_EXT_ACK, [1], 4 = 0");
  CHECK(CallText("getgroups").args({0, 0}).unrecorded(1).ret(0).line() == "0, [] = 0");
  CallText sleep("clock_nanosleep");
  sleep.args({0, 0, 0, 0}).unrecorded(2).unrecorded(3).in(2, Memory().u64(2).u64(0));
  sleep.out(3, Memory().u64(1).u64(5)).ret(-516);
  CHECK(sleep.line() ==
        "CLOCK_REALTIME, 0, {tv_sec=2, tv_nsec=0}, {tv_sec=1, tv_nsec=5} = ? "
        "ERESTART_RESTARTBLOCK (Interrupted by signal)");
}

TEST_CASE("masks behind a frame and behind a structure") {
  CHECK(CallText("rt_sigaction")
            .args({20, 0, 0, 8})
            .unrecorded(1)
            .in(1, Memory().u64(~0ULL).zeros(24))
            .ret(0)
            .line() == "SIGTSTP, {sa_handler=SIG_ERR, sa_mask=[], sa_flags=0}, NULL, 8 = 0");
  CHECK(CallText("rt_sigreturn").in(0, Memory().u64(1 << 9)).ret(0).line() == "{mask=[USR1]} = 0");
  CHECK(CallText("rt_sigreturn").ret(0).line() == " = 0");
  CHECK(CallText("sigprocmask", Abi::i386)
            .args({0, 0, 0})
            .unrecorded(1)
            .unrecorded(2)
            .in(1, Memory().u32(1 << 12))
            .out(2, Memory().u32(1 << 13))
            .ret(0)
            .line() == "SIG_BLOCK, [PIPE], [ALRM] = 0");
  CallText select("pselect6");
  select.args({0, 0, 0, 0, 0, 0x7ffe0})
      .unrecorded(5)
      .in(5, Memory().u64(0x60).u64(8))
      .in(5, Memory().u64(2), 1)
      .ret(0);
  CHECK(select.line() == "0, NULL, NULL, NULL, NULL, {sigmask=[INT], sigsetsize=8} = 0 (Timeout)");
}

TEST_CASE("directory entries are counted though only some bytes were kept") {
  CHECK(CallText("getdents64")
            .args({3, 0x7ffe0, 32768})
            .out(1, std::string(32, 'x'), 1680)
            .out(1, Memory().u32(70), 1)
            .ret(1680)
            .line() == "3, 0x7ffe0 /* 70 entries */, 32768 = 1680");
}

TEST_CASE("capabilities, limits and ticks") {
  const auto caps = Memory().u32(3).u32(1).u32(0).u32(1).u32(0).u32(0);
  CHECK(CallText("capget")
            .args({0, 0})
            .unrecorded(0)
            .unrecorded(1)
            .in(0, Memory().u32(0x20080522).u32(0))
            .out(1, caps)
            .ret(0)
            .line() ==
        "{version=_LINUX_CAPABILITY_VERSION_3, pid=0}, {effective=1<<CAP_CHOWN|1<<CAP_DAC_OVERRIDE|"
        "1<<CAP_MAC_OVERRIDE, permitted=1<<CAP_CHOWN, inheritable=0} = 0");
  CHECK(CallText("getrlimit").args({3, 0}).unrecorded(1).out(1, Memory().u64(100).u64(~0ULL)).ret(0).line() ==
        "RLIMIT_STACK, {rlim_cur=100, rlim_max=RLIM64_INFINITY} = 0");
  CHECK(CallText("times")
            .args({0})
            .unrecorded(0)
            .out(0, Memory().u64(150).u64(0).u64(1).u64(0))
            .ret(9)
            .line() ==
        "{tms_utime=150 /* 1.50 s */, tms_stime=0, tms_cutime=1 /* 0.01 s */, tms_cstime=0} = 9");
  CHECK(CallText("utimes")
            .args({0, 0})
            .string(0, "x")
            .unrecorded(1)
            .in(1, Memory().u64(1000000000).u64(5).u64(0).u64(0))
            .ret(0)
            .line() ==
        "\"x\", [{tv_sec=1000000000, tv_usec=5} /* 2001-09-09T01:46:40.000005+0000 */, {tv_sec=0, "
        "tv_usec=0}] = 0");
}
