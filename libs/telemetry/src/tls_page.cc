#include "tls_page.h"

#include <algorithm>
#include <arpa/inet.h>
#include <atomic>
#include <ctime>
#include <netdb.h>
#include <poll.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <thread>
#include <unistd.h>

#include <openssl/pem.h>
#include <openssl/ssl.h>
#include <openssl/x509.h>

#include <kronika/telemetry/errc.h>
#include <kronika/telemetry/log.h>

namespace kronika::telemetry {
namespace {

namespace fs = std::filesystem;

template <class T, void (*Free)(T*)>
struct Freed {
  void operator()(T* p) const { Free(p); }
};
using SslContext = std::unique_ptr<SSL_CTX, Freed<SSL_CTX, SSL_CTX_free>>;
using SslConnection = std::unique_ptr<SSL, Freed<SSL, SSL_free>>;

constexpr int kPatienceSeconds = 5;         // for a client that connects and says nothing
constexpr std::size_t kMaxRequest = 16384;  // a scrape is a few hundred bytes

Result<SslContext> context_of(const PageSecurity& security) {
  SslContext context(SSL_CTX_new(TLS_server_method()));
  const auto refuse = [](const char* setting, const fs::path& file) {
    return fail(code<Errc::kCertificate>(), std::string(setting) + ": " + file.string() +
                                                " cannot be read, or does not fit the others");
  };
  SSL_CTX_set_min_proto_version(context.get(), TLS1_2_VERSION);
  if (SSL_CTX_use_certificate_chain_file(context.get(), security.cert_file.c_str()) != 1) {
    return refuse("metrics.cert_file", security.cert_file);
  }
  if (SSL_CTX_use_PrivateKey_file(context.get(), security.key_file.c_str(), SSL_FILETYPE_PEM) !=
          1 ||
      SSL_CTX_check_private_key(context.get()) != 1) {
    return refuse("metrics.key_file", security.key_file);
  }
  if (!security.client_ca_file.empty()) {
    if (SSL_CTX_load_verify_file(context.get(), security.client_ca_file.c_str()) != 1) {
      return refuse("metrics.client_ca_file", security.client_ca_file);
    }
    SSL_CTX_set_verify(context.get(), SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT, nullptr);
  }
  return context;
}

std::vector<fs::file_time_type> times_of(const PageSecurity& security) {
  std::vector<fs::file_time_type> times;
  for (const auto& file : {security.cert_file, security.key_file, security.client_ca_file}) {
    std::error_code ignored;
    times.push_back(fs::last_write_time(file, ignored));
  }
  return times;
}

class OpenSslPage final : public TlsPage {
 public:
  OpenSslPage(PageSecurity security, std::function<std::string()> text)
      : security_(std::move(security)), text_(std::move(text)) {}

  ~OpenSslPage() override {
    stopping_ = true;
    if (wake_[1] >= 0) {
      [[maybe_unused]] const auto written = ::write(wake_[1], "x", 1);
    }
    if (thread_.joinable()) thread_.join();
    for (const int fd : {listening_, wake_[0], wake_[1]}) {
      if (fd >= 0) ::close(fd);
    }
  }

  Result<void> start(const std::string& address, std::uint16_t port) {
    times_ = times_of(security_);
    auto context = context_of(security_);
    if (!context) return tl::unexpected(context.error());
    context_ = std::move(*context);
    if (!listen(address, port) || ::pipe(wake_) != 0) {
      return fail(code<Errc::kMetricsPort>(),
                  "cannot serve metrics on " + address + ":" + std::to_string(port) +
                      ": the port is in use or not permitted; choose another with the program's "
                      "metrics_port setting");
    }
    thread_ = std::thread([this] { loop(); });
    return {};
  }

  std::uint16_t port() const override { return port_; }

 private:
  bool listen(const std::string& address, std::uint16_t port) {
    addrinfo hints{};
    hints.ai_flags = AI_PASSIVE | AI_NUMERICSERV;
    hints.ai_socktype = SOCK_STREAM;
    addrinfo* found = nullptr;
    if (getaddrinfo(address.c_str(), std::to_string(port).c_str(), &hints, &found) != 0)
      return false;
    listening_ = ::socket(found->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    const int on = 1;
    ::setsockopt(listening_, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on);
    const bool ok = listening_ >= 0 && ::bind(listening_, found->ai_addr, found->ai_addrlen) == 0 &&
                    ::listen(listening_, 8) == 0;
    freeaddrinfo(found);
    if (!ok) return false;
    sockaddr_storage bound{};
    socklen_t bytes = sizeof bound;
    ::getsockname(listening_, reinterpret_cast<sockaddr*>(&bound), &bytes);
    port_ =
        ntohs(bound.ss_family == AF_INET6 ? reinterpret_cast<const sockaddr_in6&>(bound).sin6_port
                                          : reinterpret_cast<const sockaddr_in&>(bound).sin_port);
    return true;
  }

  void loop() {
    while (!stopping_) {
      pollfd waiting[2] = {{listening_, POLLIN, 0}, {wake_[0], POLLIN, 0}};
      if (::poll(waiting, 2, -1) <= 0 || stopping_) continue;
      const int fd = ::accept4(listening_, nullptr, nullptr, SOCK_CLOEXEC);
      if (fd < 0) continue;
      const timeval patience{kPatienceSeconds, 0};
      ::setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &patience, sizeof patience);
      ::setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &patience, sizeof patience);
      serve(fd);
      ::close(fd);
    }
  }

