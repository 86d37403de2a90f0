"""Which names and values an environment variable may have. Pure."""

import re

MAX_VALUE_BYTES = 32 * 1024

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,252}")

# What git itself reads and what changes whom it talks to, what it starts or where its repository is: the section
# "Environment Variables" of git(1), and the sources of git 2.55 (environment.h, config.h, http.c, connect.c, trace*.c).
# Others that begin with GIT_ are ordinary: GIT_URL, GIT_TOKEN, GIT_AUTHOR_NAME.
_GIT = (
    r"SSH|SSH_COMMAND|SSH_VARIANT|ASKPASS|EDITOR|SEQUENCE_EDITOR|PAGER|EXTERNAL_DIFF|EXTERNAL_DIFF_TRUST_EXIT_CODE"
    r"|EXEC_PATH|TEMPLATE_DIR|SHELL_PATH|CONFIG|CONFIG_.*|DIR|COMMON_DIR|WORK_TREE|IMPLICIT_WORK_TREE|PREFIX|NAMESPACE"
    r"|INDEX_FILE|OBJECT_DIRECTORY|ALTERNATE_OBJECT_DIRECTORIES|QUARANTINE_PATH|GRAFT_FILE|SHALLOW_FILE"
    r"|REPLACE_REF_BASE|NO_REPLACE_OBJECTS|REFERENCE_BACKEND|CEILING_DIRECTORIES|DISCOVERY_ACROSS_FILESYSTEM"
    r"|ATTR_SOURCE|PROJECT_ROOT|HTTP_EXPORT_ALL|ALLOW_PROTOCOL|PROTOCOL|PROTOCOL_FROM_USER|PROXY_.*|SSL_.*"
    r"|CURL_VERBOSE|TRACE|TRACE_.*|TRACE2|TRACE2_.*|REDIRECT_.*|TEXTDOMAINDIR|TEST_.*"
)
# The same of OpenSSH: the sections "ENVIRONMENT" of ssh(1), ssh-agent(1) and ssh-keygen(1). SSH_HOST is ordinary.
_SSH = (
    r"ASKPASS|ASKPASS_REQUIRE|AUTH_SOCK|AGENT_PID|PKCS11_HELPER|SK_HELPER|SK_PROVIDER|CLIENT|CONNECTION"
    r"|ORIGINAL_COMMAND|TTY|TUNNEL|USER_AUTH"
)
# Who sets one of these can run code in the container that gets it, or redirect its traffic
# (loaders, shells, interpreters, build tools, proxies).
_STEERING = re.compile(
    r"(?:LD|DYLD|JDK|KUBERNETES)_.*"
    rf"|GIT_(?:{_GIT})|SSH_(?:{_SSH})"
    r"|(?:PYTHON|PERL5|RUBY).*"
    r"|PATH|BASH_ENV|BASH_FUNC.*|ENV|IFS|PS4|PROMPT_COMMAND|SHELLOPTS|BASHOPTS"
    r"|NODE_OPTIONS|NODE_PATH|JAVA_TOOL_OPTIONS|_JAVA_OPTIONS|CLASSPATH|GCONV_PATH"
    r"|(?i:\w*_PROXY)"
)


def is_name(text: str) -> bool:
    """True if *text* can name a variable in every shell: letters, digits and ``_``, no digit first."""
    return _NAME.fullmatch(text) is not None


def steers(name: str) -> bool:
    """True if the variable *name* controls a loader, a shell, an interpreter or a tool."""
    return _STEERING.fullmatch(name) is not None
