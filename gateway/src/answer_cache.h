// Answers of GetCitizen for "now", as bytes, so that a citizen who is asked for again costs a
// look-up. An answer stands while the citizen's state is the one it was made from (View::
// state_version) and no deadline of the citizen has passed; nothing has to take it out, and an
// answer that no longer stands is never given. The bytes hold no as_of_time: it differs from call
// to call.
//
//   const std::uint64_t version = view.state_version(person);   // before the state is read
//   if (auto body = cache.find(person, version, now)) ...
//   cache.keep(person, {version, now, until, body});
//
// Bounded: the answers asked for longest ago give way. Thread: any.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <list>
#include <mutex>
#include <optional>
#include <unordered_map>

#include <grpcpp/support/slice.h>

#include <kronika/base/clock.h>
#include <kronika/base/ids.h>

namespace kronika::gateway {

class AnswerCache {
 public:
  struct Answer {
    std::uint64_t version = 0;  ///< of the state that it was made from
    Instant from, until;        ///< stands for from <= as_of < until
    grpc::Slice body;
  };

  /// `bytes` is everything that the answers may hold, their places included; 0 keeps nothing.
  explicit AnswerCache(std::size_t bytes) : shard_bytes_(bytes / kShards) {}

  [[nodiscard]] std::optional<grpc::Slice> find(const PersonKey& person, std::uint64_t version,
                                                Instant as_of);
  /// An odd version is a state being written: its answer is not kept.
  void keep(const PersonKey& person, Answer answer);
  /// What is held; for tests.
  [[nodiscard]] std::size_t bytes() const;

 private:
  static constexpr std::size_t kShards = 16;
  struct Entry {
    PersonKey person;
    Answer answer;
  };
  // Person keys are keyed hashes: any part of them is spread evenly.
  struct Hash {
    std::size_t operator()(const PersonKey& person) const;
  };
  struct Shard {
    mutable std::mutex mutex;
    // guarded by mutex
    std::list<Entry> entries;  // the last one asked for stands first
    std::unordered_map<PersonKey, std::list<Entry>::iterator, Hash> places;
    std::size_t bytes = 0;
  };
  [[nodiscard]] Shard& shard_of(const PersonKey& person) {
    return shards_[person.bytes[15] % kShards];
  }

  const std::size_t shard_bytes_;
  std::array<Shard, kShards> shards_;
};

}  // namespace kronika::gateway
