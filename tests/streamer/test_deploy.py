"""What is shipped for systemd and Docker, as far as it can be proved without either running."""

from __future__ import annotations

import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import yaml

from mediavault_tui.cli.main import parser
from mediavault_tui.domain.representation import _FAMILIES
from mediavault_tui.settings import VARIABLES
from tests.streamer.site import ROOT

UNITS = sorted((ROOT / "deploy/systemd").glob("*.service"))
TIMERS = sorted((ROOT / "deploy/systemd").glob("*.timer"))
PROGRAM = "/opt/mediavault/.venv/bin/mediavault"
DOCKERFILE = (ROOT / "deploy/docker/Dockerfile").read_text("utf-8")
COMPOSE: dict[str, Any] = yaml.safe_load((ROOT / "deploy/docker/compose.yaml").read_text("utf-8"))


def analysed(*words: str) -> str:
    ran = subprocess.run(["systemd-analyze", *words], capture_output=True, text=True, check=False)
    said = ran.stdout + ran.stderr
    assert ran.returncode == 0, said
    return said


@pytest.mark.needs("systemd-analyze")
@pytest.mark.parametrize("unit", UNITS, ids=lambda unit: unit.stem)
def test_a_unit_is_valid_and_keeps_its_program_in(unit: Path, tmp_path: Path) -> None:
    """Only the program is replaced, by one that is there."""
    text = unit.read_text("utf-8")
    assert PROGRAM in text
    installed = tmp_path / unit.name
    installed.write_text(text.replace(PROGRAM, sys.executable))
    assert "Unknown" not in analysed("verify", "--man=no", str(installed))
    assert "OK" in analysed("security", "--offline=yes", "--threshold=25", "--no-pager", str(installed))


@pytest.mark.needs("systemd-analyze")
@pytest.mark.parametrize("timer", TIMERS, ids=lambda timer: timer.stem)
def test_a_timer_is_valid_and_has_a_unit_to_start(timer: Path, tmp_path: Path) -> None:
    unit = timer.with_suffix(".service")
    (tmp_path / unit.name).write_text(unit.read_text("utf-8").replace(PROGRAM, sys.executable))
    shutil.copy(timer, tmp_path)
    assert "Unknown" not in analysed("verify", "--man=no", str(tmp_path / timer.name))


@pytest.mark.needs("systemd-analyze")
def test_a_wrong_unit_would_be_found(tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.service"
    wrong.write_text("[Service]\nExecStart=/no/such/program\n")
    words = ["systemd-analyze", "verify", "--man=no", str(wrong)]
    ran = subprocess.run(words, capture_output=True, check=False)
    assert ran.returncode != 0


def test_the_units_start_commands_that_there_are() -> None:
    commands = [
        found[1] for unit in UNITS if (found := re.search(rf"ExecStart={PROGRAM} (.*)", unit.read_text()))
    ]
    assert sorted(commands) == ["metadata omdb --budget 900", "scan", "serve", "web"]
    for command in commands:
        assert parser().parse_args(command.split()).command == command.split()[0]


def test_the_build_context_has_what_is_copied_and_a_wheel_comes_of_it(tmp_path: Path) -> None:
    lines = (ROOT / "deploy/docker/Dockerfile.dockerignore").read_text("utf-8").split()
    assert lines[0] == "*", "nothing goes in that is not named"
    let_in = {line[1:] for line in lines if line.startswith("!")}
    copied = {
        name
        for names in re.findall(r"^COPY (?!--from)(.*) \S+$", DOCKERFILE, re.MULTILINE)
        for name in names.split()
    }
    assert copied == let_in
    for name in let_in:
        place = ROOT / name
        if place.is_dir():
            shutil.copytree(place, tmp_path / name, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(place, tmp_path / name)
    words = [sys.executable, "-m", "hatchling", "build", "--target", "wheel"]
    ran = subprocess.run(words, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert ran.returncode == 0, ran.stderr
    assert list((tmp_path / "dist").glob("*.whl"))


def test_nginx_knows_the_types_of_the_sidecar() -> None:
    """What nginx sends without asking for each range has the type that we would say."""
    text = (ROOT / "deploy/nginx/mediavault.conf").read_text("utf-8")
    found = re.search(r"types \{(.*?)\}", text, re.DOTALL)
    assert found is not None
    lines = [line.split() for line in found[1].split(";") if line.strip()]
    said = {f".{ending}".encode(): kind for kind, *endings in lines for ending in endings}
    assert said == {ending: kind for _, types in _FAMILIES for ending, kind in types.items()}


def test_the_image_runs_as_nobody_special() -> None:
    last = DOCKERFILE.rpartition("\nFROM ")[2]
    assert re.search(r"^USER 1000:1000$", last, re.MULTILINE), "a number can be seen to be no root"
    assert "--uid 1000" in last
    assert last.index("USER 1000") < last.index("CMD ")
    assert last.index("apt-get") < last.index("USER 1000")


@pytest.mark.parametrize("name", sorted(COMPOSE["services"]))
def test_a_container_may_write_its_data_only_and_answers_this_host_only(name: str) -> None:
    service = COMPOSE["services"][name]
    assert service["read_only"] is True
    assert service["user"] == "1000:1000"
    assert service["cap_drop"] == ["ALL"]
    assert "no-new-privileges:true" in service["security_opt"]
    (published,) = service["ports"]
    address, outside, inside = published.split(":")
    assert address == "127.0.0.1"
    assert outside == inside
    assert f"127.0.0.1:{inside}/" in service["healthcheck"]["test"][-1]
    compile(service["healthcheck"]["test"][-1], "healthcheck", "exec")
    environment = service["environment"]
    assert set(environment) <= set(VARIABLES)
    # A .env made for the host names other folders and ports; what the container has holds.
    assert environment[{"sidecar": "STREAMER_PORT", "front": "MEDIAVAULT_WEB_PORT"}[name]] == inside
    (data,) = [v.split(":")[1] for v in service["volumes"] if v.startswith("data:")]
    assert environment["MEDIAVAULT_DATA_DIR"] == data
    assert Path(environment["MEDIAVAULT_CACHE_DIR"]).is_relative_to(data)
    program, command = service["command"]
    assert program == "mediavault"
    assert parser().parse_args([command]).command == command
    writable = [v for v in service["volumes"] if not v.endswith(":ro")]
    assert len(writable) == {"sidecar": 1, "front": 2}[name], "the front end stages, the sidecar only reads"


def test_every_setting_of_the_example_is_read_and_every_one_that_is_read_is_in_it() -> None:
    text = (ROOT / ".env.example").read_text("utf-8")
    assert sorted(re.findall(r"^# ([A-Z][A-Z0-9_]+)=", text, re.MULTILINE)) == sorted(VARIABLES)
    assert not re.search(r"^[^#\n]", text, re.MULTILINE), "copied as it is, it changes nothing"


def test_there_is_no_second_database() -> None:
    assert set(COMPOSE["services"]) == {"sidecar", "front"}
    gateway = COMPOSE["networks"]["mediavault-network"]["ipam"]["config"][0]["gateway"]
    for service in COMPOSE["services"].values():
        assert service["environment"]["STREAMER_TRUSTED_PROXIES"] == gateway
