"""A real platform for a test: deployed with the `juxta` of the build, in a state directory of its own, ended and
checked for remains afterwards. Standard library only.

    class Sum(PlatformTest):
        UP = ["--clusters", "2"]
        def test_echo(self):
            self.assertEqual(self.json("call", "echo", "2.5")["outputs"][0]["value"], 2.5)
"""
import json
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import unittest

BIN = os.environ["JUXTA_BIN"]  # build/bin; set by ctest


class Failed(Exception):
    """A command that ended with another code than 0."""

    def __init__(self, words, code, out, err):
        super().__init__(f"juxta {' '.join(words)}: exit {code}: {err.strip()}")
        self.code, self.out, self.err = code, out, err

    def error(self):
        return json.loads(self.out)["error"]


def lives(pid):
    """A process that has ended and waits for whoever reaps orphans lives no more."""
    try:
        with open(f"/proc/{pid}/stat", encoding="utf-8") as file:
            return file.read().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


def sanitizer_reports(folder):
    """What the sanitizers of an instrumented build wrote to the elements' logs, from its first line on."""
    faults = []
    for log in sorted(pathlib.Path(folder).glob("*/log/*")):
        text = log.read_text(encoding="utf-8", errors="replace")
        report = re.search(r"^.*(?:WARNING: ThreadSanitizer|ERROR: \w+Sanitizer|: runtime error: ).*", text, re.M)
        if report:
            faults.append(f"{log.name}: {text[report.start():report.start() + 4000]}")
    return "\n".join(faults)


class PlatformTest(unittest.TestCase):
    UP = []          # options of `juxta up`
    DESCRIPTOR = ""  # or an XML text to deploy
    SHARED = True    # one platform for all tests of the class; else a fresh one each

    @classmethod
    def setUpClass(cls):
        if cls.SHARED:
            cls._start()

    @classmethod
    def tearDownClass(cls):
        if cls.SHARED:
            cls._end()

    def setUp(self):
        if not self.SHARED:
            type(self)._start()
        self.began = time.time()

    def tearDown(self):
        if not self.SHARED:
            type(self)._end()

    @classmethod
    def _start(cls):
        cls.folder = tempfile.mkdtemp(prefix="juxta-test-")
        cls.env = {k: v for k, v in os.environ.items() if not k.startswith("JUXTA_")}
        cls.env["JUXTA_STATE_DIR"] = os.path.join(cls.folder, "state")
        if cls.DESCRIPTOR:
            with open(cls.path("platform.xml"), "w", encoding="utf-8") as file:
                file.write(cls.DESCRIPTOR)
            cls.juxta("deploy", cls.path("platform.xml"))
        else:
            cls.juxta("up", *cls.UP)

    @classmethod
    def _end(cls):
        status = cls.json("status")
        platform, pids = status["platform"], [e["pid"] for e in status["elements"]]
        try:
            cls.juxta("down", timeout=90)
            left = [p for p in pids if p and lives(p)]
            assert not left, f"processes left behind: {left}"
            faults = sanitizer_reports(os.path.join(cls.env["JUXTA_STATE_DIR"], "platforms"))
            assert not faults, faults
            cls.juxta("down", "--purge", "--platform", platform, timeout=90)
        finally:
            for pid in pids:
                if pid and lives(pid):
                    os.kill(pid, signal.SIGKILL)
            shutil.rmtree(cls.folder, ignore_errors=True)

    # -- commands ------------------------------------------------------------------------------------------------

    @classmethod
    def path(cls, name):
        return os.path.join(cls.folder, name)

    @classmethod
    def juxta(cls, *words, timeout=60, env=None):
        """Runs a command; returns its standard output. Raises Failed."""
        words = [str(w) for w in words]
        done = subprocess.run([os.path.join(BIN, "juxta"), *words], env={**cls.env, **(env or {})}, cwd=cls.folder,
                              capture_output=True, text=True, timeout=timeout, check=False)
        if done.returncode != 0:
            raise Failed(words, done.returncode, done.stdout, done.stderr)
        return done.stdout

    @classmethod
    def json(cls, *words, **options):
        return json.loads(cls.juxta(*words, "--json", **options))

    def fails(self, *words, code=1, error=None, says=(), timeout=60):
        """The command ends with `code`, one clear line on standard error, and the error code in JSON."""
        with self.assertRaises(Failed) as caught:
            self.juxta(*words, "--json", timeout=timeout)
        failed = caught.exception
        self.assertEqual(failed.code, code, failed)
        lines = failed.err.strip().splitlines()
        self.assertEqual(len(lines), 1, failed.err)
        for text in (says,) if isinstance(says, str) else says:
            self.assertIn(text, failed.err)
        if error:
            self.assertEqual(failed.error()["code"], error)
        return failed

    # -- elements ------------------------------------------------------------------------------------------------

    @classmethod
    def elements(cls, kind=None):
        return [e for e in cls.json("status")["elements"] if kind in (None, e["kind"])]

    @classmethod
    def element(cls, name):
        return next(e for e in cls.elements() if e["name"] == name)

    def kill(self, name, number=signal.SIGKILL):
        pid = self.element(name)["pid"]
        os.kill(pid, number)
        if number == signal.SIGKILL:
            self.eventually(lambda: self.element(name)["state"] == "down", 10, f"{name} is down")
        return pid

    def eventually(self, holds, seconds, what):
        end = time.time() + seconds
        while True:
            try:
                if holds():
                    return
            except Failed as e:
                if time.time() > end:
                    raise AssertionError(f"not within {seconds} s: {what}: {e}") from e
            if time.time() > end:
                raise AssertionError(f"not within {seconds} s: {what}")
            time.sleep(0.05)

    # -- data ----------------------------------------------------------------------------------------------------

    def put_array(self, name, array, *options):
        import numpy
        numpy.save(self.path(name + ".npy"), array)
        return self.json("put", name + ".npy", "--name", name, *options)

    def get_array(self, datum):
        import numpy
        self.juxta("get", datum, "-o", "got.npy")
        return numpy.load(self.path("got.npy"))


def main():
    unittest.main(verbosity=2, argv=[sys.argv[0], *sys.argv[1:]])
