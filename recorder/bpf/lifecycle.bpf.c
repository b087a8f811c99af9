/* Fork, exec, rename, exit: rare events in the definitions ring, where a storm of calls cannot
 * crowd them out. */

SEC("tp_btf/sched_process_fork")
int BPF_PROG(on_fork, struct task_struct *parent, struct task_struct *child)
{
	struct thread_state *from = bpf_task_storage_get(&threads, parent, NULL, 0);
	u32 flags = 0;

	if (child->tgid == self_tgid)
		return 0;
	if (mode == MODE_ALL || (from && from->recorded))
		flags = THREAD_RECORDED;
	else if (mode == MODE_CGROUP && task_in_target_cgroup(child))
		flags = THREAD_RECORDED; /* CLONE_INTO_CGROUP */
	if (!flags)
		return 0;
	struct thread_state *st =
		make_thread(child, from ? from->id : 0, THREAD_RECORDED, SLOT_LIFE);
	if (!st)
		return 0;
	st->flags |= STATE_NEW_CHILD;
	if (!from || !from->recorded)
		return 0;
	struct rec_fork *rec = bpf_ringbuf_reserve(&definitions, sizeof(*rec), 0);
	if (!rec) {
		lose(from, LOSS_LIFECYCLE, now_ns());
		return 0;
	}
	__builtin_memset(rec, 0, sizeof(*rec));
	rec->type = RT_FORK;
	rec->thread = from->id;
	rec->child = st->id;
	rec->ts_ns = now_ns();
	bpf_ringbuf_submit(rec, BPF_RB_NO_WAKEUP);
	return 0;
}

enum { EXEC_ARGS_MAX = 16 * 1024 };

/* How many calls a leader had made that ended before its group: execve by another thread goes on in
 * the leader's place, and in its numbering. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 1024);
	__type(key, u32);
	__type(value, u32);
} ended_leaders SEC(".maps");

/* An execve whose path lay on a page that was not in memory when it began, and is gone now: the kernel has
 * a copy of it. */
static __always_inline void late_exec_path(struct thread_state *st, struct linux_binprm *bprm)
{
	struct call_plan *plan = st->nr < 0 ? NULL : find_plan(st->abi, st->nr);
	struct scratch *s = get_scratch(SLOT_LIFE);
	bool missing = st->retry & 1;

	st->retry = 0; /* nothing else is there any more */
	if (!missing || !plan || !s || plan->item[0].what != ITEM_STRING || plan->item[0].arg != 0)
		return;
	struct rec_enter_data *rec = (struct rec_enter_data *)s->bytes;
	const u32 at = sizeof(*rec);
	long len = bpf_probe_read_kernel_str(&s->bytes[at + sizeof(struct rec_part)], STRING_MAX, bprm->filename);

	if (len <= 0)
		return;
	u32 used = (u32)len & (2 * STRING_MAX - 1);
	u64 size = at + sizeof(struct rec_part) + round_up8(used);
	void *ring = event_ring();

	put_head(s, at, PART_STRING, 0, 0, 0, used, used);
	rec->type = RT_ENTER_DATA;
	rec->place = PARTS_FIRST;
	rec->thread = st->data_thread;
	rec->call_seq = st->data_seq;
	if (!ring || bpf_ringbuf_output(ring, rec, size, BPF_RB_NO_WAKEUP))
		lose(st, LOSS_PAYLOAD, st->enter_ns);
	else
		st->flags |= STATE_ENTER_DATA;
}

SEC("tp_btf/sched_process_exec")
int BPF_PROG(on_exec, struct task_struct *task, pid_t old_pid, struct linux_binprm *bprm)
{
	struct thread_state *st = recorded_thread(task, SLOT_LIFE);
	u64 now = now_ns();
	u32 old = 0;

	if (!st)
		return 0;
	late_exec_path(st, bprm);
	if (old_pid != task->pid && st->leader && st->leader != st->id) {
		u32 leader = st->leader;
		u32 *calls = bpf_map_lookup_elem(&ended_leaders, &leader);

		struct cpu_context *context = cpu_context();

		if (context)
			context->thread = 0; /* look again */
		old = st->id;
		st->id = leader;
		st->call_seq = calls ? *calls + 1 : 1;
	}
	u64 file = address_of(st, bprm->file);
	u32 exe = file ? file_resource(file, SLOT_LIFE) : 0;
	if (watch_code)
		tell_code(st, exe, 0, 0);
	u32 cwd = cwd_resource(task, SLOT_LIFE);
	u64 cgroup = task_cgroup(task, SLOT_LIFE);
	struct scratch *scratch = get_scratch(SLOT_LIFE);
	if (!scratch)
		return 0;
	struct rec_exec *rec = (struct rec_exec *)scratch->bytes;
	u64 start = PLAIN(task)->mm->arg_start;
	u64 total = PLAIN(task)->mm->arg_end - start;
	u64 len = total;

	asm volatile("" : "+r"(len));
	if (len > EXEC_ARGS_MAX)
		len = EXEC_ARGS_MAX;
	if (bpf_probe_read_user(&scratch->bytes[sizeof(*rec)], (u32)len, (const void *)start))
		len = 0;
	rec->type = RT_EXEC;
	rec->thread = st->id;
	rec->old = old;
	rec->exe = exe;
	rec->cwd = cwd;
	rec->uid = PLAIN(task)->cred->uid.val;
	rec->gid = PLAIN(task)->cred->gid.val;
	rec->args_len = (u32)len;
	rec->args_total = total;
	rec->cgroup = cgroup;
	rec->ts_ns = now;
	bpf_probe_read_kernel(rec->comm, sizeof(rec->comm), &task->comm);
	asm volatile("" : "+r"(len));
	if (len > EXEC_ARGS_MAX)
		len = EXEC_ARGS_MAX;
	if (bpf_ringbuf_output(&definitions, rec, sizeof(*rec) + len, BPF_RB_NO_WAKEUP))
		lose(st, LOSS_LIFECYCLE, now);
	return 0;
}

