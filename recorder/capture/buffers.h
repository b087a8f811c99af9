/* Arrays of buffers and messages: iovec, msghdr, mmsghdr of 64-bit and 32-bit callers. The parts are
 * those of docs/trace-format.md, "Payloads". */
#ifndef TARRY_BUFFERS_H
#define TARRY_BUFFERS_H

#include "recorder/capture/parts.h"

enum {
	IOVEC_MAX = 64,
	CONTROL_MAX = 512,
	NAME_MAX_BYTES = 128, /* struct sockaddr_storage */
};

enum { /* PayloadRef::part */
	PART_NAME = 1,
	PART_IOVEC = 2,
	PART_DATA = 3,
	PART_CONTROL = 4,
	PART_STARTS = 5, /* the first bytes of buffers that PART_DATA does not reach */
	PART_MESSAGE = 8, /* message i of several: all of the above + 8 * (i + 1) */
};

/* Where an array of buffers lies and how it is written down. */
struct buffers {
	u64 address, count;
	u32 compat; /* pointers and lengths have 32 bits */
	u32 part;   /* added to the numbers of the parts */
};

struct user_iovec {
	u64 base, len;
};
struct user_iovec32 {
	u32 base, len;
};

struct iovec_walk {
	struct buffers where;
	struct user_iovec one;
	u64 left; /* bytes still wanted */
	u64 total;
	u32 slot;
	u32 at, used;
};

/* Copies one buffer behind what is there; returns how much. On its own, so that the loop that calls it
 * stays cheap to verify. */
__noinline u32 copy_buffer(u64 address, u64 len, u32 slot, u32 at, u32 used)
{
	struct scratch *s = get_scratch(slot);

	if (!s || at > PARTS_BYTES || used > ITEM_BYTES / 2)
		return 0;
	asm volatile("" : "+r"(len));
	if (len > ITEM_BYTES / 2)
		len = ITEM_BYTES / 2;
	if (bpf_probe_read_user(&s->bytes[at + sizeof(struct rec_part) + used], (u32)len,
				(const void *)address))
		return 0;
	return (u32)len;
}

/* Element `turn` of the array into `base` and `len`; 0 where it ends or cannot be read. On its own, as
 * then the loops need not be verified for both layouts and every value of what the walk holds. */
__noinline u32 read_iovec(struct iovec_walk *walk, u32 turn)
{
	if (!walk || turn >= walk->where.count)
		return 0;
	if (walk->where.compat) {
		struct user_iovec32 small;

		if (bpf_probe_read_user(&small, sizeof(small),
					(const void *)(walk->where.address + (u64)turn * sizeof(small))))
			return 0;
		walk->one.base = small.base;
		walk->one.len = small.len;
		return 1;
	}
	return bpf_probe_read_user(&walk->one, sizeof(walk->one),
				   (const void *)(walk->where.address + (u64)turn * sizeof(walk->one))) == 0;
}

static long put_iovec_bytes(u32 turn, void *context)
{
	struct iovec_walk *walk = context;

	if (!walk->left || !read_iovec(walk, turn))
		return 1;
	u64 wanted = walk->one.len < walk->left ? walk->one.len : walk->left;
	u32 len = copy_buffer(walk->one.base, wanted, walk->slot, walk->at, walk->used);
	walk->used += len;
	walk->left -= len;
	return len != wanted; /* what comes behind a gap would seem to follow */
}

static long add_iovec_length(u32 turn, void *context)
{
	struct iovec_walk *walk = context;

	if (!read_iovec(walk, turn))
		return 1;
	walk->total += walk->one.len;
	return 0;
}

/* `total`: bytes of the buffers before this one, `left`: of it and those behind it. */
static long put_buffer_start(u32 turn, void *context)
{
	struct iovec_walk *walk = context;

	if (!walk->left || !read_iovec(walk, turn))
		return 1;
	u64 here = walk->one.len < walk->left ? walk->one.len : walk->left;
	u64 wanted = at_most_snaplen(here), before = walk->total;

	walk->total += here;
	walk->left -= here;
	if (before + wanted <= snaplen)
		return 0; /* as much of it as is wanted stands in PART_DATA */
	u32 len = copy_buffer(walk->one.base, wanted, walk->slot, walk->at, walk->used);
	walk->used += len;
	return len != wanted;
}

/* Where the first snaplen bytes end within the buffers: the first snaplen bytes of each later one. */
static __always_inline u32 put_buffer_starts(struct scratch *s, struct plan_item *item, struct buffers *where,
					     u64 moved, u32 slot, u32 at)
{
	struct iovec_walk walk = { .where = *where, .left = moved, .slot = slot, .at = at };

	LOOP(IOVEC_MAX, put_buffer_start, &walk);
	if (!walk.used)
		return at;
	put_head(s, at, PART_PAYLOAD, item->arg, item->out ? PART_OUT : 0, (u16)where->part + PART_STARTS,
		 walk.used, walk.used);
	return at + sizeof(struct rec_part) + round_up8(walk.used);
}

