/* The short calls that are on their way: most calls, for which nothing but three arguments (others are 0)
 * and an fd's object is kept from enter to exit. A thread has a place for its own in an array, found by the address of
 * its saved registers, which every program of a call gets for nothing: that spares most calls the question
 * who the current task is and whether it is recorded, some 40 ns of helpers.
 *
 * Two threads may meet at one place: the later one has none then, and does without (its calls stand in
 * its thread_state, as those of all threads do that are not short). Who may write a place: its thread's
 * programs of calls, which never interrupt each other, and those that see the thread off. */
#ifndef TARRY_SHORT_CALLS_H
#define TARRY_SHORT_CALLS_H

#include "recorder/capture/parts.h"

enum { SHORT_PLACES = 8192 };

enum { /* short_call.nr */
	NO_CALL = -1,
	IN_STATE = -2, /* thread_state tells, also how many calls there were */
};

enum { PLACE_CLAIMED = 1 }; /* short_call.owner, where no registers can be */

struct short_call {
	u64 owner; /* address of the saved registers of a recorded thread, 0: none */
	u64 task;
	s32 nr;
	u32 res_epoch; /* of `rec.resource` */
	struct rec_short_call rec; /* without what the exit knows */
	u32 buffer;		   /* BUFFER_*, of its plan */
	u32 pad[9];
};

struct {
	__uint(type, BPF_MAP_TYPE_ARRAY);
	__uint(max_entries, SHORT_PLACES);
	__type(key, u32);
	__type(value, struct short_call);
} short_calls SEC(".maps");

/* Kernel stacks begin at multiples of 16 KiB or more (THREAD_SIZE), with a guard page between. */
static __always_inline u32 place_index(u64 regs)
{
	return (u32)(regs >> 15 ^ regs >> 28) & (SHORT_PLACES - 1);
}

/* The place of the recorded thread whose registers these are, NULL: it is not recorded or has none. */
static __always_inline struct short_call *place_of(u64 regs)
{
	u32 index = place_index(regs);
	struct short_call *place = bpf_map_lookup_elem(&short_calls, &index);

	return place && place->owner == regs ? place : NULL;
}

/* The same of the current thread in its programs of calls. Registers that the verifier knows as such can
 * be compared but not computed with: the CPU remembers the index since the thread was switched to. Where
 * it does not, because the switch was kept back, find_place() helps. */
static __always_inline struct short_call *current_place(struct cpu_context *context, struct pt_regs *regs)
{
	u32 index = context->place;
	struct short_call *place = bpf_map_lookup_elem(&short_calls, &index);

	return place && place->owner == (u64)regs ? place : NULL;
}

static __always_inline struct short_call *find_place(struct cpu_context *context, struct task_struct *task)
{
	u64 regs = saved_regs_address(task);

	context->place = place_index(regs);
	return place_of(regs);
}

/* Once, when a thread becomes a target. */
static __always_inline void claim_place(struct thread_state *st, struct task_struct *task)
{
	u64 regs = saved_regs_address(task);
	u32 index = place_index(regs);
	struct short_call *place = bpf_map_lookup_elem(&short_calls, &index);

	if (!place)
		return;
	u64 before = __sync_val_compare_and_swap(&place->owner, 0, PLACE_CLAIMED);
	if (before != 0 && before != regs) /* not one whose stack this was */
		return;
	place->task = address_of(st, task);
	place->nr = IN_STATE;
	publish(&place->owner, regs);
}

static __always_inline void free_place(struct task_struct *task)
{
	struct short_call *place = place_of(saved_regs_address(task));

	if (place)
		publish(&place->owner, 0);
}

/* What a call begins with, but its arguments. */
static __always_inline void begin_call(struct thread_state *st, u8 abi, s64 nr)
{
	st->abi = abi;
	st->nr = (s32)nr;
	st->call_seq++;
	st->data_seq = st->call_seq;
	st->data_thread = st->id;
	st->res_epoch = resource_epoch;
	st->retry = 0;
	st->flags = 0;
	st->is_short = 0;
	__builtin_memset(st->res, 0, sizeof(st->res));
}

/* From now on thread_state tells what call the thread is in. */
static __always_inline void take_to_state(struct thread_state *st, struct short_call *place)
{
	if (!place || place->nr == IN_STATE)
		return;
	st->call_seq = place->rec.call_seq;
	if (place->nr >= 0) {
		begin_call(st, place->rec.abi, place->nr);
		st->call_seq = st->data_seq = place->rec.call_seq;
		st->res_epoch = place->res_epoch;
		st->is_short = place->buffer == BUFFER_NONE;
		st->flags = place->rec.nr & SHORT_HAS_DATA ? STATE_ENTER_DATA : 0;
		st->enter_ns = place->rec.enter_ns;
		__builtin_memset(st->args, 0, sizeof(st->args));
		st->args[0] = place->rec.args[0];
		st->args[1] = place->rec.args[1];
		st->args[2] = place->rec.args[2];
		st->res[RES_FIRST] = place->rec.resource;
	}
	place->nr = IN_STATE;
}