SEC("tp_btf/task_rename")
int BPF_PROG(on_rename, struct task_struct *task, const char *comm)
{
	struct thread_state *st = bpf_task_storage_get(&threads, task, NULL, 0);

	if (!st || !st->id)
		return 0;
	struct rec_comm *rec = bpf_ringbuf_reserve(&definitions, sizeof(*rec), 0);
	if (!rec) {
		lose(st, LOSS_LIFECYCLE, now_ns());
		return 0;
	}
	__builtin_memset(rec, 0, sizeof(*rec));
	rec->type = RT_COMM;
	rec->thread = st->id;
	rec->ts_ns = now_ns();
	bpf_probe_read_kernel_str(rec->comm, sizeof(rec->comm), comm);
	bpf_ringbuf_submit(rec, BPF_RB_NO_WAKEUP);
	return 0;
}

static __always_inline void fill_exit(struct rec_exit *rec, struct task_struct *task)
{
	struct signal_struct *signal = PLAIN(task)->signal;

	rec->group_dead = signal->live.counter == 0;
	rec->status = task->exit_code;
	rec->user_ns = task->utime;
	rec->system_ns = task->stime;
	rec->runtime_ns = task->se.sum_exec_runtime;
	if (!rec->group_dead)
		return;
	if (signal->flags & SIGNAL_GROUP_EXIT)
		rec->status = signal->group_exit_code;
	else if (PLAIN(task)->group_leader->pid != task->pid)
		rec->status = PLAIN(task)->group_leader->exit_code;
	/* threads that are gone were added to signal; a leader that ended first waits as a zombie */
	rec->user_ns += signal->utime;
	rec->system_ns += signal->stime;
	rec->runtime_ns += signal->sum_sched_runtime;
	if (PLAIN(task)->group_leader->pid != task->pid) {
		rec->user_ns += PLAIN(task)->group_leader->utime;
		rec->system_ns += PLAIN(task)->group_leader->stime;
		rec->runtime_ns += PLAIN(task)->group_leader->se.sum_exec_runtime;
	}
	rec->max_rss_pages = signal->maxrss;
}

SEC("tp_btf/sched_process_exit")
int BPF_PROG(on_exit, struct task_struct *task)
{
	struct thread_state *st = bpf_task_storage_get(&threads, task, NULL, 0);
	u64 now = now_ns();

	if (!st || !st->recorded)
		return 0;
	take_to_state(st, place_of(saved_regs_address(task)));
	free_place(task);
	if (!st->id || st->exited)
		return 0;
	if (st->nr >= 0)
		unfinished_call(st, task, now, SLOT_LIFE);
	if (st->leader == st->id) {
		u32 leader = st->id, calls = st->call_seq;

		if (PLAIN(task)->signal->live.counter != 0)
			bpf_map_update_elem(&ended_leaders, &leader, &calls, BPF_ANY);
	}
	struct rec_exit *rec = bpf_ringbuf_reserve(&definitions, sizeof(*rec), 0);
	if (rec) {
		__builtin_memset(rec, 0, sizeof(*rec));
		rec->type = RT_EXIT;
		rec->thread = st->id;
		rec->ts_ns = now;
		fill_exit(rec, task);
		bpf_ringbuf_submit(rec, BPF_RB_NO_WAKEUP);
	} else {
		lose(st, LOSS_LIFECYCLE, now);
	}
	for (int i = 0; i < LOSS_SOURCES; i++)
		report_loss(st, i);
	st->exited = 1;
	__sync_fetch_and_add(&alive_threads, -1);
	return 0;
}

/* Nothing refers to the task any more, neither its parent nor a CPU: also where it was not recorded or
 * its last switch did not fit. After an execve that took the leader's place this comes for the old
 * leader too (recorder/raw_thread_table.cc knows). */
SEC("tp_btf/sched_process_free")
int BPF_PROG(on_free, struct task_struct *task)
{
	struct thread_state *st = bpf_task_storage_get(&threads, task, NULL, 0);

	if (!st || !st->id)
		return 0;
	struct rec_released *rec = bpf_ringbuf_reserve(&definitions, sizeof(*rec), 0);
	if (!rec)
		return 0; /* no event: it stays known until the end */
	__builtin_memset(rec, 0, sizeof(*rec));
	rec->type = RT_RELEASED;
	rec->thread = st->id;
	bpf_ringbuf_submit(rec, BPF_RB_NO_WAKEUP);
	return 0;
}

/* A process that moves into the target cgroup becomes a target; one that leaves stays one. */
SEC("tp_btf/cgroup_attach_task")
int BPF_PROG(on_cgroup_attach, struct cgroup *cgroup, const char *path, struct task_struct *task,
	     bool threadgroup)
{
	if (mode != MODE_CGROUP || task->tgid == self_tgid || !task_in_target_cgroup(task))
		return 0;
	make_thread(task, 0, THREAD_RECORDED | THREAD_EXISTED, SLOT_LIFE);
	__sync_fetch_and_add(&cgroup_moves, 1);
	return 0;
}
