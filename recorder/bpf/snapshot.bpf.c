/* What already runs when the recording begins, and what is still pending when it ends: task and file
 * iterators, read by user space, so that no /proc race and no pid namespace stands between. */

/* Process ids, in the recorder's pid namespace, that are targets with their descendants. */
struct {
	__uint(type, BPF_MAP_TYPE_HASH);
	__uint(max_entries, 4096);
	__type(key, s32);
	__type(value, u8);
} target_pids SEC(".maps");

enum { ANCESTORS = 48 };

struct ancestry {
	struct task_struct *task;
	bool found;
};

static long compare_ancestor(u32 turn, void *context)
{
	struct ancestry *line = context;
	struct task_struct *task = line->task;
	struct task_struct *parent = BPF_CORE_READ(task, real_parent, group_leader);
	s32 pid = own_number(BPF_CORE_READ(task, thread_pid));

	line->found = pid && bpf_map_lookup_elem(&target_pids, &pid);
	if (line->found || parent == task || !parent)
		return 1;
	line->task = parent;
	return 0;
}

static __always_inline bool descends_from_target(struct task_struct *task)
{
	struct ancestry line = { .task = BPF_CORE_READ(task, group_leader) };

	LOOP(ANCESTORS, compare_ancestor, &line);
	return line.found;
}

/* `read_sets`: what it polls is read here and now; otherwise a thread that polls is left to
 * on_polling_task, where the kernel has that. */
static __always_inline void put_blocked(struct thread_state *st, struct task_struct *task,
					bool read_sets)
{
	u32 state = task_state(task);
	struct rec_pending pending;

	if (!state || state & TASK_DEAD || task == bpf_get_current_task_btf())
		return;
	u8 sets = pending_call(task, &pending, SLOT_SNAPSHOT);

	if (sets && have_user_task_copy && !read_sets) {
		st->flags |= STATE_POLLS;
		return;
	}
	u32 found = 0;
	if (sets && read_sets)
		found = find_polled(sets, &pending, fdtable_of(task), task, SLOT_SNAPSHOT);
	struct rec_blocked *rec = bpf_ringbuf_reserve(&definitions, sizeof(*rec), 0);
	if (!rec) {
		lose(st, LOSS_LIFECYCLE, now_ns());
		return;
	}
	__builtin_memset(rec, 0, sizeof(*rec));
	rec->type = RT_BLOCKED;
	rec->thread = st->id;
	rec->state = state;
	rec->ts_ns = now_ns();
	rec->pending.abi = pending.abi;
	rec->pending.nr = pending.nr;
	rec->pending.resource = pending.resource;
	__builtin_memcpy(rec->pending.args, pending.args, sizeof(pending.args));
	if (found) {
		struct polled_area *area = get_polled_area(SLOT_SNAPSHOT);

		if (area)
			rec->polled = area->found;
	}
	bpf_ringbuf_submit(rec, BPF_RB_NO_WAKEUP);
}

static __always_inline u64 as_number(const void *pointer)
{
	volatile u64 *word = (void *)get_scratch(SLOT_SNAPSHOT);

	if (!word)
		return 0;
	*word = (u64)pointer;
	return *word;
}

static __always_inline void find_self(struct task_struct *task)
{
	struct task_struct *self = bpf_get_current_task_btf();

	if (task->pid != self->pid)
		return;
	struct pid *pid = BPF_CORE_READ(self, thread_pid);
	u32 level = BPF_CORE_READ(pid, level);
	u64 ns = 0;

	set_clock();
	self_tgid = (u32)self->tgid;
	saved_regs_offset = as_number((void *)bpf_task_pt_regs(self)) - as_number(self->stack);
	self_pid_level = level;
	bpf_probe_read_kernel(&ns, sizeof(ns),
			      (const void *)((u64)pid + OFFSET(struct pid, numbers) +
					     (level & 63) * bpf_core_type_size(struct upid) +
					     OFFSET(struct upid, ns)));
	self_pid_ns = ns;
}

static __always_inline bool wanted(struct task_struct *task)
{
	if (task->tgid == self_tgid || !task->pid)
		return false;
	switch (snapshot_job) {
	case SNAP_MARK_PID:
		return own_number(BPF_CORE_READ(task, group_leader, thread_pid)) == snapshot_pid;
	case SNAP_MARK_TREE:
		return descends_from_target(task);
	case SNAP_MARK_CGROUP:
		return task_in_target_cgroup(task);
	case SNAP_MARK_ALL:
		return true;
	default:
		return false;
	}
}

