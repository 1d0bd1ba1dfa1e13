#include "fuzz.h"

#include <cstdio>
#include <cstdlib>
#include <string>

#include <kronika/codec/event_codec.h>
#include <kronika/refdata/loader.h>

namespace kronika::fuzz {

const codec::AdapterSettings& settings() {
  static const auto rules = refdata::load(KRONIKA_SOURCE_DIR "/data/reference",
                                          KRONIKA_SOURCE_DIR "/data/reference/organisations.csv", 1)
                                .value();
  static const codec::PersonHasher hasher("a secret for the fuzzers");
  static const codec::AdapterSettings s{
      rules.get(), &hasher, {"https://github.com/synthetichealth/synthea"}, "990000000000201"};
  return s;
}

void require(bool promise) {
  if (promise) return;
  std::fputs("a promise is broken\n", stderr);
  std::abort();
}

void check(const codec::Translation& translation) {
  require(!translation.outcomes.empty());
  for (const codec::Outcome& outcome : translation.outcomes) {
    if (const auto* refused = std::get_if<codec::Refused>(&outcome)) {
      require(!refused->faults.empty());
      for (const codec::Fault& fault : refused->faults) require(!fault.sentence.empty());
    } else if (const auto* accepted = std::get_if<codec::Accepted>(&outcome)) {
      std::string bytes;
      codec::encode_event(accepted->event, bytes);
      domain::Event again;
      require(codec::decode_event(bytes, again).has_value());
      require(domain::same_content(accepted->event, again));
    } else {
      require(!std::get<codec::Ignored>(outcome).what.empty());
    }
  }
}

}  // namespace kronika::fuzz
