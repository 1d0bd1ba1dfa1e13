// Messages made from a few lines of text, and the reading of them, for the adapter tests.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include <gtest/gtest.h>

#include <kronika/codec/adapter.h>
#include <kronika/refdata/loader.h>

namespace kronika::codec {

inline constexpr std::string_view kTestCpr = "2509479989";  // MedCom's test person
inline constexpr std::string_view kSender = "990000000000201";
inline constexpr Instant kReceivedAt{1'780'272'000'000};  // 1 June 2026

class AdapterTest : public ::testing::Test {
 protected:
  AdapterTest() {
    static const auto rules =
        refdata::load(KRONIKA_SOURCE_DIR "/data/reference",
                      KRONIKA_SOURCE_DIR "/data/reference/organisations.csv", 1)
            .value();
    settings.rules = rules.get();
    settings.hasher = &hasher;
    settings.default_sender_org = std::string(kSender);
  }

  Translation read(std::string_view bytes) const { return translate(bytes, settings, kReceivedAt); }

  /// The events; fails the test if anything was refused.
  std::vector<domain::Event> events(std::string_view bytes) const {
    std::vector<domain::Event> found;
    for (const Outcome& o : read(bytes).outcomes) {
      if (const auto* a = std::get_if<Accepted>(&o)) found.push_back(a->event);
      if (const auto* r = std::get_if<Refused>(&o)) ADD_FAILURE() << text(*r);
    }
    return found;
  }
  domain::Event event(std::string_view bytes) const {
    const auto found = events(bytes);
    EXPECT_EQ(found.size(), 1U) << bytes;
    return found.empty() ? domain::Event{} : found.front();
  }
  /// "RANGE_HARD @ Observation/x .value[x]" of each refusal.
  std::vector<std::string> refusals(std::string_view bytes) const {
    std::vector<std::string> found;
    for (const Outcome& o : read(bytes).outcomes) {
      if (const auto* r = std::get_if<Refused>(&o)) found.push_back(text(*r));
    }
    return found;
  }
  std::vector<std::string> ignored(std::string_view bytes) const {
    std::vector<std::string> found;
    for (const Outcome& o : read(bytes).outcomes) {
      if (const auto* i = std::get_if<Ignored>(&o)) found.push_back(i->what);
    }
    return found;
  }

  static std::string text(const Refused& r) {
    return std::string(domain::slug(r.reason())) + " @ " + r.faults.front().position;
  }

  PersonHasher hasher{"a secret for the tests of codec"};
  AdapterSettings settings;
};

/// A Patient entry with the CPR number (or what stands for it) and further members.
inline std::string patient(std::string_view cpr = kTestCpr, std::string_view more = "") {
  return R"({"fullUrl":"urn:uuid:p1","resource":{"resourceType":"Patient","id":"p1","identifier":[null,{"system":"urn:oid:1.2.208.176.1.2","value":")" +
         std::string(cpr) + "\"}]" + std::string(more) + "}}";
}

/// A bundle of the given type around the entries.
inline std::string bundle(std::string_view type, const std::vector<std::string>& entries) {
  std::string out = R"({"resourceType":"Bundle","id":"b1","type":")" + std::string(type) +
                    R"(","timestamp":"2025-03-01T12:00:00+01:00","entry":[)";
  for (std::size_t i = 0; i < entries.size(); ++i) out += (i == 0 ? "" : ",") + entries[i];
  return out + "]}";
}

/// One resource about the test person, with the Patient beside it.
inline std::string with_patient(const std::string& resource) {
  return bundle("collection", {patient(), "{\"resource\":" + resource + "}"});
}

}  // namespace kronika::codec
