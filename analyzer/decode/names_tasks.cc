// Names of flags and constants of calls on memory, processes and signals: see names.h. Values are those of
// the kernel ABI, in the order in which strace tests and prints them.
#include "analyzer/decode/names.h"

namespace tarry::decode {
namespace {

// clang-format off
constexpr Name kMmapProtNames[] = {
    {0, "PROT_NONE"}, {1, "PROT_READ"}, {2, "PROT_WRITE"}, {4, "PROT_EXEC"}, {8, "PROT_SEM"},
    {0x1000000, "PROT_GROWSDOWN"}, {0x2000000, "PROT_GROWSUP"},
};
constexpr Name kMremapFlagsNames[] = {
    {1, "MREMAP_MAYMOVE"}, {2, "MREMAP_FIXED"}, {4, "MREMAP_DONTUNMAP"},
};
constexpr Name kMsyncFlagsNames[] = {
    {4, "MS_SYNC"}, {1, "MS_ASYNC"}, {2, "MS_INVALIDATE"},
};
constexpr Name kMlockFlagsNames[] = {
    {1, "MLOCK_ONFAULT"},
};
constexpr Name kMlockallFlagsNames[] = {
    {1, "MCL_CURRENT"}, {2, "MCL_FUTURE"}, {4, "MCL_ONFAULT"},
};
constexpr Name kMadviseAdviceNames[] = {
    {0, "MADV_NORMAL"}, {1, "MADV_RANDOM"}, {2, "MADV_SEQUENTIAL"}, {3, "MADV_WILLNEED"},
    {4, "MADV_DONTNEED"}, {8, "MADV_FREE"}, {9, "MADV_REMOVE"}, {0xa, "MADV_DONTFORK"},
    {0xb, "MADV_DOFORK"}, {0xc, "MADV_MERGEABLE"}, {0xd, "MADV_UNMERGEABLE"}, {0xe, "MADV_HUGEPAGE"},
    {0xf, "MADV_NOHUGEPAGE"}, {0x10, "MADV_DONTDUMP"}, {0x11, "MADV_DODUMP"}, {0x12, "MADV_WIPEONFORK"},
    {0x13, "MADV_KEEPONFORK"}, {0x14, "MADV_COLD"}, {0x15, "MADV_PAGEOUT"}, {0x16, "MADV_POPULATE_READ"},
    {0x17, "MADV_POPULATE_WRITE"}, {0x18, "MADV_DONTNEED_LOCKED"}, {0x19, "MADV_COLLAPSE"},
    {0x64, "MADV_HWPOISON"}, {0x65, "MADV_SOFT_OFFLINE"},
};
constexpr Name kMbindFlagsNames[] = {
    {1, "MPOL_MF_STRICT"}, {2, "MPOL_MF_MOVE"}, {4, "MPOL_MF_MOVE_ALL"},
};
constexpr Name kPkeyRightsNames[] = {
    {1, "PKEY_DISABLE_ACCESS"}, {2, "PKEY_DISABLE_WRITE"}, {4, "PKEY_DISABLE_EXECUTE"},
};
constexpr Name kShmatFlagsNames[] = {
    {0x1000, "SHM_RDONLY"}, {0x2000, "SHM_RND"}, {0x4000, "SHM_REMAP"}, {0x8000, "SHM_EXEC"},
};
constexpr Name kCloneFlagsNames[] = {
    {0x100, "CLONE_VM"}, {0x200, "CLONE_FS"}, {0x400, "CLONE_FILES"}, {0x800, "CLONE_SIGHAND"},
    {0x1000, "CLONE_PIDFD"}, {0x2000, "CLONE_PTRACE"}, {0x4000, "CLONE_VFORK"}, {0x8000, "CLONE_PARENT"},
    {0x10000, "CLONE_THREAD"}, {0x20000, "CLONE_NEWNS"}, {0x40000, "CLONE_SYSVSEM"},
    {0x80000, "CLONE_SETTLS"}, {0x100000, "CLONE_PARENT_SETTID"}, {0x200000, "CLONE_CHILD_CLEARTID"},
    {0x800000, "CLONE_UNTRACED"}, {0x1000000, "CLONE_CHILD_SETTID"}, {0x2000000, "CLONE_NEWCGROUP"},
    {0x4000000, "CLONE_NEWUTS"}, {0x8000000, "CLONE_NEWIPC"}, {0x10000000, "CLONE_NEWUSER"},
    {0x20000000, "CLONE_NEWPID"}, {0x40000000, "CLONE_NEWNET"}, {0x80000000, "CLONE_IO"},
};
constexpr Name kClone3FlagsNames[] = {
    {0x100000000, "CLONE_CLEAR_SIGHAND"}, {0x200000000, "CLONE_INTO_CGROUP"}, {0x80, "CLONE_NEWTIME"},
    {0x100, "CLONE_VM"}, {0x200, "CLONE_FS"}, {0x400, "CLONE_FILES"}, {0x800, "CLONE_SIGHAND"},
    {0x1000, "CLONE_PIDFD"}, {0x2000, "CLONE_PTRACE"}, {0x4000, "CLONE_VFORK"}, {0x8000, "CLONE_PARENT"},
    {0x10000, "CLONE_THREAD"}, {0x20000, "CLONE_NEWNS"}, {0x40000, "CLONE_SYSVSEM"},
    {0x80000, "CLONE_SETTLS"}, {0x100000, "CLONE_PARENT_SETTID"}, {0x200000, "CLONE_CHILD_CLEARTID"},
    {0x800000, "CLONE_UNTRACED"}, {0x1000000, "CLONE_CHILD_SETTID"}, {0x2000000, "CLONE_NEWCGROUP"},
    {0x4000000, "CLONE_NEWUTS"}, {0x8000000, "CLONE_NEWIPC"}, {0x10000000, "CLONE_NEWUSER"},
    {0x20000000, "CLONE_NEWPID"}, {0x40000000, "CLONE_NEWNET"}, {0x80000000, "CLONE_IO"},
};
constexpr Name kUnshareFlagsNames[] = {
    {0x80, "CLONE_NEWTIME"}, {0x100, "CLONE_VM"}, {0x200, "CLONE_FS"}, {0x400, "CLONE_FILES"},
    {0x800, "CLONE_SIGHAND"}, {0x10000, "CLONE_THREAD"}, {0x20000, "CLONE_NEWNS"},
    {0x40000, "CLONE_SYSVSEM"}, {0x2000000, "CLONE_NEWCGROUP"}, {0x4000000, "CLONE_NEWUTS"},
    {0x8000000, "CLONE_NEWIPC"}, {0x10000000, "CLONE_NEWUSER"}, {0x20000000, "CLONE_NEWPID"},
    {0x40000000, "CLONE_NEWNET"},
};
constexpr Name kSetnsFlagsNames[] = {
    {0x80, "CLONE_NEWTIME"}, {0x20000, "CLONE_NEWNS"}, {0x2000000, "CLONE_NEWCGROUP"},
    {0x4000000, "CLONE_NEWUTS"}, {0x8000000, "CLONE_NEWIPC"}, {0x10000000, "CLONE_NEWUSER"},
    {0x20000000, "CLONE_NEWPID"}, {0x40000000, "CLONE_NEWNET"},
};
constexpr Name kWaitOptionsNames[] = {
    {1, "WNOHANG"}, {4, "WEXITED"}, {2, "WSTOPPED"}, {8, "WCONTINUED"}, {0x1000000, "WNOWAIT"},
    {0x80000000, "__WCLONE"}, {0x40000000, "__WALL"}, {0x20000000, "__WNOTHREAD"},
};
constexpr Name kWaitidTypeNames[] = {
    {0, "P_ALL"}, {1, "P_PID"}, {2, "P_PGID"}, {3, "P_PIDFD"},
};
constexpr Name kRlimitResourceNames[] = {
    {0, "RLIMIT_CPU"}, {1, "RLIMIT_FSIZE"}, {2, "RLIMIT_DATA"}, {3, "RLIMIT_STACK"}, {4, "RLIMIT_CORE"},
    {5, "RLIMIT_RSS"}, {6, "RLIMIT_NPROC"}, {7, "RLIMIT_NOFILE"}, {8, "RLIMIT_MEMLOCK"}, {9, "RLIMIT_AS"},
    {0xa, "RLIMIT_LOCKS"}, {0xb, "RLIMIT_SIGPENDING"}, {0xc, "RLIMIT_MSGQUEUE"}, {0xd, "RLIMIT_NICE"},
    {0xe, "RLIMIT_RTPRIO"}, {0xf, "RLIMIT_RTTIME"},
};
constexpr Name kRusageWhoNames[] = {
    {0, "RUSAGE_SELF"}, {1, "RUSAGE_THREAD"}, {0xffffffff, "RUSAGE_CHILDREN"},
};
constexpr Name kPrctlOptionNames[] = {
    {1, "PR_SET_PDEATHSIG"}, {2, "PR_GET_PDEATHSIG"}, {3, "PR_GET_DUMPABLE"}, {4, "PR_SET_DUMPABLE"},
    {5, "PR_GET_UNALIGN"}, {6, "PR_SET_UNALIGN"}, {7, "PR_GET_KEEPCAPS"}, {8, "PR_SET_KEEPCAPS"},
    {9, "PR_GET_FPEMU"}, {0xa, "PR_SET_FPEMU"}, {0xb, "PR_GET_FPEXC"}, {0xc, "PR_SET_FPEXC"},
    {0xd, "PR_GET_TIMING"}, {0xe, "PR_SET_TIMING"}, {0xf, "PR_SET_NAME"}, {0x10, "PR_GET_NAME"},
    {0x13, "PR_GET_ENDIAN"}, {0x14, "PR_SET_ENDIAN"}, {0x15, "PR_GET_SECCOMP"}, {0x16, "PR_SET_SECCOMP"},
    {0x17, "PR_CAPBSET_READ"}, {0x18, "PR_CAPBSET_DROP"}, {0x19, "PR_GET_TSC"}, {0x1a, "PR_SET_TSC"},
    {0x1b, "PR_GET_SECUREBITS"}, {0x1c, "PR_SET_SECUREBITS"}, {0x1d, "PR_SET_TIMERSLACK"},
    {0x1e, "PR_GET_TIMERSLACK"}, {0x1f, "PR_TASK_PERF_EVENTS_DISABLE"},
    {0x20, "PR_TASK_PERF_EVENTS_ENABLE"}, {0x21, "PR_MCE_KILL"}, {0x22, "PR_MCE_KILL_GET"},
    {0x23, "PR_SET_MM"}, {0x24, "PR_SET_CHILD_SUBREAPER"}, {0x25, "PR_GET_CHILD_SUBREAPER"},
    {0x26, "PR_SET_NO_NEW_PRIVS"}, {0x27, "PR_GET_NO_NEW_PRIVS"}, {0x28, "PR_GET_TID_ADDRESS"},
    {0x29, "PR_SET_THP_DISABLE"}, {0x2a, "PR_GET_THP_DISABLE"}, {0x2b, "PR_MPX_ENABLE_MANAGEMENT"},
    {0x2c, "PR_MPX_DISABLE_MANAGEMENT"}, {0x2d, "PR_SET_FP_MODE"}, {0x2e, "PR_GET_FP_MODE"},
    {0x2f, "PR_CAP_AMBIENT"}, {0x32, "PR_SVE_SET_VL"}, {0x33, "PR_SVE_GET_VL"},
    {0x34, "PR_GET_SPECULATION_CTRL"}, {0x35, "PR_SET_SPECULATION_CTRL"}, {0x36, "PR_PAC_RESET_KEYS"},
    {0x37, "PR_SET_TAGGED_ADDR_CTRL"}, {0x38, "PR_GET_TAGGED_ADDR_CTRL"}, {0x39, "PR_SET_IO_FLUSHER"},
    {0x3a, "PR_GET_IO_FLUSHER"}, {0x3b, "PR_SET_SYSCALL_USER_DISPATCH"}, {0x3c, "PR_PAC_SET_ENABLED_KEYS"},
    {0x3d, "PR_PAC_GET_ENABLED_KEYS"}, {0x3e, "PR_SCHED_CORE"}, {0x3f, "PR_SME_SET_VL"},
    {0x40, "PR_SME_GET_VL"}, {0x41, "PR_SET_MDWE"}, {0x42, "PR_GET_MDWE"}, {0x43, "PR_SET_MEMORY_MERGE"},
    {0x44, "PR_GET_MEMORY_MERGE"}, {0x53564d41, "PR_SET_VMA"}, {0x59616d61, "PR_SET_PTRACER"},
};
constexpr Name kArchPrctlCodeNames[] = {
    {0x1001, "ARCH_SET_GS"}, {0x1002, "ARCH_SET_FS"}, {0x1003, "ARCH_GET_FS"}, {0x1004, "ARCH_GET_GS"},
    {0x1011, "ARCH_GET_CPUID"}, {0x1012, "ARCH_SET_CPUID"}, {0x1021, "ARCH_GET_XCOMP_SUPP"},
    {0x1022, "ARCH_GET_XCOMP_PERM"}, {0x1023, "ARCH_REQ_XCOMP_PERM"}, {0x1024, "ARCH_GET_XCOMP_GUEST_PERM"},
    {0x1025, "ARCH_REQ_XCOMP_GUEST_PERM"}, {0x2001, "ARCH_MAP_VDSO_X32"}, {0x2002, "ARCH_MAP_VDSO_32"},
    {0x2003, "ARCH_MAP_VDSO_64"}, {0x5001, "ARCH_SHSTK_ENABLE"}, {0x5002, "ARCH_SHSTK_DISABLE"},
};
constexpr Name kSchedPolicyNames[] = {
    {0, "SCHED_OTHER"}, {1, "SCHED_FIFO"}, {2, "SCHED_RR"}, {3, "SCHED_BATCH"}, {4, "SCHED_ISO"},
    {5, "SCHED_IDLE"}, {6, "SCHED_DEADLINE"}, {7, "SCHED_EXT"},
};
constexpr Name kPriorityWhichNames[] = {
    {0, "PRIO_PROCESS"}, {1, "PRIO_PGRP"}, {2, "PRIO_USER"},
};
constexpr Name kIoprioWhichNames[] = {
    {1, "IOPRIO_WHO_PROCESS"}, {2, "IOPRIO_WHO_PGRP"}, {3, "IOPRIO_WHO_USER"},
};
constexpr Name kSeccompOpNames[] = {
    {0, "SECCOMP_SET_MODE_STRICT"}, {1, "SECCOMP_SET_MODE_FILTER"}, {2, "SECCOMP_GET_ACTION_AVAIL"},
    {3, "SECCOMP_GET_NOTIF_SIZES"},
};
constexpr Name kSeccompFlagsNames[] = {
    {1, "SECCOMP_FILTER_FLAG_TSYNC"}, {2, "SECCOMP_FILTER_FLAG_LOG"}, {4, "SECCOMP_FILTER_FLAG_SPEC_ALLOW"},
    {8, "SECCOMP_FILTER_FLAG_NEW_LISTENER"}, {0x10, "SECCOMP_FILTER_FLAG_TSYNC_ESRCH"},
    {0x20, "SECCOMP_FILTER_FLAG_WAIT_KILLABLE_RECV"},
};
constexpr Name kPtraceRequestNames[] = {
    {0, "PTRACE_TRACEME"}, {1, "PTRACE_PEEKTEXT"}, {2, "PTRACE_PEEKDATA"}, {3, "PTRACE_PEEKUSR"},
    {4, "PTRACE_POKETEXT"}, {5, "PTRACE_POKEDATA"}, {6, "PTRACE_POKEUSR"}, {7, "PTRACE_CONT"},
    {8, "PTRACE_KILL"}, {9, "PTRACE_SINGLESTEP"}, {0xc, "PTRACE_GETREGS"}, {0xd, "PTRACE_SETREGS"},
    {0xe, "PTRACE_GETFPREGS"}, {0xf, "PTRACE_SETFPREGS"}, {0x10, "PTRACE_ATTACH"}, {0x11, "PTRACE_DETACH"},
    {0x12, "PTRACE_GETFPXREGS"}, {0x13, "PTRACE_SETFPXREGS"}, {0x15, "PTRACE_OLDSETOPTIONS"},
    {0x18, "PTRACE_SYSCALL"}, {0x19, "PTRACE_GET_THREAD_AREA"}, {0x1a, "PTRACE_SET_THREAD_AREA"},
    {0x1e, "PTRACE_ARCH_PRCTL"}, {0x1f, "PTRACE_SYSEMU"}, {0x20, "PTRACE_SYSEMU_SINGLESTEP"},
    {0x21, "PTRACE_SINGLEBLOCK"}, {0x4200, "PTRACE_SETOPTIONS"}, {0x4201, "PTRACE_GETEVENTMSG"},
    {0x4202, "PTRACE_GETSIGINFO"}, {0x4203, "PTRACE_SETSIGINFO"}, {0x4204, "PTRACE_GETREGSET"},
    {0x4205, "PTRACE_SETREGSET"}, {0x4206, "PTRACE_SEIZE"}, {0x4207, "PTRACE_INTERRUPT"},
    {0x4208, "PTRACE_LISTEN"}, {0x4209, "PTRACE_PEEKSIGINFO"}, {0x420a, "PTRACE_GETSIGMASK"},
    {0x420b, "PTRACE_SETSIGMASK"}, {0x420c, "PTRACE_SECCOMP_GET_FILTER"},
    {0x420d, "PTRACE_SECCOMP_GET_METADATA"}, {0x420e, "PTRACE_GET_SYSCALL_INFO"},
    {0x420f, "PTRACE_GET_RSEQ_CONFIGURATION"},
};
constexpr Name kMembarrierCmdNames[] = {
    {1, "MEMBARRIER_CMD_GLOBAL"}, {2, "MEMBARRIER_CMD_GLOBAL_EXPEDITED"},
    {4, "MEMBARRIER_CMD_REGISTER_GLOBAL_EXPEDITED"}, {8, "MEMBARRIER_CMD_PRIVATE_EXPEDITED"},
    {0x10, "MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED"},
    {0x20, "MEMBARRIER_CMD_PRIVATE_EXPEDITED_SYNC_CORE"},
    {0x40, "MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_SYNC_CORE"},
    {0x80, "MEMBARRIER_CMD_PRIVATE_EXPEDITED_RSEQ"},
    {0x100, "MEMBARRIER_CMD_REGISTER_PRIVATE_EXPEDITED_RSEQ"},
};
constexpr Name kPersonalityNames[] = {
    {0, "PER_LINUX"}, {6, "PER_BSD"}, {8, "PER_LINUX32"}, {0x80000, "PER_LINUX_FDPIC"},
    {0x4100001, "PER_SVR4"}, {0x8000008, "PER_LINUX32_3GB"},
};
constexpr Name kKcmpTypeNames[] = {
    {0, "KCMP_FILE"}, {1, "KCMP_VM"}, {2, "KCMP_FILES"}, {3, "KCMP_FS"}, {4, "KCMP_SIGHAND"},
    {5, "KCMP_IO"}, {6, "KCMP_SYSVSEM"}, {7, "KCMP_EPOLL_TFD"},
};
constexpr Name kPidfdFlagsNames[] = {
    {0x800, "PIDFD_NONBLOCK"}, {0x80, "PIDFD_THREAD"},
};
constexpr Name kSigprocmaskHowNames[] = {
    {0, "SIG_BLOCK"}, {1, "SIG_UNBLOCK"}, {2, "SIG_SETMASK"},
};
constexpr Name kSigactionFlagsNames[] = {
    {0x4000000, "SA_RESTORER"}, {0x8000000, "SA_ONSTACK"}, {0x10000000, "SA_RESTART"},
    {0x40000000, "SA_NODEFER"}, {0x80000000, "SA_RESETHAND"}, {4, "SA_SIGINFO"}, {1, "SA_NOCLDSTOP"},
    {2, "SA_NOCLDWAIT"}, {0x400, "SA_UNSUPPORTED"}, {0x800, "SA_EXPOSE_TAGBITS"},
};
constexpr Name kAltStackFlagsNames[] = {
    {1, "SS_ONSTACK"}, {2, "SS_DISABLE"}, {0x80000000, "SS_AUTODISARM"},
};
constexpr Name kIllCodesNames[] = {
    {1, "ILL_ILLOPC"}, {2, "ILL_ILLOPN"}, {3, "ILL_ILLADR"}, {4, "ILL_ILLTRP"}, {5, "ILL_PRVOPC"},
    {6, "ILL_PRVREG"}, {7, "ILL_COPROC"}, {8, "ILL_BADSTK"}, {9, "ILL_BADIADDR"},
};
constexpr Name kTrapCodesNames[] = {
    {1, "TRAP_BRKPT"}, {2, "TRAP_TRACE"}, {3, "TRAP_BRANCH"}, {4, "TRAP_HWBKPT"}, {5, "TRAP_UNK"},
    {6, "TRAP_PERF"},
};
constexpr Name kBusCodesNames[] = {
    {1, "BUS_ADRALN"}, {2, "BUS_ADRERR"}, {3, "BUS_OBJERR"}, {4, "BUS_MCEERR_AR"},
    {5, "BUS_MCEERR_AO"},
};
constexpr Name kFpeCodesNames[] = {
    {1, "FPE_INTDIV"}, {2, "FPE_INTOVF"}, {3, "FPE_FLTDIV"}, {4, "FPE_FLTOVF"}, {5, "FPE_FLTUND"},
    {6, "FPE_FLTRES"}, {7, "FPE_FLTINV"}, {8, "FPE_FLTSUB"},
};
constexpr Name kSegvCodesNames[] = {
    {1, "SEGV_MAPERR"}, {2, "SEGV_ACCERR"}, {3, "SEGV_BNDERR"}, {4, "SEGV_PKUERR"},
    {5, "SEGV_ACCADI"}, {6, "SEGV_ADIDERR"}, {7, "SEGV_ADIPERR"}, {8, "SEGV_MTEAERR"},
    {9, "SEGV_MTESERR"}, {10, "SEGV_CPERR"},
};
constexpr Name kPollCodesNames[] = {
    {1, "POLL_IN"}, {2, "POLL_OUT"}, {3, "POLL_MSG"}, {4, "POLL_ERR"}, {5, "POLL_PRI"},
    {6, "POLL_HUP"},
};
constexpr Name kSysCodesNames[] = {
    {1, "SYS_SECCOMP"}, {2, "SYS_USER_DISPATCH"},
};
constexpr Name kCldCodesNames[] = {
    {1, "CLD_EXITED"}, {2, "CLD_KILLED"}, {3, "CLD_DUMPED"}, {4, "CLD_TRAPPED"}, {5, "CLD_STOPPED"},
    {6, "CLD_CONTINUED"},
};
constexpr Name kSiCodesNames[] = {
    {0, "SI_USER"}, {0x80, "SI_KERNEL"}, {0xffffffc4, "SI_ASYNCNL"}, {0xfffffff9, "SI_DETHREAD"},
    {0xfffffffa, "SI_TKILL"}, {0xfffffffb, "SI_SIGIO"},
    {0xfffffffc, "SI_ASYNCIO"}, {0xfffffffd, "SI_MESGQ"}, {0xfffffffe, "SI_TIMER"},
    {0xffffffff, "SI_QUEUE"},
};
constexpr Name kSigevNotifyNames[] = {
    {0, "SIGEV_SIGNAL"}, {1, "SIGEV_NONE"}, {2, "SIGEV_THREAD"}, {4, "SIGEV_THREAD_ID"},
};
constexpr Name kModuleFlagsNames[] = {
    {1, "MODULE_INIT_IGNORE_MODVERSIONS"}, {2, "MODULE_INIT_IGNORE_VERMAGIC"},
    {4, "MODULE_INIT_COMPRESSED_FILE"},
};
constexpr Name kKeyOpNames[] = {
    {0, "KEYCTL_GET_KEYRING_ID"}, {1, "KEYCTL_JOIN_SESSION_KEYRING"}, {2, "KEYCTL_UPDATE"},
    {3, "KEYCTL_REVOKE"}, {4, "KEYCTL_CHOWN"}, {5, "KEYCTL_SETPERM"}, {6, "KEYCTL_DESCRIBE"},
    {7, "KEYCTL_CLEAR"}, {8, "KEYCTL_LINK"}, {9, "KEYCTL_UNLINK"}, {0xa, "KEYCTL_SEARCH"},
    {0xb, "KEYCTL_READ"}, {0xc, "KEYCTL_INSTANTIATE"}, {0xd, "KEYCTL_NEGATE"},
    {0xe, "KEYCTL_SET_REQKEY_KEYRING"}, {0xf, "KEYCTL_SET_TIMEOUT"}, {0x10, "KEYCTL_ASSUME_AUTHORITY"},
    {0x11, "KEYCTL_GET_SECURITY"}, {0x12, "KEYCTL_SESSION_TO_PARENT"}, {0x13, "KEYCTL_REJECT"},
    {0x14, "KEYCTL_INSTANTIATE_IOV"}, {0x15, "KEYCTL_INVALIDATE"}, {0x16, "KEYCTL_GET_PERSISTENT"},
    {0x17, "KEYCTL_DH_COMPUTE"}, {0x18, "KEYCTL_PKEY_QUERY"}, {0x19, "KEYCTL_PKEY_ENCRYPT"},
    {0x1a, "KEYCTL_PKEY_DECRYPT"}, {0x1b, "KEYCTL_PKEY_SIGN"}, {0x1c, "KEYCTL_PKEY_VERIFY"},
    {0x1d, "KEYCTL_RESTRICT_KEYRING"}, {0x1e, "KEYCTL_MOVE"}, {0x1f, "KEYCTL_CAPABILITIES"},
    {0x20, "KEYCTL_WATCH_KEY"},
};
constexpr Name kRebootCmdNames[] = {
    {0, "LINUX_REBOOT_CMD_CAD_OFF"}, {0x1234567, "LINUX_REBOOT_CMD_RESTART"},
    {0x4321fedc, "LINUX_REBOOT_CMD_POWER_OFF"}, {0x45584543, "LINUX_REBOOT_CMD_KEXEC"},
    {0x89abcdef, "LINUX_REBOOT_CMD_CAD_ON"}, {0xa1b2c3d4, "LINUX_REBOOT_CMD_RESTART2"},
    {0xcdef0123, "LINUX_REBOOT_CMD_HALT"}, {0xd000fce2, "LINUX_REBOOT_CMD_SW_SUSPEND"},
};
constexpr Name kBpfCmdNames[] = {
    {0, "BPF_MAP_CREATE"}, {1, "BPF_MAP_LOOKUP_ELEM"}, {2, "BPF_MAP_UPDATE_ELEM"},
    {3, "BPF_MAP_DELETE_ELEM"}, {4, "BPF_MAP_GET_NEXT_KEY"}, {5, "BPF_PROG_LOAD"}, {6, "BPF_OBJ_PIN"},
    {7, "BPF_OBJ_GET"}, {8, "BPF_PROG_ATTACH"}, {9, "BPF_PROG_DETACH"}, {0xa, "BPF_PROG_TEST_RUN"},
    {0xb, "BPF_PROG_GET_NEXT_ID"}, {0xc, "BPF_MAP_GET_NEXT_ID"}, {0xd, "BPF_PROG_GET_FD_BY_ID"},
    {0xe, "BPF_MAP_GET_FD_BY_ID"}, {0xf, "BPF_OBJ_GET_INFO_BY_FD"}, {0x10, "BPF_PROG_QUERY"},
    {0x11, "BPF_RAW_TRACEPOINT_OPEN"}, {0x12, "BPF_BTF_LOAD"}, {0x13, "BPF_BTF_GET_FD_BY_ID"},
    {0x14, "BPF_TASK_FD_QUERY"}, {0x15, "BPF_MAP_LOOKUP_AND_DELETE_ELEM"}, {0x16, "BPF_MAP_FREEZE"},
    {0x17, "BPF_BTF_GET_NEXT_ID"}, {0x18, "BPF_MAP_LOOKUP_BATCH"},
    {0x19, "BPF_MAP_LOOKUP_AND_DELETE_BATCH"}, {0x1a, "BPF_MAP_UPDATE_BATCH"},
    {0x1b, "BPF_MAP_DELETE_BATCH"}, {0x1c, "BPF_LINK_CREATE"}, {0x1d, "BPF_LINK_UPDATE"},
    {0x1e, "BPF_LINK_GET_FD_BY_ID"}, {0x1f, "BPF_LINK_GET_NEXT_ID"}, {0x20, "BPF_ENABLE_STATS"},
    {0x21, "BPF_ITER_CREATE"}, {0x22, "BPF_LINK_DETACH"}, {0x23, "BPF_PROG_BIND_MAP"},
};
constexpr Name kPerfFlagsNames[] = {
    {1, "PERF_FLAG_FD_NO_GROUP"}, {2, "PERF_FLAG_FD_OUTPUT"}, {4, "PERF_FLAG_PID_CGROUP"},
    {8, "PERF_FLAG_FD_CLOEXEC"},
};
constexpr Name kSyslogTypeNames[] = {
    {0, "SYSLOG_ACTION_CLOSE"}, {1, "SYSLOG_ACTION_OPEN"}, {2, "SYSLOG_ACTION_READ"},
    {3, "SYSLOG_ACTION_READ_ALL"}, {4, "SYSLOG_ACTION_READ_CLEAR"}, {5, "SYSLOG_ACTION_CLEAR"},
    {6, "SYSLOG_ACTION_CONSOLE_OFF"}, {7, "SYSLOG_ACTION_CONSOLE_ON"}, {8, "SYSLOG_ACTION_CONSOLE_LEVEL"},
    {9, "SYSLOG_ACTION_SIZE_UNREAD"}, {0xa, "SYSLOG_ACTION_SIZE_BUFFER"},
};
constexpr Name kLandlockFlagsNames[] = {
    {1, "LANDLOCK_CREATE_RULESET_VERSION"},
};
constexpr Name kLandlockRuleNames[] = {
    {1, "LANDLOCK_RULE_PATH_BENEATH"}, {2, "LANDLOCK_RULE_NET_PORT"},
};
constexpr Name kRseqFlagsNames[] = {
    {1, "RSEQ_FLAG_UNREGISTER"},
};
constexpr Name kGetrandomFlagsNames[] = {
    {1, "GRND_NONBLOCK"}, {2, "GRND_RANDOM"}, {4, "GRND_INSECURE"},
};
constexpr Name kCapabilitiesNames[] = {
    {0, "CAP_CHOWN"}, {1, "CAP_DAC_OVERRIDE"}, {2, "CAP_DAC_READ_SEARCH"}, {3, "CAP_FOWNER"},
    {4, "CAP_FSETID"}, {5, "CAP_KILL"}, {6, "CAP_SETGID"}, {7, "CAP_SETUID"}, {8, "CAP_SETPCAP"},
    {9, "CAP_LINUX_IMMUTABLE"}, {0xa, "CAP_NET_BIND_SERVICE"}, {0xb, "CAP_NET_BROADCAST"},
    {0xc, "CAP_NET_ADMIN"}, {0xd, "CAP_NET_RAW"}, {0xe, "CAP_IPC_LOCK"}, {0xf, "CAP_IPC_OWNER"},
    {0x10, "CAP_SYS_MODULE"}, {0x11, "CAP_SYS_RAWIO"}, {0x12, "CAP_SYS_CHROOT"}, {0x13, "CAP_SYS_PTRACE"},
    {0x14, "CAP_SYS_PACCT"}, {0x15, "CAP_SYS_ADMIN"}, {0x16, "CAP_SYS_BOOT"}, {0x17, "CAP_SYS_NICE"},
    {0x18, "CAP_SYS_RESOURCE"}, {0x19, "CAP_SYS_TIME"}, {0x1a, "CAP_SYS_TTY_CONFIG"}, {0x1b, "CAP_MKNOD"},
    {0x1c, "CAP_LEASE"}, {0x1d, "CAP_AUDIT_WRITE"}, {0x1e, "CAP_AUDIT_CONTROL"}, {0x1f, "CAP_SETFCAP"},
    {0x20, "CAP_MAC_OVERRIDE"}, {0x21, "CAP_MAC_ADMIN"}, {0x22, "CAP_SYSLOG"}, {0x23, "CAP_WAKE_ALARM"},
    {0x24, "CAP_BLOCK_SUSPEND"}, {0x25, "CAP_AUDIT_READ"}, {0x26, "CAP_PERFMON"}, {0x27, "CAP_BPF"},
    {0x28, "CAP_CHECKPOINT_RESTORE"},
};
// clang-format on

}  // namespace

const NameTable kMmapProt = {NameTable::Kind::flags, "PROT_???", kMmapProtNames};
const NameTable kMremapFlags = {NameTable::Kind::flags, "MREMAP_???", kMremapFlagsNames};
const NameTable kMsyncFlags = {NameTable::Kind::flags, "MS_???", kMsyncFlagsNames};
const NameTable kMlockFlags = {NameTable::Kind::flags, "MLOCK_???", kMlockFlagsNames};
const NameTable kMlockallFlags = {NameTable::Kind::flags, "MCL_???", kMlockallFlagsNames};
const NameTable kMadviseAdvice = {NameTable::Kind::values, "MADV_???", kMadviseAdviceNames};
const NameTable kMbindFlags = {NameTable::Kind::flags, "MPOL_???", kMbindFlagsNames};
const NameTable kPkeyRights = {NameTable::Kind::flags, "PKEY_???", kPkeyRightsNames};
const NameTable kShmatFlags = {NameTable::Kind::flags, "SHM_???", kShmatFlagsNames};
const NameTable kCloneFlags = {NameTable::Kind::flags, "CLONE_???", kCloneFlagsNames};
const NameTable kClone3Flags = {NameTable::Kind::flags, "CLONE_???", kClone3FlagsNames};
const NameTable kUnshareFlags = {NameTable::Kind::flags, "CLONE_???", kUnshareFlagsNames};
const NameTable kSetnsFlags = {NameTable::Kind::flags, "CLONE_NEW???", kSetnsFlagsNames};
const NameTable kWaitOptions = {NameTable::Kind::flags, "W???", kWaitOptionsNames};
const NameTable kWaitidType = {NameTable::Kind::values, "P_???", kWaitidTypeNames};
const NameTable kRlimitResource = {NameTable::Kind::values, "RLIMIT_???", kRlimitResourceNames};
const NameTable kRusageWho = {NameTable::Kind::values, "RUSAGE_???", kRusageWhoNames};
const NameTable kPrctlOption = {NameTable::Kind::values, "PR_???", kPrctlOptionNames};
const NameTable kArchPrctlCode = {NameTable::Kind::values, "ARCH_???", kArchPrctlCodeNames};
const NameTable kSchedPolicy = {NameTable::Kind::values, "SCHED_???", kSchedPolicyNames};
const NameTable kPriorityWhich = {NameTable::Kind::values, "PRIO_???", kPriorityWhichNames};
const NameTable kIoprioWhich = {NameTable::Kind::values, "IOPRIO_WHO_???", kIoprioWhichNames};
const NameTable kSeccompOp = {NameTable::Kind::values, "SECCOMP_SET_MODE_???", kSeccompOpNames};
const NameTable kSeccompFlags = {NameTable::Kind::flags, "SECCOMP_FILTER_FLAG_???", kSeccompFlagsNames};
const NameTable kPtraceRequest = {NameTable::Kind::values, "PTRACE_???", kPtraceRequestNames};
const NameTable kMembarrierCmd = {NameTable::Kind::values, "MEMBARRIER_CMD_???", kMembarrierCmdNames};
const NameTable kPersonality = {NameTable::Kind::values, "PER_???", kPersonalityNames};
const NameTable kKcmpType = {NameTable::Kind::values, "KCMP_???", kKcmpTypeNames};
const NameTable kPidfdFlags = {NameTable::Kind::flags, "PIDFD_???", kPidfdFlagsNames};
const NameTable kSigprocmaskHow = {NameTable::Kind::values, "SIG_???", kSigprocmaskHowNames};
const NameTable kSigactionFlags = {NameTable::Kind::flags, "SA_???", kSigactionFlagsNames};
const NameTable kAltStackFlags = {NameTable::Kind::flags, "SS_???", kAltStackFlagsNames};
const NameTable kIllCodes = {NameTable::Kind::values, "ILL_???", kIllCodesNames};
const NameTable kTrapCodes = {NameTable::Kind::values, "TRAP_???", kTrapCodesNames};
const NameTable kBusCodes = {NameTable::Kind::values, "BUS_???", kBusCodesNames};
const NameTable kFpeCodes = {NameTable::Kind::values, "FPE_???", kFpeCodesNames};
const NameTable kSegvCodes = {NameTable::Kind::values, "SEGV_???", kSegvCodesNames};
const NameTable kPollCodes = {NameTable::Kind::values, "POLL_???", kPollCodesNames};
const NameTable kSysCodes = {NameTable::Kind::values, "SYS_???", kSysCodesNames};
const NameTable kCldCodes = {NameTable::Kind::values, "CLD_???", kCldCodesNames};
const NameTable kSiCodes = {NameTable::Kind::values, "SI_???", kSiCodesNames};
const NameTable kSigevNotify = {NameTable::Kind::values, "SIGEV_???", kSigevNotifyNames};
const NameTable kModuleFlags = {NameTable::Kind::flags, "MODULE_INIT_???", kModuleFlagsNames};
const NameTable kKeyOp = {NameTable::Kind::values, "KEYCTL_???", kKeyOpNames};
const NameTable kRebootCmd = {NameTable::Kind::values, "LINUX_REBOOT_CMD_???", kRebootCmdNames};
const NameTable kBpfCmd = {NameTable::Kind::values, "BPF_???", kBpfCmdNames};
const NameTable kPerfFlags = {NameTable::Kind::flags, "PERF_FLAG_???", kPerfFlagsNames};
const NameTable kSyslogType = {NameTable::Kind::values, "SYSLOG_ACTION_???", kSyslogTypeNames};
const NameTable kLandlockFlags = {NameTable::Kind::flags, "LANDLOCK_???", kLandlockFlagsNames};
const NameTable kLandlockRule = {NameTable::Kind::values, "LANDLOCK_RULE_???", kLandlockRuleNames};
const NameTable kRseqFlags = {NameTable::Kind::flags, "RSEQ_FLAG_???", kRseqFlagsNames};
const NameTable kGetrandomFlags = {NameTable::Kind::flags, "GRND_???", kGetrandomFlagsNames};
const NameTable kCapabilities = {NameTable::Kind::values, "CAP_???", kCapabilitiesNames};

}  // namespace tarry::decode
