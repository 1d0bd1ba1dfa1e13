#include "probe.h"

#include <kronika/bus/topics.h>
#include <kronika/domain/time.h>

namespace kronika::edge {
namespace {

constexpr std::array<std::string_view, 3> kOutcomeNames{"accepted", "rejected", "unavailable"};
constexpr std::array<std::string_view, 4> kStageNames{"translate", "seal", "publish", "book"};
constexpr std::array<std::string_view, 9> kTopics{
    bus::kHenvisning, bus::kUdskrivning, bus::kMaaling, bus::kForloeb,   bus::kPerson,
    bus::kRapport,    bus::kRaw,         bus::kLedger,  bus::kDeadLetter};
constexpr std::string_view kOther = "other";

std::size_t index_of(codec::Protocol protocol, std::size_t known) {
  const auto index = static_cast<std::size_t>(protocol);
  return index < known ? index : 0;
}

}  // namespace

Probe::Probe(telemetry::Registry* registry, const domain::Rules& rules)
    : registry_(registry), rules_(&rules) {
  if (registry_ == nullptr) return;
  for (std::size_t p = 0; p < kProtocols; ++p) {
    const std::string protocol(codec::to_text(static_cast<codec::Protocol>(p)));
    const auto rejections = [&](std::string_view reason) {
      return registry_->counter("kronika_ingest_rejections_total",
                                "Refused facts, and messages that are too large to be kept",
                                {{"protocol", protocol}, {"reason", std::string(reason)}});
    };
    for (std::size_t r = 0; r < kReasons; ++r) {
      protocols_[p].reasons[r] = rejections(domain::slug(static_cast<domain::Reason>(r)));
    }
    protocols_[p].too_large = rejections("MESSAGE_TOO_LARGE");
    protocols_[p].ack = registry_->histogram("kronika_ingest_ack_seconds",
                                             "From the message's arrival to its answer",
                                             telemetry::Buckets::kFast, {{"protocol", protocol}});
    protocols_[p].bytes =
        registry_->histogram("kronika_ingest_message_bytes", "Sizes of received messages",
                             telemetry::Buckets::kSize, {{"protocol", protocol}});
  }
  for (std::size_t s = 0; s < kStageNames.size(); ++s) {
    stages_[s] = registry_->histogram(
        "kronika_ingest_stage_seconds",
        "Where a message's time goes: publish ends with the acknowledgement of its records, book "
        "with that of the ledger's",
        telemetry::Buckets::kFast, {{"stage", std::string(kStageNames[s])}});
  }
  for (const std::string_view topic : kTopics) {
    const auto records = [&](const char* outcome) {
      return registry_->counter("kronika_kafka_produced_records_total",
                                "Records handed to Kafka, by what became of them",
                                {{"topic", std::string(topic)}, {"outcome", outcome}});
    };
    topics_.push_back({topic, records("acked"), records("failed")});
  }
  message(codec::Protocol::kUnknown, {}, kOutcomes, {});  // the series of "other" begin at 0
}

std::string Probe::label_of(std::string_view sender, Instant when) const {
  const domain::CivilDate today = domain::civil_date_of(when);
  const domain::Organisation* known = rules_->organisation(sender, today);
  if (known == nullptr) return std::string(kOther);
  if (known->sector != domain::Sector::kGp) return known->sor_id;
  const std::string_view region = rules_->region_of(known->municipality, today);
  return "gp-" + std::string(region.empty() ? "other" : region);
}

void Probe::message(codec::Protocol protocol, std::string_view sender, Outcome outcome,
                    Instant when) {
  if (registry_ == nullptr) return;
  std::string label = label_of(sender, when);
  const std::lock_guard lock(mutex_);
  if (!senders_.contains(label) && senders_.size() >= kMostSenders) label = kOther;
  const auto [at, is_new] = senders_.try_emplace(label);
  if (is_new && label != kOther) {
    at->second.last =
        registry_->gauge("kronika_sender_last_message_timestamp_seconds",
                         "When a message of this sender was last answered", {{"sender", label}});
  }
  // A sender's series begin with the protocol that it uses: senders times protocols would be more
  // than a page may hold.
  const auto counters = [&](std::size_t p) {
    for (std::size_t o = 0; o < kOutcomes; ++o) {
      at->second.messages[p][o] = registry_->counter(
          "kronika_ingest_messages_total", "Messages by their answer; unavailable: send again",
          {{"protocol", std::string(codec::to_text(static_cast<codec::Protocol>(p)))},
           {"sender", label},
           {"outcome", std::string(kOutcomeNames[o])}});
    }
    at->second.known[p] = true;
  };
  const std::size_t p = index_of(protocol, kProtocols);
  if (is_new && label == kOther) {
    for (std::size_t each = 0; each < kProtocols; ++each) counters(each);
  } else if (!at->second.known[p]) {
    counters(p);
  }
  if (outcome == kOutcomes) return;
  at->second.messages[p][outcome].add();
  if (outcome != kUnavailable) at->second.last.set(static_cast<double>(when.ms) / 1000);
}

void Probe::answered(const Account& account, std::size_t bytes, Elapsed elapsed) {
  message(account.protocol, account.sender_org, account.whole() ? kAccepted : kRejected,
          account.received);
  const OfProtocol& of = protocols_[index_of(account.protocol, kProtocols)];
  for (const Fact& fact : account.facts) {
    if (const auto* refused = std::get_if<codec::Refused>(&fact)) {
      of.reasons[static_cast<std::size_t>(refused->reason())].add();
    }
  }
  of.ack.observe(elapsed);
  of.bytes.observe(static_cast<double>(bytes));
}

void Probe::unavailable(codec::Protocol protocol, std::string_view sender, Instant when) {
  message(protocol, sender, kUnavailable, when);
}

void Probe::too_large(codec::Protocol protocol) {
  protocols_[index_of(protocol, kProtocols)].too_large.add();
}

void Probe::stage(Stage stage, Elapsed elapsed) const {
  stages_[static_cast<std::size_t>(stage)].observe(elapsed);
}

void Probe::produced(std::string_view topic, bool acked) const {
  for (const OfTopic& of : topics_) {
    if (of.topic == topic) return (acked ? of.acked : of.failed).add();
  }
}

}  // namespace kronika::edge
