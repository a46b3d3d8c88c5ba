"""The parts of a log format, and how NGINX writes them.

Here: literals and variables, named as NGINX names them, whatever notation a format was written in. A name
that begins with % is a form of strftime. Not here: Apache's notation (apache_format.py), which variable means
what (log_format.py).
"""

from __future__ import annotations

import re
from dataclasses import dataclass

_COMMON = '$remote_addr $remote_ident $remote_user [$time_local] "$request" $status $body_bytes_sent'
PRESETS = {
    "common": _COMMON,
    "combined": f'{_COMMON} "$http_referer" "$http_user_agent"',
    "vhost_combined": f'$virtual_host {_COMMON} "$http_referer" "$http_user_agent"',
}
_VARIABLE = re.compile(r"\$(?:\{([A-Za-z][A-Za-z0-9_]*)\}|([A-Za-z][A-Za-z0-9_]*))")
# strftime's letters that a log's time may hold, with what they look like
TIME_LETTERS = {
    "Y": "[0-9]{4}",
    "y": "[0-9]{2}",
    "m": "[0-9]{2}",
    "b": "[A-Za-z]{3}",
    "B": "[A-Za-z]{3,9}",
    "d": "[0-9]{2}",
    "H": "[0-9]{2}",
    "M": "[0-9]{2}",
    "S": "[0-9]{2}",
    "z": "[+-][0-9]{4}",
}


@dataclass(frozen=True, slots=True)
class Part:
    """A literal, or a variable (then `text` is its name)."""

    text: str
    is_variable: bool

    @property
    def is_form(self) -> bool:
        """Whether this is a piece of a time with a strftime form."""
        return self.is_variable and self.text.startswith("%")


# what stands for a whole request line
_REQUEST = tuple(
    Part(text, text != " ") for text in ("request_method", " ", "request_uri", " ", "server_protocol")
)


def nginx_parts(text: str) -> list[Part]:
    """The parts of a string of NGINX's log_format.

    Raises:
        ValueError: a $ without the name of a variable.
    """
    text = text.replace("$uri$is_args$args", "$request_uri")
    parts: list[Part] = []
    at = 0
    for match in _VARIABLE.finditer(text):
        parts.append(Part(text[at : match.start()], False))
        parts.append(Part(match.group(1) or match.group(2), True))
        at = match.end()
    parts.append(Part(text[at:], False))
    stray = next((part.text for part in parts if not part.is_variable and "$" in part.text), None)
    if stray is not None:
        raise ValueError(f"log_format: a $ without the name of a variable near {stray[:20]!r}")
    return parts


def joined(parts: list[Part], *, mark: str = "$") -> tuple[Part, ...]:
    """Parts without empty literals; method, address and protocol in a row are a request.

    Args:
        parts: in order.
        mark: how the notation marks a variable, for the message.

    Raises:
        ValueError: two variables without anything between them.
    """
    kept: list[Part] = []
    for part in parts:
        if not part.text:
            continue
        if kept and not part.is_variable and not kept[-1].is_variable:
            kept[-1] = Part(kept[-1].text + part.text, False)
            continue
        if kept and part.is_variable and kept[-1].is_variable:
            raise ValueError(
                f"log_format: nothing separates {mark}{kept[-1].text} from {mark}{part.text}; such lines "
                "cannot be read"
            )
        kept.append(part)
        if tuple(kept[-len(_REQUEST) :]) == _REQUEST:
            kept[-len(_REQUEST) :] = [Part("request", True)]
    return tuple(kept)


def form_pattern(form: str) -> str:
    """Regular expression of a strftime form."""
    return re.sub(r"%([A-Za-z])|(.)", lambda m: TIME_LETTERS[m[1]] if m[1] else escaped(m[2]), form)


def escaped(text: str) -> str:
    """Text as the engine's regular expressions read it literally."""
    return re.sub(r"([\\.^$|?*+()\[\]{}])", r"\\\1", text)
