// What 'juxta get --place K' does: the piece of one place, of the layout that a datum has or of
// another one.
#pragma once

#include "tools/commands_data.h"

namespace juxta::tools {

// Returns the exit code. Only one piece of the source is in memory beside the piece that is asked
// for.
int get_place(data::DataAccess& data, const data::DatumDescription& datum,
              const GetOptions& options, bool json);

}  // namespace juxta::tools
