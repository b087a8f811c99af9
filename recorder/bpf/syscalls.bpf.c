/* Every system call of a recorded thread: state kept from enter to exit, one record at the exit. */

static __noinline void put_parts(struct thread_state *st, u32 slot, u32 end);

#include "recorder/capture/gathering.h"

struct rest_walk;
static long put_rest(struct rest_walk *walk, u64 address, u32 len);

#include "recorder/capture/rest.h"

/* The parts that stand in the slot's buffer, as a record of their own. */
static __noinline void put_parts(struct thread_state *st, u32 slot, u32 end)
{
	struct scratch *s = get_scratch(slot);
	void *ring = event_ring();
	u32 begin = parts_begin(slot) - sizeof(struct rec_enter_data);
	u64 size = end - begin;

	if (!s)
		return;
	struct rec_enter_data *rec = (struct rec_enter_data *)&s->bytes[begin];

	rec->type = RT_ENTER_DATA;
	rec->place = PARTS_FIRST;
	if (slot == SLOT_EXIT)
		rec->place = PARTS_AT_EXIT;
	else if (st->flags & STATE_ENTER_DATA)
		rec->place = PARTS_NEXT;
	rec->thread = st->id;
	rec->call_seq = st->call_seq;
	asm volatile("" : "+r"(size));
	if (size > SCRATCH_BYTES - sizeof(struct rec_call))
		size = SCRATCH_BYTES - sizeof(struct rec_call);
	if (!ring || bpf_ringbuf_output(ring, rec, size, BPF_RB_NO_WAKEUP))
		lose(st, LOSS_PAYLOAD, st->enter_ns);
	else
		st->flags |= slot == SLOT_EXIT ? STATE_EXIT_DATA : STATE_ENTER_DATA;
}

/* Strings and buffers that the kernel will read, taken before the call can change them or, in an
 * execve, before they are gone. 1: a path is relative (or not known yet). */
__noinline u32 enter_parts(struct thread_state *st, struct call_plan *plan)
{
	struct scratch *s = get_scratch(SLOT_ENTER);
	struct gathering all = { .st = st, .plan = plan, .at = sizeof(struct rec_enter_data) };

	if (!s || !st || !plan)
		return 0;
	LOOP(MAX_ITEMS, gather_at_enter, &all);
	if (all.absolute) { /* not through the scratch buffer that is being filled */
		u32 root = changed_root(st, bpf_get_current_task_btf(), SLOT_LIFE);

		if (root)
			all.at = put_root(s, root, all.at);
	}
	if (all.at == sizeof(struct rec_enter_data))
		return all.relative;
	put_parts(st, SLOT_ENTER, all.at);
	return all.relative;
}

static __always_inline void fd_arguments(struct thread_state *st, struct task_struct *task,
					 struct call_plan *plan, u32 slot)
{
	u8 first = plan->fd_arg[0], second = plan->fd_arg[1];

	if (first < MAX_ARGS)
		st->res[RES_FIRST] = fd_resource(task, st->args[first], slot);
	if (second < MAX_ARGS)
		st->res[RES_SECOND] = fd_resource(task, st->args[second], slot);
}

static __always_inline void enter_long_call(struct thread_state *st, struct task_struct *task, struct call_plan *plan)
{
	fd_arguments(st, task, plan, SLOT_ENTER);
	if (plan->flags & PLAN_ENTER_PARTS && enter_parts(st, plan) && from_cwd(st, plan))
		st->res[RES_CWD] = cached_cwd(st, task, SLOT_ENTER);
}

/* The calls of who is not recorded must cost as little as can be. Every task has its registers at a place
 * of its own, so this is about the current one. */
static __always_inline bool is_clean(struct cpu_context *context, struct pt_regs *regs, u32 seen)
{
	return context->clean == seen && context->regs == (u64)regs;
}

static __always_inline void set_clean(struct cpu_context *context, struct pt_regs *regs, struct task_struct *task,
				      u32 seen)
{
	*(volatile u64 *)&context->regs = (u64)regs;
	context->clean = is_bystander(task) ? seen : 0;
}

SEC("tp_btf/sys_enter")
int BPF_PROG(on_sys_enter, struct pt_regs *regs, long nr)
{
	struct cpu_context *context = cpu_context();
	u32 seen = *(volatile u32 *)&marks; /* before the thread is looked up */

	if (!context || is_clean(context, regs, seen) || is_probe(nr))
		return 0;
	struct short_call *place = current_place(context, regs);
	if (place && enter_short_call(place, regs, nr))
		return 0;
	struct task_struct *task = bpf_get_current_task_btf();
	struct thread_state *st = recorded_thread(task, SLOT_ENTER);

	if (!st) {
		set_clean(context, regs, task, seen);
		return 0;
	}
	place = find_place(context, task);
	u8 abi = task_abi(task, nr);
	struct call_plan *plan = find_plan(abi, nr);
	take_to_state(st, place);
	begin_call(st, abi, nr);
	st->enter_ns = now_ns();
	if (is_short_call(plan, regs, abi) && plan->buffer == BUFFER_NONE) {
		u8 arg = plan->fd_arg[0];

		st->is_short = 1;
		regs_first_args(regs, abi, st->args);
		if (arg < SHORT_ARGS)
			st->res[RES_FIRST] = fd_resource(task, st->args[arg], SLOT_ENTER);
		return 0;
	}
	regs_args(regs, abi, st->args);
	if (plan)
		enter_long_call(st, task, plan);
	return 0;
}

