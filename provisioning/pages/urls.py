"""Addresses of all pages. No personal data ever stands in an address."""

from __future__ import annotations

from django.conf import settings
from django.urls import URLPattern, URLResolver, include, path

from provisioning.pages import (
    about,
    help_page,
    messages,
    person_entrance,
    receipt,
    search,
    services,
    session_left,
    start,
)
from provisioning.pages.cases import attest, attest_many, choose, remind, whole_order, withdraw
from provisioning.pages.cases import page as cases_page
from provisioning.pages.delegations import page as delegations_page
from provisioning.pages.drafts import page as drafts_page
from provisioning.pages.events import page as events_page
from provisioning.pages.figures import page as figures_page
from provisioning.pages.findings import list as findings_list
from provisioning.pages.findings import page as findings_page
from provisioning.pages.findings import several
from provisioning.pages.flow import page as flow_page
from provisioning.pages.kiv import list as kiv_list
from provisioning.pages.kiv import question, removal_task, several_tasks, task
from provisioning.pages.login import card, leaving, mine
from provisioning.pages.login import page as login_page
from provisioning.pages.operation import page as operation_page
from provisioning.pages.operation import systems_page, webhooks_page
from provisioning.pages.order import many as order_many
from provisioning.pages.order import page as order_page
from provisioning.pages.own_notices import absence, calendar_feed
from provisioning.pages.own_notices import page as own_notices_page
from provisioning.pages.register import addresses as register_addresses
from provisioning.pages.reorganisation import page as reorganisation_page
from provisioning.pages.reviews import page as reviews_page
from provisioning.pages.reviews import progress_page
from provisioning.pages.rights import beside_page, end, ending
from provisioning.pages.rights import page as rights_page
from provisioning.pages.units import coverage_page, crowded_places, proposals_page, team_page
from provisioning.pages.units import mine as units_mine
from provisioning.pages.units import page as units_page

