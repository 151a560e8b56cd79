// How a manager reaches providers: the port ProviderCalls over CORBA.
#pragma once

#include "common/orb/references.h"
#include "data_service/core/cluster_manager.h"
#include "provider.hh"

namespace juxta::data {

class CorbaProviderCalls final : public ProviderCalls {
public:
    // `node` outlives it.
    explicit CorbaProviderCalls(orb::Node& node) : references_(node, "Provider") {}

    void reserve(const ProviderContact& provider, const std::vector<Reservation>& wanted,
                 unsigned deadline_ms) override;
    void adopt(const ProviderContact& provider, const std::vector<GroupView>& views,
               unsigned deadline_ms) override;
    Seen look_at(const ProviderContact& provider, unsigned deadline_ms) override;

private:
    orb::References<Wire::Provider> references_;
};

}  // namespace juxta::data
