/* The records that the BPF programs put into rings and lanes: the layout shared by kernel and user side.
 * Never stored: user space translates them (recorder/raw_encoder.cc) and the two are always built
 * together, so the layout may change freely.
 *
 * Each ring holds records behind the kernel's 8-byte header (see recorder/bpf_ring.h). All times
 * are CLOCK_BOOTTIME nanoseconds. Thread, resource ids: serial numbers of this recording, 0: none.
 *
 * Definitions ring:  RT_THREAD RT_RESOURCE RT_CGROUP, lifecycle, RT_BLOCKED, RT_OPEN_FD, RT_LOSS
 *                    RT_RELEASED RT_EPOLL_MEMBER, RT_SOCKET of what lives at the end
 * Event rings:       RT_ENTER_DATA RT_REST RT_CALL RT_SIGNAL RT_SOCKET RT_PLAINTEXT RT_PACKET, long ones of the
 *                    following
 * Lanes:             RT_SHORT_CALL RT_SWITCH_IN RT_SWITCH_OUT RT_WAKE; where there is no room, event rings
 */
#ifndef TARRY_RECORDS_H
#define TARRY_RECORDS_H

#include <linux/types.h>

/* NOLINTBEGIN(readability-identifier-naming): in the kernel's style, as the programs that fill them */

#ifdef __cplusplus
#define TARRY_ASSERT_SIZE(type, bytes) static_assert(sizeof(type) == (bytes), "layout of " #type)
#else
#define TARRY_ASSERT_SIZE(type, bytes) _Static_assert(sizeof(type) == (bytes), "layout of " #type)
#endif

enum {
	RT_THREAD = 1,
	RT_RESOURCE,
	RT_CGROUP,
	RT_FORK,
	RT_EXEC,
	RT_COMM,
	RT_EXIT,
	RT_BLOCKED,
	RT_OPEN_FD,
	RT_LOSS,
	RT_RELEASED,
	RT_EPOLL_MEMBER,
	RT_ENTER_DATA = 32,
	RT_CALL,
	RT_SHORT_CALL,
	RT_SWITCH_IN,
	RT_SWITCH_OUT,
	RT_WAKE,
	RT_SIGNAL,
	RT_REST,
	RT_SOCKET,
	RT_PLAINTEXT = 48,
	RT_MAPPED_CODE, /* in a ring of its own */
	RT_PACKET,
};

enum { /* the abi of a call; numbers as in enum class Abi */
	ABI_NONE = 0,
	ABI_X86_64 = 1,
	ABI_I386 = 2,
	ABI_X32 = 3,
	ABI_AARCH64 = 4,
};

enum { MAX_ARGS = 6 };

/* ---- lanes: see recorder/bpf/lanes.h ---- */

enum {
	LANE_DATA = 4096,        /* where the records begin, behind struct lane; a page of its own */
	LANE_LEAST = 64 * 1024,
	LANE_SKIP = 1 << 30,     /* in a record's head: nothing but room, as BPF_RINGBUF_DISCARD_BIT */
};

/* Records stand as in the kernel's rings, behind 8 bytes whose first word is their length. None goes
 * beyond the end. Positions only grow; their place is the rest by the lane's size. */
struct lane {
	__u64 read; /* up to here, by user space */
	__u8 pad[56];
	__u64 written;
	__u32 busy; /* a program of this CPU writes */
	__u32 pad2;
};
TARRY_ASSERT_SIZE(struct lane, 80);

/* ---- definitions ---- */

enum {
	THREAD_RECORDED = 1,
	THREAD_EXISTED = 2,
	THREAD_KERNEL = 4,
	THREAD_HAS_INFO = 8, /* a group leader that is recorded: exe, cwd, cgroup, uid, gid hold */
	THREAD_AGAIN = 16,   /* known by name only until now, from now on recorded */
};

struct rec_thread {
	__u8 type;
	__u8 flags; /* THREAD_* */
	__u16 pad;
	__u32 id;
	__u32 leader;  /* id of the thread group's leader */
	__u32 creator; /* id, 0 where not known */
	__s32 tid, pid;        /* initial pid namespace */
	__s32 ns_tid, ns_pid;  /* the task's own pid namespace */
	__s32 own_tid, own_pid; /* the recorder's pid namespace, 0: not visible there */
	__s32 ppid;
	__u32 uid, gid;
	__u32 exe, cwd; /* resources */
	__u32 pad2;
	__u64 cgroup; /* id of RT_CGROUP, 0 where not known */
	__u64 start_ns;
	__u64 ts_ns;
	char comm[16];
};
TARRY_ASSERT_SIZE(struct rec_thread, 104);

