// An edge before a Kafka in memory: what the fixtures of the doors have in common.
#pragma once

#include "answering_bus.h"

#include <array>
#include <optional>

#include <gtest/gtest.h>

#include <kronika/codec/person_hasher.h>
#include <kronika/codec/seal.h>
#include <kronika/edge/edge.h>
#include <kronika/refdata/loader.h>
#include <kronika/telemetry/metrics.h>

namespace kronika::edge {

class EdgeFixture : public ::testing::Test {
 protected:
  EdgeFixture() {
    static const auto rules =
        refdata::load(KRONIKA_SOURCE_DIR "/data/reference",
                      KRONIKA_SOURCE_DIR "/data/reference/organisations.csv", 1)
            .value();
    adapters_.rules = rules.get();
    adapters_.hasher = &hasher_;
  }
  void open_edge() { edge_.emplace(Tools{&adapters_, &sealer_, &bus_, &registry_}, limits_); }

  codec::PersonHasher hasher_{"a secret for these tests only"};
  codec::Sealer sealer_{std::array<std::uint8_t, codec::Sealer::kKeyBytes>{5}};
  codec::AdapterSettings adapters_;
  telemetry::Registry registry_;
  Options limits_;
  AnsweringBus bus_;
  std::optional<Edge> edge_;
};

}  // namespace kronika::edge
