// One HTTP connection: a request, its answer, the next request. Lives as long as something is under
// way on it.
#pragma once

#include "exchange.h"

#include <memory>

#include <boost/asio/ip/tcp.hpp>
#include <boost/asio/ssl/context.hpp>

namespace kronika::door_fhir {

class Connection {
 public:
  virtual ~Connection() = default;
  virtual void start() = 0;
  /// Any thread.
  virtual void stop() = 0;
};

/// `tls`: the certificates in force; nullptr: plaintext. `place`: of its address. The socket's
/// executor is a strand.
[[nodiscard]] std::shared_ptr<Connection> make_connection(
    boost::asio::ip::tcp::socket socket, std::shared_ptr<boost::asio::ssl::context> tls,
    edge::Place place, Exchange& exchange);

}  // namespace kronika::door_fhir
