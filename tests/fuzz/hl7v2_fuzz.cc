// The HL7 v2 parser and mapping, and the answers that are made of its messages.
#include "fuzz.h"
#include "hl7v2/hl7v2.h"

#include <kronika/codec/hl7v2_ack.h>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kronika;  // NOLINT(google-build-using-namespace): one function
  const std::string_view bytes = fuzz::view(data, size);
  codec::Translation t;
  codec::hl7v2::read_message(bytes, fuzz::settings(), fuzz::kReceived, t);
  codec::Hl7Verdict verdict = codec::verdict_of(t);
  for (const std::string& answer : codec::hl7v2_answers(bytes, verdict)) {
    fuzz::require(answer.starts_with("MSH") && answer.back() == '\r');
    fuzz::require(answer.size() < 200'000);
    // One frame of MLLP.
    fuzz::require(answer.find('\x0b') == std::string::npos &&
                  answer.find('\x1c') == std::string::npos);
  }
  if (!bytes.empty()) fuzz::check(t);
  return 0;
}
