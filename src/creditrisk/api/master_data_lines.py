"""Lines of streams of customers and of credit accounts: the body of a PUT with the customer's id."""

from typing import Any, TypeVar

from creditrisk.api.credit import CreditBody
from creditrisk.api.csv_lines import columns_of
from creditrisk.api.customers import CustomerBody
from creditrisk.api.line_readers import chosen_company, validated
from creditrisk.api.wire import Identifier, WireModel
from creditrisk.application.accounts import AccountStatement
from creditrisk.application.customers import CustomerStatement
from creditrisk.application.keys import Principal
from creditrisk.application.papers import Account

Body = TypeVar("Body", bound=WireModel)


class _Key(WireModel):
    id: Identifier


class CustomerLines:
    """Reads customers. A company is accepted and ignored, as in a PUT."""

    columns = columns_of([_Key, CustomerBody])

    def read(self, value: dict[str, Any]) -> CustomerStatement:
        """Return the statement of a line.

        Raises:
            LineRejected: it breaks the contract.
        """
        customer, body = _split(value, CustomerBody)
        return CustomerStatement(id=customer, content=body.content())


class CreditLines:
    """Reads credit accounts."""

    columns = columns_of([_Key, CreditBody])

    def __init__(self, *, caller: Principal, company: str | None) -> None:
        self._caller = caller
        self._company = company

    def read(self, value: dict[str, Any]) -> AccountStatement:
        """Return the statement of a line.

        Raises:
            LineRejected: it breaks the contract.
        """
        customer, body = _split(value, CreditBody)
        company = chosen_company(self._caller, query=self._company, line=body.company)
        return AccountStatement(account=Account(company, customer), content=body.content())


def _split(value: dict[str, Any], model: type[Body]) -> tuple[str, Body]:
    stated = dict(value)
    key = {"id": stated.pop("id")} if "id" in stated else {}
    return validated(_Key, key).id, validated(model, stated)
