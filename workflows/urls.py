"""Addresses of the pages where people act: they carry steps of the flow out."""

from __future__ import annotations

from django.urls import URLPattern, URLResolver, path

from workflows.views import (
    attest,
    choose,
    ending,
    finding,
    grants,
    kiv,
    kiv_list,
    order,
    removal_task,
    reviews,
    withdraw,
)

urlpatterns: list[URLPattern | URLResolver] = [
    path("bestall/", order.order, name="order"),
    path("arenden/<uuid:public_id>/attestera/", attest.attest, name="attest"),
    path("arenden/<uuid:public_id>/valj/", choose.choose, name="choose"),
    path("arenden/<uuid:public_id>/dra-tillbaka/", withdraw.withdraw, name="withdraw"),
    path("uppfoljningar/", reviews.reviews, name="reviews"),
    path("uppfoljningar/ny/", reviews.begin, name="begin_review"),
    path("uppfoljningar/<uuid:public_id>/", reviews.review, name="review"),
    path("uppfoljningar/<uuid:public_id>/resultat/", reviews.result, name="review_result"),
    path("avvikelser/<uuid:public_id>/", finding.finding, name="finding"),
    path("kiv/", kiv_list.tasks, name="kiv_tasks"),
    path("behorigheter/upphor/", ending.ending, name="ending"),
    path("behorigheter/<uuid:public_id>/avsluta/", grants.end, name="grant_end"),
    path("behorigheter/<uuid:public_id>/lat-lopa-ut/", grants.let_end, name="grant_let_end"),
    path("borttag/<uuid:public_id>/ta-tillbaka/", grants.take_back, name="removal_withdraw"),
    path("kiv/borttag/<uuid:public_id>/", removal_task.task, name="removal_task"),
    path("kiv/<uuid:public_id>/", kiv.task, name="kiv_task"),
]
