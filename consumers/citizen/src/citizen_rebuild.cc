// Folding everyone once (architecture A8). While a rebuild reads, an event goes into the journal
// and, where no earlier life has done that, into the ledger, the dead letters and the moves; a
// citizen gets a stand-in in the store in place of a state: a record of rule generation 0, which
// names what was refused of it. When everything is read, the stand-ins are states of an older
// generation, and what refolds those emits them: in bounded transactions, resumable, one record a
// citizen.
//
// A stand-in never leaves the store. With an empty disk, the citizens that were emitted come back
// from citizen-state and are replayed as in A5; the others are judged and get a stand-in again.

#include "citizen_task_impl.h"

#include <kronika/bus/wire.h>
#include <kronika/codec/event_codec.h>
#include <kronika/codec/schema_ids.h>

namespace kronika::citizen {

Result<void> CitizenTask::rebuild_record(const bus::Record& record, bus::TaskContext& ctx) {
  if (auto done = read_refused(); !done) return done;
  const auto person = PersonKey::from_bytes(record.key);
  Slot* slot = nullptr;
  if (person) {
    auto found = slot_of(*person);
    if (!found) return tl::unexpected(found.error());
    slot = *found;
    if (!slot->never_emitted()) return replay_record(record, ctx);
  }
  if (record.topic_index == kFlytning) {
    if (auto done = take_flytning(record, Mode::kRebuild, ctx); !done) return done;
  } else {
    const auto event_bytes = read_event(record, Mode::kRebuild);
    if (!event_bytes) return tl::unexpected(event_bytes.error());
    if (auto judged = journal_event(*slot, *event_bytes, Mode::kRebuild, ctx); !judged)
      return tl::unexpected(judged.error());
  }
  keep_stand_in(*slot, ctx);
  return {};
}

void CitizenTask::keep_stand_in(Slot& slot, bus::TaskContext& ctx) {
  const std::size_t wanted = 1 + slot.record.refused.size();
  if (slot.stand_in == wanted && !slot.contested) return;
  codec::CitizenRecord stand_in;
  stand_in.state.person = slot.person();
  stand_in.generation = kNeverEmitted;
  stand_in.refused = slot.record.refused;
  std::string value;
  bus::append_wire_prefix(codec::kCitizenStateSchemaId, value);
  codec::encode_citizen(*rules_, stand_in, nullptr, value);
  ctx.writes().put(kStates, slot.person().view(), value);
  slot.encoded = std::string_view(value).substr(bus::kWirePrefixBytes);
  slot.stand_in = wanted;
}

Result<void> CitizenTask::read_refused() {
  if (refused_known_) return {};
  auto stored = store_.get(kStates, codec::progress_key(partition_));
  if (!stored) return tl::unexpected(stored.error());
  codec::ProgressRecord progress;
  if (*stored) {
    const auto wire = bus::read_wire(**stored);
    if (wire && codec::decode_progress(wire->message, progress))
      refused_ = std::move(progress.refused);
  }
  refused_known_ = true;
  return {};
}

Result<void> CitizenTask::on_rebuild_read(bus::TaskContext&) {
  deferring_ = false;
  return read_states();
}

}  // namespace kronika::citizen
