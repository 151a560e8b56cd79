#include "data_service/store/shelves.h"

#include <algorithm>
#include <string>

#include "common/base/error.h"

namespace juxta::data {
namespace {

GroupId group_of(const SegmentId& segment) { return {segment.datum, segment.block}; }

}  // namespace

Shelves::GroupAccount Shelves::account_of(const GroupId& group) const {
    const auto found = groups_.find(group);
    return found == groups_.end() ? GroupAccount{} : found->second;
}

void Shelves::set_account(const GroupId& group, const GroupAccount& account) {
    charged_ -= account_of(group).charged();
    charged_ += account.charged();
    if (account.charged() == 0) {
        groups_.erase(group);
    } else {
        groups_[group] = account;
    }
}

void Shelves::make_room(const GroupId& group, std::uint64_t more, std::vector<SegmentId>& evicted) {
    // With every cached segment gone.
    const std::uint64_t grantable = capacity_ > charged_ ? capacity_ - charged_ : 0;
    if (more > grantable) {
        throw Error(ErrorCode::out_of_space,
                    to_string(group.datum) + " needs " + std::to_string(more) +
                        " more bytes here, and this provider has " + std::to_string(grantable) +
                        " left: it offers " + std::to_string(capacity_) + ", other data hold " +
                        std::to_string(charged_) +
                        "; nothing was stored: free data, or add a provider");
    }
    while (more > left()) evict_oldest(evicted);
}

void Shelves::evict_oldest(std::vector<SegmentId>& evicted) {
    const SegmentId oldest = cached_by_use_.begin()->second;
    evicted.push_back(oldest);
    evicted_.push_back(take(oldest));
}

void Shelves::reserve(const GroupId& group, std::uint64_t bytes, std::vector<SegmentId>& evicted) {
    GroupAccount account = account_of(group);
    const std::uint64_t before = account.charged();
    account.reserved = bytes;
    if (account.charged() > before) make_room(group, account.charged() - before, evicted);
    set_account(group, account);
}

void Shelves::cancel_reservation(const GroupId& group) {
    GroupAccount account = account_of(group);
    account.reserved = 0;
    set_account(group, account);
}

void Shelves::charge(const SegmentId& segment, std::uint64_t bytes,
                     std::vector<SegmentId>& evicted) {
    const GroupId group = group_of(segment);
    GroupAccount account = account_of(group);
    const std::uint64_t covered = account.charged() - account.held;
    if (bytes > covered) make_room(group, bytes - covered, evicted);
    account.held += bytes;
    set_account(group, account);
}

void Shelves::charge_owed(const SegmentId& segment, std::uint64_t bytes,
                          std::vector<SegmentId>& evicted) {
    GroupAccount account = account_of(group_of(segment));
    account.held += bytes;
    set_account(group_of(segment), account);
    while (used() > capacity_ && !cached_by_use_.empty()) evict_oldest(evicted);
}

void Shelves::set_traceless(const GroupId& group, bool traceless) {
    if (traceless) {
        traceless_.insert(group);
    } else {
        traceless_.erase(group);
    }
}

void Shelves::refund(const SegmentId& segment, std::uint64_t bytes) {
    GroupAccount account = account_of(group_of(segment));
    account.held -= bytes;
    set_account(group_of(segment), account);
}

void Shelves::put(const SegmentId& segment, StoredSegment stored) {
    segments_[segment] = std::make_shared<StoredSegment>(std::move(stored));
}

StoredSegment* Shelves::find(const SegmentId& segment) {
    const auto found = segments_.find(segment);
    return found == segments_.end() ? nullptr : found->second.get();
}

const StoredSegment* Shelves::find(const SegmentId& segment) const {
    const auto found = segments_.find(segment);
    return found == segments_.end() ? nullptr : found->second.get();
}

void Shelves::set_cached(const SegmentId& segment, bool cached, std::vector<SegmentId>& evicted) {
    StoredSegment* stored = find(segment);
    if (stored == nullptr || stored->cached == cached) return;
    const GroupId group = group_of(segment);
    GroupAccount account = account_of(group);
    stored->cached = cached;
    if (cached) {
        account.held -= stored->bytes;
        cached_bytes_ += stored->bytes;
        stored->last_use = ++uses_;
        cached_by_use_[stored->last_use] = segment;
    } else {
        account.held += stored->bytes;
        cached_bytes_ -= stored->bytes;
        cached_by_use_.erase(stored->last_use);
    }
    set_account(group, account);
    // A group that reserved more than it holds does not shrink when a segment leaves its account.
    while (used() > capacity_ && !cached_by_use_.empty()) evict_oldest(evicted);
}

void Shelves::touch(const SegmentId& segment) {
    StoredSegment* stored = find(segment);
    if (stored == nullptr || !stored->cached) return;
    cached_by_use_.erase(stored->last_use);
    stored->last_use = ++uses_;
    cached_by_use_[stored->last_use] = segment;
}

void Shelves::keep_mapping(const SegmentId& segment, std::shared_ptr<const MappedSegment> mapping) {
    StoredSegment* stored = find(segment);
    if (stored == nullptr || stored->mapping) return;
    stored->mapping = std::move(mapping);
    mapped_by_age_.push_back(segment);
    if (mapped_by_age_.size() > kMappings) {
        if (StoredSegment* oldest = find(mapped_by_age_.front())) oldest->mapping.reset();
        mapped_by_age_.pop_front();
    }
}

std::shared_ptr<StoredSegment> Shelves::take(const SegmentId& segment) {
    const auto found = segments_.find(segment);
    if (found == segments_.end()) return nullptr;
    const std::shared_ptr<StoredSegment> stored = found->second;
    segments_.erase(found);
    if (stored->cached) {
        cached_bytes_ -= stored->bytes;
        cached_by_use_.erase(stored->last_use);
    } else {
        refund(segment, stored->bytes);
    }
    if (stored->mapping) mapped_by_age_.remove(segment);
    return stored;
}

std::vector<std::shared_ptr<StoredSegment>> Shelves::take_evicted() {
    return std::exchange(evicted_, {});
}

}  // namespace juxta::data
