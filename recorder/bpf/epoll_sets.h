/* What an epoll set holds: a walk through its tree of members, for sets that were built before the
 * recording. The tree is read without its lock: one that changes meanwhile may be read in part, and is
 * then not said to be complete, or twice. Reads of memory that is gone fail or give nonsense that no
 * file is behind. */
#ifndef TARRY_EPOLL_SETS_H
#define TARRY_EPOLL_SETS_H

/* A member takes up to four steps: down from above, itself, and up again on both sides. */
enum { EPOLL_MEMBERS = 1024, EPOLL_STEPS = 4 * EPOLL_MEMBERS };

/* "[eventpo", the begin of the name that fs/eventpoll.c gives its files (little-endian) */
#define EVENTPOLL_NAME 0x6f70746e6576655bULL

static __always_inline bool is_epoll(u64 file_addr)
{
	u64 inode = load_word(file_addr + OFFSET(struct file, f_inode));
	u64 sb = load_word(inode + OFFSET(struct inode, i_sb));

	if (load_word(sb + OFFSET(struct super_block, s_magic)) != ANON_INODE_FS_MAGIC)
		return false;
	u64 dentry = load_word(file_addr + OFFSET(struct file, f_path.dentry));

	return load_word(load_word(dentry + OFFSET(struct dentry, d_name.name))) == EVENTPOLL_NAME;
}

static __always_inline bool put_member(u32 process, s32 epoll_fd, s32 fd, u32 resource, u64 data)
{
	struct rec_epoll_member *rec = bpf_ringbuf_reserve(&definitions, sizeof(*rec), 0);

	if (!rec) {
		lose_unattributed(LOSS_DEFINITIONS);
		return false;
	}
	__builtin_memset(rec, 0, sizeof(*rec));
	rec->type = RT_EPOLL_MEMBER;
	rec->process = process;
	rec->epoll_fd = epoll_fd;
	rec->fd = fd;
	rec->resource = resource;
	rec->data = data;
	bpf_ringbuf_submit(rec, BPF_RB_NO_WAKEUP);
	return true;
}

/* Verified on its own, so that the loop that calls it stays cheap to verify. */
__noinline u32 put_epoll_item(u64 node, u32 process, u32 epoll_fd, u32 slot)
{
	struct epitem *item = (struct epitem *)(node - OFFSET(struct epitem, rbn));
	u64 file = (u64)BPF_CORE_READ(item, ffd.file);
	u32 resource = file ? file_resource(file, slot) : 0;

	if (!resource)
		return 1;
	return put_member(process, (s32)epoll_fd, BPF_CORE_READ(item, ffd.fd), resource,
			  BPF_CORE_READ(item, event.data));
}

enum walk_direction { WALK_DOWN, WALK_RIGHT, WALK_UP };

struct epoll_walk {
	u64 node;
	u32 direction;
	u32 process;
	s32 epoll_fd;
	u32 slot;
	bool broken;
};

/* One step of the walk in order: left, itself, right. */
static long epoll_step(u32 turn, void *context)
{
	struct epoll_walk *walk = context;
	u64 node = walk->node;
	u64 next;

	switch (walk->direction) {
	case WALK_DOWN:
		next = load_word(node + OFFSET(struct rb_node, rb_left));
		if (next) {
			walk->node = next;
			return 0;
		}
		break;
	case WALK_RIGHT:
		next = load_word(node + OFFSET(struct rb_node, rb_right));
		walk->direction = next ? WALK_DOWN : WALK_UP;
		if (next)
			walk->node = next;
		return 0;
	default:
		next = load_word(node + OFFSET(struct rb_node, __rb_parent_color)) & ~3ULL;
		walk->node = next;
		if (!next)
			return 1;
		if (load_word(next + OFFSET(struct rb_node, rb_left)) != node)
			return 0;
		node = next;
		break;
	}
	walk->direction = WALK_RIGHT;
	walk->broken = !put_epoll_item(node, walk->process, (u32)walk->epoll_fd, walk->slot);
	return walk->broken;
}

/* Names the members of the set behind an fd of a process. */
static __always_inline void put_epoll_set(u64 file_addr, u32 process, u32 fd, u32 slot)
{
	u64 set = load_word(file_addr + OFFSET(struct file, private_data));
	struct epoll_walk walk = {
		.node = load_word(set + OFFSET(struct eventpoll, rbr.rb_root.rb_node)),
		.process = process,
		.epoll_fd = (s32)fd,
		.slot = slot,
	};

	if (walk.node)
		LOOP(EPOLL_STEPS, epoll_step, &walk);
	if (!walk.node && !walk.broken)
		put_member(process, (s32)fd, -1, 0, 0);
}

#endif
