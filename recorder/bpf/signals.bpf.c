/* Signals that reach a recorded thread, and the stops that they lead to.
 *
 * Recorded is the delivery (signal_deliver: the thread takes the signal out of its queue and acts on
 * it), because only there thread, action and siginfo come together, and what a process ignores or
 * blocks never shows. Who sent it is remembered when it is queued (signal_generate, in the context of
 * the sender), and so are the two cases that get no delivery of their own:
 *
 * - A fatal signal ends the process while it is being queued (kernel/signal.c, complete_signal()); every
 *   thread then takes a SIGKILL without siginfo. The first one to do so is reported with the signal and
 *   the siginfo that were queued.
 * - SIGCONT continues a stopped process while it is being queued, even if it is then thrown away. */

/* include/linux/sched/signal.h */
#define SIGNAL_GROUP_EXIT 0x00000004
#define SIGNAL_CLD_CONTINUED 0x00000020
/* include/linux/sched/jobctl.h: signal of the last group stop */
#define JOBCTL_STOP_SIGMASK 0xffff

/* include/uapi/asm-generic/signal.h, siginfo.h */
enum { SIGNO_CHLD = 17, SIGNO_CONT = 18 };
enum { CODE_USER = 0, CODE_KERNEL = 0x80, CODE_TIMER = -2, CODE_SIGIO = -5, CLD_FIRST = 1, CLD_LAST = 6 };

/* include/trace/events/signal.h: the result of signal_generate */
enum { SENT_QUEUED = 0, SENT_IGNORED = 1, SENT_WITHOUT_INFO = 4 };

/* The thread that sent the signal which a process has or will get next of this number and pid. Entries
 * that were used stay: several of a real-time signal may be queued. */
struct signal_key {
	u32 process; /* id of the receiving leader */
	s32 signo;
	s32 pid; /* si_pid */
	u32 pad;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, struct signal_key);
	__type(value, u32);
} signal_senders SEC(".maps");

/* What is about to end a process, by the id of its leader. */
struct fatal_signal {
	u32 sender;
	u32 reported;
	struct rec_siginfo info;
};

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, u32);
	__type(value, struct fatal_signal);
} fatal_signals SEC(".maps");

struct kernel_siginfo; /* read as a whole: its layout is ABI */

enum { SEND_SIG_NOINFO = 0, SEND_SIG_PRIV = 1 }; /* in place of a siginfo's address */

/* The siginfo's address as a plain number: the verifier takes a typed pointer for one that is never
 * NULL, and removes what is there for NULL. By way of this CPU's scratch, and not of the receiver's
 * state, which its own CPU uses meanwhile; interrupts are off, for the receiver's siglock is held. */
static __always_inline u64 siginfo_address(const void *siginfo)
{
	volatile u64 *word = (void *)get_scratch(SLOT_SIGNAL);

	if (!word)
		return SEND_SIG_PRIV;
	*word = (u64)siginfo;
	return *word;
}

static __always_inline bool has_siginfo(u64 info)
{
	return info > SEND_SIG_PRIV;
}

static __always_inline void copy_siginfo(struct rec_siginfo *to, s32 signo, u64 info)
{
	if (bpf_probe_read_kernel(to, sizeof(*to), (const void *)info))
		__builtin_memset(to, 0, sizeof(*to));
	to->signo = signo;
	to->pad = 0;
}

/* What the kernel makes of a missing siginfo (__send_signal_locked()); the user id is that of the
 * initial user namespace. */
static __always_inline void make_siginfo(struct rec_siginfo *to, s32 signo, u64 info,
					 struct task_struct *sender, struct task_struct *receiver)
{
	__builtin_memset(to, 0, sizeof(*to));
	to->signo = signo;
	to->code = info == SEND_SIG_PRIV ? CODE_KERNEL : CODE_USER;
	if (info == SEND_SIG_PRIV)
		return;
	struct pid *viewer = BPF_CORE_READ(receiver, thread_pid);
	u32 level = BPF_CORE_READ(viewer, level);
	u32 pid = number_in(BPF_CORE_READ(sender, group_leader, thread_pid), level,
			    namespace_of(viewer, level));

	to->fields[0] = pid | (u64)BPF_CORE_READ(sender, cred, uid.val) << 32;
}

/* si_pid where this kind of siginfo has one, which then is the sender's, else 0. */
static __always_inline s32 sender_pid(const struct rec_siginfo *info)
{
	s32 code = info->code;
	bool from_user = code <= CODE_USER && code != CODE_TIMER && code != CODE_SIGIO;
	bool of_child = info->signo == SIGNO_CHLD && code >= CLD_FIRST && code <= CLD_LAST;

	return from_user || of_child ? (s32)info->fields[0] : 0;
}

