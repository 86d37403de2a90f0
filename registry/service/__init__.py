"""The registry as a REST service, with the paths, bodies and answers of FuseML's API. EDGE, except what only decides."""
