"""The table of each answer, and its dtypes."""

from __future__ import annotations

import base64
import io
import json
import tarfile
from datetime import timedelta
from typing import Any

import pandas
import pytest
from samples import NOW, Values, container, event, exchange, frame, image, inspected, lines, network, pull, sample

from labkit import tables
from labkit.exchange import Exchange
from labkit.tables import draw

HEX = Values().hex


def get(target: str, body: Any, **more: Any) -> pandas.DataFrame:
    """Return the table of a GET."""
    return exchange("GET", "/v1.41" + target, body, **more).table


def field(table: pandas.DataFrame, name: str) -> Any:
    """Return the value of a field, or all of them where there are several."""
    values = list(table.loc[table["field"] == name, "value"])
    return values[0] if len(values) == 1 else values


def shown(exchange: Exchange) -> str:
    """Return the table as a notebook shows it."""
    return repr(exchange.table)


def test_containers_have_real_dtypes() -> None:
    """A container list sorts by age and adds up its sizes, and is shown with human ones."""
    found = [container(SizeRw=5, SizeRootFs=2000), container(SizeRootFs=1000, Created=0)]
    table = get("/containers/json?all=1&size=1", found)
    assert table["size_root"].sum() == 3000
    assert list(table["size_rw"]) == [5, 0]  # left out by the Engine means 0
    assert table["created"].iloc[0] == pandas.Timestamp(NOW) - timedelta(seconds=3)
    assert table["created"].isna().iloc[1]
    assert table.sort_values("size_root").iloc[0]["size_root"] == 1000
    assert "2.0 kB" in repr(table)
    assert "3 seconds ago" in repr(table)


def test_container_in_a_row() -> None:
    """A row has short id, bare name, and ports as people write them."""
    row = get("/containers/json", [container()]).iloc[0]
    assert (row["id"], row["name"], row["image"]) == (HEX[:12], "web-3f9c", "nginx")
    assert row["ports"] == "127.0.0.1:27215->80/tcp, 443/tcp"


def test_ports_over_ipv6_are_told_apart() -> None:
    """Addresses of IPv6 stand in brackets, and a pair listed twice stands once."""
    six = {"IP": "::", "PrivatePort": 80, "PublicPort": 8080, "Type": "tcp"}
    four = six | {"IP": "0.0.0.0"}
    ports = get("/containers/json", [container(Ports=[six, four, four])])["ports"].iloc[0]
    assert ports == "0.0.0.0:8080->80/tcp, [::]:8080->80/tcp"


def test_inspect_of_a_container() -> None:
    """An inspect tells what a person looks for, with one row a port, mount and network."""
    table = get("/containers/x/json", inspected())
    assert field(table, "name") == "web-3f9c"
    assert field(table, "command") == "nginx -g daemon off;"
    assert field(table, "pid") == 180
    assert field(table, "finished") is None  # year 1 is never
    assert field(table, "port") == ["127.0.0.1:27215->80/tcp", "443/tcp"]
    assert field(table, "mount") == ["/data <- bind /srv/www (ro)", "/cache <- volume site (rw)"]
    assert field(table, "network") == "front 172.28.64.2 (web)"


def test_exit_code_of_one_that_ended() -> None:
    """The exit code is told of a container that ended, and only of one."""
    ended = inspected()
    ended["State"] |= {"Status": "exited", "ExitCode": 137, "Pid": 0}
    assert field(get("/containers/x/json", ended), "exit code") == 137
    assert field(get("/containers/x/json", inspected()), "exit code") == []


def test_top_has_numbers() -> None:
    """Process ids and percentages are numbers, commands are text."""
    answer = {"Titles": ["PID", "%CPU", "CMD"], "Processes": [["180", "0.5", "nginx"], ["9", "0.0", "sleep 1"]]}
    table = get("/containers/x/top", answer)
    assert list(table.sort_values("PID")["CMD"]) == ["sleep 1", "nginx"]
    assert table["%CPU"].max() == 0.5


def test_top_in_one_column() -> None:
    """Rows that a Podman left unsplit are shown as far as they go."""
    table = get("/containers/x/top", {"Titles": ["PID", "CMD"], "Processes": [["180   nginx"]]})
    assert table["PID"].iloc[0] == "180   nginx"
    assert table["CMD"].isna().all()


