"""Running processes under supervisord: the kept supervisor that restarts what ends and outlives the command that started it.

Invariant: supervisord is the child of nothing and the parent of all; its pid file lies in LOCAL_DIR. What stopping it leaves
behind (it may have been killed itself) is found by a mark in the environment of each process and ended by process id.
"""

import os
import shlex
import subprocess
import sys
import time
from collections.abc import Callable, Iterable
from contextlib import suppress
from http.client import HTTPException
from pathlib import Path
from typing import Any
from xmlrpc.client import Fault, ServerProxy

import psutil

from deploy.declaration import MARK, PLATFORM
from deploy.local import keys
from deploy.local.place import HOST, ROOT, CannotStart, Place
from deploy.local.processes import Process

_STOP_SECONDS = 25
_RUNS = frozenset({"STARTING", "RUNNING", "BACKOFF", "STOPPING"})
_ALREADY_SO = frozenset({60, 70})  # supervisor's faults ALREADY_STARTED and NOT_RUNNING


class Supervisor:
    def __init__(self, place: Place) -> None:
        self._place = place
        password = keys.load(place.local_dir)["supervisor_password"]
        self._address = f"http://clearwater:{password}@{HOST}:{place.port('supervisor')}/RPC2"

    def launch(self, processes: Iterable[Process]) -> None:
        """Starts supervisord, daemonised, with all processes declared and none running. Raises CannotStart."""
        settings = self._write_settings(processes)
        launched = subprocess.run(
            [sys.executable, "-m", "supervisor.supervisord", "-c", str(settings)],
            cwd=ROOT,
            env={name: os.environ[name] for name in ("PATH", "HOME", "LANG", "TMPDIR") if name in os.environ}
            | {MARK: str(self._place.local_dir)},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
        )
        if launched.returncode:
            reason = (launched.stderr or launched.stdout).strip().splitlines()[-1:]
            raise CannotStart(f"supervisord does not start: {' '.join(reason)}")
        wait_until(self.answers, seconds=10, what="supervisord")

    def answers(self) -> bool:
        try:
            return bool(self._ask("getState")["statename"] == "RUNNING")
        except (OSError, HTTPException, Fault):
            return False

    def start(self, name: str) -> None:
        self._unless_already_so(lambda: self._ask("startProcess", name, False))  # noqa: FBT003 - do not wait

    def declare_anew(self, processes: Iterable[Process]) -> list[str]:
        """Stops the processes whose declaration has changed and returns their names: they have to be started again.

        A process that is declared for the first time is known from now on, and not started.
        """
        self._write_settings(processes)
        ((added, changed, _),) = self._ask("reloadConfig")
        for name in added:
            self._ask("addProcessGroup", name)
        running = [name for name in changed if self.states()[name]["statename"] in _RUNS]
        for name in changed:
            self.stop(name)
            self._ask("removeProcessGroup", name)
            self._ask("addProcessGroup", name)
        return running

    def stop(self, name: str, *, wait: bool = True) -> None:
        self._unless_already_so(lambda: self._ask("stopProcess", name, wait))

    def states(self) -> dict[str, dict[str, Any]]:
        """Per process: statename, pid, start, spawnerr and the rest of supervisor's getProcessInfo."""
        return {state["name"]: state for state in self._ask("getAllProcessInfo")}

    def pid(self, name: str) -> int:
        return int(self._ask("getProcessInfo", name)["pid"])

    def shut_down(self) -> None:
        """Returns when nothing of this installation runs any more."""
        patience = time.monotonic() + _STOP_SECONDS
        with suppress(
            OSError, HTTPException, Fault
        ):  # supervisord is ending: the remaining processes are signalled directly
            self._stop_children(patience)
        while time.monotonic() < patience and (running := members(self._place)):
            _end([process for process in running if _is_supervisord(process)] or running)
            psutil.wait_procs(running, timeout=0.5)
        for process in members(self._place):
            with suppress(psutil.NoSuchProcess):
                process.kill()
        psutil.wait_procs(members(self._place), timeout=5)
        self._pid_file.unlink(missing_ok=True)

    def _stop_children(self, patience: float) -> None:
        """The services side by side, then what they stand on. supervisord by itself would take one a second."""
        known = self.states()
        for wave in (known.keys() - set(PLATFORM), known.keys() & set(PLATFORM)):
            for name in wave:
                self.stop(name, wait=False)
            while time.monotonic() < patience and any(self.states()[name]["statename"] in _RUNS for name in wave):
                time.sleep(0.1)

    def _ask(self, method: str, *arguments: object) -> Any:  # noqa: ANN401 - supervisord's answers have no types
        with ServerProxy(self._address) as proxy:
            return getattr(proxy.supervisor, method)(*arguments)

    @property
    def _pid_file(self) -> Path:
        return self._place.path("supervisord.pid")

    def _unless_already_so(self, call: Callable[[], object]) -> None:
        try:
            call()
        except Fault as fault:
            if fault.faultCode not in _ALREADY_SO:
                raise

    def _write_settings(self, processes: Iterable[Process]) -> Path:
        place = self._place
        place.path("logs").mkdir(parents=True, exist_ok=True)
        password = keys.load(place.local_dir)["supervisor_password"]
        sections = [
            "[supervisord]",
            f"logfile={place.path('logs', 'supervisord.log')}",
            f"pidfile={self._pid_file}",
            f"childlogdir={place.path('logs')}",
            *(["user=root"] if os.geteuid() == 0 else []),
            "[inet_http_server]",
            f"port={HOST}:{place.port('supervisor')}",
            "username=clearwater",
            f"password={password}",
            "[rpcinterface:supervisor]",
            "supervisor.rpcinterface_factory=supervisor.rpcinterface:make_main_rpcinterface",
            *(line for process in processes for line in _section(place, process)),
        ]
        path = place.path("supervisord.conf")
        path.touch(mode=0o600)
        path.write_text("\n".join(sections) + "\n")
        return path


