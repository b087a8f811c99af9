/* Differences between kernels, each in one place, with the version or commit that made it.
 * What the running kernel has is decided at load time: by CO-RE (bpf_core_field_exists, ___suffixed
 * types) or by settings that user space reads from BTF (recorder/bpf_loader.cc). Branches that the
 * running kernel cannot take are removed by the verifier, so they may hold code it would refuse. */
#ifndef TARRY_KERNEL_COMPAT_H
#define TARRY_KERNEL_COMPAT_H

#include "recorder/bpf/kernel_types.h"

/* Settings read from the kernel's BTF. */
const volatile bool have_rdonly_cast = false;
const volatile bool switch_has_state = false;
const volatile bool have_user_task_copy = false;
const volatile bool have_percpu_offsets = false;
const volatile __u64 runqueues_offset = 0;
const volatile __u64 preempt_count_offset = 0;

/* 6.2 (a35b9af4ec2c): bpf_rdonly_cast() makes a typed pointer of an address, whose fields are then
 * plain loads. Before, every field costs a bpf_probe_read_kernel(). */
extern void *bpf_rdonly_cast(const void *obj, __u32 btf_id) __ksym __weak;

#define TYPED(type, addr)                                                                          \
	((type *)(have_rdonly_cast ?                                                               \
			  bpf_rdonly_cast((const void *)(addr), bpf_core_type_id_kernel(type)) :   \
			  (void *)(addr)))

/* The current task for reading a pointer out of it. Of a trusted one the verifier looks up by name, one in all
 * types of the kernel, whether what the pointer leads to is trusted as well: half of what loading took. */
#define PLAIN(task) (have_rdonly_cast ? TYPED(struct task_struct, task) : (task))

#define GET(ptr, field)                                                                            \
	({                                                                                         \
		typeof((ptr)->field) __value;                                                      \
		if (have_rdonly_cast)                                                              \
			__value = (ptr)->field;                                                    \
		else                                                                               \
			bpf_core_read(&__value, sizeof(__value), &(ptr)->field);                   \
		__value;                                                                           \
	})

/* Loads a word, and as a plain number: arrays of pointers have no BTF type that could be walked, and
 * typed pointers cannot be computed with. A cast to a structure that begins with a 64-bit number
 * does both at the cost of a load. */
struct timespec64 {
	s64 tv_sec;
} __attribute__((preserve_access_index));

static __always_inline u64 load_word(u64 addr)
{
	if (have_rdonly_cast) {
		const struct timespec64 *word = bpf_rdonly_cast(
			(const void *)addr, bpf_core_type_id_kernel(struct timespec64));
		return (u64)word->tv_sec;
	}
	u64 value = 0;
	bpf_probe_read_kernel(&value, sizeof(value), (const void *)addr);
	return value;
}

/* 5.17 (e6f2dd0f8067): bpf_loop(), whose body is verified once and not once for every turn. `body` is
 * a static long (*)(u32 turn, void *context) that ends the loop by returning 1. Older kernels verify
 * turn by turn, within limits (1 M instructions, 8192 jumps): there a loop ends early. */
enum { OLD_KERNEL_TURNS = 128 };
#define LOOP(turns, body, context)                                                                 \
	do {                                                                                       \
		if (bpf_core_enum_value_exists(enum bpf_func_id, BPF_FUNC_loop)) {                 \
			bpf_loop(turns, body, context, 0);                                         \
		} else {                                                                           \
			for (u32 __turn = 0;                                                       \
			     __turn < ((turns) < OLD_KERNEL_TURNS ? (turns) : OLD_KERNEL_TURNS);   \
			     __turn++)                                                             \
				if (body(__turn, context))                                         \
					break;                                                     \
		}                                                                                  \
	} while (0)

/* 5.14 (2f064a59a11f): task_struct.state became __state. */
struct task_struct___old_state {
	volatile long state;
} __attribute__((preserve_access_index));

