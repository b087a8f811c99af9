// Names of flags and constants of calls on files: see names.h. Values are those of the kernel ABI,
// in the order in which strace tests and prints them.
#include "analyzer/decode/names.h"

namespace tarry::decode {
namespace {

// clang-format off
constexpr Name kAccessModeNames[] = {
    {0, "F_OK"}, {4, "R_OK"}, {2, "W_OK"}, {1, "X_OK"},
};
constexpr Name kAtFlagsNames[] = {
    {0x100, "AT_SYMLINK_NOFOLLOW"}, {0x200, "AT_REMOVEDIR"}, {0x400, "AT_SYMLINK_FOLLOW"},
    {0x800, "AT_NO_AUTOMOUNT"}, {0x1000, "AT_EMPTY_PATH"}, {0x8000, "AT_RECURSIVE"},
};
constexpr Name kFaccessFlagsNames[] = {
    {0x100, "AT_SYMLINK_NOFOLLOW"}, {0x200, "AT_EACCESS"}, {0x1000, "AT_EMPTY_PATH"},
};
constexpr Name kNameToHandleFlagsNames[] = {
    {0x400, "AT_SYMLINK_FOLLOW"}, {0x1000, "AT_EMPTY_PATH"},
};
constexpr Name kStatxFlagsNames[] = {
    {0x2000, "AT_STATX_FORCE_SYNC"}, {0x4000, "AT_STATX_DONT_SYNC"},
    {0x100, "AT_SYMLINK_NOFOLLOW"}, {0x200, "AT_REMOVEDIR"}, {0x400, "AT_SYMLINK_FOLLOW"},
    {0x800, "AT_NO_AUTOMOUNT"}, {0x1000, "AT_EMPTY_PATH"}, {0x8000, "AT_RECURSIVE"},
};
constexpr Name kStatxMaskNames[] = {
    {0xfff, "STATX_ALL"}, {0x7ff, "STATX_BASIC_STATS"}, {1, "STATX_TYPE"}, {2, "STATX_MODE"},
    {4, "STATX_NLINK"}, {8, "STATX_UID"}, {0x10, "STATX_GID"}, {0x20, "STATX_ATIME"}, {0x40, "STATX_MTIME"},
    {0x80, "STATX_CTIME"}, {0x100, "STATX_INO"}, {0x200, "STATX_SIZE"}, {0x400, "STATX_BLOCKS"},
    {0x800, "STATX_BTIME"}, {0x1000, "STATX_MNT_ID"}, {0x2000, "STATX_DIOALIGN"},
};
constexpr Name kSeekWhenceNames[] = {
    {0, "SEEK_SET"}, {1, "SEEK_CUR"}, {2, "SEEK_END"}, {3, "SEEK_DATA"}, {4, "SEEK_HOLE"},
};
constexpr Name kCloseRangeFlagsNames[] = {
    {2, "CLOSE_RANGE_UNSHARE"}, {4, "CLOSE_RANGE_CLOEXEC"},
};
constexpr Name kRenameFlagsNames[] = {
    {1, "RENAME_NOREPLACE"}, {2, "RENAME_EXCHANGE"}, {4, "RENAME_WHITEOUT"},
};
constexpr Name kSpliceFlagsNames[] = {
    {1, "SPLICE_F_MOVE"}, {2, "SPLICE_F_NONBLOCK"}, {4, "SPLICE_F_MORE"}, {8, "SPLICE_F_GIFT"},
};
constexpr Name kFallocateModeNames[] = {
    {1, "FALLOC_FL_KEEP_SIZE"}, {2, "FALLOC_FL_PUNCH_HOLE"}, {4, "FALLOC_FL_NO_HIDE_STALE"},
    {8, "FALLOC_FL_COLLAPSE_RANGE"}, {0x10, "FALLOC_FL_ZERO_RANGE"}, {0x20, "FALLOC_FL_INSERT_RANGE"},
    {0x40, "FALLOC_FL_UNSHARE_RANGE"},
};
constexpr Name kFadviseAdviceNames[] = {
    {0, "POSIX_FADV_NORMAL"}, {1, "POSIX_FADV_RANDOM"}, {2, "POSIX_FADV_SEQUENTIAL"},
    {3, "POSIX_FADV_WILLNEED"}, {4, "POSIX_FADV_DONTNEED"}, {5, "POSIX_FADV_NOREUSE"},
};
constexpr Name kSyncFileRangeFlagsNames[] = {
    {1, "SYNC_FILE_RANGE_WAIT_BEFORE"}, {2, "SYNC_FILE_RANGE_WRITE"}, {4, "SYNC_FILE_RANGE_WAIT_AFTER"},
};
constexpr Name kXattrFlagsNames[] = {
    {1, "XATTR_CREATE"}, {2, "XATTR_REPLACE"},
};
constexpr Name kFlockOpNames[] = {
    {1, "LOCK_SH"}, {2, "LOCK_EX"}, {4, "LOCK_NB"}, {8, "LOCK_UN"}, {0x20, "LOCK_MAND"}, {0xc0, "LOCK_RW"},
};
constexpr Name kRwfFlagsNames[] = {
    {1, "RWF_HIPRI"}, {2, "RWF_DSYNC"}, {4, "RWF_SYNC"}, {8, "RWF_NOWAIT"}, {0x10, "RWF_APPEND"},
};
constexpr Name kMemfdFlagsNames[] = {
    {1, "MFD_CLOEXEC"}, {2, "MFD_ALLOW_SEALING"}, {4, "MFD_HUGETLB"},
};
constexpr Name kInotifyMaskNames[] = {
    {1, "IN_ACCESS"}, {2, "IN_MODIFY"}, {4, "IN_ATTRIB"}, {8, "IN_CLOSE_WRITE"}, {0x10, "IN_CLOSE_NOWRITE"},
    {0x20, "IN_OPEN"}, {0x40, "IN_MOVED_FROM"}, {0x80, "IN_MOVED_TO"}, {0x100, "IN_CREATE"},
    {0x200, "IN_DELETE"}, {0x400, "IN_DELETE_SELF"}, {0x800, "IN_MOVE_SELF"}, {0x2000, "IN_UNMOUNT"},
    {0x4000, "IN_Q_OVERFLOW"}, {0x8000, "IN_IGNORED"}, {0x1000000, "IN_ONLYDIR"},
    {0x2000000, "IN_DONT_FOLLOW"}, {0x4000000, "IN_EXCL_UNLINK"}, {0x10000000, "IN_MASK_CREATE"},
    {0x20000000, "IN_MASK_ADD"}, {0x40000000, "IN_ISDIR"}, {0x80000000, "IN_ONESHOT"},
};
constexpr Name kInotifyFlagsNames[] = {
    {0x800, "IN_NONBLOCK"}, {0x80000, "IN_CLOEXEC"},
};
constexpr Name kMountFlagsNames[] = {
    {1, "MS_RDONLY"}, {2, "MS_NOSUID"}, {4, "MS_NODEV"}, {8, "MS_NOEXEC"}, {0x10, "MS_SYNCHRONOUS"},
    {0x20, "MS_REMOUNT"}, {0x40, "MS_MANDLOCK"}, {0x80, "MS_DIRSYNC"}, {0x100, "MS_NOSYMFOLLOW"},
    {0x400, "MS_NOATIME"}, {0x800, "MS_NODIRATIME"}, {0x1000, "MS_BIND"}, {0x2000, "MS_MOVE"},
    {0x4000, "MS_REC"}, {0x8000, "MS_SILENT"}, {0x10000, "MS_POSIXACL"}, {0x20000, "MS_UNBINDABLE"},
    {0x40000, "MS_PRIVATE"}, {0x80000, "MS_SLAVE"}, {0x100000, "MS_SHARED"}, {0x200000, "MS_RELATIME"},
    {0x400000, "MS_KERNMOUNT"}, {0x800000, "MS_I_VERSION"}, {0x1000000, "MS_STRICTATIME"},
    {0x2000000, "MS_LAZYTIME"}, {0x4000000, "MS_SUBMOUNT"}, {0x8000000, "MS_NOREMOTELOCK"},
    {0x10000000, "MS_NOSEC"}, {0x20000000, "MS_BORN"}, {0x40000000, "MS_ACTIVE"}, {0x80000000, "MS_NOUSER"},
};
constexpr Name kUmountFlagsNames[] = {
    {1, "MNT_FORCE"}, {2, "MNT_DETACH"}, {4, "MNT_EXPIRE"}, {8, "UMOUNT_NOFOLLOW"},
};
constexpr Name kMoveMountFlagsNames[] = {
    {1, "MOVE_MOUNT_F_SYMLINKS"}, {2, "MOVE_MOUNT_F_AUTOMOUNTS"}, {4, "MOVE_MOUNT_F_EMPTY_PATH"},
    {0x10, "MOVE_MOUNT_T_SYMLINKS"}, {0x20, "MOVE_MOUNT_T_AUTOMOUNTS"}, {0x40, "MOVE_MOUNT_T_EMPTY_PATH"},
    {0x100, "MOVE_MOUNT_SET_GROUP"},
};
constexpr Name kOpenTreeFlagsNames[] = {
    {1, "OPEN_TREE_CLONE"}, {0x80000, "OPEN_TREE_CLOEXEC"}, {0x100, "AT_SYMLINK_NOFOLLOW"},
    {0x200, "AT_REMOVEDIR"}, {0x400, "AT_SYMLINK_FOLLOW"}, {0x800, "AT_NO_AUTOMOUNT"},
    {0x1000, "AT_EMPTY_PATH"}, {0x8000, "AT_RECURSIVE"},
};
constexpr Name kFsopenFlagsNames[] = {
    {1, "FSOPEN_CLOEXEC"},
};
constexpr Name kFsmountFlagsNames[] = {
    {1, "FSMOUNT_CLOEXEC"},
};
constexpr Name kMountAttrFlagsNames[] = {
    {1, "MOUNT_ATTR_RDONLY"}, {2, "MOUNT_ATTR_NOSUID"}, {4, "MOUNT_ATTR_NODEV"}, {8, "MOUNT_ATTR_NOEXEC"},
    {0x10, "MOUNT_ATTR_NOATIME"}, {0x20, "MOUNT_ATTR_STRICTATIME"}, {0x80, "MOUNT_ATTR_NODIRATIME"},
};
constexpr Name kFspickFlagsNames[] = {
    {1, "FSPICK_CLOEXEC"}, {2, "FSPICK_SYMLINK_NOFOLLOW"}, {4, "FSPICK_NO_AUTOMOUNT"},
    {8, "FSPICK_EMPTY_PATH"},
};
constexpr Name kFsconfigCmdNames[] = {
    {0, "FSCONFIG_SET_FLAG"}, {1, "FSCONFIG_SET_STRING"}, {2, "FSCONFIG_SET_BINARY"},
    {3, "FSCONFIG_SET_PATH"}, {4, "FSCONFIG_SET_PATH_EMPTY"}, {5, "FSCONFIG_SET_FD"},
    {6, "FSCONFIG_CMD_CREATE"}, {7, "FSCONFIG_CMD_RECONFIGURE"},
};
constexpr Name kSwapFlagsNames[] = {
    {0x8000, "SWAP_FLAG_PREFER"}, {0x10000, "SWAP_FLAG_DISCARD"}, {0x20000, "SWAP_FLAG_DISCARD_ONCE"},
    {0x40000, "SWAP_FLAG_DISCARD_PAGES"},
};
constexpr Name kFcntlCmdNames[] = {
    {0, "F_DUPFD"}, {1, "F_GETFD"}, {2, "F_SETFD"}, {3, "F_GETFL"}, {4, "F_SETFL"}, {5, "F_GETLK"},
    {6, "F_SETLK"}, {7, "F_SETLKW"}, {8, "F_SETOWN"}, {9, "F_GETOWN"}, {0xa, "F_SETSIG"}, {0xb, "F_GETSIG"},
    {0xc, "F_GETLK64"}, {0xd, "F_SETLK64"}, {0xe, "F_SETLKW64"}, {0xf, "F_SETOWN_EX"},
    {0x10, "F_GETOWN_EX"}, {0x11, "F_GETOWNER_UIDS"}, {0x24, "F_OFD_GETLK"}, {0x25, "F_OFD_SETLK"},
    {0x26, "F_OFD_SETLKW"}, {0x400, "F_SETLEASE"}, {0x401, "F_GETLEASE"}, {0x402, "F_NOTIFY"},
    {0x405, "F_CANCELLK"}, {0x406, "F_DUPFD_CLOEXEC"}, {0x407, "F_SETPIPE_SZ"}, {0x408, "F_GETPIPE_SZ"},
    {0x409, "F_ADD_SEALS"}, {0x40a, "F_GET_SEALS"}, {0x40b, "F_GET_RW_HINT"}, {0x40c, "F_SET_RW_HINT"},
    {0x40d, "F_GET_FILE_RW_HINT"}, {0x40e, "F_SET_FILE_RW_HINT"},
};
constexpr Name kFdFlagsNames[] = {
    {1, "FD_CLOEXEC"},
};
constexpr Name kSealsNames[] = {
    {1, "F_SEAL_SEAL"}, {2, "F_SEAL_SHRINK"}, {4, "F_SEAL_GROW"}, {8, "F_SEAL_WRITE"},
    {0x10, "F_SEAL_FUTURE_WRITE"}, {0x20, "F_SEAL_EXEC"},
};
constexpr Name kLockTypesNames[] = {
    {0, "F_RDLCK"}, {1, "F_WRLCK"}, {2, "F_UNLCK"}, {4, "F_EXLCK"}, {8, "F_SHLCK"},
};
constexpr Name kFileTypesNames[] = {
    {0x1000, "S_IFIFO"}, {0x2000, "S_IFCHR"}, {0x4000, "S_IFDIR"}, {0x6000, "S_IFBLK"}, {0x8000, "S_IFREG"},
    {0xa000, "S_IFLNK"}, {0xc000, "S_IFSOCK"},
};
constexpr Name kResolveFlagsNames[] = {
    {1, "RESOLVE_NO_XDEV"}, {2, "RESOLVE_NO_MAGICLINKS"}, {4, "RESOLVE_NO_SYMLINKS"},
    {8, "RESOLVE_BENEATH"}, {0x10, "RESOLVE_IN_ROOT"}, {0x20, "RESOLVE_CACHED"},
};
constexpr Name kStatxAttributesNames[] = {
    {4, "STATX_ATTR_COMPRESSED"}, {0x10, "STATX_ATTR_IMMUTABLE"}, {0x20, "STATX_ATTR_APPEND"},
    {0x40, "STATX_ATTR_NODUMP"}, {0x800, "STATX_ATTR_ENCRYPTED"}, {0x1000, "STATX_ATTR_AUTOMOUNT"},
    {0x2000, "STATX_ATTR_MOUNT_ROOT"}, {0x100000, "STATX_ATTR_VERITY"}, {0x200000, "STATX_ATTR_DAX"},
};
constexpr Name kStatfsFlagsNames[] = {
    {0x20, "ST_VALID"}, {1, "ST_RDONLY"}, {2, "ST_NOSUID"}, {4, "ST_NODEV"}, {8, "ST_NOEXEC"},
    {0x10, "ST_SYNCHRONOUS"}, {0x40, "ST_MANDLOCK"}, {0x400, "ST_NOATIME"}, {0x800, "ST_NODIRATIME"},
    {0x1000, "ST_RELATIME"}, {0x2000, "ST_NOSYMFOLLOW"},
};
constexpr Name kFsTypesNames[] = {
    {0x2f, "QNX4_SUPER_MAGIC"}, {0x187, "AUTOFS_SUPER_MAGIC"}, {0x137f, "MINIX_SUPER_MAGIC"},
    {0x138f, "MINIX_SUPER_MAGIC2"}, {0x1cd1, "DEVPTS_SUPER_MAGIC"}, {0x2468, "MINIX2_SUPER_MAGIC"},
    {0x2478, "MINIX2_SUPER_MAGIC2"}, {0x3434, "NILFS_SUPER_MAGIC"}, {0x4d44, "MSDOS_SUPER_MAGIC"},
    {0x4d5a, "MINIX3_SUPER_MAGIC"}, {0x517b, "SMB_SUPER_MAGIC"}, {0x564c, "NCP_SUPER_MAGIC"},
    {0x6969, "NFS_SUPER_MAGIC"}, {0x72b6, "JFFS2_SUPER_MAGIC"}, {0x9660, "ISOFS_SUPER_MAGIC"},
    {0x9fa0, "PROC_SUPER_MAGIC"}, {0x9fa1, "OPENPROM_SUPER_MAGIC"}, {0x9fa2, "USBDEVICE_SUPER_MAGIC"},
    {0xadf5, "ADFS_SUPER_MAGIC"}, {0xadff, "AFFS_SUPER_MAGIC"}, {0xef53, "EXT2_SUPER_MAGIC"},
    {0xf15f, "ECRYPTFS_SUPER_MAGIC"}, {0x27e0eb, "CGROUP_SUPER_MAGIC"}, {0x414a53, "EFS_SUPER_MAGIC"},
    {0xc0ffee, "HOSTFS_SUPER_MAGIC"}, {0xc36400, "CEPH_SUPER_MAGIC"}, {0x1021994, "TMPFS_MAGIC"},
    {0x1021997, "V9FS_MAGIC"}, {0x7655821, "RDTGROUP_SUPER_MAGIC"}, {0x9041934, "ANON_INODE_FS_MAGIC"},
    {0xbad1dea, "FUTEXFS_SUPER_MAGIC"}, {0x11307854, "MTD_INODE_FS_MAGIC"}, {0x15013346, "UDF_SUPER_MAGIC"},
    {0x2011bab0, "EXFAT_SUPER_MAGIC"}, {0x28cd3d45, "CRAMFS_MAGIC"}, {0x42494e4d, "BINFMTFS_MAGIC"},
    {0x43415d53, "SMACK_MAGIC"}, {0x444d4142, "DMA_BUF_MAGIC"}, {0x454d444d, "DEVMEM_MAGIC"},
    {0x50495045, "PIPEFS_MAGIC"}, {0x52654973, "REISERFS_SUPER_MAGIC"}, {0x5345434d, "SECRETMEM_MAGIC"},
    {0x5346414f, "AFS_SUPER_MAGIC"}, {0x534f434b, "SOCKFS_MAGIC"}, {0x58465342, "XFS_SUPER_MAGIC"},
    {0x5a3c69f0, "AAFS_MAGIC"}, {0x5a4f4653, "ZONEFS_MAGIC"}, {0x6165676c, "PSTOREFS_MAGIC"},
    {0x62646576, "BDEVFS_MAGIC"}, {0x62656572, "SYSFS_MAGIC"}, {0x63677270, "CGROUP2_SUPER_MAGIC"},
    {0x64626720, "DEBUGFS_MAGIC"}, {0x64646178, "DAXFS_MAGIC"}, {0x65735546, "FUSE_SUPER_MAGIC"},
    {0x68191122, "QNX6_SUPER_MAGIC"}, {0x6b414653, "AFS_FS_MAGIC"}, {0x6c6f6f70, "BINDERFS_SUPER_MAGIC"},
    {0x6e736673, "NSFS_MAGIC"}, {0x73636673, "SECURITYFS_MAGIC"}, {0x73717368, "SQUASHFS_MAGIC"},
    {0x73757245, "CODA_SUPER_MAGIC"}, {0x7461636f, "OCFS2_SUPER_MAGIC"}, {0x74726163, "TRACEFS_MAGIC"},
    {0x794c7630, "OVERLAYFS_SUPER_MAGIC"}, {0x858458f6, "RAMFS_MAGIC"}, {0x9123683e, "BTRFS_SUPER_MAGIC"},
    {0x958458f6, "HUGETLBFS_MAGIC"}, {0xabba1974, "XENFS_SUPER_MAGIC"}, {0xcafe4a11, "BPF_FS_MAGIC"},
    {0xde5e81e4, "EFIVARFS_MAGIC"}, {0xe0f5e1e2, "EROFS_SUPER_MAGIC_V1"}, {0xf2f52010, "F2FS_SUPER_MAGIC"},
    {0xf97cff8c, "SELINUX_MAGIC"}, {0xf995e849, "HPFS_SUPER_MAGIC"}, {0xfe534d42, "SMB2_SUPER_MAGIC"},
    {0xff534d42, "CIFS_SUPER_MAGIC"},
};
constexpr Name kDirentTypesNames[] = {
    {0, "DT_UNKNOWN"}, {1, "DT_FIFO"}, {2, "DT_CHR"}, {4, "DT_DIR"}, {6, "DT_BLK"}, {8, "DT_REG"},
    {0xa, "DT_LNK"}, {0xc, "DT_SOCK"}, {0xe, "DT_WHT"},
};
// clang-format on

}  // namespace

const NameTable kAccessMode = {NameTable::Kind::flags, "?_OK", kAccessModeNames};
const NameTable kAtFlags = {NameTable::Kind::flags, "AT_???", kAtFlagsNames};
const NameTable kUnlinkFlags = {NameTable::Kind::flags, "AT_???", kAtFlagsNames};
const NameTable kExecveatFlags = {NameTable::Kind::flags, "AT_???", kAtFlagsNames};
const NameTable kFaccessFlags = {NameTable::Kind::flags, "AT_???", kFaccessFlagsNames};
const NameTable kNameToHandleFlags = {NameTable::Kind::flags, "AT_???", kNameToHandleFlagsNames};
const NameTable kStatxFlags = {NameTable::Kind::flags, "AT_???", kStatxFlagsNames};
const NameTable kStatxMask = {NameTable::Kind::flags, "STATX_???", kStatxMaskNames};
const NameTable kSeekWhence = {NameTable::Kind::values, "SEEK_???", kSeekWhenceNames};
const NameTable kCloseRangeFlags = {NameTable::Kind::flags, "CLOSE_RANGE_???", kCloseRangeFlagsNames};
const NameTable kRenameFlags = {NameTable::Kind::flags, "RENAME_??", kRenameFlagsNames};
const NameTable kSpliceFlags = {NameTable::Kind::flags, "SPLICE_F_???", kSpliceFlagsNames};
const NameTable kFallocateMode = {NameTable::Kind::flags, "FALLOC_FL_???", kFallocateModeNames};
const NameTable kFadviseAdvice = {NameTable::Kind::values, "POSIX_FADV_???", kFadviseAdviceNames};
const NameTable kSyncFileRangeFlags = {NameTable::Kind::flags, "SYNC_FILE_RANGE_???",
                                       kSyncFileRangeFlagsNames};
const NameTable kXattrFlags = {NameTable::Kind::flags, "XATTR_???", kXattrFlagsNames};
const NameTable kFlockOp = {NameTable::Kind::flags, "LOCK_???", kFlockOpNames};
const NameTable kRwfFlags = {NameTable::Kind::flags, "RWF_???", kRwfFlagsNames};
const NameTable kMemfdFlags = {NameTable::Kind::flags, "MFD_???", kMemfdFlagsNames};
const NameTable kInotifyMask = {NameTable::Kind::flags, "IN_???", kInotifyMaskNames};
const NameTable kInotifyFlags = {NameTable::Kind::flags, "IN_???", kInotifyFlagsNames};
const NameTable kMountFlags = {NameTable::Kind::flags, "MS_???", kMountFlagsNames};
const NameTable kUmountFlags = {NameTable::Kind::flags, "MNT_???", kUmountFlagsNames};
const NameTable kMoveMountFlags = {NameTable::Kind::flags, "MOVE_MOUNT_???", kMoveMountFlagsNames};
const NameTable kOpenTreeFlags = {NameTable::Kind::flags, "OPEN_TREE_???", kOpenTreeFlagsNames};
const NameTable kFsopenFlags = {NameTable::Kind::flags, "FSOPEN_???", kFsopenFlagsNames};
const NameTable kFsmountFlags = {NameTable::Kind::flags, "FSMOUNT_???", kFsmountFlagsNames};
const NameTable kMountAttrFlags = {NameTable::Kind::flags, "MOUNT_ATTR_???", kMountAttrFlagsNames};
const NameTable kFspickFlags = {NameTable::Kind::flags, "FSPICK_???", kFspickFlagsNames};
const NameTable kFsconfigCmd = {NameTable::Kind::values, "FSCONFIG_???", kFsconfigCmdNames};
const NameTable kSwapFlags = {NameTable::Kind::flags, "SWAP_FLAG_???", kSwapFlagsNames};
const NameTable kFcntlCmd = {NameTable::Kind::values, "F_???", kFcntlCmdNames};
const NameTable kFdFlags = {NameTable::Kind::flags, "FD_???", kFdFlagsNames};
const NameTable kSeals = {NameTable::Kind::flags, "F_SEAL_???", kSealsNames};
const NameTable kLockTypes = {NameTable::Kind::values, "F_???", kLockTypesNames};
const NameTable kFileTypes = {NameTable::Kind::values, "S_???", kFileTypesNames};
const NameTable kResolveFlags = {NameTable::Kind::flags, "RESOLVE_???", kResolveFlagsNames};
const NameTable kStatxAttributes = {NameTable::Kind::flags, "STATX_ATTR_???", kStatxAttributesNames};
const NameTable kStatfsFlags = {NameTable::Kind::flags, "ST_???", kStatfsFlagsNames};
const NameTable kFsTypes = {NameTable::Kind::values, "???", kFsTypesNames};
const NameTable kDirentTypes = {NameTable::Kind::values, "DT_???", kDirentTypesNames};

}  // namespace tarry::decode
