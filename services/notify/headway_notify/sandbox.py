"""Where templates run: nothing but the values they are given can be reached from them."""

from types import MethodType
from typing import Any

from jinja2 import StrictUndefined
from jinja2.runtime import Context
from jinja2.sandbox import SandboxedEnvironment

from headway_notify.languages import Language
from headway_notify.wording import Wording

_OURS = frozenset(
    (
        Language.gettext, Language.ngettext, Wording.number, Wording.unit, Wording.points,
        Wording.titled,
    )
)  # fmt: skip


class Sandbox(SandboxedEnvironment):
    """Jinja2's sandbox, in which a name that is not known is an error."""

    def __init__(self, **options: Any) -> None:
        super().__init__(undefined=StrictUndefined, **options)

    def call(__self, __context: Context, __obj: Any, *args: Any, **kwargs: Any) -> Any:
        """Call what a template calls. Raises SecurityError for what is not safe.

        Our own functions are known to be safe and ask for no context, which takes Jinja2 longer to
        find out than they take to answer; a message calls thirty of them.
        """
        if type(__obj) is MethodType and __obj.__func__ in _OURS:
            # What Jinja2 adds inside loops and blocks, for functions that ask for it.
            kwargs.pop("_loop_vars", None)
            kwargs.pop("_block_vars", None)
            return __obj(*args, **kwargs)
        return super().call(__context, __obj, *args, **kwargs)
