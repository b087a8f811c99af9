/* What is behind an fd: a number that stands for a file, socket, pipe …, defined once.
 *
 * A lookup goes through the CPU's own small cache, then the table of all; only on a miss the
 * object is described (names by a bounded walk over dentries and mounts, since bpf_d_path is
 * refused in tracepoint programs). The definition is in its ring before the number is used. */
#ifndef TARRY_RESOURCES_H
#define TARRY_RESOURCES_H

/* include/uapi/linux/magic.h, net/socket.c, fs/anon_inodes.c */
#define SOCKFS_MAGIC 0x534F434B
#define ANON_INODE_FS_MAGIC 0x09041934
#define OVERLAYFS_SUPER_MAGIC 0x794c7630

#define S_IFMT 00170000
#define S_IFIFO 0010000
#define S_IFSOCK 0140000

#define OFFSET(type, field) bpf_core_field_offset(type, field)

enum { PATH_BYTES = 4096, NAME_BYTES = 256, PATH_DEPTH = 64 };

/* Numbers of an earlier epoch are found no more, neither in the table nor in a thread's cache. */
static __always_inline u64 in_epoch(u64 ino)
{
	return ino ^ (u64)resource_epoch << 40;
}

static __always_inline void socket_key(u64 sk_addr, u64 ino, struct res_key *key)
{
	struct sock_common *sk = TYPED(struct sock_common, sk_addr);
	u16 family = GET(sk, skc_family);
	u64 listening = GET(sk, skc_state) == TCP_LISTEN;

	key->a = in_epoch(ino);
	key->b = sk_addr;
	key->c = 0;
	key->d = listening | (u64)family << 8;
	if (family == AF_INET || family == AF_INET6) {
		key->c = (u64)GET(sk, skc_daddr) << 32 | GET(sk, skc_rcv_saddr);
		key->d |= (u64)GET(sk, skc_dport) << 32 | (u64)GET(sk, skc_num) << 48;
		if (family == AF_INET6) {
			u64 remote = sk_addr + OFFSET(struct sock_common, skc_v6_daddr);
			u64 local = sk_addr + OFFSET(struct sock_common, skc_v6_rcv_saddr);

			key->c ^= load_word(remote) * 3 ^ load_word(remote + 8) * 5;
			key->c ^= load_word(local) * 7 ^ load_word(local + 8) * 11;
		}
	} else if (family == AF_UNIX) {
		key->c = load_word(sk_addr + OFFSET(struct unix_sock, peer));
		key->d ^= load_word(sk_addr + OFFSET(struct unix_sock, addr)) << 16;
	}
}

static __always_inline void path_key(u64 inode_addr, u64 mnt_addr, u64 dentry_addr,
				     struct res_key *key)
{
	struct inode *inode = TYPED(struct inode, inode_addr);

	key->a = in_epoch(GET(inode, i_ino));
	key->b = inode_addr ^ (u64)GET(inode, i_generation) << 48;
	key->c = dentry_addr ^ mnt_addr << 20;
	key->d = load_word(dentry_addr + OFFSET(struct dentry, d_name.hash_len)) ^
		 load_word(dentry_addr + OFFSET(struct dentry, d_parent)) << 24;
}

/* Fills the key of an open file. */
static __always_inline void file_key(u64 file_addr, struct res_key *key)
{
	u64 inode_addr = load_word(file_addr + OFFSET(struct file, f_inode));
	u64 sb = load_word(inode_addr + OFFSET(struct inode, i_sb));
	u64 magic = load_word(sb + OFFSET(struct super_block, s_magic));

	if (magic == SOCKFS_MAGIC) {
		u64 socket = load_word(file_addr + OFFSET(struct file, private_data));
		u64 sk = load_word(socket + OFFSET(struct socket, sk));

		if (sk) {
			socket_key(sk, GET(TYPED(struct inode, inode_addr), i_ino), key);
			return;
		}
	}
	path_key(inode_addr, load_word(file_addr + OFFSET(struct file, f_path.mnt)),
		 load_word(file_addr + OFFSET(struct file, f_path.dentry)), key);
	if (magic == ANON_INODE_FS_MAGIC)
		key->c = load_word(file_addr + OFFSET(struct file, private_data));
}

