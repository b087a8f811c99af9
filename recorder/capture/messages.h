/* The messages of sendmmsg(2) and recvmmsg(2), all of them: what a record has no room for goes ahead of it in
 * records of its own.
 *
 * put_parts() of the surroundings puts one: the parts in the slot's scratch buffer up to `end`. */
#ifndef TARRY_MESSAGES_H
#define TARRY_MESSAGES_H

#include "recorder/capture/buffers.h"

enum {
	MESSAGES_MAX = 1024,       /* UIO_MAXIOV: the kernel takes no more at once */
	MESSAGES_BYTES = 8 * 1024, /* a message's parts begin before this offset, so that there is room for them */
};

struct message_walk {
	struct thread_state *st;
	struct plan_item *item;
	u64 address; /* of the array */
	u64 count;
	u32 first; /* the message that is to be taken first */
	u32 compat;
	u32 slot;
	u32 at;
	bool failed; /* at the enter: a message is not in memory */
};

/* Where the parts of a slot's record begin. */
static __always_inline u32 parts_begin(u32 slot)
{
	return slot == SLOT_ENTER ? sizeof(struct rec_enter_data) : sizeof(struct rec_call);
}

static long put_one_message(u32 turn, void *context)
{
	struct message_walk *walk = context;
	u64 index = (u64)walk->first + turn;
	u32 at = walk->at, sent = 0;

	if (index >= walk->count || index >= MESSAGES_MAX)
		return 1;
	struct message message = {
		.address = walk->address + index * (walk->compat ? MMSGHDR32_BYTES : MMSGHDR_BYTES),
		.moved = ~0ULL,
		.compat = walk->compat,
		.part = PART_MESSAGE * ((u32)index + 1),
	};

	if (walk->item->out) { /* msg_len: what was received */
		u64 where = walk->compat ? sizeof(struct user_msghdr32) : sizeof(struct user_msghdr);

		if (bpf_probe_read_user(&sent, sizeof(sent), (const void *)(message.address + where)))
			return 0;
		message.moved = sent;
	}
	if (at > MESSAGES_BYTES) {
		put_parts(walk->st, walk->slot, at);
		at = parts_begin(walk->slot);
	}
	u32 end = put_msghdr(walk->item, &message, walk->slot, at);
	if (end & ITEM_FAILED) { /* at the exit it is a gap */
		walk->at = at;
		walk->failed = walk->slot == SLOT_ENTER;
		return walk->failed;
	}
	walk->at = end & END_MASK;
	if (walk->slot == SLOT_ENTER)
		walk->st->messages = (u16)(index + 1);
	return 0;
}

/* Messages `first` and following of the `count` that the item's argument points to. Not by put_item(), because
 * the kernel allows 8 nested calls. */
static __always_inline u32 put_messages(struct thread_state *st, struct plan_item *item, u64 count, u32 first, u32 slot,
					u32 at)
{
	struct message_walk walk = {
		.st = st,
		.item = item,
		.address = st->args[item->arg & 7],
		.count = count,
		.first = first,
		.compat = st->abi == ABI_I386,
		.slot = slot,
		.at = at,
	};

	if (!walk.address)
		return at;
	LOOP(MESSAGES_MAX, put_one_message, &walk);
	return walk.at | (walk.failed ? ITEM_FAILED : 0);
}

#endif
