/* Structures that another argument decides about, or that point on: fcntl's locks, ioctl's values,
 * what clone3 wrote back. With a snaplen only. */
#ifndef TARRY_STRUCTURES_H
#define TARRY_STRUCTURES_H

#include "recorder/capture/parts.h"

enum {
	DIRENTS_MAX = 4096,
	IOCTL_MAX_BYTES = 512,
	SHMID_BYTES = 112, /* include/uapi/asm-generic/shmbuf.h: struct shmid64_ds */
};

/* include/uapi/asm-generic/fcntl.h, include/uapi/linux/fcntl.h */
static __always_inline u32 fcntl_bytes(u32 command, bool out, bool compat)
{
	switch (command) {
	case 5: /* F_GETLK */
		return compat ? 16 : 32;
	case 6: /* F_SETLK, F_SETLKW */
	case 7:
		return out ? 0 : compat ? 16 : 32;
	case 12: /* F_GETLK64 of 32-bit callers */
	case 36: /* F_OFD_GETLK */
		return compat ? 24 : 32;
	case 13: /* F_SETLK64, F_SETLKW64, F_OFD_SETLK, F_OFD_SETLKW */
	case 14:
	case 37:
	case 38:
		return out ? 0 : compat ? 24 : 32;
	case 15: /* F_SETOWN_EX */
		return out ? 0 : 8;
	case 16: /* F_GETOWN_EX */
		return out ? 8 : 0;
	case 1035: /* F_GET_RW_HINT, F_GET_FILE_RW_HINT */
	case 1037:
		return out ? 8 : 0;
	case 1036: /* F_SET_RW_HINT, F_SET_FILE_RW_HINT */
	case 1038:
		return out ? 0 : 8;
	default:
		return 0;
	}
}

/* The size is in the number of newer requests (include/uapi/asm-generic/ioctl.h); terminals and sockets
 * have older ones (include/uapi/asm-generic/ioctls.h, linux/sockios.h). */
static __always_inline u32 ioctl_bytes(u32 request, bool out, bool compat)
{
	u32 direction = request >> 30, size = request >> 16 & 0x3fff;

	if (direction) {
		if (!(direction & (out ? 2 : 1)))
			return 0;
		return size < IOCTL_MAX_BYTES ? size : IOCTL_MAX_BYTES;
	}
	switch (request) {
	case 0x5401: /* TCGETS */
		return out ? 36 : 0;
	case 0x5402: /* TCSETS, TCSETSW, TCSETSF */
	case 0x5403:
	case 0x5404:
		return out ? 0 : 36;
	case 0x5413: /* TIOCGWINSZ */
		return out ? 8 : 0;
	case 0x5414: /* TIOCSWINSZ */
		return out ? 0 : 8;
	case 0x540f: /* TIOCGPGRP */
	case 0x5411: /* TIOCOUTQ */
	case 0x5415: /* TIOCMGET */
	case 0x541b: /* FIONREAD */
	case 0x5424: /* TIOCGETD */
	case 0x5429: /* TIOCGSID */
	case 0x1268: /* BLKSSZGET */
	case 0x8905: /* SIOCATMARK */
		return out ? 4 : 0;
	case 0x5410: /* TIOCSPGRP */
	case 0x5416: /* TIOCMBIS, TIOCMBIC, TIOCMSET */
	case 0x5417:
	case 0x5418:
	case 0x5420: /* TIOCPKT */
	case 0x5421: /* FIONBIO */
	case 0x5423: /* TIOCSETD */
	case 0x5452: /* FIOASYNC */
		return out ? 0 : 4;
	case 0x8912: /* SIOCGIFCONF */
		return compat ? 8 : 16;
	default: /* struct ifreq */
		return request >= 0x8910 && request <= 0x8970 ? compat ? 32 : 40 : 0;
	}
}

