"""What the audience sees: one line per step, in Swedish, with names of fields and never what stands in them."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.rule import Rule
from rich.text import Text

from hub.client.answers import RecipientResult

_VERDICTS: Mapping[str, tuple[str, str]] = {
    "deliver": ("levereras", "green"),
    "redact": ("levereras minimerat", "yellow"),
    "refuse": ("nekas", "red"),
    "manual": ("hanteras manuellt", "magenta"),
}
_BASES: Mapping[str, str] = {
    "CONSENT": "samtycke",
    "SOL_15_9": "SoL 15:9, begäran om uppgifter",
    "OWN_UNIT": "samma myndighet",
    "REGISTRY": "samtycket självt",
}


class Teller:
    """Tells the play on a console. `names` are unit ids -> Swedish names, `titles` those of message types, `reasons`
    those of refusal codes."""

    def __init__(
        self,
        console: Console,
        names: Mapping[str, str],
        titles: Mapping[str, str],
        reasons: Mapping[str, str],
    ) -> None:
        self._console = console
        self._names = names
        self._titles = titles
        self._reasons = reasons
        self._step = 0

    def scene(self, title: str) -> None:
        self._console.print()
        self._console.print(Rule(Text(title, style="bold"), align="left"))

    def step(self, sender: str, type: str, remark: str) -> None:
        """Who sends what; the lines about its recipients follow."""
        self._step += 1
        line = Text(f"{self._step:>3}  ", style="dim")
        line.append(self.name(sender), style="bold cyan")
        line.append("  ")
        line.append(self._titles.get(type, type), style="bold")
        line.append(f"  {remark}", style="dim")
        self._console.print(line)

    def recipient(self, result: RecipientResult) -> None:
        words, colour = _VERDICTS.get(result.verdict, (result.verdict, ""))
        line = Text("       → ")
        line.append(self.name(result.unit), style="cyan")
        line.append(f"  {words}", style=colour)
        if result.code:
            line.append(f"  {result.code}", style=f"bold {colour}")
            line.append(f"  {self._reasons.get(result.code, '')}", style=colour)
        elif result.basis is not None:
            line.append(f"  ({_BASES.get(result.basis.code, result.basis.code)})", style="dim")
        self._console.print(line)
        if result.basis is not None and result.basis.code == "REGISTRY":
            self._console.print(Text("         ser bara sin egen del av samtycket", style="dim"))
        elif result.withheld and not result.code:
            self._paths("undanhålls", result.withheld, colour)

    def refusal(self, code: str | None, title: str) -> None:
        """The message as a whole was refused before any recipient was judged."""
        self._console.print(Text(f"       ✗ nekas  {code}  {title}", style="red"))

    def reading(self, unit: str, fields: Sequence[str]) -> None:
        line = Text("         ")
        line.append(self.name(unit), style="cyan")
        line.append(" läser: ", style="dim")
        line.append(", ".join(fields), style="dim")
        self._console.print(line)

    def remark(self, text: str) -> None:
        self._console.print(Text(f"       {text}", style="dim italic"))

    def name(self, unit: str) -> str:
        return self._names.get(unit, unit)

    def _paths(self, word: str, paths: Sequence[str], colour: str) -> None:
        shown = [path.removeprefix("/content/").removeprefix("/") for path in paths]
        self._console.print(Text(f"         {word}: {', '.join(shown)}", style=colour))
