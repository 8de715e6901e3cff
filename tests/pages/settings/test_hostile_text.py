"""Whatever is typed into a field of the settings stays text: no page runs it, loads from elsewhere, or fails.

The pages are visited without their content security policy, which would hide an injection by not running it.
"""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from playwright.sync_api import Browser, Dialog, Page, Response

from tests.api.writing import ok
from tests.domain.content.test_markdown import NUL, VECTORS
from tests.nightly import spread
from tests.pages.test_browser import visiting
from tests.stack import Stack, shared_stack

TEXTS = [one for one in VECTORS if NUL not in one]
COUNT = 9
BATCHES = [TEXTS[place::COUNT] for place in range(COUNT)]
"""Each of every kind of text."""

FILL = """(form, [texts, valid]) => {
  const typed = {};
  let count = 0;
  for (const one of form.elements) {
    if (!one.name || !one.matches("input:not([type=hidden], [type=checkbox], [type=radio]), textarea")) continue;
    const holdsText = !["password", "number", "datetime-local"].includes(one.type);
    if (one.type !== "password" && one.matches("input")) one.type = "text";
    const [, known] = Object.entries(valid).find(([name]) => one.name.startsWith(name)) ?? [];
    const most = one.maxLength > 0 ? one.maxLength : Infinity; // as much as a person can type
    one.value = known === undefined ? texts[count++ % texts.length].slice(0, most) : known ?? one.value;
    if (holdsText) typed[one.name] = one.value;
  }
  form.noValidate = true;
  return typed;
}"""
"""Types into each text field of a form, whatever kind of text it asks for, and answers with what they hold now
and can show again."""

HELD = """() => Object.fromEntries([...document.querySelectorAll("main form")]
  .flatMap((form) => [...form.elements]).filter((one) => one.name).map((one) => [one.name, one.value]))"""

SEEN = """() => [document.body.textContent,
  ...[...document.querySelectorAll("input, textarea")].map((one) => one.value)].join(" ").split(/\\s+/).join(" ")"""

INJECTED = """() => {
  const found = [...document.body.querySelectorAll(
    "script, style, iframe, object, embed, base, meta, link, audio, video, marquee, math, foreignObject, [srcdoc]")];
  for (const one of document.querySelectorAll("*")) {
    if ([...one.attributes].some(({name}) => name.startsWith("on"))) found.push(one);
    for (const name of ["href", "src", "action", "xlink:href"])
      if (/^\\W*(javascript|vbscript|data|blob)\\s*:/i.test(one.getAttribute(name) ?? "")) found.push(one);
  }
  return found.map((one) => one.outerHTML.slice(0, 120));
}"""


@dataclass(frozen=True, slots=True)
class Form:
    """``valid`` is what can be saved in fields that don't take any text, by the beginning of their names; None is what
    they hold already. A form without it can't be saved here, because it needs credentials."""

    path: str
    action: str
    valid: Mapping[str, str | None] | None = None


@dataclass
class Watch:
    """A page, and what was wrong with it. Without slots, because Playwright adds an attribute to what listens."""

    page: Page
    home: str
    wrong: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.page.on("dialog", self._asked)
        self.page.on("response", self._answered)

    def _asked(self, dialog: Dialog) -> None:
        if dialog.type != "beforeunload":
            self.wrong.append(f"{self.page.url} ran a script: {dialog.message}")
        dialog.accept()

    def _answered(self, response: Response) -> None:
        if response.status >= 500 or urlsplit(response.url).netloc != urlsplit(self.home).netloc:
            self.wrong.append(f"{response.url}: {response.status}")

    def look(self, path: str = "") -> str:
        """What the page shows, once it is certain that nothing of it was taken for markup."""
        if path:
            self.page.goto(f"{self.home}{path}")
        self.wrong += [f"{self.page.url}: {one}" for one in self.page.evaluate(INJECTED)]
        seen: str = self.page.evaluate(SEEN)
        return seen

    def send(self, form: Form, texts: list[str], valid: Mapping[str, str | None]) -> dict[str, str]:
        self.page.goto(f"{self.home}{form.path}")
        found = self.page.locator(f'main form[action="{form.action}"]')
        typed: dict[str, str] = found.evaluate(FILL, [texts, dict(valid)])
        with self.page.expect_navigation():
            button = "(one) => one.requestSubmit([...one.querySelectorAll('button.primary')].at(-1))"
            found.evaluate(button)
        return typed


def plain(text: str) -> str:
    return " ".join(text.split())


@pytest.fixture(scope="module")
def own() -> Iterator[Stack]:
    """An installation for these names alone: other tests read the same lists."""
    with shared_stack() as one:
        yield one