def test_changes() -> None:
    """Changes have their kind as a word; null is no change."""
    table = get(
        "/containers/x/changes", [{"Path": "/a", "Kind": 1}, {"Path": "/b", "Kind": 0}, {"Path": "/c", "Kind": 2}]
    )
    assert list(table["change"]) == ["added", "modified", "deleted"]
    assert get("/containers/x/changes", None).empty
    assert list(get("/containers/x/changes", None).columns) == ["change", "path"]


def test_stats_are_computed_as_the_api_says() -> None:
    """The share of the CPU and the memory without the page cache are numbers."""
    table = get("/containers/x/stats?stream=0", sample())
    assert table["cpu"].iloc[0] == pytest.approx(1.0)  # 5 ms of 1 s, on 2 CPUs
    assert table["memory"].iloc[0] == 3400
    assert table["received"].iloc[0] == 3400


def test_first_sample_of_a_stream_has_no_share() -> None:
    """Without a sample before it, the share of the CPU is NA, not wrong."""
    first = sample() | {"precpu_stats": {"cpu_usage": {"total_usage": 0}}}
    table = get("/containers/x/stats", lines(first, sample()))
    assert list(table["cpu"].isna()) == [True, False]


def test_images() -> None:
    """An image with two tags is one row, so that sizes add up; a dangling one has no tag."""
    table = get("/images/json", [image(), image() | {"RepoTags": ["<none>:<none>"], "Size": 600}])
    assert list(table["tags"]) == ["busybox:latest, lab/bb:v1", ""]
    assert table["size"].sum() == 4000
    assert list(table["id"]) == [HEX[:12]] * 2


def test_image_inspect() -> None:
    """An inspect of an image tells platform, size, layers and what it runs."""
    answer = image() | {
        "Os": "linux",
        "Architecture": "amd64",
        "RootFS": {"Layers": ["a", "b"]},
        "Config": {"Cmd": ["sh"], "ExposedPorts": {"80/tcp": {}}, "WorkingDir": "/srv"},
    }
    table = get("/images/library/busybox/json", answer)
    assert field(table, "platform") == "linux/amd64"
    assert field(table, "layers") == 2
    assert field(table, "size") == 3400
    assert field(table, "working directory") == "/srv"
    assert "3.4 kB" in repr(table)


def test_history() -> None:
    """A history has sizes that add up, and says which layer has no id here."""
    layers = [
        {"Id": "sha256:" + HEX, "Created": 1, "CreatedBy": "CMD", "Size": 0, "Tags": ["a:1"], "Comment": ""},
        {"Id": "<missing>", "Created": 1, "CreatedBy": "ADD", "Size": 7, "Tags": None, "Comment": ""},
    ]
    table = get("/images/a/history", layers)
    assert list(table["id"]) == [HEX[:12], "<missing>"]
    assert table["size"].sum() == 7


def test_search() -> None:
    """A search sorts by stars, and filters by what is official."""
    found = [{"name": "a", "description": "", "star_count": 2, "is_official": False, "is_automated": False}]
    table = get("/images/search?term=a", [*found, found[0] | {"name": "b", "star_count": 9, "is_official": True}])
    assert table.sort_values("stars")["name"].iloc[-1] == "b"
    assert list(table[table["official"]]["name"]) == ["b"]


def test_deleted_and_untagged() -> None:
    """A delete tells what lost a name and what is gone."""
    answer = [{"Untagged": "a:1"}, {"Deleted": "sha256:" + HEX}]
    table = exchange("DELETE", "/v1.41/images/a:1", answer).table
    assert table.to_dict("list") == {"done": ["untagged", "deleted"], "what": ["a:1", HEX[:12]]}


def test_pull_keeps_the_last_word_on_each_layer() -> None:
    """A pull has one row a layer, however many lines told of it."""
    table = exchange("POST", "/v1.41/images/create?fromImage=busybox", pull()).table
    assert list(table["status"].iloc[:3]) == ["Pulling from library/busybox", "Pull complete", "Pull complete"]
    assert list(table["id"].iloc[1:3]) == [HEX[:12], HEX[12:24]]
    assert table["status"].iloc[-1] == "Status: Downloaded newer image for busybox:latest"


