from __future__ import annotations

import pytest

from edgesmith.devices import Address, parse_address
from edgesmith_runtime.errors import ConfigError


@pytest.mark.parametrize(
    ("text", "address"),
    [
        ("ssh://board", Address(host="board")),
        ("ssh://pi@192.0.2.7:2222", Address(user="pi", host="192.0.2.7", port=2222)),
        ("ssh://pi@board/srv/edge", Address(user="pi", host="board", folder="/srv/edge")),
        ("ssh://board/~/edge/", Address(host="board", folder="~/edge")),
        ("ssh://board/~", Address(host="board", folder="~")),
        ("ssh://board/~/", Address(host="board", folder="~")),
        ("ssh://board/~other", Address(host="board", folder="/~other")),
        ("ssh://[2001:db8::7]:22", Address(host="2001:db8::7", port=22)),
        ("ssh://board/", Address(host="board")),
    ],
)
def test_an_address_is_read(text: str, address: Address) -> None:
    assert parse_address(text) == address


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("pi@board", "got 'pi@board'"),
        ("http://board", "got 'http://board'"),
        ("ssh://", "a host name or an IP address, got ''"),
        ("ssh://-oProxyCommand=x", "a host name or an IP address, got '-oProxyCommand=x'"),
        ("ssh://-l@board", "a user name, got '-l'"),
        ("ssh://a;b@board", "a user name, got 'a;b'"),
        ("ssh://board$(x)", "a host name or an IP address, got 'board$(x)'"),
        ("ssh://board:ssh", "a port from 1 to 65535, got 'ssh'"),
        ("ssh://board:70000", "a port from 1 to 65535, got 70000"),
        ("ssh://board/a\nb", "a folder without control characters, got '/a\\nb'"),
    ],
)
def test_what_is_none_is_refused_with_the_form(text: str, told: str) -> None:
    with pytest.raises(ConfigError) as caught:
        parse_address(text)

    form = "--device: expected ssh://[user@]host[:port][/folder]: "
    assert str(caught.value) == form + told


def test_a_password_is_refused_with_the_way_without_one() -> None:
    with pytest.raises(ConfigError, match="without a password; use a key: ssh-copy-id"):
        parse_address("ssh://pi:raspberry@board")


def test_an_address_is_shown_as_it_is_given_and_as_ssh_has_it() -> None:
    address = parse_address("ssh://pi@[::1]:2222/srv")

    assert str(address) == "ssh://pi@[::1]:2222"
    assert address.words == "-p 2222 pi@::1"
