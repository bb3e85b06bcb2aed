"""Addresses are values."""

from __future__ import annotations

import pickle

import pytest


@pytest.fixture
def address(tw):
    return tw("internet.address")


def test_addresses_are_equal_by_value_and_by_kind(address):
    here = address.IPv4Address("TCP", "127.0.0.1", 80)

    assert here == address.IPv4Address("TCP", "127.0.0.1", 80)
    assert here != address.IPv4Address("UDP", "127.0.0.1", 80)
    assert here != address.IPv4Address("TCP", "127.0.0.1", 81)
    assert here != address.IPv6Address("TCP", "127.0.0.1", 80)
    assert {here: 1}[address.IPv4Address("TCP", "127.0.0.1", 80)] == 1


def test_a_zone_makes_a_difference(address):
    assert address.IPv6Address("TCP", "fe80::1", 80) != address.IPv6Address("TCP", "fe80::1", 80, scopeID=2)


def test_reprs_are_those_of_twisted(address):
    assert repr(address.IPv4Address("TCP", "127.0.0.1", 80)) == "IPv4Address(type='TCP', host='127.0.0.1', port=80)"
    assert (
        repr(address.IPv6Address("UDP", "::1", 80))
        == "IPv6Address(type='UDP', host='::1', port=80, flowInfo=0, scopeID=0)"
    )
    assert repr(address.HostnameAddress(b"example.com", 80)) == "HostnameAddress(hostname=b'example.com', port=80)"
    assert repr(address.UNIXAddress("/tmp/x")) == "UNIXAddress('/tmp/x')"
    assert repr(address.UNIXAddress(None)) == "UNIXAddress(None)"


def test_there_are_two_types(address):
    with pytest.raises(ValueError, match="'type' must be in"):
        address.IPv4Address("SCTP", "127.0.0.1", 80)


def test_a_path_is_the_same_as_text_and_as_bytes(address):
    assert address.UNIXAddress("/no/such") == address.UNIXAddress(b"/no/such")
    assert address.UNIXAddress("/no/such").name == b"/no/such"
    assert hash(address.UNIXAddress("/no/such")) == hash(address.UNIXAddress(b"/no/such"))


def test_two_paths_to_one_file_are_one_address(address, tmp_path):
    (tmp_path / "socket").touch()
    (tmp_path / "link").symlink_to(tmp_path / "socket")
    direct = address.UNIXAddress(str(tmp_path / "socket"))
    linked = address.UNIXAddress(str(tmp_path / "link"))

    assert direct == linked
    assert hash(direct) == hash(linked)


def test_abstract_names_are_compared_as_they_are(address):
    assert address.UNIXAddress(b"\0one") == address.UNIXAddress("\0one")
    assert address.UNIXAddress(b"\0one") != address.UNIXAddress(b"\0two")


def test_no_name_is_equal_to_no_name_only(address, tmp_path):
    assert address.UNIXAddress(None) == address.UNIXAddress(None)
    assert address.UNIXAddress(None) != address.UNIXAddress(str(tmp_path))


def test_addresses_survive_pickling(address):
    for one in (address.IPv4Address("TCP", "127.0.0.1", 80), address.UNIXAddress("/no/such")):
        assert pickle.loads(pickle.dumps(one)) == one
