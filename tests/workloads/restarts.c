// Calls that signals interrupt: returned with ERESTARTSYS, ERESTARTNOHAND, ERESTARTNOINTR and
// ERESTART_RESTARTBLOCK, begun again or continued by restart_syscall (signal(7), "Interruption of system
// calls"), and calls in which their thread is killed. For the comparison with strace, whose own stops
// interrupt too. Facts: {"fact": "restarts", "tid"}: a thread that made each kind of call.
#include <fcntl.h>
#include <linux/futex.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/socket.h>

#include "workload.h"

static void on_signal(int number) {
  (void)number;
}

static void handle(int number, int flags) {
  struct sigaction action = {.sa_handler = on_signal, .sa_flags = flags};
  CHECK(sigaction(number, &action, NULL) == 0);
}

// A process that does something to this one after a while.
static pid_t later(int ms, void (*act)(pid_t parent)) {
  pid_t parent = getpid(), child = fork();
  if (child != 0) return child;
  nap_ms(ms);
  act(parent);
  _exit(0);
}

static void send_usr1(pid_t parent) {
  kill(parent, SIGUSR1);
}

static void stop_and_continue(pid_t parent) {
  kill(parent, SIGSTOP);
  nap_ms(20);
  kill(parent, SIGCONT);
}

static void await(pid_t child) {
  while (waitpid(child, NULL, 0) == -1) CHECK(errno == EINTR);
}

static int pair_[2];

static void answer(pid_t parent) {
  kill(parent, SIGUSR1);
  nap_ms(20);
  CHECK(write(pair_[1], "x", 1) == 1);
}

// With SA_RESTART the read begins again, without it fails.
static void interrupted_reads(void) {
  char byte;
  handle(SIGUSR1, SA_RESTART);
  pid_t child = later(20, answer);
  CHECK(read(pair_[0], &byte, 1) == 1);
  await(child);
  handle(SIGUSR1, 0);
  child = later(20, send_usr1);
  CHECK(read(pair_[0], &byte, 1) == -1 && errno == EINTR);
  await(child);
}

// Continued after a stop; these have a handler's case too.
static void continued_sleeps(void) {
  struct timespec soon = {0, 60 * MS};
  struct pollfd poll_fd = {pair_[0], POLLIN, 0};
  uint32_t word = 1;
  pid_t child = later(20, stop_and_continue);
  CHECK(nanosleep(&soon, NULL) == 0);
  await(child);
  child = later(20, stop_and_continue);
  CHECK(clock_nanosleep(CLOCK_MONOTONIC, 0, &soon, NULL) == 0);
  await(child);
  child = later(20, stop_and_continue);
  CHECK(syscall(SYS_poll, &poll_fd, 1, 60) == 0);
  await(child);
  child = later(20, stop_and_continue);
  CHECK(syscall(SYS_futex, &word, FUTEX_WAIT_PRIVATE, 1, &soon, NULL, 0) == -1 && errno == ETIMEDOUT);
  await(child);
  child = later(20, stop_and_continue);
  CHECK(syscall(SYS_select, 0, NULL, NULL, NULL, &(struct timeval){0, 60000}) == 0);
  await(child);
  child = later(20, send_usr1);
  struct timespec left;
  CHECK(nanosleep(&soon, &left) == -1 && errno == EINTR);
  await(child);
  child = later(20, send_usr1);
  int epoll = epoll_create1(0);
  struct epoll_event event;
  CHECK(syscall(SYS_epoll_wait, epoll, &event, 1, 60) == -1 && errno == EINTR);
  close(epoll);
  await(child);
}

// fork begins again by itself when a signal comes just then; here waits do, for children and for signals.
static void interrupted_waits(void) {
  handle(SIGUSR1, SA_RESTART);
  pid_t child = later(40, send_usr1);
  CHECK(waitpid(child, NULL, 0) == child);
  pid_t helper = later(20, send_usr1);
  CHECK(pause() == -1 && errno == EINTR);
  await(helper);
  helper = later(20, send_usr1);
  sigset_t none;
  sigemptyset(&none);
  CHECK(sigsuspend(&none) == -1 && errno == EINTR);
  await(helper);
  // SIGCHLD without a handler: the call begins again whatever its flags.
  signal(SIGCHLD, SIG_DFL);
  child = fork();
  if (child == 0) {
    nap_ms(20);
    _exit(3);
  }
  struct timespec soon = {0, 60 * MS};
  CHECK(nanosleep(&soon, NULL) == 0);
  await(child);
}

// fork by the dozen under a rain of signals: ERESTARTNOINTR.
static void forks_in_the_rain(void) {
  handle(SIGALRM, 0);
  struct itimerspec often = {{0, 200000}, {0, 200000}};
  struct sigevent event = {.sigev_notify = SIGEV_SIGNAL, .sigev_signo = SIGALRM};
  timer_t timer;
  CHECK(timer_create(CLOCK_MONOTONIC, &event, &timer) == 0 && timer_settime(timer, 0, &often, NULL) == 0);
  for (int i = 0; i < 5; i++) {
    pid_t child = (pid_t)fork();
    if (child == 0) _exit(0);
    if (child > 0) await(child);
  }
  CHECK(timer_delete(timer) == 0);
}

static void* sleep_for_ever(void* argument) {
  (void)argument;
  pause();
  return NULL;
}

// Threads that are killed in calls, by the process's exit and by SIGKILL.
static void killed_in_calls(void) {
  pid_t child = fork();
  if (child == 0) {
    start_thread(sleep_for_ever, NULL);
    nap_ms(20);
    _exit(0);
  }
  await(child);
  child = fork();
  if (child == 0) {
    start_thread(sleep_for_ever, NULL);
    char byte;
    (void)!read(pair_[0], &byte, 1);
  }
  nap_ms(40);
  kill(child, SIGKILL);
  await(child);
}

int main(void) {
  CHECK(socketpair(AF_UNIX, SOCK_STREAM, 0, pair_) == 0);
  interrupted_reads();
  continued_sleeps();
  interrupted_waits();
  forks_in_the_rain();
  killed_in_calls();
  fact("\"fact\": \"restarts\", \"tid\": %d", my_tid());
  print_notes();
}
