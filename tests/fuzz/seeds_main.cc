// fuzz_seeds DIRECTORY TRACE...: the inputs that fuzzing begins with: DIRECTORY/file gets the traces as they
// are, DIRECTORY/messages their blocks, all together and each with the header and definitions before it,
// and both a small invented trace with every kind of event; DIRECTORY/dns, DIRECTORY/tls and DIRECTORY/http
// small conversations.
#include <fmt/format.h>

#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>

#include "tests/fuzz/seeds.h"

namespace tarry::fuzz {
namespace {

namespace fs = std::filesystem;

void save(const fs::path& path, ByteView bytes) {
  std::ofstream out(path, std::ios::binary);
  out.write(reinterpret_cast<const char*>(bytes.data()), static_cast<std::streamsize>(bytes.size()));
  if (!out.flush()) throw std::runtime_error("cannot write " + path.string());
}

Bytes contentOf(const fs::path& path) {
  std::ifstream in(path, std::ios::binary);
  if (!in) throw std::runtime_error("cannot read " + path.string());
  return {std::istreambuf_iterator<char>(in), {}};
}

Bytes bytesOf(std::string_view text) {
  return {text.begin(), text.end()};
}

// Conversations (net_targets.cc): a lookup over UDP and one over TCP, the hellos of a handshake.
void seedConversations(const fs::path& directory) {
  using namespace std::string_view_literals;
  constexpr std::string_view kQuery = "\0\7\1\0\0\1\0\0\0\0\0\0\3www\1x\0\0\1\0\1"sv;
  constexpr std::string_view kAnswer =
      "\0\7\x81\x80\0\1\0\2\0\0\0\0\3www\1x\0\0\1\0\1\xc0\x0c\0\5\0\1\0\0\0\1\0\2\xc0\x10\xc0\x10\0\1\0\1\0\0\0\1\0\4\1\2\3\4"sv;
  const auto piece = [](char flow, std::string_view bytes) {
    return std::string{flow, static_cast<char>(bytes.size())} + std::string(bytes);
  };
  const auto framed = [](std::string_view bytes) {
    return std::string{'\0', static_cast<char>(bytes.size())} + std::string(bytes);
  };
  save(directory / "dns" / "udp", bytesOf("\1" + piece(3, kQuery) + piece(2, kAnswer)));
  save(directory / "dns" / "tcp",
       bytesOf(std::string(1, '\0') + piece(3, framed(kQuery)) + piece(2, framed(kAnswer))));
  const std::string random(32, 'r');
  const std::string client =
      "\3\3" + random +
      std::string("\0\0\2\x13\1\1\0\0\x1b\0\0\0\6\0\4\0\0\1x\0\x10\0\5\0\3\2h2\0\x2b\0\3\2\3\4"sv);
  const std::string server = "\3\3" + random + std::string("\0\x13\1\0\0\6\0\x2b\0\2\3\4"sv);
  const auto hello = [](char type, const std::string& body) {
    const auto size = static_cast<char>(body.size());
    return std::string{22, 3, 3, 0, static_cast<char>(size + 4), type, 0, 0, size} + body;
  };
  save(directory / "tls" / "hellos", bytesOf(std::string(1, '\0') + piece(3, hello(1, client)) +
                                             piece(2, hello(2, server) + std::string("\x17\3\3\0\1x"sv)) +
                                             piece(3, std::string("\x17\3\3\0\1x\x15\3\3\0\2\2\x28"sv))));
}

void seedFrom(const std::string& name, const Bytes& trace, const fs::path& directory) {
  constexpr size_t kSmallBytes = 8192;
  save(directory / "file" / name, trace);
  std::vector<Bytes> all, definitions;
  size_t number = 0;
  for (const Message& message : messagesOf(trace)) {
    all.push_back(message.bytes);
    // What a lone block needs to be more than dropped rows.
    if (!isEventBlock(message.kind) || message.kind == BlockKind::processes) {
      if (message.bytes.size() <= kSmallBytes) definitions.push_back(message.bytes);
      continue;
    }
    std::vector<Bytes> piece = definitions;
    piece.push_back(message.bytes);
    save(directory / "messages" / fmt::format("{}.{}", name, ++number), joinMessages(piece));
  }
  save(directory / "messages" / name, joinMessages(all));
}

int run(int argc, char** argv) {
  if (argc < 2) {
    std::cerr << "usage: fuzz_seeds DIRECTORY TRACE...\n";
    return 2;
  }
  const fs::path directory = argv[1];
  for (const char* kind : {"file", "messages", "dns", "tls", "http"})
    fs::create_directories(directory / kind);
  seedConversations(directory);
  seedFrom("invented", inventedTrace(true), directory);
  seedFrom("invented_cut", inventedTrace(false), directory);
  for (const auto& [name, bytes] : httpSeeds()) save(directory / "http" / name, bytes);
  for (int i = 2; i < argc; ++i) {
    seedFrom(fs::path(argv[i]).stem().string(), contentOf(argv[i]), directory);
  }
  return 0;
}

}  // namespace
}  // namespace tarry::fuzz

int main(int argc, char** argv) {
  try {
    return tarry::fuzz::run(argc, argv);
  } catch (const std::exception& e) {
    std::cerr << "fuzz_seeds: " << e.what() << '\n';
    return 1;
  }
}
