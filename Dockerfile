# syntax=docker/dockerfile:1

FROM python:3.11-slim AS build
WORKDIR /build
# What runs has no tools in it; they build the package and stay behind. Both sets come before the code, which
# changes more often.
COPY requirements.lock requirements-dev.lock ./
RUN python -m venv /opt/creditrisk \
    && /opt/creditrisk/bin/pip install --no-cache-dir --require-hashes -r requirements.lock
RUN python -m venv /opt/tools \
    && /opt/tools/bin/pip install --no-cache-dir --require-hashes -r requirements-dev.lock
COPY . .
RUN /opt/tools/bin/pip wheel --no-deps --no-build-isolation --wheel-dir /build/dist . \
    && /opt/creditrisk/bin/pip install --no-cache-dir --no-deps /build/dist/*.whl

FROM python:3.11-slim
# A name as well as a number, because PostgreSQL, should the embedded one be used, wants to know its user.
RUN useradd --system --uid 10001 --create-home --home-dir /var/lib/creditrisk creditrisk
COPY --from=build /opt/creditrisk /opt/creditrisk
ENV PATH=/opt/creditrisk/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    CREDITRISK_HOST=0.0.0.0 \
    CREDITRISK_PORT=8000
USER 10001
WORKDIR /var/lib/creditrisk
EXPOSE 8000
HEALTHCHECK --interval=10s --timeout=3s --start-period=30s --retries=3 \
    CMD ["python", "-c", "import os, urllib.request; urllib.request.urlopen(f'http://127.0.0.1:{os.environ[\"CREDITRISK_PORT\"]}/livez', timeout=2)"]
CMD ["creditrisk", "serve"]
