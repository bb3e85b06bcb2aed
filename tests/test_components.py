"""python.components, python.monkey: adapters, proxies, patches."""

from __future__ import annotations

import pytest
from zope.interface import Attribute, Interface, implementer

from reactorio.python.monkey import MonkeyPatcher


class ISpeaker(Interface):
    volume = Attribute("How loud.")

    def speak(word):
        """Say it."""


class IQuiet(Interface):
    def whisper(word):
        """Say it quietly."""


class Animal:
    pass


@implementer(ISpeaker)
class Parrot:
    volume = 3

    def speak(self, word):
        return word


@pytest.fixture
def components(tw):
    """The module, with a registry of the test's own."""
    module = tw("python.components")
    registry = module.AdapterRegistry()
    hook = module._addHook(registry)
    before, module.globalRegistry = module.globalRegistry, registry
    yield module
    module.globalRegistry = before
    module._removeHook(hook)


def test_a_registered_adapter_adapts(components):
    class AnimalSpeaker(components.Adapter):
        pass

    animal = Animal()
    components.registerAdapter(AnimalSpeaker, Animal, ISpeaker)

    assert ISpeaker(animal).original is animal
    assert components.getAdapterFactory(Animal, ISpeaker, None) is AnimalSpeaker
    with pytest.raises(components.CannotAdapt):
        IQuiet(animal)


def test_a_second_adapter_for_the_same_is_refused(components):
    components.registerAdapter(Parrot, Animal, ISpeaker)

    with pytest.raises(ValueError, match="already registered"):
        components.registerAdapter(Parrot, Animal, ISpeaker)


def test_a_componentized_keeps_its_adapters(components):
    @implementer(ISpeaker)
    class Speaker(components.Adapter):
        pass

    class Robot(components.Componentized):
        pass

    components.registerAdapter(Speaker, Robot, ISpeaker)
    robot = Robot()
    speaker = ISpeaker(robot)

    assert ISpeaker(robot) is speaker
    assert robot.removeComponent(speaker) == [ISpeaker]
    assert ISpeaker(robot) is not speaker


def test_a_component_is_what_was_set(components):
    robot, parrot = components.Componentized(), Parrot()

    robot.setComponent(ISpeaker, parrot)

    assert ISpeaker(robot) is parrot
    robot.unsetComponent(ISpeaker)
    assert robot.getComponent(ISpeaker, "none") == "none"


def test_a_proxy_passes_an_interface_on_and_nothing_else(tw):
    Proxy = tw("python.components").proxyForInterface(ISpeaker, "inner")
    parrot = Parrot()

    class Shouter(Proxy):
        def speak(self, word):
            return super().speak(word) + "!"

    shouter = Shouter(parrot)
    shouter.volume = 9

    assert (shouter.speak("hello"), parrot.volume, shouter.inner) == ("hello!", 9, parrot)
    assert ISpeaker.providedBy(shouter)
    assert not hasattr(Proxy, "whisper")


def test_patches_are_put_back_also_when_the_function_raises():
    class Thing:
        value = 1

    patcher = MonkeyPatcher((Thing, "value", 2))
    patcher.addPatch(Thing, "value", 3)

    assert patcher.runWithPatches(lambda: Thing.value) == 3
    with pytest.raises(ZeroDivisionError):
        patcher.runWithPatches(lambda: 1 / 0)
    assert Thing.value == 1
