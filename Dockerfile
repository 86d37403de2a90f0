# BASE is any Debian-like image with python3 of the version that the wheels were built with, and python3-venv.
# The wheels are in the build context (make wheels), so nothing is fetched while this is built.
ARG BASE=docker.io/library/python:3.11-slim

FROM ${BASE} AS build
COPY dist/wheels /wheels
RUN set -eu; \
    python3 -m venv /opt/fuseml; \
    cd /opt/fuseml; \
    bin/pip install --quiet --no-index --find-links=/wheels --no-cache-dir --no-compile fuseml-extensions; \
    # The asynchronous half of the Kubernetes client, which nobody imports here, and what only that needs.
    rm -r lib/python3*/site-packages/kubernetes/aio; \
    bin/pip uninstall --quiet --yes aiohttp aiohttp-retry aiohappyeyeballs aiosignal frozenlist multidict propcache yarl; \
    bin/pip uninstall --quiet --yes setuptools pip; \
    find bin -type f ! -name '*fuseml' -delete; \
    # A read-only file system cannot take compiled modules: make those that are imported, and see that all are there.
    find . -name __pycache__ -prune -exec rm -r {} +; \
    bin/python -c "import importlib, pkgutil; \
    [importlib.import_module(m.name) for p in map(importlib.import_module, ('webhook', 'renderer', 'registry')) \
    for m in pkgutil.walk_packages(p.__path__, p.__name__ + '.')]"; \
    bin/fuseml --version

FROM ${BASE}
LABEL org.opencontainers.image.title="fuseml-extensions" \
      org.opencontainers.image.description="Connect Tekton and Argo pipeline steps to the services they ask for." \
      org.opencontainers.image.licenses="Apache-2.0"
COPY --from=build /opt/fuseml /opt/fuseml
ENV PATH=/opt/fuseml/bin:/usr/local/bin:/usr/bin:/bin \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1
USER 65532:65532
ENTRYPOINT ["fuseml"]
