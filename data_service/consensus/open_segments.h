// What a crash may leave at the end of libraft's log, told from damage.
//
// libraft takes the first batch of an open segment that fails its checksum for a write that was cut
// off, and forgets it with all that follows. That is right for what was confirmed to nobody, and
// only for that: each entry of ours says up to where the log was confirmed when it was proposed
// (proposals.h), so a whole batch behind a broken one can prove that the broken one counted.
//
// Threading: none of its own.
#pragma once

#include <filesystem>

namespace juxta::data {

// Throws Error internal, naming file and place, if an entry that was confirmed is broken in a
// segment that was open. A folder without a log is in order.
void check_open_segments(const std::filesystem::path& folder);

}  // namespace juxta::data
