/* Who a thread is: its state in task local storage, its definition, and whether it is recorded. */
#ifndef TARRY_THREADS_H
#define TARRY_THREADS_H

#define PF_KTHREAD 0x00200000

enum { CGROUP_DEPTH = 24 };

struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 4096);
	__type(key, u64);
	__type(value, u32); /* resource_epoch */
} known_cgroups SEC(".maps");

struct cgroup_walk {
	u64 node;
	u32 slot;
	u32 used;
};

static long cgroup_step(u32 turn, void *context)
{
	struct cgroup_walk *walk = context;
	struct scratch *scratch = get_scratch(walk->slot);
	struct kernfs_node *node = (struct kernfs_node *)walk->node;
	struct kernfs_node *parent = kernfs_parent(node);
	u32 used = walk->used;

	if (!scratch || !parent || used > PATH_BYTES - NAME_BYTES)
		return 1;
	long len = bpf_probe_read_kernel_str(&scratch->bytes[sizeof(struct rec_cgroup) + used],
					     NAME_BYTES, BPF_CORE_READ(node, name));
	if (len <= 0)
		return 1;
	walk->used = used + ((u32)len & (2 * NAME_BYTES - 1));
	walk->node = (u64)parent;
	return 0;
}

/* Describes a cgroup once; returns the number it goes by. */
__noinline u64 define_cgroup(u64 cgroup_addr, u32 slot)
{
	struct scratch *scratch = get_scratch(slot);
	struct kernfs_node *node = BPF_CORE_READ((struct cgroup *)cgroup_addr, kn);

	if (!scratch || !node)
		return 0;
	/* ids are unique in one hierarchy only */
	u64 id = BPF_CORE_READ(node, id) ^ (u64)node << 16;
	u32 epoch = resource_epoch;
	u32 *known = bpf_map_lookup_elem(&known_cgroups, &id);
	if (known && *known == epoch)
		return id;
	struct rec_cgroup *rec = (struct rec_cgroup *)scratch->bytes;
	u64 used = 0;
	struct cgroup_walk walk = { .node = (u64)node, .slot = slot };

	LOOP(CGROUP_DEPTH, cgroup_step, &walk);
	used = walk.used;
	rec->type = RT_CGROUP;
	rec->id = id;
	rec->text_len = (u32)used;
	asm volatile("" : "+r"(used));
	if (used > PATH_BYTES)
		used = PATH_BYTES;
	if (bpf_ringbuf_output(&definitions, rec, sizeof(*rec) + used, BPF_RB_NO_WAKEUP)) {
		lose_unattributed(LOSS_DEFINITIONS);
		return 0;
	}
	bpf_map_update_elem(&known_cgroups, &id, &epoch, BPF_ANY);
	return id;
}

struct hierarchies {
	struct css_set *set;
	struct cgroup *best;
	int level;
};

static long deeper_hierarchy(u32 index, void *context)
{
	struct hierarchies *all = context;
	struct cgroup_subsys_state *state = NULL;

	bpf_probe_read_kernel(&state, sizeof(state),
			      (const void *)((u64)all->set + OFFSET(struct css_set, subsys) +
					     index * sizeof(state)));
	struct cgroup *cgroup = state ? BPF_CORE_READ(state, cgroup) : NULL;
	int level = cgroup ? BPF_CORE_READ(cgroup, level) : 0;

	if (level > all->level) {
		all->level = level;
		all->best = cgroup;
	}
	return 0;
}

/* The cgroup a process is named by: that of the v2 hierarchy, or, where this says nothing (hybrid
 * machines keep everything in its root), the deepest of the v1 hierarchies. */
static __always_inline u64 task_cgroup(struct task_struct *task, u32 slot)
{
	struct css_set *set = BPF_CORE_READ(task, cgroups);
	struct cgroup *unified = BPF_CORE_READ(set, dfl_cgrp);
	struct hierarchies all = { .set = set, .best = unified };
	u32 count = bpf_core_field_size(struct css_set, subsys) / sizeof(void *);

	all.level = BPF_CORE_READ(unified, level);
	if (all.level == 0)
		LOOP(count, deeper_hierarchy, &all);
	return define_cgroup((u64)all.best, slot);
}

/* Address of the pid namespace that a number of the pid belongs to. */
static __always_inline u64 namespace_of(struct pid *pid, u32 level)
{
	u64 ns = 0;

	if (level <= 32)
		bpf_probe_read_kernel(&ns, sizeof(ns),
				      (const void *)((u64)pid + OFFSET(struct pid, numbers) +
						     level * bpf_core_type_size(struct upid) +
						     OFFSET(struct upid, ns)));
	return ns;
}