struct rec_socket {
	__u16 family, type, protocol;
	__u8 listening;
	__u8 pad;
	__u8 local_addr[16], remote_addr[16];
	__u16 local_port, remote_port; /* host order */
	__s32 peer_pid;
	__u64 peer_inode;
};

struct rec_resource {
	__u8 type;
	__u8 is_socket;
	__u16 mode; /* st_mode */
	__u32 id;
	__u32 dev, rdev; /* the kernel's dev_t: major << 20 | minor */
	__u32 generation;
	__u32 text_len;
	__u64 inode;
	__u64 magic;  /* of the file system */
	__u8 detached; /* in no directory tree: its only name is a description */
	__u8 no_mount; /* the names end at the root of the file system */
	__u16 pad;
	__u32 resource_epoch; /* in which it was numbered: see maps.h */
	__u64 object; /* tells objects of one anonymous inode apart; an address: never leaves the recorder */
	struct rec_socket socket;
	/* text_len bytes: names from the leaf to the root, each with its NUL; in a Unix socket the
	 * bound name */
};
TARRY_ASSERT_SIZE(struct rec_resource, 112);

struct rec_cgroup {
	__u8 type;
	__u8 pad[3];
	__u32 text_len;
	__u64 id;
	/* names from the leaf to the root, each with its NUL */
};

/* ---- lifecycle ---- */

struct rec_fork {
	__u8 type;
	__u8 pad[3];
	__u32 thread, child;
	__u32 pad2;
	__u64 ts_ns;
};

struct rec_exec {
	__u8 type;
	__u8 pad[3];
	__u32 thread; /* the process's leader: who it is from now on */
	__u32 old;    /* id of the thread that called execve if that was another, else 0 */
	__u32 exe, cwd;
	__u32 uid, gid;
	__u32 args_len;
	__u64 args_total; /* bytes there were */
	__u64 cgroup;
	__u64 ts_ns;
	char comm[16];
	/* args_len bytes of the argument strings, each with its NUL */
};

struct rec_comm {
	__u8 type;
	__u8 pad[3];
	__u32 thread;
	__u64 ts_ns;
	char comm[16];
};

struct rec_exit {
	__u8 type;
	__u8 group_dead;
	__u16 pad;
	__u32 thread;
	__s32 status; /* wait(2) encoding */
	__u32 pad2;
	__u64 ts_ns;
	__u64 user_ns, system_ns; /* as sampled by the tick */
	__u64 runtime_ns;         /* exact: the sum that user and system share */
	__u64 max_rss_pages;
};

struct rec_loss {
	__u8 type;
	__u8 source; /* LossSource */
	__u16 pad;
	__u32 thread;
	__u64 first_ns, last_ns;
	__u64 count;
};

/* The kernel has given up the task: no event will name it any more. */
struct rec_released {
	__u8 type;
	__u8 pad[3];
	__u32 thread;
};

struct rec_open_fd {
	__u8 type;
	__u8 pad[3];
	__u32 process;
	__s32 fd;
	__u32 resource;
};

struct rec_epoll_member {
	__u8 type;
	__u8 pad[3];
	__u32 process;
	__s32 epoll_fd;
	__s32 fd; /* -1: all members of the set have been named */
	__u32 resource;
	__u32 pad2;
	__u64 data;
};
TARRY_ASSERT_SIZE(struct rec_epoll_member, 32);

/* ---- scheduling ---- */

struct rec_pending {
	__u8 abi;
	__u8 pad[3];
	__s32 nr; /* -1: none */
	__u32 resource;
	__u32 pad2;
	__u64 args[MAX_ARGS];
};

enum { POLLED_MAX = 16 };

/* The objects that a poll or select waits for; none where they were not read or are more than that. */
struct rec_polled {
	__u32 count;
	__u32 resources[POLLED_MAX]; /* 0: not known */
	__u32 pad;
};

struct rec_blocked { /* the snapshot's: a thread that is not running */
	__u8 type;
	__u8 pad[3];
	__u32 thread;
	__u32 state; /* the kernel's TASK_* bits */
	__u32 pad2;
	__u64 ts_ns;
	struct rec_pending pending;
	struct rec_polled polled;
};

