/* Tells user space of files that recorded processes execute or map to be executed, each once: it looks whether
 * they hold a TLS library, and probes it. That has to be soon, so these have a ring of their own, whose reader
 * sleeps until there is something. */
#ifndef TARRY_MAPPED_CODE_H
#define TARRY_MAPPED_CODE_H

enum { NR_MMAP_X86_64 = 9, MMAP_EXEC = 4, MMAP_ANONYMOUS = 0x20 };

const volatile bool watch_code = false;

struct {
	__uint(type, BPF_MAP_TYPE_RINGBUF);
	__uint(max_entries, 64 * 1024);
} mapped_code SEC(".maps");

/* By resource. User space takes out what it could not look at. */
struct {
	__uint(type, BPF_MAP_TYPE_LRU_HASH);
	__uint(max_entries, 16384);
	__type(key, u32);
	__type(value, u8);
} told_code SEC(".maps");

static __noinline void tell_code(struct thread_state *st, u32 resource, u64 begin, u64 end)
{
	u8 yes = 1;

	if (!st || (resource && bpf_map_lookup_elem(&told_code, &resource)))
		return;
	struct rec_mapped_code *rec = bpf_ringbuf_reserve(&mapped_code, sizeof(*rec), 0);
	if (!rec) {
		lose(st, LOSS_PLAINTEXT, now_ns());
		return;
	}
	struct task_struct *task = bpf_get_current_task_btf();
	rec->type = RT_MAPPED_CODE;
	rec->pad[0] = rec->pad[1] = rec->pad[2] = 0;
	rec->pid = own_number(BPF_CORE_READ(task, group_leader, thread_pid));
	rec->resource = resource;
	rec->pad2 = 0;
	rec->begin = begin;
	rec->end = end;
	bpf_ringbuf_submit(rec, BPF_RB_FORCE_WAKEUP);
	if (resource)
		bpf_map_update_elem(&told_code, &resource, &yes, BPF_ANY);
}

#if defined(__TARGET_ARCH_x86)
/* A function that returns through a uretprobe gets there by a call of the system that the program knows
 * nothing of (from 6.11 on). */
enum { NR_URETPROBE_X86_64 = 335 };

static __always_inline bool is_probe(s64 nr)
{
	return watch_code && nr == NR_URETPROBE_X86_64 &&
	       task_abi(bpf_get_current_task_btf(), nr) == ABI_X86_64;
}

/* The same at its exit: the kernel has made it no call by then. */
static __always_inline bool leaves_probe(struct short_call *place, struct pt_regs *regs)
{
	return watch_code && place->nr == NO_CALL && (s32)regs_nr(regs) == -1;
}
#else
static __always_inline bool is_probe(s64 nr)
{
	return false;
}

static __always_inline bool leaves_probe(struct short_call *place, struct pt_regs *regs)
{
	return false;
}
#endif

/* At the exit of every call that is not short. */
static __always_inline void watch_mapping(struct thread_state *st, s64 ret)
{
	if (!watch_code || st->nr != NR_MMAP_X86_64 || st->abi != ABI_X86_64)
		return;
	if ((ret < 0 && ret >= -4095) || !(st->args[2] & MMAP_EXEC) || st->args[3] & MMAP_ANONYMOUS)
		return;
	u64 begin = (u64)ret;

	tell_code(st, st->res[RES_FIRST], begin, (begin + st->args[1] + 4095) & ~4095ULL);
}

#endif
