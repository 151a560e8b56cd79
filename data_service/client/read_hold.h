// A held version, as its readers use it: over the network and this host's provider.
#pragma once

#include <memory>

#include "data_service/client/held_version.h"
#include "data_service/client/version_reader.h"

namespace juxta::data {

// Equal names, equal bytes.
std::string name_of_content(const SegmentId& id);

// Throws Error invalid_argument, naming the datum, unless [offset, offset + length) lies in it.
void check_range(const DatumInfo& info, std::uint64_t offset, std::uint64_t length);

class RemoteReadHold final : public ReadHold {
public:
    RemoteReadHold(std::shared_ptr<SessionCore> core, HeldVersionPtr held);

    const DatumDescription& datum() const override { return description_; }
    Version version() const override { return held_->version; }
    Token token() const override { return held_->is_locked() ? held_->lease->number : 0; }
    bool lost() const override { return held_->lost(); }
    void read(std::uint64_t offset, std::span<std::byte> into, const Progress& progress) override;
    std::span<const std::byte> map() override;
    std::vector<LocalPiece> pieces() override;
    std::vector<Movement> moved() const override { return tally_.all(); }

private:
    bool map_locally();
    bool is_mappable() const;

    void check_held() const;

    std::shared_ptr<SessionCore> core_;  // goes last: `held_` needs it
    HeldVersionPtr held_;
    const InfoPtr info_;
    const Extents& extents_;
    DatumDescription description_;
    MovementTally tally_;
    VersionReader reader_;
    std::vector<std::shared_ptr<const LocalSegment>> segments_;  // what `bytes_` shows
    Mapping range_;
    std::span<const std::byte> bytes_;
    bool mapped_ = false;
};

// A pin of the newest version, asked of the coordinator now.
HeldVersionPtr take_pin(SessionCore& core, const DataId& id);

// A snapshot, as fresh as the datum's consistency protocol says.
std::unique_ptr<ReadHold> take_snapshot(const std::shared_ptr<SessionCore>& core, const DataId& id);

}  // namespace juxta::data