/* include/uapi/linux/prctl.h; argument 1 */
static __always_inline u32 prctl_bytes(u32 option, bool out)
{
	switch (option) {
	case 2: /* PR_GET_PDEATHSIG */
	case 5: /* PR_GET_UNALIGN, PR_GET_FPEMU, PR_GET_FPEXC, PR_GET_ENDIAN, PR_GET_TSC */
	case 9:
	case 11:
	case 19:
	case 25:
	case 37: /* PR_GET_CHILD_SUBREAPER */
		return out ? 4 : 0;
	case 16: /* PR_GET_NAME */
		return out ? 16 : 0;
	case 40: /* PR_GET_TID_ADDRESS */
		return out ? 8 : 0;
	default:
		return 0;
	}
}

/* include/uapi/linux/futex.h: operations with a timeout */
static __always_inline u32 futex_bytes(u32 op, bool compat)
{
	switch (op & 0x7f) {
	case 0: /* FUTEX_WAIT */
	case 6: /* FUTEX_LOCK_PI */
	case 9: /* FUTEX_WAIT_BITSET */
	case 11: /* FUTEX_WAIT_REQUEUE_PI */
	case 13: /* FUTEX_LOCK_PI2 */
		return compat ? 8 : 16;
	default:
		return 0;
	}
}

/* How much lies behind the argument, 0: it is no pointer, or nothing goes this way. */
static __always_inline u32 bytes_by_command(struct plan_item *item, u32 command, bool compat)
{
	bool out = item->out;

	switch (item->size) {
	case RULE_FCNTL:
		return fcntl_bytes(command, out, compat);
	case RULE_IOCTL:
		return ioctl_bytes(command, out, compat);
	case RULE_PRCTL:
		return prctl_bytes(command, out);
	case RULE_SECCOMP: /* prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, struct sock_fprog *) */
		return command == 22 ? compat ? 8 : 16 : 0;
	case RULE_FUTEX:
		return futex_bytes(command, compat);
	case RULE_FUTEX64:
		return futex_bytes(command, false);
	case RULE_SHMCTL: /* IPC_STAT; 0x100: IPC_64 */
		return (command & 0xff) == 2 && out && !compat ? SHMID_BYTES : 0;
	default:
		return 0;
	}
}

enum { PR_SET_NAME = 15, COMM_BYTES = 16 };

/* PR_SET_NAME: as much of the text as the kernel takes. */
static __always_inline u32 put_comm(struct scratch *s, u32 at, struct plan_item *item, u64 address)
{
	if (at > PARTS_BYTES)
		return at;
	long len = bpf_probe_read_user_str(&s->bytes[at + sizeof(struct rec_part)], COMM_BYTES,
					   (const void *)address);
	if (len < 0)
		return at | ITEM_FAILED;
	u32 used = (u32)len & (2 * COMM_BYTES - 1);

	put_head(s, at, PART_PAYLOAD, item->arg, 0, 0, used, used);
	return at + sizeof(struct rec_part) + round_up8(used);
}

struct dirent_walk {
	u64 address, left;
	u32 reclen_offset;
	u32 count;
};

static long count_dirent(u32 turn, void *context)
{
	struct dirent_walk *walk = context;
	u16 reclen = 0;

	if (!walk->left ||
	    bpf_probe_read_user(&reclen, sizeof(reclen), (const void *)(walk->address + walk->reclen_offset)) ||
	    !reclen || reclen > walk->left)
		return 1;
	walk->address += reclen;
	walk->left -= reclen;
	walk->count++;
	return 0;
}

/* The first bytes (part 0) and how many entries there are (part 1). */
static __always_inline u32 put_dirents(struct scratch *s, u32 at, struct plan_item *item, u64 address, u64 len)
{
	struct dirent_walk walk = { .address = address, .left = len, .reclen_offset = item->size };
	u32 end = put_bytes(s, at, item, 0, address, at_most_snaplen(len), len);

	if (end & ITEM_FAILED || end > PARTS_BYTES)
		return end;
	LOOP(DIRENTS_MAX, count_dirent, &walk);
	if (walk.left)
		return end;
	put_head(s, end, PART_PAYLOAD, item->arg, PART_OUT, 1, sizeof(walk.count), sizeof(walk.count));
	*(u64 *)&s->bytes[end + sizeof(struct rec_part)] = walk.count;
	return end + sizeof(struct rec_part) + 8;
}

