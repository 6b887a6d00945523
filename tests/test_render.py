"""What a notebook shows of an exchange."""

from __future__ import annotations

import json
import re
import subprocess
import sys
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from nbval.plugin import get_sanitize_patterns
from samples import (
    HOSTILE,
    OTHERS,
    Endpoint,
    Values,
    container,
    event,
    exchange,
    frame,
    image,
    inspected,
    lines,
    network,
    pull,
    sample,
)

from labkit import api, livelayer, render
from labkit.exchange import Exchange
from labkit.status import meaning

SANITIZE = Path(__file__).with_name("nbval-sanitize.cfg")

# What JupyterLab 4.6 lets through, of what is used here: it also looks at the values.
TAGS = {"div", "p", "strong", "em", "code", "pre", "details", "summary", "table", "thead", "tbody", "tr", "th", "td"}
TAGS |= {"ul", "li", "input"}
STYLES = {
    "margin": r"\d+(px)?( \d+(px)?)*",
    "padding": r"\d+(px)?( \d+(px)?)*",
    "border-left": r"\d+px solid gray",
    "border-collapse": "collapse|separate",
    "overflow-wrap": "normal|break-word",
    "overflow-x": "visible|hidden|scroll|auto",
    "text-align": "left|right|center|justify",
    "white-space": "normal|pre|nowrap|pre-wrap|pre-line",
    "cursor": "pointer",
    "display": "none",
    "list-style-type": "none",
}
ATTRIBUTES = {"style", "scope", "class", "title", "hidden", "type", "value", "placeholder"}
# What it takes out, by the value that each may have: nothing of an Engine is in one.
LIVE = {
    "onclick": {livelayer.CLICK},
    "oninput": {livelayer.SEARCH},
    "data-lm-suppress-shortcuts": {"true"},
    "aria-label": {"Search keys and values"},
}


def variants(v: Values) -> dict[str, Exchange]:
    """Return exchanges that differ from those of other values in these alone."""
    more: dict[str, Any] = {"at": v.now, "seconds": v.seconds, "endpoint": Endpoint(socket=v.run)}
    stamped = f"{v.created.isoformat()} hello\n".replace("+00:00", ".000000001Z").encode()
    return {
        "containers": exchange("GET", "/v1.41/containers/json?all=1", [container(v, SizeRootFs=v.size)], **more),
        "inspect": exchange("GET", f"/v1.41/containers/{v.hex}/json", inspected(v), **more),
        "create": exchange("POST", "/v1.41/containers/create", {"Id": v.hex, "Warnings": []}, 201, **more),
        "stats": exchange("GET", f"/v1.41/containers/{v.hex}/stats?stream=0", sample(v), **more),
        "logs": exchange(
            "GET", "/v1.41/containers/web/logs?stdout=1&timestamps=1", frame(1, stamped), content_type="", **more
        ),
        "conflict": exchange("DELETE", "/v1.41/containers/web", {"message": f"You cannot remove {v.hex}"}, 409, **more),
        "images": exchange("GET", "/v1.41/images/json", [image(v)], **more),
        "pull": exchange("POST", "/v1.41/images/create?fromImage=busybox", pull(v), **more),
        "network": exchange("GET", f"/v1.41/networks/{v.hex}", network(v), **more),
        "networks": exchange("GET", "/v1.41/networks", [network(v)], **more),
        "volume": exchange(
            "GET",
            "/v1.41/volumes/site",
            {"Name": "site", "Driver": "local", "Scope": "local", "Mountpoint": "/m", "CreatedAt": str(v.created)},
            **more,
        ),
        "prune": exchange(
            "POST", "/v1.41/containers/prune", {"ContainersDeleted": [v.hex], "SpaceReclaimed": v.size}, **more
        ),
        "events": exchange("GET", f"/v1.41/events?until={v.now.timestamp()}", lines(event(v)), **more),
        "info": exchange(
            "GET", "/v1.41/info", {"ID": "YSV4:F6ZN:SWFX:YBXF:PDFN:4VVU", "NCPU": v.ago, "MemTotal": v.size}, **more
        ),
    }


def sanitized(text: str) -> str:
    """Return text as nbval compares it."""
    for regex, replacement in get_sanitize_patterns(SANITIZE.read_text()):
        text = re.sub(regex, replacement, text)
    return text


class Walker(HTMLParser):
    """Notes the tags, attributes and styles of some HTML, and whether each tag is closed in its turn."""

    def __init__(self, source: str) -> None:
        super().__init__()
        self.tags: set[str] = set()
        self.attributes: set[str] = set()
        self.styles: dict[str, set[str]] = {}
        self.open: list[str] = []
        self.live: dict[str, set[str]] = {}
        self.text = ""
        assert source.count(livelayer.STYLE) == source.count("<style") <= 1
        self.feed(source.replace(livelayer.STYLE, ""))
        self.close()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.add(tag)
        if tag != "input":
            self.open.append(tag)
        for name, value in attrs:
            if name in LIVE:
                self.live.setdefault(name, set()).add(value or "")
            else:
                self.attributes.add(name)
            for declaration in filter(str.strip, (value or "").split(";") if name == "style" else []):
                key, _colon, said = declaration.partition(":")
                self.styles.setdefault(key.strip(), set()).add(said.strip())

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


