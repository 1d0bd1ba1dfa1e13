// LedgerService: accounts of messages, and whether a sender's days add up.
#pragma once

#include "call.h"
#include "citizen_lookup.h"

#include <kronika/gateway/server.h>
#include <kronika/query/v1/ledger.grpc.pb.h>

namespace kronika::gateway {

class LedgerService final : public query::v1::LedgerService::CallbackService {
 public:
  LedgerService(const ServerOptions& options, const Services& services);

  grpc::ServerUnaryReactor* FindMessages(grpc::CallbackServerContext* context,
                                         const query::v1::FindMessagesRequest* request,
                                         query::v1::FindMessagesResponse* response) override;
  grpc::ServerUnaryReactor* Reconcile(grpc::CallbackServerContext* context,
                                      const query::v1::ReconcileRequest* request,
                                      query::v1::Reconciliation* response) override;

 private:
  [[nodiscard]] Result<const Ledger*> ledger() const;
  Result<void> find(const query::v1::FindMessagesRequest& request, const Budget& budget,
                    query::v1::FindMessagesResponse& response) const;
  [[nodiscard]] Result<Ledger::Page> page_of(const Ledger& ledger,
                                             const query::v1::FindMessagesRequest& request,
                                             const Ledger::Range& range,
                                             const Ledger::Offsets& handled) const;
  [[nodiscard]] Result<Ledger::Page> of_citizen(const Ledger& ledger,
                                                const query::v1::CitizenName& citizen,
                                                const Ledger::Range& range,
                                                const Ledger::Offsets& handled) const;
  Result<void> add_effects(const Ledger::Page& page, const Budget& budget,
                           query::v1::FindMessagesResponse& response) const;
  Result<void> reconcile(const query::v1::ReconcileRequest& request,
                         query::v1::Reconciliation& response) const;

  const ServerOptions& options_;
  const Services& services_;
  const CitizenLookup lookup_;
  const Method find_, reconcile_;
};

}  // namespace kronika::gateway
