"""An object in, a patch out; and what it takes to run that in a cluster.

The map, from top to bottom. A folder imports only those below it, and not those on the same line;
``lint-imports`` checks that.

cli                                  what a person types: one module for each command. Edge
serving | registry_server | controller | preview  the webhook's HTTPS server (edge) | the process of the registry's REST
                                     service (edge) | the process that acts in the cluster (edge) | what would happen,
                                     for ``preview``, ``explain`` and ``lint``
mutation                             an object in, a patch out: the whole decision. Pure
adapters                             where each engine keeps its steps, and who may use which selectors. Pure
objects | process                    plain Kubernetes objects. Pure | logs, sockets, probes of every process. Edge
errors                               whose turn it is to act

All of them may import ``registry`` and ``renderer``, which import nothing from here. Pure code does no I/O: no clock,
network, file, environment variable or log. docs/architecture.md has the journeys, the words and the rules.
"""