def test_pull_of_all_tags_keeps_each() -> None:
    """Without a tag every tag is pulled, and each has its row."""
    body = lines({"status": "Pulling from a", "id": "1"}, {"status": "Pulling from a", "id": "2"})
    assert list(exchange("POST", "/v1.41/images/create?fromImage=a", body).table["id"]) == ["1", "2"]


def test_a_failed_push_says_so() -> None:
    """An error inside a stream is a row of the table."""
    body = lines({"status": "Preparing", "id": "a"}, {"errorDetail": {"message": "denied"}, "error": "denied"})
    assert exchange("POST", "/v1.41/images/x/push", body).table["status"].iloc[-1] == "error: denied"


def test_build_has_steps() -> None:
    """A build is told line by line, each with the step that it belongs to."""
    body = lines(
        {"stream": "Step 1/2 : FROM busybox"},
        {"stream": "\n"},
        {"stream": " ---> db733a2d31b7\n"},
        {"stream": "Step 2/2 : RUN false"},
        {"stream": "\n"},
        {"errorDetail": {"code": 1, "message": "returned 1"}, "error": "returned 1"},
    )
    table = exchange("POST", "/v1.41/build", body).table
    assert list(table["step"]) == [1, 1, 2, 2]
    assert list(table["output"])[1:] == ["---> db733a2d31b7".rjust(18), "Step 2/2 : RUN false", "error: returned 1"]


def test_load_names_what_came_in() -> None:
    """A load tells which images came in."""
    body = lines(
        {"status": "Loading layer", "progressDetail": {"current": 1, "total": 2}, "id": "a"},
        {"stream": "Loaded image: busybox:latest\n"},
    )
    assert list(exchange("POST", "/v1.41/images/load", body).table["output"]) == ["Loaded image: busybox:latest"]


def test_volumes() -> None:
    """Volumes have name, driver, place and age; null is none."""
    answer = {"Volumes": [{"Name": "v", "Driver": "local", "Scope": "local", "Mountpoint": "/m", "Labels": {"a": "b"}}]}
    table = get("/volumes", answer)
    assert table.iloc[0]["labels"] == "a=b"
    assert table["created"].isna().all()
    assert "name" in get("/volumes", {"Volumes": None, "Warnings": None}).columns
    assert get("/volumes", {"Volumes": None}).empty


def test_volume() -> None:
    """One volume is a table of its fields, made or inspected."""
    answer = {"Name": "v", "Driver": "local", "Scope": "local", "Mountpoint": "/m", "Options": {"size": "1m"}}
    for table in (get("/volumes/v", answer), exchange("POST", "/v1.41/volumes/create", answer, 201).table):
        assert field(table, "mountpoint") == "/m"
        assert field(table, "option") == "size=1m"


def test_networks() -> None:
    """Networks have their subnets, and internal ones can be picked out."""
    table = get("/networks", [network(), network() | {"Internal": False, "IPAM": {"Config": None}}])
    assert table["subnet"].iloc[0] == "172.28.64.0/24"
    assert len(table[table["internal"]]) == 1


def test_network_has_its_containers() -> None:
    """An inspect of a network has one row a container, in the order of names."""
    answer = network()
    answer["Containers"]["0"] = {"Name": "app", "IPv4Address": "172.28.64.9/24", "IPv6Address": "", "MacAddress": "m"}
    found = field(get("/networks/front", answer), "container")
    assert found == ["app 172.28.64.9/24 m", "web-3f9c 172.28.64.2/24 02:42:ac:11:00:02"]


def test_events() -> None:
    """Events have time, thing and what more is known."""
    row = get("/events?until=1", lines(event())).iloc[0]
    assert (row["type"], row["action"], row["name"], row["id"]) == ("container", "die", "web-3f9c", HEX[:12])
    assert row["about"] == "image=nginx, exitCode=137"
    assert row["time"] <= pandas.Timestamp(NOW)


def test_version_has_its_components() -> None:
    """The version lists the Engine's fields and those beneath it."""
    answer = {"Version": "20.10.24", "ApiVersion": "1.41", "Components": [{"Name": "runc", "Version": "1.1"}]}
    assert field(get("/version", answer), "component runc") == "1.1"