static __always_inline u32 task_state(struct task_struct *task)
{
	if (bpf_core_field_exists(task->__state))
		return BPF_CORE_READ(task, __state);
	return (u32)BPF_CORE_READ((struct task_struct___old_state *)task, state);
}

/* 6.15 (741c10b096bc): kernfs_node.parent became __parent. */
struct kernfs_node___parent {
	struct kernfs_node *parent;
} __attribute__((preserve_access_index));

struct kernfs_node___new_parent {
	struct kernfs_node *__parent;
} __attribute__((preserve_access_index));

static __always_inline struct kernfs_node *kernfs_parent(struct kernfs_node *node)
{
	struct kernfs_node___new_parent *new_node = (void *)node;

	if (bpf_core_field_exists(new_node->__parent))
		return BPF_CORE_READ(new_node, __parent);
	return BPF_CORE_READ((struct kernfs_node___parent *)node, parent);
}

/* CPU bandwidth: from 6.18 (e1fad12dcb66) a throttled task leaves the queue by itself and says so in
 * task_struct.throttled; before, its whole cfs_rq was taken off, throttle_count of it and of
 * its descendants is then not 0. Both need CONFIG_CFS_BANDWIDTH. */
static __always_inline bool task_is_throttled(struct task_struct *task)
{
	if (bpf_core_field_exists(task->throttled))
		return task->throttled;
	if (bpf_core_field_exists(struct cfs_rq, throttle_count))
		return task->se.cfs_rq->throttle_count > 0;
	return false;
}

/* A bit field as plain loads; BPF_CORE_READ_BITFIELD_PROBED where those are not to be had. */
static __always_inline bool task_in_iowait(u64 task_addr)
{
	struct task_struct *task = (struct task_struct *)task_addr;
	u64 word;

	if (!have_rdonly_cast)
		return BPF_CORE_READ_BITFIELD_PROBED(task, in_iowait);
	word = load_word(task_addr + __CORE_RELO(task, in_iowait, BYTE_OFFSET));
	word <<= __CORE_RELO(task, in_iowait, LSHIFT_U64);
	return word >> __CORE_RELO(task, in_iowait, RSHIFT_U64);
}

/* include/linux/preempt.h */
#define SOFTIRQ_SERVING 0x100
#define HARDIRQ_MASK 0xf0000
#define NMI_MASK 0xf00000

/* The preempt count of this CPU. x86 keeps it in a per-CPU variable (before 6.2 and from 6.15 on
 * __preempt_count, between in struct pcpu_hot); per-CPU symbols cannot be resolved without
 * CONFIG_KALLSYMS_ALL, but the current task's run queue is a per-CPU variable too, whose address is
 * known. aarch64 keeps it in thread_info. 0xffffffff: cannot be told on this kernel. */
struct thread_info___preempt {
	u64 preempt_count;
} __attribute__((preserve_access_index));

/* `address`: of this CPU's count, kept by the caller from one time to the next; 0 at first. */
static __always_inline u32 preempt_count(u64 task_addr, u64 *address)
{
#if defined(__TARGET_ARCH_x86)
	if (have_percpu_offsets) {
		if (!*address) {
			u64 rq = load_word(task_addr +
					   bpf_core_field_offset(struct task_struct, se.cfs_rq));

			rq = load_word(rq + bpf_core_field_offset(struct cfs_rq, rq));
			if (!rq)
				return 0xffffffff;
			*address = rq - runqueues_offset + preempt_count_offset;
		}
		return (u32)load_word(*address);
	}
	return 0xffffffff;
#else
	struct thread_info___preempt *info = (void *)&((struct task_struct *)task_addr)->thread_info;
	if (bpf_core_field_exists(info->preempt_count))
		return (u32)BPF_CORE_READ(info, preempt_count);
	return 0xffffffff;
#endif
}

/* ---- system-call registers ---- */

/* From the bottom of a stack to the registers that were saved when user space was left: the same for all
 * threads. Set by the first iterator. */
__u64 saved_regs_offset = 0;

