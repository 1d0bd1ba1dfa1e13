// The native event as JSON, and back.
#include "fuzz.h"

#include <kronika/codec/native_json.h>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kronika;  // NOLINT(google-build-using-namespace): one function
  const codec::Outcome outcome =
      codec::read_native_json(fuzz::view(data, size), fuzz::settings(), fuzz::kReceived);
  codec::Translation t;
  t.outcomes.push_back(outcome);
  fuzz::check(t);
  if (const auto* accepted = std::get_if<codec::Accepted>(&outcome)) {
    const codec::Outcome again = codec::read_native_json(codec::write_native_json(accepted->event),
                                                         fuzz::settings(), fuzz::kReceived);
    const auto* back = std::get_if<codec::Accepted>(&again);
    fuzz::require(back != nullptr && domain::same_content(back->event, accepted->event));
  }
  return 0;
}
