// Descriptors that tests start from.
#pragma once

#include <string>

namespace juxta::deploy {

// The example of docs/design.md.
inline const std::string kExample = R"(<platform name="p" xmlns="urn:juxta:platform:1">
  <host name="h1" address="127.0.0.1" launcher="local"/>
  <cluster name="c1" detection_ms="1000">
    <manager name="m1" host="h1"/>
    <provider name="p1" host="h1" memory="1GiB" disk="4GiB" storage="/path"/>
  </cluster>
  <master_agent name="MA" host="h1" port="2809">
    <local_agent name="LA1" host="h1">
      <sed name="s1" host="h1" cluster="c1" slots="2"><module path="linalg"/></sed>
    </local_agent>
  </master_agent>
</platform>
)";

inline std::string replaced(std::string text, const std::string& from, const std::string& to) {
    return text.replace(text.find(from), from.size(), to);
}

}  // namespace juxta::deploy
