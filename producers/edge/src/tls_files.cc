#include <arpa/inet.h>
#include <array>
#include <utility>

#include <boost/asio/ssl/context.hpp>
#include <openssl/ssl.h>
#include <openssl/x509v3.h>

#include <kronika/edge/errc.h>
#include <kronika/edge/tls_files.h>
#include <kronika/telemetry/log.h>

namespace kronika::edge {
namespace {

namespace fs = std::filesystem;
namespace log = telemetry::log;
namespace ssl = boost::asio::ssl;
using boost::system::error_code;

std::vector<fs::file_time_type> stamps_of(const Listen& listen) {
  std::vector<fs::file_time_type> stamps;
  for (const fs::path& file : {listen.cert_file, listen.key_file, listen.client_ca_file}) {
    std::error_code ignored;
    stamps.push_back(fs::last_write_time(file, ignored));
  }
  return stamps;
}

Result<TlsFiles::Context> load(const Listen& listen) {
  auto context = std::make_shared<ssl::context>(ssl::context::tls_server);
  context->set_options(ssl::context::default_workarounds | ssl::context::no_sslv2 |
                       ssl::context::no_sslv3 | ssl::context::no_tlsv1 | ssl::context::no_tlsv1_1);
  error_code fault;
  const auto unusable = [&](const fs::path& file) {
    return fail(kListen, file.string() + " cannot be used: " + fault.message());
  };
  context->use_certificate_chain_file(listen.cert_file.string(), fault);
  if (fault) return unusable(listen.cert_file);
  context->use_private_key_file(listen.key_file.string(), ssl::context::pem, fault);
  if (fault) return unusable(listen.key_file);
  if (listen.client_ca_file.empty()) return context;
  context->load_verify_file(listen.client_ca_file.string(), fault);
  if (fault) return unusable(listen.client_ca_file);
  context->set_verify_mode(ssl::verify_peer | ssl::verify_fail_if_no_peer_cert);
  return context;
}

std::string text_of(const ASN1_STRING* text) {
  return {reinterpret_cast<const char*>(ASN1_STRING_get0_data(text)),
          static_cast<std::size_t>(ASN1_STRING_length(text))};
}

/// Empty for kinds of names that are not taken.
std::string text_of(const GENERAL_NAME& name) {
  switch (name.type) {
    case GEN_DNS:
      return text_of(name.d.dNSName);
    case GEN_URI:
      return text_of(name.d.uniformResourceIdentifier);
    case GEN_EMAIL:
      return text_of(name.d.rfc822Name);
    case GEN_IPADD: {
      const std::string bytes = text_of(name.d.iPAddress);
      std::array<char, INET6_ADDRSTRLEN> out{};
      const int family = bytes.size() == 4 ? AF_INET : AF_INET6;
      if (bytes.size() != 4 && bytes.size() != 16) return {};
      return inet_ntop(family, bytes.data(), out.data(), out.size()) == nullptr ? "" : out.data();
    }
    default:
      return {};
  }
}

std::string common_name(X509* certificate) {
  X509_NAME* subject = X509_get_subject_name(certificate);
  const int at = X509_NAME_get_index_by_NID(subject, NID_commonName, -1);
  if (at < 0) return {};
  return text_of(X509_NAME_ENTRY_get_data(X509_NAME_get_entry(subject, at)));
}

}  // namespace

TlsFiles::TlsFiles(Listen listen, Context context, Stamps read)
    : listen_(std::move(listen)),
      context_(std::move(context)),
      read_(std::move(read)),
      look_at_(std::chrono::steady_clock::now() + listen_.certificate_refresh) {}

Result<std::unique_ptr<TlsFiles>> TlsFiles::open(const Listen& listen) {
  auto stamps = stamps_of(listen);
  auto context = load(listen);
  if (!context) return tl::unexpected(context.error());
  return std::unique_ptr<TlsFiles>(new TlsFiles(listen, std::move(*context), std::move(stamps)));
}

TlsFiles::Context TlsFiles::current() {
  const auto now = std::chrono::steady_clock::now();
  if (now < look_at_) return context_;
  look_at_ = now + listen_.certificate_refresh;
  auto stamps = stamps_of(listen_);
  if (stamps == read_) return context_;
  auto fresh = load(listen_);
  if (!fresh) {
    // Certificate and key are two files: what is half renewed fits in a moment.
    log::error("CERTIFICATE_UNUSABLE", "the old certificates stay in force",
               {{"error", fresh.error().context}});
    return context_;
  }
  context_ = std::move(*fresh);
  read_ = std::move(stamps);
  log::info("CERTIFICATE_READ", "new certificates are in force");
  return context_;
}

std::string certificate_name(ssl_st* connection) {
  const std::unique_ptr<X509, decltype(&X509_free)> certificate(
      SSL_get_peer_certificate(connection), &X509_free);
  if (certificate == nullptr) return {};
  const std::unique_ptr<GENERAL_NAMES, decltype(&GENERAL_NAMES_free)> names(
      static_cast<GENERAL_NAMES*>(
          X509_get_ext_d2i(certificate.get(), NID_subject_alt_name, nullptr, nullptr)),
      &GENERAL_NAMES_free);
  for (int i = 0; names != nullptr && i < sk_GENERAL_NAME_num(names.get()); ++i) {
    if (std::string name = text_of(*sk_GENERAL_NAME_value(names.get(), i)); !name.empty()) {
      return name;
    }
  }
  return common_name(certificate.get());
}

}  // namespace kronika::edge