  /// New files count from the next connection on; a pair that does not fit (one of two written so
  /// far) leaves the old one in force.
  void reload() {
    auto now = times_of(security_);
    if (now == times_) return;
    auto context = context_of(security_);
    if (!context) {
      log::warn("CERTIFICATE_UNUSABLE", "the metrics page goes on with its old certificate",
                {{"error", context.error().context}});
      return;
    }
    context_ = std::move(*context);
    times_ = std::move(now);
    log::info("CERTIFICATE_RELOADED", "the metrics page has a new certificate");
  }

  void serve(int fd) {
    reload();
    const SslConnection ssl(SSL_new(context_.get()));
    SSL_set_fd(ssl.get(), fd);
    if (SSL_accept(ssl.get()) != 1) return;
    std::string request;
    char buffer[2048];
    while (request.find("\r\n\r\n") == std::string::npos && request.size() < kMaxRequest) {
      const int n = SSL_read(ssl.get(), buffer, sizeof buffer);
      if (n <= 0) return;
      request.append(buffer, static_cast<std::size_t>(n));
    }
    const bool known = request.starts_with("GET /metrics ") || request.starts_with("GET /metrics?");
    const std::string body = known ? text_() : "this port serves /metrics\n";
    const std::string answer =
        std::string("HTTP/1.1 ") + (known ? "200 OK" : "404 Not Found") +
        "\r\nContent-Type: text/plain; version=0.0.4; charset=utf-8\r\nConnection: close\r\n"
        "Content-Length: " +
        std::to_string(body.size()) + "\r\n\r\n" + body;
    std::size_t sent = 0;
    while (sent < answer.size()) {
      const int n =
          SSL_write(ssl.get(), answer.data() + sent,
                    static_cast<int>(std::min<std::size_t>(answer.size() - sent, 1 << 20)));
      if (n <= 0) return;
      sent += static_cast<std::size_t>(n);
    }
    SSL_shutdown(ssl.get());
  }

  const PageSecurity security_;
  const std::function<std::string()> text_;
  SslContext context_;                     // the page's thread, after start()
  std::vector<fs::file_time_type> times_;  // likewise
  int listening_ = -1;
  int wake_[2] = {-1, -1};
  std::uint16_t port_ = 0;
  std::atomic<bool> stopping_{false};
  std::thread thread_;
};

double not_after(const fs::path& file) {
  const std::unique_ptr<BIO, int (*)(BIO*)> bio(BIO_new_file(file.c_str(), "r"), &BIO_free);
  if (!bio) return 0;
  const std::unique_ptr<X509, Freed<X509, X509_free>> certificate(
      PEM_read_bio_X509(bio.get(), nullptr, nullptr, nullptr));
  if (!certificate) return 0;
  std::tm when{};
  if (ASN1_TIME_to_tm(X509_get0_notAfter(certificate.get()), &when) != 1) return 0;
  return static_cast<double>(::timegm(&when));
}

}  // namespace

Result<std::unique_ptr<TlsPage>> TlsPage::open(const std::string& address, std::uint16_t port,
                                               const PageSecurity& security,
                                               std::function<std::string()> text) {
  auto page = std::make_unique<OpenSslPage>(security, std::move(text));
  if (auto ok = page->start(address, port); !ok) return tl::unexpected(ok.error());
  return page;
}

Registration register_certificates(Registry& registry,
                                   std::vector<std::pair<std::string, fs::path>> certificates) {
  std::erase_if(certificates, [](const auto& c) { return c.second.empty(); });
  if (certificates.empty()) return {};
  return registry.sampled(SampleKind::kGauge, "kronika_certificate_not_after_timestamp_seconds",
                          "When a certificate that this process uses ends",
                          [certificates = std::move(certificates)] {
                            std::vector<Sample> samples;
                            for (const auto& [purpose, file] : certificates) {
                              samples.push_back({{{"purpose", purpose}}, not_after(file)});
                            }
                            return samples;
                          });
}

}  // namespace kronika::telemetry
