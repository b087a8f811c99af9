/* What a call's arguments point to: strings, buffers, structures, ready sets, as the capture plan
 * says. Parts are gathered in a scratch buffer behind the record's head; a part begins at a
 * multiple of 8 bytes. Functions here return the new end of what is used. */
#ifndef TARRY_PARTS_H
#define TARRY_PARTS_H

enum {
	STRING_MAX = 4096,       /* PATH_MAX */
	ITEM_BYTES = 15 * 1024,  /* of one argument */
	PARTS_BYTES = 16 * 1024, /* a part begins before this offset */
	ARGV_MAX = 256,
	IOVEC_MAX = 16,
	READY_MAX = 32,
	POLL_MAX = 256,
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
	u32 relative = text[0] != '/' ? ITEM_RELATIVE : 0;

	put_head(s, at, PART_STRING, item->arg, used == STRING_MAX ? PART_TRUNCATED : 0, 0, used, used);
	return (at + sizeof(struct rec_part) + round_up8(used)) | relative;
}

/* The arguments of an execve, each with its NUL. */
__noinline u32 put_argv(struct plan_item *item, u64 address, u32 compat, u32 slot, u32 at)
{
	struct scratch *s = get_scratch(slot);
	u32 used = 0;
	bool truncated = true;

	if (!s || !item || at > PARTS_BYTES)
		return at;
	for (int i = 0; i < ARGV_MAX; i++) {
		u64 arg = 0;
		u32 step = compat ? 4 : 8;

		if (bpf_probe_read_user(&arg, step, (const void *)(address + (u64)i * step)))
			return at | ITEM_FAILED;
		if (!arg) {
			truncated = false;
			break;
		}
		if (used > ITEM_BYTES - STRING_MAX)
			break;
		long len = bpf_probe_read_user_str(&s->bytes[at + sizeof(struct rec_part) + used],
						   STRING_MAX, (const void *)arg);
		if (len < 0)
			return at | ITEM_FAILED;
		used += (u32)len & (2 * STRING_MAX - 1);
	}
	put_head(s, at, PART_STRING, item->arg, PART_LIST | (truncated ? PART_TRUNCATED : 0), 0, used, used);
	return at + sizeof(struct rec_part) + round_up8(used);
}

__noinline u32 put_envp(struct plan_item *item, u64 address, u32 compat, u32 slot, u32 at)
{
	struct scratch *s = get_scratch(slot);
	u32 count = 0, step = compat ? 4 : 8;

	if (!s || !item || at > PARTS_BYTES)
		return at;
	for (int i = 0; i < 512; i++) {
		u64 entry = 0;

		if (bpf_probe_read_user(&entry, step, (const void *)(address + (u64)i * step)))
			return at | ITEM_FAILED;
		if (!entry)
			break;
		count++;
	}
	put_head(s, at, PART_PAYLOAD, item->arg, 0, 0, sizeof(count), sizeof(count));
	*(u64 *)&s->bytes[at + sizeof(struct rec_part)] = count;
	return at + sizeof(struct rec_part) + 8;
}

struct user_iovec {
	u64 base, len;
};

