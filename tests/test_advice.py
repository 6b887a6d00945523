"""What of a call the Engine will ignore: parameters, fields, what its version hasn't got."""

from __future__ import annotations

import json
import string
from typing import Any
from urllib.parse import quote

import pytest
from hypothesis import given
from hypothesis import strategies as st

from labkit import advice, reference
from labkit.model import Endpoint, Request
from labkit.strays import strays


def request(method: str, target: str, body: Any = None, version: str = "1.41") -> Request:
    """Return a request to an Engine; without a version it goes to something else."""
    raw = body if isinstance(body, bytes) or body is None else json.dumps(body).encode()
    return Request(method, f"/v{version}{target}" if version else target, Endpoint(socket="/run/x"), body=raw)


def said(method: str, target: str, body: Any = None, version: str = "1.41") -> str:
    """Return all remarks about a request."""
    return "\n".join(advice.remarks(request(method, target, body, version)))


CREATE = "/containers/create"


@pytest.mark.parametrize(
    ("target", "wanted"),
    [
        ("/containers/json?jsn=1", "Did you mean the argument json=?"),
        ("/containers/json?al=1", "Did you mean `all`?"),
        ("/containers/json?All=1", "Did you mean `all`?"),
        ("/containers/json?zzzz=1", "`zzzz` is no parameter of GET /containers/json and went into the query"),
        ("/images/json?shared-size=1", "came with API 1.42; this call carries 1.41"),
        ("/images/json?filter=busybox", "was in the API until 1.40; this call carries 1.41"),
    ],
)
def test_parameters(target: str, wanted: str) -> None:
    """An unknown parameter is named, with the nearest right one; names count in their very case."""
    assert wanted in said("GET", target)


def test_a_field_of_the_body_in_the_query() -> None:
    """What was meant for the body is sent there."""
    assert 'field of the body: json={"Image": ...}' in said("POST", f"{CREATE}?Image=busybox", {})


@pytest.mark.parametrize(
    ("body", "stands", "better"),
    [
        ({"Mounts": [], "HostConfig": {}}, "Mounts", "HostConfig.Mounts"),
        ({"HostConfig": {"Image": "x"}}, "HostConfig.Image", "Image"),
        ({"HostConfg": {}}, "HostConfg", "HostConfig"),
        ({"HostConfig": {"PortBinding": {}}}, "HostConfig.PortBinding", "HostConfig.PortBindings"),
        ({"hostconfig": {"portbinding": {}}}, "HostConfig.portbinding", "HostConfig.PortBindings"),
        (
            {"HostConfig": {"Mounts": [{"Destination": "/x"}]}},
            "HostConfig.Mounts[].Destination",
            "HostConfig.Mounts[].Target",
        ),
        ({"Command": ["true"]}, "Command", "Cmd"),
        ({"Ports": {}}, "Ports", "HostConfig.PortBindings"),
        ({"Name": "web"}, "Name", "?name="),
        (
            {"NetworkingConfig": {"EndpointsConfig": {"front": {"IPAddress": "x"}}}},
            "NetworkingConfig.EndpointsConfig.front.IPAddress",
            "NetworkingConfig.EndpointsConfig.front.IPAMConfig.IPv4Address",
        ),
        ({"Qqqqqqqq": 1}, "Qqqqqqqq", ""),
    ],
)
def test_fields_of_a_container(body: dict[str, Any], stands: str, better: str) -> None:
    """A stray field is named with the place or the name that it was meant for."""
    found = strays(request("POST", CREATE, {"Image": "busybox", **body}))
    assert [(stray.path, stray.better) for stray in found] == [(stands, better)]
    assert f"`{stands}`" in said("POST", CREATE, {"Image": "busybox", **body})


@pytest.mark.parametrize(
    ("target", "body", "better"),
    [
        ("/networks/create", {"Name": "x", "Subnet": "x"}, "`IPAM.Config[].Subnet`"),
        ("/networks/create", {"Name": "x", "IPAM": {"Config": [{"Gatway": "x"}]}}, "`IPAM.Config[].Gateway`"),
        ("/networks/x/connect", {"Container": "x", "Aliases": ["x"]}, "`EndpointConfig.Aliases`"),
        ("/volumes/create", {"Name": "x", "Options": {}}, "`DriverOpts`"),
        ("/containers/x/exec", {"Cmd": ["ls"], "cwd": "/"}, "`WorkingDir`"),
        ("/containers/x/stop", {"t": 1}, "`t` is a parameter: t=..."),
        ("/containers/x/start", {"HostConfig": {}}, "reads no body, and ignores `HostConfig`"),
    ],
)
def test_fields_of_other_bodies(target: str, body: dict[str, Any], better: str) -> None:
    """The same is done for all bodies that are described."""
    assert better in said("POST", target, body)


