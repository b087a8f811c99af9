/* Switches and wake-ups of recorded threads. */

/* include/linux/sched.h */
#define TASK_STOPPED_BIT 0x4
#define TASK_DEAD 0x80

/* The call a task that is in the kernel is in, from its saved registers. `task` is the current one,
 * or `files` belongs to it and it does not run. Returns the SETS_* of the call. */
static __always_inline u8 pending_call(struct task_struct *task, struct rec_pending *pending, u32 slot)
{
	struct pt_regs *regs = saved_regs(task);
	s64 nr = task->flags & PF_KTHREAD || !regs ? -1 : regs_nr(regs);

	pending->pad2 = 0;
	pending->resource = 0;
	*(u32 *)&pending->abi = ABI_NONE; /* and pad */
	if (nr < 0 || (s32)nr < 0) { /* an interrupt or fault of user code */
		pending->nr = -1;
		__builtin_memset(pending->args, 0, sizeof(pending->args));
		return SETS_NONE;
	}
	u8 abi = task_abi(task, nr);
	struct call_plan *plan = find_plan(abi, nr);

	pending->abi = abi;
	pending->nr = (s32)nr;
	regs_args(regs, abi, pending->args);
	if (!plan)
		return SETS_NONE;
	u8 arg = plan->fd_arg[0];
	if (arg < MAX_ARGS && !(plan->fd_is_dir & 1))
		pending->resource = fd_resource(task, pending->args[arg], slot);
	return plan->sets;
}

static __always_inline u64 fdtable_of(struct task_struct *task)
{
	return (u64)BPF_CORE_READ(task, files, fdt);
}

static __always_inline void switched_in(struct thread_state *st, u64 now)
{
	struct rec_switch_in rec = {
		.type = RT_SWITCH_IN,
		.cpu = (u16)bpf_get_smp_processor_id(),
		.thread = st->id,
		.ts_ns = now,
	};

	st->out_ns = 0;
	PUT(st, &rec, LOSS_SWITCHES, now);
}

/* Once a call, however often the thread blocks in it; at level waits, where calls have no number, at each
 * time. */
static __always_inline void remember_polled(struct thread_state *st, struct task_struct *task, u8 sets,
					    const struct rec_pending *pending)
{
	u32 seq = st->nr >= 0 ? st->call_seq : 0;

	if (seq && st->polled_seq == seq && st->polled_epoch == resource_epoch)
		return;
	u32 found = find_polled(sets, pending, fdtable_of(task), NULL, SLOT_SWITCH);
	struct polled_area *area = get_polled_area(SLOT_SWITCH);

	st->polled.count = 0;
	st->polled_seq = seq;
	st->polled_epoch = resource_epoch;
	if (area && found)
		st->polled = area->found;
}

/* A thread that blocks in a call that waits for several objects. */
static __noinline void put_switch_out_polled(struct thread_state *st, const struct rec_switch_out *out, u64 now)
{
	void *ring = event_ring();
	struct rec_switch_out_polled *polled = ring ? bpf_ringbuf_reserve(ring, sizeof(*polled), 0) : NULL;

	if (!polled) {
		lose(st, LOSS_SWITCHES, now);
		return;
	}
	polled->out = *out;
	polled->polled = st->polled;
	bpf_ringbuf_submit(polled, BPF_RB_NO_WAKEUP);
}

