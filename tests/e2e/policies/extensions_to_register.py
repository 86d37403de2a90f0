"""Extensions that the CRD accepts, with the warnings that they should get. Pure."""

from typing import Any

# A part of the text of each warning.
CONTROLS, LONG, MISSING = (
    "would control a loader, shell, interpreter or tool",
    "is longer than 32768 bytes",
    "counts as missing",
)


def credentials(name: str = "K", **more: Any) -> dict[str, Any]:
    """Credentials with one variable."""
    return {"id": "login", "secretRef": {"name": "minio"}, "configuration": {name: "key"}, **more}


def service(**more: Any) -> dict[str, Any]:
    """An extension with one service."""
    return {"services": [{"id": "s3", **more}]}


TOO_LONG = "ä" * 16385
# {what: (spec, the warnings)}
SPECS: dict[str, tuple[dict[str, Any], list[str]]] = {
    "nothing": ({}, []),
    "an ordinary one": ({"product": "minio", "configuration": {"A": "b"}, **service(
        configuration={"B": "c"}, endpoints=[{"url": "http://a", "configuration": {"C": "d"}}, {"url": "http://b"}],
        credentials=[credentials(), {**credentials(), "id": "other"}])}, []),
    "in the extension": ({"configuration": {"A": "b", "PATH": "/opt"}}, [CONTROLS]),
    "in a service": (service(configuration={"LD_PRELOAD": "x"}), [CONTROLS]),
    "in an endpoint": (service(endpoints=[{"url": "http://a", "configuration": {"http_proxy": "x"}}]), [CONTROLS]),
    "in credentials": (service(credentials=[credentials("PYTHONPATH")]), [CONTROLS]),
    "in the last of several": ({"services": [{"id": "a"}, {"id": "b", "endpoints": [
        {"url": "http://a"}, {"url": "http://b", "configuration": {"GIT_SSH": "x"}}]}]}, [CONTROLS]),
    **{f"of a kind of its own: {name}": ({"configuration": {name: "x"}}, [CONTROLS])
       for name in ("NODE_PATH", "RUBYOPT", "BASH_FUNC_x", "KUBERNETES_SERVICE_HOST", "No_Proxy", "GIT_CONFIG_KEY_0")},
    "no variable": ({"configuration": {"LD_PRELOAD x": "y", "PYTHON-x": "y", "GIT_\u00e4": "y"}}, []),
    "nearly": ({"configuration": {"PATHS": "x", "MY_PATH": "x", "LD": "x", "NO_PROXY_X": "x", "IFSX": "x"}}, []),
    "as long as may be": ({"configuration": {"A": "ä" * 16384, "B": "x" * 32768}}, []),
    "long in the extension": ({"configuration": {"A": TOO_LONG}}, [LONG]),
    "long in a service": (service(configuration={"A": TOO_LONG}), [LONG]),
    "long in an endpoint": (service(endpoints=[{"url": "a"}, {"url": "b", "configuration": {"A": TOO_LONG}}]), [LONG]),
    "longest characters": ({"configuration": {"A": "\U0001f600" * 8193}}, [LONG]),
    "three bytes each": ({"configuration": {"A": "\u20ac" * 10923}}, [LONG]),
    **{f"an address {word}": (service(endpoints=[{"url": word}]), [MISSING]) for word in ("~", "null", "Null", "NULL")},
    "an address of nulls": (service(endpoints=[{"url": "nullnull"}]), []),
    "a Secret null": (service(credentials=[credentials(secretRef={"name": "null"})]), [MISSING]),
    "a project null": (service(credentials=[credentials(scope="project", projects=["null"])]), []),
    "everything": (
        {"configuration": {"PATH": TOO_LONG}, **service(endpoints=[{"url": "~"}])}, [CONTROLS, LONG, MISSING],
    ),
}  # fmt: skip
# Names of entries, with those that nearly control something.
NAMES = [
    "PATH", "path", "Path", "PATHX", "_PATH", "LD_PRELOAD", "LD_", "LD", "ld_preload", "XLD_A", "DYLD_X",
    "JDK_JAVA_OPTIONS", "GIT_SSH", "GITHUB", "SSH_ASKPASS", "SSHX", "KUBERNETES_SERVICE_HOST", "KUBERNETES",
    "PYTHON", "PYTHONPATH", "PYTHONX_1", "MYPYTHON", "PERL5", "PERL5LIB", "PERL", "RUBY", "RUBYLIB", "BASH_ENV",
    "BASH_ENVX", "BASH_FUNC", "BASH_FUNC_x", "ENV", "ENVX", "IFS", "PS4", "PS1", "PROMPT_COMMAND", "SHELLOPTS",
    "BASHOPTS", "NODE_OPTIONS", "NODE_PATH", "NODE_ENV", "JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS", "JAVA_OPTIONS",
    "CLASSPATH", "GCONV_PATH", "HTTP_PROXY", "http_proxy", "No_Proxy", "_PROXY", "_proxy", "PROXY", "A_PROXY_B",
    "GIT_URL", "GIT_TOKEN", "GIT_SSH_COMMAND", "GIT_SSH_KEY", "GIT_CONFIG", "GIT_CONFIG_KEY_0", "GIT_DIR", "GIT_DIRS",
    "GIT_TRACE2", "GIT_PROXY_COMMAND", "SSH_HOST", "SSH_AUTH_SOCK", "SSH_AUTH_SOCKS",
    "HTTPS_PROXY_", "LD_a b", "PYTHON.x", "1_PROXY", "LD-X", "A b_PROXY",
]  # fmt: skip
