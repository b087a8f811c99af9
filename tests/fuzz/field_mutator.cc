#include "tests/fuzz/field_mutator.h"

#include <capnp/dynamic.h>
#include <capnp/message.h>
#include <capnp/serialize.h>

#include <algorithm>
#include <array>
#include <cstring>

#include "format/block.h"
#include "format/trace.capnp.h"

namespace tarry::fuzz {
namespace {

using capnp::DynamicList;
using capnp::DynamicStruct;
using capnp::DynamicValue;

class FieldMutator {
 public:
  FieldMutator(size_t max_size, std::minstd_rand& random, ByteMutator mutate)
      : max_size_(max_size), random_(random), mutate_(mutate) {}

  void change(DynamicStruct::Builder object) {
    std::vector<capnp::StructSchema::Field> fields;
    for (const auto field : object.getSchema().getNonUnionFields()) fields.push_back(field);
    // The member of the union counts for more: in a Block it is all there is but the head.
    KJ_IF_MAYBE (member, object.which()) fields.insert(fields.end(), 12, *member);
    if (fields.empty()) return;
    const auto field = fields[below(fields.size())];
    if (oneIn(24)) return object.clear(field);
    const auto type = field.getType();
    if (type.isStruct()) return change(object.get(field).as<DynamicStruct>());
    if (type.isList()) {
      auto list = object.get(field).as<DynamicList>();
      if (list.size() == 0 || oneIn(4)) {
        list = resized(list, object, field);
        if (list.size() == 0) return;
      }
      return change(list);
    }
    if (type.isData()) {
      const Bytes bytes = changed(object.get(field).as<capnp::Data>().asReader());
      return object.set(field, capnp::Data::Reader(bytes.data(), bytes.size()));
    }
    if (type.isText()) return object.set(field, textOfLength(below(64)).c_str());
    if (type.isBool()) return object.set(field, !object.get(field).as<bool>());
    if (type.isVoid()) return;
    object.set(field, number(type, object.get(field).asReader()));
  }

 private:
  size_t below(size_t limit) { return static_cast<size_t>(random_()) % limit; }
  bool oneIn(size_t n) { return below(n) == 0; }

  std::string textOfLength(size_t length) {
    std::string text(length, 'x');
    for (char& c : text) c = static_cast<char>(1 + below(127));
    return text;
  }

  DynamicList::Builder resized(DynamicList::Builder old, DynamicStruct::Builder object,
                               capnp::StructSchema::Field field) {
    const unsigned was = old.size();
    unsigned size = was;
    switch (below(4)) {
      case 0: size = was + 1; break;
      case 1: size = was == 0 ? 1 : was - 1; break;
      case 2: size = static_cast<unsigned>(below(10)); break;
      default: size = std::min(was * 2, 4096U); break;
    }
    // The old elements live on in the message until it is copied.
    auto orphan = object.disown(field);
    auto list = object.init(field, size).as<DynamicList>();
    auto from = orphan.getReader().as<DynamicList>();
    for (unsigned i = 0; i < std::min(was, size); ++i) list.set(i, from[i]);
    return list;
  }

  void change(DynamicList::Builder list) {
    const auto at = static_cast<unsigned>(below(list.size()));
    const auto type = list.getSchema().getElementType();
    if (type.isStruct()) return change(list[at].as<DynamicStruct>());
    if (type.isData()) {
      const Bytes bytes = changed(list[at].as<capnp::Data>().asReader());
      return list.set(at, capnp::Data::Reader(bytes.data(), bytes.size()));
    }
    if (type.isList() || type.isText()) return;  // our schema has no such lists
    list.set(at, number(type, list[at].asReader()));
  }

  // Mostly of the same size: the columns of a block have to agree.
  Bytes changed(capnp::Data::Reader data) {
    Bytes bytes(data.begin(), data.end());
    const size_t size = bytes.size();
    if (size != 0 && !oneIn(5)) {
      const size_t at = below(size), count = std::min(size - at, 1 + below(8));
      mutate_(bytes.data() + at, count, count);
      return bytes;
    }
    const size_t room = std::clamp<size_t>(2 * size + 16, 1, std::max<size_t>(max_size_, 1));
    bytes.resize(std::max(room, size));
    bytes.resize(mutate_(bytes.data(), std::min(size, room), room));
    return bytes;
  }

  DynamicValue::Reader number(capnp::Type type, DynamicValue::Reader old) {
    using capnp::schema::Type;
    switch (type.which()) {
      case Type::INT8: return static_cast<int8_t>(bits(static_cast<uint64_t>(old.as<int8_t>()), 8));
      case Type::INT16: return static_cast<int16_t>(bits(static_cast<uint64_t>(old.as<int16_t>()), 16));
      case Type::INT32: return static_cast<int32_t>(bits(static_cast<uint64_t>(old.as<int32_t>()), 32));
      case Type::INT64: return static_cast<int64_t>(bits(static_cast<uint64_t>(old.as<int64_t>()), 64));
      case Type::UINT8: return static_cast<uint8_t>(bits(old.as<uint8_t>(), 8));
      case Type::UINT16: return static_cast<uint16_t>(bits(old.as<uint16_t>(), 16));
      case Type::UINT32: return static_cast<uint32_t>(bits(old.as<uint32_t>(), 32));
      case Type::UINT64: return bits(old.as<uint64_t>(), 64);
      default: return old;
    }
  }

  uint64_t bits(uint64_t old, unsigned width) {
    constexpr std::array<uint64_t, 10> kLimits{
        kMaxBlockRows,           kMaxBlockRows + 1,    kMaxBlockBytes, static_cast<uint64_t>(kMaxTimeNs),
        kMaxBlockFrameRefs,      kMaxStackDepth,       INT32_MAX,      INT64_MAX,
        uint64_t{INT64_MAX} + 1, kMaxBlockPayloadBytes};
    switch (below(7)) {
      case 0: return below(16);
      case 1: return ~uint64_t{0} - below(3);
      case 2: return old + below(4) + 1;
      case 3: return old - below(4) - 1;
      case 4: return old ^ uint64_t { 1 } << below(width);
      case 5: return kLimits[below(kLimits.size())];
      default: return uint64_t{random_()} << below(width);
    }
  }

  size_t max_size_;
  std::minstd_rand& random_;
  ByteMutator mutate_;
};

}  // namespace

Bytes mutateFields(const Bytes& message, size_t max_size, std::minstd_rand& random, ByteMutator mutate) {
  std::vector<uint64_t> words(message.size() / 8);
  std::memcpy(words.data(), message.data(), words.size() * 8);
  try {
    capnp::FlatArrayMessageReader reader(
        kj::arrayPtr(reinterpret_cast<const capnp::word*>(words.data()), words.size()));
    capnp::MallocMessageBuilder builder;
    builder.setRoot(reader.getRoot<schema::Block>());
    FieldMutator mutator(max_size, random, mutate);
    const size_t changes = 1 + random() % 3;
    for (size_t i = 0; i < changes; ++i) {
      mutator.change(DynamicStruct::Builder(builder.getRoot<schema::Block>()));
    }
    capnp::MallocMessageBuilder compact;  // without what was replaced
    compact.setRoot(builder.getRoot<schema::Block>().asReader());
    const auto flat = capnp::messageToFlatArray(compact);
    const auto bytes = flat.asBytes();
    if (bytes.size() > max_size) return message;
    return {bytes.begin(), bytes.end()};
  } catch (const kj::Exception&) {
    return message;
  }
}

}  // namespace tarry::fuzz
