/* What a call moved on a socket, pipe or FIFO beyond the bytes that its parts have room for: pieces of it, in
 * records of their own (RT_REST) before the call's.
 *
 * put_rest() of the surroundings puts one piece: `head` is filled in, `len` bytes at `address` follow it. 0: done. */
#ifndef TARRY_REST_H
#define TARRY_REST_H

#include "recorder/capture/buffers.h"

enum {
	REST_TURNS = 4096, /* pieces and buffers of one call */
	REST_FROM = ITEM_BYTES / 2, /* an array of buffers may fill no more of its part: see copy_buffer() */
};

struct rest_walk {
	struct iovec_walk buffers; /* `one`: the buffer that is being taken */
	u64 at;     /* in it */
	u64 offset; /* of that place in all that was moved */
	u64 left;
	u64 address; /* of the piece that `head` tells of */
	u32 next;   /* index of the buffer after it */
	bool failed; /* a piece found no room */
	struct rec_rest head;
};

/* Length of the next piece; 0: none before the next buffer. On its own, for what it leaves in the walk the
 * verifier takes as any value, so that one turn of the loop stands for all. */
__noinline u32 next_rest_piece(struct rest_walk *walk)
{
	if (!walk)
		return 0;
	u64 len = walk->buffers.one.len - walk->at;

	if (!len) {
		walk->at = 0;
		if (!read_iovec(&walk->buffers, walk->next++))
			walk->left = 0;
		return 0;
	}
	if (len > walk->left)
		len = walk->left;
	if (len > REST_BYTES)
		len = REST_BYTES;
	walk->address = walk->buffers.one.base + walk->at;
	walk->head.offset = walk->offset;
	walk->head.len = (u32)len;
	walk->at += len;
	walk->offset += len;
	walk->left -= len;
	return (u32)len;
}

static long put_rest_piece(u32 turn, void *context)
{
	struct rest_walk *walk = context;

	(void)turn;
	if (!walk->left)
		return 1;
	u32 len = next_rest_piece(walk);

	return len && put_rest(walk, walk->address, len);
}

/* At the exit of a call that moved `ret` bytes, of which `most` are wanted. */
static __always_inline void take_rest(struct rest_walk *walk, struct plan_item *item, u64 address, u32 compat, u64 count,
				      u64 ret, u64 most)
{
	struct user_msghdr header = {};
	struct message message = { .address = address, .compat = compat };

	walk->left = ret < most ? ret : most;
	walk->head.type = RT_REST;
	walk->head.arg = item->arg;
	walk->head.out = item->out;
	walk->buffers.where.compat = compat;
	switch (item->what) {
	case ITEM_BUFFER:
	case ITEM_RESULT: /* its part holds the first ITEM_BYTES */
		if (walk->left <= ITEM_BYTES)
			return;
		walk->buffers.one.base = address;
		walk->buffers.one.len = ret;
		walk->at = walk->offset = ITEM_BYTES;
		walk->left -= ITEM_BYTES;
		break;
	case ITEM_IOVEC:
		walk->head.index = PART_DATA;
		walk->buffers.where.address = address;
		walk->buffers.where.count = count;
		break;
	case ITEM_MSGHDR:
		if (read_msghdr(&message, &header))
			return;
		walk->head.index = PART_DATA;
		walk->buffers.where.address = header.iov;
		walk->buffers.where.count = header.iovlen;
		break;
	default:
		return;
	}
	LOOP(REST_TURNS, put_rest_piece, walk);
}

#endif
