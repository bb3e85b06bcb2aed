"""Objects in files: pickles, source, and what becomes of them on the way."""

from __future__ import annotations

import datetime
import math
import pickle
import sys
from enum import Enum

import pytest

from reactorio.application import service
from reactorio.persisted import aot, sob, styles


class Thing:
    """Attributes, whatever they are."""

    def __init__(self, **attributes):
        self.__dict__.update(attributes)

    def method(self):
        return self


class Colour(Enum):
    RED = 1


class Words(list):
    """A list with more to it than its items."""


def through_source(obj):
    return aot.unjellyFromSource(aot.jellyToSource(obj))


@pytest.mark.parametrize(
    "value",
    [
        None,
        True,
        -5,
        10**400,
        1.5,
        math.inf,
        complex(1, -math.inf),
        'it\'s "quoted"\n\u1010',
        b"\x00\xff",
        ...,
        slice(1, None, -1),
        [],
        (),
        (1,),
        {},
        {(1, "a"): [{}]},
        {1, 2},
        frozenset([3]),
        range(3),
        datetime.date(2030, 1, 31),
        Colour.RED,
        len,
        sob.guessType,
        Thing,
        sob,
    ],
)
def test_source_gives_back_what_it_was_made_of(value):
    again = through_source([value])[0]
    assert (type(again), again) == (type(value), value)


def test_source_is_for_people_to_read():
    thing = Thing(name="apple", size=3, parts=["core"])
    thing.me = thing

    assert aot.jellyToSource(thing) == (
        f"app=Ref(1,\n  Instance('{__name__}.Thing',\n    me=Deref(1),\n    name='apple',\n"
        "    parts=[\n      'core',\n      ],\n    size=3,))"
    )


def test_what_is_one_object_is_one_object_again():
    shared = ["x"]
    again = through_source({"a": shared, "b": (shared, [shared])})
    assert again["a"] is again["b"][0] is again["b"][1][0]


def test_objects_may_be_in_themselves():
    items: list = []
    items.append((items, {"key": items}))
    thing = Thing(items=items)
    thing.bound = thing.method
    items.append(thing)

    again = through_source(thing)
    assert again.items[0][0] is again.items[0][1]["key"] is again.items
    assert again.items[1] is again
    assert again.bound() is again


def test_a_tuple_that_is_reached_through_itself_is_one():
    inner: list = []
    outer = (inner, 1)
    inner.append((outer, outer))

    again = through_source(outer)
    assert again[0][0][0] is again[0][0][1] is again


@pytest.mark.parametrize("state", [{"no identifier": 1, "self": 2, "className": 3}, "a string", None, ["a", "list"]])
def test_a_state_is_whatever_the_object_says(state):
    class_with_state.state = state
    again = through_source(class_with_state())
    assert again.restored == state


class class_with_state:
    state: object = None

    def __getstate__(self):
        return self.state

    def __setstate__(self, state):
        self.restored = state


@pytest.mark.parametrize("value", [Words("ab"), iter([1]), open], ids=lambda value: type(value).__name__)
def test_what_does_not_say_what_it_is_made_of_is_refused_or_right(value):
    if value is open:
        assert through_source(value) is open
        return
    with pytest.raises(TypeError, match="cannot be written as source"):
        aot.jellyToSource(value)


def test_names_of_twisted_are_ours():
    assert aot.unjellyFromSource("app=Class('twisted.persisted.styles.Versioned')") is styles.Versioned


@pytest.mark.parametrize(
    ("source", "error"),
    [
        ("app=[Deref(7)]", ValueError),
        ("app=[object()]", TypeError),
        ("app=InstanceMethod('nothing','builtins.object',Instance('builtins.object',None))", TypeError),
        ("x=1", KeyError),
    ],
)
def test_source_that_makes_no_sense_is_refused(source, error):
    with pytest.raises(error):
        aot.unjellyFromSource(source)


@pytest.mark.parametrize("style", ["pickle", "source"])
def test_an_application_survives_in_a_file(tmp_path, monkeypatch, style):
    monkeypatch.chdir(tmp_path)
    application = service.Application("fruit", 1, 2)
    part = service.Service()
    part.setName("pear")
    part.setServiceParent(application)
    persistent = sob.IPersistable(application)
    persistent.setStyle(style)
    persistent.save("shutdown")

    [file] = tmp_path.iterdir()
    assert file.name == f"fruit-shutdown.{'tap' if style == 'pickle' else 'tas'}"
    again = service.loadApplication(str(file), sob.guessType(str(file)))
    assert service.IServiceCollection(again).getServiceNamed("pear").parent is service.IService(again)
    assert (service.IProcess(again).uid, service.IProcess(again).gid) == (1, 2)
    assert sob.IPersistable(again).original is again


def test_a_file_is_replaced_as_a_whole(tmp_path, monkeypatch):
    target = tmp_path / "x.tap"
    target.write_text("old")
    with pytest.raises((AttributeError, pickle.PicklingError), match=r"pickle|local object"):
        sob.Persistent(lambda: None, "x").save(filename=str(target))
    assert target.read_text() == "old"


def test_nothing_is_encrypted():
    with pytest.raises(TypeError, match="passphrase"):
        sob.Persistent([], "x").save(passphrase="secret")


def test_while_a_file_is_read_main_is_not_this_program(tmp_path):
    real = sys.modules["__main__"]
    file = tmp_path / "x.tas"
    file.write_text("import __main__, sys\n__main__.added = 1\nsys.seen = __main__\napp = __main__.__name__\n")
    name = sob.load(str(file), "source")
    main = vars(sys).pop("seen")

    assert sys.modules["__main__"] is real
    assert (name, hasattr(real, "added")) == (real.__name__, False)
    assert isinstance(main, styles.Ephemeral)
    assert isinstance(main.whatever, styles.Ephemeral)


class Ancestor(styles.Versioned):
    persistenceVersion = 1
    persistenceForgets = ["cache"]
    log: list = []

    def upgradeToVersion2(self):
        self.log.append("ancestor 2")


class Descendant(Ancestor):
    def upgradeToVersion1(self):
        self.log.append("descendant 1")


def test_older_states_are_brought_up_to_date(monkeypatch):
    monkeypatch.setattr(Ancestor, "log", [])
    old = Descendant()
    old.cache, old.kept = 1, 2
    pickled = pickle.dumps(old)
    monkeypatch.setattr(Ancestor, "persistenceVersion", 2)
    monkeypatch.setattr(Descendant, "persistenceVersion", 1, raising=False)

    new = pickle.loads(pickled)
    assert Ancestor.log == []
    styles.doUpgrade()
    assert (Ancestor.log, vars(new)) == (["ancestor 2", "descendant 1"], {"kept": 2})
    styles.doUpgrade()
    assert len(Ancestor.log) == 2


def test_what_belongs_to_the_process_is_not_kept():
    class_name = type(pickle.loads(pickle.dumps(Connection())))
    assert class_name is styles.Ephemeral


class Connection(styles.Ephemeral):
    socket = "a socket"


def test_modules_are_pickled_by_name():
    assert pickle.loads(pickle.dumps(sob)) is sob


@pytest.mark.parametrize(
    ("name", "style"), [("a.py", "python"), ("a.tac", "python"), ("a.etap", "pickle"), ("a.tas", "source")]
)
def test_the_suffix_tells_the_style(name, style):
    assert sob.guessType(name) == style


def test_other_suffixes_tell_nothing():
    with pytest.raises(KeyError):
        sob.guessType("file.blah")