/* The number of a task in a pid namespace, 0 where it is not visible there. */
static __always_inline s32 number_in(struct pid *pid, u32 level, u64 ns)
{
	s32 nr = 0;

	if (level > 32 || level > BPF_CORE_READ(pid, level) || namespace_of(pid, level) != ns)
		return 0;
	bpf_probe_read_kernel(&nr, sizeof(nr),
			      (const void *)((u64)pid + OFFSET(struct pid, numbers) +
					     level * bpf_core_type_size(struct upid) +
					     OFFSET(struct upid, nr)));
	return nr;
}

/* The same in the recorder's own. */
static __always_inline s32 own_number(struct pid *pid)
{
	return number_in(pid, self_pid_level, self_pid_ns);
}

static __always_inline s32 inner_number(struct pid *pid)
{
	u32 level = BPF_CORE_READ(pid, level);
	s32 nr = 0;

	bpf_probe_read_kernel(&nr, sizeof(nr),
			      (const void *)((u64)pid + OFFSET(struct pid, numbers) +
					     (level & 63) * bpf_core_type_size(struct upid) +
					     OFFSET(struct upid, nr)));
	return nr;
}

/* Gives the thread an id and submits its definition. A second definition of the same thread (two
 * CPUs at once) is harmless: user space knows threads by tid and start time. 0: no room, try again. */
__noinline u32 define_thread(struct thread_state *st, u64 task_addr, u32 creator, u32 flags, u32 slot)
{
	struct task_struct *task = (struct task_struct *)task_addr;
	struct task_struct *leader = BPF_CORE_READ(task, group_leader);
	struct pid *pid = BPF_CORE_READ(task, thread_pid);
	struct pid *leader_pid = BPF_CORE_READ(leader, thread_pid);
	const struct cred *cred = BPF_CORE_READ(task, cred);
	u32 exe = 0, cwd = 0;
	u64 cgroup = 0;

	if (!st)
		return 0;
	if (leader == task) {
		u64 fs = (u64)BPF_CORE_READ(task, fs);
		u64 mm = (u64)BPF_CORE_READ(task, mm);
		u64 file = mm ? (u64)BPF_CORE_READ((struct mm_struct *)mm, exe_file) : 0;

		flags |= THREAD_HAS_INFO;
		if (file)
			exe = file_resource(file, slot);
		if (fs)
			cwd = path_resource(load_word(fs + OFFSET(struct fs_struct, pwd.mnt)),
					    load_word(fs + OFFSET(struct fs_struct, pwd.dentry)),
					    slot);
		cgroup = task_cgroup(task, slot);
	}
	if (BPF_CORE_READ(task, flags) & PF_KTHREAD)
		flags |= THREAD_KERNEL;
	struct rec_thread *rec = bpf_ringbuf_reserve(&definitions, sizeof(*rec), 0);
	if (!rec) {
		lose_unattributed(LOSS_DEFINITIONS);
		return 0;
	}
	u32 id = st->id ? st->id : __sync_fetch_and_add(&last_thread_id, 1) + 1;

	if (leader == task)
		st->leader = id;
	rec->type = RT_THREAD;
	rec->flags = (u8)flags;
	rec->pad = 0;
	rec->id = id;
	rec->leader = st->leader;
	rec->creator = creator;
	rec->tid = BPF_CORE_READ(task, pid);
	rec->pid = BPF_CORE_READ(task, tgid);
	rec->ns_tid = inner_number(pid);
	rec->ns_pid = inner_number(leader_pid);
	rec->own_tid = own_number(pid);
	rec->own_pid = own_number(leader_pid);
	rec->ppid = BPF_CORE_READ(task, real_parent, tgid);
	rec->uid = BPF_CORE_READ(cred, uid.val);
	rec->gid = BPF_CORE_READ(cred, gid.val);
	rec->exe = exe;
	rec->cwd = cwd;
	rec->pad2 = 0;
	rec->cgroup = cgroup;
	rec->start_ns = BPF_CORE_READ(task, start_boottime);
	rec->ts_ns = now_ns();
	bpf_probe_read_kernel(rec->comm, sizeof(rec->comm), &task->comm);
	bpf_ringbuf_submit(rec, BPF_RB_NO_WAKEUP);
	st->id = id;
	return id;
}

