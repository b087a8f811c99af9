/* One item of a capture plan: what is taken of one argument. */
#ifndef TARRY_ITEMS_H
#define TARRY_ITEMS_H

#include "recorder/capture/buffers.h"
#include "recorder/capture/ready_sets.h"
#include "recorder/capture/structures.h"

/* `ret` is 0 at enter. */
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
	if (!address && item->what != ITEM_SIGRETURN)
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
		struct buffers where = { .address = address, .count = len, .compat = compat };

		return put_iovec(item, &where, item->out ? (ret > 0 ? (u64)ret : 0) : ~0ULL, slot, at);
	}
	case ITEM_MSGHDR: {
		struct message message = {
			.address = address,
			.moved = item->out ? (ret > 0 ? (u64)ret : 0) : ~0ULL,
			.compat = compat,
		};

		return put_msghdr(item, &message, slot, at);
	}
	default:
		return put_structure(st, item, len, slot, at);
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

	if (ret <= 0)
		return at;
	if (item->what == ITEM_READY_SELECT) { /* of all three sets: in, out, exceptions */
		at = put_ready_set(st->args[1], (u32)st->args[0], 1, slot, at);
		at = put_ready_set(st->args[2], (u32)st->args[0], 2, slot, at);
		return put_ready_set(st->args[3], (u32)st->args[0], 3, slot, at);
	}
	if (!address)
		return at;
	if (item->what == ITEM_READY_POLL)
		return put_ready_poll(address, st->args[item->len_arg & 7], (u64)ret, slot, at);
	return put_ready_epoll(address, (u64)ret, slot, at);
}

#endif
