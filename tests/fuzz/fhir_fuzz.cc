// MedCom FHIR messages, FHIR R4 bundles and resources: everything that translate() tells by
// content.
#include "fuzz.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kronika;  // NOLINT(google-build-using-namespace): one function
  const std::string_view bytes = fuzz::view(data, size);
  const codec::Translation t = codec::translate(bytes, fuzz::settings(), fuzz::kReceived);
  fuzz::require(t.protocol == codec::detect(bytes));
  // An empty bundle has nothing to tell.
  if (t.protocol != codec::Protocol::kFhirBundle || !t.outcomes.empty()) fuzz::check(t);
  return 0;
}
