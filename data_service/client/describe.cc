#include "data_service/client/describe.h"

#include <algorithm>

namespace juxta::data {
namespace {

CopyStatus copy_of(const DatumInfo& info, const Member& member, const char* state,
                   Version version) {
    const auto contact = std::ranges::find(info.contacts, member, &ProviderContact::self);
    CopyStatus copy;
    if (contact == info.contacts.end()) return copy;  // dead, and its view not changed yet
    copy.provider = contact->name;
    copy.place = contact->place;
    copy.version = version;
    copy.state = state;
    copy.address = contact->address;
    return copy;
}

}  // namespace

DatumDescription describe(const DatumInfo& info) {
    DatumDescription description;
    description.id = info.id;
    description.spec = info.spec;
    description.bytes = info.bytes;
    description.version = info.newest;
    description.owner = info.owner;
    description.lost = info.lost;
    for (std::size_t number = 0; number < info.blocks.size(); ++number) {
        const View& view = info.blocks[number];
        BlockStatus block;
        block.block = static_cast<BlockNumber>(number);
        if (!info.lost) {
            for (const Member& member : view.members) {
                block.copies.push_back(copy_of(info, member, "full", info.newest));
            }
            if (view.joiner) block.copies.push_back(copy_of(info, *view.joiner, "filling", 0));
            for (const DatumLocation::Copy& cache : info.caches) {
                const auto contact =
                    std::ranges::find(info.contacts, cache.provider, &ProviderContact::name);
                block.copies.push_back({cache.provider, cache.place, 0, info.newest, "cached",
                                        contact == info.contacts.end() ? "" : contact->address});
            }
            std::erase_if(block.copies, [](const CopyStatus& copy) { return copy.state.empty(); });
        }
        if (!block.copies.empty() && block.copies.front().state == "full") {
            block.primary = block.copies.front().provider;
        }
        description.blocks.push_back(std::move(block));
    }
    return description;
}

}  // namespace juxta::data
