"""Hosts and origins that are the server's own, and those that only look like it."""

from __future__ import annotations

import pytest

from aeviz.server.origins import AllowedHosts, Origins, machine_names, parse_host


@pytest.mark.parametrize(
    "origin",
    [
        "http://[::1",
        "http://[::1]x",
        "http://class.example:99999999",
        "http://class.example:8501@evil.example",
        "javascript://class.example:8501",
        "//class.example:8501",
        "file://class.example:8501",
        "ws://class.example:8501",
        "class.example:8501",
        "http://class.example:8501/path",
        "http://class.example:8501?",
        "http://class.example:8501#",
        "http://class.example:8502",
        "http://class.example",
        "http://class.example.evil.example:8501",
        "http://evil.example/class.example:8501",
        "http://\x00class.example:8501",
        "http://class\u2024example:8501",
        "null",
        "",
    ],
)
def test_what_is_not_the_servers_own_origin_is_refused(origin: str) -> None:
    headers = {"origin": origin, "host": "class.example:8501"}
    assert not Origins().allow(headers, "http")
    assert not Origins().allow(headers)


@pytest.mark.parametrize(
    ("origin", "host", "scheme"),
    [
        ("http://class.example:8501", "class.example:8501", "http"),
        ("http://class.example:8501", "CLASS.example:8501", "ws"),
        ("https://class.example", "class.example", "https"),
        ("https://class.example", "class.example:443", "wss"),
        ("http://10.0.0.5", "10.0.0.5:80", "http"),
        ("http://[::1]:8501", "[::1]:8501", "http"),
    ],
)
def test_the_own_origin_is_let_in_and_by_its_own_scheme_only(
    origin: str, host: str, scheme: str
) -> None:
    headers = {"origin": origin, "host": host}
    assert Origins().allow(headers, scheme)
    other = "https" if scheme in ("http", "ws") else "http"
    assert not Origins().allow(headers, other)


@pytest.mark.parametrize(
    "host", ["", "[::1", "a b", "class.example:x", "@class.example", "..", "[1.2.3.4]"]
)
def test_a_malformed_host_is_nobodys(host: str) -> None:
    assert parse_host(host) is None
    assert not Origins().allow({"origin": f"http://{host}", "host": host})
    assert not AllowedHosts().allow(host)


@pytest.mark.parametrize(
    "host",
    [
        "localhost:8501",
        "LOCALHOST",
        "127.0.0.1",
        "192.168.1.7:8501",
        "[fe80::1]:8501",
        "localhost.",
    ],
)
def test_addresses_and_the_machine_itself_need_no_setting(host: str) -> None:
    assert AllowedHosts().allow(host)


def test_the_machines_own_names_need_no_setting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("socket.gethostname", lambda: "Lab-PC.school.example")
    assert machine_names() == {"localhost", "lab-pc", "lab-pc.local", "lab-pc.school.example"}
    assert AllowedHosts().allow("lab-pc.local:8501")


@pytest.mark.parametrize(
    "host",
    ["evil.example", "localhost.evil.example", "127.0.0.1.evil.example", "1.2.3"],
)
def test_another_name_is_refused_until_the_setting_names_it(
    host: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert not AllowedHosts().allow(host)
    monkeypatch.setenv("AEVIZ_HOSTS", "*")
    assert AllowedHosts().allow(host)


def test_the_setting_names_hosts_and_all_below_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("AEVIZ_HOSTS", " Class.example , *.School.example,,port.example:8501")
    allowed = AllowedHosts(["https://inner.example:8443/", "no sense"])
    for host in ("class.example:8501", "a.b.school.example", "inner.example", "port.example"):
        assert allowed.allow(host)
    for host in ("school.example", "notschool.example", "evil.example", "no sense"):
        assert not allowed.allow(host)
