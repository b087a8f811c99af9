// Definitions (strings, stacks, resources, threads) and the rare lifecycle events to and from
// their blocks.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "format/events.h"
#include "format/trace.capnp.h"

namespace tarry {

struct StringRow {
  uint32_t id = 0;
  std::string_view text;
};

struct StackRow {
  uint32_t id = 0;
  bool kernel = true;
  std::vector<FrameId> frames;
};

struct StackRows {
  std::vector<Frame> frames;
  std::vector<StackRow> stacks;
  size_t size() const { return frames.size() + stacks.size(); }
};

struct ProcessRows {
  std::vector<ThreadDef> threads;
  std::vector<LifeEvent> life;
  std::vector<OpenFd> open_fds;
  std::vector<EpollMember> epoll_members;
  std::vector<LifeEvent> infos;  // repeated at the start of an epoch
  size_t size() const {
    return threads.size() + life.size() + open_fds.size() + epoll_members.size() + infos.size();
  }
};

void encodeStrings(const std::vector<StringRow>& rows, schema::Strings::Builder out);
void encodeStacks(StackRows& rows, schema::Stacks::Builder out);
void encodeResources(std::vector<Resource>& rows, schema::Resources::Builder out);
void encodeProcesses(ProcessRows& rows, schema::Processes::Builder out);

// `count`: Block.rows. All throw BadBlock. Texts point into the block's bytes.
void decodeStrings(schema::Strings::Reader in, uint32_t count, std::vector<StringRow>& rows);
void decodeStacks(schema::Stacks::Reader in, StackRows& rows);
void decodeResources(schema::Resources::Reader in, uint32_t count, std::vector<Resource>& rows);
void decodeProcesses(schema::Processes::Reader in, ProcessRows& rows);

}  // namespace tarry
