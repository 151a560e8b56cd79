# The kinds of target of this project. Every target of ours is made by one of these, so that
# warnings, include paths and names are the same everywhere.

# juxta_library(NAME sources... LINKS targets...): a static library juxta_NAME, alias juxta::NAME.
function(juxta_library name)
    cmake_parse_arguments(ARG "" "" "SOURCES;LINKS;PRIVATE_LINKS" ${ARGN})
    add_library(juxta_${name} STATIC ${ARG_SOURCES})
    add_library(juxta::${name} ALIAS juxta_${name})
    target_include_directories(juxta_${name} PUBLIC ${PROJECT_SOURCE_DIR})
    target_compile_options(juxta_${name} PRIVATE $<$<COMPILE_LANGUAGE:C,CXX>:-Wall -Wextra -Wpedantic -Werror>)
    target_link_libraries(juxta_${name} PUBLIC ${ARG_LINKS} PRIVATE ${ARG_PRIVATE_LINKS})
endfunction()

# juxta_program(NAME SOURCES ... LINKS ...): an executable NAME in build/bin, installed.
function(juxta_program name)
    cmake_parse_arguments(ARG "NOT_INSTALLED" "" "SOURCES;LINKS" ${ARGN})
    add_executable(${name} ${ARG_SOURCES})
    target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR})
    target_compile_options(${name} PRIVATE $<$<COMPILE_LANGUAGE:C,CXX>:-Wall -Wextra -Wpedantic -Werror>)
    target_link_libraries(${name} PRIVATE ${ARG_LINKS})
    if(NOT ARG_NOT_INSTALLED)
        install(TARGETS ${name} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
    endif()
endfunction()

# juxta_module(NAME SOURCES ... LINKS ...): a service module build/lib/juxta/modules/NAME.so.
function(juxta_module name)
    cmake_parse_arguments(ARG "" "" "SOURCES;LINKS" ${ARGN})
    add_library(juxta_module_${name} MODULE ${ARG_SOURCES})
    set_target_properties(juxta_module_${name} PROPERTIES
        PREFIX "" OUTPUT_NAME ${name} INSTALL_RPATH "$ORIGIN/../.."
        LIBRARY_OUTPUT_DIRECTORY ${CMAKE_LIBRARY_OUTPUT_DIRECTORY}/juxta/modules)
    target_include_directories(juxta_module_${name} PRIVATE ${PROJECT_SOURCE_DIR})
    target_compile_options(juxta_module_${name} PRIVATE -Wall -Wextra -Wpedantic -Werror)
    target_link_libraries(juxta_module_${name} PRIVATE ${ARG_LINKS})
    install(TARGETS juxta_module_${name} LIBRARY DESTINATION ${CMAKE_INSTALL_LIBDIR}/juxta/modules)
endfunction()

# juxta_test(NAME SOURCES ... LINKS ... LABEL unit [TIMEOUT seconds] [SERIAL]): a GoogleTest
# program. SERIAL: its cases run with nothing beside them (real processes, measured times).
function(juxta_test name)
    cmake_parse_arguments(ARG "SERIAL" "LABEL;TIMEOUT" "SOURCES;LINKS" ${ARGN})
    if(NOT ARG_TIMEOUT)
        set(ARG_TIMEOUT 120)
    endif()
    add_executable(${name} ${ARG_SOURCES})
    target_include_directories(${name} PRIVATE ${PROJECT_SOURCE_DIR})
    target_compile_options(${name} PRIVATE -Wall -Wextra -Wpedantic -Werror)
    target_link_libraries(${name} PRIVATE ${ARG_LINKS} GTest::gmock GTest::gtest_main)
    set_target_properties(${name} PROPERTIES RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/tests)
    gtest_discover_tests(${name} DISCOVERY_MODE PRE_TEST DISCOVERY_TIMEOUT 30
        PROPERTIES LABELS ${ARG_LABEL} TIMEOUT ${ARG_TIMEOUT} RUN_SERIAL $<BOOL:${ARG_SERIAL}>)
endfunction()
