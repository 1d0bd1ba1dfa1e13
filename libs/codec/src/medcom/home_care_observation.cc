// HomeCareObservation 1.x (domain.md 13.2): one MeasurementRecorded an Observation; the activity
// says whether the values are new, modified or retracted.
#include "fhir/observation.h"
#include "medcom/medcom.h"

#include <string>

namespace kronika::codec {

void read_home_care_observation(Message& message) {
  const Message::Entry* header = message.first_of("MessageHeader");
  Draft probe = message.draft(*header);
  const Activity activity = latest_activity(message, probe);
  ObservationContext context;
  if (activity.code == "new-message") {
    context.op = domain::Op::kCreate;
  } else if (activity.code == "modified-message") {
    context.op = domain::Op::kRevise;
  } else if (activity.code == "retract-message") {
    context.op = domain::Op::kCancel;
  } else if (probe.faults.empty()) {
    probe.fault(domain::Reason::kEnumUnknown, "(Provenance.activity)",
                "This activity code is not one of HomeCareObservation 1.x.");
  }
  if (!probe.faults.empty()) {
    message.refuse(probe.faults.front().position, probe.faults.front().reason,
                   probe.faults.front().sentence);
    return;
  }
  context.recorded = activity.recorded;
  context.version_is_recorded = true;
  context.setting = domain::Setting::kHome;
  context.sender = header->resource["sender"];
  // Ids of Observations are the sender's own, so the sender is part of the key.
  context.source_system = "medcom-hco/" + message.sor_of(context.sender, header);

  std::size_t index = 0;
  for (const Message::Entry& e : message.entries()) {
    if (e.type != "Observation" || e.container != nullptr) continue;
    const std::string fallback =
        std::string(message.root().text("id")) + "/" + std::to_string(index++);
    context.fallback_id = fallback;
    read_observation(message, e, context);
  }
  if (index == 0) {
    message.refuse("Bundle.entry", domain::Reason::kFieldMissing,
                   "A HomeCareObservation needs at least one Observation.");
  }
}

}  // namespace kronika::codec
