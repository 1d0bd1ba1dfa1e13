#include <array>
#include <random>
#include <utility>

#include <kronika/bus/topics.h>
#include <kronika/bus/wire.h>
#include <kronika/codec/event_codec.h>
#include <kronika/codec/schema_ids.h>
#include <kronika/publisher/event_publisher.h>

namespace kronika::publisher {
namespace {

std::mt19937_64& generator() {
  thread_local std::mt19937_64 g = [] {
    std::random_device device;
    std::seed_seq seed{device(), device(), device(), device()};
    return std::mt19937_64(seed);
  }();
  return g;
}

void append_hex(std::uint64_t v, std::string& out) {
  constexpr std::string_view kDigits = "0123456789abcdef";
  for (int shift = 60; shift >= 0; shift -= 4) out += kDigits[v >> shift & 0xf];
}

}  // namespace

Trace::Trace() : high_(generator()()), low_(generator()() | 1) {}

std::string Trace::trace_id() const {
  std::string id;
  append_hex(high_, id);
  append_hex(low_, id);
  return id;
}

std::string Trace::header(bool always_sampled) {
  std::string text = "00-";
  append_hex(high_, text);
  append_hex(low_, text);
  text += '-';
  append_hex(generator()() | 1, text);
  text += always_sampled || high_ % 100 == 0 ? "-01" : "-00";
  return text;
}

Result<void> EventPublisher::send(const bus::Outgoing& record,
                                  std::function<void(const bus::Published&)> on_placed) {
  return bus_->publish(
      record, [tally = tally_, on_placed = std::move(on_placed)](Result<bus::Published> result) {
        if (result) {
          tally->acknowledged.fetch_add(1, std::memory_order_relaxed);
          if (on_placed) on_placed(*result);
          return;
        }
        tally->failed.fetch_add(1, std::memory_order_relaxed);
        const std::lock_guard lock(tally->mutex);
        if (!tally->first_failure) tally->first_failure = result.error();
      });
}

Result<void> EventPublisher::publish(const domain::Event& event, Trace& trace) {
  value_.clear();
  bus::append_wire_prefix(codec::kEventSchemaId, value_);
  codec::encode_event(event, value_);
  id_ = uuid_text(event.event_id);
  source_.assign("/").append(event.sender_org).append("/").append(event.source_system);
  type_.assign("kronika.event.v1.").append(domain::event_type_name(event.type()));
  time_ = domain::to_text(event.occurred_at);
  trace_header_ = trace.header();
  const std::array<bus::Header, 7> headers{{{"ce_specversion", "1.0"},
                                            {"ce_id", id_},
                                            {"ce_source", source_},
                                            {"ce_type", type_},
                                            {"ce_time", time_},
                                            {"content-type", "application/protobuf"},
                                            {"traceparent", trace_header_}}};
  bus::Outgoing record;
  record.topic = domain::topic_of(event.type());
  record.key =
      record.topic == bus::kRapport ? std::string_view(event.sender_org) : event.person_key.view();
  record.value = value_;
  record.headers = headers;
  return send(record);
}

Result<EventPublisher::Totals> EventPublisher::finish(std::chrono::milliseconds timeout) {
  if (auto done = bus_->flush(timeout); !done) return tl::unexpected(done.error());
  const std::lock_guard lock(tally_->mutex);
  return Totals{tally_->acknowledged.load(), tally_->failed.load(), tally_->first_failure};
}

}  // namespace kronika::publisher