def test_info_has_its_mirrors() -> None:
    """Info shows the registry mirrors, and memory as a size."""
    answer = {"MemTotal": 8_000_000_000, "RegistryConfig": {"Mirrors": ["http://m/"]}, "Warnings": None}
    table = get("/info", answer)
    assert field(table, "registry mirror") == "http://m/"
    assert "8.0 GB" in repr(table)


@pytest.mark.parametrize(
    ("what", "answer", "rows"),
    [
        ("containers", {"ContainersDeleted": [HEX], "SpaceReclaimed": 9}, ["container removed", "space reclaimed"]),
        ("images", {"ImagesDeleted": [{"Untagged": "a"}, {"Deleted": HEX}]}, ["image untagged", "image deleted"]),
        ("volumes", {"VolumesDeleted": None, "SpaceReclaimed": 0}, ["space reclaimed"]),
        ("networks", {"NetworksDeleted": ["front"]}, ["network removed"]),
    ],
)
def test_prunes(what: str, answer: dict[str, Any], rows: list[str]) -> None:
    """A prune tells each thing that went, and the space where the answer tells it: that of networks does not."""
    table = exchange("POST", f"/v1.41/{what}/prune", answer).table
    assert list(table["field"])[: len(rows)] == rows
    assert ("space reclaimed" in set(table["field"])) is ("SpaceReclaimed" in answer)


def test_registry() -> None:
    """A registry's catalogue, tags, manifest and errors have tables."""
    assert list(exchange("GET", "/v2/_catalog", {"repositories": ["a", "b"]}).table["repository"]) == ["a", "b"]
    tags = exchange("GET", "/v2/a/tags/list", {"name": "a", "tags": ["1", "2"]}).table
    assert list(tags["tag"]) == ["1", "2"]
    manifest = {
        "config": {"digest": "sha256:" + HEX, "size": 5, "mediaType": "c"},
        "layers": [{"digest": "sha256:" + HEX, "size": 7, "mediaType": "l"}],
    }
    table = exchange("GET", "/v2/a/manifests/1", manifest).table
    assert list(table["part"]) == ["config", "layer"]
    assert table["size"].sum() == 12
    errors = exchange("GET", "/v2/a/manifests/9", {"errors": [{"code": "UNKNOWN", "message": "no"}]}, 404).table
    assert errors.to_dict("records") == [{"code": "UNKNOWN", "message": "no"}]


def test_logs_tell_streams_apart() -> None:
    """Logs have one row a line, with the stream it came on."""
    body = frame(1, b"one\ntwo\n") + frame(2, b"bad\n")
    table = get("/containers/x/logs?stdout=1&stderr=1", body, content_type="")
    assert table.to_dict("list") == {"stream": ["stdout", "stdout", "stderr"], "text": ["one", "two", "bad"]}


def test_stamped_logs_have_times() -> None:
    """With timestamps=1 the time is a column of times."""
    body = frame(1, b"2026-03-01T12:00:00.123456789Z hello there\n")
    table = get("/containers/x/logs?stdout=1&timestamps=1", body, content_type="")
    assert table["time"].iloc[0] == pandas.Timestamp("2026-03-01T12:00:00.123456Z")
    assert table["text"].iloc[0] == "hello there"


def test_tar_is_listed() -> None:
    """An archive is listed, also one that was cut."""
    raw = io.BytesIO()
    with tarfile.open(fileobj=raw, mode="w") as tar:
        for name in ("a", "b"):
            member = tarfile.TarInfo(name)
            member.size, member.mode, member.mtime = 3, 0o640, 1
            tar.addfile(member, io.BytesIO(b"abc"))
    table = get("/containers/x/archive?path=/a", raw.getvalue(), content_type="application/x-tar")
    assert list(table["path"]) == ["a", "b"]
    assert list(table["mode"]) == ["0640"] * 2
    assert table["size"].sum() == 6
    cut = get("/containers/x/archive?path=/a", raw.getvalue()[:1100], content_type="application/x-tar", cut="size")
    assert cut["path"].iloc[0] == "a"


def test_stat_of_a_path() -> None:
    """HEAD of an archive is told by a header, and shown as fields."""
    table = _stat(name="etc", size=4096)
    assert field(table, "name") == "etc"
    assert "mode" not in list(table["field"])