static __always_inline void fill_call(struct rec_call *rec, struct thread_state *st, u8 flags, u64 now,
				      s64 ret)
{
	rec->type = RT_CALL;
	rec->abi = st->abi;
	rec->flags = flags | (st->flags & STATE_ENTER_DATA ? CALL_ENTER_DATA : 0) |
		     (st->flags & STATE_EXIT_DATA ? CALL_EXIT_DATA : 0);
	rec->pad = 0;
	rec->thread = st->id;
	rec->call_seq = st->call_seq;
	rec->nr = st->nr;
	rec->data_thread = st->data_thread;
	rec->data_seq = st->data_seq;
	rec->enter_ns = st->enter_ns;
	rec->dur_ns = now - st->enter_ns;
	rec->ret = ret;
	__builtin_memcpy(rec->args, st->args, sizeof(rec->args));
	__builtin_memcpy(rec->res, st->res, sizeof(rec->res));
}

/* A short call of a thread that has no place for it. */
static __always_inline void put_short_call(struct thread_state *st, u64 now, s64 ret)
{
	struct rec_short_call rec = {
		.type = RT_SHORT_CALL,
		.abi = st->abi,
		.nr = (u16)st->nr,
		.thread = st->id,
		.call_seq = st->call_seq,
		.resource = st->res[RES_FIRST],
		.enter_ns = st->enter_ns,
		.dur_ns = now - st->enter_ns,
		.ret = ret,
		.args = { st->args[0], st->args[1], st->args[2] },
	};

	PUT(st, &rec, LOSS_SYSCALLS, now);
}

/* The record without parts: reserved in place, nothing copied twice. */
static __always_inline void put_call(struct thread_state *st, u8 flags, u64 now, s64 ret)
{
	void *ring = event_ring();
	struct rec_call *rec = ring ? bpf_ringbuf_reserve(ring, sizeof(*rec), 0) : NULL;

	if (!rec) {
		lose(st, LOSS_SYSCALLS, now);
		return;
	}
	fill_call(rec, st, flags, now, ret);
	bpf_ringbuf_submit(rec, BPF_RB_NO_WAKEUP);
}

__noinline int put_call_with_parts(struct thread_state *st, struct call_plan *plan, s64 ret, u64 now,
				   u32 flags)
{
	struct scratch *s = get_scratch(SLOT_EXIT);
	struct gathering all = {
		.st = st, .plan = plan, .ret = ret, .at = sizeof(struct rec_call)
	};

	if (!s || !st || !plan)
		return 0;
	LOOP(MAX_ITEMS, gather_at_exit, &all);
	struct rec_call *rec = (struct rec_call *)s->bytes;
	void *ring = event_ring();
	u64 size = all.at;

	fill_call(rec, st, (u8)flags, now, ret);
	asm volatile("" : "+r"(size));
	if (size > SCRATCH_BYTES)
		size = SCRATCH_BYTES;
	if (!ring || bpf_ringbuf_output(ring, rec, size, BPF_RB_NO_WAKEUP))
		lose(st, LOSS_SYSCALLS, now);
	return 0;
}

static long put_rest(struct rest_walk *walk, u64 address, u32 len)
{
	struct scratch *s = get_scratch(SLOT_EXIT);
	void *ring = event_ring();
	u64 size = len;

	if (!s || !ring)
		return 1;
	asm volatile("" : "+r"(size));
	if (size > REST_BYTES)
		return 1;
	__builtin_memcpy(s->bytes, &walk->head, sizeof(walk->head));
	if (bpf_probe_read_user(&s->bytes[sizeof(walk->head)], (u32)size, (const void *)address))
		return 1;
	walk->failed = bpf_ringbuf_output(ring, s->bytes, sizeof(walk->head) + size, BPF_RB_NO_WAKEUP) != 0;
	return walk->failed;
}

static __always_inline bool is_channel(u64 file)
{
	u64 inode = load_word(file + OFFSET(struct file, f_inode));
	u64 type = load_word(inode + OFFSET(struct inode, i_mode)) & S_IFMT;

	return type == S_IFSOCK || type == S_IFIFO;
}