@pytest.mark.parametrize("name", variants(Values()))
@pytest.mark.parametrize("mime", ["text/plain", "text/html"])
def test_only_values_differ(name: str, mime: str) -> None:
    """Two runs of one call, with other ids, ages, sizes and times, are equal once these are taken out."""
    one, other = variants(Values())[name], variants(OTHERS)[name]
    shown, shown_then = render.bundle(one)[mime], render.bundle(other)[mime]
    assert shown != shown_then
    assert sanitized(shown) == sanitized(shown_then)


@pytest.mark.parametrize("checkout", ["/", "/work/", "/srv/work/course/", "/home/work/x/", "/a/work/work/"])
@pytest.mark.parametrize(
    ("said", "compared"),
    [
        ("{}.lab/tls/ca.pem", "LAB"),
        ("curl --cacert {}.lab/tls/ca.pem http://localhost", "curl --cacert LAB http://localhost"),
        (">{}.lab/test/docker/volumes/no…<", ">LAB<"),
        ('verify="{}.lab/test/run/a.sock",', 'verify="LAB",'),
        ("{}work/notes.txt", "WORK/notes.txt"),
        ("{}.lab/test/work/notes.txt", "WORK/notes.txt"),
        ("{}work is the learner's folder", "WORK is the learner's folder"),
    ],
)
def test_where_the_checkout_lies_makes_no_difference(checkout: str, said: str, compared: str) -> None:
    """The learner's folder is told apart from a folder of its name that the checkout lies in."""
    assert sanitized(said.format(checkout)) == compared


@pytest.mark.parametrize("mime", ["text/plain", "text/html"])
def test_a_real_difference_is_not_taken_out(mime: str) -> None:
    """Another name, image, state, status code or path is still seen after sanitizing."""
    target = "/v1.41/containers/json"
    shown = {
        sanitized(render.bundle(changed)[mime])
        for changed in (
            exchange("GET", target, [container()]),
            exchange("GET", target, [container(Names=["/db-3f9c"])]),
            exchange("GET", target, [container(Image="redis")]),
            exchange("GET", target, [container(State="paused")]),
            exchange("GET", target, [container(), container()]),
            exchange("GET", target, [container(Ports=[])]),
            exchange("GET", target + "?all=1", [container()]),
            exchange("GET", target, [container()], 203),
        )
    }
    assert len(shown) == 8


@pytest.mark.parametrize("name", variants(Values()))
def test_html_survives_a_sanitizer(name: str) -> None:
    """The HTML is well formed; beside the live layer, its tags, attributes and styles pass JupyterLab's sanitizer."""
    seen = Walker(render.bundle(variants(Values())[name])["text/html"])
    assert not seen.open
    assert seen.tags <= TAGS
    assert seen.attributes <= ATTRIBUTES
    assert all(values <= LIVE[name] for name, values in seen.live.items())
    for style, values in seen.styles.items():
        assert all(re.fullmatch(STYLES[style], value) for value in values)


def test_colours_come_from_the_page() -> None:
    """Text and backgrounds are the page's own, so that contrast is that of the theme, light or dark."""
    for shown in variants(Values()).values():
        assert not {"color", "background", "background-color"} & Walker(render.bundle(shown)["text/html"]).styles.keys()


@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_names_stay_text(text: str) -> None:
    """Names, labels, headers, errors and notes of others never become markup or control sequences."""
    listed = container(Names=["/" + text], Image=text, Command=text, Status=text, Labels={text: text})
    found = inspected() | {"Name": "/" + text, "Config": {"Image": text, "Env": [text], "Labels": {text: text}}}
    for shown in (
        exchange("GET", "/v1.41/containers/json", [listed], received=[("X-" + "Test", text)]),
        exchange("GET", "/v1.41/containers/x/json", found),
        exchange("GET", "/v1.41/containers/x/json", {"message": text}, 404, notes=(text,)),
        exchange("GET", "/v1.41/nothing", {text: [{text: text}]}),
        exchange("GET", "/v1.41/containers/x/logs?stdout=1", frame(1, text.encode()), content_type=""),
        exchange("POST", "/v1.41/images/create", lines({"status": text, "id": text}, {"error": text})),
        exchange("POST", "/v1.41/containers/create", {"Id": "x"}, 201, sent=json.dumps({"Image": text}).encode()),
    ):
        made = render.bundle(shown)
        seen = Walker(made["text/html"])
        assert seen.tags <= TAGS
        assert seen.attributes <= ATTRIBUTES
        assert all(values <= LIVE[name] for name, values in seen.live.items())
        assert not seen.open
        for mime in made.values():
            assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e]", mime)


