"""The pages of the control room, each with who may see it."""

from __future__ import annotations

from hub.api.routes import Access, Page
from hub.web.control import (
    asking,
    comparing,
    exporting,
    extracting,
    flows,
    following_up,
    log,
    messages,
    rooms,
    rules,
    saving,
    watching,
)

PAGES: tuple[Page, ...] = (
    Page("GET", "/admin", flows.show_start, Access.OVERSIGHT),
    Page("GET", "/admin/reason", asking.show_reason, Access.OVERSIGHT),
    Page("POST", "/admin/reason", asking.give_reason, Access.OVERSIGHT),
    Page("GET", "/admin/flows/{sender}/{recipient}", flows.show_flow, Access.OVERSIGHT),
    Page("GET", "/admin/messages", messages.show_search, Access.OVERSIGHT),
    Page("GET", "/admin/messages.csv", messages.download_search, Access.OVERSIGHT),
    Page("GET", "/admin/messages/{id}", messages.show_trace, Access.OVERSIGHT),
    Page("POST", "/admin/saved-searches", saving.change_saved, Access.OVERSIGHT),
    Page("GET", "/admin/health", watching.show_health, Access.OVERSIGHT),
    Page("GET", "/admin/dead-letters", rooms.show_dead_letters, Access.OVERSIGHT),
    Page("POST", "/admin/dead-letters/retry", rooms.retry_dead_letters, Access.ADMINISTRATOR),
    Page("POST", "/admin/dead-letters/decide", rooms.decide_dead_letter, Access.ADMINISTRATOR),
    Page("GET", "/admin/rules", rules.show_rules, Access.OVERSIGHT),
    Page("POST", "/admin/rules/reload", rules.reload, Access.ADMINISTRATOR),
    Page("POST", "/admin/rules/decide", rules.decide, Access.ADMINISTRATOR),
    Page("GET", "/admin/rules/changes", rules.show_changes, Access.OVERSIGHT),
    Page("GET", "/admin/rules/diff", comparing.show_form, Access.OVERSIGHT),
    Page("POST", "/admin/rules/diff", comparing.compare, Access.OVERSIGHT),
    Page("GET", "/admin/rules/try", rules.show_trial, Access.ADMINISTRATOR),
    Page("POST", "/admin/rules/try", rules.try_message, Access.ADMINISTRATOR),
    Page("GET", "/admin/follow-up", following_up.show_follow_up, Access.OVERSIGHT),
    Page("GET", "/admin/consents", following_up.find_consent, Access.OVERSIGHT),
    Page("GET", "/admin/consents/{consent}", following_up.show_consent, Access.OVERSIGHT),
    Page("GET", "/admin/extract", extracting.show_form, Access.DATA_OFFICER),
    Page("POST", "/admin/extract", extracting.make_paper, Access.DATA_OFFICER),
    Page("GET", "/admin/retention", rooms.show_retention, Access.OVERSIGHT),
    Page("POST", "/admin/retention/run", rooms.run_retention, Access.ADMINISTRATOR),
    Page("POST", "/admin/retention/hold", rooms.place_hold, Access.ADMINISTRATOR),
    Page("POST", "/admin/retention/release", rooms.release_hold, Access.ADMINISTRATOR),
    Page("GET", "/admin/log", log.show_log, Access.OVERSIGHT),
    Page("GET", "/admin/log/export", exporting.show_form, Access.OVERSIGHT),
    Page("GET", "/admin/log/export/{form}", exporting.download, Access.OVERSIGHT),
)
