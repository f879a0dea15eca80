"""Addresses of the pages that show things. No personal data ever stands in an address."""

from __future__ import annotations

from django.conf import settings
from django.urls import URLPattern, URLResolver, include, path

from provisioning.views import (
    about,
    cases,
    delegations,
    findings,
    grants,
    login,
    messages,
    receipts,
    remind,
    review_progress,
    standing,
    start,
)

urlpatterns: list[URLPattern | URLResolver] = [
    path("", start.start, name="start"),
    path("arenden/", cases.cases, name="cases"),
    path("arenden/<uuid:public_id>/", cases.case, name="case"),
    path("arenden/<uuid:public_id>/kvitto/", receipts.receipt, name="receipt"),
    path("arenden/<uuid:public_id>/kvitto.json", receipts.receipt_json, name="receipt_json"),
    path("arenden/<uuid:public_id>/paminn/", remind.remind, name="remind"),
    path("behorigheter/", grants.grants, name="grants"),
    path("behorigheter/<uuid:public_id>/", grants.grant, name="grant"),
    path("behorigheter/mina/", standing.my_standing, name="my_standing"),
    path("behorigheter/<uuid:public_id>/person/", standing.person_standing, name="person_standing"),
    path("behorigheter/plats/<str:hsa_id>/", standing.place_standing, name="place_standing"),
    path("borttag/<uuid:public_id>/", grants.removal, name="removal"),
    path("borttag/<uuid:public_id>/kvitto/", receipts.removal_receipt, name="removal_receipt"),
    path("borttag/<uuid:public_id>/kvitto.json", receipts.removal_receipt_json, name="removal_receipt_json"),
    path("delegeringar/", delegations.delegations, name="delegations"),
    path("delegeringar/ny/", delegations.delegate, name="delegate"),
    path("delegeringar/<uuid:public_id>/aterkalla/", delegations.revoke, name="revoke_delegation"),
    path("avvikelser/", findings.findings, name="findings"),
    path("uppfoljningar/oversikt/", review_progress.progress, name="review_progress"),
    path("uppfoljningar/<uuid:public_id>/underlag/", review_progress.evidence, name="review_evidence"),
    path("logga-in/", login.login, name="login"),
    path("logga-ut/", login.logout, name="logout"),
    path("meddelanden/", messages.messages, name="messages"),
    path("meddelanden/<uuid:uuid>/skicka-igen/", messages.resend, name="resend"),
    path("om/tillganglighet/", about.accessibility, name="about_accessibility"),
    path("om/personuppgifter/", about.personal_data, name="about_personal_data"),
]

if settings.IS_DEMO:
    urlpatterns.append(path("demo/", include("provisioning.demo.urls")))