def _section(place: Place, process: Process) -> list[str]:
    # supervisor reads % as its own placeholder; base64 and JSON go through as they are between single quotes.
    values = ",".join(f"{name}='{value}'" for name, value in process.environment.items())
    return [
        f"[program:{process.name}]",
        f"command={shlex.join(process.command)}".replace("%", "%%"),
        f"environment={values}".replace("%", "%%"),
        f"directory={ROOT}" if process.user is None else "directory=/",
        *([f"user={process.user}"] if process.user else []),
        f"stdout_logfile={place.path('logs', process.name + '.log')}",
        "stdout_logfile_maxbytes=20MB",
        "stdout_logfile_backups=1",
        "redirect_stderr=true",
        "autostart=false",
        "autorestart=true",
        # A process that ends within a second is tried again after 1, 2, 3 … seconds, for half an hour.
        "startsecs=1",
        "startretries=60",
        f"stopsignal={process.stop_signal}",
        "stopwaitsecs=15",
        "killasgroup=true",
    ]


def members(place: Place) -> list[psutil.Process]:
    """Every running process of this installation, whatever its parent is now."""
    mark = str(place.local_dir)
    marked = [process for process in psutil.process_iter() if process.pid != os.getpid() and _mark(process) == mark]
    # PostgreSQL's children write their titles over the environment that they were given, so they are known by their parent.
    return list({member.pid: member for parent in marked for member in (parent, *_children(parent))}.values())


def wait_until(probe: Callable[[], bool], *, seconds: float, what: str) -> None:
    patience = time.monotonic() + seconds
    while not probe():
        if time.monotonic() > patience:
            raise CannotStart(f"{what} is not ready after {seconds:.0f} s.")
        time.sleep(0.1)


def _children(process: psutil.Process) -> list[psutil.Process]:
    try:
        return [child for child in process.children(recursive=True) if child.pid != os.getpid()]
    except psutil.NoSuchProcess:
        return []


def _mark(process: psutil.Process) -> str | None:
    try:
        mark: str | None = process.environ().get(MARK)
    except (psutil.Error, OSError):  # gone in between, or another user's, which is not ours
        return None
    return mark


def _is_supervisord(process: psutil.Process) -> bool:
    try:
        return "supervisor.supervisord" in process.cmdline()
    except psutil.Error:
        return False


def _end(processes: Iterable[psutil.Process]) -> None:
    for process in processes:
        try:
            process.terminate()
        except psutil.NoSuchProcess:
            continue
