// Plain settings of the gateway; main.cc fills them from the configuration.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>
#include <filesystem>
#include <string>
#include <vector>

#include <kronika/base/clock.h>
#include <kronika/gateway/ledger.h>

namespace kronika::gateway {

struct ServerOptions {
  std::string address = "127.0.0.1";
  std::uint16_t port = 0;  ///< 0 takes a free one
  /// PEM files; with a certificate and its key the gateway speaks TLS, and reads them again when
  /// they change. With authorities of clients, a client must show a certificate of one of them.
  std::filesystem::path cert_file = {}, key_file = {}, client_ca_file = {};
  /// gRPC 1.51.1 has known denial-of-service faults: without a certificate any other address than a
  /// loopback one is refused, unless the operator says that something in front of it (a proxy that
  /// ends TLS, a pod's network policy) guards it.
  bool allow_remote_plaintext = false;
  int default_page_size = 100;
  int max_page_size = 1000;                           ///< a larger wish is cut to it
  std::chrono::milliseconds default_deadline{5'000};  ///< for a caller that names none
  std::chrono::milliseconds max_deadline{60'000};     ///< whatever the caller asks
  std::vector<std::string> identifier_systems;        ///< foreign identifiers that name a citizen
  /// Answers about citizens as of now that are kept ready; 0 keeps none.
  std::size_t answer_cache_bytes = 48U << 20;
  std::string version;
};

struct ViewOptions {
  std::string path;
  /// Names what the view is a view of: cluster id and topic prefix. A view with another identity is
  /// refused with view_foreign.
  std::string identity;
  /// 0 days: no ledger is kept, and its topics are not read.
  LedgerTerms ledger{};
  Instant now{};  ///< the ledger begins so many days before
  std::size_t block_cache_bytes = 32U << 20;
  std::size_t memtable_bytes = 8U << 20;
};

}  // namespace kronika::gateway
