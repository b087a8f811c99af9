#include "recorder/tls/probe_sites.h"

#include <algorithm>
#include <array>
#include <map>
#include <set>
#include <span>

#include "recorder/records.h"
#include "recorder/tls/instruction.h"

namespace tarry {
namespace {

constexpr uint64_t kMostCode = 16 * 1024;  // of one function
constexpr uint64_t kLeastCode = 256;       // read of a function whose size is not said
constexpr size_t kMostSteps = 4096;

// Those that survive a call (System V ABI).
constexpr RegisterSet kKept = setOf(kRbx) | setOf(kRbp) | setOf(12) | setOf(13) | setOf(14) | setOf(15);
// Those that the BPF program can read.
constexpr RegisterSet kReadable =
    setOf(kRax) | setOf(kRcx) | setOf(kRdx) | setOf(kRsi) | setOf(kRdi) | setOf(kR8) | setOf(9);

// In which registers the arguments stand that a probe needs. All empty sets: they are lost.
struct Arguments {
  RegisterSet session = setOf(kRdi);
  RegisterSet buffer = setOf(kRsi);
  RegisterSet moved = 0;  // pointer to the count, in the _ex functions
  bool has_moved = false;

  void after(const Instruction& one) {
    for (RegisterSet* set : {&session, &buffer, &moved}) {
      const bool copies = one.is_move && (*set >> one.from & 1) != 0;
      *set = static_cast<RegisterSet>(*set & ~one.written);
      if (copies) *set = static_cast<RegisterSet>(*set | setOf(one.to));
      if (one.flow == Flow::call || one.flow == Flow::indirect_call) *set &= kKept;
    }
  }
  bool readable() const {
    return (session & kReadable) != 0 && (buffer & kReadable) != 0 &&
           (!has_moved || (moved & kReadable) != 0);
  }
};

// The register that the argument came in, if it is still there.
unsigned chosen(RegisterSet set, unsigned original) {
  if ((set >> original & 1) != 0) return original;
  const unsigned readable = set & kReadable;
  for (unsigned reg = 0; reg < 16; ++reg)
    if ((readable >> reg & 1) != 0) return reg;
  return 0;
}

struct Library {
  TlsLibrary library;
  bool result_is_int;       // 32 bits of rax; otherwise 64
  bool handshakes = false;  // instead of moving plaintext
};

uint64_t cookieOf(const Library& library, PayloadDirection direction, const Arguments& all) {
  uint64_t cookie = static_cast<uint64_t>(library.library) << TLS_COOKIE_LIBRARY;
  cookie |= uint64_t{chosen(all.session, kRdi)} << TLS_COOKIE_SESSION;
  cookie |= uint64_t{chosen(all.buffer, kRsi)} << TLS_COOKIE_BUFFER;
  cookie |= uint64_t{chosen(all.moved, kRcx)} << TLS_COOKIE_MOVED;
  if (direction == PayloadDirection::in) cookie |= TLS_COOKIE_SENDS;
  if (library.result_is_int) cookie |= TLS_COOKIE_INT;
  if (all.has_moved) cookie |= TLS_COOKIE_HAS_MOVED;
  if (library.handshakes) cookie |= TLS_COOKIE_HANDSHAKE;
  return cookie;
}

class Function {
 public:
  Function(const CodeFile& file, CodeSymbol symbol) : address_(symbol.address) {
    const uint64_t size = symbol.size == 0 ? kLeastCode : std::min(symbol.size, kMostCode);
    code_ = file.code(symbol.address, size);
  }

  uint64_t address() const { return address_; }
  bool contains(uint64_t address) const { return address >= address_ && address - address_ < code_.size(); }
  std::optional<Instruction> at(uint64_t address) const {
    if (!contains(address)) return std::nullopt;
    return decodeInstruction(std::span(code_).subspan(address - address_));
  }

