// The fields of kronika.state.v1.Refused, which progress and citizen-state records share.
#pragma once

#include "proto/event_fields.h"

#include <kronika/codec/ledger_codec.h>

namespace kronika::codec {

KRONIKA_FIELDS(RefusedRecord) {
  v.text(1, m.topic);
  v.number(2, m.partition);
  v.number(3, m.offset);
  v.text(4, m.reason);
}

}  // namespace kronika::codec
