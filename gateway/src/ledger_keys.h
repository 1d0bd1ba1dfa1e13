// Keys and values of the view's column family `ledger`. Numbers are big-endian; days are civil days
// since 1970 (2 bytes), senders SOR ids (8), places topic (1) | partition (2) | offset (6).
//
//   p place | 0   an edge announced the event      -> id's first 4 bytes | ledger partition, offset
//   p place | 1   what became of it                -> fate | flags | day | sender | id 4 | reason
//   p place | 2   the event stands on its topic    -> time (6) | sender | id 4 | person (16)
//   p place | 3   a message (place: in the ledger) -> MessageReceived as it came
//   p place | 4 | ledger partition, offset   a message names this place of raw or dead-letter
//                                                  -> day | first 4 bytes of its SHA-256
//   p place | 2   of dead-letter                   -> open | time (6) | SHA-256 4 | stage 0 reason
//   p place | 5   of dead-letter: closed before it was read
//   o stage 0 reason 0 time (6) | place               open dead letters
//   s day | sender | time (6) | partition | offset    messages of a sender
//   i day | first 8 bytes of SHA-256 of the id, or of the bytes' own in hex | place
//   r day | reason | 0 | place                        messages (topic ledger) and events refused;
//   events
//                                                     also by outcome and mark (DUPLICATE,
//                                                     IRREGULAR)
//   c day | sender                                 -> SenderDay
//   h day | sender | place | fate                     events that are missing somewhere
//   d day | topic | partition                      -> highest offset of the day, for forgetting it
//   f topic | partition                            -> highest booked offset + 1
//   v topic | partition                            -> compared up to
//   b topic | partition                            -> of raw and dead-letter: deletions judged up
//   to t                                              -> since (8)
//
// Every key of a day begins with it, so a day is forgotten as a range; p follows by way of d, and o
// with its place.
#pragma once

#include <string>
#include <string_view>

#include <kronika/base/bytes.h>
#include <kronika/gateway/ledger.h>

namespace kronika::gateway::ledger_keys {

inline constexpr store::ColumnFamily kFamily = 6;
inline constexpr char kAnnounced = 0, kBooked = 1, kStands = 2, kMessage = 3, kClaimed = 4,
                      kClosed = 5;
inline constexpr std::size_t kPlaceBytes = 9;
inline constexpr std::size_t kIdBytes = 4;

inline void append_48(std::string& out, std::uint64_t value) {
  for (int shift = 40; shift >= 0; shift -= 8) out.push_back(static_cast<char>(value >> shift));
}
inline std::uint64_t read_48(std::string_view bytes, std::size_t at) {
  return std::uint64_t{read_be<std::uint16_t>(bytes, at)} << 32 |
         read_be<std::uint32_t>(bytes, at + 2);
}
inline void append_place(std::string& out, const RecordAt& at) {
  out.push_back(static_cast<char>(at.topic));
  append_be(out, static_cast<std::uint16_t>(at.partition));
  append_48(out, static_cast<std::uint64_t>(at.offset));
}
/// Pre: kPlaceBytes stand at `from`.
inline RecordAt read_place(std::string_view bytes, std::size_t from) {
  return {static_cast<std::uint8_t>(bytes[from]), read_be<std::uint16_t>(bytes, from + 1),
          static_cast<std::int64_t>(read_48(bytes, from + 3))};
}
inline std::string place_key(const RecordAt& at) {
  std::string key = "p";
  append_place(key, at);
  return key;
}
inline std::string place_key(const RecordAt& at, char what) {
  std::string key = place_key(at);
  key.push_back(what);
  return key;
}
inline std::string day_key(char prefix, std::uint16_t day) {
  std::string key(1, prefix);
  append_be(key, day);
  return key;
}
inline std::string part_key(char prefix, std::uint8_t topic, std::int32_t partition) {
  std::string key{prefix, static_cast<char>(topic)};
  append_be(key, static_cast<std::uint16_t>(partition));
  return key;
}

}  // namespace kronika::gateway::ledger_keys
