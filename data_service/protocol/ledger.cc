#include "data_service/protocol/ledger.h"

#include "common/base/error.h"

namespace juxta::data {
namespace {

void unlock(Ledger& ledger, Token token) {
    if (ledger.holder == token) {
        ledger.holder = 0;
        ledger.holder_client = {};
        ledger.holder_lease = 0;
    }
    ledger.shared.erase(token);
}

void commit(Ledger& ledger, const Entry& entry) {
    VersionRecord next = ledger.versions.at(ledger.newest);
    next.token = entry.token;
    for (const BlockChange& change : entry.changes) {
        Extents& block = next.blocks.at(change.block);
        block = overlay(block, change.extents);
    }
    ledger.newest += 1;
    ledger.versions.emplace(ledger.newest, std::move(next));
    if (!entry.keeps_lock) unlock(ledger, entry.token);
}

void retire(Ledger& ledger, Version first, Version last) {
    auto next = ledger.versions.lower_bound(first);
    while (next != ledger.versions.end() && next->first <= last) next = ledger.versions.erase(next);
}

}  // namespace

Ledger Ledger::fresh(std::uint32_t block_count) {
    Ledger ledger;
    ledger.versions[0].blocks.resize(block_count);
    return ledger;
}

void apply(Ledger& ledger, const Entry& entry) {
    ensure(entry.lsn == ledger.lsn + 1, "ledger entries are applied in order, each once");
    ledger.lsn = entry.lsn;
    switch (entry.kind) {
        case EntryKind::grant_exclusive:
            ledger.holder = ledger.last_token = entry.token;
            ledger.holder_client = entry.client;
            ledger.holder_lease = entry.lease;
            break;
        case EntryKind::grant_shared:
            ledger.shared[entry.token] = {entry.client, entry.lease};
            ledger.last_token = entry.token;
            break;
        case EntryKind::commit: commit(ledger, entry); break;
        case EntryKind::abort:
        case EntryKind::drop_shared:
        case EntryKind::expire: unlock(ledger, entry.token); break;
        case EntryKind::retire: retire(ledger, entry.first, entry.version); break;
        case EntryKind::forget: ledger.rows.erase(entry.client); return;
    }
    if (entry.client != ClientId{}) {
        ledger.rows[entry.client] = {entry.rid, entry.kind, entry.token, ledger.newest};
    }
}

}  // namespace juxta::data
