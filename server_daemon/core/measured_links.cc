#include "server_daemon/core/measured_links.h"

namespace juxta::sed {
namespace {

constexpr std::uint64_t kLeastBytes = std::uint64_t{256} << 10;
constexpr double kKept = 0.7;  // of what was known, at each transfer

double rate_of(double bytes, double seconds, double usual) {
    return seconds > 0 ? bytes / seconds : usual;
}

}  // namespace

void MeasuredLinks::note(const Transfer& transfer) {
    if (transfer.bytes < kLeastBytes || !(transfer.seconds > 0)) return;
    add(transfer.from_afar ? afar_ : cluster_, transfer);
}

void MeasuredLinks::add(Link& link, const Transfer& transfer) {
    link.bytes = kKept * link.bytes + static_cast<double>(transfer.bytes);
    link.seconds = kKept * link.seconds + transfer.seconds;
}

LinkRates MeasuredLinks::rates() const {
    const LinkRates usual;
    return {rate_of(cluster_.bytes, cluster_.seconds, usual.cluster),
            rate_of(afar_.bytes, afar_.seconds, usual.afar)};
}

}  // namespace juxta::sed
