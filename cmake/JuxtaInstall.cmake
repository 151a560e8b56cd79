# What an installed prefix holds beyond the programs and modules that their own folders install:
# the client libraries, public headers, and what pkg-config and find_package read. Everything in a
# prefix finds the rest relative to itself, so that the prefix can be moved.
#
#   include/gridrpc/*.h        C      pkg-config gridrpc     Juxta::gridrpc
#   include/juxta/*.h          C++    pkg-config juxta       Juxta::client
#   include/juxta/service*.h   services, headers only        Juxta::service
#   include/juxta/policy.h     scheduling policies, header only   Juxta::service
#   include/juxta/common/...   what the public headers include, under the names they use
file(GLOB juxta_public_headers CONFIGURE_DEPENDS RELATIVE ${PROJECT_SOURCE_DIR}
    ${PROJECT_SOURCE_DIR}/client_api/juxta/*.h ${PROJECT_SOURCE_DIR}/server_daemon/juxta/*.h
    ${PROJECT_SOURCE_DIR}/agent/juxta/*.h)
install(FILES ${juxta_public_headers} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/juxta)

# Sets `found` to the headers of this tree that these headers include by their paths from its top,
# directly or not.
function(juxta_included_headers found)
    set(seen)
    set(waiting ${ARGN})
    while(waiting)
        list(POP_FRONT waiting header)
        set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${PROJECT_SOURCE_DIR}/${header})
        file(STRINGS ${PROJECT_SOURCE_DIR}/${header} includes REGEX "^#include \"[^\"]+\"")
        foreach(include IN LISTS includes)
            string(REGEX REPLACE "^#include \"([^\"]+)\".*" "\\1" name "${include}")
            if(NOT name IN_LIST seen AND EXISTS ${PROJECT_SOURCE_DIR}/${name})
                list(APPEND seen ${name})
                list(APPEND waiting ${name})
            endif()
        endforeach()
    endwhile()
    set(${found} ${seen} PARENT_SCOPE)
endfunction()

juxta_included_headers(juxta_included ${juxta_public_headers})
foreach(header IN LISTS juxta_included)
    cmake_path(GET header PARENT_PATH folder)
    install(FILES ${header} DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/juxta/${folder})
endforeach()

install(FILES client_api/grpc.h client_api/grpc_data.h client_api/juxta_c.h
    DESTINATION ${CMAKE_INSTALL_INCLUDEDIR}/gridrpc)
install(FILES deploy/platform.xsd DESTINATION ${CMAKE_INSTALL_DATADIR}/juxta)

# The shared libraries. What leaves them: the names of GridRPC; of C++, what carries JUXTA_API and the
# public values (common/base, common/model), all of them, for users call their functions too.
set_target_properties(juxta_base juxta_model PROPERTIES
    CXX_VISIBILITY_PRESET default VISIBILITY_INLINES_HIDDEN OFF)
set(juxta_exports_of_gridrpc gridrpc)
set(juxta_exports_of_juxta_client_shared juxta)
foreach(library IN ITEMS gridrpc juxta_client_shared)
    set(exports ${PROJECT_SOURCE_DIR}/cmake/install/${juxta_exports_of_${library}}.map)
    set_target_properties(${library} PROPERTIES
        VERSION ${PROJECT_VERSION} SOVERSION ${PROJECT_VERSION_MAJOR} INSTALL_RPATH "$ORIGIN"
        LINK_DEPENDS ${exports})
    target_link_options(${library} PRIVATE -Wl,--version-script=${exports} -Wl,--no-undefined)
    install(TARGETS ${library} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR})
endforeach()
# As objects: of an archive only what the client itself calls would come in.
target_sources(juxta_client_shared PRIVATE $<TARGET_OBJECTS:juxta_base> $<TARGET_OBJECTS:juxta_model>)

# pkg-config and CMake files: from where they stand up to the prefix.
set(juxta_pkgconfig_dir ${CMAKE_INSTALL_LIBDIR}/pkgconfig)
set(juxta_cmake_dir ${CMAKE_INSTALL_LIBDIR}/cmake/Juxta)
foreach(kind IN ITEMS pkgconfig cmake)
    cmake_path(RELATIVE_PATH CMAKE_INSTALL_PREFIX
        BASE_DIRECTORY ${CMAKE_INSTALL_PREFIX}/${juxta_${kind}_dir} OUTPUT_VARIABLE juxta_${kind}_to_prefix)
endforeach()
set(juxta_templates ${PROJECT_SOURCE_DIR}/cmake/install)
set(juxta_made ${PROJECT_BINARY_DIR}/install)
foreach(name IN ITEMS gridrpc juxta)
    configure_file(${juxta_templates}/${name}.pc.in ${juxta_made}/${name}.pc @ONLY)
    install(FILES ${juxta_made}/${name}.pc DESTINATION ${juxta_pkgconfig_dir})
endforeach()
configure_file(${juxta_templates}/JuxtaConfig.cmake.in ${juxta_made}/JuxtaConfig.cmake @ONLY)
include(CMakePackageConfigHelpers)
write_basic_package_version_file(${juxta_made}/JuxtaConfigVersion.cmake
    VERSION ${PROJECT_VERSION} COMPATIBILITY SameMinorVersion)
install(FILES ${juxta_made}/JuxtaConfig.cmake ${juxta_made}/JuxtaConfigVersion.cmake
    DESTINATION ${juxta_cmake_dir})
