#include "calls.h"

#include "publish_stream.h"

#include <string>
#include <string_view>

namespace kronika::door_grpc {
namespace {

constexpr std::string_view kService = "kronika.ingest.v1.IngestService";

/// The client's certificate where it showed one, else its address: "ipv4:127.0.0.1:4711",
/// "ipv6:%5B::1%5D:4711".
std::string peer_of(const grpc::ServerContextBase& context) {
  const auto authenticated = context.auth_context();
  if (authenticated != nullptr && authenticated->IsPeerAuthenticated()) {
    const grpc::string_ref name = authenticated->GetPeerIdentity().front();
    return edge::peer_of_certificate({name.data(), name.size()});
  }
  const std::string uri = context.peer();
  const std::size_t begin = uri.find(':') + 1;
  std::string address = uri.substr(begin, uri.rfind(':') - begin);
  if (address.starts_with("%5B")) address = address.substr(3, address.size() - 6);
  return edge::peer_of_address(address);
}

}  // namespace

Calls::Calls(telemetry::Registry& registry, const edge::Peers::Options& bounds)
    : unary(registry, kService, "Publish"),
      stream(registry, kService, "PublishStream", "bidi_stream"),
      peers_(edge::Peers::make(bounds, &registry)),
      open_(registry.gauge("kronika_ingest_connections",
                           "Open connections; of gRPC the open calls and streams",
                           {{"protocol", "grpc"}})) {}

std::optional<OpenCall> Calls::enter(const grpc::ServerContextBase& context) {
  auto place = peers_->enter(peer_of(context));
  if (!place) return std::nullopt;
  return std::optional<OpenCall>(std::in_place, std::move(*place), open_);
}

void Calls::add(PublishStream& added) {
  {
    const std::lock_guard lock(mutex_);
    streams_.insert(&added);
  }
  if (stopping_) added.stop();
}

void Calls::remove(PublishStream& removed) {
  const std::lock_guard lock(mutex_);
  streams_.erase(&removed);
}

void Calls::stop() {
  stopping_ = true;
  const std::lock_guard lock(mutex_);
  for (PublishStream* each : streams_) each->stop();
}

}  // namespace kronika::door_grpc
