"""The registry as a REST service: its paths, bodies and answers are those of FuseML. EDGE, except what only decides."""
