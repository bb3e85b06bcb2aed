"""The reporters that ``trial --reporter`` offers."""

from __future__ import annotations

from reactorio._interface import directlyProvides
from reactorio.plugin import IPlugin
from reactorio.trial.itrial import IReporter

__all__: list[str] = []


class _Reporter:
    """
    Says where the class of a reporter is; it is found as a plugin for IReporter, and is no reporter itself.

    Args:
        longOpt, shortOpt: What it is called on the command line.
        klass: The name of the class, in ``module``.
    """

    def __init__(
        self, name: str, module: str, description: str, longOpt: str, shortOpt: str | None, klass: str
    ) -> None:
        self.name = name
        self.module = module
        self.description = description
        self.longOpt = longOpt
        self.shortOpt = shortOpt
        self.klass = klass
        directlyProvides(self, IPlugin, IReporter)


_MODULE = "reactorio.trial.reporter"

Tree = _Reporter("Tree Reporter", _MODULE, "verbose color output (default reporter)", "verbose", "v", "TreeReporter")
BlackAndWhite = _Reporter(
    "Black-And-White Reporter", _MODULE, "Colorless verbose output", "bwverbose", "o", "VerboseTextReporter"
)
Minimal = _Reporter("Minimal Reporter", _MODULE, "minimal summary output", "summary", "s", "MinimalReporter")
Classic = _Reporter("Classic Reporter", _MODULE, "terse text output", "text", "t", "TextReporter")
Timing = _Reporter("Timing Reporter", _MODULE, "Timing output", "timing", None, "TimingTextReporter")
Subunit = _Reporter("Subunit Reporter", _MODULE, "subunit output", "subunit", None, "SubunitReporter")
