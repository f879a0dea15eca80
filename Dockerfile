# The tool's image: web, worker and timetable are the same image with another command.
FROM python:3.12-slim@sha256:78387bc3881b8273120a12ebe6c1ab22b018ccc2c9adf565ae1ac9b536e184ea AS build
WORKDIR /srv/app
# With `--build-arg TRACES=yes` also what traces need.
ARG TRACES=
COPY requirements.lock requirements-traces.lock ./
RUN python -m venv /srv/venv \
    && /srv/venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes -r requirements.lock \
    && if [ -n "$TRACES" ]; then \
        /srv/venv/bin/pip install --no-cache-dir --disable-pip-version-check --require-hashes \
            -r requirements-traces.lock; fi
COPY . .
# Collecting needs some key, and none may stay in the image.
RUN SECRET_KEY=only-for-collecting /srv/venv/bin/python manage.py collectstatic --no-input --verbosity 0

FROM python:3.12-slim@sha256:78387bc3881b8273120a12ebe6c1ab22b018ccc2c9adf565ae1ac9b536e184ea
RUN useradd --system --uid 10001 --no-create-home --shell /usr/sbin/nologin app \
    && install -d -o app /srv/checkpoints
COPY --from=build /srv/venv /srv/venv
COPY --from=build /srv/app /srv/app
WORKDIR /srv/app
ENV PATH=/srv/venv/bin:$PATH \
    PYTHONDONTWRITEBYTECODE=1 \
    PYTHONUNBUFFERED=1 \
    APP_MODE=production
USER app
EXPOSE 8000
HEALTHCHECK --interval=30s --timeout=5s --start-period=20s CMD ["python", "docker/healthcheck.py"]
CMD ["gunicorn", "config.wsgi:application", "--bind", "0.0.0.0:8000", "--worker-class", "gthread", \
     "--workers", "2", "--threads", "8", "--timeout", "60", "--graceful-timeout", "20", \
     "--worker-tmp-dir", "/dev/shm", "--config", "config/web_server.py", "--access-logfile", "-"]
