"""Customers moved between risk customers and groups, limits, rates, document types and policies changed."""

import random
from decimal import Decimal

from bench.trials.expectations import COMPANIES, CUSTOMERS, GROUPS, Expectations, accounts
from bench.trials.streams import send_lines
from tests.scenarios.erp import Erp
from tests.service import eur


class AccountWrites:
    """Draws writes of master data and configuration; each returns a customer it concerns."""

    def __init__(self, dice: random.Random, expected: Expectations) -> None:
        self._dice = dice
        self._expected = expected

    def begin(self, erp: Erp) -> None:
        """Write down what the rest builds on: companies, customers, accounts, groups, a rate."""
        for company in COMPANIES:
            self._put_policy(erp, company)
        for group in GROUPS:
            self._put_group(erp, group)
        for customer in CUSTOMERS:
            self._put_customer(erp, customer)
        for company, customer in accounts():
            self._put_limit(erp, company, customer)
        self.change_rate(erp)
        self.switch_type(erp)

    def change_customer(self, erp: Erp) -> str:
        """Move a customer to another risk customer or credit group."""
        customer = self._dice.choice(CUSTOMERS)
        party = self._expected.parties[customer]
        party.risk_customer = self._dice.choice(
            [None, None, *(each for each in CUSTOMERS if each != customer)]
        )
        party.credit_group = self._dice.choice([None, *GROUPS])
        self._put_customer(erp, customer)
        return customer

    def _put_customer(self, erp: Erp, customer: str) -> None:
        party = self._expected.parties[customer]
        belongs = {"risk_customer": party.risk_customer, "credit_group": party.credit_group}
        if self._dice.random() < 0.5:
            erp.customer(customer, **belongs)
        else:
            send_lines(erp, "/v1/customers:import", [{"id": customer, **belongs}], {})

    def change_limit(self, erp: Erp) -> str:
        """Set another limit of an account."""
        company, customer = self._dice.choice(list(accounts()))
        self._put_limit(erp, company, customer)
        return customer

    def _put_limit(self, erp: Erp, company: str, customer: str) -> None:
        limit = self._any_limit()
        self._expected.limits[company, customer] = limit
        erp.account(customer, f"{limit}.00", company=company)

    def change_group_limit(self, erp: Erp) -> str:
        """Set another limit of a credit group."""
        self._put_group(erp, self._dice.choice(GROUPS))
        return self._dice.choice(CUSTOMERS)

    def _put_group(self, erp: Erp, group: str) -> None:
        self._expected.group_limits[group] = self._any_limit()
        erp.put(f"/v1/credit-groups/{group}", {"limit": eur(f"{self._expected.group_limits[group]}.00")})

    def _any_limit(self) -> int:
        """A limit that nothing here reaches."""
        return 1_000_000_000 + self._dice.randint(1, 1_000_000)

    def change_rate(self, erp: Erp) -> str:
        """Set another rate of the dollar."""
        self._expected.usd = Decimal(self._dice.choice(["0.25", "0.5", "2", "3"]))
        rate = {
            "from": "USD",
            "to": "EUR",
            "date": "2020-01-01",
            "rate": str(self._expected.usd),
            "type": "default",
        }
        erp.put("/v1/rates", {"rates": [rate]})
        return self._dice.choice(CUSTOMERS)

    def switch_type(self, erp: Erp) -> str:
        """Let documents of the type count, or count no longer."""
        self._expected.type_counts = not self._expected.type_counts
        erp.put("/v1/document-types/X", {"credit": self._expected.type_counts})
        return self._dice.choice(CUSTOMERS)

    def change_policy(self, erp: Erp) -> str:
        """Let papers of the kind `other` count in a company, or count no longer."""
        company = self._dice.choice(COMPANIES)
        self._expected.others_count[company] = not self._expected.others_count[company]
        self._put_policy(erp, company)
        return self._dice.choice(CUSTOMERS)

    def _put_policy(self, erp: Erp, company: str) -> None:
        counted = {"other": self._expected.others_count[company]}
        erp.policy(company=company, grouping="credit_group", categories=counted)