static __always_inline void switched_out(struct thread_state *st, struct task_struct *task,
					 bool preempt, u32 state, u64 now)
{
	struct rec_switch_out rec;
	bool blocks = !preempt && state && !(state & TASK_DEAD);

	st->out_ns = now;
	if (state & TASK_STOPPED_BIT && !preempt)
		thread_stops(st, task, now);
	rec.type = RT_SWITCH_OUT;
	rec.flags = task_is_throttled(task) ? SWITCH_THROTTLED : 0;
	rec.cpu = (u16)bpf_get_smp_processor_id();
	rec.thread = st->id;
	rec.ts_ns = now;
	rec.pad = 0;
	if (!blocks) {
		rec.flags |= SWITCH_PREEMPTED;
		rec.state = preempt ? 0 : state;
		PUT(st, (struct rec_switch_out_short *)&rec, LOSS_SWITCHES, now);
		return;
	}
	rec.state = state;
	u8 sets = pending_call(task, &rec.pending, SLOT_SWITCH);

	if (task_in_iowait(address_of(st, task)))
		rec.flags |= SWITCH_IOWAIT;
	if (rec.pending.nr < 0)
		rec.pending.resource = st->fault_res;
	st->fault_res = 0;
	if (sets) {
		remember_polled(st, task, sets, &rec.pending);
		if (st->polled.count) {
			put_switch_out_polled(st, &rec, now);
			return;
		}
	}
	PUT(st, &rec, LOSS_SWITCHES, now);
}

/* 5.18 (fa2c3254d7cf): prev_state is the fourth argument; the task's own field may have been
 * overwritten by a waker on another CPU by then. */
SEC("tp_btf/sched_switch")
int on_switch(u64 *ctx)
{
	bool preempt = (bool)ctx[0];
	struct task_struct *prev = (struct task_struct *)ctx[1];
	struct task_struct *next = (struct task_struct *)ctx[2];
	struct cpu_context *context = cpu_context();
	u32 seen = *(volatile u32 *)&marks; /* before anybody is looked up */
	struct thread_state *from = NULL, *to;

	if (!context)
		return 0;
	if (context->clean != seen || context->regs != saved_regs_address(prev))
		from = recorded_thread(prev, SLOT_SWITCH);
	to = recorded_thread(next, SLOT_SWITCH);
	*(volatile u64 *)&context->task = (u64)next;
	context->thread = to ? to->id : 0;
	context->regs = saved_regs_address(next);
	if (trace_syscalls)
		context->place = place_index(context->regs);
	context->clean = !to && is_bystander(next) ? seen : 0;
	if (!from && !to)
		return 0;
	u64 now = now_ns();
	if (from) {
		u32 state = switch_has_state ? (u32)ctx[3] : task_state(prev);

		switched_out(from, prev, preempt, state, now);
	}
	if (to)
		switched_in(to, now);
	return 0;
}

enum { STACK_DEPTH = 32 };

struct wake_buffer {
	struct rec_wake rec;
	u64 stack[STACK_DEPTH];
};

/* The id of the current thread, which may be one that is known by name only. */
static __noinline u32 name_current(struct cpu_context *context)
{
	struct thread_state *st =
		make_thread(bpf_get_current_task_btf(), 0, THREAD_EXISTED, SLOT_WAKE);

	if (!st)
		return 0;
	context->thread = st->id;
	return st->id;
}

/* Finds out whether the context is of the current task, and makes it so. */
static __always_inline u64 current_address(struct cpu_context *context)
{
	u64 before = context->task;

	*(volatile u64 *)&context->task = (u64)bpf_get_current_task_btf();
	u64 now = *(volatile u64 *)&context->task;
	if (now != before) {
		context->thread = 0;
		context->clean = 0;
	}
	return now;
}

static __always_inline void fill_waker(struct rec_wake *rec, u64 waker_addr, struct cpu_context *context)
{
	struct task_struct *waker = have_rdonly_cast ? TYPED(struct task_struct, waker_addr) :
						       bpf_get_current_task_btf();
	struct pt_regs *regs = saved_regs(waker);

	rec->waker = context->thread;
	if (!rec->waker)
		rec->waker = name_current(context);
	if (!rec->waker || !regs || waker->flags & PF_KTHREAD)
		return;
	s64 nr = regs_nr(regs);
	if (nr < 0 || (s32)nr < 0)
		return;
	u64 args[MAX_ARGS];

	rec->abi = task_abi(waker, nr);
	rec->nr = (s32)nr;
	struct call_plan *plan = find_plan(rec->abi, nr);
	u8 arg = plan ? plan->fd_arg[0] : NO_ARG;
	if (arg >= MAX_ARGS || plan->fd_is_dir & 1)
		return;
	regs_args(regs, rec->abi, args);
	rec->resource = fd_resource(waker, args[arg], SLOT_WAKE);
}

