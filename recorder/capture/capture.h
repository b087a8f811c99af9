/* What a call's arguments point to, taken from a stopped tracee: the same code that the BPF programs
 * run (recorder/capture/), over process_vm_readv(2).
 *
 * Results are raw parts (struct rec_part, recorder/records.h) in `bytes`, to be put behind a record's
 * head. Not thread-safe: one capture at a time in a process, as the kernel has one current task. */
#ifndef TARRY_CAPTURE_H
#define TARRY_CAPTURE_H

#include <stdbool.h>
#include <sys/types.h>

#include "recorder/records.h"

#ifdef __cplusplus
extern "C" {
#endif

enum {
	CAPTURE_BYTES = 32 * 1024,
	CAPTURE_REST_FROM = 15 * 1024 / 2, /* REST_FROM */
};

typedef void (*capture_put)(void *owner, const void *record, size_t size);

struct capture {
	pid_t tid; /* stopped, and traced by the calling thread */
	__u32 snaplen;
	__u8 abi;
	__u32 retry; /* bit i: item i of the plan could not be read at enter */
	__u16 messages; /* so many of a sendmmsg were taken at enter */
	__u8 put;       /* CALL_ENTER_DATA, CALL_EXIT_DATA: parts went ahead by put_parts */
	__u32 thread, call_seq;
	__u64 args[MAX_ARGS];
	__u64 stack_pointer;
	/* The resource behind an fd of the tracee, 0: none. */
	__u32 (*resource_of_fd)(void *owner, __u32 fd);
	void *owner;
	/* Takes a record of parts that make room for others. */
	capture_put put_parts;
	void *put_owner;
	__u64 bytes[CAPTURE_BYTES / 8];
};

struct captured {
	__u32 end;     /* of the parts in `bytes` */
	bool relative; /* a path does not begin with '/' */
	bool absolute; /* one does */
};

/* Gather parts into `bytes` from offset `begin` on, a multiple of 8. */
struct captured capture_at_enter(struct capture *capture, const struct call_plan *plan, __u32 begin);
__u32 capture_at_exit(struct capture *capture, const struct call_plan *plan, __s64 ret, __u32 begin);
/* Appends the directory that absolute paths start from; the new end. */
__u32 capture_put_root(struct capture *capture, __u32 root, __u32 end);

/* What a call moved beyond its parts (recorder/capture/rest.h), at most `most` bytes from the beginning: each piece
 * as an RT_REST record under `thread` and `call_seq` to `put`. */
void capture_rest(struct capture *capture, const struct call_plan *plan, __s64 ret, __u64 most, __u32 thread,
		  __u32 call_seq, capture_put put, void *owner);

/* Does a path of the call start from the working directory? Does it return an fd? */
bool capture_is_from_cwd(struct capture *capture, const struct call_plan *plan);
bool capture_returns_fd(struct capture *capture, const struct call_plan *plan, __s64 ret);

/* Memory of a tracee; all of it or nothing. */
bool capture_read(pid_t tid, void *to, size_t size, __u64 address);

#ifdef __cplusplus
}
#endif

#endif