def test_first_line_says_it_all() -> None:
    """The first line has request, status, its meaning, time and size."""
    shown = render.bundle(exchange("GET", "/v1.41/containers/json?all=1", [], 200, seconds=0.0012))
    first = shown["text/plain"].splitlines()[0]
    assert first == "GET /v1.41/containers/json?all=1 → 200 OK — it worked, 1.2 ms, 2 B"
    assert first in Walker(shown["text/html"]).text


def test_text_has_line_curl_and_table() -> None:
    """The text form shows the request, its curl line, and the table."""
    r = exchange("GET", "/v1.41/containers/json?all=1", [container()])
    text = render.bundle(r)["text/plain"].splitlines()
    assert text[1] == "$ " + r.curl
    assert text[2].split() == ["id", "name", "image", "command", "state", "status", "ports", "created"]
    assert text[3].startswith("612967c81cbe  web-3f9c  nginx  nginx -g 'daemon off;'  running  Up 3 seconds")
    assert text[3].endswith("127.0.0.1:27215->80/tcp, 443/tcp  3 seconds ago")


def test_parts_stand_in_their_order() -> None:
    """JSON, headers and the same request in other forms are folded beneath, each under its name."""
    shown = render.bundle(exchange("GET", "/v1.41/containers/json", [container()]))["text/html"]
    titles = re.findall(r'<details class="labkit-(\w+)"[^>]*><summary[^>]*>([^<]*)</summary>', shown)
    assert titles == [
        ("json", "JSON"),
        ("headers", "Headers"),
        ("curl", "curl in one line"),
        ("python", "Python"),
        ("docker", "docker"),
    ]


def test_sanitizing_leaves_no_json_and_all_that_stands_behind() -> None:
    """What is folded of the answer is taken out to its end, however deep; Python and docker are compared."""
    deep = {"Headers": {"JSON": [{"Headers": [1, {"x": "</details>"}]}]}, "State": {"Pid": 7}}
    shown = sanitized(render.bundle(exchange("GET", "/v1.41/containers/x/json", deep))["text/html"])
    assert "Host: localhost" not in shown
    assert "<ul" not in shown
    assert shown.count("<details>") == 2
    assert "import requests_unixsocket" in shown
    assert "docker container inspect x" in shown


def test_live_controls_are_hidden_without_the_style_sheet() -> None:
    """Each control is hidden by itself, so that a sanitizer that takes the style sheet leaves none to be seen."""
    shown = render.bundle(exchange("GET", "/v1.41/containers/json", [container()]))["text/html"]
    inputs = re.findall("<input [^>]*>", shown)
    assert len(inputs) == 5
    assert all('hidden="hidden" style="display: none;"' in control for control in inputs)


def test_python_and_docker_are_views_of_the_exchange() -> None:
    """What stands in the panel is what the exchange gives as text."""
    r = exchange("POST", "/v1.41/containers/x/stop?t=1", b"", 204)
    seen = Walker(render.bundle(r)["text/html"]).text
    assert r.python in seen
    assert r.docker in seen
    assert "docker stop -t 1 x" in r.docker


def test_no_docker_command_is_said() -> None:
    """Where there is no docker command the panel says so, and why."""
    seen = Walker(render.bundle(exchange("GET", "/_ping", b"OK"))["text/html"]).text
    assert "No docker command does this. Each docker command sends it first" in seen


def test_much_is_cut_and_said() -> None:
    """A thousand rows and a large object are shown in part, with how much there is."""
    shown = render.bundle(exchange("GET", "/v1.41/containers/json", [container()] * 1000))
    assert "… and 980 more rows" in shown["text/plain"]
    assert "… and 980 more rows" in shown["text/html"]
    assert "… 980 more; r.json() has all" in shown["text/html"]
    large = render.bundle(exchange("GET", "/v1.41/info", {"Warnings": ["x" * 100_000]}))
    assert "(100000 characters)" in large["text/html"]
    for mime in ("text/plain", "text/html"):
        assert "cut short; r.json() has all" in shown["text/html"]
        assert len(shown[mime]) < 150_000
        assert len(large[mime]) < 20_000


def test_fields_are_shown_to_the_last() -> None:
    """The fields of one thing are not cut where a list would be."""
    found = inspected() | {"Config": {"Image": "nginx", "Env": [f"N{n}=1" for n in range(30)]}}
    assert "N29=1" in render.bundle(exchange("GET", "/v1.41/containers/x/json", found))["text/plain"]


