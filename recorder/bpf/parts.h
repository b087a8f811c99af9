/* What a call's arguments point to: strings, buffers, structures, ready sets, as the capture plan
 * says. Parts are gathered in a scratch buffer behind the record's head; a part begins at a
 * multiple of 8 bytes. Functions here return the new end of what is used. */
#ifndef TARRY_PARTS_H
#define TARRY_PARTS_H

enum {
	STRING_MAX = 4096,       /* PATH_MAX */
	ITEM_BYTES = 15 * 1024,  /* of one argument */
	PARTS_BYTES = 16 * 1024, /* a part begins before this offset */
	ARGV_MAX = 1024,
	ENVP_MAX = 4096,
	IOVEC_MAX = 64,
	READY_MAX = 32,
	POLL_MAX = 1024,
	SELECT_MAX = 1024,
	ITEM_FAILED = 1 << 20, /* added to the result: the memory could not be read */
	ITEM_RELATIVE = 1 << 21, /* added to the result: a path that does not begin with '/' */
	END_MASK = (1 << 16) - 1,
};

static __always_inline void put_head(struct scratch *s, u32 at, u8 kind, u8 arg, u8 flags, u8 index,
				     u32 len, u64 full_len)
{
	struct rec_part *part = (struct rec_part *)&s->bytes[at];

	part->kind = kind;
	part->arg = arg;
	part->flags = flags;
	part->index = index;
	part->len = len;
	part->full_len = full_len;
}

static __always_inline u32 round_up8(u32 n)
{
	return (n + 7) & ~7U;
}

/* `len` bytes at `address`, of which `full_len` exist. */
static __always_inline u32 put_bytes(struct scratch *s, u32 at, struct plan_item *item, u8 index,
				     u64 address, u64 len, u64 full_len)
{
	if (at > PARTS_BYTES)
		return at;
	asm volatile("" : "+r"(len));
	if (len > ITEM_BYTES)
		len = ITEM_BYTES;
	if (bpf_probe_read_user(&s->bytes[at + sizeof(struct rec_part)], (u32)len,
				(const void *)address))
		return at | ITEM_FAILED;
	put_head(s, at, PART_PAYLOAD, item->arg, item->out ? PART_OUT : 0, index, (u32)len, full_len);
	return at + sizeof(struct rec_part) + round_up8((u32)len);
}

static __always_inline u64 at_most_snaplen(u64 len)
{
	return len < snaplen ? len : snaplen;
}

__noinline u32 put_string(struct plan_item *item, u64 address, u32 slot, u32 at)
{
	struct scratch *s = get_scratch(slot);

	if (!s || !item || at > PARTS_BYTES)
		return at;
	u8 *text = &s->bytes[at + sizeof(struct rec_part)];
	long len = bpf_probe_read_user_str(text, STRING_MAX, (const void *)address);
	if (len < 0)
		return at | ITEM_FAILED;
	u32 used = (u32)len & (2 * STRING_MAX - 1);
	u32 relative = item->size == STRING_IS_PATH && text[0] != '/' ? ITEM_RELATIVE : 0;

	put_head(s, at, PART_STRING, item->arg, used == STRING_MAX ? PART_TRUNCATED : 0, 0, used, used);
	return (at + sizeof(struct rec_part) + round_up8(used)) | relative;
}

struct argv_walk {
	u64 address;
	u32 step; /* of a pointer */
	u32 slot;
	u32 at, used;
	u32 count;
	bool complete, failed;
};

static long put_argument(u32 turn, void *context)
{
	struct argv_walk *walk = context;
	struct scratch *s = get_scratch(walk->slot);
	u32 at = walk->at, used = walk->used;
	u64 argument = 0;

	if (!s || at > PARTS_BYTES || used > ITEM_BYTES - STRING_MAX)
		return 1;
	walk->failed = bpf_probe_read_user(&argument, walk->step & 8 ? 8 : 4,
					   (const void *)(walk->address + (u64)turn * walk->step)) != 0;
	walk->complete = !argument;
	if (walk->failed || !argument)
		return 1;
	long len = bpf_probe_read_user_str(&s->bytes[at + sizeof(struct rec_part) + used], STRING_MAX,
					   (const void *)argument);
	walk->failed = len < 0;
	if (len < 0)
		return 1;
	walk->used = used + ((u32)len & (2 * STRING_MAX - 1));
	return 0;
}

/* The arguments of an execve, each with its NUL. */
__noinline u32 put_argv(struct plan_item *item, u64 address, u32 compat, u32 slot, u32 at)
{
	struct scratch *s = get_scratch(slot);
	struct argv_walk walk = { .address = address, .step = compat ? 4 : 8, .slot = slot, .at = at };

	if (!s || !item || at > PARTS_BYTES)
		return at;
	LOOP(ARGV_MAX, put_argument, &walk);
	if (walk.failed)
		return at | ITEM_FAILED;
	put_head(s, at, PART_STRING, item->arg, PART_LIST | (walk.complete ? 0 : PART_TRUNCATED), 0,
		 walk.used, walk.used);
	return at + sizeof(struct rec_part) + round_up8(walk.used);
}

