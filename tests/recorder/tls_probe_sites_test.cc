// Where the functions of TLS libraries are probed: decoding of instructions, and the choice, with the code
// that distributions ship.

#include <catch2/catch.hpp>
#include <cstdio>
#include <map>
#include <string>

#include <fcntl.h>

#include "format/unique_fd.h"
#include "recorder/records.h"
#include "recorder/tls/elf_file.h"
#include "recorder/tls/instruction.h"
#include "recorder/tls/probe_sites.h"
#include "tests/recorder/scratch.h"

using namespace tarry;

namespace {

std::vector<uint8_t> bytesOf(std::string_view hex) {
  std::vector<uint8_t> bytes;
  for (size_t i = 0; i + 1 < hex.size(); i += 2)
    bytes.push_back(static_cast<uint8_t>(std::stoi(std::string(hex.substr(i, 2)), nullptr, 16)));
  return bytes;
}

Instruction decoded(std::string_view hex) {
  const auto one = decodeInstruction(bytesOf(hex));
  REQUIRE(one);
  CHECK(one->length == hex.size() / 2);
  return *one;
}

class Code : public CodeFile {
 public:
  Code& add(std::string_view name, uint64_t address, std::string_view hex) {
    const std::vector<uint8_t> bytes = bytesOf(hex);
    if (!name.empty()) symbols_[std::string(name)] = {address, bytes.size()};
    pieces_[address] = bytes;
    return *this;
  }
  std::optional<CodeSymbol> find(std::string_view function) const override {
    const auto found = symbols_.find(std::string(function));
    return found == symbols_.end() ? std::nullopt : std::optional(found->second);
  }
  std::vector<uint8_t> code(uint64_t address, uint64_t size) const override {
    const auto found = pieces_.find(address);
    if (found == pieces_.end()) return {};
    return {found->second.begin(),
            found->second.begin() + static_cast<ptrdiff_t>(std::min<uint64_t>(size, found->second.size()))};
  }

 private:
  std::map<std::string, CodeSymbol> symbols_;
  std::map<uint64_t, std::vector<uint8_t>> pieces_;
};

std::string textOf(const std::vector<ProbeSite>& sites) {
  std::string text;
  for (const ProbeSite& site : sites) {
    const auto reg = [&](unsigned shift) { return std::to_string(site.cookie >> shift & 15); };
    char head[64];
    std::snprintf(head, sizeof(head), "%llx ", static_cast<unsigned long long>(site.address));
    text += head;
    if (site.enter) text += "enter ";
    if (site.exit) text += "exit ";
    if (site.returns) text += "returns ";
    if ((site.cookie & TLS_COOKIE_HANDSHAKE) != 0) text += "handshakes ";
    else text += (site.cookie & TLS_COOKIE_SENDS) != 0 ? "sends " : "receives ";
    text += "r" + reg(TLS_COOKIE_SESSION) + " r" + reg(TLS_COOKIE_BUFFER);
    if ((site.cookie & TLS_COOKIE_HAS_MOVED) != 0) text += " *r" + reg(TLS_COOKIE_MOVED);
    if ((site.cookie & TLS_COOKIE_INT) != 0) text += " int";
    text += site.cheap ? "\n" : " dear\n";
  }
  return text;
}

// OpenSSL 3.0 and GnuTLS 3.7 of Debian 12.
constexpr std::string_view kSslRead =
    "4883ec1864488b042528000000488944240831c085d2782f4889e14863d2e83dfeffff85c07e038b0424488b54240864482b1425"
    "28"
    "00000075444883c41831d231c931f631ffc3e8449ffeff488d1505d50400be4c070000488d3d62cc0400e82ca6feff31c031d2be"
    "0f"
    "010000bf14000000e849a4feffb8ffffffffebace83db1feff";
constexpr std::string_view kSslReadEx = "4883ec08e8c7fdffff31d285c00f48c24883c40831d231c931f631ffc3";
constexpr std::string_view kSslReadInternal = "4155415455534883ec3864488b0425280000004889442428";
constexpr std::string_view kRecordRecv =
    "4883ec0880bfb8060000004889d17440f687681100000174174889f2be17000000e85a73050048984883c408c30f1f00448b8f70"
    "07"
    "00004889f24531c0be170000004883c408e925eeffff0f1f4400008b876408000083f80374b583f80674b0488b0589911d008338"
    "02"
    "7f0948c7c068feffffebb341b862090000488d0d5ecc120031c0bf03000000488d1594c61200488d353bc51200e8c486ffffebc"
    "e";
constexpr std::string_view kRecvInt = "41574189f741564d89c641554989d541544989cc554489cd534889fb4883ec08";

}  // namespace

