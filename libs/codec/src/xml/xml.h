// Legacy MedCom XML ("Den gode XML": Emessage with an envelope and a letter). domain.md has no
// field map for it, so a letter is recognised by its name (13.5), its envelope and person are
// checked, and no event is made of it. External entities are never resolved, none is expanded;
// depth and number of elements are bounded before anything is built.
#pragma once

#include <string_view>

#include <kronika/codec/adapter.h>

namespace kronika::codec {

void read_xml(std::string_view bytes, const AdapterSettings& settings, Instant receive_time,
              Translation& out);

}  // namespace kronika::codec