def forms(stack: Stack) -> list[Form]:
    """Every form of the settings that takes text."""
    admin, mark = stack.client(), uuid4().hex[:8]
    person = f"/settings/people/{stack.person().id}"
    team = f"/settings/teams/{ok(admin.post('/api/teams', json={'name': mark}), 201)['id']}"
    service = f"/settings/services/{ok(admin.post('/api/services', json={'name': mark}), 201)['id']}"
    slack = {"kind": "slack", "name": "Slack", "config": {"workspaceId": "T01234567"}}
    connection = f"/settings/integrations/{ok(admin.post('/api/integrations', json=slack), 201)['id']}"
    clear = dict.fromkeys(("lead", "channelAddress", "slotOpens", "slotMinutes", "roomUrl", "roomKind"), "")
    template = f"/settings/templates/{ok(admin.get('/api/templates'))['items'][0]['id']}/edit"
    times = ("preferredHour", "quietFrom", "quietUntil", "opens", "closes", "snoozedUntil", "awayFrom", "awayUntil")
    default = "/settings/policies/pol_default"
    policy = ("minReviewers", "staleAfterDays", "opens", "closes", "region", "closedOn", "target.", "step.")
    return [
        Form("/settings/people/new", "/settings/people/new", {"email": f"{mark}@example.com", "handle": f"p-{mark}"}),
        Form(person, person, {"handle": f"q-{mark}"}),
        Form("/settings/teams/new", "/settings/teams/new", {"lead": ""}),
        Form(team, team, clear),
        Form("/settings/services/new", "/settings/services/new", {}),
        Form(service, service, {"aliases": f"a-{mark}"}),
        Form("/settings/tokens", "/settings/tokens", {"owner": ""}),
        Form("/settings/root-causes", "/settings/root-causes", {}),
        Form("/settings/policies/new", "/settings/policies/new"),
        Form(f"{default}/edit", f"{default}/edit", dict.fromkeys(policy)),
        Form("/settings/templates/new", "/settings/templates", {}),
        Form(template, template, {"f.": None}),
        Form(
            "/settings/integrations/new?kind=slack",
            "/settings/integrations/new",
            {"c.workspaceId": f"T{mark.upper()}", "c.": None, "s.": ""},
        ),
        Form(connection, connection, {"c.": None, "s.": ""}),
        *(
            Form(f"/settings/integrations/new?kind={kind}", "/settings/integrations/new")
            for kind in ("jira", "email", "pagerduty", "github", "google", "confluence")
        ),
        Form("/settings/notifications", "/settings/notifications", dict.fromkeys((*times, "region", "delegate"))),
        Form("/settings/sharing", "/settings/sharing", {}),
        Form("/settings/calendars", "/settings/calendars"),
    ]


LISTS = (
    *("/settings", "/settings/people", "/settings/teams", "/settings/services", "/settings/tokens", "/settings/audit"),
    *("/settings/tokens?whose=everyone", "/settings/root-causes", "/settings/policies", "/settings/templates"),
    *("/settings/integrations", "/settings/policies/new", "/settings/sharing", "/postmortems/new", "/incidents"),
    *("/", "/analytics", "/settings/people/new", "/search?q=alert"),
)


@pytest.mark.parametrize("batch", spread(range(COUNT), COUNT))
def test_what_is_typed_into_the_settings_stays_text(browser: Browser, own: Stack, batch: int) -> None:
    with visiting(browser, own, own.person("ADMIN"), bypass_csp=True) as page:
        watch = Watch(page, own.url)
        names: dict[str, str] = {}
        refused: dict[str, str | None] = {}
        all_forms = forms(own)
        for place, form in enumerate(all_forms):
            texts = BATCHES[batch][place % 7 :] + BATCHES[batch][: place % 7]  # else some names exist already
            typed = watch.send(form, texts, {})
            watch.look()
            if page.locator("main [role=alert]").count():
                held = page.evaluate(HELD)
                lost = [name for name in typed if name in held and plain(held[name]) != plain(typed[name])]
                watch.wrong += [f"{form.path}: {name} isn't shown as it was typed" for name in lost]
            else:
                names[form.path] = plain(typed.get("name", ""))
            if form.valid and (typed := watch.send(form, texts, form.valid)):
                watch.look()
                if not page.locator("main [role=alert]").count():
                    names[form.path] = plain(typed.get("name", ""))
            if form.valid is not None and form.path not in names:
                refused[form.path] = page.locator("main [role=alert]").first.text_content()
        seen = " ".join(watch.look(path) for path in LISTS)
        assert watch.wrong == []
        assert "\n".join(f"{path}: {plain(text or '')}" for path, text in refused.items()) == ""
        assert {path: name for path, name in names.items() if name not in seen} == {}


def test_what_is_taken_for_markup_is_found(browser: Browser, own: Stack) -> None:
    """A page that writes what was typed as markup."""
    with visiting(browser, own, own.person("ADMIN"), bypass_csp=True) as page:
        watch = Watch(page, own.url)
        watch.look("/settings")
        assert watch.wrong == []
        with page.expect_event("dialog"):
            page.evaluate("document.querySelector('main').innerHTML = '<img src=data:, onerror=alert(1)>'")
        watch.look()
        assert any("ran a script: 1" in one for one in watch.wrong)
        assert any("<img" in one for one in watch.wrong)