enum { NO_CPU = 0xffff }; /* which one is not known; kNoCpu */
enum { STATE_UNSEEN = 1 << 30 }; /* off the CPU for what was not looked at */
enum { STATE_RECORDER = 1 << 31 }; /* beside the TASK_* bits of a state: in a stop of the recorder's */

struct rec_switch_in {
	__u8 type;
	__u8 pad;
	__u16 cpu;
	__u32 thread;
	__u64 ts_ns;
};

enum { SWITCH_PREEMPTED = 1, SWITCH_IOWAIT = 2, SWITCH_THROTTLED = 4 };

struct rec_switch_out { /* a preempted thread's record is rec_switch_out_short */
	__u8 type;
	__u8 flags; /* SWITCH_* */
	__u16 cpu;
	__u32 thread;
	__u64 ts_ns;
	__u32 state; /* the kernel's TASK_* bits */
	__u32 pad;
	struct rec_pending pending;
};

struct rec_switch_out_short { /* the begin of it */
	__u8 bytes[24];
};
TARRY_ASSERT_SIZE(struct rec_switch_out_short, 24);

struct rec_switch_out_polled { /* where there is something in `polled` */
	struct rec_switch_out out;
	struct rec_polled polled;
};

enum { /* as in enum class WakerContext */
	WAKER_UNKNOWN = 0,
	WAKER_THREAD = 1,
	WAKER_HARDIRQ = 2,
	WAKER_SOFTIRQ = 3,
	WAKER_TIMER = 4,
	WAKER_NETWORK = 5,
	WAKER_DISK = 6,
};

struct rec_wake {
	__u8 type;
	__u8 context; /* WAKER_* */
	__u8 is_new;
	__u8 abi;
	__u32 thread; /* the woken */
	__u32 waker;
	__s32 nr;     /* call of the waker, -1: none */
	__u32 resource;
	__u32 stack_depth;
	__u64 ts_ns;
	/* stack_depth kernel addresses, innermost first */
};

/* ---- signals ---- */

/* siginfo_t of a 64-bit ABI (include/uapi/asm-generic/siginfo.h), as far as the kernel keeps it. */
struct rec_siginfo {
	__s32 signo, error, code;
	__u32 pad;
	__u64 fields[4]; /* the union behind si_code */
};
TARRY_ASSERT_SIZE(struct rec_siginfo, 48);

enum { SIGNAL_DELIVERED = 1, SIGNAL_STOPPED = 2 }; /* as in enum class SignalKind */
enum { ACTION_HANDLER = 1, ACTION_IGNORE = 2, ACTION_DEFAULT = 3 }; /* as in enum class SignalAction */

struct rec_signal {
	__u8 type;
	__u8 event;  /* SIGNAL_* */
	__u8 action; /* ACTION_* */
	__u8 pad;
	__u32 thread;
	__u32 sender; /* id, 0 where not known or not a thread */
	__u32 pad2;
	__u64 ts_ns;
	struct rec_siginfo info;
};
TARRY_ASSERT_SIZE(struct rec_signal, 72);

/* ---- sockets ---- */

enum { /* as in enum class SocketEventKind */
	SOCKET_CONNECTING = 1,
	SOCKET_ESTABLISHED = 2,
	SOCKET_ACCEPTED = 3,
	SOCKET_LISTENING = 4,
	SOCKET_STATE = 5,
	SOCKET_RETRANSMIT = 6,
	SOCKET_SYNACK_RETRANSMIT = 7,
	SOCKET_RESET_SENT = 8,
	SOCKET_RESET_RECEIVED = 9,
	SOCKET_FAILED = 10,
	SOCKET_CLOSED = 11,
	SOCKET_FACTS = 12,
};

enum { /* in the order of kTcpFacts */
	FACT_SRTT_US,
	FACT_MIN_RTT_US,
	FACT_RTT_VAR_US,
	FACT_BYTES_SENT,
	FACT_BYTES_ACKED,
	FACT_BYTES_RECEIVED,
	FACT_BYTES_RETRANS,
	FACT_SEGS_OUT,
	FACT_SEGS_IN,
	FACT_DATA_SEGS_OUT,
	FACT_DATA_SEGS_IN,
	FACT_RETRANSMITS,
	FACT_BUSY_US,
	FACT_RWND_LIMITED_US,
	FACT_SNDBUF_LIMITED_US,
	FACT_SEND_QUEUE,
	FACT_RECEIVE_QUEUE,
	FACT_CWND,
	FACT_MSS,
	SOCKET_FACTS_COUNT,
};