urlpatterns: list[URLPattern | URLResolver] = [
    path("", start.start, name="start"),
    path("enheter/", units_mine.units, name="units"),
    path("enheter/over-taket/", crowded_places.above_cap, name="above_cap"),
    path("enheter/tackning/", coverage_page.team_coverage, name="team_coverage"),
    path("enheter/<str:hsa_id>/team/", team_page.unit_team, name="unit_team"),
    path("enheter/team/<uuid:public_id>/avsluta/", team_page.end_team_task, name="end_team_task"),
    path("enheter/<str:hsa_id>/", units_page.unit_people, name="unit_people"),
    path("enheter/<str:hsa_id>/forslag/", proposals_page.unit_proposals, name="unit_proposals"),
    path("sok/", search.search, name="search"),
    path("kommer-in/", person_entrance.person_entrance, name="person_entrance"),
    path("arenden/", cases_page.cases, name="cases"),
    path("arenden/<uuid:public_id>/", cases_page.case, name="case"),
    path("arenden/<uuid:public_id>/lage/", cases_page.stamp, name="case_stamp"),
    path("arenden/<uuid:public_id>/kvitto/", receipt.receipt, name="receipt"),
    path("arenden/<uuid:public_id>/kvitto.json", receipt.receipt_json, name="receipt_json"),
    path("arenden/<uuid:public_id>/paminn/", remind.remind, name="remind"),
    path("behorigheter/", rights_page.grants, name="grants"),
    path("behorigheter/<uuid:public_id>/", rights_page.grant, name="grant"),
    path("behorigheter/mina/", beside_page.mine, name="beside_mine"),
    path("behorigheter/<uuid:public_id>/person/", beside_page.person, name="beside_person"),
    path("behorigheter/plats/<str:hsa_id>/", beside_page.place, name="beside_place"),
    path("borttag/<uuid:public_id>/", rights_page.removal, name="removal"),
    path("borttag/<uuid:public_id>/kvitto/", receipt.removal_receipt, name="removal_receipt"),
    path("borttag/<uuid:public_id>/kvitto.json", receipt.removal_receipt_json, name="removal_receipt_json"),
    path("delegeringar/", delegations_page.delegations, name="delegations"),
    path("delegeringar/ny/", delegations_page.delegate, name="delegate"),
    path("delegeringar/<uuid:public_id>/aterkalla/", delegations_page.revoke, name="revoke_delegation"),
    path("avvikelser/", findings_list.findings, name="findings"),
    path("omorganisationer/", reorganisation_page.reorganisations, name="reorganisations"),
    path("omorganisationer/ny/", reorganisation_page.reorganise, name="reorganise"),
    path("omorganisationer/<uuid:public_id>/", reorganisation_page.reorganisation, name="reorganisation"),
    path("uppfoljningar/oversikt/", progress_page.progress, name="review_progress"),
    path("uppfoljningar/<uuid:public_id>/underlag/", progress_page.evidence, name="review_evidence"),
    path("logga-in/", login_page.login, name="login"),
    path("logga-ut/", login_page.logout, name="logout"),
    # Registered at the log-in provider: `oidc_callback` and, after logging out, `logged_out`.
    path("logga-in/kort/", card.begin, name="oidc_begin"),
    path("logga-in/kort/igen/", card.begin_again, name="oidc_again"),
    path("logga-in/svar/", card.callback, name="oidc_callback"),
    path("logga-in/identitet/", card.choose, name="oidc_choose"),
    path("logga-in/nekad/", card.refused, name="login_refused"),
    path("inloggning/kvar/", session_left.session_left, name="session_left"),
    path("inloggning/fortsatt/", session_left.session_go_on, name="session_go_on"),
    path("utkast/", drafts_page.drafts, name="drafts"),
    path("utkast/spara/", drafts_page.save_draft, name="save_draft"),
    path("utkast/<uuid:public_id>/slang/", drafts_page.discard_draft, name="discard_draft"),
    path("mina-inloggningar/", mine.log_ins, name="log_ins"),
    path("mina-inloggningar/avsluta/", mine.end_log_in, name="end_log_in"),
    path("mina-aviseringar/", own_notices_page.own_notices, name="own_notices"),
    path("mina-aviseringar/franvaro/", absence.own_absence, name="own_absence"),
    path("mina-aviseringar/franvaro/avsluta/", absence.end_absence, name="end_absence"),
    path("mina-aviseringar/kalender/ny/", calendar_feed.open_calendar, name="open_calendar"),
    path("mina-aviseringar/kalender/stang/", calendar_feed.close_calendar, name="close_calendar"),
    path("kalender/<str:secret>.ics", calendar_feed.calendar, name="own_calendar"),
    path("mina-aviseringar/mejl/", own_notices_page.mail_preview, name="mail_preview"),
    path("utloggad/", leaving.logged_out, name="logged_out"),
    path("handelser/", events_page.event_log, name="events"),
    path("drift/", operation_page.operation, name="operation"),
    path("drift/andra-system/", systems_page.systems, name="systems"),
    path("drift/andra-system/handelser/ny/", webhooks_page.begin, name="subscribe"),
    path("drift/andra-system/handelser/<uuid:public_id>/", webhooks_page.subscription, name="subscription"),
    path("drift/andra-system/handelser/<uuid:public_id>/avsluta/", webhooks_page.end, name="unsubscribe"),
    path(
        "drift/andra-system/handelser/<uuid:public_id>/ny-nyckel/", webhooks_page.rotate, name="hook_secret"
    ),
    path("drift/andra-system/utskick/<uuid:public_id>/skicka-igen/", webhooks_page.again, name="hook_again"),
    path("drift/andra-system/utskick/<uuid:public_id>/ge-upp/", webhooks_page.aside, name="hook_aside"),
    path("drift/<uuid:public_id>/forsok-igen/", operation_page.retry, name="incident_retry"),
    path("drift/<uuid:public_id>/atgardad/", operation_page.settled, name="incident_settle"),
    path("meddelanden/", messages.messages, name="messages"),
    path("meddelanden/skicka-alla-igen/", messages.resend_all, name="resend_all"),
    path("meddelanden/<uuid:uuid>/skicka-igen/", messages.resend, name="resend"),
    path("om/tillganglighet/", about.accessibility, name="about_accessibility"),
    path("om/personuppgifter/", about.personal_data, name="about_personal_data"),
    path("sa-bedomer-vi/", services.how_we_assess, name="how_we_assess"),
    path("hjalp/", help_page.help_page, name="help"),
    path("sa-gar-det-till/", flow_page.how_it_works, name="how_it_works"),
    path("sa-gar-det-till/bestallning.bpmn", flow_page.orders_as_bpmn, name="order_bpmn"),
    path("sa-gar-det-till/borttagning.bpmn", flow_page.removals_as_bpmn, name="removal_bpmn"),
    path("bestall/", order_page.order, name="order"),
    path("bestall/flera/", order_many.order_many, name="order_many"),
    path("bestall/flera/mall.<str:ending>", order_many.template, name="order_template"),
    path("bestallningar/<uuid:submission>/", whole_order.order_lines, name="order_lines"),
    path("bestallningar/<uuid:submission>/lage/", whole_order.stamp, name="order_stamp"),
    path("bestallningar/<uuid:submission>/dra-tillbaka/", whole_order.withdraw_rest, name="order_withdraw"),
    path("bestallningar/<uuid:submission>/attestera/", attest_many.order_attest, name="order_attest"),
    path("arenden/<uuid:public_id>/attestera/", attest.attest, name="attest"),
    path("arenden/<uuid:public_id>/valj/", choose.choose, name="choose"),
    path("arenden/<uuid:public_id>/dra-tillbaka/", withdraw.withdraw, name="withdraw"),
    path("uppfoljningar/", reviews_page.reviews, name="reviews"),
    path("uppfoljningar/ny/", reviews_page.begin, name="begin_review"),
    path("uppfoljningar/<uuid:public_id>/", reviews_page.review, name="review"),
    path("uppfoljningar/<uuid:public_id>/resultat/", reviews_page.result, name="review_result"),
    path("avvikelser/flera/", several.many, name="findings_many"),
    path("avvikelser/<uuid:public_id>/", findings_page.finding, name="finding"),
    path("siffror/", figures_page.figures, name="figures"),
    path("siffror/siffror.csv", figures_page.figures_csv, name="figures_csv"),
    path("kiv/", kiv_list.tasks, name="kiv_tasks"),
    path("kiv/import.csv", kiv_list.import_file, name="kiv_file"),
    path("kiv/lage/", kiv_list.status, name="kiv_status"),
    path("kiv/klart/", several_tasks.done, name="kiv_done"),
    path("kiv/fraga/<uuid:public_id>/", question.ask, name="kiv_ask"),
    path("kiv/svar/<uuid:public_id>/", question.answer, name="kiv_answer"),
    path("kiv/ta/", several_tasks.take, name="kiv_take"),
    path("behorigheter/upphor/", ending.ending, name="ending"),
    path("behorigheter/<uuid:public_id>/avsluta/", end.end, name="grant_end"),
    path("behorigheter/<uuid:public_id>/lat-lopa-ut/", end.let_end, name="grant_let_end"),
    path("borttag/<uuid:public_id>/ta-tillbaka/", end.take_back, name="removal_withdraw"),
    path("kiv/borttag/<uuid:public_id>/", removal_task.task, name="removal_task"),
    path("kiv/<uuid:public_id>/", task.task, name="kiv_task"),
]

urlpatterns += register_addresses.addresses()

if settings.IS_DEMO:
    urlpatterns.append(path("demo/", include("provisioning.demo.urls")))
