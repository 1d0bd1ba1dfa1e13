// PublicationService: what was published, as it was published. Nothing is computed here.
#pragma once

#include "call.h"

#include <kronika/gateway/server.h>
#include <kronika/query/v1/publication.grpc.pb.h>

namespace kronika::gateway {

class PublicationService final : public query::v1::PublicationService::CallbackService {
 public:
  PublicationService(const ServerOptions& options, const Services& services);

  grpc::ServerUnaryReactor* ListPublications(
      grpc::CallbackServerContext* context, const query::v1::ListPublicationsRequest* request,
      query::v1::ListPublicationsResponse* response) override;
  grpc::ServerUnaryReactor* GetPublication(grpc::CallbackServerContext* context,
                                           const query::v1::GetPublicationRequest* request,
                                           query::v1::PublicationTable* response) override;

 private:
  Result<void> list(const query::v1::ListPublicationsRequest& request,
                    query::v1::ListPublicationsResponse& response) const;
  Result<void> get(const query::v1::GetPublicationRequest& request,
                   query::v1::PublicationTable& response) const;
  // Whether a later revision is known.
  Result<bool> is_latest(const domain::Publication& publication) const;
  Result<void> fill_head(const domain::Publication& publication, query::v1::Publication& out) const;

  const ServerOptions& options_;
  const Services& services_;
  const Method list_, get_;
};

}  // namespace kronika::gateway
