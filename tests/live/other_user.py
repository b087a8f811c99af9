"""A user without rights, and a folder of its own where it finds what the tests execute."""
import os
import pathlib
import pwd
import shutil
import stat
import subprocess
import tempfile

USER = "tarry-test"
SOURCES = pathlib.Path(__file__).resolve().parent.parent.parent


def the_user():
    """Made if it is not there."""
    try:
        return pwd.getpwnam(USER)
    except KeyError:
        subprocess.run(["useradd", "--system", "--no-create-home", "--shell", "/bin/sh", USER], check=True)
        return pwd.getpwnam(USER)


def as_user(user, home):
    """What subprocess needs to start something as this user."""
    return {"user": user.pw_uid, "group": user.pw_gid, "extra_groups": [], "cwd": home,
            "env": {"PATH": os.environ["PATH"], "HOME": str(home), "LC_ALL": "C.UTF-8",
                    **{name: value for name, value in os.environ.items() if name == "CI" or name.startswith("TARRY_")}}}


def make_home(tarry, owner):
    """A folder of the user's with a copy of tarry: where the build is, it need not be able to look. The caller
    removes it."""
    home = pathlib.Path(tempfile.mkdtemp(prefix="tarry-user.", dir="/var/tmp"))
    shutil.copy2(tarry, home / "tarry")
    os.chown(home, owner.pw_uid, owner.pw_gid)
    return home


def run_test_file(test_file, tarry, workloads, arguments):
    """The whole test file again, as the user; its exit status."""
    user = the_user()
    home = make_home(tarry, user)
    try:
        for folder in ("tests/live", "sample_traces"):
            shutil.copytree(SOURCES / folder, home / folder, ignore=shutil.ignore_patterns("*.tarry", "__pycache__"))
        (home / "workloads").mkdir()
        for path in workloads.iterdir():
            if path.is_file() and os.access(path, os.X_OK):
                shutil.copy2(path, home / "workloads")
        for path in home.rglob("*"):
            executable = path.is_dir() or path.stat().st_mode & stat.S_IXUSR
            path.chmod(0o755 if executable else 0o644)
        # The one of this process may be in somebody's home.
        command = ["/usr/bin/python3", "-B", home / "tests/live" / test_file.name, "--tarry", home / "tarry",
                   "--workloads", home / "workloads", *arguments]
        return subprocess.run(list(map(str, command)), check=False, **as_user(user, home)).returncode
    finally:
        shutil.rmtree(home, ignore_errors=True)