/* pselect6's struct {const sigset_t *set; size_t size} (part 0) and the set (part 1). */
static __always_inline u32 put_sigmask(struct scratch *s, u32 at, struct plan_item *item, u64 address,
				       bool compat)
{
	u64 set = 0, size = compat ? 8 : 16;
	u32 end = put_bytes(s, at, item, 0, address, size, size);

	if (end & ITEM_FAILED ||
	    bpf_probe_read_user(&set, compat ? 4 : 8, (const void *)address) || !set)
		return end;
	return put_bytes(s, end, item, 1, set, 8, 8) & END_MASK;
}

/* What clone3 wrote where its structure points to: the pidfd (part 1), the child's tid (part 2). */
static __always_inline u32 put_clone_ids(struct scratch *s, u32 at, struct plan_item *item, u64 address)
{
	struct { /* include/uapi/linux/sched.h: struct clone_args */
		u64 flags, pidfd, child_tid, parent_tid;
	} args;

	if (bpf_probe_read_user(&args, sizeof(args), (const void *)address))
		return at;
	if (args.flags & 0x1000 && args.pidfd) /* CLONE_PIDFD */
		at = put_bytes(s, at, item, 1, args.pidfd, 4, 4) & END_MASK;
	if (args.flags & 0x100000 && args.parent_tid) /* CLONE_PARENT_SETTID */
		at = put_bytes(s, at, item, 2, args.parent_tid, 4, 4) & END_MASK;
	return at;
}

/* The signal mask that rt_sigreturn restores. The stack pointer is behind the return address that the
 * handler has used: at the ucontext, or at the handler's arguments of 32-bit callers
 * (arch/x86/include/asm/sigframe.h, struct rt_sigframe and rt_sigframe_ia32). */
static __always_inline u32 put_sigreturn(struct scratch *s, u32 at, struct plan_item *item, bool compat)
{
#if defined(__TARGET_ARCH_x86)
	const u32 mask_offset = compat ? 248 : 296;

	/* not again at the exit, where the frame is gone */
	return put_bytes(s, at, item, 0, user_stack_pointer() + mask_offset, 8, 8) & END_MASK;
#else
	return at;
#endif
}

/* Items of a plan beyond plain memory. `len`: of the result, or the argument that the item names. */
__noinline u32 put_structure(struct thread_state *st, struct plan_item *item, u64 len, u32 slot, u32 at)
{
	struct scratch *s = get_scratch(slot);

	if (!s || !st || !item || at > PARTS_BYTES || item->arg >= MAX_ARGS)
		return at;
	u64 address = st->args[item->arg & 7];
	bool compat = st->abi == ABI_I386;

	switch (item->what) {
	case ITEM_BY_COMMAND: {
		u32 bytes = bytes_by_command(item, (u32)len, compat);

		if (item->size == RULE_PRCTL && (u32)len == PR_SET_NAME && !item->out)
			return put_comm(s, at, item, address);
		return bytes ? put_bytes(s, at, item, 0, address, bytes, bytes) : at;
	}
	case ITEM_DIRENTS:
		return put_dirents(s, at, item, address, len);
	case ITEM_SIGMASK:
		return put_sigmask(s, at, item, address, compat);
	case ITEM_CLONE_IDS:
		return put_clone_ids(s, at, item, address);
	case ITEM_MSGBUF: /* include/uapi/linux/msg.h: a long, then the text */
		return put_bytes(s, at, item, 0, address, at_most_snaplen(len) + item->size, len + item->size);
	case ITEM_SIGRETURN:
		return put_sigreturn(s, at, item, compat);
	default:
		return at;
	}
}

#endif
