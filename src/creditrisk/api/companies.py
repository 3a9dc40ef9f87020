"""The companies of the tenant."""

from typing import Annotated

from pydantic import Field

from creditrisk.api.auth import requires
from creditrisk.api.context import Use
from creditrisk.api.paging import Page, PageRequest, paged
from creditrisk.api.requests import resource_router
from creditrisk.api.wire import WireModel
from creditrisk.application.companies import MAIN, Company
from creditrisk.application.configuration import STANDARD
from creditrisk.application.keys import Principal, Scope

router = resource_router(prefix="/v1/companies", tag="companies")


class CompanyAnswer(WireModel):
    """A legal entity of the tenant; it exists from the first write that names it."""

    company: Annotated[str, Field(description="The ERP's own identifier.", examples=["main"])]
    preset: Annotated[
        str | None,
        Field(
            description="The preset of its policy; null: none was set, and its checks are blocked.",
            examples=["standard"],
        ),
    ]
    version: Annotated[int, Field(description="Version of its policy; 0: never set.", examples=[7])]

    @classmethod
    def of(cls, company: Company) -> "CompanyAnswer":
        """Write a company; `main` has `standard` until somebody sets another."""
        preset = STANDARD if company.preset is None and company.company == MAIN else company.preset
        return cls(company=company.company, preset=preset, version=company.version)


@router.get("")
async def list_companies(
    caller: Annotated[Principal, requires(*Scope)],
    use: Use,
    page: Annotated[PageRequest, paged(str)],
) -> Page[CompanyAnswer]:
    """List the companies the key reaches."""
    after = None if page.after is None else str(page.after[0])
    companies = await use.companies.list(principal=caller, after=after, limit=page.limit + 1)
    return page.page(companies, key=lambda company: (company.company,), render=CompanyAnswer.of)