static __always_inline void report_signal(struct thread_state *st, u8 event, u8 action, u32 sender,
					  const struct rec_siginfo *info, u64 now)
{
	void *ring = event_ring();
	struct rec_signal *rec = ring ? bpf_ringbuf_reserve(ring, sizeof(*rec), 0) : NULL;

	if (!rec) {
		lose(st, LOSS_SIGNALS, now);
		return;
	}
	rec->type = RT_SIGNAL;
	rec->event = event;
	rec->action = action;
	rec->pad = 0;
	rec->thread = st->id;
	rec->sender = sender;
	rec->pad2 = 0;
	rec->ts_ns = now;
	__builtin_memcpy(&rec->info, info, sizeof(rec->info));
	bpf_ringbuf_submit(rec, BPF_RB_NO_WAKEUP);
}

/* The thread is about to leave its CPU in a group stop. */
static __always_inline void thread_stops(struct thread_state *st, struct task_struct *task, u64 now)
{
	struct rec_siginfo info = {};

	info.signo = (s32)(task->jobctl & JOBCTL_STOP_SIGMASK);
	report_signal(st, SIGNAL_STOPPED, ACTION_DEFAULT, 0, &info, now);
}

/* The thread that sends the signal. An interrupt sends for nobody, whatever it interrupted. */
static __always_inline u32 sending_thread(void)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct cpu_context *context = cpu_context();
	struct thread_state *st = bpf_task_storage_get(&threads, task, NULL, 0);

	if (!context || !task->pid)
		return 0;
	if (!st || !st->id)
		st = make_thread(task, 0, THREAD_EXISTED, SLOT_SIGNAL);
	if (!st || waker_context(address_of(st, task), context) != WAKER_THREAD)
		return 0;
	return st->id;
}

SEC("tp_btf/signal_generate")
int BPF_PROG(on_signal_generate, int signo, struct kernel_siginfo *siginfo, struct task_struct *task,
	     int group, int result)
{
	struct thread_state *st = recorded_thread(task, SLOT_SIGNAL);
	bool queued = result == SENT_QUEUED || result == SENT_WITHOUT_INFO;
	struct rec_siginfo info;

	if (!st || (!queued && result != SENT_IGNORED))
		return 0;
	u32 flags = PLAIN(task)->signal->flags;
	bool continues = signo == SIGNO_CONT && result == SENT_IGNORED && flags & SIGNAL_CLD_CONTINUED;
	if (!queued && !continues)
		return 0;
	u64 given = siginfo_address(siginfo);
	if (has_siginfo(given))
		copy_siginfo(&info, signo, given);
	else
		make_siginfo(&info, signo, given, bpf_get_current_task_btf(), task);

	u32 process = st->leader;
	struct signal_key key = { .process = process, .signo = signo, .pid = sender_pid(&info) };
	u32 sender = key.pid ? sending_thread() : 0;

	if (continues) {
		report_signal(st, SIGNAL_DELIVERED, ACTION_DEFAULT, sender, &info,
			      now_ns());
		return 0;
	}
	if (key.pid) {
		u32 *known = bpf_map_lookup_elem(&signal_senders, &key);

		if (!known || *known != sender)
			bpf_map_update_elem(&signal_senders, &key, &sender, BPF_ANY);
	}
	if (flags & SIGNAL_GROUP_EXIT && PLAIN(task)->signal->group_exit_code == signo) {
		struct fatal_signal fatal = { .sender = sender };

		__builtin_memcpy(&fatal.info, &info, sizeof(info));
		bpf_map_update_elem(&fatal_signals, &process, &fatal, BPF_NOEXIST);
	}
	return 0;
}

SEC("tp_btf/signal_deliver")
int BPF_PROG(on_signal_deliver, int signo, struct kernel_siginfo *siginfo, struct k_sigaction *action)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct thread_state *st = recorded_thread(task, SLOT_SIGNAL);
	u64 now = now_ns();

	if (!st)
		return 0;
	u64 given = siginfo_address(siginfo);
	if (!has_siginfo(given)) {
		u32 process = st->leader;
		struct fatal_signal *fatal = bpf_map_lookup_elem(&fatal_signals, &process);

		/* without one: another thread ended the process or replaced its program */
		if (fatal && __sync_val_compare_and_swap(&fatal->reported, 0, 1) == 0)
			report_signal(st, SIGNAL_DELIVERED, ACTION_DEFAULT, fatal->sender,
				      &fatal->info, now);
		return 0;
	}
	struct rec_siginfo info;

	copy_siginfo(&info, signo, given);
	u64 handler = (u64)action->sa.sa_handler; /* SIG_DFL is 0, SIG_IGN 1 */
	u8 what = handler == 0 ? ACTION_DEFAULT : handler == 1 ? ACTION_IGNORE : ACTION_HANDLER;
	struct signal_key key = { .process = st->leader, .signo = signo, .pid = sender_pid(&info) };
	u32 *sender = key.pid ? bpf_map_lookup_elem(&signal_senders, &key) : NULL;

	report_signal(st, SIGNAL_DELIVERED, what, sender ? *sender : 0, &info, now);
	return 0;
}