static __always_inline u64 saved_regs_address(struct task_struct *task)
{
	return (u64)GET(task, stack) + saved_regs_offset;
}

static __always_inline struct pt_regs *saved_regs(struct task_struct *task)
{
	if (have_rdonly_cast)
		return bpf_rdonly_cast((const void *)saved_regs_address(task),
				       bpf_core_type_id_kernel(struct pt_regs));
	return (struct pt_regs *)bpf_task_pt_regs(task);
}

#if defined(__TARGET_ARCH_x86)
/* Of the current task. */
static __always_inline u64 user_stack_pointer(void)
{
	return ((struct pt_regs *)bpf_task_pt_regs(bpf_get_current_task_btf()))->sp;
}
#endif

#if defined(__TARGET_ARCH_x86)
#define NATIVE_ABI ABI_X86_64
#define TS_COMPAT 2 /* arch/x86/include/asm/thread_info.h */
#define X32_BIT 0x40000000

static __always_inline s64 regs_nr(struct pt_regs *regs)
{
	return (s64)regs->orig_ax;
}

static __always_inline u8 task_abi(struct task_struct *task, s64 nr)
{
	if (task->thread_info.status & TS_COMPAT)
		return ABI_I386;
	return nr & X32_BIT ? ABI_X32 : ABI_X86_64;
}

static __always_inline void regs_args(struct pt_regs *regs, u8 abi, u64 *args)
{
	if (abi != ABI_I386) {
		args[0] = regs->di;
		args[1] = regs->si;
		args[2] = regs->dx;
		args[3] = regs->r10;
		args[4] = regs->r8;
		args[5] = regs->r9;
		return;
	}
	args[0] = (u32)regs->bx;
	args[1] = (u32)regs->cx;
	args[2] = (u32)regs->dx;
	args[3] = (u32)regs->si;
	args[4] = (u32)regs->di;
	args[5] = (u32)regs->bp;
}

/* The first three. */
static __always_inline void regs_first_args(struct pt_regs *regs, u8 abi, u64 *args)
{
	if (abi != ABI_I386) {
		args[0] = regs->di;
		args[1] = regs->si;
		args[2] = regs->dx;
		return;
	}
	args[0] = (u32)regs->bx;
	args[1] = (u32)regs->cx;
	args[2] = (u32)regs->dx;
}

/* Are the `count` arguments behind those 0? */
static __always_inline bool regs_more_args_zero(struct pt_regs *regs, u8 abi, u8 count)
{
	u64 first, second, third;

	if (!count)
		return true;
	if (abi != ABI_I386) {
		first = regs->r10;
		second = regs->r8;
		third = regs->r9;
	} else {
		first = (u32)regs->si;
		second = (u32)regs->di;
		third = (u32)regs->bp;
	}
	return !first && (count < 2 || !second) && (count < 3 || !third);
}
#else
#define NATIVE_ABI ABI_AARCH64

static __always_inline s64 regs_nr(struct pt_regs *regs)
{
	return regs->syscallno;
}

static __always_inline u8 task_abi(struct task_struct *task, s64 nr)
{
	return ABI_AARCH64;
}

static __always_inline void regs_args(struct pt_regs *regs, u8 abi, u64 *args)
{
	args[0] = regs->orig_x0;
	args[1] = regs->regs[1];
	args[2] = regs->regs[2];
	args[3] = regs->regs[3];
	args[4] = regs->regs[4];
	args[5] = regs->regs[5];
}

static __always_inline void regs_first_args(struct pt_regs *regs, u8 abi, u64 *args)
{
	args[0] = regs->orig_x0;
	args[1] = regs->regs[1];
	args[2] = regs->regs[2];
}

static __always_inline bool regs_more_args_zero(struct pt_regs *regs, u8 abi, u8 count)
{
	u64 first = regs->regs[3], second = regs->regs[4], third = regs->regs[5];

	return !count || (!first && (count < 2 || !second) && (count < 3 || !third));
}
#endif

#endif
