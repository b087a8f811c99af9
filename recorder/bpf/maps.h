/* Settings, maps and the state of a thread: what every source of events shares. */
#ifndef TARRY_MAPS_H
#define TARRY_MAPS_H

/* ---- settings, fixed before the programs are loaded ---- */

const volatile __u32 mode = MODE_MARKED;
const volatile __u32 snaplen = 0; /* payload bytes of a call, at most PAYLOAD_MAX */
const volatile __u64 rest_snaplen = 0; /* of a call on a socket or pipe, in pieces */
const volatile bool trace_syscalls = false;
const volatile __u64 stack_min_sleep_ns = 0; /* ~0: never */
const volatile __u64 target_cgroup = 0;      /* kernfs id */
const volatile __u64 tick_us = 4000; /* of the kernel's jiffies */
const volatile __s32 target_hierarchy = -1;  /* subsystem index of a v1 hierarchy, -1: v2 */

/* ---- shared with user space while running ---- */

__u32 self_tgid = 0;       /* the recorder, initial pid namespace; set by the first iterator */
__u64 self_pid_ns = 0;     /* address of its pid namespace */
__u32 self_pid_level = 0;
__s64 alive_threads = 0;   /* recorded ones that have not exited */
__u32 cgroup_moves = 0;    /* of processes into the target cgroup */
__u32 last_thread_id = 0;
__u32 last_resource_id = 0;
__u32 marks = 1; /* goes up with every thread that becomes a target */
/* User space raises it to have every object that is still in use numbered and defined anew: so it can
 * forget what it was told two epochs ago. A call that is pending for so long looks again. */
__u32 resource_epoch = 0;

/* What the next iterator shall do; written by user space before it is read. */
__u32 snapshot_job = SNAP_SELF;
__s32 snapshot_pid = 0;

enum { MAX_CPUS = 1024 };

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY_OF_MAPS);
	__uint(max_entries, 1); /* one per possible CPU */
	__type(key, u32);
	__array(values, struct {
		__uint(type, BPF_MAP_TYPE_RINGBUF);
		__uint(max_entries, 4096);
	});
} event_rings SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 4096);
} definitions SEC(".maps");

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, PLAN_TABLES * PLAN_CALLS);
	__type(key, u32);
	__type(value, struct call_plan);
} plans SEC(".maps");

static __always_inline struct call_plan *find_plan(u8 abi, s64 nr)
{
	u32 index = (u32)nr;

	if (abi == ABI_X32) {
		index &= ~0x40000000U;
		index = index < PLAN_CALLS ? index + 2 * PLAN_CALLS : ~0U;
	} else if (abi == ABI_I386) {
		index = index < PLAN_CALLS ? index + PLAN_CALLS : ~0U;
	} else if (index >= PLAN_CALLS) {
		return NULL;
	}
	return bpf_map_lookup_elem(&plans, &index);
}

/* Lost events per source, all threads together; the detail comes in RT_LOSS. */
__u64 lost_total[LOSS_SOURCES] = {};
/* Those that no thread's RT_LOSS will tell. */
__u64 lost_unattributed[LOSS_SOURCES] = {};

/* Buffers too large for the stack. Each kind of program has its own, because one can interrupt
 * another on the same CPU; a program never interrupts itself. */
enum { SLOT_ENTER, SLOT_EXIT, SLOT_LIFE, SLOT_SWITCH, SLOT_WAKE, SLOT_SIGNAL, SLOT_SOCKET, SLOT_SNAPSHOT,
       SLOT_PACKET, SLOT_PACKET_SOCKET, SLOTS };
enum { SCRATCH_BYTES = 32 * 1024 };

struct scratch {
	u8 bytes[SCRATCH_BYTES];
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, SLOTS);
	__type(key, u32);
	__type(value, struct scratch);
} scratches SEC(".maps");

static __always_inline struct scratch *get_scratch(u32 slot)
{
	return bpf_map_lookup_elem(&scratches, &slot);
}

/* ---- what this CPU does ---- */

/* Written by the programs at switches and in interrupts, read by those that ask about the current thread:
 * a hundred times as often, and for less than a call of a helper. Not every switch is seen (some tasks of
 * a sandbox are kept back by its kernel), so what is said of a task holds only while it is the one. */
struct cpu_context {
	u32 softirq; /* vector + 1, 0: none */
	u32 irq;     /* in a device's interrupt handler */
	u32 timer;   /* in an hrtimer's function */
	u32 disk_irq; /* a disk request completed in this interrupt */
	u32 disk_softirq;
	u32 clean;   /* equal to `marks`: the thread whose saved registers stand at `regs` is not recorded */
	u32 thread;  /* id of `task`, recorded or not; 0: not known */
	u32 place;   /* where the calls of the current thread stand (short_calls.h) */
	u64 regs;
	u64 task;
	u64 socket;  /* struct sock that got data in this softirq */
	u64 preempt_count; /* address of this CPU's, 0: not known yet */
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, 1);
	__type(key, u32);
	__type(value, struct cpu_context);
} cpu_contexts SEC(".maps");