TEST_CASE("An instruction's length, way and writes are known", "[tls]") {
  CHECK(decoded("55").emulated);    // push %rbp
  CHECK(decoded("4157").emulated);  // push %r15
  CHECK(decoded("90").emulated);
  CHECK(!decoded("f30f1efa").emulated);  // endbr64
  CHECK(decoded("f30f1efa").written == 0);
  CHECK(!decoded("4883ec18").emulated);  // sub $0x18,%rsp
  CHECK(decoded("4883ec18").written == setOf(kRsp));
  const Instruction loads = decoded("64488b042528000000");  // mov %fs:0x28,%rax
  CHECK(loads.written == setOf(kRax));
  CHECK(!loads.is_move);
  CHECK(decoded("4889442408").written == 0);  // mov %rax,0x8(%rsp)
  CHECK(decoded("31c0").written == setOf(kRax));
  CHECK(decoded("85d2").written == 0);
  CHECK(decoded("4863d2").written == setOf(kRdx));
  const Instruction moves = decoded("4989cc");  // mov %rcx,%r12
  CHECK(moves.is_move);
  CHECK(moves.from == kRcx);
  CHECK(moves.to == 12);
  CHECK(!decoded("89d1").is_move);  // half of it
  CHECK(decoded("4889d1").is_move);
  const Instruction branch = decoded("782f");
  CHECK(branch.flow == Flow::conditional);
  CHECK(branch.target == 0x31);
  CHECK(branch.emulated);
  const Instruction call = decoded("e83dfeffff");
  CHECK(call.flow == Flow::call);
  CHECK(call.target == 5 - 0x1c3);
  CHECK(decoded("0f8403000000").target == 9);
  CHECK(decoded("e925eeffff").flow == Flow::jump);
  CHECK(decoded("c3").flow == Flow::returns);
  CHECK(decoded("0f48c2").written == setOf(kRax));
  CHECK(decoded("ffe0").flow == Flow::indirect_jump);
  CHECK(decoded("ff5038").flow == Flow::indirect_call);
  CHECK(decoded("80bfb806000000").written == 0);       // cmpb $0,0x6b8(%rdi)
  CHECK(decoded("41b862090000").written == setOf(8));  // mov $…,%r8d
  CHECK(decoded("48c7c068feffff").written == setOf(kRax));
  CHECK(decoded("48b80102030405060708").written == setOf(kRax));
  CHECK(decoded("660f6cc1").written == 0);  // punpcklqdq
  CHECK(decoded("f3480f7ec0").written == 0);
  CHECK(decoded("66480f7ec0").written == setOf(kRax));  // movq %xmm0,%rax
  CHECK(decoded("f644240801").written == 0);
  CHECK((decoded("b401").written & setOf(kRax)) != 0);  // mov $1,%ah
  CHECK(!decodeInstruction({}));
  CHECK(!decodeInstruction(bytesOf("4883ec")));  // cut
  CHECK(!decodeInstruction(bytesOf("c5f877")));  // VEX
  CHECK(!decodeInstruction(bytesOf("6666666666666666666666666666666690")));
}

TEST_CASE("Decoding bytes at random ends within them", "[tls]") {
  uint32_t state = 1;
  for (int i = 0; i < 200'000; ++i) {
    uint8_t bytes[16];
    for (uint8_t& byte : bytes) byte = static_cast<uint8_t>((state = state * 1664525 + 1013904223) >> 24);
    const size_t size = state % 17;
    const auto one = decodeInstruction(std::span(bytes).first(size));
    if (one) REQUIRE((one->length > 0 && one->length <= size));
  }
}