/* Lets the reader's read() return every few dozen tasks, so that it can empty the ring between. */
static __always_inline void yield_to_reader(struct bpf_iter_meta *meta)
{
	u64 filler = 0;

	bpf_seq_write(meta->seq, &filler, sizeof(filler));
}

SEC("iter/task")
int on_task(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;

	if (!task)
		return 0;
	if (snapshot_job == SNAP_SELF) {
		find_self(task);
		return 0;
	}
	if (snapshot_job == SNAP_FINISH) {
		struct thread_state *st = bpf_task_storage_get(&threads, task, NULL, 0);

		if (!st || !st->recorded || !st->id)
			return 0;
		take_to_state(st, place_of(saved_regs_address(task)));
		if (st->nr >= 0 && !st->exited)
			unfinished_call(st, task, now_ns(), SLOT_SNAPSHOT);
		for (int i = 0; i < LOSS_SOURCES; i++)
			report_loss(st, i);
		yield_to_reader(ctx->meta);
		return 0;
	}
	if (!wanted(task))
		return 0;
	struct thread_state *st = bpf_task_storage_get(&threads, task, NULL, 0);
	if (st && st->recorded)
		return 0;
	st = make_thread(task, 0, THREAD_RECORDED | THREAD_EXISTED, SLOT_SNAPSHOT);
	if (!st)
		return 0;
	if (snapshot_job == SNAP_MARK_PID)
		st->flags |= STATE_NEW_CHILD; /* waits to be let go: that call is not the command's */
	put_blocked(st, task, false);
	yield_to_reader(ctx->meta);
	return 0;
}

/* 5.18 (376040e47334): the memory of another task, in programs that may sleep. */
SEC("iter.s/task")
int on_polling_task(struct bpf_iter__task *ctx)
{
	struct task_struct *task = ctx->task;

	if (!task)
		return 0;
	struct thread_state *st = bpf_task_storage_get(&threads, task, NULL, 0);

	if (!st || !(st->flags & STATE_POLLS))
		return 0;
	st->flags &= ~STATE_POLLS;
	if (st->out_ns)
		return 0; /* it has run meanwhile: a switch tells what it waits for */
	put_blocked(st, task, true);
	yield_to_reader(ctx->meta);
	return 0;
}


static __always_inline void mark_open_socket(u64 file_addr)
{
	u64 socket = load_word(file_addr + OFFSET(struct file, private_data));
	u64 sk_addr = load_word(socket + OFFSET(struct socket, sk));

	if (!sk_addr)
		return;
	mark_used(sk_addr, socket_inode(sk_addr));
	struct socket_mark *mark = packet_bytes ? find_mark(sk_addr) : NULL;

	if (mark)
		remember_ends(sk_addr, IPPROTO_TCP, mark->id);
}

/* The fds of recorded processes, and the sockets of all, so that a peer on this machine has a name. */
SEC("iter/task_file")
int on_task_file(struct bpf_iter__task_file *ctx)
{
	struct task_struct *task = ctx->task;
	struct file *file = ctx->file;

	if (!task || !file || task->tgid == self_tgid)
		return 0;
	struct thread_state *st = bpf_task_storage_get(&threads, task, NULL, 0);
	if (!st || !st->recorded) {
		if ((file->f_inode->i_mode & S_IFMT) != S_IFSOCK)
			return 0;
		st = make_thread(task, 0, THREAD_EXISTED, SLOT_SNAPSHOT);
	}
	if (!st)
		return 0;
	u64 file_addr = address_of(st, file);
	if (st->recorded && (file->f_inode->i_mode & S_IFMT) == S_IFSOCK)
		mark_open_socket(file_addr);
	u32 resource = file_resource(file_addr, SLOT_SNAPSHOT);
	if (!resource)
		return 0;
	struct rec_open_fd *rec = bpf_ringbuf_reserve(&definitions, sizeof(*rec), 0);
	if (!rec) {
		lose_unattributed(LOSS_DEFINITIONS);
		return 0;
	}
	__builtin_memset(rec, 0, sizeof(*rec));
	rec->type = RT_OPEN_FD;
	rec->process = st->leader;
	rec->fd = (s32)ctx->fd;
	rec->resource = resource;
	bpf_ringbuf_submit(rec, BPF_RB_NO_WAKEUP);
	if (st->recorded && is_epoll(address_of(st, file)))
		put_epoll_set(address_of(st, file), st->leader, ctx->fd, SLOT_SNAPSHOT);
	yield_to_reader(ctx->meta);
	return 0;
}