/* With the stack that the thread slept with. */
static __noinline void put_wake_with_stack(struct thread_state *st, struct task_struct *task,
					   const struct rec_wake *rec)
{
	struct scratch *scratch = get_scratch(SLOT_WAKE);
	void *ring = event_ring();

	if (!scratch || !ring)
		return;
	struct wake_buffer *buffer = (struct wake_buffer *)scratch->bytes;
	long bytes = bpf_get_task_stack(task, buffer->stack, sizeof(buffer->stack), 0);
	u64 size = bytes > 0 ? (u64)bytes : 0;

	asm volatile("" : "+r"(size));
	if (size > sizeof(buffer->stack))
		size = 0;
	buffer->rec = *rec;
	buffer->rec.stack_depth = (u32)size / 8;
	if (bpf_ringbuf_output(ring, buffer, sizeof(*rec) + size, BPF_RB_NO_WAKEUP))
		lose(st, LOSS_WAKES, rec->ts_ns);
}

static __always_inline void woken(struct thread_state *st, struct task_struct *task, bool is_new)
{
	struct cpu_context *context = cpu_context();
	u64 now = now_ns();

	if (!context)
		return;
	u64 current_addr = current_address(context);
	struct rec_wake wake = {
		.type = RT_WAKE,
		.is_new = is_new,
		.nr = -1,
		.thread = st->id,
		.ts_ns = now,
	};
	wake.context = waker_context(current_addr, context);
	if (wake.context == WAKER_THREAD) {
		fill_waker(&wake, current_addr, context);
	} else if (wake.context == WAKER_NETWORK && context->socket) {
		u64 ino = socket_inode(context->socket);

		if (ino)
			wake.resource = define_socket(context->socket, ino, SLOT_WAKE);
	}
	if (!is_new && st->out_ns && now - st->out_ns >= stack_min_sleep_ns)
		put_wake_with_stack(st, task, &wake);
	else
		PUT(st, &wake, LOSS_WAKES, now);
}

SEC("tp_btf/sched_waking")
int BPF_PROG(on_waking, struct task_struct *task)
{
	struct thread_state *st = recorded_thread(task, SLOT_WAKE);

	if (st)
		woken(st, task, false);
	return 0;
}

SEC("tp_btf/sched_wakeup_new")
int BPF_PROG(on_wakeup_new, struct task_struct *task)
{
	struct thread_state *st = recorded_thread(task, SLOT_WAKE);

	if (st)
		woken(st, task, true);
	return 0;
}

/* A page that was not in the cache is read: in a page fault this names the file that the thread is
 * about to wait for, which its registers do not. */
SEC("tp_btf/mm_filemap_add_to_page_cache")
int BPF_PROG(on_cache_add, struct folio *folio)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct thread_state *st = recorded_thread(task, SLOT_LIFE);

	if (!st)
		return 0;
	struct pt_regs *regs = saved_regs(task);
	if (!regs || task->flags & PF_KTHREAD || regs_nr(regs) >= 0)
		return 0;
	u64 mapping = (u64)BPF_CORE_READ(folio, mapping);
	if (!mapping || mapping & 3)
		return 0;
	u64 inode = (u64)BPF_CORE_READ((struct address_space *)mapping, host);
	u64 alias = load_word(inode + OFFSET(struct inode, i_dentry.first));
	if (!inode || !alias)
		return 0;
	u64 dentry = alias - OFFSET(struct dentry, d_u.d_alias);
	/* no mount is known here: user space completes the path by the device */
	st->fault_res = define_path(inode, 0, dentry, 0, SLOT_LIFE);
	return 0;
}