static __always_inline struct cpu_context *cpu_context(void)
{
	u32 zero = 0;
	return bpf_map_lookup_elem(&cpu_contexts, &zero);
}

/* ---- objects ---- */

/* What identifies an object behind an fd. Addresses in it are compared, never followed. */
struct res_key {
	u64 a, b, c, d;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 32768);
	__type(key, struct res_key);
	__type(value, u32);
} resources SEC(".maps");

/* ---- threads ---- */

struct cached_directory {
	struct res_key key;
	u64 id;
};

enum { /* thread_state.flags */
	STATE_NEW_CHILD = 1,  /* the call it is in is its creator's: a clone, the launcher's wait */
	STATE_ENTER_DATA = 2, /* RT_ENTER_DATA of the current call was written */
	STATE_POLLS = 4,      /* found blocked in poll or select: on_polling_task tells of it */
	STATE_EXIT_DATA = 8,  /* the same of parts that were taken at its exit */
};

enum { TLS_NESTED = 3 }; /* TLS within TLS, through a proxy, takes two */

/* A call of a library's function on its way. */
struct tls_call {
	u64 sp;
	u64 cookie;
	u64 enter_ns;
	u64 session;
	u64 buffer;
	u64 moved; /* where the count of bytes will stand; 0: the result is it */
	u32 calls; /* of the system, that the thread had made */
	u32 pad;
};

struct tls_state {
	u32 depth;
	u32 pad;
	struct tls_call calls[TLS_NESTED];
};

struct thread_state {
	u32 id; /* 0: not defined yet */
	u32 leader;
	u32 recorded; /* 0: known by name only */
	u32 flags;
	u32 call_seq;
	u32 data_seq; /* the call's number when it was entered (an exec may renumber it) */
	u32 data_thread;
	u32 res_epoch; /* of `res` */
	u32 retry; /* bit i: item i of the plan could not be read at enter */
	/* the call it is in */
	s32 nr; /* -1: none */
	u8 abi;
	u8 is_short; /* RT_SHORT_CALL will do */
	u16 messages; /* of a sendmmsg: so many were taken at the enter */
	u64 enter_ns;
	u64 args[MAX_ARGS];
	u32 res[RES_SLOTS];
	/* since when it does not run, 0: it does */
	u64 out_ns;
	u32 fault_res; /* file of the page fault it is in */
	u32 exited;
	u64 as_scalar; /* see address_of() */
	/* what the poll or select of number polled_seq waits for, 0: none; read in polled_epoch */
	u32 polled_seq, polled_epoch;
	struct rec_polled polled;
	/* not yet reported losses */
	u64 lost_first_ns[LOSS_SOURCES];
	u64 lost_last_ns[LOSS_SOURCES];
	u32 lost[LOSS_SOURCES];
	struct cached_directory cwd, root;
	struct tls_state tls;
};

struct {
	__uint(type, BPF_MAP_TYPE_TASK_STORAGE);
	__uint(map_flags, BPF_F_NO_PREALLOC);
	__type(key, int);
	__type(value, struct thread_state);
} threads SEC(".maps");

/* A number instead of a typed pointer, as functions that are verified on their own take it. */
static __always_inline u64 address_of(struct thread_state *st, const void *pointer)
{
	*(volatile u64 *)&st->as_scalar = (u64)pointer;
	return *(volatile u64 *)&st->as_scalar;
}

/* ---- losses ---- */

enum { LOSS_SLICE_NS = 100 * 1000 * 1000 };

static __always_inline void report_loss(struct thread_state *st, u32 source)
{
	if (source >= LOSS_SOURCES || !st->lost[source] || !st->id)
		return;
	struct rec_loss *rec = bpf_ringbuf_reserve(&definitions, sizeof(*rec), 0);
	if (!rec)
		return; /* stays for the next time */
	rec->type = RT_LOSS;
	rec->source = (u8)source;
	rec->pad = 0;
	rec->thread = st->id;
	rec->first_ns = st->lost_first_ns[source];
	rec->last_ns = st->lost_last_ns[source];
	rec->count = st->lost[source];
	st->lost[source] = 0;
	bpf_ringbuf_submit(rec, BPF_RB_NO_WAKEUP);
}

/* An event of the thread did not fit. Told in slices, so that the time of a loss is known. */
static __noinline void lose(struct thread_state *st, u32 source, u64 now)
{
	__sync_fetch_and_add(&lost_total[source], 1);
	if (st->lost[source] && now - st->lost_first_ns[source] > LOSS_SLICE_NS)
		report_loss(st, source);
	if (!st->lost[source])
		st->lost_first_ns[source] = now;
	st->lost_last_ns[source] = now;
	st->lost[source]++;
}

static __always_inline void lose_unattributed(u32 source)
{
	__sync_fetch_and_add(&lost_total[source], 1);
	__sync_fetch_and_add(&lost_unattributed[source], 1);
}

/* The ring of what is long or rare; what is short and frequent goes through the lane (lanes.h). */
static __always_inline void *event_ring(void)
{
	u32 cpu = bpf_get_smp_processor_id();
	return bpf_map_lookup_elem(&event_rings, &cpu);
}

#endif