/* The array and the first bytes of what it points to. `moved`: bytes there, ~0: not known yet, all of
 * them. */
__noinline u32 put_iovec(struct plan_item *item, struct buffers *where, u64 moved, u32 slot, u32 at)
{
	struct scratch *s = get_scratch(slot);

	if (!s || !item || !where || at > PARTS_BYTES)
		return at;
	struct iovec_walk walk = { .where = *where, .slot = slot };
	u64 step = where->compat ? sizeof(struct user_iovec32) : sizeof(struct user_iovec);
	u64 count = where->count;
	u32 end = put_bytes(s, at, item, (u16)where->part + PART_IOVEC, where->address,
			    (count < IOVEC_MAX ? count : IOVEC_MAX) * step, count * step);

	if (end & ITEM_FAILED || end > PARTS_BYTES ||
	    (item->what == ITEM_IOVEC && item->size == IOVEC_ARRAY_ONLY))
		return end;
	if (moved == ~0ULL) {
		LOOP(IOVEC_MAX, add_iovec_length, &walk);
		moved = walk.total;
	}
	walk.at = end;
	walk.left = at_most_snaplen(moved);
	LOOP(IOVEC_MAX, put_iovec_bytes, &walk);
	if (!walk.used && walk.left && slot == SLOT_ENTER)
		return at | ITEM_FAILED;
	if (!walk.used && !where->part) /* of one of several messages at least the length is told */
		return end;
	put_head(s, end, PART_PAYLOAD, item->arg, item->out ? PART_OUT : 0, (u16)where->part + PART_DATA,
		 walk.used, moved);
	end += sizeof(struct rec_part) + round_up8(walk.used);
	if (walk.left || moved <= snaplen || end > PARTS_BYTES)
		return end;
	return put_buffer_starts(s, item, where, moved, slot, end);
}

struct user_msghdr { /* include/linux/socket.h: struct user_msghdr, 64-bit */
	u64 name;
	u32 namelen, pad;
	u64 iov, iovlen, control, controllen;
	u32 flags, pad2;
};
struct user_msghdr32 { /* include/net/compat.h: struct compat_msghdr */
	u32 name, namelen, iov, iovlen, control, controllen, flags;
};
enum { MMSGHDR_BYTES = 64, MMSGHDR32_BYTES = 32 }; /* the msghdr, then msg_len */

struct message {
	u64 address;
	u64 moved;  /* bytes of its buffers, ~0: all of them */
	u32 compat;
	u32 part;   /* as in struct buffers; 0: a message alone, whose header is taken too */
};

static __always_inline long read_msghdr(struct message *message, struct user_msghdr *header)
{
	struct user_msghdr32 small;

	if (!message->compat)
		return bpf_probe_read_user(header, sizeof(*header), (const void *)message->address);
	if (bpf_probe_read_user(&small, sizeof(small), (const void *)message->address))
		return -1;
	header->name = small.name;
	header->namelen = small.namelen;
	header->iov = small.iov;
	header->iovlen = small.iovlen;
	header->control = small.control;
	header->controllen = small.controllen;
	return 0;
}

__noinline u32 put_msghdr(struct plan_item *item, struct message *message, u32 slot, u32 at)
{
	struct scratch *s = get_scratch(slot);
	struct user_msghdr header = {};
	u32 end = at;

	if (!s || !item || !message || at > PARTS_BYTES)
		return at;
	if (read_msghdr(message, &header))
		return at | ITEM_FAILED;
	u16 part = (u16)message->part;

	if (!part) {
		u64 size = message->compat ? sizeof(struct user_msghdr32) : sizeof(header);

		end = put_bytes(s, at, item, 0, message->address, size, size);
		if (end & ITEM_FAILED)
			return end;
	}
	if (header.name && header.namelen) {
		u64 len = header.namelen < NAME_MAX_BYTES ? header.namelen : NAME_MAX_BYTES;

		end = put_bytes(s, end, item, part + PART_NAME, header.name, len, header.namelen) & END_MASK;
	}
	struct buffers where = {
		.address = header.iov, .count = header.iovlen, .compat = message->compat, .part = part
	};
	end = put_iovec(item, &where, message->moved, slot, end);
	if (end & ITEM_FAILED && slot == SLOT_ENTER)
		return at | ITEM_FAILED;
	end &= END_MASK;
	if (header.control && header.controllen) {
		u64 len = header.controllen < CONTROL_MAX ? header.controllen : CONTROL_MAX;

		end = put_bytes(s, end, item, part + PART_CONTROL, header.control, len, header.controllen) &
		      END_MASK;
	}
	return end;
}

#endif