/* The state of a task, made and defined if need be. `flags` RECORDED makes it a target. */
static __always_inline struct thread_state *make_thread(struct task_struct *task, u32 creator,
							u32 flags, u32 slot)
{
	struct thread_state *st = bpf_task_storage_get(&threads, task, NULL, 0);

	if (!st) {
		st = bpf_task_storage_get(&threads, task, NULL, BPF_LOCAL_STORAGE_GET_F_CREATE);
		if (!st)
			return NULL;
		st->nr = -1;
	}
	bool first_recorded = false;
	if ((flags & THREAD_RECORDED) && !st->exited &&
	    __sync_val_compare_and_swap(&st->recorded, 0, 1) == 0) {
		__sync_fetch_and_add(&alive_threads, 1);
		__sync_fetch_and_add(&marks, 1);
		first_recorded = true;
		claim_place(st, task);
	}
	if (st->id && !first_recorded)
		return st;
	if (st->recorded)
		flags |= THREAD_RECORDED;
	struct task_struct *leader = task->group_leader;
	if (task->pid != task->tgid && !st->leader) {
		struct thread_state *first = bpf_task_storage_get(&threads, leader, NULL, 0);

		if (!first) {
			first = bpf_task_storage_get(&threads, leader, NULL,
						     BPF_LOCAL_STORAGE_GET_F_CREATE);
			if (first)
				first->nr = -1;
		}
		if (first) {
			if (!first->id)
				define_thread(first, address_of(first, leader), 0,
					      flags & THREAD_EXISTED, slot);
			st->leader = first->id;
		}
	}
	define_thread(st, address_of(st, task), creator, flags, slot);
	return st;
}

/* No program has ever noticed it. Cheaper than to be told so by the helper; and the helper's "none" may
 * mean, before 6.2, that another one was using the storage of some task on this CPU. */
static __always_inline bool has_no_storage(struct task_struct *task)
{
	return bpf_core_field_exists(task->bpf_storage) && !task->bpf_storage;
}

static __noinline struct thread_state *recorded_late(struct task_struct *task, u32 flags, u32 slot)
{
	return make_thread(task, 0, flags, slot);
}

/* The state of a thread whose events are recorded, NULL for all others: the first thing every
 * program asks. */
static __always_inline struct thread_state *recorded_thread(struct task_struct *task, u32 slot)
{
	if (mode != MODE_ALL && has_no_storage(task))
		return NULL;
	struct thread_state *st = bpf_task_storage_get(&threads, task, NULL, 0);

	if (st && st->recorded && st->id)
		return st;
	if (st && st->recorded)
		return recorded_late(task, THREAD_RECORDED, slot);
	if (mode != MODE_ALL || task->tgid == self_tgid || !task->pid || (st && st->exited))
		return NULL;
	return recorded_late(task, THREAD_RECORDED | THREAD_EXISTED, slot);
}

/* Is it certain that the task, for which recorded_thread() said NULL, is none until `marks` goes up? */
static __always_inline bool is_bystander(struct task_struct *task)
{
	if (mode == MODE_ALL)
		return false;
	if (has_no_storage(task))
		return true;
	struct thread_state *st = bpf_task_storage_get(&threads, task, NULL, 0);

	return st && !st->recorded;
}

struct cgroup_search {
	u64 node;
	bool found;
};

static long compare_cgroup(u32 turn, void *context)
{
	struct cgroup_search *search = context;
	struct kernfs_node *node = (struct kernfs_node *)search->node;

	if (!node)
		return 1;
	search->found = BPF_CORE_READ(node, id) == target_cgroup;
	search->node = (u64)kernfs_parent(node);
	return search->found;
}

/* Is the task in the target cgroup or below it? */
static __always_inline bool task_in_target_cgroup(struct task_struct *task)
{
	struct css_set *set = BPF_CORE_READ(task, cgroups);
	struct cgroup *cgroup = NULL;

	if (target_hierarchy < 0) {
		cgroup = BPF_CORE_READ(set, dfl_cgrp);
	} else {
		struct cgroup_subsys_state *state = NULL;

		bpf_probe_read_kernel(&state, sizeof(state),
				      (const void *)((u64)set + OFFSET(struct css_set, subsys) +
						     (u32)target_hierarchy * sizeof(state)));
		if (state)
			cgroup = BPF_CORE_READ(state, cgroup);
	}
	struct cgroup_search search = { .node = cgroup ? (u64)BPF_CORE_READ(cgroup, kn) : 0 };

	LOOP(CGROUP_DEPTH, compare_cgroup, &search);
	return search.found;
}

#endif
