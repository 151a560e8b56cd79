// A pinned version over the network and this host's provider.
#pragma once

#include <memory>

#include "data_service/client/version_reader.h"

namespace juxta::data {

// Throws Error invalid_argument, naming the datum, unless [offset, offset + length) lies in it.
void check_range(const DatumInfo& info, std::uint64_t offset, std::uint64_t length);

class RemoteReadHold final : public ReadHold {
public:
    // Takes the pin that `lease` renews.
    RemoteReadHold(std::shared_ptr<SessionCore> core, InfoPtr info, Version version,
                   Extents extents, std::shared_ptr<Lease> lease);
    ~RemoteReadHold() override;

    const DatumDescription& datum() const override { return description_; }
    Version version() const override { return version_; }
    void read(std::uint64_t offset, std::span<std::byte> into, const Progress& progress) override;
    std::span<const std::byte> map() override;
    std::vector<LocalPiece> pieces() override;
    std::vector<Movement> moved() const override { return tally_.all(); }

private:
    bool map_locally();
    bool is_mappable() const;

    std::shared_ptr<SessionCore> core_;
    InfoPtr info_;
    DatumDescription description_;
    const Version version_;
    const Extents extents_;
    std::shared_ptr<Lease> lease_;
    MovementTally tally_;
    VersionReader reader_;
    std::vector<std::shared_ptr<const LocalSegment>> segments_;  // what `bytes_` shows
    Mapping range_;
    std::span<const std::byte> bytes_;
    bool mapped_ = false;
};

// Takes the newest version's pin.
std::unique_ptr<ReadHold> take_snapshot(const std::shared_ptr<SessionCore>& core, const DataId& id);

}  // namespace juxta::data
