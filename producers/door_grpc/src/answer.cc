#include "answer.h"

#include <google/rpc/error_details.pb.h>

#include <kronika/edge/errc.h>
#include <kronika/edge/text.h>

namespace kronika::door_grpc {
namespace {

using edge::valid_utf8;

ingest::v1::Verdict verdict_of(const edge::Account& account) {
  if (account.whole()) return ingest::v1::VERDICT_ACCEPTED;
  return account.accepted > 0 ? ingest::v1::VERDICT_PARTLY_REFUSED : ingest::v1::VERDICT_REFUSED;
}

void write_fact(const edge::AcceptedFact& fact, ingest::v1::Fact& out) {
  auto& accepted = *out.mutable_accepted();
  accepted.set_event_id(uuid_text(fact.event_id));
  accepted.set_type(std::string(domain::event_type_name(fact.type)));
  accepted.set_position(valid_utf8(fact.position));
  accepted.set_topic(fact.topic);
  accepted.set_partition(fact.partition);
  accepted.set_offset(fact.offset);
}

void write_fact(const codec::Refused& fact, ingest::v1::Fact& out) {
  for (const codec::Fault& f : fact.faults) {
    auto& fault = *out.mutable_refused()->add_faults();
    fault.set_reason(std::string(domain::slug(f.reason)));
    fault.set_position(valid_utf8(f.position));
    fault.set_sentence(valid_utf8(f.sentence));
  }
}

void write_fact(const codec::Ignored& fact, ingest::v1::Fact& out) {
  out.mutable_ignored()->set_what(valid_utf8(fact.what));
  out.mutable_ignored()->set_position(valid_utf8(fact.position));
}

}  // namespace

void write_account(const edge::Account& account, ingest::v1::Account& out) {
  out.set_verdict(verdict_of(account));
  out.set_message_id(valid_utf8(edge::without_person_number(account.message_id, "(id withheld)")));
  out.set_protocol(std::string(codec::to_text(account.protocol)));
  out.set_sender_org(account.sender_org);
  out.set_sha256(account.sha256);
  out.set_trace_id(account.trace_id);
  out.mutable_received_time()->set_seconds(account.received.ms / 1000);
  out.mutable_received_time()->set_nanos(static_cast<std::int32_t>(account.received.ms % 1000) *
                                         1'000'000);
  out.mutable_facts()->Reserve(static_cast<int>(account.facts.size()));
  for (const edge::Fact& fact : account.facts) {
    std::visit([&](const auto& f) { write_fact(f, *out.add_facts()); }, fact);
  }
}

google::rpc::Status rpc_status(const Error& error) {
  google::rpc::Status status;
  const bool again = error.code.disposition() == Disposition::kRetryCall;
  const auto code = again                           ? grpc::StatusCode::UNAVAILABLE
                    : error.code == edge::kTooLarge ? grpc::StatusCode::RESOURCE_EXHAUSTED
                                                    : grpc::StatusCode::INTERNAL;
  status.set_code(code);
  status.set_message(valid_utf8(error.context));
  google::rpc::ErrorInfo info;
  info.set_reason(std::string(error.code.slug()));
  info.set_domain("kronika");
  status.add_details()->PackFrom(info);
  if (again) {
    google::rpc::RetryInfo retry;
    retry.mutable_retry_delay()->set_seconds(edge::kRetryAfter.count());
    status.add_details()->PackFrom(retry);
  }
  return status;
}

grpc::Status grpc_status(const Error& error) {
  const google::rpc::Status status = rpc_status(error);
  return {static_cast<grpc::StatusCode>(status.code()), status.message(),
          status.SerializeAsString()};
}

}  // namespace kronika::door_grpc