struct path_walk {
	u64 mount, dentry;
	u32 slot;
	u32 used;      /* bytes of names so far */
	bool in_mount; /* false: only the file system is known, not where it is mounted */
	bool detached; /* ended outside of any directory tree */
};

/* One step from a dentry towards the root. */
static long path_step(u32 turn, void *context)
{
	struct path_walk *walk = context;
	struct scratch *scratch = get_scratch(walk->slot);
	u64 dentry = walk->dentry;
	u64 parent = load_word(dentry + OFFSET(struct dentry, d_parent));
	u32 used = walk->used;

	if (walk->in_mount &&
	    dentry == load_word(walk->mount + OFFSET(struct mount, mnt.mnt_root))) {
		u64 up = load_word(walk->mount + OFFSET(struct mount, mnt_parent));

		if (up == walk->mount || !up)
			return 1;
		walk->dentry = load_word(walk->mount + OFFSET(struct mount, mnt_mountpoint));
		walk->mount = up;
		return 0;
	}
	if (!scratch || used > PATH_BYTES - NAME_BYTES || (!walk->in_mount && parent == dentry))
		return 1;
	const void *name = (const void *)load_word(dentry + OFFSET(struct dentry, d_name.name));
	long len = bpf_probe_read_kernel_str(&scratch->bytes[sizeof(struct rec_resource) + used],
					     NAME_BYTES, name);
	if (len <= 0)
		return 1;
	walk->used = used + ((u32)len & (2 * NAME_BYTES - 1));
	walk->detached = parent == dentry || !parent;
	walk->dentry = parent;
	return walk->detached;
}

/* Submits the definition whose head and `text` bytes stand in the scratch buffer; 0 where it did
 * not fit, and the object will be defined at its next use. */
static __always_inline u32 submit_resource(struct scratch *scratch, u32 text, struct res_key *key)
{
	struct rec_resource *rec = (struct rec_resource *)scratch->bytes;
	u32 id = __sync_fetch_and_add(&last_resource_id, 1) + 1;
	u64 size = text;

	rec->type = RT_RESOURCE;
	rec->id = id;
	rec->resource_epoch = resource_epoch;
	rec->text_len = text;
	asm volatile("" : "+r"(size));
	if (size > PATH_BYTES)
		size = PATH_BYTES;
	if (bpf_ringbuf_output(&definitions, rec, sizeof(*rec) + size, BPF_RB_NO_WAKEUP)) {
		lose_unattributed(LOSS_DEFINITIONS);
		return 0;
	}
	bpf_map_update_elem(&resources, key, &id, BPF_ANY);
	return id;
}

static __always_inline void fill_inode(struct rec_resource *rec, struct inode *inode)
{
	struct super_block *sb = BPF_CORE_READ(inode, i_sb);

	rec->mode = BPF_CORE_READ(inode, i_mode);
	rec->inode = BPF_CORE_READ(inode, i_ino);
	rec->generation = BPF_CORE_READ(inode, i_generation);
	rec->rdev = BPF_CORE_READ(inode, i_rdev);
	rec->dev = BPF_CORE_READ(sb, s_dev);
	rec->magic = BPF_CORE_READ(sb, s_magic);
}

/* On overlayfs the file is the one below that holds the data. */
static __always_inline void fill_real_inode(struct rec_resource *rec, struct inode *inode)
{
	if (rec->magic != OVERLAYFS_SUPER_MAGIC || !bpf_core_type_exists(struct ovl_inode))
		return;
	struct ovl_inode *ovl = (void *)((u64)inode - OFFSET(struct ovl_inode, vfs_inode));
	struct dentry *real = BPF_CORE_READ(ovl, __upperdentry);

	if (!real && bpf_core_field_exists(ovl->oe)) {
		struct ovl_entry *entry = BPF_CORE_READ(ovl, oe);

		if (BPF_CORE_READ(entry, __numlower))
			real = (struct dentry *)BPF_CORE_READ(entry, __lowerstack[0].dentry);
	}
	struct inode *below = real ? BPF_CORE_READ(real, d_inode) : NULL;
	if (below)
		fill_inode(rec, below);
}

