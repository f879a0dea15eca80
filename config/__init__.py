"""How the tool is put together and started. The Celery app is imported so that tasks find it."""

from config.celery import app as celery_app

__all__ = ("celery_app",)