struct rec_socket_event {
	__u8 type;
	__u8 kind;  /* SOCKET_* */
	__u8 state; /* TCP_*: from now on */
	__u8 has_facts;
	__u32 thread; /* 0: an interrupt */
	__u32 socket;
	__s32 error; /* errno */
	__u64 ts_ns;
	__u64 inode; /* 0: has none */
	struct rec_socket ends;
	__u64 facts[SOCKET_FACTS_COUNT];
};
TARRY_ASSERT_SIZE(struct rec_socket_event, 240);

/* ---- packets ---- */

enum { PACKET_RAW_IP = 0, PACKET_ETHERNET = 1, PACKET_LOOPBACK = 2 }; /* as in enum class PacketLink */

enum { PACKET_MOST = 16 * 1024 }; /* bytes kept of one */

struct rec_packet {
	__u8 type;
	__u8 sent;
	__u8 link; /* PACKET_* */
	__u8 pad;
	__u32 thread; /* 0: an interrupt */
	__u32 resource;
	__u32 interface;
	__u64 ts_ns;
	__u32 length;
	__u32 data_len;
	char name[16]; /* of the interface */
	/* data_len bytes */
};
TARRY_ASSERT_SIZE(struct rec_packet, 48);

/* ---- plaintext of TLS libraries ---- */

/* What a probe is told of the place it sits at (its cookie): bits from which on the number of a register
 * stands, as in machine code, in which an argument is; and the library (enum class TlsLibrary). */
enum {
	TLS_COOKIE_SESSION = 0,
	TLS_COOKIE_BUFFER = 4,
	TLS_COOKIE_MOVED = 8, /* pointer to the count of bytes */
	TLS_COOKIE_LIBRARY = 12,
	TLS_COOKIE_SENDS = 1 << 16,
	TLS_COOKIE_INT = 1 << 17, /* the result has 32 bits */
	TLS_COOKIE_HAS_MOVED = 1 << 18,
	TLS_COOKIE_HANDSHAKE = 1 << 19, /* moves no plaintext */
};

enum { TLS_RECEIVED, TLS_SENT, TLS_HANDSHAKE };

enum { PLAINTEXT_PIECE = 16 * 1024, PLAINTEXT_PIECES = 256 };

struct rec_plaintext {
	__u8 type;
	__u8 library;
	__u8 what; /* TLS_*; of a handshake only the session and its resource are told */
	__u8 more; /* another piece follows */
	__u32 thread;
	__u32 leader;
	__u32 resource; /* of the last call of the system within; 0: there was none or it has no fd */
	__u64 ts_ns;
	__u64 dur_ns;
	__u64 session;
	__s64 result;
	__u64 length;
	__u32 data_len;
	__u32 offset; /* of these bytes; not 0: a further piece of the record before */
	/* data_len bytes; the record may be longer */
};
TARRY_ASSERT_SIZE(struct rec_plaintext, 64);

/* A recorded process has executed a file, or mapped one to be executed, that was not told of before. */
struct rec_mapped_code {
	__u8 type;
	__u8 pad[3];
	__s32 pid;      /* in the recorder's pid namespace; 0: not visible there */
	__u32 resource; /* key in told_code */
	__u32 pad2;
	__u64 begin, end; /* of the mapping; both 0: the process's own program */
};
TARRY_ASSERT_SIZE(struct rec_mapped_code, 32);

/* ---- system calls ---- */

enum {
	CALL_UNFINISHED = 1,
	CALL_NO_ENTER = 2,
	CALL_ENTER_DATA = 4, /* RT_ENTER_DATA came before, under data_thread/data_seq */
	CALL_EXIT_DATA = 8,  /* the same, of parts that were taken at the exit */
};

/* Slots of rec_call.res: the first two fd arguments, the returned fd, the working directory that
 * relative paths start from (or the second returned fd of a pair). */
enum { RES_FIRST = 0, RES_SECOND = 1, RES_RETURNED = 2, RES_CWD = 3, RES_SLOTS = 4 };

struct rec_call {
	__u8 type;
	__u8 abi;
	__u8 flags; /* CALL_* */
	__u8 pad;
	__u32 thread;
	__u32 call_seq;
	__s32 nr;
	__u32 data_thread, data_seq; /* of its RT_ENTER_DATA; an exec may have renumbered the call */
	__u64 enter_ns;
	__u64 dur_ns;
	__s64 ret;
	__u64 args[MAX_ARGS];
	__u32 res[RES_SLOTS];
	/* parts, to the end of the record */
};
TARRY_ASSERT_SIZE(struct rec_call, 112);

