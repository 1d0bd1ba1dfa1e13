#include <algorithm>
#include <charconv>

#include <kronika/bus/wire.h>
#include <kronika/codec/event_codec.h>
#include <kronika/codec/schema_ids.h>
#include <kronika/deadletters/dead_letter.h>
#include <kronika/deadletters/errc.h>

namespace kronika::deadletters {
namespace {

constexpr std::string_view kFault = "kronika-dlq-";
constexpr std::string_view kSealed = "KS1";

bool names(std::string_view reasons, std::string_view reason) {
  while (!reasons.empty()) {
    const auto end = reasons.find(' ');
    const std::string_view one = reasons.substr(0, end);
    if (one.substr(0, one.find('=')) == reason) return true;
    reasons.remove_prefix(end == std::string_view::npos ? reasons.size() : end + 1);
  }
  return false;
}

}  // namespace

std::string DeadLetter::header(std::string_view name) const {
  const auto found =
      std::find_if(headers.begin(), headers.end(), [&](const auto& h) { return h.first == name; });
  return found == headers.end() ? std::string() : found->second;
}

std::string DeadLetter::fault(std::string_view name) const {
  return header(std::string(kFault).append(name));
}

bool DeadLetter::sealed() const { return value.starts_with(kSealed); }

std::string DeadLetter::sender() const {
  if (std::string named = fault("sender"); !named.empty() || sealed()) return named;
  const auto wire = bus::read_wire(value);
  domain::Event event;
  if (!wire || wire->schema_id != codec::kEventSchemaId ||
      !codec::decode_event(wire->message, event)) {
    return {};
  }
  return event.sender_org;
}

std::string DeadLetter::reasons() const {
  if (std::string all = fault("reasons"); !all.empty()) return all;
  return fault("reason") + "=1";
}

std::string DeadLetter::source() const {
  if (std::string file = fault("source"); !file.empty()) return file;
  if (fault("topic").empty()) return fault("door");
  return fault("topic") + "/" + fault("partition") + "@" + fault("offset");
}

DeadLetter read_dead_letter(const bus::Record& record) {
  DeadLetter letter;
  letter.at = {record.partition, record.offset};
  letter.time = record.timestamp;
  letter.key = record.key;
  letter.value = record.value;
  for (const bus::Header& h : record.headers) letter.headers.emplace_back(h.key, h.value);
  return letter;
}

std::string text_of(const codec::RecordPlace& place) {
  return std::to_string(place.partition) + ":" + std::to_string(place.offset);
}

Result<codec::RecordPlace> read_place(std::string_view text) {
  codec::RecordPlace place;
  const char* end = text.data() + text.size();
  const auto partition = std::from_chars(text.data(), end, place.partition);
  if (partition.ec == std::errc() && partition.ptr != end && *partition.ptr == ':') {
    const auto offset = std::from_chars(partition.ptr + 1, end, place.offset);
    if (offset.ec == std::errc() && offset.ptr == end) return place;
  }
  return fail(kSelection, "a place is PARTITION:OFFSET, as kronika dead-letters list shows it");
}

bool Selection::empty() const {
  return places.empty() && stage.empty() && reason.empty() && sender.empty() && !from && !to;
}

bool Selection::matches(const DeadLetter& letter) const {
  if (!places.empty() && std::find(places.begin(), places.end(), letter.at) == places.end()) {
    return false;
  }
  if (!stage.empty() && letter.fault("stage") != stage) return false;
  if (!reason.empty() && letter.fault("reason") != reason && !names(letter.reasons(), reason)) {
    return false;
  }
  if (from && letter.time < *from) return false;
  if (to && letter.time >= *to) return false;
  return sender.empty() || letter.sender() == sender;
}

}  // namespace kronika::deadletters
