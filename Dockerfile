# Two stages: what builds the environment does not come along. Locked versions only, checked by hash.
FROM python:3.11-slim AS build
WORKDIR /src
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /opt/samverkan
COPY requirements.lock ./
RUN /opt/samverkan/bin/pip install --require-hashes --only-binary :all: -r requirements.lock
COPY pyproject.toml README.md ./
COPY schemas schemas
COPY routing routing
COPY hub hub
COPY adapters adapters
RUN /opt/samverkan/bin/pip install --no-deps --no-build-isolation --no-index . \
 && /opt/samverkan/bin/pip uninstall --yes setuptools pip

FROM python:3.11-slim
# A fixed number, so that a volume keeps its owner from one image to the next.
RUN groupadd --gid 10001 samverkan \
 && useradd --uid 10001 --gid samverkan --no-create-home --home-dir /nonexistent --shell /usr/sbin/nologin samverkan \
 && install -d -o samverkan -g samverkan -m 0700 /var/lib/samverkan
COPY --from=build /opt/samverkan /opt/samverkan
ENV PATH=/opt/samverkan/bin:$PATH PYTHONUNBUFFERED=1
USER samverkan
WORKDIR /var/lib/samverkan
VOLUME /var/lib/samverkan
EXPOSE 8080
STOPSIGNAL SIGTERM
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s --retries=3 \
    CMD ["python", "-c", "import urllib.request; urllib.request.urlopen('http://127.0.0.1:8080/livez', timeout=2)"]
ENTRYPOINT ["samverkan"]
# Inside a container the port is published on purpose, so it listens on every address of the container.
CMD ["serve", "--host", "0.0.0.0", "--port", "8080", "--data-dir", "/var/lib/samverkan"]
