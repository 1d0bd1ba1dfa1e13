#include "citizen_lookup.h"

#include <algorithm>

#include <kronika/codec/citizen_codec.h>
#include <kronika/domain/checks.h>
#include <kronika/domain/identity.h>
#include <kronika/gateway/errc.h>

namespace kronika::gateway {
namespace {

constexpr int kMostMoves = 16;  // replaced CPR numbers in a row that are followed

tl::unexpected<Error> unknown() {
  return fail(code(Errc::kCitizenUnknown),
              "no event of this citizen is known at the time asked for");
}

// 1900-01-01 to 2200-01-01: outside, the milliseconds of civil time are no sensible question.
bool sensible(const google::protobuf::Timestamp& t) {
  return t.seconds() >= -2'208'988'800 && t.seconds() < 7'258'118'400 && t.nanos() >= 0 &&
         t.nanos() < 1'000'000'000;
}

}  // namespace

Result<PersonKey> CitizenLookup::person(const query::v1::CitizenName& name) const {
  if (auto ok = check_caught_up(services_); !ok) return tl::unexpected(ok.error());
  using By = query::v1::CitizenName;
  switch (name.by_case()) {
    case By::kPersonKey: {
      const auto raw = from_hex(name.person_key());
      const auto key = raw ? PersonKey::from_bytes(*raw) : std::nullopt;
      if (!key) return fail(code(Errc::kPersonKeyMalformed), "person_key is 32 hex digits");
      return *key;
    }
    case By::kCpr: {
      domain::Refusal refusal;
      const auto today = domain::civil_date_of(services_.clock.now());
      const auto cpr = domain::read_cpr(name.cpr(), today, true, refusal);
      if (!cpr) {
        return fail(code(Errc::kCprInvalid), std::string(domain::slug(refusal.reason)) + ": " +
                                                 std::string(domain::explain(refusal.reason)));
      }
      return services_.hasher.hash_cpr(cpr->digits);
    }
    case By::kIdentifier: {
      const auto& systems = options_.identifier_systems;
      if (std::find(systems.begin(), systems.end(), name.identifier().system()) == systems.end()) {
        return fail(code(Errc::kIdentifierNotAccepted),
                    "the identifier's system is not one of identity.extra_identifier_systems");
      }
      return services_.hasher.hash_identifier(name.identifier().system(),
                                              name.identifier().value());
    }
    case By::BY_NOT_SET:
      break;
  }
  return fail(code(Errc::kCitizenNotNamed), "name the citizen by cpr, identifier or person_key");
}

Result<Asked> CitizenLookup::asked(const google::protobuf::Timestamp* as_of,
                                   const google::protobuf::Timestamp* known_at) const {
  Asked out;
  out.default_as_of = as_of == nullptr;
  out.default_known_at = known_at == nullptr;
  const auto read = [](const google::protobuf::Timestamp& t) {
    return Instant{t.seconds() * 1000 + t.nanos() / 1'000'000};
  };
  if ((as_of != nullptr && !sensible(*as_of)) || (known_at != nullptr && !sensible(*known_at))) {
    return fail(code(Errc::kTimeInvalid), "as_of and known_at lie between 1900 and 2200");
  }
  out.visibility.as_of = as_of == nullptr ? services_.clock.now() : read(*as_of);
  if (known_at != nullptr) out.visibility.known_at = read(*known_at);
  return out;
}

Result<CitizenLookup::Stored> CitizenLookup::stored(const PersonKey& person) const {
  Stored out{std::nullopt, person};
  codec::CitizenRecord record;
  for (int moves = 0; moves <= kMostMoves; ++moves) {
    auto bytes = services_.view.state(out.person);
    if (!bytes) return tl::unexpected(bytes.error());
    if (!*bytes) return unknown();
    if (!codec::decode_citizen(**bytes, record)) {
      return fail(code(Errc::kViewRecordUnreadable),
                  "the citizen's state cannot be read; delete the gateway's view");
    }
    if (record.moved_to) {
      out.person = *record.moved_to;
      continue;
    }
    if (record.generation == services_.rules.generation) out.state = std::move(record.state);
    return out;
  }
  return unknown();
}

Result<CitizenLookup::Events> CitizenLookup::events(const PersonKey& person,
                                                    const domain::Visibility& visibility) const {
  Events out;
  out.person = person;
  auto now = stored(person);
  if (!now) return tl::unexpected(now.error());
  if (now->person != person) {
    auto entries = services_.view.journal(now->person);
    if (!entries) return tl::unexpected(entries.error());
    // Before the replacement was recorded, the old number stood for itself.
    const bool moved_by_then =
        std::any_of(entries->begin(), entries->end(), [&](const domain::JournalEntry& entry) {
          return std::any_of(entry.path.begin(), entry.path.end(), [&](const domain::Hop& hop) {
            return hop.person_key == person && hop.link_recorded_at <= visibility.known_at;
          });
        });
    if (moved_by_then) {
      out.person = now->person;
      out.entries = std::move(*entries);
    }
  }
  if (out.person == person) {
    auto entries = services_.view.journal(person);
    if (!entries) return tl::unexpected(entries.error());
    out.entries = std::move(*entries);
  }
  out.effective = domain::effective_events(out.entries, visibility);
  if (out.effective.events.empty()) return unknown();
  return out;
}

}  // namespace kronika::gateway
