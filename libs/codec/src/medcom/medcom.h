// The MedCom FHIR messages. Profiles: HospitalNotification 3.0.x, HomeCareObservation 1.x
// (medcomdk).
#pragma once

#include "fhir/message.h"

namespace kronika::codec {

void read_hospital_notification(Message& message);
void read_home_care_observation(Message& message);

/// The Provenance with the latest recorded time: it says what the message does. A tie goes to the
/// one that targets this message's header, then to the later in the bundle.
struct Activity {
  const Message::Entry* provenance = nullptr;
  std::string_view code;
  When recorded;
};
[[nodiscard]] Activity latest_activity(const Message& message, Draft& draft);

}  // namespace kronika::codec
