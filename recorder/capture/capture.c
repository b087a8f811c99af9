#define _GNU_SOURCE /* process_vm_readv() */
#include "recorder/capture/capture.h"

#include <errno.h>
#include <string.h>
#include <sys/ptrace.h>
#include <sys/uio.h>
#include <unistd.h>

/* ---- what the shared code expects of its surroundings (in BPF: recorder/bpf/) ---- */

typedef __u8 u8;
typedef __u16 u16;
typedef __u32 u32;
typedef __u64 u64;
typedef __s16 s16;
typedef __s32 s32;
typedef __s64 s64;

#define __noinline static __attribute__((unused))
#undef __always_inline
#define __always_inline __attribute__((unused)) inline

#if defined(__x86_64__)
#define __TARGET_ARCH_x86
#endif

/* `body`: see recorder/bpf/kernel_compat.h */
#define LOOP(turns, body, context)                                                                           \
	for (u32 turn_ = 0; turn_ < (turns); turn_++)                                                        \
		if (body(turn_, context))                                                                    \
	break

enum { SLOT_ENTER, SLOT_EXIT };

struct scratch {
	u8 bytes[CAPTURE_BYTES];
};

struct thread_state {
	u64 args[MAX_ARGS];
	u8 abi;
	u16 messages;
	u32 retry;
};

/* The capture that runs, as in a BPF program the current task: the shared code takes no argument for it. */
static struct capture *current_capture;

#define snaplen (current_capture->snaplen)

static struct scratch *get_scratch(u32 slot)
{
	(void)slot;
	return (struct scratch *)(void *)current_capture->bytes;
}

static u64 user_stack_pointer(void)
{
	return current_capture->stack_pointer;
}

static u32 resource_of_fd(u32 fd)
{
	return current_capture->resource_of_fd(current_capture->owner, fd);
}

/* ptrace(2): a word at a time. For processes that may not be read otherwise, as they are not dumpable
 * (prctl(2), PR_SET_DUMPABLE): who traces them may. */
static bool peek(pid_t tid, u8 *to, size_t size, u64 address)
{
	while (size > 0) {
		const size_t skip = address % sizeof(long);
		const size_t here = sizeof(long) - skip < size ? sizeof(long) - skip : size;
		long word;

		errno = 0;
		word = ptrace(PTRACE_PEEKDATA, tid, (void *)(address - skip), NULL);
		if (errno)
			return false;
		memcpy(to, (const u8 *)&word + skip, here);
		to += here;
		address += here;
		size -= here;
	}
	return true;
}

bool capture_read(pid_t tid, void *to, size_t size, u64 address)
{
	struct iovec local = {.iov_base = to, .iov_len = size};
	struct iovec remote = {.iov_base = (void *)address, .iov_len = size};
	ssize_t got;

	if (size == 0)
		return true;
	got = process_vm_readv(tid, &local, 1, &remote, 1, 0);
	if (got < 0 && (errno == EPERM || errno == ENOSYS))
		return peek(tid, to, size, address);
	return got == (ssize_t)size;
}

static long bpf_probe_read_user(void *to, u32 size, const void *address)
{
	return capture_read(current_capture->tid, to, size, (u64)address) ? 0 : -EFAULT;
}

/* Length with the NUL, which is always there; what does not fit is cut off. */
static long bpf_probe_read_user_str(void *to, u32 size, const void *address)
{
	/* Most strings are short, and no read may reach into a page that is not there. */
	enum { CHUNK = 256, PAGE = 4096 };
	u8 *text = to;
	u64 from = (u64)address;
	u32 used = 0;

	while (used < size) {
		u32 here = CHUNK - (u32)(from % CHUNK);
		const u8 *end;

		_Static_assert(PAGE % CHUNK == 0, "a chunk lies in one page");
		if (here > size - used)
			here = size - used;
		if (!capture_read(current_capture->tid, text + used, here, from))
			return -EFAULT;
		end = memchr(text + used, 0, here);
		if (end)
			return end - text + 1;
		used += here;
		from += here;
	}
	text[size - 1] = 0;
	return size;
}

static void put_parts(struct thread_state *st, u32 slot, u32 end);

#include "recorder/capture/gathering.h"