__noinline u32 define_path(u64 inode_addr, u64 mnt_addr, u64 dentry_addr, u64 object, u32 slot)
{
	struct res_key key = {};
	struct scratch *scratch = get_scratch(slot);

	if (!scratch)
		return 0;
	path_key(inode_addr, mnt_addr, dentry_addr, &key);
	if (object)
		key.c = object;
	u32 *known = bpf_map_lookup_elem(&resources, &key);
	if (known)
		return *known;
	struct rec_resource *rec = (struct rec_resource *)scratch->bytes;
	struct inode *inode = (struct inode *)inode_addr;

	__builtin_memset(rec, 0, sizeof(*rec));
	fill_inode(rec, inode);
	fill_real_inode(rec, inode);
	rec->object = object;
	struct path_walk walk = {
		.mount = mnt_addr - OFFSET(struct mount, mnt),
		.dentry = dentry_addr,
		.slot = slot,
		.in_mount = mnt_addr != 0,
	};
	LOOP(PATH_DEPTH, path_step, &walk);
	rec->detached = walk.detached;
	rec->no_mount = !walk.in_mount;
	return submit_resource(scratch, walk.used, &key);
}

static __always_inline u64 socket_inode(u64 sk_addr)
{
	struct socket *socket = BPF_CORE_READ((struct sock *)sk_addr, sk_socket);

	if (!socket)
		return 0;
	/* struct socket_alloc: the socket and its inode side by side */
	struct socket_alloc *both = (void *)((u64)socket - OFFSET(struct socket_alloc, socket));
	return BPF_CORE_READ(both, vfs_inode.i_ino);
}

static __always_inline u32 fill_unix(struct rec_resource *rec, struct scratch *scratch, u64 sk_addr)
{
	struct unix_sock *un = (struct unix_sock *)sk_addr;
	u64 peer = (u64)BPF_CORE_READ(un, peer);
	struct unix_address *addr = BPF_CORE_READ(un, addr);
	struct pid *pid = BPF_CORE_READ(un, sk.sk_peer_pid);

	if (peer)
		rec->socket.peer_inode = socket_inode(peer);
	if (pid)
		rec->socket.peer_pid = BPF_CORE_READ(pid, numbers[0].nr);
	if (!addr)
		return 0;
	/* sockaddr_un: the family, then the name; an abstract one begins with NUL */
	u32 len = (u32)BPF_CORE_READ(addr, len) - 2;
	if (len == 0 || len > 108)
		return 0;
	if (bpf_probe_read_kernel(&scratch->bytes[sizeof(*rec)], len,
				  (const void *)((u64)addr + OFFSET(struct unix_address, name) + 2)))
		return 0;
	return len;
}

/* Addresses, ports and kind of an internet socket, or of a request to connect. */
static __always_inline void fill_inet(struct rec_socket *to, u64 sk_addr)
{
	struct sock *sk = (struct sock *)sk_addr;

	to->family = BPF_CORE_READ(sk, __sk_common.skc_family);
	to->listening = BPF_CORE_READ(sk, __sk_common.skc_state) == TCP_LISTEN;
	to->type = BPF_CORE_READ(sk, sk_type);
	to->protocol = BPF_CORE_READ(sk, sk_protocol);
	if (to->family == AF_INET) {
		*(u32 *)to->local_addr = BPF_CORE_READ(sk, __sk_common.skc_rcv_saddr);
		*(u32 *)to->remote_addr = BPF_CORE_READ(sk, __sk_common.skc_daddr);
	} else if (to->family == AF_INET6) {
		BPF_CORE_READ_INTO(&to->local_addr, sk, __sk_common.skc_v6_rcv_saddr.in6_u.u6_addr8);
		BPF_CORE_READ_INTO(&to->remote_addr, sk, __sk_common.skc_v6_daddr.in6_u.u6_addr8);
	} else {
		return;
	}
	to->local_port = BPF_CORE_READ(sk, __sk_common.skc_num);
	to->remote_port = __builtin_bswap16(BPF_CORE_READ(sk, __sk_common.skc_dport));
}

/* A recorded thread uses the socket, unless the snapshot or a packet asks. */
__noinline u32 define_socket(u64 sk_addr, u64 ino, u32 slot)
{
	struct res_key key = {};
	struct scratch *scratch = get_scratch(slot);

	if (!scratch)
		return 0;
	socket_key(sk_addr, ino, &key);
	u32 *known = bpf_map_lookup_elem(&resources, &key);
	if (slot != SLOT_SNAPSHOT && slot != SLOT_PACKET_SOCKET && !(known && slot == SLOT_WAKE))
		mark_used(sk_addr, ino);
	if (known)
		return *known;
	struct rec_resource *rec = (struct rec_resource *)scratch->bytes;
	u32 text = 0;

	__builtin_memset(rec, 0, sizeof(*rec));
	rec->is_socket = 1;
	rec->mode = 0140000;
	rec->inode = ino;
	rec->magic = SOCKFS_MAGIC;
	fill_inet(&rec->socket, sk_addr);
	if (rec->socket.family == AF_UNIX)
		text = fill_unix(rec, scratch, sk_addr);
	return submit_resource(scratch, text, &key);
}