@pytest.mark.parametrize("status", [101, 200, 201, 204, 304, 400, 401, 403, 404, 409, 500])
def test_each_status_has_its_meaning(status: int) -> None:
    """Each status of the API has a meaning of its own, and it stands in the first line."""
    assert [meaning(s) for s in (101, 200, 201, 204, 304, 400, 401, 403, 404, 409, 500)].count(meaning(status)) == 1
    assert meaning(status) in render.headline(exchange("GET", "/x", b"", status))


def test_a_status_nobody_knows() -> None:
    """A status that is not in the list is told by its class, and one that is no status as that."""
    assert meaning(299) == "done"
    assert meaning(499) == "something is wrong with the request"
    assert meaning(999) == "not a status that HTTP knows"


def test_an_error_is_shown_in_the_engines_words() -> None:
    """An error shows the Engine's message, and no table of it."""
    shown = render.bundle(exchange("GET", "/v1.41/containers/x/json", {"message": "No such container: x"}, 404))
    assert "The Engine says: No such container: x" in shown["text/plain"]
    assert "<table" not in shown["text/html"]


def test_an_error_inside_a_200_is_shown() -> None:
    """A pull that failed after its 200 says so."""
    body = lines({"status": "Pulling"}, {"errorDetail": {"message": "no space left"}, "error": "no space left"})
    shown = render.bundle(exchange("POST", "/v1.41/images/create", body))["text/plain"]
    assert "The status says 200, but the stream carries an error: no space left" in shown


def test_notes_are_shown() -> None:
    """labkit's own notes on an exchange stand in both forms."""
    shown = render.bundle(exchange("GET", "/v1.41/contaners/json", b"", 404, notes=("Did you mean it?",)))
    assert all("Did you mean it?" in mime for mime in shown.values())


def test_nothing_came() -> None:
    """An answer without a body has neither table nor JSON."""
    shown = render.bundle(exchange("POST", "/v1.41/containers/x/start", b"", 204))
    assert shown["text/plain"].count("\n") == 1
    assert "<table" not in shown["text/html"]


def test_an_empty_list_has_its_columns() -> None:
    """A list of nothing still says what it would have."""
    shown = render.bundle(exchange("GET", "/v1.41/containers/json", []))["text/plain"]
    assert shown.splitlines()[2].split()[0] == "id"
    assert shown.endswith("(no rows)")


def test_a_stream_is_not_read_by_showing_it() -> None:
    """An answer that was left open shows how to read it, and no table."""
    shown = render.bundle(exchange("GET", "/v1.41/events", b"", stream=True))["text/plain"]
    assert "a loop over it gives its items" in shown
    assert "0 B" not in shown


def test_no_secret_is_shown() -> None:
    """Passwords and tokens stand neither in the line, nor in headers, nor in what came back."""
    asked = exchange(
        "POST",
        "/v1.41/auth",
        {"Status": "Login Succeeded", "IdentityToken": "s3cret-token"},
        sent=b'{"username":"a","password":"s3cret"}',
        headers=(("X-Registry-Auth", "s3cret-auth"), ("Authorization", "Basic s3cret")),
        received=[("Set-Cookie", "s3cret-cookie")],
    )
    shown = render.bundle(asked)
    assert not any("s3cret" in mime for mime in shown.values())
    assert "AUTH_BODY" in shown["text/plain"]
    assert "s3cret" not in repr(asked.table)


def test_pandas_is_not_needed() -> None:
    """An exchange is shown without pandas and ipywidgets being loaded."""
    program = (
        "import sys, samples; "
        "samples.exchange('GET', '/v1.41/containers/json', [samples.container()])._repr_mimebundle_(); "
        "sys.exit(bool({'pandas', 'ipywidgets', 'IPython'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", program], cwd=Path(__file__).parent, check=False).returncode == 0


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=12),
    lambda inner: (
        st.lists(inner, max_size=4)
        | st.dictionaries(st.sampled_from(["Id", "Names", "Ports", "State", "IPAM", "Config", "x"]), inner, max_size=4)
    ),
    max_leaves=12,
)


@settings(max_examples=150, deadline=None)
@given(
    endpoint=st.sampled_from(api.ENDPOINTS),
    body=st.binary(max_size=60) | JSON.map(lambda v: json.dumps(v).encode()),
    status=st.sampled_from([200, 204, 304, 404, 500]),
    kind=st.sampled_from(["application/json", "application/x-tar", "application/vnd.docker.multiplexed-stream", ""]),
)
def test_whatever_comes_is_shown(endpoint: list[str], body: bytes, status: int, kind: str) -> None:
    """No answer, however odd, breaks the display or the table."""
    method, path = endpoint
    shown = exchange(method, "/v1.41" + path.format(id="x", name="y"), body, status, content_type=kind)
    made = render.bundle(shown)
    assert not Walker(made["text/html"]).open
    assert shown.table is not None
