// An event's bytes from Kafka: what can be read is written and read again as the same.
#include "fuzz.h"

#include <string>

#include <kronika/codec/event_codec.h>
#include <kronika/codec/ledger_codec.h>
#include <kronika/domain/checks.h>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kronika;  // NOLINT(google-build-using-namespace): one function
  const std::string_view bytes = fuzz::view(data, size);
  domain::Event event;
  if (codec::decode_event(bytes, event)) {
    (void)domain::check(*fuzz::settings().rules, event, fuzz::kReceived);
    std::string once, twice;
    codec::encode_event(event, once);
    domain::Event again;
    fuzz::require(codec::decode_event(once, again).has_value());
    codec::encode_event(again, twice);
    fuzz::require(once == twice);
  }
  codec::LedgerEntry entry;
  (void)codec::decode_ledger_entry(bytes, entry);
  return 0;
}