__noinline int put_rest_of_call(struct thread_state *st, struct call_plan *plan, s64 ret, u64 now)
{
	struct task_struct *task = bpf_get_current_task_btf();
	struct rest_walk walk = {};

	if (!st || !plan)
		return 0;
	u64 file = file_of_fd(task, (u32)st->args[0]);
	struct plan_item *item = &plan->item[plan->rest_item & (MAX_ITEMS - 1)];

	if (!file || !is_channel(file))
		return 0;
	walk.head.thread = st->id;
	walk.head.call_seq = st->call_seq;
	take_rest(&walk, item, st->args[1], st->abi == ABI_I386, st->args[2], (u64)ret, rest_snaplen);
	if (walk.failed)
		lose(st, LOSS_PAYLOAD, now);
	return 0;
}

/* User space may have forgotten what the call's objects were when it began: they are looked up again. */
static __always_inline bool is_outdated(struct thread_state *st)
{
	return resource_epoch - st->res_epoch > 1;
}

/* A thread that ends or a recording that ends with a call still pending. */
static __always_inline void unfinished_call(struct thread_state *st, struct task_struct *task, u64 now,
					    u32 slot)
{
	struct call_plan *plan = is_outdated(st) ? find_plan(st->abi, st->nr) : NULL;

	if (plan)
		fd_arguments(st, task, plan, slot);
	put_call(st, CALL_UNFINISHED, now, 0);
	st->nr = -1;
}

static __always_inline void returned_fds(struct thread_state *st, struct task_struct *task,
					 struct call_plan *plan, s64 ret)
{
	if (returns_fd(st, plan, ret))
		st->res[RES_RETURNED] = fd_resource(task, (u64)ret, SLOT_EXIT);
	if (plan->flags & PLAN_PAIR && ret == 0) {
		u8 arg = plan->pair_arg;
		u32 fds[2];

		if (arg < MAX_ARGS &&
		    bpf_probe_read_user(fds, sizeof(fds), (const void *)st->args[arg]) == 0) {
			st->res[RES_RETURNED] = fd_resource(task, fds[0], SLOT_EXIT);
			st->res[RES_CWD] = fd_resource(task, fds[1], SLOT_EXIT);
		}
	}
}

/* All calls but the short ones that were seen from their enter on. */
static __always_inline void exit_long_call(struct thread_state *st, struct task_struct *task, struct pt_regs *regs,
				      s64 ret, u64 now)
{
	u8 flags = 0;

	if (st->nr < 0) {
		s64 nr = regs_nr(regs);

		if (st->flags & STATE_NEW_CHILD || (s32)nr < 0 || is_probe(nr)) {
			st->flags &= ~(u32)STATE_NEW_CHILD;
			return;
		}
		st->enter_ns = now; /* denied by seccomp, or begun before the recording */
		begin_call(st, task_abi(task, nr), nr);
		regs_args(regs, st->abi, st->args);
		flags = CALL_NO_ENTER;
	}
	struct call_plan *plan = find_plan(st->abi, st->nr);
	if (!plan) {
		put_call(st, flags, now, ret);
		st->nr = -1;
		return;
	}
	u8 todo = plan->flags;
	bool outdated = is_outdated(st);
	watch_mapping(st, ret);
	if (todo & PLAN_LATE_RESOURCE || flags & CALL_NO_ENTER || outdated)
		fd_arguments(st, task, plan, SLOT_EXIT);
	if (flags & CALL_NO_ENTER && todo & PLAN_ENTER_PARTS) {
		st->retry = ~0U; /* what it asked for is as interesting as that it was denied */
		st->messages = 0;
		if (from_cwd(st, plan))
			st->res[RES_CWD] = cached_cwd(st, task, SLOT_EXIT);
	}
	if (outdated && st->res[RES_CWD])
		st->res[RES_CWD] = cached_cwd(st, task, SLOT_EXIT);
	if (todo & (PLAN_RETURNS_FD | PLAN_PAIR))
		returned_fds(st, task, plan, ret);
	if (ret > REST_FROM && plan->rest_item < MAX_ITEMS && rest_snaplen > REST_FROM)
		put_rest_of_call(st, plan, ret, now);
	if (st->retry || todo & PLAN_EXIT_PARTS)
		put_call_with_parts(st, plan, ret, now, flags);
	else
		put_call(st, flags, now, ret);
	st->nr = -1;
}

SEC("tp_btf/sys_exit")
int BPF_PROG(on_sys_exit, struct pt_regs *regs, long ret)
{
	struct cpu_context *context = cpu_context();
	u32 seen = *(volatile u32 *)&marks;

	if (!context || is_clean(context, regs, seen))
		return 0;
	struct short_call *place = current_place(context, regs);
	if (place && (exit_short_call(place, ret) || leaves_probe(place, regs)))
		return 0;
	struct task_struct *task = bpf_get_current_task_btf();
	struct thread_state *st = recorded_thread(task, SLOT_EXIT);

	if (!st) {
		set_clean(context, regs, task, seen);
		return 0;
	}
	place = find_place(context, task);
	u64 now = now_ns();
	take_to_state(st, place);
	if (st->nr < 0 || !st->is_short || is_outdated(st)) {
		exit_long_call(st, task, regs, ret, now);
	} else {
		put_short_call(st, now, ret);
		st->nr = -1;
	}
	give_to_place(st, place);
	return 0;
}
