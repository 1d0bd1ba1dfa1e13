#include "gateway_client.h"

#include <filesystem>
#include <fstream>
#include <iterator>
#include <ostream>
#include <string>

#include <google/protobuf/util/json_util.h>
#include <grpcpp/create_channel.h>
#include <grpcpp/security/credentials.h>

namespace kronika::cli {
namespace {

/// Empty for no file, and for one that cannot be read: the gateway then refuses, and says so.
std::string text_of(const std::filesystem::path& file) {
  std::ifstream in(file);
  return {std::istreambuf_iterator<char>(in), {}};
}

}  // namespace

GatewayClient::GatewayClient(const Context& context) {
  const config::Gateway& gateway = context.settings().gateway;
  grpc::ChannelArguments arguments;
  arguments.SetMaxReceiveMessageSize(64 << 20);
  // Loopback: never by way of a proxy that the environment names.
  arguments.SetInt(GRPC_ARG_ENABLE_HTTP_PROXY, 0);
  const config::Cli& own = context.settings().cli;
  auto credentials = grpc::InsecureChannelCredentials();
  if (!own.gateway_ca_file.empty()) {
    grpc::SslCredentialsOptions tls;
    tls.pem_root_certs = text_of(own.gateway_ca_file);
    tls.pem_cert_chain = text_of(own.cert_file);
    tls.pem_private_key = text_of(own.key_file);
    credentials = grpc::SslCredentials(tls);
    if (!own.gateway_name.empty()) arguments.SetSslTargetNameOverride(own.gateway_name);
  }
  const auto channel = grpc::CreateCustomChannel(
      gateway.address + ":" + std::to_string(gateway.port), credentials, arguments);
  citizens_ = query::v1::CitizenService::NewStub(channel);
  indicators_ = query::v1::IndicatorService::NewStub(channel);
  reports_ = query::v1::ReportService::NewStub(channel);
  publications_ = query::v1::PublicationService::NewStub(channel);
  ledger_ = query::v1::LedgerService::NewStub(channel);
  status_ = query::v1::StatusService::NewStub(channel);
}

int report(const Context& context, const grpc::Status& status) {
  // With details it is the gateway itself that answers, e.g. that it is still reading the log.
  if (status.error_code() == grpc::StatusCode::UNAVAILABLE && !status.error_details().empty()) {
    return report(context, status.error_message(), kUnreachable);
  }
  if (status.error_code() == grpc::StatusCode::UNAVAILABLE ||
      status.error_code() == grpc::StatusCode::DEADLINE_EXCEEDED) {
    const config::Gateway& gateway = context.settings().gateway;
    return report(context,
                  "the gateway at " + gateway.address + ":" + std::to_string(gateway.port) +
                      " does not answer: is it running (make up), and is gateway.port right?",
                  kUnreachable);
  }
  return report(context, status.error_message(), kNotDone);
}

void print_json(const Context& context, const google::protobuf::Message& message) {
  google::protobuf::util::JsonPrintOptions options;
  options.preserve_proto_field_names = true;
  options.always_print_primitive_fields = true;
  std::string text;
  (void)google::protobuf::util::MessageToJsonString(message, &text, options).ok();
  context.out << text << '\n';
}

}  // namespace kronika::cli