 private:
  uint64_t address_;
  std::vector<uint8_t> code_;
};

struct EnterSite {
  uint64_t address;
  Arguments arguments;
  bool return_address_on_top;
};

// The first emulated instruction of the function. A branch that is not taken yet is one, so all paths pass.
std::optional<EnterSite> findEnter(const Function& function, Arguments arguments) {
  bool on_top = true;
  uint64_t address = function.address();
  for (size_t step = 0; step < kMostSteps; ++step) {
    const auto one = function.at(address);
    if (!one || !arguments.readable()) return std::nullopt;
    if (one->emulated) return EnterSite{address, arguments, on_top};
    if (one->flow != Flow::next) return std::nullopt;
    arguments.after(*one);
    if ((one->written & setOf(kRsp)) != 0) on_top = false;
    address += one->length;
  }
  return std::nullopt;
}

struct Callee {
  uint64_t address;
  Arguments arguments;
  bool is_tail;
};

// The functions that this one hands all the arguments to, in some registers.
std::vector<Callee> findCallees(const Function& function, const Arguments& arguments) {
  std::vector<Callee> callees;
  std::set<uint64_t> seen;
  std::vector<std::pair<uint64_t, Arguments>> open{{function.address(), arguments}};
  while (!open.empty() && seen.size() < kMostSteps) {
    auto [address, now] = open.back();
    open.pop_back();
    if (!now.readable() || !seen.insert(address).second) continue;
    const auto one = function.at(address);
    if (!one) continue;
    const uint64_t target = address + static_cast<uint64_t>(one->target);
    const bool direct = one->flow == Flow::call || one->flow == Flow::jump;
    if (direct && !function.contains(target)) callees.push_back({target, now, one->flow == Flow::jump});
    if (one->flow == Flow::conditional || (one->flow == Flow::jump && function.contains(target)))
      open.emplace_back(target, now);
    now.after(*one);
    const bool goes_on = one->flow == Flow::next || one->flow == Flow::conditional ||
                         one->flow == Flow::call || one->flow == Flow::indirect_call;
    if (goes_on) open.emplace_back(address + one->length, now);
  }
  return callees;
}

// Every instruction that the function can reach; nullopt where that cannot be told.
std::optional<std::map<uint64_t, Instruction>> allInstructions(const Function& function) {
  std::map<uint64_t, Instruction> all;
  std::vector<uint64_t> open{function.address()};
  while (!open.empty()) {
    const uint64_t address = open.back();
    open.pop_back();
    if (all.contains(address)) continue;
    const auto one = function.at(address);
    if (!one || all.size() >= kMostSteps) return std::nullopt;
    all.emplace(address, *one);
    const uint64_t target = address + static_cast<uint64_t>(one->target);
    switch (one->flow) {
      case Flow::indirect_jump: return std::nullopt;
      case Flow::jump:
        if (!function.contains(target)) return std::nullopt;  // another function returns for it
        open.push_back(target);
        break;
      case Flow::conditional: open.push_back(target); [[fallthrough]];
      case Flow::next:
      case Flow::indirect_call: open.push_back(address + one->length); break;
      case Flow::call:
        // That of __stack_chk_fail is the last of its function: it never returns.
        if (function.contains(address + one->length)) open.push_back(address + one->length);
        break;
      case Flow::returns:
      case Flow::stops: break;
    }
  }
  return all;
}

// Before each return of the function an emulated instruction that all ways to it pass, with the result in
// rax.
std::vector<uint64_t> findExits(const Function& function) {
  const auto all = allInstructions(function);
  if (!all) return {};
  std::set<uint64_t> targets;
  for (const auto& [address, one] : *all) {
    if (one.flow == Flow::jump || one.flow == Flow::conditional)
      targets.insert(address + static_cast<uint64_t>(one.target));
  }
  std::vector<uint64_t> exits;
  for (auto it = all->begin(); it != all->end(); ++it) {
    if (it->second.flow != Flow::returns) continue;
    auto at = it;
    while (true) {
      if (targets.contains(at->first) || at == all->begin()) return {};
      const auto before = std::prev(at);
      const Instruction& one = before->second;
      if (before->first + one.length != at->first) return {};
      if (one.emulated && one.flow == Flow::conditional) {
        // The way aside must lead to the end of the program, or the exit would be seen twice.
        const auto aside = all->find(before->first + static_cast<uint64_t>(one.target));
        if (aside == all->end() || aside->second.flow != Flow::call) return {};
        exits.push_back(before->first);
        break;
      }
      if (one.flow != Flow::next || (one.written & setOf(kRax)) != 0) return {};
      at = before;
    }
  }
  return exits;
}

bool callsFunction(const Function& function, uint64_t callee) {
  uint64_t address = function.address();
  while (const auto one = function.at(address)) {
    const bool direct = one->flow == Flow::call || one->flow == Flow::jump;
    if (direct && address + static_cast<uint64_t>(one->target) == callee) return true;
    address += one->length;
  }
  return false;
}

struct Plan {
  std::vector<ProbeSite> sites;
  uint64_t callee = 0;  // that is probed in place of the function
};

ProbeSite both(uint64_t address, uint64_t cookie, bool cheap) {
  return {.address = address, .enter = true, .returns = true, .cookie = cookie, .cheap = cheap};
}

// Of the callees the only one that can be probed well.
std::optional<EnterSite> probedCallee(const CodeFile& file, const Function& function,
                                      const Arguments& arguments, uint64_t& callee) {
  std::optional<EnterSite> found;
  for (const Callee& one : findCallees(function, arguments)) {
    // What a function does with the result of a call that it does not end by is known of the _ex forms only.
    if (!one.is_tail && !arguments.has_moved) continue;
    const auto site = findEnter(Function(file, {one.address, 0}), one.arguments);
    if (!site || !site->return_address_on_top) continue;
    if (found && one.address != callee) return std::nullopt;
    found = site;
    callee = one.address;
  }
  return found;
}

Plan planFor(const CodeFile& file, const CodeSymbol& symbol, const Library& library,
             PayloadDirection direction, const Arguments& arguments) {
  const Function function(file, symbol);
  const auto cookie = [&](const Arguments& all) { return cookieOf(library, direction, all); };
  const auto enter = findEnter(function, arguments);
  if (enter && enter->return_address_on_top)
    return {{both(enter->address, cookie(enter->arguments), true)}, 0};
  Plan plan;
  if (const auto site = probedCallee(file, function, arguments, plan.callee)) {
    plan.sites = {both(site->address, cookie(site->arguments), true)};
    return plan;
  }
  const std::vector<uint64_t> exits = enter ? findExits(function) : std::vector<uint64_t>{};
  if (exits.empty()) return {{both(symbol.address, cookie(arguments), false)}, 0};
  plan.sites.push_back({.address = enter->address, .enter = true, .cookie = cookie(enter->arguments)});
  for (const uint64_t exit : exits)
    plan.sites.push_back({.address = exit, .exit = true, .cookie = cookie(arguments)});
  return {plan.sites, 0};
}

void add(std::vector<ProbeSite>& sites, Plan plan) {
  sites.insert(sites.end(), plan.sites.begin(), plan.sites.end());
}

void chooseOpenssl(const CodeFile& file, PayloadDirection direction, std::string_view name,
                   std::string_view name_ex, std::vector<ProbeSite>& sites) {
  const Library library{TlsLibrary::openssl, true};
  const auto plain = file.find(name), extended = file.find(name_ex);
  uint64_t shared = 0;  // by both forms
  if (extended) {
    Arguments arguments;
    arguments.moved = setOf(kRcx);
    arguments.has_moved = true;
    Plan plan = planFor(file, *extended, library, direction, arguments);
    shared = plan.callee;
    add(sites, std::move(plan));
  }
  if (!plain || (shared != 0 && callsFunction(Function(file, *plain), shared))) return;
  add(sites, planFor(file, *plain, library, direction, {}));
}

// All forms of it end up here.
void chooseHandshake(const CodeFile& file, std::vector<ProbeSite>& sites) {
  const auto symbol = file.find("SSL_do_handshake");
  if (!symbol) return;
  Arguments session_only;
  session_only.buffer = session_only.session;
  const Library library{TlsLibrary::openssl, true, true};
  add(sites, planFor(file, *symbol, library, PayloadDirection::out, session_only));
}

void chooseGnutls(const CodeFile& file, PayloadDirection direction, std::string_view name,
                  std::vector<ProbeSite>& sites) {
  const Library library{TlsLibrary::gnutls, false};
  if (const auto symbol = file.find(name)) add(sites, planFor(file, *symbol, library, direction, {}));
}

}  // namespace

std::vector<ProbeSite> chooseProbeSites(const CodeFile& file) {
  std::vector<ProbeSite> sites;
  chooseOpenssl(file, PayloadDirection::out, "SSL_read", "SSL_read_ex", sites);
  chooseOpenssl(file, PayloadDirection::in, "SSL_write", "SSL_write_ex", sites);
  chooseHandshake(file, sites);
  chooseGnutls(file, PayloadDirection::out, "gnutls_record_recv", sites);
  // From 3.6.3 on gnutls_record_send() ends by the other one.
  const bool newer = file.find("gnutls_record_send2").has_value();
  chooseGnutls(file, PayloadDirection::in, newer ? "gnutls_record_send2" : "gnutls_record_send", sites);
  return sites;
}

}  // namespace tarry
