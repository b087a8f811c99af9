// fuzz_seeds DIRECTORY TRACE...: the inputs that fuzzing begins with: DIRECTORY/file gets the traces as they
// are, DIRECTORY/messages their blocks, all together and each with the header and definitions before it,
// and both a small invented trace with every kind of event.
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
  for (const char* kind : {"file", "messages"}) fs::create_directories(directory / kind);
  seedFrom("invented", inventedTrace(true), directory);
  seedFrom("invented_cut", inventedTrace(false), directory);
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
