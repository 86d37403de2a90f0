"""Single commands that are meant to give another text than in `session.txt`, in the order of the session, and why."""

from typing import Final, NamedTuple

from tests.fuseml_client.transcript import Entry


class Difference(NamedTuple):
    """What a command gives instead, and why."""

    command: str
    shown: str
    reason: str

    @property
    def entry(self) -> Entry:
        """The command, which begins with ``fuseml extension``, and what it gives."""
        return Entry(f"fuseml extension {self.command}", self.shown)


_SELDON: Final = """\
ID:            seldon-core-production
Description:   Seldon Core inference serving platform running in production cluster
Product:       seldon
Version:       1.11.0
Zone:          production-cluster-001

Services

 ID:  API
   Description:               Seldon Core prediction serving platform API
   Resource:                  seldon-core-api
   Category:                  prediction-serving
   Authentication required:   false
   Configuration:
    INSECURE = False
    namespace = prj_hys568

   Endpoints

    URL:  https://production-cluster-xasf.example.com:6443
      Type:   external

   Credentials

    ID:  project-alpha
      Scope:      project
      Projects:   alpha
      Configuration:
       CLIENT_CERT = <hidden>
       CLIENT_KEY = <hidden>
       CLUSTER_CERT_AUTH = <hidden>

    ID:  user-alainturing
      Scope:      user
      Projects:   alpha, beta
      Users:      alainturing
      Configuration:
       CLIENT_CERT = <hidden>
       CLIENT_KEY = <hidden>
       CLUSTER_CERT_AUTH = <hidden>
"""
_EVERYTHING: Final = """\
ID:        everything
Product:   other
Version:   2.0.0
Zone:      far

Services

 ID:  first
   Description:               files
   Resource:                  s4
   Category:                  files
   Authentication required:   true

   Endpoints

    URL:  http://internal
      Type:   external
      Configuration:
       B = x:y

   Credentials

    ID:  ada
      Scope:      user
      Projects:   p, q
      Users:      ada, bob
      Configuration:
       KEY = <hidden>

    ID:  all
      Scope:   global
"""
_ENVELOPE: Final = "FuseML's client knows no refusal of this list, and writes the whole answer"
_ARGUMENTS: Final = "the library that reads the arguments says it in its own words"
_KNOWN_FIRST: Final = "it is found out before anything is sent, by the library that reads the arguments"

BY_OURS: Final = [
    Difference("get seldon-core-production", _SELDON, "FuseML's client does not show the configuration of a service"),
    Difference(
        "service list nope",
        "! error: an extension with the given ID could not be found: nope\nexit code 1\n",
        _ENVELOPE,
    ),
    Difference(
        "endpoint list everything nope",
        "! error: a service with the given ID could not be found under the 'everything' extension: nope\nexit code 1\n",
        _ENVELOPE,
    ),
    Difference(
        "credentials list everything nope",
        "! error: a service with the given ID could not be found under the 'everything' extension: nope\nexit code 1\n",
        _ENVELOPE,
    ),
    Difference(
        "register",
        "! Error: an ID or a product must be configured for the extension\nexit code 2\n",
        "the same words, as a wrong use of the command",
    ),
    Difference(
        "register -f missing.yaml",
        "! Error: Invalid value for '-f' / '--file' / '--filename' (env var: 'FUSEML_EXTENSION_REGISTER_FILENAME'): "
        "Path 'missing.yaml' does not exist.\nexit code 2\n",
        _ARGUMENTS,
    ),
    Difference(
        "register -f not-a-record.yaml",
        "! error: not-a-record.yaml:1: expected an extension's record, got text\nexit code 1\n",
        "it says where, and in the words of records",
    ),
    Difference(
        "endpoint add --type inner everything first http://y",
        "! Error: Invalid value for '--type': 'inner' is not one of 'internal', 'external'.\nexit code 2\n",
        _KNOWN_FIRST,
    ),
    Difference(
        "credentials add --scope nobody everything first",
        "! Error: Invalid value for '--scope': 'nobody' is not one of 'global', 'project', 'user'.\nexit code 2\n",
        _KNOWN_FIRST,
    ),
    Difference("get", "! Error: Missing argument 'EXTENSION_ID'.\nexit code 2\n", _ARGUMENTS),
    Difference("get a b", "! Error: Got unexpected extra argument (b)\nexit code 2\n", _ARGUMENTS),
    Difference(
        "list --format text",
        "! Error: Invalid value for '--format' (env var: 'FUSEML_EXTENSION_LIST_FORMAT'): "
        "'text' is not one of 'table', 'csv', 'json', 'yaml'.\nexit code 2\n",
        _ARGUMENTS,
    ),
    Difference(
        "get everything --format csv",
        "! Error: Invalid value for '--format' (env var: 'FUSEML_EXTENSION_GET_FORMAT'): "
        "'csv' is not one of 'text', 'json', 'yaml'.\nexit code 2\n",
        _ARGUMENTS,
    ),
    Difference("list --unknown", "! Error: No such option '--unknown'.\nexit code 2\n", _ARGUMENTS),
    Difference(
        "get everything",
        _EVERYTHING,
        "`update -c ''` has cleared the configuration, where FuseML's client sends nothing and says that it has",
    ),
]
