// Calls by the 32-bit gate with 32-bit structures, each about once, for the comparison of `show` with
// strace's text: what a 32-bit program asks, made without needing a 32-bit C library.
#include <fcntl.h>
#include <sys/socket.h>

#include "workload.h"

#ifdef __x86_64__

// Memory that 32-bit pointers reach.
static char* room_;

static uint32_t at(size_t offset) {
  return (uint32_t)(uintptr_t)(room_ + offset);
}

static uint32_t put(size_t offset, const void* bytes, size_t length) {
  memcpy(room_ + offset, bytes, length);
  return at(offset);
}

static long gate(long nr, long a, long b, long c, long d, long e) {
  long ret;
  __asm__ volatile("int $0x80"
                   : "=a"(ret)
                   : "a"(nr), "b"(a), "c"(b), "d"(c), "S"(d), "D"(e)
                   : "memory", "r8", "r9", "r10", "r11");
  return ret;
}

// Numbers of arch/x86/entry/syscalls/syscall_32.tbl
enum {
  kIoctl = 54,
  kReadv = 145,
  kWritev = 146,
  kNanosleep = 162,
  kPoll = 168,
  kGetdents64 = 220,
  kFcntl64 = 221,
  kFutex = 240,
  kPselect6 = 308,
  kSendmmsg = 345,
  kSendmsg = 370,
  kRecvmsg = 372,
};

int main(void) {
  room_ = mmap(NULL, 65536, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS | MAP_32BIT, -1, 0);
  CHECK(room_ != MAP_FAILED);
  int pair[2], ends[2];
  CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair) == 0 && pipe(ends) == 0);
  uint32_t first = put(0, "first ", 6), second = put(64, "second and rather long text, too long", 37);
  uint32_t vector[] = {first, 6, second, 37}, buffers[] = {at(256), 4, at(512), 60};
  gate(kWritev, ends[1], put(1024, vector, sizeof vector), 2, 0, 0);
  gate(kReadv, ends[0], put(1088, buffers, sizeof buffers), 2, 0, 0);
  // struct compat_cmsghdr with one fd, struct compat_msghdr
  uint32_t control[] = {16, SOL_SOCKET, SCM_RIGHTS, 0};
  uint32_t message[] = {0, 0, at(1024), 2, put(1152, control, sizeof control), 16, 0};
  gate(kSendmsg, pair[0], put(1216, message, sizeof message), 0, 0, 0);
  uint32_t received[] = {at(2048), 100, at(1088), 2, at(2304), 64, 0};
  gate(kRecvmsg, pair[1], put(1280, received, sizeof received), 0, 0, 0);
  gate(kRecvmsg, pair[1], put(1280, received, sizeof received), MSG_DONTWAIT, 0, 0);
  uint32_t several[] = {0, 0, at(1024), 1, 0, 0, 0, 0, 0, 0, at(1024), 2, 0, 0, 0, 0};
  gate(kSendmmsg, pair[0], put(3072, several, sizeof several), 2, 0, 0);
  int waiting = 0;
  gate(kIoctl, pair[1], 0x541b, put(3200, &waiting, sizeof waiting), 0, 0);
  int fd = open("rich.lock", O_RDWR | O_CREAT | O_CLOEXEC, 0600);
  struct {
    int16_t type, whence;
    int32_t start, len, pid;
  } lock = {F_WRLCK, SEEK_SET, 1, 2, 0};
  gate(kFcntl64, fd, F_SETLK, put(3264, &lock, sizeof lock), 0, 0);
  struct __attribute__((packed)) {
    int16_t type, whence;
    int64_t start, len;
    int32_t pid;
  } lock64 = {F_RDLCK, SEEK_SET, 3, 4, 0};
  gate(kFcntl64, fd, 13, put(3328, &lock64, sizeof lock64), 0, 0);
  gate(kFcntl64, fd, 12, at(3328), 0, 0);
  unlink("rich.lock");
  int32_t soon[] = {0, 1000000};
  uint32_t word = 1;
  gate(kNanosleep, put(3392, soon, sizeof soon), 0, 0, 0, 0);
  gate(kFutex, put(3456, &word, sizeof word), 0, 1, at(3392), 0);
  struct {
    int32_t fd;
    int16_t events, revents;
  } poll = {ends[1], 4, 0};
  gate(kPoll, put(3520, &poll, sizeof poll), 1, 10, 0, 0);
  int directory = open("/usr/include/linux", O_RDONLY | O_DIRECTORY);
  gate(kGetdents64, directory, at(4096), 8192, 0, 0);
}

#else

int main(void) {
  skip("only x86-64 has a 32-bit gate");
}

#endif
