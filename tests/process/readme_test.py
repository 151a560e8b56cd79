"""README.md, replayed: every command of its console blocks, in order, in an empty folder, as a newcomer types them."""
import os
import re
import shlex
import shutil
import subprocess
import sys
import tempfile

BIN = os.environ["JUXTA_BIN"]
top = os.path.dirname(os.path.dirname(os.path.dirname(os.path.abspath(__file__))))
with open(os.path.join(top, "README.md"), encoding="utf-8") as file:
    blocks = re.findall(r"```console\n(.*?)```", file.read(), re.DOTALL)
commands = [line[2:] for block in blocks for line in block.splitlines() if line.startswith("$ ")]
assert len(commands) > 10, "README.md shows no commands"

folder = tempfile.mkdtemp(prefix="juxta-readme-")
script = "set -euo pipefail\n" + "\n".join(
    f"printf '%s\\n' {shlex.quote('$ ' + c)} >&2\n{c}"
    for c in commands if not c.startswith("export PATH="))
env = {k: v for k, v in os.environ.items() if not k.startswith("JUXTA_")}
env["JUXTA_STATE_DIR"] = os.path.join(folder, "state")
env["PATH"] = f"{BIN}:/usr/bin:/bin"  # Debian's python3, which has NumPy
try:
    done = subprocess.run(["bash", "-c", script], cwd=folder, env=env, timeout=200, check=False)
finally:
    subprocess.run([os.path.join(BIN, "juxta"), "down", "--purge"], env=env, stderr=subprocess.DEVNULL, check=False)
    shutil.rmtree(folder, ignore_errors=True)
sys.exit(done.returncode)
