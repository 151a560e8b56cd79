"""Modules of tests/process/modules, built once a test program with the compiler that users have."""
import atexit
import functools
import os
import shutil
import subprocess
import tempfile

TOP = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))


@functools.lru_cache(maxsize=None)
def built_modules():
    """Name to path."""
    folder = tempfile.mkdtemp(prefix="juxta-modules-")
    atexit.register(shutil.rmtree, folder, ignore_errors=True)
    made = os.path.join(folder, "slow.so")
    subprocess.run(["c++", "-std=c++20", "-shared", "-fPIC", "-I", os.path.join(TOP, "server_daemon"),
                    os.path.join(TOP, "tests/process/modules/slow.cc"), "-o", made], check=True, timeout=120)
    return {"slow": made}
