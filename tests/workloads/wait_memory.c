// A page fault that is no file's: the page comes from another thread by userfaultfd.
#include <fcntl.h>
#include <linux/userfaultfd.h>
#include <sys/ioctl.h>

#include "workload.h"

static int user_fault_fd;
static char* region;
static long page_size;

static void* serve_fault(void* unused) {
  (void)unused;
  struct uffd_msg message;
  CHECK(read(user_fault_fd, &message, sizeof message) == sizeof message);
  nap_ms(NAP_MS + 20);
  struct uffdio_zeropage zero = {.range = {(uintptr_t)region, (uint64_t)page_size}};
  CHECK(ioctl(user_fault_fd, UFFDIO_ZEROPAGE, &zero) == 0);
  return NULL;
}

int main(void) {
  page_size = sysconf(_SC_PAGESIZE);
  user_fault_fd = (int)syscall(SYS_userfaultfd, O_CLOEXEC);
  if (user_fault_fd < 0) skip("no userfaultfd");
  struct uffdio_api api = {.api = UFFD_API};
  CHECK(ioctl(user_fault_fd, UFFDIO_API, &api) == 0);
  region = mmap(NULL, (size_t)page_size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  CHECK(region != MAP_FAILED);
  struct uffdio_register range = {.range = {(uintptr_t)region, (uint64_t)page_size},
                                  .mode = UFFDIO_REGISTER_MODE_MISSING};
  CHECK(ioctl(user_fault_fd, UFFDIO_REGISTER, &range) == 0);
  pthread_t thread = start_thread(serve_fault, NULL);
  struct expected_wait* w = expect("page fault without a file", "memory", "");
  CHECK(*(volatile char*)region == 0);
  done(w);
  pthread_join(thread, NULL);
  print_notes();
}