/* The resource of an open file that the CPU's cache does not know. */
static __always_inline u32 file_resource(u64 file_addr, u32 slot)
{
	u64 inode_addr = load_word(file_addr + OFFSET(struct file, f_inode));
	u64 sb = load_word(inode_addr + OFFSET(struct inode, i_sb));
	u64 magic = load_word(sb + OFFSET(struct super_block, s_magic));
	u64 private_data = load_word(file_addr + OFFSET(struct file, private_data));

	if (!file_addr || !inode_addr)
		return 0;
	if (magic == SOCKFS_MAGIC) {
		u64 sk = load_word(private_data + OFFSET(struct socket, sk));

		if (sk)
			return define_socket(sk, GET(TYPED(struct inode, inode_addr), i_ino), slot);
	}
	return define_path(inode_addr, load_word(file_addr + OFFSET(struct file, f_path.mnt)),
			   load_word(file_addr + OFFSET(struct file, f_path.dentry)),
			   magic == ANON_INODE_FS_MAGIC ? private_data : 0, slot);
}

/* The resource of a directory or file by its path (working directory, executable). */
__noinline u32 path_resource(u64 mnt_addr, u64 dentry_addr, u32 slot)
{
	u64 inode_addr = load_word(dentry_addr + OFFSET(struct dentry, d_inode));

	if (!dentry_addr || !inode_addr)
		return 0;
	return define_path(inode_addr, mnt_addr, dentry_addr, 0, slot);
}

/* ---- the objects that this CPU's threads used last ---- */

enum { CACHED_FILES = 256 };

enum cached_kind { CACHED_OTHER, CACHED_PATH };

/* An address alone says little, for it is used again: the key tells whether the file is still the same
 * one, has its name, is connected as it was. */
struct cached_file {
	u64 file;
	u64 inode;
	struct res_key key;
	u32 id;
	u32 kind; /* CACHED_PATH: path_key() makes the key, nothing else need be asked */
};

struct {
	__uint(type, BPF_MAP_TYPE_PERCPU_ARRAY);
	__uint(max_entries, CACHED_FILES);
	__type(key, u32);
	__type(value, struct cached_file);
} cached_files SEC(".maps");

static __always_inline bool same_key(const struct res_key *one, const struct res_key *other)
{
	return one->a == other->a && one->b == other->b && one->c == other->c && one->d == other->d;
}

/* On its own, for it is rare: a call costs less than a hot path that is long. */
static __noinline u32 uncached_file(struct cached_file *entry, u64 file_addr, u64 inode_addr, u32 slot)
{
	u64 sb = load_word(inode_addr + OFFSET(struct inode, i_sb));
	u64 magic = load_word(sb + OFFSET(struct super_block, s_magic));
	struct res_key key;

	file_key(file_addr, &key);
	if (entry->file == file_addr && entry->inode == inode_addr && same_key(&entry->key, &key))
		return entry->id;
	u32 id = file_resource(file_addr, slot);
	if (!id)
		return 0;
	*(volatile u64 *)&entry->file = 0; /* whoever comes in between finds nothing */
	entry->inode = inode_addr;
	entry->key = key;
	entry->id = id;
	entry->kind = magic == SOCKFS_MAGIC || magic == ANON_INODE_FS_MAGIC ? CACHED_OTHER : CACHED_PATH;
	*(volatile u64 *)&entry->file = file_addr;
	return id;
}

