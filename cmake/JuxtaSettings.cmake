# How everything is compiled.
set(CMAKE_CXX_STANDARD 20)
set(CMAKE_CXX_STANDARD_REQUIRED ON)
set(CMAKE_CXX_EXTENSIONS OFF)
set(CMAKE_C_STANDARD 99)
set(CMAKE_POSITION_INDEPENDENT_CODE ON)
set(CMAKE_CXX_VISIBILITY_PRESET hidden)
set(CMAKE_VISIBILITY_INLINES_HIDDEN ON)
set(CMAKE_EXPORT_COMPILE_COMMANDS ON)
if(NOT CMAKE_BUILD_TYPE)
    set(CMAKE_BUILD_TYPE RelWithDebInfo CACHE STRING "" FORCE)
endif()
# -g1: backtraces with lines, a third cheaper to compile than -g. Assertions stay on.
set(CMAKE_CXX_FLAGS_RELWITHDEBINFO "-O2 -g1")
set(CMAKE_C_FLAGS_RELWITHDEBINFO "-O2 -g1")

option(JUXTA_TESTS "Build the tests" ON)
set(JUXTA_SANITIZE "" CACHE STRING "Sanitizers for everything of ours, e.g. address,undefined or thread")
if(JUXTA_SANITIZE)
    add_compile_options(-fsanitize=${JUXTA_SANITIZE} -fno-omit-frame-pointer)
    add_link_options(-fsanitize=${JUXTA_SANITIZE})
endif()

# Where built things stand, whatever the generator.
set(CMAKE_RUNTIME_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/bin)
set(CMAKE_LIBRARY_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/lib)
set(CMAKE_ARCHIVE_OUTPUT_DIRECTORY ${PROJECT_BINARY_DIR}/lib)
include(GNUInstallDirs)
# An installed binary finds the installed libraries beside it, wherever the prefix has moved.
set(CMAKE_INSTALL_RPATH "$ORIGIN/../${CMAKE_INSTALL_LIBDIR}")

find_program(JUXTA_CCACHE ccache)
if(JUXTA_CCACHE)
    set(CMAKE_CXX_COMPILER_LAUNCHER ${JUXTA_CCACHE})
    set(CMAKE_C_COMPILER_LAUNCHER ${JUXTA_CCACHE})
endif()
