// Legacy MedCom XML.
#include "fuzz.h"
#include "xml/xml.h"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace kronika;  // NOLINT(google-build-using-namespace): one function
  codec::Translation t;
  codec::read_xml(fuzz::view(data, size), fuzz::settings(), fuzz::kReceived, t);
  fuzz::check(t);
  return 0;
}
