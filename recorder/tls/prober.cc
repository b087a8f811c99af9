#include "recorder/tls/prober.h"

#include <dirent.h>
#include <fcntl.h>
#include <poll.h>
#include <sys/eventfd.h>
#include <sys/stat.h>

#include <algorithm>
#include <cctype>
#include <cstdio>
#include <fstream>
#include <memory>
#include <string_view>
#include <vector>

#include "recorder/raw_records.h"
#include "recorder/records.h"
#include "recorder/tls/elf_file.h"

namespace tarry {
namespace {

constexpr size_t kMostKnown = 1U << 16;
constexpr size_t kMostMappingsLines = 1U << 16;

const std::vector<std::string_view>& functions() {
  static const std::vector<std::string_view> all = {
      "SSL_read",         "SSL_write",          "SSL_read_ex",        "SSL_write_ex",
      "SSL_do_handshake", "gnutls_record_recv", "gnutls_record_send", "gnutls_record_send2"};
  return all;
}

bool isTlsLibrary(std::string_view path) {
  const std::string_view name = path.substr(path.rfind('/') + 1);
  return name.starts_with("libssl.so") || name.starts_with("libssl-") || name.starts_with("libgnutls.so");
}

}  // namespace

TlsProber::TlsProber(Hooks hooks) : hooks_(std::move(hooks)), wake_(::eventfd(0, EFD_CLOEXEC)) {}

TlsProber::~TlsProber() {
  stop();
}

void TlsProber::probeInstalled() {
  for (const char* folder : {"/lib", "/usr/lib", "/lib64", "/usr/lib64", "/usr/local/lib", "/usr/local/lib64",
                             "/lib/x86_64-linux-gnu", "/usr/lib/x86_64-linux-gnu"}) {
    for (const char* name : {"libssl.so.3", "libssl.so.1.1", "libgnutls.so.30"})
      probeFile(std::string(folder) + '/' + name);
  }
}

void TlsProber::probeRunning() {
  const std::unique_ptr<DIR, int (*)(DIR*)> all(::opendir("/proc"), ::closedir);
  if (!all) return;
  while (const dirent* entry = ::readdir(all.get())) {
    if (std::isdigit(static_cast<unsigned char>(entry->d_name[0])) == 0) continue;
    const std::string process = std::string("/proc/") + entry->d_name;
    probeFile(process + "/exe");
    probeMappings(process);
  }
}

// Libraries of other names are not looked into here: there may be thousands.
void TlsProber::probeMappings(const std::string& process) {
  std::ifstream maps(process + "/maps");
  std::string line;
  for (size_t count = 0; count < kMostMappingsLines && std::getline(maps, line); ++count) {
    // 7f00-7f10 r-xp 00000000 08:01 123 /usr/lib/libssl.so.3
    const size_t blank = line.find(' ');
    const size_t slash = line.find('/');
    if (blank == std::string::npos || slash == std::string::npos || line.size() < blank + 4) continue;
    if (line[blank + 3] != 'x' || !isTlsLibrary(std::string_view(line).substr(slash))) continue;
    probeFile(process + "/map_files/" + line.substr(0, blank));
  }
}

void TlsProber::follow(BpfRing& ring, int ring_fd) {
  thread_ = std::thread([this, &ring, ring_fd] { loop(ring, ring_fd); });
}

void TlsProber::stop() {
  if (!thread_.joinable()) return;
  const uint64_t one = 1;
  // Cannot fail: the counter is far from full.
  [[maybe_unused]] const ssize_t written = ::write(wake_.get(), &one, sizeof(one));
  thread_.join();
}

void TlsProber::loop(BpfRing& ring, int ring_fd) {
  std::vector<uint8_t> records;
  while (true) {
    pollfd fds[] = {{ring_fd, POLLIN, 0}, {wake_.get(), POLLIN, 0}};
    if (::poll(fds, 2, -1) < 0 && errno != EINTR) return;
    if (fds[1].revents != 0) return;
    records.clear();
    ring.drain(records, true);
    forEachRecord(records, [this](std::span<const uint8_t> record) { probeTold(record); });
  }
}

void TlsProber::probeTold(std::span<const uint8_t> bytes) {
  rec_mapped_code record{};
  if (bytes.size() < sizeof(record)) return;
  __builtin_memcpy(&record, bytes.data(), sizeof(record));
  char path[96];
  if (record.end == 0) {
    std::snprintf(path, sizeof(path), "/proc/%d/exe", record.pid);
  } else {
    std::snprintf(path, sizeof(path), "/proc/%d/map_files/%llx-%llx", record.pid, record.begin, record.end);
  }
  // A process that has gone on already (or is in another pid namespace) is no loss if another one follows.
  if (!probeFile(path)) hooks_.forget(record.resource);
}

bool TlsProber::probeFile(const std::string& path) {
  const UniqueFd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NOCTTY | O_NONBLOCK));
  struct stat facts {};
  if (!file || ::fstat(file.get(), &facts) != 0) return false;
  if (!S_ISREG(facts.st_mode)) return true;
  {
    const std::lock_guard lock(mutex_);
    if (known_.size() >= kMostKnown) known_.clear();
    if (!known_.emplace(facts.st_dev, facts.st_ino).second) return true;
  }
  const ElfFile elf(file.get(), functions());
  const std::vector<ProbeSite> sites = chooseProbeSites(elf);
  const std::string name = "/proc/self/fd/" + std::to_string(file.get());
  bool complete = true;
  for (const ProbeSite& site : sites) {
    const auto offset = elf.offsetOf(site.address);
    complete = offset && hooks_.attach(name, *offset, site) && complete;
  }
  // One for 32-bit programs, say, or a newer one whose functions have other names.
  char target[4096];
  const ssize_t length = ::readlink(path.c_str(), target, sizeof(target));
  const std::string_view real = length > 0 ? std::string_view(target, static_cast<size_t>(length)) : path;
  if (sites.empty() && elf.isElf() && isTlsLibrary(real)) complete = false;
  if (!complete) ++failures_;
  return true;
}

}  // namespace tarry
