// Names of the kernel ABI's flags and constants, as strace spells them. Declared once, by subject, in
// names_*.cc; nothing here depends on the headers of the machine that builds or runs this.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "format/syscall_table.h"

namespace tarry::decode {

struct Name {
  uint64_t value = 0;
  std::string_view name;
};

struct NameTable {
  // flags: a set of bits, tested in the order of the list, so that the name of several bits stands
  // before the names of its parts. values: one of the list, which is ordered by value.
  enum class Kind : uint8_t { flags, values };
  Kind kind = Kind::flags;
  std::string_view unknown;  // shown in a comment behind a number that has no name
  std::span<const Name> names;
};

// Name of one value, "" where there is none.
std::string_view nameOf(const NameTable& table, uint64_t value);

// The table for an argument that is nothing but flags or one constant; nullptr for the others.
const NameTable* namesOfType(ArgType type);

// x86 and aarch64 differ in O_DIRECTORY, O_NOFOLLOW, O_DIRECT and O_LARGEFILE.
const NameTable& openFlagNames(Abi abi);

// names_files.cc
extern const NameTable kAccessMode;
extern const NameTable kAtFlags;
extern const NameTable kUnlinkFlags;
extern const NameTable kExecveatFlags;
extern const NameTable kFaccessFlags;
extern const NameTable kNameToHandleFlags;
extern const NameTable kStatxFlags;
extern const NameTable kStatxMask;
extern const NameTable kSeekWhence;
extern const NameTable kCloseRangeFlags;
extern const NameTable kRenameFlags;
extern const NameTable kSpliceFlags;
extern const NameTable kFallocateMode;
extern const NameTable kFadviseAdvice;
extern const NameTable kSyncFileRangeFlags;
extern const NameTable kXattrFlags;
extern const NameTable kFlockOp;
extern const NameTable kRwfFlags;
extern const NameTable kMemfdFlags;
extern const NameTable kInotifyMask;
extern const NameTable kInotifyFlags;
extern const NameTable kMountFlags;
extern const NameTable kUmountFlags;
extern const NameTable kMoveMountFlags;
extern const NameTable kOpenTreeFlags;
extern const NameTable kFsopenFlags;
extern const NameTable kFsmountFlags;
extern const NameTable kMountAttrFlags;
extern const NameTable kFspickFlags;
extern const NameTable kFsconfigCmd;
extern const NameTable kSwapFlags;
extern const NameTable kFcntlCmd;
extern const NameTable kFdFlags;
extern const NameTable kSeals;
extern const NameTable kLockTypes;
extern const NameTable kFileTypes;
extern const NameTable kResolveFlags;
extern const NameTable kStatxAttributes;
extern const NameTable kStatfsFlags;
extern const NameTable kFsTypes;
extern const NameTable kDirentTypes;

// names_tasks.cc
extern const NameTable kMmapProt;
extern const NameTable kMremapFlags;
extern const NameTable kMsyncFlags;
extern const NameTable kMlockFlags;
extern const NameTable kMlockallFlags;
extern const NameTable kMadviseAdvice;
extern const NameTable kMbindFlags;
extern const NameTable kPkeyRights;
extern const NameTable kShmatFlags;
extern const NameTable kCloneFlags;
extern const NameTable kClone3Flags;
extern const NameTable kUnshareFlags;
extern const NameTable kSetnsFlags;
extern const NameTable kWaitOptions;
extern const NameTable kWaitidType;
extern const NameTable kRlimitResource;
extern const NameTable kRusageWho;
extern const NameTable kPrctlOption;
extern const NameTable kArchPrctlCode;
extern const NameTable kSchedPolicy;
extern const NameTable kPriorityWhich;
extern const NameTable kIoprioWhich;
extern const NameTable kSeccompOp;
extern const NameTable kSeccompFlags;
extern const NameTable kPtraceRequest;
extern const NameTable kMembarrierCmd;
extern const NameTable kPersonality;
extern const NameTable kKcmpType;
extern const NameTable kPidfdFlags;
extern const NameTable kSigprocmaskHow;
extern const NameTable kSigactionFlags;
extern const NameTable kAltStackFlags;
extern const NameTable kIllCodes;
extern const NameTable kTrapCodes;
extern const NameTable kBusCodes;
extern const NameTable kFpeCodes;
extern const NameTable kSegvCodes;
extern const NameTable kCldCodes;
extern const NameTable kPollCodes;
extern const NameTable kSysCodes;
extern const NameTable kSiCodes;
extern const NameTable kSigevNotify;
extern const NameTable kModuleFlags;
extern const NameTable kKeyOp;
extern const NameTable kRebootCmd;
extern const NameTable kBpfCmd;
extern const NameTable kPerfFlags;
extern const NameTable kSyslogType;
extern const NameTable kLandlockFlags;
extern const NameTable kLandlockRule;
extern const NameTable kRseqFlags;
extern const NameTable kGetrandomFlags;
extern const NameTable kCapabilities;

// names_io.cc
extern const NameTable kSocketDomain;
extern const NameTable kSocketTypes;
extern const NameTable kAcceptFlags;
extern const NameTable kInetProtocols;
extern const NameTable kNetlinkProtocols;
extern const NameTable kEtherTypes;
extern const NameTable kMsgFlags;
extern const NameTable kShutdownHow;
extern const NameTable kSockoptLevel;
extern const NameTable kSocketOptions;
extern const NameTable kTcpOptions;
extern const NameTable kIpOptions;
extern const NameTable kIpv6Options;
extern const NameTable kNetlinkOptions;
extern const NameTable kScmTypes;
extern const NameTable kPollEvents;
extern const NameTable kEpollEvents;
extern const NameTable kEpollOp;
extern const NameTable kEpollCreateFlags;
extern const NameTable kEventfdFlags;
extern const NameTable kTimerfdFlags;
extern const NameTable kTimerfdSettimeFlags;
extern const NameTable kTimerFlags;
extern const NameTable kClockNanosleepFlags;
extern const NameTable kSignalfdFlags;
extern const NameTable kItimerWhich;
extern const NameTable kClockId;
extern const NameTable kFutexOps;
extern const NameTable kFutexWaitvFlags;
extern const NameTable kFutexWakeOps;
extern const NameTable kFutexWakeCmps;
extern const NameTable kIoUringEnterFlags;
extern const NameTable kIoUringRegisterOp;
extern const NameTable kIoUringSetup;
extern const NameTable kIoUringFeatures;
extern const NameTable kIpcFlags;
extern const NameTable kShmFlags;
extern const NameTable kMsgQueueFlags;
extern const NameTable kSemFlags;
extern const NameTable kIpcCommands;
extern const NameTable kSemCommands;
extern const NameTable kShmCommands;
extern const NameTable kMsgCommands;
extern const NameTable kSocketcallNr;
extern const NameTable kIpcCallNr;

// names_errno.cc
struct ErrorName {
  int32_t number = 0;
  std::string_view name;
  std::string_view message;  // as strerror(3)
};
const ErrorName* findError(int64_t number);    // nullptr: unknown
std::string_view signalName(uint32_t number);  // "SIGINT", "SIGRTMIN"; "" for SIGRT_n and unknown ones

// names_ioctl.cc
std::string_view ioctlName(uint32_t request);  // "" where it has none

}  // namespace tarry::decode
