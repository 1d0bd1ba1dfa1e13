#include "medcom/medcom.h"

namespace kronika::codec {

Activity latest_activity(const Message& message, Draft& draft) {
  const Message::Entry* header = message.first_of("MessageHeader");
  Activity best;
  bool best_targets = false;
  for (const Message::Entry& e : message.entries()) {
    if (e.type != "Provenance") continue;
    const When recorded = message.read_time(e.resource["recorded"], "(Provenance.recorded)", draft);
    if (!recorded.known()) continue;
    bool targets = false;
    e.resource["target"].each([&](const Node& target, std::size_t) {
      targets = targets || (header != nullptr && message.resolve(target) == header);
    });
    const bool later = best.provenance == nullptr || recorded.at > best.recorded.at ||
                       (recorded.at == best.recorded.at && (targets || !best_targets));
    if (!later) continue;
    best = {&e, e.resource["activity"]["coding"].first().text("code"), recorded};
    best_targets = targets;
  }
  if (best.provenance == nullptr) {
    draft.fault(domain::Reason::kFieldMissing, "Provenance.recorded",
                "No Provenance says when and why this message was sent.");
  }
  return best;
}

}  // namespace kronika::codec