def test_fields_that_older_engines_read() -> None:
    """Without a HostConfig, Engines up to 26 read its fields at the top level: so nothing is claimed there."""
    assert "some older Engines read it" in said("POST", CREATE, {"Image": "x", "Mounts": []})
    assert "some older Engines read it" in said("POST", CREATE, {"Image": "x", "Memory": 1, "HostConfig": {}})
    assert "the Engine ignores it" in said("POST", CREATE, {"Image": "x", "Mounts": [], "HostConfig": {}})
    assert "the Engine ignores it" in said("POST", CREATE, {"Image": "x", "Mounts": []}, "1.48")


def test_fields_that_the_version_does_not_know() -> None:
    """A field of a newer API is named with the version that brought it; with that version it is right."""
    body = {"Image": "x", "Healthcheck": {"Test": ["CMD", "true"], "StartInterval": 1}}
    assert "`Healthcheck.StartInterval` came with API 1.44" in said("POST", CREATE, body)
    assert not said("POST", CREATE, body, "1.44")


@pytest.mark.parametrize(
    ("method", "target", "body"),
    [
        ("GET", "/containers/json?all=1&filters=%7B%7D&limit=3", None),
        ("POST", f"{CREATE}?name=web", {"image": "nginx", "CMD": ["x"], "hostConfig": {"binds": ["/a:/b"]}}),
        ("POST", CREATE, {"Image": "nginx", "Labels": {"Mounts": "x"}, "ExposedPorts": {"80/tcp": {}}}),
        ("POST", CREATE, {"Image": "nginx", "HostConfig": {"PortBindings": {"80/tcp": [{"HostPort": "1"}]}}}),
        ("POST", CREATE, {"Image": 5, "HostConfig": [], "Cmd": {"a": 1}, "Healthcheck": "x"}),
        ("POST", CREATE, b"{not json"),
        ("POST", CREATE, b"[1]"),
        ("POST", CREATE, b"[" * 100_000),
        ("GET", "/swarm?anything=1", None),
        ("POST", "/containers/x/stop", b""),
        ("PUT", "/containers/x/archive?path=%2F", b"{\x00"),
        ("GET", "/no/such/path?x=1", None),
    ],
)
def test_silence(method: str, target: str, body: Any) -> None:
    """What is right, what can't be read and what isn't described is passed over; JSON keys count in any case."""
    assert said(method, target, body) == ""


def test_a_registry_is_not_an_engine() -> None:
    """A call without an API version is not judged."""
    assert said("GET", "/containers/json?jsn=1", version="") == ""


def test_many_mistakes_are_not_all_told() -> None:
    """The number of remarks is bounded."""
    assert len(advice.remarks(request("POST", CREATE, {f"Zz{n}": n for n in range(50)}))) == advice.MOST


@pytest.mark.parametrize("operation", reference.operations().values(), ids=lambda o: f"{o.method} {o.path}")
def test_what_is_described_is_right(operation: reference.Operation) -> None:
    """Every described parameter and every skeleton passes, in the version that brought it."""
    newest = "1.55"
    for parameter in operation.parameters:
        if parameter.where == "query" and not parameter.until:
            assert not said(operation.method, f"{operation.path}?{parameter.name}=x", version=newest)
    if operation.body and operation.body.skeleton is not None:
        assert not said(operation.method, operation.path, operation.body.skeleton, newest)


_KEYS = st.one_of(
    st.sampled_from(["HostConfig", "Mounts", "Image", "", "a.b", "[]", "*"]), st.text(string.printable, max_size=8)
)


@given(
    body=st.recursive(
        st.one_of(st.none(), st.booleans(), st.integers(), st.text(max_size=5)),
        lambda inner: st.lists(inner, max_size=3) | st.dictionaries(_KEYS, inner, max_size=3),
    ),
    target=st.sampled_from([CREATE, "/networks/create", "/volumes/create", "/commit", "/auth"]),
)
def test_any_json_is_survived(body: Any, target: str) -> None:
    """Whatever a learner sends, remarks are sentences and nothing is raised."""
    assert all(isinstance(one, str) and one for one in advice.remarks(request("POST", target, body)))


@pytest.mark.parametrize(
    ("filters", "right"),
    [
        ('{"label":"x"}', '{"label": ["x"]}'),
        ('{"dangling":true}', '{"dangling": ["true"]}'),
        ('{"size":3}', '{"size": ["3"]}'),
    ],
)
def test_a_filter_without_a_list(filters: str, right: str) -> None:
    """Each value of a filter is a list; the right form of this very one is shown."""
    asked = request("GET", f"/containers/json?filters={quote(filters)}")
    assert advice.remarks(asked)[0].endswith(right)


@pytest.mark.parametrize("filters", ['{"label":["x"]}', '{"label":{"x":true}}', "{}", "x", "[]", '"text"'])
def test_filters_that_an_engine_reads_are_left_alone(filters: str) -> None:
    """Lists and maps are right, and what is no object is another matter."""
    asked = request("GET", f"/containers/json?filters={quote(filters)}")
    assert advice.remarks(asked) == ()