enum { SHORT_ARGS = 3 };

enum { SHORT_HAS_DATA = 0x8000 }; /* in rec_short_call.nr: an RT_ENTER_DATA with its buffer came before */

struct rec_short_call { /* a call that PLAN_SHORT is set for, from its enter to its exit */
	__u8 type;
	__u8 abi;
	__u16 nr; /* without the bit that marks x32 */
	__u32 thread;
	__u32 call_seq;
	__u32 resource; /* slot RES_FIRST */
	__u64 enter_ns;
	__u64 dur_ns;
	__s64 ret;
	__u64 args[SHORT_ARGS];
};
TARRY_ASSERT_SIZE(struct rec_short_call, 64);

enum { /* rec_enter_data.place */
	PARTS_FIRST = 0,   /* before those that came for the same call */
	PARTS_NEXT = 1,    /* behind them */
	PARTS_AT_EXIT = 2, /* behind all that is taken at the enter, before those of the RT_CALL */
};

struct rec_enter_data {
	__u8 type;
	__u8 place; /* PARTS_* */
	__u8 pad[2];
	__u32 thread;
	__u32 call_seq;
	__u32 pad2;
	/* parts, to the end of the record */
};

enum { REST_BYTES = 15 * 1024 };

struct rec_rest { /* a piece of what a call moved, before its RT_CALL */
	__u8 type;
	__u8 arg;
	__u8 index; /* PayloadRef::part */
	__u8 out;
	__u32 thread;
	__u32 call_seq;
	__u32 len;
	__u64 offset; /* in all that was moved */
	/* `len` bytes */
};
TARRY_ASSERT_SIZE(struct rec_rest, 24);

enum {
	PART_STRING = 1,
	PART_PAYLOAD = 2,
	PART_READY = 3, /* data: struct part_ready */
	PART_ROOT = 4,  /* data: struct part_root */
};

enum { PART_TRUNCATED = 1, PART_OUT = 2, PART_LIST = 4 /* strings, each with its NUL */ };

struct rec_part { /* followed by `len` bytes, padded to a multiple of 8 */
	__u8 kind;
	__u8 arg;
	__u8 flags;
	__u8 pad;
	__u16 index; /* PayloadRef::part */
	__u16 len;
	__u64 full_len;
};
TARRY_ASSERT_SIZE(struct rec_part, 16);

struct part_ready {
	__s32 fd;
	__u32 resource;
	__u64 data; /* revents, or epoll's data */
};

struct part_root { /* the directory that absolute paths start from, where that is not the namespace's */
	__u32 resource;
	__u32 pad;
};

/* ---- the capture plan: one per call, filled by user space (recorder/capture_plan.cc) ---- */

enum {
	PLAN_ENTER_PARTS = 1, /* some items are taken at enter */
	PLAN_EXIT_PARTS = 2,
	PLAN_RETURNS_FD = 4,
	PLAN_LATE_RESOURCE = 8, /* the fd's object changes by the call: look at it at the exit */
	PLAN_SHORT = 16,        /* at most three arguments, one object, one buffer: RT_SHORT_CALL */
	PLAN_CWD = 32,          /* first path argument has no dirfd: it starts from the working directory */
	PLAN_PAIR = 64,         /* two fds returned through a pointer (pair_arg) */
	PLAN_KNOWN = 128,
};

enum { /* what to capture of an argument */
	ITEM_NONE = 0,
	ITEM_STRING,   /* NUL-terminated, whole up to PATH_MAX */
	ITEM_ARGV,     /* NULL-terminated array of strings, joined */
	ITEM_ENVP,     /* its count as u32 */
	ITEM_FIXED,    /* `size` bytes */
	ITEM_BUFFER,   /* length in argument `len_arg`, at most snaplen */
	ITEM_RESULT,   /* as many bytes as the call returned, at most snaplen */
	ITEM_COUNTED,  /* argument `len_arg` (or the result) elements of `size` bytes */
	ITEM_SOCKLEN,  /* length in the socklen_t behind argument `len_arg` */
	ITEM_IOVEC,    /* array (index 2) and the data behind it (index 3) */
	ITEM_MSGHDR,   /* struct (0), name (1), iovec (2), data (3), control data (4) */
	ITEM_READY_POLL,
	ITEM_READY_SELECT, /* all three sets */
	ITEM_READY_EPOLL,
	ITEM_RESULT_STRING, /* out: a NUL-terminated string of at most the result's length */
	ITEM_MMSGHDR,    /* message i of an array: indexes as ITEM_MSGHDR, + 8 * (i + 1) */
	ITEM_BY_COMMAND, /* as much as `size` (RULE_*) says for the command in argument `len_arg` */
	ITEM_DIRENTS,    /* the result's bytes (0) and the count of entries (1); `size`: offset of d_reclen */
	ITEM_SIGMASK,    /* struct (0), set (1) */
	ITEM_CLONE_IDS,  /* out: pidfd (1), parent's copy of the tid (2) */
	ITEM_MSGBUF,     /* a long of `size` bytes, then as many as argument `len_arg` or the result */
	ITEM_SIGRETURN,  /* the mask in the frame that rt_sigreturn leaves */
};

