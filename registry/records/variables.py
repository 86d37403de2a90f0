"""Which names and values an environment variable may have. Pure."""

import re

MAX_VALUE_BYTES = 32 * 1024

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,252}")

# Who sets one of these can run code in the container that gets it, or redirect its traffic
# (loaders, shells, interpreters, build tools, proxies).
_STEERING = re.compile(
    r"(?:LD|DYLD|JDK|GIT|SSH|KUBERNETES)_.*"
    r"|(?:PYTHON|PERL5|RUBY).*"
    r"|PATH|BASH_ENV|BASH_FUNC.*|ENV|IFS|PS4|PROMPT_COMMAND|SHELLOPTS|BASHOPTS"
    r"|NODE_OPTIONS|NODE_PATH|JAVA_TOOL_OPTIONS|_JAVA_OPTIONS|CLASSPATH|GCONV_PATH"
    r"|(?i:\w*_PROXY)"
)


def is_name(text: str) -> bool:
    """True if *text* can name a variable in every shell: letters, digits and ``_``, no digit first."""
    return _NAME.fullmatch(text) is not None


def steers(name: str) -> bool:
    """True if the variable *name* controls a loader, a shell or an interpreter."""
    return _STEERING.fullmatch(name) is not None