/* The array (index 2) and the first bytes of what it points to (index 3). `moved`: bytes there. */
__noinline u32 put_iovec(struct plan_item *item, struct user_iovec *where, u64 moved, u32 slot, u32 at)
{
	struct scratch *s = get_scratch(slot);

	if (!s || !item || !where || at > PARTS_BYTES)
		return at;
	u64 address = where->base, count = where->len;
	u64 bytes = count < IOVEC_MAX ? count * 16 : IOVEC_MAX * 16;
	u32 end = put_bytes(s, at, item, 2, address, bytes, count * 16);

	if (end & ITEM_FAILED || end > PARTS_BYTES)
		return end;
	u32 used = 0;
	u64 left = at_most_snaplen(moved);
	for (u32 i = 0; i < IOVEC_MAX; i++) {
		struct user_iovec one;

		if (i >= count || !left)
			break;
		if (bpf_probe_read_user(&one, sizeof(one), (const void *)(address + (u64)i * 16)))
			break;
		u64 len = one.len < left ? one.len : left;
		asm volatile("" : "+r"(len));
		if (len > ITEM_BYTES - 1)
			len = ITEM_BYTES - 1;
		if (used > ITEM_BYTES)
			break;
		if (len > ITEM_BYTES - used)
			break;
		if (end > PARTS_BYTES)
			break;
		/* both bounds are known, their sum is not to the verifier: half each */
		if (used > ITEM_BYTES / 2)
			break;
		if (len > ITEM_BYTES / 2)
			len = ITEM_BYTES / 2;
		if (bpf_probe_read_user(&s->bytes[end + sizeof(struct rec_part) + used], (u32)len,
					(const void *)one.base))
			break;
		used += (u32)len;
		left -= len;
	}
	if (!used)
		return end;
	put_head(s, end, PART_PAYLOAD, item->arg, item->out ? PART_OUT : 0, 3, used, moved);
	return end + sizeof(struct rec_part) + round_up8(used);
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
	u64 bytes = moved;
	if (!item->out) { /* what will be sent is not known before: all that is there */
		bytes = 0;
		for (u32 i = 0; i < IOVEC_MAX; i++) {
			struct user_iovec one;

			if (i >= header.iovlen ||
			    bpf_probe_read_user(&one, sizeof(one),
						(const void *)(header.iov + (u64)i * 16)))
				break;
			bytes += one.len;
		}
	}
	return put_iovec(item, &where, bytes, slot, end) & END_MASK;
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

__noinline u32 put_ready_pollfd(u64 address, u32 slot, u32 at)
{
	struct user_pollfd one;

	if (bpf_probe_read_user(&one, sizeof(one), (const void *)address) || !one.revents)
		return at;
	return put_ready(ready_fd((u32)one.fd, 0), (u16)one.revents, slot, at);
}

__noinline u32 put_ready_poll(u64 address, u64 count, u64 ret, u32 slot, u32 at)
{
	for (u32 i = 0; i < POLL_MAX; i++) {
		if (i >= count || !ret || at > PARTS_BYTES)
			break;
		u32 end = put_ready_pollfd(address + (u64)i * sizeof(struct user_pollfd), slot, at);

		if (end != at)
			ret--;
		at = end;
	}
	return at;
}

/* One set of a select: bit n stands for fd n. */
__noinline u32 put_ready_set(u64 address, u32 count, u32 arg, u32 slot, u32 at)
{
	u64 word = 0, event = arg == 1 ? 1 : arg == 2 ? 4 : 2; /* POLLIN, POLLOUT, POLLPRI */

	for (u32 fd = 0; fd < SELECT_MAX; fd++) {
		if (fd >= count || at > PARTS_BYTES)
			break;
		if ((fd & 63) == 0 &&
		    bpf_probe_read_user(&word, sizeof(word), (const void *)(address + fd / 8)))
			break;
		if (word & 1)
			at = put_ready(ready_fd(fd, arg), event, slot, at);
		word >>= 1;
	}
	return at;
}

#if defined(__TARGET_ARCH_x86)
enum { EPOLL_EVENT_BYTES = 12 }; /* packed on x86, include/uapi/linux/eventpoll.h */
#else
enum { EPOLL_EVENT_BYTES = 16 };
#endif

__noinline u32 put_ready_epoll(u64 address, u64 count, u32 slot, u32 at)
{
	for (u32 i = 0; i < READY_MAX; i++) {
		u64 data = 0;
		u64 one = address + (u64)i * EPOLL_EVENT_BYTES + EPOLL_EVENT_BYTES - 8;

		if (i >= count || at > PARTS_BYTES ||
		    bpf_probe_read_user(&data, sizeof(data), (const void *)one))
			break;
		at = put_ready((u32)data | 1ULL << READY_ARG_SHIFT, data, slot, at);
	}
	return at;
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
