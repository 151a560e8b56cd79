// The provider's face on the wire. It translates and holds no state.
#pragma once

#include "data_service/core/provider.h"
#include "provider.hh"

namespace juxta::data {

class ProviderServant final : public POA_Wire::Provider {
public:
    // The component must outlive the servant's activation. (`Provider` alone is the skeleton's
    // name in here.)
    explicit ProviderServant(data::Provider& provider) : provider_(provider) {}

    void reserve(const Wire::Reservations& wanted) override;
    void adopt(const Wire::GroupViews& views) override;
    Wire::u64 incarnation() override;
    Wire::PeerMessages* deliver(const Wire::PeerMessages& messages) override;

    Wire::Grant* acquire(const Wire::Caller& who, const Wire::DataId& datum, CORBA::Boolean shared,
                         CORBA::ULong lease_ms, CORBA::ULong waited_ms,
                         CORBA::ULong wait_ms) override;
    void cancel_acquire(const Wire::Caller& who, const Wire::DataId& datum) override;
    void renew(const Wire::Caller& who, const Wire::DataId& datum, Wire::u64 token) override;
    Wire::u64 release(const Wire::Caller& who, const Wire::DataId& datum, Wire::u64 token,
                      const Wire::Changes& changed, const Wire::SmallSegments& carried,
                      CORBA::Boolean keep_lock) override;
    void abandon(const Wire::Caller& who, const Wire::DataId& datum, Wire::u64 token) override;
    void unlock(const Wire::Caller& who, const Wire::DataId& datum, Wire::u64 token) override;
    Wire::LockState* look(const Wire::DataId& datum) override;
    Wire::Snapshot* acquire_read(const Wire::Caller& who, const Wire::DataId& datum) override;
    void renew_pin(const Wire::Caller& who, const Wire::DataId& datum, Wire::u64 version) override;
    void unpin(const Wire::Caller& who, const Wire::DataId& datum, Wire::u64 version) override;

    void upload(const Wire::SegmentId& segment, Wire::u64 size_bytes, Wire::u64 offset,
                const Wire::Bytes& content) override;
    void stage(const Wire::Caller& who, const Wire::SegmentId& segment,
               Wire::u64 size_bytes) override;
    CORBA::ULong read(const Wire::SegmentId& segment, Wire::u64 offset, CORBA::ULong length_bytes,
                      Wire::Bytes& content) override;
    void doubt(const Wire::SegmentId& segment) override;
    Wire::Movements* fetch(const Wire::DataId& datum, Wire::u64 version,
                           const Wire::SegmentRequests& segments) override;

private:
    data::Provider& provider_;
};

}  // namespace juxta::data
