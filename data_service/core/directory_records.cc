// Records as few bytes, and the whole as a snapshot.
//
//     snapshot := magic, providers, data
//     datum    := id, flags, head, number of blocks, group*
//     group    := flags, epoch, members, and what differs from the plain case: joiner, holders that
//                 are not the members, bases that are not the holders' incarnations, the dead,
//                 the views before that the tenure or the joining began with
#include <algorithm>
#include <cstring>

#include "data_service/core/directory.h"
#include "data_service/core/directory_fields.h"
#include "data_service/core/packing.h"

namespace juxta::data {
namespace {

using archive::Packer;
using archive::Unpacker;

constexpr std::string_view magic = "JXDIR1\n";

constexpr unsigned activated_flag = 1;
constexpr unsigned lost_flag = 2;
constexpr unsigned freed_flag = 4;
constexpr unsigned joiner_flag = 8;
constexpr unsigned holders_flag = 16;
constexpr unsigned bases_flag = 32;
constexpr unsigned dead_flag = 64;
constexpr unsigned began_flag = 128;
constexpr unsigned joining_flag = 256;
constexpr unsigned closed_flag = 512;
constexpr unsigned all_flags = 1023;

void put(std::string& out, std::uint64_t number) {
    out.append(reinterpret_cast<const char*>(&number), sizeof number);
}

std::uint64_t take(Unpacker& from) {
    std::uint64_t number = 0;
    std::memcpy(&number, from.take(sizeof number).data(), sizeof number);
    return number;
}

void put(std::string& out, const Member& member) {
    put(out, member.provider.value);
    Packer{out}(member.incarnation);
}

Member take_member(Unpacker& from) {
    Member member;
    member.provider.value = take(from);
    from(member.incarnation);
    return member;
}

void put(std::string& out, const std::vector<Member>& members) {
    Packer{out}.count(members.size());
    for (const Member& member : members) put(out, member);
}

std::vector<Member> take_members(Unpacker& from) {
    std::vector<Member> members(from.count());
    for (Member& member : members) member = take_member(from);
    return members;
}

std::vector<Incarnation> incarnations(const std::vector<Member>& members) {
    std::vector<Incarnation> all;
    all.reserve(members.size());
    for (const Member& member : members) all.push_back(member.incarnation);
    return all;
}

}  // namespace

void Directory::pack_group(Stored& stored, BlockNumber block, const GroupRecord& record) {
    const View& view = record.view;
    unsigned flags = (view.activated ? activated_flag : 0) | (view.lost ? lost_flag : 0) |
                     (view.freed ? freed_flag : 0) | (view.joiner ? joiner_flag : 0) |
                     (record.holders != view.members ? holders_flag : 0) |
                     (record.bases != incarnations(record.holders) ? bases_flag : 0) |
                     (view.dead.empty() ? 0 : dead_flag) | (view.began != 0 ? began_flag : 0) |
                     (view.joiner_named != 0 ? joining_flag : 0) | (view.closed ? closed_flag : 0);
    std::string out;
    Packer pack(out);
    pack(flags);
    pack(view.epoch);
    put(out, view.members);
    if (flags & joiner_flag) put(out, *view.joiner);
    if (flags & holders_flag) put(out, record.holders);
    if (flags & bases_flag) pack(record.bases);
    if (flags & dead_flag) put(out, view.dead);
    if (flags & began_flag) pack(view.began);
    if (flags & joining_flag) pack(view.joiner_named);
    stored.blocks[block] = Packed(out);
}

GroupRecord Directory::unpack_group(const Stored& stored, BlockNumber block) {
    Unpacker from(stored.blocks.at(block).view());
    GroupRecord record;
    View& view = record.view;
    unsigned flags = 0;
    from(flags);
    archive::check(flags <= all_flags);
    from(view.epoch);
    view.members = take_members(from);
    view.activated = flags & activated_flag;
    view.lost = flags & lost_flag;
    view.freed = flags & freed_flag;
    if (flags & joiner_flag) view.joiner = take_member(from);
    record.holders = flags & holders_flag ? take_members(from) : view.members;
    if (flags & bases_flag) {
        from(record.bases);
    } else {
        record.bases = incarnations(record.holders);
    }
    if (flags & dead_flag) view.dead = take_members(from);
    if (flags & began_flag) from(view.began);
    if (flags & joining_flag) from(view.joiner_named);
    view.closed = flags & closed_flag;
    from.finish();
    archive::check(record.bases.size() == record.holders.size());
    return record;
}

void Directory::pack_head(Stored& stored, const DatumRecord& record) {
    std::string out;
    Packer pack(out);
    pack(record.spec);
    pack(record.bytes);
    put(out, record.request.high);
    put(out, record.request.low);
    stored.head = Packed(out);
}

DatumRecord Directory::unpack_head(const Stored& stored) {
    Unpacker from(stored.head.view());
    DatumRecord record;
    from(record.spec);
    from(record.bytes);
    record.request.high = take(from);
    record.request.low = take(from);
    from.finish();
    record.lost = stored.lost;
    record.freed = stored.freed;
    return record;
}

DatumRecord Directory::unpack(const Stored& stored) {
    DatumRecord record = unpack_head(stored);
    record.blocks.reserve(stored.blocks.size());
    for (BlockNumber block = 0; block < stored.blocks.size(); ++block) {
        record.blocks.push_back(unpack_group(stored, block));
    }
    return record;
}

// -- the whole ------------------------------------------------------------------------------------

std::string Directory::snapshot() const {
    std::size_t bytes = magic.size() + 1024 * (providers_.size() + 1);
    for (const auto& [id, stored] : data_) {
        bytes += 32 + stored.head.view().size();
        for (const Packed& group : stored.blocks) bytes += 10 + group.view().size();
    }
    std::string out;
    out.reserve(bytes);
    out += magic;
    Packer pack(out);
    pack(providers_.size());
    for (const auto& [id, record] : providers_) pack(record);
    pack(data_.size());
    const auto put_packed = [&](const Packed& packed) {
        pack(packed.view().size());
        out += packed.view();
    };
    for (const auto& [id, stored] : data_) {
        put(out, id.high);
        put(out, id.low);
        pack((stored.lost ? 1u : 0u) | (stored.freed ? 2u : 0u));
        put_packed(stored.head);
        pack(stored.blocks.size());
        for (const Packed& group : stored.blocks) put_packed(group);
    }
    return out;
}

Directory Directory::restored(std::string_view snapshot) {
    archive::check(snapshot.starts_with(magic));
    Unpacker from(snapshot.substr(magic.size()));
    Directory directory;
    for (std::size_t left = from.count(); left > 0; --left) {
        ProviderRecord record;
        from(record);
        directory.hosts_[record.contact.place.host].insert(record.contact.self.provider);
        directory.providers_.emplace(record.contact.self.provider, std::move(record));
    }
    std::size_t data = from.count();
    directory.data_.reserve(data);
    directory.requests_.reserve(data);
    for (; data > 0; --data) {
        DataId id;
        id.high = take(from);
        id.low = take(from);
        unsigned flags = 0;
        from(flags);
        archive::check(flags <= 3);
        Stored stored;
        stored.lost = flags & 1;
        stored.freed = flags & 2;
        stored.head = Packed(from.take(from.count()));
        stored.blocks.resize(from.count());
        for (Packed& group : stored.blocks) group = Packed(from.take(from.count()));
        directory.adopt(id, std::move(stored));
    }
    from.finish();
    return directory;
}

void Directory::adopt(const DataId& id, Stored stored) {
    const DatumRecord record = unpack(stored);
    stored.durable = record.spec.durable;
    requests_[record.request] = id;
    if (!record.spec.name.empty()) names_[record.spec.name] = id;
    if (stored.freed) {
        freed_.insert(id);
    } else {
        index_spec(id, record.spec, true);
    }
    for (BlockNumber block = 0; block < record.blocks.size(); ++block) {
        const GroupRecord& group = record.blocks[block];
        std::vector<ProviderId> named;
        for (const auto* list : {&group.view.members, &group.holders}) {
            for (const Member& member : *list) named.push_back(member.provider);
        }
        if (group.view.joiner) named.push_back(group.view.joiner->provider);
        std::ranges::sort(named);
        const auto repeats = std::ranges::unique(named);
        named.erase(repeats.begin(), repeats.end());
        for (ProviderId provider : named) archive::check(providers_.contains(provider));
        if (!stored.lost && !stored.freed) index_names({id, block}, {}, named);
    }
    data_.emplace(id, std::move(stored));
    ids_.insert(id);
}

}  // namespace juxta::data