/* The thread is in no call, and the next one may be a short one. */
static __always_inline void give_to_place(struct thread_state *st, struct short_call *place)
{
	if (!place)
		return;
	place->rec.type = RT_SHORT_CALL;
	place->rec.thread = st->id;
	place->rec.call_seq = st->call_seq;
	place->nr = NO_CALL;
}

static __always_inline bool is_short_call(struct call_plan *plan, struct pt_regs *regs, u8 abi)
{
	return plan && plan->flags & PLAN_SHORT && regs_more_args_zero(regs, abi, plan->zero_args);
}

enum { BUFFER_BYTES = 256 }; /* longer ones go the long way */

/* The buffer of a call as its RT_ENTER_DATA, in the lane as the call will be. False: it cannot be read now,
 * is too long, or there is no room for it. */
static __noinline bool put_buffer(struct short_call *place, u64 len, u32 part_flags)
{
	struct {
		struct rec_enter_data head;
		struct rec_part part;
		u8 bytes[BUFFER_BYTES];
	} *rec;
	struct lane_place to;
	u64 used = at_most_snaplen(len);

	if (!place || used > BUFFER_BYTES)
		return false;
	rec = lane_reserve(&to, sizeof(*rec));
	if (!rec)
		return false;
	asm volatile("" : "+r"(used));
	if (used > BUFFER_BYTES || bpf_probe_read_user(rec->bytes, (u32)used, (const void *)place->rec.args[1])) {
		lane_cancel(&to);
		return false;
	}
	rec->head.type = RT_ENTER_DATA;
	rec->head.place = PARTS_FIRST;
	rec->head.thread = place->rec.thread;
	rec->head.call_seq = place->rec.call_seq;
	rec->part.kind = PART_PAYLOAD;
	rec->part.arg = 1;
	rec->part.flags = (u8)part_flags;
	rec->part.index = 0;
	rec->part.len = (u16)used;
	rec->part.full_len = len;
	lane_shorten(&to, rec, sizeof(*rec), sizeof(*rec) - BUFFER_BYTES + round_up8((u32)used));
	lane_submit(&to);
	return true;
}

/* True: the call that begins is a short one and stands at its place. */
static __always_inline bool enter_short_call(struct short_call *place, struct pt_regs *regs, s64 nr)
{
	struct task_struct *task = have_rdonly_cast ? TYPED(struct task_struct, place->task) :
						      bpf_get_current_task_btf();
	u8 abi = task_abi(task, nr);
	struct call_plan *plan = find_plan(abi, nr);

	if (place->nr == IN_STATE || !is_short_call(plan, regs, abi))
		return false;
	u8 arg = plan->fd_arg[0];

	place->rec.call_seq++;
	place->rec.enter_ns = now_ns();
	regs_first_args(regs, abi, place->rec.args);
	place->rec.abi = abi;
	place->rec.nr = (u16)nr;
	place->buffer = plan->buffer;
	if (plan->buffer == BUFFER_IN && place->rec.args[1] && place->rec.args[2]) {
		if (!put_buffer(place, place->rec.args[2], 0)) {
			place->rec.call_seq--; /* the long way tries again, and counts what is lost */
			return false;
		}
		place->rec.nr |= SHORT_HAS_DATA;
	}
	place->nr = (s32)nr;
	place->res_epoch = resource_epoch;
	place->rec.resource = arg < SHORT_ARGS ? fd_resource(task, place->rec.args[arg], SLOT_ENTER) : 0;
	return true;
}

/* True: the call that ends was a short one, and its record is in the lane. */
static __always_inline bool exit_short_call(struct short_call *place, s64 ret)
{
	struct lane_place to;

	if (place->nr < 0 || resource_epoch - place->res_epoch > 1)
		return false;
	u64 now = now_ns();

	if (place->buffer == BUFFER_OUT && ret > 0 && place->rec.args[1]) {
		if (!put_buffer(place, (u64)ret, PART_OUT))
			return false;
		place->rec.nr |= SHORT_HAS_DATA;
	}
	struct rec_short_call *rec = lane_reserve(&to, sizeof(*rec));
	if (!rec) {
		if (place->buffer == BUFFER_OUT) /* the long way takes it again */
			place->rec.nr &= (u16)~SHORT_HAS_DATA;
		return false;
	}
	/* what the enter has written in words; this program's own pieces in place */
	const u64 *from = (const u64 *)&place->rec;
	u64 *words = (u64 *)rec;

	words[0] = from[0];
	words[1] = from[1];
	words[2] = from[2];
	rec->dur_ns = now - place->rec.enter_ns;
	rec->ret = ret;
	words[5] = from[5];
	words[6] = from[6];
	words[7] = from[7];
	lane_submit(&to);
	place->nr = NO_CALL;
	return true;
}

#endif