static void put_parts(struct thread_state *st, u32 slot, u32 end)
{
	struct capture *capture = current_capture;
	u32 begin = parts_begin(slot) - sizeof(struct rec_enter_data);
	struct rec_enter_data head = {
		.type = RT_ENTER_DATA,
		.place = slot == SLOT_EXIT ? PARTS_AT_EXIT : capture->put ? PARTS_NEXT : PARTS_FIRST,
		.thread = capture->thread,
		.call_seq = capture->call_seq,
	};
	u8 *record = (u8 *)capture->bytes + begin;

	(void)st;
	memcpy(record, &head, sizeof(head));
	capture->put_parts(capture->put_owner, record, end - begin);
	capture->put |= slot == SLOT_EXIT ? CALL_EXIT_DATA : CALL_ENTER_DATA;
}

struct rest_walk;
static long put_rest(struct rest_walk *walk, u64 address, u32 len);

#include "recorder/capture/rest.h"

_Static_assert((int)CAPTURE_REST_FROM == (int)REST_FROM, "the same bound");

/* Where its pieces go. */
static capture_put rest_put;
static void *rest_owner;

static long put_rest(struct rest_walk *walk, u64 address, u32 len)
{
	u8 *bytes = (u8 *)current_capture->bytes;

	memcpy(bytes, &walk->head, sizeof(walk->head));
	if (!capture_read(current_capture->tid, bytes + sizeof(walk->head), len, address))
		return 1;
	rest_put(rest_owner, bytes, sizeof(walk->head) + len);
	return 0;
}

/* ---- the capture ---- */

static void begin_capture(struct capture *capture, struct thread_state *st)
{
	current_capture = capture;
	memcpy(st->args, capture->args, sizeof(st->args));
	st->abi = capture->abi;
	st->retry = capture->retry;
	st->messages = capture->messages;
	capture->put = 0;
}

struct captured capture_at_enter(struct capture *capture, const struct call_plan *plan, u32 begin)
{
	struct thread_state st;
	struct call_plan copy = *plan;
	struct gathering all = {.st = &st, .plan = &copy, .at = begin};

	begin_capture(capture, &st);
	st.retry = 0;
	LOOP(MAX_ITEMS, gather_at_enter, &all);
	capture->retry = st.retry;
	capture->messages = st.messages;
	return (struct captured) {.end = all.at, .relative = all.relative, .absolute = all.absolute};
}

u32 capture_at_exit(struct capture *capture, const struct call_plan *plan, s64 ret, u32 begin)
{
	struct thread_state st;
	struct call_plan copy = *plan;
	struct gathering all = {.st = &st, .plan = &copy, .ret = ret, .at = begin};

	begin_capture(capture, &st);
	LOOP(MAX_ITEMS, gather_at_exit, &all);
	return all.at;
}

void capture_rest(struct capture *capture, const struct call_plan *plan, s64 ret, u64 most, u32 thread, u32 call_seq,
		  capture_put put, void *owner)
{
	struct rest_walk walk = {};
	struct thread_state st;
	struct call_plan copy = *plan;

	if (ret <= REST_FROM || plan->rest_item >= MAX_ITEMS || most <= REST_FROM)
		return;
	begin_capture(capture, &st);
	rest_put = put;
	rest_owner = owner;
	walk.head.thread = thread;
	walk.head.call_seq = call_seq;
	take_rest(&walk, &copy.item[plan->rest_item], st.args[1], st.abi == ABI_I386, st.args[2], (u64)ret, most);
}

u32 capture_put_root(struct capture *capture, u32 root, u32 end)
{
	current_capture = capture;
	return put_root(get_scratch(SLOT_ENTER), root, end);
}

bool capture_is_from_cwd(struct capture *capture, const struct call_plan *plan)
{
	struct thread_state st;
	struct call_plan copy = *plan;

	begin_capture(capture, &st);
	return from_cwd(&st, &copy);
}

bool capture_returns_fd(struct capture *capture, const struct call_plan *plan, s64 ret)
{
	struct thread_state st;
	struct call_plan copy = *plan;

	begin_capture(capture, &st);
	return returns_fd(&st, &copy, ret);
}