/* The resource of an open file, in a program that no other thread's can interrupt. */
static __always_inline u32 cached_file(u64 file_addr, u32 slot)
{
	u32 place = (u32)(file_addr >> 6 ^ file_addr >> 14) & (CACHED_FILES - 1);
	struct cached_file *entry = bpf_map_lookup_elem(&cached_files, &place);
	u64 inode_addr = load_word(file_addr + OFFSET(struct file, f_inode));

	if (!entry)
		return 0;
	if (entry->file == file_addr && entry->inode == inode_addr && entry->kind == CACHED_PATH) {
		struct res_key key;

		path_key(inode_addr, load_word(file_addr + OFFSET(struct file, f_path.mnt)),
			 load_word(file_addr + OFFSET(struct file, f_path.dentry)), &key);
		if (same_key(&entry->key, &key))
			return entry->id;
	}
	return uncached_file(entry, file_addr, inode_addr, slot);
}

/* The file behind an fd of the task, 0: none. */
static __always_inline u64 file_of_fd(struct task_struct *task, u32 fd)
{
	struct fdtable *table = PLAIN(task)->files->fdt;

	if (fd >= table->max_fds)
		return 0;
	return load_word((u64)table->fd + (u64)fd * 8);
}

static __always_inline u32 fd_resource(struct task_struct *task, u64 fd, u32 slot)
{
	u64 file_addr = file_of_fd(task, (u32)fd);

	if (!file_addr)
		return 0;
	/* an iterator may sleep or be preempted in between */
	return slot == SLOT_SNAPSHOT ? file_resource(file_addr, slot) : cached_file(file_addr, slot);
}

static __always_inline u32 cwd_resource(struct task_struct *task, u32 slot)
{
	u64 fs = 0;

	bpf_core_read(&fs, sizeof(fs), &task->fs);
	if (!fs)
		return 0;
	return path_resource(load_word(fs + OFFSET(struct fs_struct, pwd.mnt)),
			     load_word(fs + OFFSET(struct fs_struct, pwd.dentry)), slot);
}

enum { STACKED_ROOTS = 8 };

/* Do names end at this directory, as path_step() walks them? Others may be mounted over and over a
 * namespace's root: the initial one, and what an initramfs or pivot_root(2) put on top of it. */
static __always_inline bool is_namespace_root(u64 mnt, u64 dentry)
{
	u64 mount = mnt - OFFSET(struct mount, mnt);

	for (int i = 0; i < STACKED_ROOTS; i++) {
		u64 up = load_word(mount + OFFSET(struct mount, mnt_parent));

		if (dentry != load_word(mount + OFFSET(struct mount, mnt.mnt_root)))
			return false;
		if (up == mount || !up)
			return true;
		dentry = load_word(mount + OFFSET(struct mount, mnt_mountpoint));
		mount = up;
	}
	return true;
}

/* The resource of a directory that may still be the one of last time. */
static __always_inline u32 cached_directory(struct cached_directory *entry, u64 mnt, u64 dentry, u32 slot)
{
	struct res_key key;

	path_key(load_word(dentry + OFFSET(struct dentry, d_inode)), mnt, dentry, &key);
	if (same_key(&entry->key, &key))
		return (u32)entry->id;
	u32 id = path_resource(mnt, dentry, slot);
	if (id) {
		entry->key = key;
		entry->id = id;
	}
	return id;
}

/* Where relative paths of a task start. */
static __always_inline u32 cached_cwd(struct thread_state *st, struct task_struct *task, u32 slot)
{
	u64 fs = address_of(st, PLAIN(task)->fs);

	return cached_directory(&st->cwd, load_word(fs + OFFSET(struct fs_struct, pwd.mnt)),
				load_word(fs + OFFSET(struct fs_struct, pwd.dentry)), slot);
}

/* Where its absolute paths start after a chroot(2); 0: at the root of its mount namespace. */
static __always_inline u32 changed_root(struct thread_state *st, struct task_struct *task, u32 slot)
{
	u64 fs = address_of(st, PLAIN(task)->fs);
	u64 mnt = load_word(fs + OFFSET(struct fs_struct, root.mnt));
	u64 dentry = load_word(fs + OFFSET(struct fs_struct, root.dentry));

	return is_namespace_root(mnt, dentry) ? 0 : cached_directory(&st->root, mnt, dentry, slot);
}

/* The resource of an fd of the current task; not through the scratch buffer that is being filled. */
static __always_inline u32 resource_of_fd(u32 fd)
{
	struct task_struct *task = bpf_get_current_task_btf();
	u64 file_addr = file_of_fd(task, fd);

	return file_addr ? file_resource(file_addr, SLOT_LIFE) : 0;
}

#endif
