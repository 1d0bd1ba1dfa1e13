#include "answer_cache.h"

#include <cstring>
#include <utility>

namespace kronika::gateway {
namespace {

// List node, hash node, bucket, slice header and what the allocator adds to each, measured at 1 KiB
// answers and rounded up.
constexpr std::size_t kPlaceBytes = 288;

std::size_t cost(const grpc::Slice& body) { return kPlaceBytes + body.size(); }

}  // namespace

std::size_t AnswerCache::Hash::operator()(const PersonKey& person) const {
  std::size_t hash = 0;
  std::memcpy(&hash, person.bytes.data(), sizeof hash);
  return hash;
}

std::optional<grpc::Slice> AnswerCache::find(const PersonKey& person, std::uint64_t version,
                                             Instant as_of) {
  Shard& shard = shard_of(person);
  const std::lock_guard lock(shard.mutex);
  const auto place = shard.places.find(person);
  if (place == shard.places.end()) return std::nullopt;
  const Answer& answer = place->second->answer;
  if (answer.version != version || as_of < answer.from || as_of >= answer.until)
    return std::nullopt;
  shard.entries.splice(shard.entries.begin(), shard.entries, place->second);
  return answer.body;
}

void AnswerCache::keep(const PersonKey& person, Answer answer) {
  if (answer.version % 2 != 0 || cost(answer.body) > shard_bytes_) return;
  Shard& shard = shard_of(person);
  const std::lock_guard lock(shard.mutex);
  if (const auto place = shard.places.find(person); place != shard.places.end()) {
    shard.bytes -= cost(place->second->answer.body);
    shard.entries.erase(place->second);
    shard.places.erase(place);
  }
  shard.bytes += cost(answer.body);
  shard.entries.push_front({person, std::move(answer)});
  shard.places.emplace(person, shard.entries.begin());
  while (shard.bytes > shard_bytes_) {
    const Entry& oldest = shard.entries.back();
    shard.bytes -= cost(oldest.answer.body);
    shard.places.erase(oldest.person);
    shard.entries.pop_back();
  }
}

std::size_t AnswerCache::bytes() const {
  std::size_t all = 0;
  for (const Shard& shard : shards_) {
    const std::lock_guard lock(shard.mutex);
    all += shard.bytes;
  }
  return all;
}

}  // namespace kronika::gateway
