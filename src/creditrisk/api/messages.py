"""A company's own texts of findings over HTTP."""

from typing import Annotated, Final

from fastapi import Path, Query, Response, status
from pydantic import ConfigDict, Field

from creditrisk.api.auth import requires
from creditrisk.api.company import (
    CompanyQuery,
    choose_companies,
    choose_company_or_every,
)
from creditrisk.api.context import Use
from creditrisk.api.paging import Page, PageRequest, paged
from creditrisk.api.reference_fields import ByCompanyBody, Stored
from creditrisk.api.requests import resource_router
from creditrisk.api.wire import Prose
from creditrisk.application.companies import EVERY_COMPANY
from creditrisk.application.keys import Principal
from creditrisk.application.own_texts import TextKey
from creditrisk.application.reference_data import ReferenceEntry
from creditrisk.domain.findings import Code
from creditrisk.locale.languages import MessageLanguage

LONGEST_TEXT: Final = 1_000


class MessageBody(ByCompanyBody):
    """A company's own text of a finding."""

    model_config = ConfigDict(
        json_schema_extra={
            "examples": [
                {"text": "{user}: {observed} exceed the limit of {threshold}. Please call accounting."}
            ]
        }
    )

    text: Annotated[
        Prose,
        Field(
            min_length=1,
            max_length=LONGEST_TEXT,
            description="Said in place of the shipped sentence. `{observed}` and `{threshold}` are the "
            "finding's figures with their units, `{user}` is the operator's id; what else may be named "
            "depends on the finding. A brace itself is written twice.",
        ),
    ]


class MessageAnswer(Stored):
    """A company's own text of a finding as stored."""

    code: Annotated[Code, Field(description="The finding it is for.")]
    language: Annotated[
        MessageLanguage | None,
        Field(description="The language it is for; null: every language without a text of its own."),
    ]
    text: Annotated[str, Field(description="What is said.")]


Caller = Annotated[Principal, requires("policy")]
FindingCode = Annotated[Code, Path(description="Code of the finding.")]
LanguageQuery = Annotated[
    MessageLanguage | None,
    Query(description="The language the text is for; absent: every language without a text of its own."),
]

router = resource_router(prefix="/v1/messages", tag="messages")


@router.put("/{code}", responses={201: {"model": MessageAnswer, "description": "Created"}})
async def put_message(
    *,
    code: FindingCode,
    body: MessageBody,
    caller: Caller,
    use: Use,
    response: Response,
    language: LanguageQuery = None,
    company: CompanyQuery = None,
) -> MessageAnswer:
    """Set the text of a finding; the answer is 201 where it is new. Checks use it from their next read on."""
    entry, is_new = await use.own_texts.put(
        TextKey(code, language),
        body.text,
        company=choose_company_or_every(caller, query=company, body=body.company),
        principal=caller,
    )
    if is_new:
        response.status_code = status.HTTP_201_CREATED
    return _shown(entry)


@router.get("/{code}")
async def get_message(
    *,
    code: FindingCode,
    caller: Caller,
    use: Use,
    language: LanguageQuery = None,
    company: CompanyQuery = None,
) -> MessageAnswer:
    """Read one text: the company's own, else that of every company."""
    if company is not None:
        caller.require_company(company)
    return _shown(await use.own_texts.get(TextKey(code, language), company=company, principal=caller))


@router.get("")
async def list_messages(
    caller: Caller,
    use: Use,
    page: Annotated[PageRequest, paged(str, str)],
    company: CompanyQuery = None,
) -> Page[MessageAnswer]:
    """List texts by code and language; with a company its own and those of every company."""
    after = None if page.after is None else (str(page.after[0]), str(page.after[1]))
    entries = await use.own_texts.list(
        companies=choose_companies(caller, query=company),
        principal=caller,
        after=after,
        limit=page.limit + 1,
    )
    return page.page(entries, key=lambda entry: (entry.code, entry.company), render=_shown)


@router.delete("/{code}", status_code=status.HTTP_204_NO_CONTENT)
async def delete_message(
    *,
    code: FindingCode,
    caller: Caller,
    use: Use,
    language: LanguageQuery = None,
    company: CompanyQuery = None,
) -> Response:
    """Delete one text; from then on the next best one is said."""
    await use.own_texts.delete(
        TextKey(code, language),
        company=choose_company_or_every(caller, query=company),
        principal=caller,
    )
    return Response(status_code=status.HTTP_204_NO_CONTENT)


def _shown(entry: ReferenceEntry) -> MessageAnswer:
    return MessageAnswer(
        code=Code(entry.content["code"]),
        language=entry.content.get("language"),
        text=entry.content["text"],
        company=None if entry.company == EVERY_COMPANY else entry.company,
        updated_by=entry.updated_by,
        updated_at=entry.updated_at,
    )
