"""Which names and values an environment variable may have. Pure."""

import re

MAX_VALUE_BYTES = 32 * 1024

_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]{0,252}")

# Who sets one of these can run code in the container that gets it, or redirect its traffic
# (loaders, shells, interpreters, build tools, proxies).
_STEERING_NAMES = frozenset(
    """
    PATH BASH_ENV ENV IFS PS4 PROMPT_COMMAND SHELLOPTS BASHOPTS NODE_OPTIONS NODE_PATH JAVA_TOOL_OPTIONS _JAVA_OPTIONS
    CLASSPATH GCONV_PATH

    GIT_SSH GIT_SSH_COMMAND GIT_SSH_VARIANT GIT_ASKPASS GIT_EDITOR GIT_SEQUENCE_EDITOR GIT_PAGER GIT_EXTERNAL_DIFF
    GIT_EXTERNAL_DIFF_TRUST_EXIT_CODE GIT_EXEC_PATH GIT_TEMPLATE_DIR GIT_SHELL_PATH GIT_CONFIG GIT_DIR GIT_COMMON_DIR
    GIT_WORK_TREE GIT_IMPLICIT_WORK_TREE GIT_PREFIX GIT_NAMESPACE GIT_INDEX_FILE GIT_OBJECT_DIRECTORY
    GIT_ALTERNATE_OBJECT_DIRECTORIES GIT_QUARANTINE_PATH GIT_GRAFT_FILE GIT_SHALLOW_FILE GIT_REPLACE_REF_BASE
    GIT_NO_REPLACE_OBJECTS GIT_REFERENCE_BACKEND GIT_CEILING_DIRECTORIES GIT_DISCOVERY_ACROSS_FILESYSTEM
    GIT_ATTR_SOURCE GIT_PROJECT_ROOT GIT_HTTP_EXPORT_ALL GIT_ALLOW_PROTOCOL GIT_PROTOCOL GIT_PROTOCOL_FROM_USER
    GIT_CURL_VERBOSE GIT_TRACE GIT_TRACE2 GIT_TEXTDOMAINDIR

    SSH_ASKPASS SSH_ASKPASS_REQUIRE SSH_AUTH_SOCK SSH_AGENT_PID SSH_PKCS11_HELPER SSH_SK_HELPER SSH_SK_PROVIDER
    SSH_CLIENT SSH_CONNECTION SSH_ORIGINAL_COMMAND SSH_TTY SSH_TUNNEL SSH_USER_AUTH
    """.split()  # noqa: SIM905 - a list of so many names reads better without quotes
)
# Of GIT_ and SSH_ only what git and OpenSSH themselves read: the section "Environment Variables" of git(1), the sources
# of git 2.55 (environment.h, config.h, http.c, connect.c, trace*.c), and the sections "ENVIRONMENT" of ssh(1),
# ssh-agent(1) and ssh-keygen(1). Others are ordinary: GIT_URL, GIT_TOKEN, GIT_AUTHOR_NAME, SSH_HOST.
_STEERING = re.compile(
    r"(?:LD|DYLD|JDK|KUBERNETES)_.*"
    r"|GIT_(?:CONFIG|PROXY|SSL|TRACE|TRACE2|REDIRECT|TEST)_.*"
    r"|(?:PYTHON|PERL5|RUBY|BASH_FUNC).*"
    r"|(?i:\w*_PROXY)"
)


def is_name(text: str) -> bool:
    """True if *text* can name a variable in every shell: letters, digits and ``_``, no digit first."""
    return _NAME.fullmatch(text) is not None


def steers(name: str) -> bool:
    """True if the variable *name* controls a loader, a shell, an interpreter or a tool."""
    return name in _STEERING_NAMES or _STEERING.fullmatch(name) is not None