static long count_pointer(u32 turn, void *context)
{
	struct argv_walk *walk = context;
	u64 entry = 0;

	walk->failed = bpf_probe_read_user(&entry, walk->step & 8 ? 8 : 4,
					   (const void *)(walk->address + (u64)turn * walk->step)) != 0;
	walk->count = turn; /* an entry more than it is here: NULL ends the list */
	return walk->failed || !entry;
}

__noinline u32 put_envp(struct plan_item *item, u64 address, u32 compat, u32 slot, u32 at)
{
	struct scratch *s = get_scratch(slot);
	struct argv_walk walk = { .address = address, .step = compat ? 4 : 8 };

	if (!s || !item || at > PARTS_BYTES)
		return at;
	LOOP(ENVP_MAX, count_pointer, &walk);
	if (walk.failed)
		return at | ITEM_FAILED;
	put_head(s, at, PART_PAYLOAD, item->arg, 0, 0, sizeof(walk.count), sizeof(walk.count));
	*(u64 *)&s->bytes[at + sizeof(struct rec_part)] = walk.count;
	return at + sizeof(struct rec_part) + 8;
}

struct user_iovec {
	u64 base, len;
};

struct iovec_walk {
	u64 address, count;
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

static long put_iovec_bytes(u32 turn, void *context)
{
	struct iovec_walk *walk = context;
	struct user_iovec one;

	if (turn >= walk->count || !walk->left)
		return 1;
	if (bpf_probe_read_user(&one, sizeof(one), (const void *)(walk->address + (u64)turn * 16)))
		return 1;
	u32 len = copy_buffer(one.base, one.len < walk->left ? one.len : walk->left, walk->slot,
			      walk->at, walk->used);
	walk->used += len;
	walk->left -= len;
	return len == 0 && one.len != 0;
}

static long add_iovec_length(u32 turn, void *context)
{
	struct iovec_walk *walk = context;
	struct user_iovec one;

	if (turn >= walk->count ||
	    bpf_probe_read_user(&one, sizeof(one), (const void *)(walk->address + (u64)turn * 16)))
		return 1;
	walk->total += one.len;
	return 0;
}

/* The array (index 2) and the first bytes of what it points to (index 3). `moved`: bytes there, ~0:
 * not known yet, all of them. */
__noinline u32 put_iovec(struct plan_item *item, struct user_iovec *where, u64 moved, u32 slot, u32 at)
{
	struct scratch *s = get_scratch(slot);

	if (!s || !item || !where || at > PARTS_BYTES)
		return at;
	struct iovec_walk walk = { .address = where->base, .count = where->len, .slot = slot };
	u64 bytes = walk.count < IOVEC_MAX ? walk.count * 16 : IOVEC_MAX * 16;
	u32 end = put_bytes(s, at, item, 2, walk.address, bytes, walk.count * 16);

	if (end & ITEM_FAILED || end > PARTS_BYTES)
		return end;
	if (moved == ~0ULL) {
		LOOP(IOVEC_MAX, add_iovec_length, &walk);
		moved = walk.total;
	}
	walk.at = end;
	walk.left = at_most_snaplen(moved);
	LOOP(IOVEC_MAX, put_iovec_bytes, &walk);
	if (!walk.used)
		return walk.left ? at | ITEM_FAILED : end;
	put_head(s, end, PART_PAYLOAD, item->arg, item->out ? PART_OUT : 0, 3, walk.used, moved);
	return end + sizeof(struct rec_part) + round_up8(walk.used);
}

struct user_msghdr { /* include/linux/socket.h: struct user_msghdr, 64-bit */
	u64 name;
	u32 namelen, pad;
	u64 iov, iovlen, control, controllen;
	u32 flags, pad2;
};

__noinline u32 put_msghdr(struct plan_item *item, u64 address, u64 moved, u32 slot, u32 at)
{
	struct scratch *s = get_scratch(slot);
	struct user_msghdr header = {};

	if (!s || !item || at > PARTS_BYTES)
		return at;
	if (bpf_probe_read_user(&header, sizeof(header), (const void *)address))
		return at | ITEM_FAILED;
	u32 end = put_bytes(s, at, item, 0, address, sizeof(header), sizeof(header));
	if (end & ITEM_FAILED)
		return end;
	if (header.name && header.namelen) {
		u64 len = header.namelen < 128 ? header.namelen : 128;

		end = put_bytes(s, end, item, 1, header.name, len, header.namelen) & END_MASK;
	}
	struct user_iovec where = { header.iov, header.iovlen };
	end = put_iovec(item, &where, item->out ? moved : ~0ULL, slot, end);
	return end & ITEM_FAILED ? at | ITEM_FAILED : end;
}

/* The resource of an fd of the current task; not through the scratch buffer that is being filled. */
static __always_inline u32 resource_of_fd(u32 fd)
{
	struct task_struct *task = bpf_get_current_task_btf();
	u64 file_addr = file_of_fd(task, fd);

	return file_addr ? file_resource(file_addr, SLOT_LIFE) : 0;
}

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

struct user_pollfd {
	s32 fd;
	s16 events, revents;
};

struct ready_walk {
	u64 address;
	u64 count; /* of elements */
	u64 left;  /* of ready ones still to be found */
	u64 word;
	u64 event;
	u32 arg;
	u32 slot;
	u32 at;
};

static long put_ready_pollfd(u32 turn, void *context)
{
	struct ready_walk *walk = context;
	struct user_pollfd one;

	if (turn >= walk->count || !walk->left)
		return 1;
	if (bpf_probe_read_user(&one, sizeof(one), (const void *)(walk->address + (u64)turn * 8)))
		return 1;
	if (!one.revents)
		return 0;
	walk->left--;
	walk->at = put_ready(ready_fd((u32)one.fd, walk->arg), (u16)one.revents, walk->slot, walk->at);
	return 0;
}

__noinline u32 put_ready_poll(u64 address, u64 count, u64 ret, u32 slot, u32 at)
{
	struct ready_walk walk = {
		.address = address,
		.count = count,
		.left = ret < READY_MAX ? ret : READY_MAX,
		.slot = slot,
		.at = at,
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

/* One item of a plan. `ret` is 0 at enter. */
__noinline u32 put_item(struct thread_state *st, struct plan_item *item, s64 ret, u32 slot, u32 at)
{
	struct scratch *s = get_scratch(slot);

	if (!s || !st || !item || at > PARTS_BYTES || item->arg >= MAX_ARGS)
		return at;
	u64 address = st->args[item->arg & 7];
	u64 len = ret > 0 ? (u64)ret : 0;
	u32 compat = st->abi == ABI_I386;

	if (item->len_arg < MAX_ARGS)
		len = st->args[item->len_arg & 7];
	if (!address)
		return at;
	switch (item->what) {
	case ITEM_STRING:
		return put_string(item, address, slot, at);
	case ITEM_ARGV:
		return put_argv(item, address, compat, slot, at);
	case ITEM_ENVP:
		return put_envp(item, address, compat, slot, at);
	case ITEM_FIXED:
		return put_bytes(s, at, item, 0, address, item->size, item->size);
	case ITEM_BUFFER:
	case ITEM_RESULT:
		return put_bytes(s, at, item, 0, address, at_most_snaplen(len), len);
	case ITEM_COUNTED:
		len *= item->size;
		return put_bytes(s, at, item, 0, address, len < 4096 ? len : 4096, len);
	case ITEM_RESULT_STRING: {
		u32 end = put_bytes(s, at, item, 0, address, len < STRING_MAX ? len : STRING_MAX, len);

		if (!(end & ITEM_FAILED))
			s->bytes[at] = PART_STRING;
		return end;
	}
	case ITEM_SOCKLEN: {
		u32 socklen = 0;
		u64 where = item->len_arg < MAX_ARGS ? len : 0;

		if (!where || bpf_probe_read_user(&socklen, sizeof(socklen), (const void *)where))
			return at;
		return put_bytes(s, at, item, 0, address, socklen < 128 ? socklen : 128, socklen);
	}
	case ITEM_IOVEC: {
		struct user_iovec where = { address, len };

		if (compat)
			return at;
		return put_iovec(item, &where, item->out ? (ret > 0 ? (u64)ret : 0) : ~0ULL, slot, at);
	}
	case ITEM_MSGHDR:
		if (compat)
			return at;
		return put_msghdr(item, address, ret > 0 ? (u64)ret : 0, slot, at);
	default:
		return at;
	}
}

static __always_inline bool is_ready_item(const struct plan_item *item)
{
	return item->what == ITEM_READY_POLL || item->what == ITEM_READY_SELECT ||
	       item->what == ITEM_READY_EPOLL;
}

/* Ready sets, at the exit only; apart from put_item() because the kernel allows 8 nested calls. */
static __always_inline u32 put_ready_item(struct thread_state *st, struct plan_item *item, s64 ret,
					  u32 slot, u32 at)
{
	u64 address = st->args[item->arg & 7];

	if (!address || ret <= 0)
		return at;
	if (item->what == ITEM_READY_POLL)
		return put_ready_poll(address, st->args[item->len_arg & 7], (u64)ret, slot, at);
	if (item->what == ITEM_READY_SELECT)
		return put_ready_set(address, (u32)st->args[0], item->arg, slot, at);
	return put_ready_epoll(address, (u64)ret, slot, at);
}

#endif
