/* Which fds a poll, select or epoll_wait reported, each with its resource: at the exit only. */
#ifndef TARRY_READY_SETS_H
#define TARRY_READY_SETS_H

#include "recorder/capture/parts.h"

enum {
	READY_MAX = 32,
	POLL_MAX = 1024,
	SELECT_MAX = 1024,
};

enum { READY_ARG_SHIFT = 32, READY_RESOURCE_SHIFT = 40 };

/* `what`: the fd, the argument << 32, 1 << 40 where the fd's resource is wanted. Verified on its own,
 * so that the loops that call it stay cheap to verify. */
__noinline u32 put_ready(u64 what, u64 data, u32 slot, u32 at)
{
	struct scratch *s = get_scratch(slot);

	if (!s || at > PARTS_BYTES)
		return at;
	struct part_ready *ready = (struct part_ready *)&s->bytes[at + sizeof(struct rec_part)];

	put_head(s, at, PART_READY, (u8)(what >> READY_ARG_SHIFT), PART_OUT, 0, sizeof(*ready),
		 sizeof(*ready));
	ready->fd = (s32)what;
	ready->resource = what >> READY_RESOURCE_SHIFT ? resource_of_fd((u32)what) : 0;
	ready->data = data;
	return at + sizeof(struct rec_part) + sizeof(*ready);
}

static __always_inline u64 ready_fd(u32 fd, u64 arg)
{
	return fd | arg << READY_ARG_SHIFT | 1ULL << READY_RESOURCE_SHIFT;
}

struct ready_walk {
	u64 address;
	u64 count; /* of elements */
	u64 left;  /* of ready ones still to be found */
	u64 word;
	u64 event;
	u32 arg;
	u32 slot;
	u32 at, end; /* there is room for READY_MAX */
	struct user_pollfd one;
};

/* Element `turn` of the array into `one`; 0 where it ends or cannot be read. On its own, so that older
 * kernels need not follow what the walk holds through every turn. */
__noinline u32 read_pollfd(struct ready_walk *walk, u32 turn)
{
	return walk && turn < walk->count && walk->left && walk->at < walk->end &&
	       bpf_probe_read_user(&walk->one, sizeof(walk->one),
				   (const void *)(walk->address + (u64)turn * sizeof(walk->one))) == 0;
}

static long put_ready_pollfd(u32 turn, void *context)
{
	struct ready_walk *walk = context;

	if (!read_pollfd(walk, turn))
		return 1;
	if (!walk->one.revents)
		return 0;
	walk->left--;
	walk->at = put_ready(ready_fd((u32)walk->one.fd, walk->arg), (u16)walk->one.revents, walk->slot,
			     walk->at);
	return 0;
}

__noinline u32 put_ready_poll(u64 address, u64 count, u64 ret, u32 slot, u32 at)
{
	struct ready_walk walk = {
		.address = address,
		.count = count,
		.left = ret,
		.slot = slot,
		.at = at,
		.end = at + READY_MAX * (sizeof(struct rec_part) + sizeof(struct part_ready)),
	};

	LOOP(POLL_MAX, put_ready_pollfd, &walk);
	return walk.at;
}

static long put_ready_bit(u32 fd, void *context)
{
	struct ready_walk *walk = context;

	if (fd >= walk->count)
		return 1;
	if ((fd & 63) == 0 && bpf_probe_read_user(&walk->word, sizeof(walk->word),
						  (const void *)(walk->address + fd / 8)))
		return 1;
	if (walk->word & 1)
		walk->at = put_ready(ready_fd(fd, walk->arg), walk->event, walk->slot, walk->at);
	walk->word >>= 1;
	return 0;
}

/* One set of a select: bit n stands for fd n. */
__noinline u32 put_ready_set(u64 address, u32 count, u32 arg, u32 slot, u32 at)
{
	struct ready_walk walk = {
		.address = address,
		.count = count,
		.event = arg == 1 ? 1 : arg == 2 ? 4 : 2, /* POLLIN, POLLOUT, POLLPRI */
		.arg = arg,
		.slot = slot,
		.at = at,
	};

	if (address)
		LOOP(SELECT_MAX, put_ready_bit, &walk);
	return walk.at;
}

#if defined(__TARGET_ARCH_x86)
enum { EPOLL_EVENT_BYTES = 12 }; /* packed on x86, include/uapi/linux/eventpoll.h */
#else
enum { EPOLL_EVENT_BYTES = 16 };
#endif

static long put_ready_event(u32 turn, void *context)
{
	struct ready_walk *walk = context;
	u64 data = 0;
	u64 one = walk->address + (u64)turn * EPOLL_EVENT_BYTES + EPOLL_EVENT_BYTES - 8;

	if (turn >= walk->count || bpf_probe_read_user(&data, sizeof(data), (const void *)one))
		return 1;
	walk->at = put_ready((u32)data | 1ULL << READY_ARG_SHIFT, data, walk->slot, walk->at);
	return 0;
}

__noinline u32 put_ready_epoll(u64 address, u64 count, u32 slot, u32 at)
{
	struct ready_walk walk = { .address = address, .count = count, .slot = slot, .at = at };

	LOOP(READY_MAX, put_ready_event, &walk);
	return walk.at;
}

#endif
