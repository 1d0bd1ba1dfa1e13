// Observation to MeasurementRecorded: FHIR R4 and HomeCareObservation share it.
#pragma once

#include "fhir/message.h"

namespace kronika::codec {

/// What the message around the Observation decides.
struct ObservationContext {
  std::string source_system;  ///< empty: "fhir/" and the sender
  std::optional<domain::Op>
      op;         ///< HomeCareObservation: by its activity; nothing: by Observation.status
  When recorded;  ///< HomeCareObservation: Provenance.recorded
  bool version_is_recorded = false;  ///< source_version = recorded, whatever meta says
  domain::Setting setting = domain::Setting::kUnspecified;
  Node sender;
  std::string_view fallback_id;  ///< K where the Observation has no id
};

/// Puts out one event, refusal or ignorance for the Observation and for each component with a
/// supported code.
void read_observation(Message& message, const Message::Entry& entry,
                      const ObservationContext& context);

}  // namespace kronika::codec
