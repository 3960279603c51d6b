"""What each failure of CSSM is to the engine and to the person: its family, its sentence, what was said."""

from __future__ import annotations

from dataclasses import replace

import pytest

from providers.cssm import words
from providers.cssm.refusals import may_not_reserve, refused
from providers.cssm.wire import Answer, Fault
from reconciler.errors import OutcomeUnknown, ProviderError, Rejected, Unreadable, Untrusted

READING = words.Where("list licences", "account/a", "Smart Account example.com", "VA", "cssm.test")
CHANGING = replace(READING, doing="reserve", mutates=True)
ON_PREM = replace(READING, on_prem=True)
WHERE = 'account/a: cannot list licences (virtual account "VA" of Smart Account example.com)'


@pytest.mark.parametrize(
    ("answer", "reading", "changing"),
    [
        (Answer(200, fault=Fault.HTML), Unreadable, Unreadable),
        (Answer(200, fault=Fault.NOT_JSON), Unreadable, OutcomeUnknown),
        (Answer(200, fault=Fault.STRANGE), Unreadable, OutcomeUnknown),
        (Answer(200), Unreadable, OutcomeUnknown),
        (Answer(400, fault=Fault.REJECTED), Rejected, Rejected),
        (Answer(401, fault=Fault.UNAUTHORIZED), Untrusted, Untrusted),
        (Answer(403, fault=Fault.FORBIDDEN), Untrusted, Untrusted),
        (Answer(404, fault=Fault.MISSING), Unreadable, Unreadable),
        (Answer(404, fault=Fault.MISSING, enveloped=True), Rejected, Rejected),
        (Answer(429, fault=Fault.BUSY), Unreadable, Rejected),
        (Answer(502, fault=Fault.SERVER), Unreadable, OutcomeUnknown),
        (Answer(302, fault=Fault.REDIRECT), Unreadable, Unreadable),
    ],
)
def test_a_failure_has_a_family_by_what_was_being_done(
    answer: Answer, reading: type[ProviderError], changing: type[ProviderError]
) -> None:
    spoken = replace(answer, said="said")
    for where, family in ((READING, reading), (CHANGING, changing)):
        error = words.failure(spoken, where)
        assert type(error) is family
        assert error.message.startswith(str(where))
        assert error.said == "said"
        assert error.remedy


@pytest.mark.parametrize(
    ("answer", "text"),
    [
        (Answer(400, fault=Fault.REJECTED), "CSSM cssm.test said no with HTTP 400"),
        (Answer(400, fault=Fault.REJECTED, said="no"), 'CSSM cssm.test said no: "no"'),
        (Answer(403, fault=Fault.FORBIDDEN), "CSSM cssm.test refused access (HTTP 403)"),
        (
            Answer(403, fault=Fault.FORBIDDEN, said="Invalid Client"),
            'HTTP 403 "Invalid Client": the login works, but the application still needs access granted',
        ),
        (
            Answer(401, fault=Fault.UNAUTHORIZED),
            "CSSM cssm.test did not accept a fresh access token (HTTP 401)",
        ),
        (Answer(404, fault=Fault.MISSING), "cssm.test has no such path (HTTP 404)"),
        (Answer(429, fault=Fault.BUSY), "CSSM cssm.test asks to slow down (HTTP 429)"),
        (Answer(503, fault=Fault.SERVER), "CSSM cssm.test is not able to answer (HTTP 503)"),
        (Answer(200, fault=Fault.NOT_JSON), "HTTP 200 came with an answer that is not JSON"),
    ],
)
def test_a_sentence_says_who_answered_and_what(answer: Answer, text: str) -> None:
    assert words.failure(answer, READING).message == f"{WHERE}: {text}"


def test_a_page_is_called_by_its_title() -> None:
    page = words.failure(Answer(200, fault=Fault.HTML, said="Sign in"), READING).message
    assert ' a web page titled "Sign in" came instead of JSON' in page
    assert " a web page came instead of JSON" in words.failure(Answer(200, fault=Fault.HTML), READING).message


@pytest.mark.parametrize(("status", "starting"), [(502, True), (503, False)])
def test_an_on_prem_may_still_be_starting(status: int, starting: bool) -> None:
    told = str(words.failure(Answer(status, fault=Fault.SERVER), ON_PREM).remedy)
    assert ("may still be starting" in told) is starting
    assert "starting" not in str(words.failure(Answer(status, fault=Fault.SERVER), READING).remedy)


@pytest.mark.parametrize(
    ("answer", "where", "family", "text"),
    [
        (Answer(400, enveloped=True), READING, Untrusted, "endpoint cssm.test refused the client (HTTP 400)"),
        (Answer(401, enveloped=True, said="x"), READING, Untrusted, 'refused the client (HTTP 401): "x"'),
        (Answer(401, fault=Fault.UNAUTHORIZED), READING, Untrusted, "did not accept a fresh access token"),
        (Answer(400, fault=Fault.REJECTED), READING, Rejected, "said no with HTTP 400"),
        (Answer(403, fault=Fault.FORBIDDEN), ON_PREM, Untrusted, "SSM On-Prem cssm.test refused the client"),
        (Answer(403, fault=Fault.FORBIDDEN), READING, Untrusted, "refused access (HTTP 403)"),
        (Answer(200, enveloped=True), READING, Unreadable, "a shape or status that is not known"),
    ],
)  # fmt: skip
def test_without_an_access_token_it_is_said_why(
    answer: Answer, where: words.Where, family: type[ProviderError], text: str
) -> None:
    error = words.no_bearer(answer, where)
    assert type(error) is family
    assert text in error.message


def test_a_login_is_one_step_of_what_is_done_and_changes_nothing() -> None:
    assert words.login(CHANGING, "id.test") == replace(
        READING, doing="get an access token to reserve", host="id.test"
    )


@pytest.mark.parametrize(
    ("said", "meaning"),
    [
        ("SLR flag is not set", "this Smart Account may not reserve licences"),
        ("You are not allowed to reserve", "this Smart Account may not reserve licences"),
        ("return code was given",
         "the product instance holds a reservation, which goes only with its return code"),
        ("Removal pending", "its removal is under way already"),
        ("reservation pending", "an update of this reservation is in transit"),
        ("bad confirmation code", "the code does not belong to this product instance, or was used before"),
        ("duplicate device", "a product instance of this device exists already"),
        ("entitlement x not found", "the virtual account has no licence with this entitlement tag"),
        ("only 3 left", "the virtual account has too few free licences"),
        ("no more licenses", "the virtual account has too few free licences"),
        ("bad reservation code", "the reservation request code is not accepted"),
        ("something else", None),
    ],
)  # fmt: skip
def test_a_no_is_explained_by_its_most_particular_words(said: str, meaning: str | None) -> None:
    error = refused(Answer(200, fault=Fault.REJECTED, said=said), CHANGING)
    assert type(error) is Rejected
    assert error.message == f'{CHANGING}: {meaning or "CSSM cssm.test said no"}: "{said}"'
    assert error.said == said
    assert may_not_reserve(said) is (meaning == "this Smart Account may not reserve licences")


def test_a_fault_of_another_kind_is_not_explained_as_a_no() -> None:
    lost = refused(Answer(502, fault=Fault.SERVER, said="duplicate"), CHANGING)
    assert type(lost) is OutcomeUnknown