TEST_CASE("A push at the beginning takes enter and return", "[tls]") {
  Code code;
  code.add("SSL_read", 0x1000, "554889e54156").add("SSL_write_ex", 0x2000, "f30f1efa534889fb");
  CHECK(textOf(chooseProbeSites(code)) ==
        "1000 enter returns receives r7 r6 int\n"
        "2004 enter returns sends r7 r6 *r1 int\n");
}

TEST_CASE("A handshake is probed for its session alone", "[tls]") {
  Code code;
  code.add("SSL_do_handshake", 0x37600, "534883ec3064488b042528000000");
  CHECK(textOf(chooseProbeSites(code)) == "37600 enter returns handshakes r7 r7 int\n");
}

TEST_CASE("Both forms of SSL_read are probed in what they share", "[tls]") {
  Code code;
  code.add("SSL_read", 0x35430, kSslRead)
      .add("SSL_read_ex", 0x354c0, kSslReadEx)
      .add("", 0x35290, kSslReadInternal);
  CHECK(textOf(chooseProbeSites(code)) == "35290 enter returns receives r7 r6 *r1 int\n");
}

TEST_CASE("Where nothing else is known the check of the stack protector is the exit", "[tls]") {
  Code code;
  code.add("SSL_read", 0x35430, kSslRead);
  CHECK(textOf(chooseProbeSites(code)) ==
        "35446 enter receives r7 r6 int\n"
        "35468 exit receives r7 r6 int\n");
}

TEST_CASE("A function that ends by another one is probed in that, where its arguments are", "[tls]") {
  Code code;
  code.add("gnutls_record_recv", 0x3fa40, kRecordRecv).add("", 0x3e8b0, kRecvInt);
  code.add("gnutls_record_send2", 0x3ee70, "415741564989ce4155")
      .add("gnutls_record_send", 0x3f2d0, "4531c031c9");
  CHECK(textOf(chooseProbeSites(code)) ==
        "3e8b0 enter returns receives r7 r2\n"
        "3ee70 enter returns sends r7 r6\n");
}

TEST_CASE("What cannot be read is probed at its first instruction", "[tls]") {
  Code code;
  code.add("SSL_write", 0x1000, "c5f877c3");
  code.add("SSL_read_ex", 0x2000, "4883ec08e8f7ffffff");  // its callee is nowhere
  CHECK(textOf(chooseProbeSites(code)) ==
        "2000 enter returns receives r7 r6 *r1 int dear\n"
        "1000 enter returns sends r7 r6 int dear\n");
  CHECK(chooseProbeSites(Code()).empty());
}

TEST_CASE("Loops and endless code do not keep the choice", "[tls]") {
  Code code;
  code.add("SSL_write", 0x1000, "ffc0ebfc");                            // inc %eax; jmp back
  code.add("gnutls_record_recv", 0x2000, std::string(32 * 1024, '0'));  // add %al,(%rax)
  CHECK(chooseProbeSites(code).size() == 2);
}

TEST_CASE("ElfFile survives files of any content", "[tls]") {
  const ScratchDirectory scratch;
  const std::string path = scratch.path("file");
  std::ifstream self("/proc/self/exe", std::ios::binary);
  std::string bytes(1U << 16, '\0');
  self.read(bytes.data(), static_cast<std::streamsize>(bytes.size()));
  const auto open = [&](std::string_view content) {
    std::ofstream(path, std::ios::binary) << content;
    const UniqueFd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
    const ElfFile elf(fd.get(), {"SSL_read", "main"});
    elf.find("SSL_read");
    elf.code(0, 100);
    return elf.isElf();
  };
  CHECK(!open(""));
  CHECK(!open("#!/bin/sh\n"));
  CHECK(open(bytes.substr(0, 40)));
  uint32_t state = 7;
  for (int i = 0; i < 300; ++i) {
    std::string damaged = bytes;
    for (int k = 0; k < 8; ++k) {
      state = state * 1664525 + 1013904223;
      damaged[4 + (state >> 8) % 1000] = static_cast<char>(state >> 24);
    }
    open(damaged);
  }
}