@pytest.mark.parametrize(
    ("mode", "shown"),
    [
        (420, "0644"),
        (1 << 31 | 0o755, "0755"),
        (1 << 31 | 1 << 20 | 0o777, "1777"),
        (1 << 23 | 0o755, "4755"),
        ("x", "x"),
    ],
    ids=["file", "folder", "folder of all", "of its owner", "no number"],
)
def test_mode_of_a_path(mode: object, shown: str) -> None:
    """A mode is written as chmod takes it, wherever Go keeps its special bits."""
    assert field(_stat(mode=mode), "mode") == shown


def _stat(**said: object) -> pandas.DataFrame:
    header = base64.b64encode(json.dumps(said).encode()).decode()
    received = [("X-Docker-Container-Path-Stat", header)]
    return exchange("HEAD", "/v1.41/containers/x/archive?path=/etc", received=received).table


def test_what_has_no_table_of_its_own() -> None:
    """Objects become fields; lists of objects their own columns, with dtypes; text its lines."""
    assert field(get("/system/df", {"LayersSize": 5, "Images": None}), "LayersSize") == 5
    table = get("/plugins", [{"n": 1, "s": "x", "b": True, "f": 0.5, "d": {"k": [1]}}, {"n": 2}])
    assert table["n"].sum() == 3
    assert [str(table[c].dtype) for c in ("n", "b", "f")] == ["Int64", "boolean", "Float64"]
    assert '{"k": [1]}' in repr(table)
    assert list(get("/nothing", b"one\ntwo\n", content_type="text/plain")["text"]) == ["one", "two"]
    assert list(get("/nothing", [1, None, "x"])["value"]) == [1, None, "x"]
    assert get("/nothing", b"").empty


def test_an_answer_unlike_the_api_has_a_table() -> None:
    """Where an answer is not as the API says, the general table shows what is there."""
    assert field(get("/containers/json", {"message": "odd"}), "message") == "odd"
    assert list(get("/containers/json", [{"Id": 5}, "x"])["id"].isna()) == [False, True]
    assert field(get("/networks/x", {"Id": 1}), "Id") == 1


def test_a_table_stays_human_after_work() -> None:
    """Sorted, filtered, indexed or cut to columns, a table is shown as before."""
    table = get("/containers/json?size=1", [container(SizeRootFs=2000), container(Names=["/a"], SizeRootFs=500)])
    assert repr(table.sort_values("size_root")).splitlines()[1].endswith("500 B")
    assert "2.0 kB" in repr(table[table["size_root"] > 1000][["name", "size_root"]])
    by_name = repr(table.set_index("name")[["size_root"]])
    assert by_name.splitlines()[0].split() == ["name", "size_root"]
    assert "&lt;b&gt;" in get("/x", [{"a": "<b>"}])._repr_html_()


def test_ages_do_not_change_as_one_looks() -> None:
    """Ages are counted from the answer's own time; without one, times are written out."""
    assert "3 seconds ago" in shown(exchange("GET", "/v1.41/containers/json", [container()]))
    assert "2026-03-01 11:59:57" in shown(exchange("GET", "/v1.41/containers/json", [container()], at=None))


def test_grid_needs_only_what_is_shown() -> None:
    """Rows beyond those that are shown are not worked out."""
    looked: list[int] = []
    column = tables.Column("n", tables.Kind.INT, lambda item: looked.append(item) or item)
    made = tables.Grid((column,), range(1000))
    assert len(made.head(20).written(10)) == 20
    assert len(looked) == 20


@pytest.mark.parametrize("number", [-(2**63) - 1, 2**63, 2**64, 10**40])
def test_numbers_beyond_64_bits(number: int) -> None:
    """A number that no dtype of pandas holds is shown all the same."""
    shown = exchange("GET", "/v1.41/plugins", json.dumps([{"n": number}]).encode(), 200)
    assert shown.table.iloc[0, 0] == number


@pytest.mark.parametrize(
    ("path", "body", "said"), [("/v2/", {}, "(an object without fields)"), ("/v1.41/containers/json", [], "(no rows)")]
)
def test_nothing_is_said_for_what_it_is(path: str, body: Any, said: str) -> None:
    """An empty object has no fields; an empty list has no rows."""
    made = tables.grid(exchange("GET", path, body))
    assert said in draw.plain(made, 20)
    assert said in draw.html(made, 20)