enum { /* plan_item.size of an ITEM_BY_COMMAND */
	RULE_FCNTL = 1,
	RULE_IOCTL,
	RULE_PRCTL,
	RULE_SECCOMP,
	RULE_FUTEX,
	RULE_FUTEX64,
	RULE_SHMCTL,
};

enum { /* call_plan.sets: how a call says which fds it waits for */
	SETS_NONE = 0,
	SETS_POLL,   /* struct pollfd[argument 1] behind argument 0 */
	SETS_SELECT, /* up to three bit sets behind arguments 1 to 3, of as many bits as argument 0 says */
};

enum { /* call_plan.buffer: the only part of a short call, its second argument */
	BUFFER_NONE = 0,
	BUFFER_IN,  /* as long as the third says, taken at the enter */
	BUFFER_OUT, /* as long as the result says, taken at the exit */
};

enum { NO_ARG = 0xff, MAX_ITEMS = 16 };
enum { STRING_IS_PATH = 1 /* plan_item.size of an ITEM_STRING */ };
enum { IOVEC_ARRAY_ONLY = 1 /* plan_item.size of an ITEM_IOVEC: addresses of another process */ };

struct plan_item {
	__u8 what; /* ITEM_* */
	__u8 arg;
	__u8 out;     /* 0: at enter, 1: at exit */
	__u8 len_arg; /* NO_ARG: the result */
	__u32 size;   /* of a fixed structure or an element; ITEM_BUFFER etc.: 0 */
};

struct call_plan {
	__u8 flags;      /* PLAN_* */
	__u8 fd_arg[2];  /* fd arguments; NO_ARG: none */
	__u8 fd_is_dir;  /* bit i: fd_arg[i] is a dirfd: AT_FDCWD means the working directory */
	__u8 pair_arg;
	__u8 items;
	__u8 returns_if_dup; /* fcntl: an fd only with F_DUPFD */
	__u8 sets; /* SETS_* */
	__u8 rest_item; /* of whose bytes on a socket or pipe all are taken; NO_ARG: none */
	/* PLAN_SHORT: so many arguments behind the first SHORT_ARGS must be 0 for it */
	__u8 zero_args;
	__u8 buffer; /* PLAN_SHORT: BUFFER_* */
	__u8 pad[5];
	struct plan_item item[MAX_ITEMS];
};
TARRY_ASSERT_SIZE(struct call_plan, 16 + 8 * MAX_ITEMS);

/* Rows of the plan table: x86-64 (or aarch64), i386, x32. */
enum { PLAN_CALLS = 1024, PLAN_TABLES = 3 };

/* ---- settings and counters ---- */

enum { MODE_MARKED = 0, MODE_CGROUP = 1, MODE_ALL = 2 };

/* What a task iterator does. */
enum { SNAP_SELF, SNAP_MARK_PID, SNAP_MARK_TREE, SNAP_MARK_CGROUP, SNAP_MARK_ALL, SNAP_FINISH };

enum { /* as in enum class LossSource */
	LOSS_SYSCALLS = 1,
	LOSS_SWITCHES = 2,
	LOSS_WAKES = 3,
	LOSS_LIFECYCLE = 4,
	LOSS_DEFINITIONS = 5,
	LOSS_PAYLOAD = 6,
	LOSS_SIGNALS = 8, /* 7: the recorder's own */
	LOSS_SOCKETS = 9,
	LOSS_PACKETS = 10,
	LOSS_PLAINTEXT = 11,
	LOSS_SOURCES = 12,
};

/* NOLINTEND(readability-identifier-naming) */

#endif
