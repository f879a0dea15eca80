"""The same walk in a real browser: cookies across two sites, the content policy, and logging out at both."""

import pytest

from tests import servers
from tests.login.provider_server import CLIENT, OidcProvider
from tests.servers import LOOPBACK, EmbeddedTool

pytestmark = pytest.mark.browser


@pytest.fixture(scope="module")
def tool_with_provider(tmp_path_factory):
    """The whole tool, configured for a provider that is started once the tool's own address is known."""
    port = servers.free_port()
    variables = {
        "OIDC_ISSUER": f"http://{LOOPBACK}:{port}",
        "OIDC_CLIENT_ID": CLIENT["id"],
        "OIDC_CLIENT_SECRET": CLIENT["secret"],
    }
    with (
        EmbeddedTool(tmp_path_factory.mktemp("tool"), **variables) as tool,
        OidcProvider(tmp_path_factory.mktemp("provider"), tool.url, port=port),
    ):
        yield tool


def test_a_person_logs_in_with_a_card_and_out_at_both_places(tool_with_provider, open_window):
    tool = tool_with_provider
    page = open_window()
    complaints = []

    def note(message):
        if message.type == "error" and message.location.get("url", "").startswith(tool.url):
            complaints.append(message.text)

    page.on("console", note)

    page.goto(f"{tool.url}/arenden/")
    page.get_by_role("link", name="head", exact=True).click()
    page.wait_for_url(f"{tool.url}/arenden/")
    cookies = {cookie["name"]: cookie for cookie in page.context.cookies(tool.url)}
    assert cookies["sessionid"]["httpOnly"]
    assert cookies["sessionid"]["sameSite"] == "Lax"

    page.locator("form[action='/logga-ut/'] button").click()
    page.get_by_role("button", name="Yes").click()  # the provider's own question
    page.wait_for_url(f"{tool.url}/utloggad/**")
    page.goto(f"{tool.url}/arenden/")
    assert page.get_by_role("link", name="head", exact=True).is_visible()  # a card is asked for again
    assert complaints == []


def test_a_person_with_several_hsa_ids_chooses_by_keyboard(tool_with_provider, open_window):
    page = open_window(java_script_enabled=False)
    page.goto(tool_with_provider.url)
    page.get_by_role("link", name="two-ids", exact=True).click()
    page.wait_for_url("**/logga-in/identitet/")
    page.get_by_role("radio").first.press("ArrowDown")
    assert page.get_by_role("radio").nth(1).is_checked()
    page.keyboard.press("Enter")
    page.wait_for_url(f"{tool_with_provider.url}/")


def test_a_refused_card_leads_to_a_page_with_a_way_on(tool_with_provider, open_window):
    page = open_window()
    page.goto(tool_with_provider.url)
    page.get_by_role("link", name="weak", exact=True).click()
    page.wait_for_url("**/logga-in/nekad/")
    assert page.get_by_role("heading", level=1).is_visible()
    page.locator("main form[action='/logga-ut/'] button").click()
    page.get_by_role("button", name="Yes").click()
    page.wait_for_url("**/utloggad/**")
